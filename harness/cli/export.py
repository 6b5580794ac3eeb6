"""`harness export`: a bundle as a model of another tool."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.verify import bundle_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is exported, to what, and where to."""
    parser.add_argument("bundle", help="bundle folder, run folder, or `last`")
    parser.add_argument("--to", choices=("mlflow",), required=True, help="the other tool")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; must not exist")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )


def run(options: argparse.Namespace) -> int:
    """Export, load again, and compare the golden rows."""
    folder = bundle_folder(options.bundle)

    from harness.bundle import load_bundle
    from harness.bundle.export import export_mlflow

    export_mlflow(load_bundle(folder, trust=options.trust), folder, options.out)
    print(f"{options.out}: loads with mlflow.pyfunc.load_model; golden rows score the same")
    return 0
