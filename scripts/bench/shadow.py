"""What a shadow adds to the answer's median, at 8 clients on loopback.

The server of scripts/bench/serving.py, with a log and with a shadow beside it (the same bundle in a
process of its own), asked in turn for four seconds each, twelve times, once the shadow scores: its
start, some seconds of imports, is not what is measured. Prints how much the shadow got,
and the ratio of the medians (with / without) last.

    python scripts/bench/shadow.py
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import tempfile
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from serving import WORDS, ask, server

from harness import run_experiment, write_run
from harness.config import compose_settings
from harness.errors import DataError
from harness.watch.shadow_report import read_shadow

ROUNDS, CLIENTS, MOST_SECONDS = 12, 8, 60


def until_it_scores(port: int, bundle: Path, log: Path) -> None:
    """Ask for a row now and then, until a shadow that was not there before has scored one."""
    row = json.dumps(json.loads((bundle / "golden.json").read_text("utf-8"))["rows"][0]).encode()
    before = scored(log)
    for _ in range(MOST_SECONDS * 4):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/score", row).read()
        if scored(log) > before:
            return
        time.sleep(0.25)
    raise SystemExit("the shadow scored nothing")


def scored(log: Path) -> int:
    """Rows that shadows have scored so far."""
    with contextlib.suppress(DataError):
        return read_shadow(log).n_scored
    return 0


def main() -> None:
    """Serve twice, ask in turn, compare."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["HARNESS_LEDGER"] = f"{name}/ledger.sqlite"
        write_run(run_experiment(compose_settings(WORDS)), Path(name) / "run")
        bundle = Path(name) / "run" / "bundle"
        logs = {side: f"{name}/{side}" for side in ("without", "with")}
        shadow = ("--log", logs["with"], "--shadow", str(bundle))
        ratios = []
        with ProcessPoolExecutor(1) as pool:
            for _ in range(ROUNDS):
                medians = {}
                for side, words in (("without", ("--log", logs["without"])), ("with", shadow)):
                    with server(bundle, *words) as port:
                        if words is shadow:
                            until_it_scores(port, bundle, Path(logs["with"]))
                        times, wrong, lost = pool.submit(ask, port, CLIENTS, str(bundle)).result()
                    medians[side] = float(np.median(times))
                    print(
                        f"{side:>7} a shadow: p50 {medians[side]:.2f} ms, {wrong} wrong, {lost} lost"
                    )
                ratios.append(medians["with"] / medians["without"])
        report = read_shadow(Path(logs["with"]))
        print(f"the shadow scored {report.n_scored:,} of {report.n_offered:,} rows")
        print(f"{statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
