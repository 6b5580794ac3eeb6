"""App: the routes of a server, around one live bundle."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.requests import ClientDisconnect

from harness.errors import BundleError, HarnessError
from harness.serving.canary import TREATMENT, Canary
from harness.serving.challenger import CannotAnswerError, Challenger
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

_log = logging.getLogger("harness.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Rows that one version answered.

    Attributes:
        loaded: The version.
        scores: Of each row.
        seconds: What its scoring took; an attempt of another version is not in it.
        failure: Why the champion answered rows of the challenger; None otherwise.
    """

    loaded: Loaded
    scores: list[float]
    seconds: float
    failure: CannotAnswerError | None = None


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
    app.add_exception_handler(Exception, server.break_down)
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
            Challenger(
                LiveBundle(place_of(options.challenger, options.registry, options.trust)),
                options.canary_seconds,
            )
            if options.challenger and options.canary_key
            else None
        )
        self.canary = Canary(share=options.canary_share, key=options.canary_key or "")
        self.shadow: Shadow | None = None
        self._looks = loaded is None
        self._told: dict[str, str] = {}
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
        lives = [self.live, *([self.challenger.live] if self.challenger is not None else [])]
        for live in lives:
            await asyncio.to_thread(live.look)
        if self.options.shadow is not None:
            self.shadow = Shadow(self.options, self.figures.shadowed)
        self._say_problems()
        looking = [asyncio.create_task(self._keep_looking(live)) for live in lives]
        if self.shadow is not None:
            looking.append(asyncio.create_task(self._keep_handing_on(self.shadow)))
        yield
        for task in looking:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self.challenger is not None:
            self.challenger.close()
        if self.shadow is not None:
            await asyncio.to_thread(self.shadow.close)
        if self.log is not None:
            self.log.close()
        sys.stderr.write(f"harness serve: {self.figures.summary()}\n")

    async def score(self, request: Request) -> Response:
        """Score one row or many."""
        start = time.perf_counter()
        check_key(self.key, request.headers)
        loaded = self._loaded()
        asked = read_rows(await self._body(request), self.options)
        if self.challenger is not None:
            return await self._score_apart(asked, loaded, start)
        scores = await self._scores(loaded, asked)
        alerts = loaded.alerts(scores)
        self._account(asked, scores, alerts, loaded, start)
        told = {"threshold": loaded.bundle.threshold, **_named(loaded)}
        if asked.is_single:
            return JSONResponse({"score": scores[0], "alert": alerts[0], **told})
        return JSONResponse({"scores": scores, "alerts": alerts, **told})

    async def _score_apart(self, asked: Asked, champion: Loaded, start: float) -> Response:
        """Score each row by the version its key belongs to; all of them, or none is counted."""
        names = [self.canary.name(row) for row in asked.rows]
        variants = [self.canary.variant_of(name) for name in names]
        reading = time.perf_counter() - start
        parts: dict[str, _Part] = {}
        scores = [0.0] * len(variants)
        for variant in dict.fromkeys(variants):
            places = [i for i, each in enumerate(variants) if each == variant]
            own = Asked(rows=[asked.rows[i] for i in places], is_single=len(places) == 1, body=b"")
            try:
                parts[variant] = await self._answered(variant, champion, own)
            except RequestError:
                await self._scores(champion, asked)  # refused alike, by the row's own number
                raise
            for i, score in zip(places, parts[variant].scores, strict=True):
                scores[i] = score
        alerts = [
            parts[variant].loaded.alerts([score])[0]
            for variant, score in zip(variants, scores, strict=True)
        ]
        answers, entries = [], []
        for name, variant, score, alert in zip(names, variants, scores, alerts, strict=True):
            part = parts[variant]
            is_fallback = part.failure is not None
            answers.append(
                {"score": score, "alert": alert, "threshold": part.loaded.bundle.threshold}
                | {"variant": variant, **_named(part.loaded)}
                | ({"fallback": True} if is_fallback else {})
            )
            # A row stays with the variant it was assigned to, whoever answered it: leaving out the
            # rows that the challenger could not score would flatter it.
            entries.append(
                {"version": part.loaded.name, "ms": round(1000 * (reading + part.seconds), 3)}
                | {"key": name, "variant": variant}
                | ({"fallback": str(part.failure)} if is_fallback else {})
            )
        for variant, part in parts.items():
            self.figures.assigned(variant, len(part.scores))
            if part.failure is not None:
                self.figures.fell_back(part.failure.cause, str(part.failure), len(part.scores))
        if nameless := names.count(None):
            self.figures.nameless(nameless)
        self._account(asked, scores, alerts, champion, start, entries)
        return JSONResponse(answers[0] if asked.is_single else {"answers": answers})

    async def _answered(self, variant: str, champion: Loaded, asked: Asked) -> _Part:
        """Rows scored by the version of a variant; by the champion where the challenger cannot.

        Raises:
            RequestError: If the champion cannot score them either.
        """
        start = time.perf_counter()
        failure: CannotAnswerError | None = None
        if variant == TREATMENT:
            assert self.challenger is not None
            try:
                loaded, scores = await self.challenger.scores(
                    champion, asked.rows, is_single=asked.is_single
                )
                return _Part(loaded=loaded, scores=scores, seconds=time.perf_counter() - start)
            except CannotAnswerError as error:
                failure, start = error, time.perf_counter()
        scores = await self._scores(champion, asked)
        seconds = time.perf_counter() - start
        return _Part(loaded=champion, scores=scores, seconds=seconds, failure=failure)

    def _account(
        self,
        asked: Asked,
        scores: list[float],
        alerts: list[bool],
        loaded: Loaded,
        start: float,
        more: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Count, log, and hand on to the shadow what was answered; none of it costs the answer."""
        took = time.perf_counter() - start
        self.figures.scored(len(scores), sum(alerts), took)
        if self.log is not None:
            try:
                self.log.write(
                    asked.rows,
                    scores,
                    alerts,
                    version=loaded.name,
                    milliseconds=1000 * took,
                    more=more,
                )
            except OSError as error:  # the disk is full
                self.figures.unlogged(len(scores))
                self._say("log", f"requests cannot be logged ({error.strerror or error})")
            else:
                self._say("log", "")
        if self.shadow is not None:
            self.shadow.offer(asked.body, scores, alerts, loaded)

    def _problems(self) -> dict[str, str]:
        """Why a canary or a shadow does nothing at present."""
        champion, problems = self.live.current, {}
        if champion is None:
            return {}
        if self.challenger is not None and (why := self.challenger.problem(champion)) is not None:
            problems["canary"] = f"the champion answers for the challenger: {why[1]}"
        if self.shadow is not None and (sentence := self.shadow.problem(champion)):
            problems["shadow"] = f"the shadow gets no rows: {sentence}"
        return problems

    def _say_problems(self) -> None:
        """Warn once of what a switch or a start brought about, and once when it is over."""
        problems = self._problems()
        for what in ("canary", "shadow"):
            self._say(what, problems.get(what, ""))

    def _say(self, what: str, problem: str) -> None:
        if self._told.get(what, "") != problem:
            self._told[what] = problem
            _log.warning("%s: %s", what, problem or "as it should be again")

    async def _keep_looking(self, live: LiveBundle) -> None:
        while True:
            await asyncio.sleep(live.every_seconds)
            await asyncio.to_thread(live.look)
            self._say_problems()

    async def _keep_handing_on(self, shadow: Shadow) -> None:
        counted = time.monotonic()
        while True:
            await asyncio.sleep(HAND_ON_SECONDS)
            shadow.hand_on()
            if time.monotonic() - counted > COUNT_SECONDS:
                counted = time.monotonic()
                with contextlib.suppress(HarnessError):  # the disk is full; it may not stay so
                    await asyncio.to_thread(shadow.write_counts)
                await asyncio.to_thread(shadow.read_status)
                self._say_problems()

    async def health(self) -> dict[str, str]:
        """The process answers, and what does nothing beside it."""
        return {"status": "ok", **self._problems()}

    async def ready(self) -> JSONResponse:
        """A bundle is loaded, whole, and scores as when it was written."""
        loaded = self.live.current
        if loaded is None:
            return JSONResponse({"status": "not ready", "problem": self.live.problem}, 503)
        told = {"status": "ready", **_named(loaded), **self._problems()}
        if self._told.get("log"):
            told["log"] = self._told["log"]
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
        row = loaded.bundle.schema.json_schema(loaded.bundle.example)
        return interface(row, loaded.version, is_canary=self.challenger is not None)

    async def form(self) -> HTMLResponse:
        """A page to try one row by hand."""
        loaded = self._loaded()
        page, policy = form_page(loaded.bundle, loaded.version, needs_key=self.key is not None)
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    async def refuse(self, request: Request, error: Exception) -> JSONResponse:
        """A refused request, in one sentence."""
        assert isinstance(error, RequestError)
        return self._refused(error.status, str(error))

    async def break_down(self, request: Request, error: Exception) -> JSONResponse:
        """What no request should cause: counted and logged, so that a guard sees it."""
        return self._refused(500, f"the server failed ({type(error).__name__}); its log says more")

    def _refused(self, status: int, sentence: str) -> JSONResponse:
        self.figures.refused(status)
        if self.log is not None:
            with contextlib.suppress(OSError):  # the disk is full
                self.log.refuse(status, sentence)
        return JSONResponse({"error": sentence}, status)

    def _loaded(self) -> Loaded:
        if self.live.current is None:
            raise RequestError(503, f"no bundle is loaded ({self.live.problem})")
        return self.live.current

    async def _body(self, request: Request) -> bytes:
        most = self.options.max_body_bytes
        parts, size = [], 0
        try:
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise RequestError(413, f"the body is longer than {most:,} bytes")
                parts.append(part)
        except ClientDisconnect as error:
            raise RequestError(400, "the client left before its body had come") from error
        return b"".join(parts)

    async def _scores(self, loaded: Loaded, asked: Asked) -> list[float]:
        try:
            if len(asked.rows) <= _INLINE_ROWS:
                return loaded.scores(asked.rows, is_single=asked.is_single)
            return await asyncio.to_thread(loaded.scores, asked.rows, is_single=asked.is_single)
        except BundleError as error:
            raise RequestError(422, str(error)) from error


def _named(loaded: Loaded) -> dict[str, str]:
    """What answers, and what the registry calls it."""
    return {"version": loaded.version} | ({"model": loaded.label} if loaded.label else {})
