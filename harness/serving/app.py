"""App: the routes of a server, around one live bundle."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from harness.errors import BundleError
from harness.serving.canary import CONTROL, TREATMENT, Canary
from harness.serving.figures import Figures
from harness.serving.form import form_page
from harness.serving.live import LiveBundle, Loaded
from harness.serving.log import RequestLog
from harness.serving.options import ServeOptions
from harness.serving.place import place_of
from harness.serving.request import Asked, RequestError, api_key, check_key, read_rows
from harness.serving.shadow import COUNT_SECONDS, HAND_ON_SECONDS, Shadow

# Up to so many rows are scored at once where they arrive; more go to a thread.
_INLINE_ROWS = 32
_MOST_OF_A_REASON = 200


def create() -> FastAPI:
    """The app of a worker process, with the options its launcher left."""
    return build_app(ServeOptions.from_environment())


def build_app(options: ServeOptions, loaded: Loaded | None = None) -> FastAPI:
    """An app that serves a bundle.

    Args:
        options: How to serve.
        loaded: A bundle in memory, served as it is; None serves what stands in the folder.

    Raises:
        ConfigError: If the API key cannot be read.
    """
    server = _Server(options, loaded)
    app = FastAPI(
        title="harness",
        summary="Scores of a judged model",
        lifespan=server.lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_api_route("/score", server.score, methods=["POST"])
    app.add_api_route("/health", server.health, methods=["GET"])
    app.add_api_route("/ready", server.ready, methods=["GET"])
    app.add_api_route("/metadata", server.metadata, methods=["GET"])
    app.add_api_route("/metrics", server.metrics, methods=["GET"])
    app.add_api_route("/openapi.json", server.openapi, methods=["GET"])
    app.add_api_route("/", server.form, methods=["GET"])
    app.add_exception_handler(RequestError, server.refuse)
    app.state.live, app.state.challenger = server.live, server.challenger
    return app


class _Server:
    """What the routes share: the live bundle, its figures and its log."""

    def __init__(self, options: ServeOptions, loaded: Loaded | None) -> None:
        self.options = options
        self.key = api_key(options)
        self.live = LiveBundle(place_of(options.bundle, options.registry, options.trust))
        self.live.current = loaded
        self.challenger = (
            LiveBundle(place_of(options.challenger, options.registry, options.trust), self.live)
            if options.challenger and options.canary_key
            else None
        )
        self.canary = Canary(share=options.canary_share, key=options.canary_key or "")
        self.shadow: Shadow | None = None
        self._looks = loaded is None
        self.figures = Figures()
        self.log = (
            RequestLog(
                Path(options.log_folder),
                with_values=options.log_values,
                max_bytes=options.log_bytes,
                max_files=options.log_files,
            )
            if options.log_folder
            else None
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Load before the first request; keep looking for another bundle until the end."""
        if not self._looks:
            yield
            return
        lives = [live for live in (self.live, self.challenger) if live is not None]
        for live in lives:
            await asyncio.to_thread(live.look)
        if self.options.shadow is not None:
            self.shadow = Shadow(self.options)
        looking = [asyncio.create_task(_keep_looking(live)) for live in lives]
        if self.shadow is not None:
            looking.append(asyncio.create_task(_keep_handing_on(self.shadow)))
        yield
        for task in looking:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self.shadow is not None:
            await asyncio.to_thread(self.shadow.close)
        if self.log is not None:
            self.log.close()

    async def score(self, request: Request) -> Response:
        """Score one row or many."""
        start = time.perf_counter()
        check_key(self.key, request.headers)
        loaded = self._loaded()
        asked = read_rows(await self._body(request), self.options)
        if self.challenger is not None:
            return await self._score_apart(asked, loaded, start)
        scores = await self._scores(loaded, asked)
        alerts = [score >= loaded.bundle.threshold for score in scores]
        self._account(asked, scores, alerts, loaded, start)
        told = {"threshold": loaded.bundle.threshold, **_named(loaded)}
        if asked.is_single:
            return JSONResponse({"score": scores[0], "alert": alerts[0], **told})
        return JSONResponse({"scores": scores, "alerts": alerts, **told})

    async def _score_apart(self, asked: Asked, champion: Loaded, start: float) -> Response:
        """Score each row by the version its key belongs to."""
        assert self.challenger is not None
        challenger = self.challenger.current or champion
        variants = [self.canary.variant(row) for row in asked.rows]
        answers: list[dict[str, Any]] = [{} for _ in asked.rows]
        for variant, loaded in ((CONTROL, champion), (TREATMENT, challenger)):
            places = [i for i, each in enumerate(variants) if each == variant]
            if not places:
                continue
            rows = [asked.rows[i] for i in places]
            body = json.dumps(rows).encode() if self.shadow is not None else b""
            part = Asked(rows=rows, is_single=len(places) == 1, body=body)
            scores, answered, failure = await self._scores_or_champion(loaded, champion, part)
            alerts = [score >= answered.bundle.threshold for score in scores]
            # A row stays with the variant it was assigned to, whoever answered it: leaving out the
            # rows that the challenger could not score would flatter it.
            fallback = {"fallback": failure} if failure else {}
            keyed = [
                {"key": self.canary.name(row), "variant": variant, **fallback} for row in part.rows
            ]
            self._account(part, scores, alerts, answered, start, keyed)
            for i, score, alert in zip(places, scores, alerts, strict=True):
                answers[i] = {
                    "score": score,
                    "alert": alert,
                    "threshold": answered.bundle.threshold,
                    "variant": variant,
                    **({"fallback": True} if failure else {}),
                    **_named(answered),
                }
        return JSONResponse(answers[0] if asked.is_single else {"answers": answers})

    async def _scores_or_champion(
        self, asked_of: Loaded, champion: Loaded, asked: Asked
    ) -> tuple[list[float], Loaded, str]:
        """Scores, who gave them, and why the champion had to in the challenger's place.

        Raises:
            RequestError: If the champion cannot score the rows either.
        """
        if asked_of is champion:
            return await self._scores(champion, asked), champion, ""
        try:
            return await self._scores(asked_of, asked), asked_of, ""
        except Exception as error:  # noqa: BLE001  # a challenger's failure is not the client's
            failure = f"{_named(asked_of).get('model', asked_of.version)}: {error}"[
                :_MOST_OF_A_REASON
            ]
            scores = await self._scores(champion, asked)
            self.figures.fell_back(len(scores))
            return scores, champion, failure

    def _account(
        self,
        asked: Asked,
        scores: list[float],
        alerts: list[bool],
        loaded: Loaded,
        start: float,
        more: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Count, log, and hand on to the shadow what was answered."""
        took = time.perf_counter() - start
        self.figures.scored(len(scores), sum(alerts), took)
        if self.log is not None:
            self.log.write(
                asked.rows,
                scores,
                alerts,
                version=loaded.label or loaded.version,
                milliseconds=1000 * took,
                more=more,
            )
        if self.shadow is not None:
            self.shadow.offer(asked.body, scores, alerts)

    async def health(self) -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    async def ready(self) -> JSONResponse:
        """A bundle is loaded, whole, and scores as when it was written."""
        loaded = self.live.current
        if loaded is None:
            return JSONResponse({"status": "not ready", "problem": self.live.problem}, 503)
        told = {"status": "ready", **_named(loaded)}
        return JSONResponse(told | ({"problem": self.live.problem} if self.live.problem else {}))

    async def metadata(self) -> dict[str, Any]:
        """What answers: the manifest's facts and the input's schema."""
        loaded = self._loaded()
        manifest = loaded.bundle.manifest
        names = (
            "name",
            "decision",
            "model",
            "protocol_fingerprint",
            "candidate_fingerprint",
            "libraries",
        )
        return {
            **_named(loaded),
            "threshold": loaded.bundle.threshold,
            "columns": list(loaded.bundle.schema.columns),
            **{name: manifest[name] for name in names},
        }

    async def metrics(self) -> Response:
        """Figures in Prometheus' text format."""
        content, kind = self.figures.text()
        if self.options.gauges_file is not None:
            with contextlib.suppress(OSError):  # not written yet
                content += await asyncio.to_thread(Path(self.options.gauges_file).read_bytes)
        return Response(content, media_type=kind)

    async def openapi(self) -> dict[str, Any]:
        """The interface with the bundle's own schema and an example row."""
        from harness.serving.openapi import interface

        loaded = self._loaded()
        return interface(loaded.bundle.schema.json_schema(loaded.bundle.example), loaded.version)

    async def form(self) -> HTMLResponse:
        """A page to try one row by hand."""
        loaded = self._loaded()
        page, policy = form_page(loaded.bundle, loaded.version, needs_key=self.key is not None)
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    async def refuse(self, request: Request, error: Exception) -> JSONResponse:
        """A refused request, in one sentence."""
        assert isinstance(error, RequestError)
        self.figures.refused(error.status)
        if self.log is not None:
            self.log.refuse(error.status, str(error))
        return JSONResponse({"error": str(error)}, error.status)

    def _loaded(self) -> Loaded:
        if self.live.current is None:
            raise RequestError(503, f"no bundle is loaded ({self.live.problem})")
        return self.live.current

    async def _body(self, request: Request) -> bytes:
        most = self.options.max_body_bytes
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise RequestError(413, f"the body is longer than {most:,} bytes")
            parts.append(part)
        return b"".join(parts)

    async def _scores(self, loaded: Loaded, asked: Asked) -> list[float]:
        if len(asked.rows) <= _INLINE_ROWS:
            return _scores(loaded, asked)
        return await asyncio.to_thread(_scores, loaded, asked)


def _scores(loaded: Loaded, asked: Asked) -> list[float]:
    try:
        if asked.is_single:
            return [loaded.bundle.score_one(asked.rows[0])]
        return [float(score) for score in loaded.bundle.score(asked.rows)]
    except BundleError as error:
        raise RequestError(422, str(error)) from error


def _named(loaded: Loaded) -> dict[str, str]:
    """What answers, and what the registry calls it."""
    return {"version": loaded.version} | ({"model": loaded.label} if loaded.label else {})


async def _keep_looking(live: LiveBundle) -> None:
    while True:
        await asyncio.sleep(live.every_seconds)
        await asyncio.to_thread(live.look)


async def _keep_handing_on(shadow: Shadow) -> None:
    counted = time.monotonic()
    while True:
        await asyncio.sleep(HAND_ON_SECONDS)
        shadow.hand_on()
        if time.monotonic() - counted > COUNT_SECONDS:
            counted = time.monotonic()
            await asyncio.to_thread(shadow.write_counts)
