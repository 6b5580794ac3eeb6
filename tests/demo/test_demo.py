"""Each failure, shown: the usual way ships it, the harness does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DEMO = Path(__file__).parent.parent.parent / "scripts" / "demo"

EXPECTED = {
    "leakage": ("test AUC 1.000", "the harness: INVALID", "collection_calls"),
    "shuffled_split": ("on shuffled rows", "the harness: INCONCLUSIVE", "in validation"),
    "imbalance": ("recall 0.000", "the harness: INCONCLUSIVE", "Recall is"),
    "wrong_metric": ("worth -", "the harness: NO_SHIP", "proven otherwise"),
    "rollback": ("the usual way", "rolled back to version 1", "0 requests unanswered"),
    "monitoring": ("no error", "status 1 on the first day", "multiplied by 0.083"),
    "skew": ("nobody notices", "single rows differ by 0\n", "the harness"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_a_failure_is_shipped_the_usual_way_and_not_by_the_harness(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DEMO.parent))
    from warm_shell import run_line

    done = run_line(f"python {DEMO / name}.py", tmp_path, os.environ)
    assert done.returncode == 0, done.stderr
    for words in EXPECTED[name]:
        assert words in done.stdout


def test_every_demo_is_listed_and_tested():
    scripts = {p.stem for p in DEMO.glob("*.py")} - {"ask"}
    assert scripts == set(EXPECTED)
    listed = (DEMO / "README.md").read_text()
    assert all(f"`{name}.py`" in listed for name in scripts)


def test_every_check_has_its_section():
    import re

    from harness.audit import run

    text = (DEMO.parent.parent / "docs" / "audit.md").read_text()
    room = Path(run.__file__).parent
    codes = {c for p in room.glob("*.py") for c in re.findall(r'"(L\d\d)"', p.read_text())}
    assert len(codes) >= 13
    for code in codes:
        assert f"## {code} " in text, code
