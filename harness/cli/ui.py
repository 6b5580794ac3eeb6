"""`harness ui`: one page on the registry; promote and rollback by button."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from harness.artefacts.key_file import read_key
from harness.cli.numbers import PORT, number
from harness.cli.registry_options import add_registry_argument
from harness.errors import ConfigError

KEY_VARIABLE = "HARNESS_ADMIN_KEY"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the page is served, and what it shows besides the registry."""
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    parser.add_argument("--port", type=number(PORT, int), default=8001)
    parser.add_argument(
        "--admin-key-file", type=Path, metavar="FILE", help="key of promote and rollback; else "
        f"{KEY_VARIABLE}, else no buttons",
    )  # fmt: skip
    parser.add_argument("--log", type=Path, help="folder of `harness serve --shadow ... --log`")
    parser.add_argument("--state", type=Path, help="folder of `harness monitor --state`")
    add_registry_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Serve the page until told to stop."""
    key = _key(options.admin_key_file)
    try:
        import uvicorn

        from harness.console.app import ConsoleOptions, build_console
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"harness ui needs {error.name}, which is not installed: pip install 'harness[serve]'"
        ) from error
    from harness.registry import registry_uri

    shown = ConsoleOptions(
        registry=registry_uri(options.registry), admin_key=key, log=options.log, state=options.state
    )
    app = build_console(shown)
    print(f"http://{options.host}:{options.port}/", flush=True)
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    return 0


def _key(file: Path | None) -> str | None:
    """The admin's key, which must not be the one of scoring."""
    from harness.serving.options import KEY_VARIABLE as SCORING

    key = read_key("--admin-key-file", file, KEY_VARIABLE)
    if key is not None and key == os.environ.get(SCORING):
        raise ConfigError(
            f"{KEY_VARIABLE}: is the key of scoring ({SCORING}) as well; choose another"
        )
    return key
