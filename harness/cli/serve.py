"""`harness serve`: a bundle over HTTP."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.numbers import PORT, number
from harness.cli.registry_options import add_registry_argument
from harness.cli.run_argument import bundle_folder
from harness.errors import ConfigError, RegistryError
from harness.settings.ranges import COUNT, POSITIVE

if TYPE_CHECKING:
    from harness.bundle import Bundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is served, where, and within which limits."""
    parser.add_argument("bundle", help="bundle folder, run folder, `last`, or models:/NAME@ALIAS")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    parser.add_argument("--port", type=number(PORT, int), default=8000)
    parser.add_argument(
        "--workers", type=number(COUNT, int), default=1, help="processes that answer"
    )
    parser.add_argument(
        "--api-key-file", metavar="FILE", help="file with the key; else HARNESS_API_KEY, else none"
    )
    parser.add_argument(
        "--max-rows", type=number(COUNT, int), default=10_000, help="most rows of one request"
    )
    parser.add_argument("--max-body-mb", type=number(POSITIVE), default=10, help="largest request")
    parser.add_argument(
        "--max-concurrent", type=number(COUNT, int), default=256, help="connections; more get a 503"
    )
    parser.add_argument("--log", type=Path, metavar="FOLDER", help="log requests as JSON lines")
    parser.add_argument("--log-values", action="store_true", help="log the rows themselves too")
    parser.add_argument(
        "--gauges", type=Path, metavar="FILE", help="file of `harness monitor --prometheus`"
    )
    parser.add_argument("--ssl-certfile", help="serve HTTPS with this certificate")
    parser.add_argument("--ssl-keyfile", help="its key")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="TYPE", help="a type to trust, by full name"
    )
    parser.add_argument(
        "--shadow", metavar="BUNDLE", help="scores along without answering; needs --log"
    )
    parser.add_argument(
        "--canary", metavar="SHARE", help="share of keys the challenger answers, such as 5%%"
    )
    parser.add_argument(
        "--challenger", metavar="BUNDLE", help="what answers them, such as models:/NAME@challenger"
    )
    parser.add_argument("--canary-key", metavar="COLUMN", help="who a row is about")
    parser.add_argument(
        "--canary-timeout",
        type=number(POSITIVE),
        default=2.0,
        metavar="SECONDS",
        help="how long a request waits for the challenger before the champion answers",
    )
    add_registry_argument(parser)
    parser.add_argument(
        "--dockerfile", action="store_true", help="print a Dockerfile for this bundle and stop"
    )


def run(options: argparse.Namespace) -> int:
    """Check the bundle, then serve it until told to stop."""
    place, manifest = _checked(options)
    if options.dockerfile:
        from harness.serving.container import dockerfile

        print(dockerfile(manifest), end="")
        return 0
    uvicorn = _uvicorn()

    from harness.serving.canary import parse_share
    from harness.serving.figures import MULTIPROCESS
    from harness.serving.options import ServeOptions
    from harness.serving.request import api_key

    serve = ServeOptions(
        bundle=place,
        registry=options.registry,
        shadow=_place(options.shadow),
        challenger=_place(options.challenger) if options.canary else None,
        canary_share=parse_share(options.canary) if options.canary else 0.0,
        canary_key=options.canary_key,
        canary_seconds=options.canary_timeout,
        trust=tuple(options.trust),
        max_body_bytes=int(1e6 * options.max_body_mb),
        max_rows=options.max_rows,
        key_file=options.api_key_file,
        log_folder=str(options.log.resolve()) if options.log else None,
        log_values=options.log_values,
        gauges_file=str(options.gauges.resolve()) if options.gauges else None,
    )
    api_key(serve)
    _check_place(options)
    serve.into_environment()
    with tempfile.TemporaryDirectory() as figures:
        if options.workers > 1:
            os.environ[MULTIPROCESS] = figures
        uvicorn.run(
            "harness.serving.app:create",
            factory=True,
            host=options.host,
            port=options.port,
            workers=options.workers,
            limit_concurrency=options.max_concurrent,
            timeout_graceful_shutdown=30,
            ssl_certfile=options.ssl_certfile,
            ssl_keyfile=options.ssl_keyfile,
            access_log=False,
            server_header=False,
            log_level="warning",
        )
    return 0


def _checked(options: argparse.Namespace) -> tuple[str, Mapping[str, Any]]:
    """What is served, and its manifest: refused here, not in a worker."""
    from harness.serving.place import place_of

    if options.canary and not (options.canary_key and options.challenger):
        raise ConfigError(
            "--canary needs --challenger BUNDLE, and --canary-key COLUMN: the same key gets the same answer"
        )
    if options.shadow and not options.log:
        raise ConfigError("--shadow needs --log FOLDER: a shadow that nobody can read is none")
    name = _place(options.bundle)
    assert name is not None
    place = place_of(name, options.registry, tuple(options.trust))
    place.seal()
    champion = place.load()
    challenger = options.challenger if options.canary else None
    for flag, other in (("--shadow", options.shadow), ("--challenger", challenger)):
        if other is not None:
            _check_inputs(flag, other, champion, options)
    return name, champion.manifest


def _check_inputs(flag: str, other: str, champion: Bundle, options: argparse.Namespace) -> None:
    """Refuse what needs other columns than clients send; what is not there yet may come later."""
    from harness.serving.challenger import other_inputs
    from harness.serving.place import place_of

    place = place_of(str(_place(other)), options.registry, tuple(options.trust))
    try:
        place.seal()
    except RegistryError as error:
        print(f"{flag} {other}: nothing is there yet ({error})", file=sys.stderr)
        return
    if needs := other_inputs(place.load().schema, champion.schema):
        raise ConfigError(f"{flag} {other} {needs}")


def _place(name: str | None) -> str | None:
    """A registered model as it is named; a bundle's folder in full."""
    if name is None or name.startswith("models:/"):
        return name
    return str(bundle_folder(name).resolve())


def _check_place(options: argparse.Namespace) -> None:
    """Refuse before the first worker starts what no worker could do."""
    for name in ("ssl_certfile", "ssl_keyfile"):
        path = getattr(options, name)
        if path is not None and not Path(path).is_file():
            raise ConfigError(f"--{name.replace('_', '-')} {path}: no file there")
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((options.host, options.port))
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"--host {options.host} --port {options.port}: cannot listen there "
                f"({getattr(error, 'strerror', None) or error}); choose another"
            ) from error


def _uvicorn() -> Any:
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"harness serve needs {error.name}, which is not installed: pip install 'harness[serve]'"
        ) from error
    return uvicorn
