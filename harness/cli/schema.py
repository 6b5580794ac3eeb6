"""`harness schema`: JSON Schemas of config files, for editors."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.artefacts import to_json, write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to write them."""
    parser.add_argument(
        "config_dir",
        type=Path,
        nargs="?",
        default=Path("conf"),
        help="config folder (default: conf)",
    )


def run(options: argparse.Namespace) -> int:
    """Write one file for each group, and say what points an editor to them."""
    from harness.config.yaml_schema import FOLDER, schema_comment, yaml_schemas

    folder = options.config_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    found = yaml_schemas()
    for name, content in found.items():
        write_text(folder / name, to_json(content))
    print(f"wrote {len(found)} schemas into {folder}")
    print("an editor with a YAML language server checks and completes a file that begins with")
    print(f"  {schema_comment('criteria.json')}")
    return 0
