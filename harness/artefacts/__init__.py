"""Artefacts: what a run leaves on disk, each written whole or not at all."""

from __future__ import annotations

from harness.artefacts.atomic import new_folder, write_bytes, write_text
from harness.artefacts.json_file import SCHEMA_VERSION, read_json, to_json, write_json
from harness.artefacts.run_folder import RunRecord, find_run, find_runs, read_record

__all__ = [
    "SCHEMA_VERSION",
    "RunRecord",
    "find_run",
    "find_runs",
    "new_folder",
    "read_json",
    "read_record",
    "to_json",
    "write_bytes",
    "write_json",
    "write_text",
]
