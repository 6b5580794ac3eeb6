"""App: the registry's page and its two moves, behind a key of their own."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse

from harness.artefacts.figure import figure
from harness.artefacts.templates import template
from harness.errors import DataError, HarnessError
from harness.monitor.state import SeenWindow, read_state
from harness.registry import Registry, promote, reconcile, rollback, versions_of
from harness.registry.journal import read_moves
from harness.registry.names import check_name
from harness.registry.versions import model_names
from harness.watch.shadow_report import ShadowReport, read_shadow

_MOST_BODY_BYTES = 10_000
_MOST_WINDOWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """What the page shows.

    Attributes:
        registry: URI of the registry.
        admin_key: Key that promote and rollback ask for; None shows no buttons.
        log: Folder of `harness serve --shadow ... --log`; None shows no shadow.
        state: Folder of `harness monitor --state`; None shows no drift.
    """

    registry: str
    admin_key: str | None = None
    log: Path | None = None
    state: Path | None = None


def build_console(options: ConsoleOptions) -> FastAPI:
    """The app of `harness ui`.

    Args:
        options: What it shows, and the key of its moves.

    Raises:
        RegistryError: If the registry cannot be opened.
    """
    registry = Registry(options.registry)
    lock = asyncio.Lock()
    app = FastAPI(title="harness", docs_url=None, redoc_url=None, openapi_url=None)

    async def page() -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        async with lock:
            models = await asyncio.to_thread(_models, registry, options)
        shown = template("console", "registry.html.j2").render(
            models=models, nonce=nonce, has_key=options.admin_key is not None, uri=registry.shown,
            figure=figure,
        )  # fmt: skip
        policy = (
            f"default-src 'none'; connect-src 'self'; style-src 'nonce-{nonce}'; "
            f"script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        return HTMLResponse(shown, headers={"Content-Security-Policy": policy})

    async def move(request: Request) -> JSONResponse:
        refused = _refused(request, options.admin_key)
        if refused is not None:
            return refused
        try:
            asked = await _asked(request)
            async with lock:
                told = await asyncio.to_thread(
                    _move, registry, request.path_params["name"], request.url.path, asked
                )
        except HarnessError as error:
            return JSONResponse({"error": str(error)}, 409)
        except ValueError as error:
            return JSONResponse({"error": f"the body is no JSON object ({error})"}, 400)
        return JSONResponse(told)

    app.add_api_route("/", page, methods=["GET"])
    app.add_api_route("/models/{name}/promote", move, methods=["POST"])
    app.add_api_route("/models/{name}/rollback", move, methods=["POST"])
    app.add_exception_handler(HarnessError, _away)
    return app


async def _away(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 503)


def _refused(request: Request, key: str | None) -> JSONResponse | None:
    """Why a move is refused before it is looked at; None where it is not."""
    if key is None:
        return JSONResponse({"error": "no admin key is configured, so nothing moves here"}, 403)
    sent = request.headers.get("x-api-key", "")
    if not hmac.compare_digest(sent.encode(), key.encode()):
        return JSONResponse({"error": "send the admin key as X-API-Key"}, 401)
    # A page of another site could only send the key if it knew it; it is not let try.
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none"):
        return JSONResponse({"error": "requests from other sites are refused"}, 403)
    if not request.headers.get("content-type", "").startswith("application/json"):
        return JSONResponse({"error": "send JSON"}, 415)
    return None


async def _asked(request: Request) -> dict[str, Any]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BODY_BYTES:
            raise ValueError("too long")
    asked = json.loads(body or b"{}")
    if not isinstance(asked, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - of the content, worded as such
    return asked


def _move(registry: Registry, name: str, path: str, asked: dict[str, Any]) -> dict[str, Any]:
    check_name(name)
    reason = str(asked.get("reason", ""))
    if path.endswith("/promote"):
        version = str(asked.get("version", ""))
        force = asked.get("force") is True
        moved = promote(registry, name, version, force=force, reason=reason)
    else:
        leaving = asked.get("from")
        moved = rollback(
            registry, name, leaving=None if leaving is None else str(leaving), reason=reason
        )
    return {"live": moved.version, "before": moved.before, "moved": moved.is_new}


def _models(registry: Registry, options: ConsoleOptions) -> list[dict[str, Any]]:
    """Everything the page shows, model by model."""
    shown = []
    shadow = _shadow(options.log)
    for name in model_names(registry):
        versions = versions_of(registry, name)
        if not versions:
            continue
        standing = reconcile(registry, name)
        aliases: dict[str, list[str]] = {}
        for alias, version in sorted(registry.aliases(name).items()):
            aliases.setdefault(version, []).append(alias)
        moves = read_moves(registry, name)
        counted = {move.number for move in standing.moves}
        drift: list[SeenWindow] = []
        live = next((v for v in versions if v.version == standing.champion), None)
        if options.state is not None and live is not None:
            drift, _ = read_state(options.state, live.candidate_fingerprint)
        ours = shadow if shadow and any(v.startswith(f"{name}/") for v in shadow.versions) else None
        shown.append(
            {
                "name": name,
                "versions": list(reversed(versions)),
                "aliases": aliases,
                "champion": standing.champion,
                "previous": standing.previous,
                "moves": [(move, move.number in counted) for move in reversed(moves)],
                "drift": drift[-_MOST_WINDOWS:],
                "shadow": ours,
            }
        )
    return shown


def _shadow(log: Path | None) -> ShadowReport | None:
    if log is None:
        return None
    try:
        return read_shadow(log)
    except DataError:  # no shadow yet
        return None
