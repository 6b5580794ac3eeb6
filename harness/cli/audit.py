"""`harness audit`: the leakage checks that need no model."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from harness.artefacts import SCHEMA_VERSION, to_json
from harness.cli.output import FORMATS, Table, print_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Own flags; everything else is an override."""
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("--config-dir", type=Path, help="your own config folder")
    parser.add_argument("--format", choices=FORMATS, default="table")


def run(options: argparse.Namespace) -> int:
    """Print findings; status 1 when one of them blocks."""
    from harness.config import compose_settings

    settings = compose_settings(options.overrides, config_dir=options.config_dir)

    from harness.audit import audit_before, blocking
    from harness.cache import open_store
    from harness.data import read_dataset, split_windows

    store = open_store(settings.running.cache_dir, settings.running.cache_max_gb)
    dataset = read_dataset(settings.dataset, store)
    findings = audit_before(dataset, split_windows(settings.split, dataset)[-1], settings.audit)
    if options.format == "json":
        content = {"schema_version": SCHEMA_VERSION, "findings": [asdict(f) for f in findings]}
        print(to_json(content), end="")
    else:
        rows = [
            (f.check, "accepted" if f.accepted else f.severity, ", ".join(f.columns), f.sentence)
            for f in findings
        ]
        columns = ("check", "severity", "columns", "what was seen")
        print_table(Table(columns=columns, rows=rows), options.format)
    return 1 if blocking(findings) else 0
