"""Acceptance: each item of the mission, shown by a command a user would type, in an empty folder.

scripts/acceptance                # all of them; exit status 1 when one fails
scripts/acceptance --markdown     # as a table
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SMALL = "dataset.max_rows=60000 split.validation=2w split.test=2w model.n_estimators=60"
LOANS = (
    "dataset=table dataset.path=loans.csv dataset.time=issued dataset.label=defaulted "
    "criteria=ranking split.validation=30d split.test=30d"
)
DECISIONS = {"SHIP", "NO_SHIP", "INCONCLUSIVE", "INVALID"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing the mission asks for.

    Attributes:
        says: In the mission's words.
        command: What shows it.
        statuses: Exit statuses that are right.
        prints: What has to be in its output.
        leaves: Looks at what it left; says what is wrong, or nothing.
    """

    says: str
    command: str
    statuses: tuple[int, ...] = (0,)
    prints: str = ""
    leaves: Callable[[Path], str | None] = lambda _: None


def read(path: Path) -> dict[str, object]:
    """A JSON file."""
    content: dict[str, object] = json.loads(path.read_text("utf-8"))
    return content


def run_is_whole(folder: Path) -> str | None:
    """A run's folder has everything, and a decision."""
    names = ("report.html", "decision.json", "metrics.json", "audit.json", "protocol.md",
             "predictions.parquet", "run.json", "bundle/manifest.json")  # fmt: skip
    missing = [name for name in names if not (folder / "first" / name).is_file()]
    if missing:
        return f"missing: {', '.join(missing)}"
    decided = read(folder / "first/decision.json")["decision"]
    return None if decided in DECISIONS else f"decision {decided}"


def gap_is_kept(folder: Path) -> str | None:
    """Rows of three days lie in either gap, and in no window."""
    split = read(folder / "gap/run.json")["split"]
    assert isinstance(split, dict)
    left_out = split["dropped"]
    per_day = split["rows"]["test"] / 14
    few = [name for name, n in left_out.items() if n < 2 * per_day]
    return None if len(left_out) == 2 and not few else f"left out: {left_out}"


def weights_reached(folder: Path) -> str | None:
    """Class weighting changed how the model was fitted."""
    model = read(folder / "weighted/run.json")["model"]
    assert isinstance(model, dict)
    return None if model["weights"] not in (None, "", "none") else f"weights: {model['weights']}"


def threshold_is_kept(folder: Path) -> str | None:
    """The precision asked for is the one of validation."""
    metrics = read(folder / "precise/metrics.json")
    threshold = metrics["threshold"]
    assert isinstance(threshold, dict)
    return None if threshold["policy"] == "min_precision" else f"policy {threshold['policy']}"


def sweep_shares_alpha(folder: Path) -> str | None:
    """Three jobs, one family."""
    found = [read(p) for p in folder.glob("sweep/*/decision.json")]
    divisors = {d["holdout"]["alpha_divisor"] for d in found}  # type: ignore[index]
    return None if len(found) == 3 and divisors == {3} else f"{len(found)} jobs, alpha / {divisors}"


def scores_agree(folder: Path) -> str | None:
    """The file's scores are the evaluation's own bits."""
    from harness import load_bundle

    bundle = load_bundle(folder / "loan/bundle")
    rows = pd.read_csv(folder / "loans.csv").tail(300)
    batch = pd.read_parquet(folder / "scores.parquet")["score"].to_numpy()[-300:]
    single = np.array([bundle.score_one(row) for row in rows.to_dict("records")])
    return None if np.array_equal(single, batch) else "single rows and the file differ"


ITEMS = [
    Item(says="One command trains, bundles, evaluates and answers", leaves=run_is_whole,
         command=f"harness run --quiet {SMALL} hydra.run.dir=first", prints="asks that it"),
    Item(says="A temporal split with a gap", leaves=gap_is_kept,
         command=f"harness run --quiet {SMALL} split.gap=3d hydra.run.dir=gap"),
    Item(says="Business criteria and guardrails decide", command="harness gate first",
         statuses=(0, 1, 3), prints=""),
    Item(says="A typo is refused before data is read, with the nearest name", statuses=(2,),
         command="harness run modle=xgboost", prints="did you mean 'model'"),
    Item(says="Class weighting", leaves=weights_reached,
         command=f"harness run --quiet {SMALL} weighting=balanced hydra.run.dir=weighted"),
    Item(says="A threshold policy", leaves=threshold_is_kept, command=f"harness run --quiet {SMALL} "
         "threshold=min_precision threshold.precision=0.4 hydra.run.dir=precise"),
    Item(says="Sweeps with multirun, which share alpha", leaves=sweep_shares_alpha,
         command=f"HARNESS_LEDGER=sweep.sqlite harness run --quiet -m {SMALL} model.max_depth=2,3,4 "
         "hydra.sweep.dir=sweep"),
    Item(says="A sweep that was cut off goes on",
         command="HARNESS_LEDGER=sweep.sqlite harness run --quiet -m resume=sweep", prints="alpha / 3"),
    Item(says="Ship decisions of many runs compared", command="harness compare sweep --html sweep.html",
         prints="rank", leaves=lambda f: None if (f / "sweep.html").stat().st_size > 10_000 else "empty"),
    Item(says="Configs as documentation of the protocol", command=f"harness protocol {SMALL}",
         prints="# Evaluation protocol"),
    Item(says="What changed between two protocols", command="harness protocol diff first split.gap=14d",
         prints="split.gap changes"),
    Item(says="Leakage audit: INVALID with the column's name", statuses=(1,),
         command="harness audit dataset.leaky=true", prints="arr_delay"),
    Item(says="A test window is opened once", command="harness ledger", prints="exploratory"),
    Item(says="The ledger is whole", command="harness ledger verify", prints="chained"),
    Item(says="The decision again, from predictions and protocol", command="harness decide first",
         statuses=(0, 1, 3), prints="asks that it"),
    Item(says="How long to wait", command="harness power first --assume value_per_1000=60",
         prints="days"),
    Item(says="A table of one's own", command=f"harness run --quiet {LOANS} hydra.run.dir=loan",
         prints="pr_auc"),
    Item(says="A first config for it", command="harness init loans.csv --time issued --label defaulted",
         prints="harness run --config-dir conf experiment=loans"),
    Item(says="Configs are checked without data", command="harness check conf", prints="3 of 3"),
    Item(says="A bundle is verified: hashes and golden rows", command="harness verify first",
         prints="golden rows score as when it was written"),
    Item(says="One flipped bit is refused", statuses=(2,), prints="pipeline.skops",
         command="cp -r first/bundle flipped && printf x | dd of=flipped/pipeline.skops bs=1 seek=99 "
         "conv=notrunc status=none && harness verify flipped"),
    Item(says="No skew: file and single row, bit for bit", leaves=scores_agree,
         command="harness score loan loans.csv --out scores.parquet"),
    Item(says="Drift monitoring: a year is quiet, a unit change is found", statuses=(1,),
         command="harness monitor loan broken.csv --time issued", prints="has the unit changed?"),
    Item(says="An A/B log by the same criteria", command="harness abtest users.csv abtest.unit=user "
         "abtest.variant=arm abtest.control=A abtest.enrolled=joined", prints="asks that it"),
    Item(says="Registry: only a SHIP by itself", statuses=(2,), prints="--force",
         command="harness register first --name flights && harness promote flights 1"),
    Item(says="Promotion with a reason, and a second version", command="harness promote flights 1 --force "
         "--reason first && harness register gap --name flights && harness promote flights 2 --force "
         "--reason second", prints="version 2 is live"),
    Item(says="Rollback in one command", command='harness rollback flights --reason "drill"',
         prints="version 1 is live again"),
    Item(says="What was in production", command="harness history flights", prints="rollback"),
    Item(says="The champion as baseline", command=f"harness run --quiet {SMALL} baseline=champion "
         "baseline.name=flights hydra.run.dir=challenger", prints="asks that it"),
    Item(says="Tables larger than memory", command="harness run --quiet dataset=table "
         "dataset.path=loans.parquet dataset.time=issued dataset.label=defaulted dataset.stream=true "
         "criteria=ranking split.validation=30d split.test=30d baseline=prior", prints="pr_auc"),
    Item(says="Kept work is bounded and shown", command="harness cache", prints="flights"),
    Item(says="JSON for scripts", command="harness gate first --format json", statuses=(0, 1, 3),
         prints='"protocol_fingerprint"'),
]  # fmt: skip


def prepare(folder: Path) -> None:
    """Loans with and without a broken feed, and an A/B log."""
    rng = np.random.default_rng(0)
    n = 6_000
    income, debt = rng.normal(50, 12, n).round(2), rng.gamma(2, 10, n).round(2)
    chance = 1 / (1 + np.exp(1.5 + 0.04 * (income - 50) - 0.05 * (debt - 20)))
    loans = pd.DataFrame(
        {
            "issued": pd.date_range("2024-01-01", periods=n, freq="h"),
            "income": income,
            "debt": debt,
            "purpose": rng.choice(["car", "home"], n),
            "defaulted": (rng.random(n) < chance).astype(int),
        }
    )
    loans.to_csv(folder / "loans.csv", index=False)
    loans.to_parquet(folder / "loans.parquet")
    later = loans.tail(1_500).assign(income=lambda t: t["income"] * 1000)
    later["issued"] += pd.Timedelta(days=300)
    later.to_csv(folder / "broken.csv", index=False)
    m = 24_000
    arm = rng.choice(["A", "B"], m)
    pd.DataFrame(
        {
            "user": np.arange(m),
            "arm": arm,
            "joined": pd.Timestamp("2024-03-01")
            + pd.to_timedelta(rng.integers(0, 14, m), unit="D"),
            "7_day_retention": rng.random(m) < 0.3 + 0.05 * (arm == "B"),
            "7_day_retention_lift": (rng.random(m) < 0.3 + 0.05 * (arm == "B")).astype(int),
            "complaint": (rng.random(m) < 0.01).astype(int),
            "latency_ms": rng.gamma(4, 10, m),
        }
    ).to_csv(folder / "users.csv", index=False)


def carry_out(item: Item, folder: Path, environment: dict[str, str]) -> str | None:
    """What is wrong with an item; None where nothing is."""
    done = subprocess.run(
        ["bash", "-c", item.command], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if done.returncode not in item.statuses:
        last = said.strip().splitlines()[-1:] or [""]
        return f"exit status {done.returncode}: {last[0]}"
    if " ".join(item.prints.split()) not in " ".join(said.split()):
        return f"does not print '{item.prints}'"
    if "Traceback" in said:
        return "prints a traceback"
    return item.leaves(folder)


def serves_by_alias(folder: Path, environment: dict[str, str]) -> str | None:
    """A server by alias takes a switch up without a restart, and a shadow gets every request."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = f"harness serve models:/flights@champion --port {port} --log requests --shadow models:/flights@previous"
    moved = subprocess.run(
        ["bash", "-c", "harness promote flights 2 --force --reason again"], cwd=folder, env=environment,
        capture_output=True, check=False,
    )  # fmt: skip
    if moved.returncode:
        return "cannot promote"
    server = subprocess.Popen(
        shlex.split(words), cwd=folder, env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    row = json.dumps(read(folder / "first/bundle/golden.json")["rows"][0]).encode()  # type: ignore[index]

    def version() -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/score", row)
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return str(json.load(answer)["model"])

    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                if version() == "flights/2":
                    break
            time.sleep(0.1)
        else:
            return "version 2 never answered"
        subprocess.run(
            ["bash", "-c", "harness rollback flights --reason drill"], cwd=folder, env=environment,
            capture_output=True, check=True,
        )  # fmt: skip
        for _ in range(100):
            if version() == "flights/1":
                return None
            time.sleep(0.1)
        return "version 1 did not answer within ten seconds of the rollback"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def main() -> None:
    """Carry all of them out."""
    as_markdown = "--markdown" in sys.argv[1:]
    failed = 0
    if as_markdown:
        print("| what is asked for | what shows it | |", "|---|---|---|", sep="\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HARNESS_LEDGER": str(folder / "ledger.sqlite"),
            "HARNESS_REGISTRY": str(folder / "registry.sqlite"),
            "COLUMNS": "120",
        }
        told = [(item.says, item.command, carry_out(item, folder, environment)) for item in ITEMS]
        served = serves_by_alias(folder, environment)
        told.append(("Serving by alias, a shadow, a rollback under load", "harness serve "
                     "models:/flights@champion --shadow models:/flights@previous", served))  # fmt: skip
        report = carry_out(Item(says="", command="harness shadow report requests", prints="shadow"),
                           folder, environment)  # fmt: skip
        told.append(("What the shadow got", "harness shadow report requests", report))
        for says, command, wrong in told:
            failed += wrong is not None
            if as_markdown:
                print(f"| {says} | `{command.replace('|', '&#124;')}` | {wrong or 'PASS'} |")
            elif wrong is None:
                print(f"PASS  {says}")
            else:
                print(f"FAIL  {says}: {wrong}\n      {command}")
    print(f"{len(told) - failed} of {len(told)} PASS")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
