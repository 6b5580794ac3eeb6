"""What this version writes, kept for the next ones to read: run, bundle, ledger, monitoring state.

Run once for each release, before its tag; the folder is never changed afterwards.

    python scripts/upgrade_fixtures.py tests/upgrades/v0.1.0
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

WORDS = [
    "dataset=table", "dataset.path=t.csv", "dataset.time=when", "dataset.label=y",
    "dataset.segments=[g]", "criteria=ranking", "split.validation=20d", "split.test=20d",
    "model=logistic",
]  # fmt: skip


def table() -> pd.DataFrame:
    """Hourly rows whose label follows x; small, because it is committed."""
    rng = np.random.default_rng(0)
    n = 2_400
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=n, freq="h"),
            "x": x.round(3),
            "z": rng.normal(size=n).round(3),
            "g": rng.choice(["a", "b", "c"], n),
            "y": (rng.random(n) < 1 / (1 + np.exp(1 - x))).astype(int),
        }
    )


def main() -> None:
    """Write everything into a fresh folder."""
    target = Path(sys.argv[1]).resolve()
    if any(target.glob("*")):
        raise SystemExit(f"{target}: is not empty; what a release wrote is never changed")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        table().to_csv(work / "t.csv", index=False)
        environment = os.environ | {"HARNESS_LEDGER": "ledger.sqlite"}

        def harness(*words: str) -> None:
            done = subprocess.run(
                [sys.executable, "-m", "harness", *words], cwd=work, env=environment, check=False
            )
            if done.returncode > 1:
                raise SystemExit(f"harness {words[0]} failed")

        harness("run", "--quiet", *WORDS, "running.report=false", "hydra.run.dir=run")
        harness("run", "--quiet", *WORDS, "model.C=0.1", "hydra.run.dir=second")
        harness("monitor", "run", "t.csv", "--by", "week", "--time", "when", "--state", "state",
                "--out", "monitor")  # fmt: skip
        bundle = work / "run" / "bundle"
        rows = table()[["x", "z", "g"]].tail(40)
        from harness import load_bundle

        scores = [float(s) for s in load_bundle(bundle).score(rows)]
        (work / "scores.json").write_text(json.dumps(scores), "utf-8")
        for name in ("t.csv", "ledger.sqlite", "scores.json", "run", "state"):
            place = work / name
            if place.is_dir():
                shutil.copytree(place, target / name)
            else:
                shutil.copy(place, target / name)
        shutil.rmtree(target / "run" / ".hydra")  # names folders of the machine it ran on


if __name__ == "__main__":
    main()
