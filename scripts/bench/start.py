"""How long a user waits for a word: `harness --help`, `ledger`, `history` and `compare`.

A sweep of 200 candidates on flights (logistic, a few weeks), then a registry with 200 moves between
two versions. Each command in a process of its own, with compiled files as an installed package has
them; medians of five. Prints the seconds of each (bar: 2), and last the time of `harness --help` over
that of importing sklearn.pipeline, xgboost and pandas (bar: 0.7).

    python scripts/bench/start.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

TIMES, JOBS = 5, 200
SWEEP = ["model=logistic", "dataset.max_rows=60000", "split.validation=2w", "split.test=2w"]
QUICK = ["running.report=false", "running.latency.n_rows=50"]


def environment(folder: Path) -> dict[str, str]:
    """A user's: nothing of this machine, compiled files kept."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {
        "HARNESS_LEDGER": str(folder / "ledger.sqlite"),
        "HARNESS_REGISTRY": f"sqlite:///{folder / 'registry.sqlite'}",
        "HARNESS_CACHE": str(folder / "cache"),
    }


def seconds(words: Sequence[str], folder: Path) -> float:
    """Median wall time of a command that has to end well."""
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        subprocess.run(
            words, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, check=True
        )
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def prepare(folder: Path) -> None:
    """200 runs, 200 looks, 200 moves."""
    os.environ.update(environment(folder))
    values = ",".join(f"{0.01 * 1.03**k:.6f}" for k in range(JOBS))
    subprocess.run(
        [sys.executable, "-m", "harness", "run", "--quiet", "-m", *SWEEP, *QUICK,
         f"model.C={values}", "hydra.sweep.dir=runs"],
        cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    from harness.registry import Registry, promote, register, rollback

    registry = Registry(os.environ["HARNESS_REGISTRY"])
    for job in (0, 1):
        register(registry, folder / "runs" / str(job), "flights")
    promote(registry, "flights", "1", force=True, reason="bench")
    for _ in range((JOBS - 1) // 2):
        promote(registry, "flights", "2", force=True, reason="bench")
        rollback(registry, "flights", reason="bench")


def main() -> None:
    """Prepare, time, print."""
    harness = [sys.executable, "-m", "harness"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for words in (["ledger"], ["history", "flights"], ["compare", "runs"]):
            print(f"harness {' '.join(words):<16} {seconds([*harness, *words], folder):.2f} s")
        ours = seconds([*harness, "--help"], folder)
        imports = "import sklearn.pipeline, xgboost, pandas"
        theirs = seconds([sys.executable, "-c", imports], folder)
        print(f"harness --help {ours:.2f} s, {imports} {theirs:.2f} s")
    print(f"{ours / theirs:.2f}")


if __name__ == "__main__":
    main()
