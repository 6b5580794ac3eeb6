"""What a sweep saves: 12 candidates on flights by `-m`, against 12 single runs in turn.

Three ways, each from an empty cache and an empty ledger, interpreter start included: 12
`harness run` commands one after another, which share the cache of rows, audit and baseline
as any runs do; `harness run -m` in one process, which shares the process as well; and
`harness run -m launcher=joblib`, which adds a process per core. The last line is the third
over the first.

    python scripts/bench/sweep.py
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEPTHS, RATES = ("3", "4", "5", "6"), ("0.06", "0.1", "0.15")


def seconds(words: list[list[str]], name: str) -> float:
    """Wall time of some commands in turn, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["HARNESS_CACHE"] = str(Path(folder) / "cache")
        environment["HARNESS_LEDGER"] = str(Path(folder) / "ledger.sqlite")
        start = time.perf_counter()
        for each in words:
            command = [sys.executable, "-m", "harness", "run", "--quiet", *each]
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
        taken = time.perf_counter() - start

        n_judged = len(
            [p for p in Path(folder).glob("outputs/**/decision.json") if "bundle" not in p.parts]
        )
    print(f"{taken:7.1f} s  {name} ({n_judged} decisions)")
    assert n_judged == len(DEPTHS) * len(RATES)
    return taken


def main() -> None:
    """Time the three and print the ratio."""
    grid = list(itertools.product(DEPTHS, RATES))
    singles = [[f"model.max_depth={d}", f"model.learning_rate={r}"] for d, r in grid]
    swept = [f"model.max_depth={','.join(DEPTHS)}", f"model.learning_rate={','.join(RATES)}"]
    alone = seconds(singles, "12 single runs, one after another")
    shared = seconds([["-m", *swept]], "harness run -m, one process")
    pooled = seconds([["-m", "launcher=joblib", *swept]], "harness run -m launcher=joblib")
    print(
        f"sharing the process gives {shared / alone:.2f}, the second core {pooled / shared:.2f} more"
    )
    print(f"{pooled / alone:.2f}")


if __name__ == "__main__":
    main()
