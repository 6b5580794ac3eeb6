"""A metric, a rule, a check, a model and a launcher, each added by one file and nothing else.

Each file of `additions/` is put into a copy of the package, and a real run has to know it.
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
    "running.report=false", "model=logistic",
]  # fmt: skip


@pytest.fixture
def with_addition(tmp_path):
    """Runs the command line of a copy of the package that has one more file."""
    table = make_table(3000)
    table.assign(y_rate=table["z"].round(1)).to_parquet(tmp_path / "t.parquet")
    copy = tmp_path / "copy"
    half_written = shutil.ignore_patterns("*.pyc.*")  # bytecode another process is compiling
    shutil.copytree(ROOT / "harness", copy / "harness", ignore=half_written)
    shutil.copytree(ROOT / "hydra_plugins", copy / "hydra_plugins")
    shutil.copytree(ROOT / "conf", copy / "conf")

    def call(file: str, place: str, *words: str) -> subprocess.CompletedProcess:
        shutil.copy(ADDITIONS / file, copy / place / file)
        return subprocess.run(
            [sys.executable, "-m", "harness", *words], cwd=tmp_path, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "120"}, check=False,
        )  # fmt: skip

    return call


def decision(tmp_path: Path) -> dict:
    (path,) = (p for p in tmp_path.glob("outputs/**/decision.json") if "bundle" not in p.parts)
    return json.loads(path.read_text("utf-8"))


@pytest.mark.slow
def test_a_metric(with_addition, tmp_path):
    guard = (
        "+criteria.guardrail_metrics.missed_per_1000={threshold: must_not_increase, tolerance: 900}"
    )
    done = with_addition("missed_per_1000.py", "harness/evidence/metrics", *RUN, guard)
    assert done.returncode == 0, done.stderr
    verdict = next(c for c in decision(tmp_path)["criteria"] if c["name"] == "missed_per_1000")
    assert verdict["sentence"].startswith("Missed per 1,000 rows differs from the baseline by")
    assert verdict["verdict"] in ("PASS", "FAIL", "UNRESOLVED")


@pytest.mark.slow
def test_a_rule(with_addition, tmp_path):
    guard = "+criteria.guardrail_metrics.log_loss={threshold: must_fall_by, value: 0.001}"
    done = with_addition("must_fall_by.py", "harness/rules", *RUN, guard)
    assert done.returncode == 0, done.stderr
    verdict = next(c for c in decision(tmp_path)["criteria"] if c["name"] == "log_loss")
    assert verdict["rule"] == "must_fall_by"
    assert (verdict["line"], verdict["passes_above"]) == (-0.001, False)
    assert "falls by more than" in done.stdout


@pytest.mark.slow
def test_a_check(with_addition):
    words = ["audit", *RUN[2:9], "--format", "json"]
    done = with_addition("label_like_names.py", "harness/audit", *words)
    assert done.returncode == 0, done.stderr
    found = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    assert found["L20"]["columns"] == ["y_rate"]


@pytest.mark.slow
def test_a_model(with_addition, tmp_path):
    words = [*RUN[:-1], "model=stump"]
    done = with_addition("stump.yaml", "conf/model", *words)
    assert done.returncode == 0, done.stderr
    assert decision(tmp_path)["decision"]


@pytest.mark.slow
def test_a_launcher(with_addition, tmp_path):
    done = with_addition("pair.yaml", "conf/launcher", *RUN, "-m", "launcher=pair", "seed=0,1")
    assert done.returncode == 0, done.stderr
    found = [p for p in tmp_path.glob("outputs/**/decision.json") if "bundle" not in p.parts]
    assert len(found) == 2
