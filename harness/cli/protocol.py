"""`harness protocol`: the evaluation protocol in words, or what changed between two."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.artefacts import write_text
from harness.artefacts.one_run import OneRun
from harness.artefacts.run_folder import RECORD, SWEEP
from harness.cli.run_argument import checked_run
from harness.config import compose_settings, load_settings
from harness.errors import ConfigError
from harness.settings import RunSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Own flags; the rest is runs or overrides."""
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("--config-dir", type=Path, help="your own config folder")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to sign as well")


def run(options: argparse.Namespace) -> int:
    """Print the document, or the difference."""
    words: list[str] = options.overrides
    if words[:1] == ["diff"]:
        if options.html:
            raise ConfigError("--html: shows one protocol, not a difference; leave it out")
        return _diff(words[1:])
    if len(words) == 1 and _is_run(words[0]):
        asked = _run_with_protocol(words[0])
        owner = asked.content["protocol"]["criteria"].get("owner", "")
        document = (asked.folder / "protocol.md").read_text("utf-8")
    else:
        from harness.report.protocol_document import protocol_document

        settings = compose_settings(words, config_dir=options.config_dir)
        owner, document = settings.criteria.owner, protocol_document(settings)
    if options.html:
        from harness.report.protocol_page import protocol_page

        write_text(options.html, protocol_page(document, owner))
        print(f"page: {options.html}", file=sys.stderr)
    print(document, end="")
    return 0


def _diff(words: Sequence[str]) -> int:
    if len(words) != 2:
        raise ConfigError(
            "protocol diff: expected two runs, or two quoted lists of overrides, "
            "such as: harness protocol diff last 'split.gap=3d'"
        )
    from harness.config.protocol_diff import protocol_changes

    changes = protocol_changes(_settings(words[0]), _settings(words[1]))
    print("\n".join(changes))
    return 0


def _settings(word: str) -> RunSettings:
    if not _is_run(word):
        return compose_settings(_words(word))
    content = _run_with_protocol(word).content
    parts = {**content["protocol"], **content["candidate"], "running": content["running"]}
    return load_settings(parts)


def _words(text: str) -> list[str]:
    """Overrides in one text, split as a shell does; quotes that do not close are text."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _run_with_protocol(run: str) -> OneRun:
    asked = checked_run(run)
    if "protocol" not in asked.content:
        raise ConfigError(f"{run}: that run failed before it had a protocol")
    return asked


def _is_run(word: str) -> bool:
    return word == "last" or any((Path(word) / name).is_file() for name in (RECORD, SWEEP))
