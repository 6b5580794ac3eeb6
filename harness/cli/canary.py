"""`harness canary`: the log of a canary as a table `harness abtest` reads."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The log, and the table to write."""
    parser.add_argument("log", type=Path, help="folder of `harness serve --canary ... --log`")
    parser.add_argument("--out", type=Path, required=True, help="CSV or Parquet to write")


def run(options: argparse.Namespace) -> int:
    """One row per key and variant: first request, rows, alerts, and rows the champion answered."""
    if options.out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--out {options.out}: write .csv or .parquet")

    import pandas as pd

    from harness.artefacts.atomic import new_file
    from harness.data.rows_source import LOG_FILES, read_entries
    from harness.serving.canary import unit_name

    lines = read_entries(sorted(options.log.glob(LOG_FILES)))
    rows = [line for line in lines if "variant" in line]
    keyed = [line for line in rows if unit_name(line.get("key")) is not None]
    if not rows:
        raise DataError(f"{options.log}: no canary wrote there; harness serve ... --canary 5% ...")
    if not keyed:
        raise DataError(
            f"{options.log}: none of {len(rows):,} rows has a usable key; name the column that says "
            "who a row is about, harness serve ... --canary-key COLUMN"
        )
    # Units as text before there is a table: a null or a float among whole numbers would round them.
    table = pd.DataFrame([{**line, "key": unit_name(line["key"])} for line in keyed])
    table["fallback"] = table["fallback"].notna() if "fallback" in table else False
    # By variant too: a unit that both versions answered must stay visible.
    units = (
        table.groupby(["key", "variant"], sort=True)
        .agg(
            enrolled=("at", "min"),
            rows=("alert", "size"),
            alerts=("alert", "sum"),
            mean_score=("score", "mean"),
            fallback_rows=("fallback", "sum"),
        )
        .reset_index(names=["unit", "variant"])
    )
    with new_file(options.out) as path:
        if options.out.suffix == ".csv":
            units.to_csv(path, index=False)
        else:
            units.to_parquet(path, index=False)
    shares = units["variant"].value_counts()
    told = ", ".join(f"{count:,} {name}" for name, count in shares.items())
    print(f"{options.out}: {len(units):,} units ({told})")
    _say_what_is_odd(rows, keyed, units)
    print(
        f"harness abtest {options.out} abtest.unit=unit abtest.variant=variant "
        "abtest.control=champion abtest.enrolled=enrolled ..."
    )
    return 0


def _say_what_is_odd(
    rows: Sequence[dict[str, Any]], keyed: Sequence[dict[str, Any]], units: pd.DataFrame
) -> None:
    """What a reader of the table has to know, a line each."""
    from harness.serving.canary import FALLBACK_ROWS, ROWS, TREATMENT
    from harness.serving.reasons import Reasons

    if n_nameless := len(rows) - len(keyed):
        print(
            f"{n_nameless:,} rows have no usable key: they stayed with the champion, and are no unit"
        )
    if n_fallbacks := int(units[FALLBACK_ROWS].sum()):
        reasons = Reasons()
        for line in keyed:
            if "fallback" in line:
                reasons.add(line["fallback"], 1)
        n_rows = int(units.loc[units["variant"] == TREATMENT, ROWS].sum())
        print(
            f"the champion answered {n_fallbacks:,} of {n_rows:,} rows of the challenger (most often: "
            f"{reasons.most_frequent()}); units stay in the variant they were assigned to, so "
            f"differences come out too small, and harness abtest refuses a table with many "
            f"(column {FALLBACK_ROWS})"
        )
    if n_both := int(units["unit"].duplicated().sum()):
        print(
            f"{n_both:,} units were answered by both variants, a row each, which harness abtest "
            "refuses: a log folder holds one canary, so give each share its own"
        )
    versions = sorted({str(line["version"]) for line in keyed if _is_challengers(line)})
    if len(versions) > 1:
        print(f"several versions answered as the challenger: {', '.join(versions)}")


def _is_challengers(line: dict[str, Any]) -> bool:
    from harness.serving.canary import TREATMENT

    return line["variant"] == TREATMENT and "fallback" not in line
