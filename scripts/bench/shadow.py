"""What a shadow adds to the answer's median, at 8 clients on loopback.

The server of scripts/bench/serving.py, with a log and with a shadow beside it (the same bundle in a
process of its own), asked in turn for four seconds each, three times. Prints how much the shadow got,
and the ratio of the medians (with / without) last.

    python scripts/bench/shadow.py
"""

from __future__ import annotations

import os
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from serving import WORDS, ask, server

from harness import run_experiment, write_run
from harness.config import compose_settings
from harness.watch.shadow_report import read_shadow

ROUNDS, CLIENTS = 3, 8


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
