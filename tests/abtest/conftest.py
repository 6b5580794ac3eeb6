"""A/B logs of a few thousand units, judged through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROLES = (
    "abtest.unit=user",
    "abtest.variant=arm",
    "abtest.control=A",
    "abtest.enrolled=joined",
)
CRITERIA = """defaults:
  - /schema/criteria/criteria@_here_
primary_metric: revenue
success_threshold: 0
minimum_sample_size: 500
minimum_duration_days: 7
"""


def small_log(n: int = 3000, *, seed: int = 0, lift: float = 1.0, arms: str = "AB") -> pd.DataFrame:
    """Users whose revenue every treatment raises by `lift`, in equal shares."""
    rng = np.random.default_rng(seed)
    arm = rng.choice(list(arms), n)
    seconds = np.sort(rng.integers(0, 14 * 86_400, n))
    return pd.DataFrame(
        {
            "user": [f"s{seed}u{i}" for i in range(n)],
            "arm": arm,
            "joined": pd.Timestamp("2026-03-01") + pd.to_timedelta(seconds, unit="s"),
            "revenue": rng.gamma(2, 5, n) + lift * (arm != "A"),
        }
    )


@pytest.fixture
def revenue(harness, tmp_path):
    """Judge a log by its revenue; returns status, the decision, and what was complained of."""
    folder = tmp_path / "own" / "criteria"
    folder.mkdir(parents=True)
    (folder / "rev.yaml").write_text(CRITERIA)

    def call(log: pd.DataFrame | str | Path, *words: str, roles: tuple[str, ...] = ROLES):
        if isinstance(log, pd.DataFrame):
            log.to_parquet(tmp_path / "log.parquet")
            log = "log.parquet"
        config = ("--config-dir", tmp_path / "own", "criteria=rev", "--format", "json")
        status, out, err = harness("abtest", log, *config, *roles, *words)
        return status, json.loads(out) if out.startswith("{") else {}, err.strip()

    return call
