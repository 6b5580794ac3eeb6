"""`harness init`: a first config for a table of one's own."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

_MOST_NAMES = 20  # columns named on the terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The table, and what it cannot tell."""
    parser.add_argument("table", type=Path, help="CSV, Parquet, or a folder of Parquet")
    parser.add_argument("--time", help="column: when the prediction is made")
    parser.add_argument(
        "--time-format", help="how that column is written, such as dd/mm/yyyy (default: detected)"
    )
    parser.add_argument("--label", help="column: the outcome")
    parser.add_argument("--positive", help="value of the label that counts as positive")
    parser.add_argument("--name", help="what the config is called (default: the file's name)")
    parser.add_argument(
        "--config-dir", type=Path, default=Path("conf"), help="where to write it (default: conf)"
    )


def run(options: argparse.Namespace) -> int:
    """Look, write, and say what comes next.

    Raises:
        HarnessError: If the table tells too little, or a file is in the way.
    """
    from harness.init import config_files, look_at, write_config
    from harness.init.files import experiment_name

    looked = look_at(
        options.table, options.time, options.label, options.positive, options.time_format
    )
    name = experiment_name(options.name or options.table.stem)
    written = write_config(config_files(looked, name), options.config_dir, name)
    dataset, roles = looked.dataset, looked.dataset.roles
    days = dataset.local_time()
    print(
        f"{options.table}: {len(dataset):,} rows, {days.min():%Y-%m-%d} .. {days.max():%Y-%m-%d}, "
        f"{dataset.label.mean():.1%} positive"
    )
    print(f"  {len(roles.numeric)} numeric: {_names(roles.numeric)}")
    print(f"  {len(roles.categorical)} categorical: {_names(roles.categorical)}")
    for note in looked.notes:
        print(f"  {note}")
    print(f"  judged on the last {looked.window}, thresholds chosen on the {looked.window} before")
    print(
        "  not to be seen in a table: how long an outcome takes to be known (dataset.label_delay)"
    )
    print()
    for place in written:
        print(f"wrote {place}")
    words = f"--config-dir {shlex.quote(str(options.config_dir))} experiment={name}"
    print("\nnext:")
    print(f"  harness audit {words}")
    print(f"  harness protocol {words}")
    print("\nas often as you like, on validation alone:")
    print(f"  harness try {words}")
    print("\nonce, when nothing is to be changed any more: the first run opens the test window")
    print(f"  harness run {words}")
    return 0


def _names(columns: Sequence[str]) -> str:
    """The columns, as many as a line or two can hold."""
    if not columns:
        return "none"
    left = len(columns) - _MOST_NAMES
    shown = ", ".join(columns[:_MOST_NAMES])
    return f"{shown} and {left} more, all in the dataset's file" if left > 0 else shown
