"""For pipelines: JUnit of a gate, and configs checked without data."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
import yaml

from harness.cli.junit import junit_xml
from harness.config import CONF_DIR

ROOT = CONF_DIR.parent


def decision(name: str, *verdicts: str, findings: tuple[str, ...] = ()) -> dict:
    criteria = [
        {"name": f"c{i} <&>", "verdict": verdict, "sentence": f'"{verdict}" & so on'}
        for i, verdict in enumerate(verdicts)
    ]
    return {
        "schema_version": 1, "decision": name, "reasons": ["too few days"], "criteria": criteria,
        "blocking_findings": list(findings),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "failures", "errors"),
    [
        (decision("SHIP", "PASS", "PASS"), 0, 0),
        (decision("NO_SHIP", "PASS", "FAIL"), 1, 0),
        (decision("INCONCLUSIVE", "UNRESOLVED", "PASS"), 1, 0),
        (decision("INVALID", "PASS", findings=("L02: x", "L07: y")), 0, 2),
        (decision("INCONCLUSIVE", "PASS"), 0, 1),  # too few days: no criterion says why
    ],
)
def test_a_junit_file_fails_where_the_gate_does(told, failures, errors):
    suite = ET.fromstring(junit_xml(told, "run"))
    assert (int(suite.get("failures")), int(suite.get("errors"))) == (failures, errors)
    assert len(suite.findall("testcase")) == int(suite.get("tests"))
    assert len(suite.findall("testcase/failure")) == failures
    assert len(suite.findall("testcase/error")) == errors
    assert (failures + errors == 0) == (told["decision"] == "SHIP")


def test_gate_writes_it_beside_its_answer(harness, tmp_path):
    run = ROOT / "tests/upgrades/v0.1.0/run"
    status, out, err = harness("gate", run, "--junit", "found/gate.xml")
    assert (status, out.strip()) == (3, "INCONCLUSIVE"), err
    assert ET.parse(tmp_path / "found/gate.xml").getroot().get("name") == "harness gate"


def test_the_packaged_configs_can_be_meant(harness):
    status, out, err = harness("check", CONF_DIR)
    assert status == 0, err
    n_files = len(list(CONF_DIR.rglob("*.yaml")))
    assert out == f"{n_files} of {n_files} config files can be meant\n"


def test_wrong_files_are_named_with_their_reason(harness, tmp_path):
    for name, text in {
        "conf/criteria/mine.yaml": "defaults: [ranking]\nprimary_metric: pr_acu\n",
        "conf/criteria/log.yaml": "defaults: [retention_ab]\n",
        "conf/split/mine.yaml": "defaults: [temporal]\ngap: soon\n",
        "conf/model/mine.yaml": "_target_: sklearn.tree.DecisionTree\n",
        "conf/model/fine.yaml": "_target_: sklearn.tree.DecisionTreeClassifier\nmax_depth: 3\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    status, out, err = harness("check")
    assert status == 1
    assert "of 5 config files can be meant" in out
    assert "conf/criteria/mine.yaml: criteria.primary_metric: no such metric 'pr_acu'" in err
    assert "conf/model/mine.yaml: model._target_" in err
    assert "fine.yaml" not in err
    status, _, err = harness("check", "conf/model/fine.yaml")
    assert status == 0, err
    latin = tmp_path / "conf/model/latin.yaml"
    latin.write_bytes(b"# caf\xe9\n_target_: sklearn.tree.DecisionTreeClassifier\n")
    status, _, err = harness("check")
    assert status == 1
    assert "model/latin.yaml: is not UTF-8 (byte 6 cannot be read); save it as UTF-8" in err
    latin.unlink()
    (tmp_path / "conf/modle").mkdir()
    (tmp_path / "conf/modle/x.yaml").write_text("a: 1\n")
    status, _, err = harness("check", "conf/modle/x.yaml")
    assert status == 2
    assert "no such group 'modle'; did you mean 'model'?" in err


def test_the_hook_checks_the_files_it_is_given():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert hook["entry"] == "harness check"
    assert re.match(hook["files"], "conf/criteria/mine.yaml")
    assert not re.match(hook["files"], "src/conf.py")
