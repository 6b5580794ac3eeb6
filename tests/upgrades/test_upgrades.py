"""What released versions wrote is read by this one: bits, decisions, chains, states."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import load_bundle
from harness.ledger import Chain

VERSIONS = sorted(Path(__file__).parent.glob("v*"))


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def written(request, tmp_path):
    """A copy of what a version wrote."""
    place = tmp_path / "written"
    shutil.copytree(request.param, place)
    return place


def test_there_is_one_for_every_released_version():
    assert VERSIONS


def test_a_bundle_loads_and_gives_the_same_bits(written):
    bundle = load_bundle(written / "run/bundle")
    rows = pd.read_csv(written / "t.csv")[["x", "z", "g"]].tail(40)
    stored = np.array(json.loads((written / "scores.json").read_text("utf-8")))
    assert np.array_equal(bundle.score(rows), stored)


def test_a_decision_is_worked_out_again_byte_for_byte(written, harness):
    status, out, err = harness("decide", written / "run", "--format", "json")
    assert status == 0, err
    assert json.loads(out) == json.loads((written / "run/decision.json").read_text("utf-8"))
    assert harness("gate", written / "run")[0] in (0, 1, 3)
    assert harness("verify", written / "run")[0] == 0
    assert harness("compare", written / "run")[0] == 0


def test_a_ledger_is_whole_and_goes_on(written, harness):
    with Chain(written / "ledger.sqlite") as chain:
        assert chain.verify() == 4
        kinds = [entry.kind for entry in chain.entries()]
        statuses = [e.content["status"] for e in chain.entries() if e.kind == "open"]
        assert kinds == ["open", "verdict", "open", "verdict"]
        assert statuses == ["confirmatory", "exploratory"]
        with chain.transaction():
            chain.append("verdict", {"opening": 3, "decision": "NO_SHIP"})
        assert chain.verify() == 5


def test_a_state_of_monitoring_knows_its_windows(written, harness):
    status, out, err = harness(
        "monitor", written / "run", written / "t.csv", "--by", "week", "--time", "when",
        "--state", written / "state", "--format", "json",
    )  # fmt: skip
    assert status in (0, 1), err
    assert "new" not in {w["standing"] for w in json.loads(out)["windows"] if w["is_alert"]}


def test_a_profile_without_segments_is_monitored_and_says_what_is_not_applicable(written, harness):
    status, out, err = harness(
        "monitor", written / "run", written / "t.csv", "--time", "when", "--format", "json"
    )
    assert status in (0, 1), err
    [window] = json.loads(out)["windows"]
    said = " ".join(window["not_judged"])
    for part in ("segments", "joint change", "training range"):
        assert f"{part}: not applicable" in said
    assert "make the bundle again" in said
    assert window["segments"] == window["joint"] == []
    assert window["columns"]
