"""`harness canary`: the log of a canary as a table `harness abtest` reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.errors import ConfigError, DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The log, and the table to write."""
    parser.add_argument("log", type=Path, help="folder of `harness serve --canary ... --log`")
    parser.add_argument("--out", type=Path, required=True, help="CSV or Parquet to write")


def run(options: argparse.Namespace) -> int:
    """One row per key: its variant, first request, rows and alerts."""
    if options.out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--out {options.out}: write .csv or .parquet")

    import pandas as pd

    from harness.artefacts.atomic import new_file
    from harness.data.rows_source import LOG_FILES, read_entries

    lines = read_entries(sorted(options.log.glob(LOG_FILES)))
    keyed = [line for line in lines if line.get("key") is not None]
    if not keyed:
        raise DataError(f"{options.log}: no canary wrote there; harness serve ... --canary 5% ...")
    table = pd.DataFrame([{**line, "key": str(line["key"])} for line in keyed])
    table["fallback"] = table["fallback"].notna() if "fallback" in table else False
    units = (
        table.groupby("key", sort=True)
        .agg(
            variant=("variant", "first"),
            enrolled=("at", "min"),
            rows=("alert", "size"),
            alerts=("alert", "sum"),
            mean_score=("score", "mean"),
            fallbacks=("fallback", "sum"),
        )
        .reset_index(names="unit")
    )
    with new_file(options.out) as path:
        if options.out.suffix == ".csv":
            units.to_csv(path, index=False)
        else:
            units.to_parquet(path, index=False)
    shares = units["variant"].value_counts()
    told = ", ".join(f"{count:,} {name}" for name, count in shares.items())
    print(f"{options.out}: {len(units):,} units ({told})")
    if n_fallbacks := int(units["fallbacks"].sum()):
        print(
            f"{n_fallbacks:,} rows of the challenger were answered by the champion because the "
            "challenger failed; they count as the challenger's, as they were assigned"
        )
    print(
        f"harness abtest {options.out} abtest.unit=unit abtest.variant=variant "
        "abtest.control=champion abtest.enrolled=enrolled ..."
    )
    return 0
