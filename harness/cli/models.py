"""`harness models`: what is registered, and which versions are live."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from harness.artefacts import SCHEMA_VERSION, to_json
from harness.cli.output import Table, add_format_argument, print_table
from harness.cli.registry_options import add_registry_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One model, or all."""
    parser.add_argument("name", nargs="?", help="default: all models")
    add_registry_argument(parser)
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print versions with their aliases."""
    from harness.registry import Registry, versions_of
    from harness.registry.versions import model_names, require_model

    registry = Registry(options.registry)
    if options.name:
        require_model(registry, options.name)
    names = [options.name] if options.name else model_names(registry)
    told = []
    for name in names:
        by_version: dict[str, list[str]] = {}
        versions = versions_of(registry, name)
        if versions:
            for alias, version in registry.aliases(name).items():
                by_version.setdefault(version, []).append(alias)
        told += [(version, sorted(by_version.get(version.version, []))) for version in versions]
    if options.format == "json":
        models = [{**asdict(version), "aliases": aliases} for version, aliases in told]
        print(to_json({"schema_version": SCHEMA_VERSION, "versions": models}), end="")
        return 0
    rows = [
        (
            v.name,
            v.version,
            ", ".join(aliases),
            v.decision,
            v.model.rpartition(".")[2],
            v.at[:10],
            v.by,
        )
        for v, aliases in told
    ]
    columns = ("model", "version", "alias", "decision", "class", "registered", "by")
    print_table(Table(columns=columns, rows=rows, right=frozenset({"version"})), options.format)
    return 0
