"""A window's identity, and a ledger's place, worked out by hand: every ledger ever written holds them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.data.dataset import Dataset
from harness.data.roles import Roles
from harness.errors import ConfigError
from harness.ledger import labelled_window, ledger_place


def dataset(times: list[str], label: list[bool], timezone: str = "America/New_York") -> Dataset:
    time = np.array(times, dtype="datetime64[us]")
    return Dataset(
        name="t",
        frame=pd.DataFrame({"x": np.arange(len(times), dtype=float)}),
        time=time,
        label=np.array(label),
        label_known=time,
        entity=None,
        roles=Roles(time="when", label="late", numeric=("x",), categorical=()),
        timezone=timezone,
        n_unlabelled=0,
        notes=(),
        source="t.csv",
        feature_times={},
        other_times={},
    )


TIMES = ["2024-05-02T03:59", "2024-05-02T04:00", "2024-05-02T04:00", "2024-05-03T12:00"]
LABEL = [True, True, False, False]


def by_hand(rows: list[tuple[str, int]]) -> str:
    """Hash of a day: the label's name, then time and label of each row as 64-bit numbers."""
    packed = b"".join(
        int(np.datetime64(time, "us").astype(np.int64)).to_bytes(8, "little")
        + label.to_bytes(8, "little")
        for time, label in rows
    )
    return hashlib.sha256(b"late" + packed).hexdigest()[:32]


def test_a_window_is_one_hash_a_local_day_and_one_over_all():
    window = labelled_window(dataset(TIMES, LABEL), np.array([3, 1, 0, 2]))
    days = {
        "2024-05-01": by_hand([(TIMES[0], 1)]),  # 23:59 in New York
        "2024-05-02": by_hand([(TIMES[1], 0), (TIMES[2], 1)]),  # equal times: by label
        "2024-05-03": by_hand([(TIMES[3], 0)]),
    }
    assert window.days == days
    assert window.key == hashlib.sha256("".join(days.values()).encode()).hexdigest()


def test_a_window_has_only_the_rows_asked_for():
    window = labelled_window(dataset(TIMES, LABEL), np.array([3]))
    assert list(window.days) == ["2024-05-03"]


@pytest.mark.parametrize(
    ("configured", "variables", "place"),
    [
        ("mine.sqlite", {"HARNESS_LEDGER": "theirs.sqlite"}, "mine.sqlite"),
        (None, {"HARNESS_LEDGER": "theirs.sqlite"}, "theirs.sqlite"),
        (None, {"HARNESS_LEDGER": "~/l.sqlite"}, "HOME/l.sqlite"),
        ("~/l.sqlite", {}, "HOME/l.sqlite"),
        (None, {"XDG_DATA_HOME": "/data"}, "/data/harness/ledger.sqlite"),
        (None, {}, "HOME/.local/share/harness/ledger.sqlite"),
        ("postgresql://me@db/x", {}, "postgresql://me@db/x"),
        (None, {"HARNESS_LEDGER": "postgresql://me@db/x"}, "postgresql://me@db/x"),
        ("postgresql://me@db/x?sslmode=require", {}, "postgresql://me@db/x?sslmode=require"),
    ],
    ids=range(9),
)
def test_the_config_comes_before_the_variable_and_that_before_the_home(
    monkeypatch, tmp_path, configured, variables, place
):
    for name in ("HARNESS_LEDGER", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    expected = place.replace("HOME", str(tmp_path))
    assert ledger_place(configured) == (expected if "://" in place else str(Path(expected)))


@pytest.mark.parametrize("url", ["postgresql://me:secret@db/x", "postgresql://db/x?password=s"])
def test_a_url_with_a_password_is_refused_to_the_letter(url):
    with pytest.raises(ConfigError) as refused:
        ledger_place(url)
    assert str(refused.value) == (
        "running.ledger: the URL holds a password, and would be written into every run's record; "
        "leave it out, and set PGPASSWORD or ~/.pgpass"
    )
