"""`harness export`: a bundle as a model of another tool."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.run_argument import bundle_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is exported, to what, and where to."""
    parser.add_argument("bundle", help="bundle folder, run folder, or `last`")
    parser.add_argument("--to", choices=("mlflow", "onnx"), required=True, help="the other tool")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder (mlflow) or file (onnx) to write"
    )
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )


def run(options: argparse.Namespace) -> int:
    """Export, load again, and compare the golden rows."""
    folder = bundle_folder(options.bundle)

    from harness.bundle import load_bundle

    bundle = load_bundle(folder, trust=options.trust)
    if options.to == "onnx":
        from harness.bundle.export_onnx import export_onnx

        gap = export_onnx(bundle, folder, options.out)
        print(f"{options.out}: golden and generated rows score within {gap:.2g}")
        return 0
    from harness.bundle.export import export_mlflow

    export_mlflow(bundle, folder, options.out)
    print(f"{options.out}: loads with mlflow.pyfunc.load_model; golden rows score the same")
    return 0
