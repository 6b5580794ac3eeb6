"""A metric, a rule, a check, a model and a launcher, each added by one file and nothing else.

The files of `additions/` are put into a copy of the package, and a real run has to know them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import make_table

ROOT = Path(__file__).parent.parent.parent
ADDITIONS = Path(__file__).parent / "additions"
RUN = [
    "run", "--quiet", "dataset=table", "dataset.path=t.parquet", "dataset.time=when",
    "dataset.label=y", "criteria=ranking", "split.validation=20d", "split.test=20d",
    "running.report=false",
]  # fmt: skip


ADDED = {
    "missed_per_1000.py": "harness/evidence/metrics",
    "must_fall_by.py": "harness/rules",
    "label_like_names.py": "harness/audit",
    "stump.yaml": "conf/model",
    "pair.yaml": "conf/launcher",
}


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Runs the command line of a copy of the package that has the added files; and its folder."""
    folder = tmp_path_factory.mktemp("added")
    table = make_table(3000)
    table.assign(y_rate=table["z"].round(1)).to_parquet(folder / "t.parquet")
    copy = folder / "copy"
    half_written = shutil.ignore_patterns("*.pyc.*")  # bytecode another process is compiling
    shutil.copytree(ROOT / "harness", copy / "harness", ignore=half_written)
    shutil.copytree(ROOT / "hydra_plugins", copy / "hydra_plugins")
    shutil.copytree(ROOT / "conf", copy / "conf")
    for file, place in ADDED.items():
        shutil.copy(ADDITIONS / file, copy / place / file)

    def run(*words: str) -> tuple[subprocess.CompletedProcess, Path]:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *words], cwd=folder, capture_output=True, text=True,
            env=os.environ | {
                "PYTHONPATH": str(copy), "COLUMNS": "120",
                "HARNESS_LEDGER": str(folder / "ledger.sqlite"),
            },
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done, folder

    return run


@pytest.fixture(scope="module")
def with_all(call):
    """What a run printed that names the added metric, rule and model; and its folder."""
    guards = [
        "+criteria.guardrail_metrics.missed_per_1000={threshold: must_not_increase, tolerance: 900}",
        "+criteria.guardrail_metrics.log_loss={threshold: must_fall_by, value: 0.001}",
    ]
    done, folder = call(*RUN, "model=stump", *guards, "hydra.run.dir=one")
    return done.stdout, folder / "one"


def told(run: Path, name: str) -> dict:
    return json.loads((run / name).read_text("utf-8"))


def verdict_on(run: Path, name: str) -> dict:
    return next(c for c in told(run, "decision.json")["criteria"] if c["name"] == name)


@pytest.mark.slow
def test_a_metric(with_all):
    verdict = verdict_on(with_all[1], "missed_per_1000")
    assert verdict["sentence"].startswith("Missed per 1,000 rows differs from the baseline by")
    assert verdict["verdict"] in ("PASS", "FAIL", "UNRESOLVED")


@pytest.mark.slow
def test_a_rule(with_all):
    printed, run = with_all
    verdict = verdict_on(run, "log_loss")
    assert verdict["rule"] == "must_fall_by"
    assert (verdict["line"], verdict["passes_above"]) == (-0.001, False)
    assert "falls by more than" in printed


@pytest.mark.slow
def test_a_check(with_all):
    found = {f["check"]: f for f in told(with_all[1], "audit.json")["findings"]}
    assert found["L20"]["columns"] == ["y_rate"]


@pytest.mark.slow
def test_a_model(with_all):
    assert "DecisionTree" in told(with_all[1], "run.json")["candidate"]["model"]["_target_"]


@pytest.mark.slow
def test_a_launcher(call):
    _, folder = call(*RUN, "model=stump", "-m", "launcher=pair", "seed=0,1", "hydra.sweep.dir=two")
    assert {p.parent.name for p in folder.glob("two/*/decision.json")} == {"0", "1"}
