"""Challenger: another version beside the champion, which answers wherever it cannot.

Clients send the rows that the champion needs. A version that needs other columns is refused when
the server starts, and set aside when a switch brings it about later. One that fails, or takes too
long, costs its share of rows some time and nobody an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from harness.bundle import InputSchema
from harness.errors import BundleError
from harness.serving.live import LiveBundle, Loaded

# Threads of its own: a challenger that hangs must not take those of the champion.
_THREADS = 4
_MOST_OF_A_REASON = 200
_REMEDY = "train it on the champion's columns, or promote it first"


class Cause(StrEnum):
    """Why the champion answers rows of the challenger."""

    ABSENT = "absent"  # none is loaded
    INPUTS = "inputs"  # it needs what clients of the champion do not send
    REFUSED = "refused"  # it refuses rows that the champion takes
    FAILED = "failed"  # it breaks
    TIMEOUT = "timeout"  # it takes too long
    BUSY = "busy"  # earlier rows still hold all of its threads


class CannotAnswerError(Exception):
    """The challenger has no scores for these rows.

    Attributes:
        cause: Which kind of reason.
    """

    def __init__(self, cause: Cause, sentence: str) -> None:
        super().__init__(sentence[:_MOST_OF_A_REASON])
        self.cause = cause


def other_inputs(version: InputSchema, champion: InputSchema) -> str | None:
    """What a version needs that clients of the champion do not send, after the version's name.

    Returns:
        The sentence; None where it can score the champion's rows.

    Example:
        >>> champion = InputSchema(numeric=("age",), categorical=("plan",))
        >>> other_inputs(InputSchema(numeric=("age", "income"), categorical=()), champion)
        "needs income, which the champion does not and clients may not send; train it on the \
champion's columns, or promote it first"
        >>> other_inputs(InputSchema(numeric=("plan",), categorical=()), champion)
        "needs numbers in plan, where the champion takes categories; train it on the champion's \
columns, or promote it first"
    """
    known = {*champion.columns}
    if missing := [name for name in version.columns if name not in known]:
        names = ", ".join(missing[:20]) + (f" and {len(missing) - 20} more" * (len(missing) > 20))
        return f"needs {names}, which the champion does not and clients may not send; {_REMEDY}"
    texts = {*champion.categorical}
    if numbers := [name for name in version.numeric if name in texts]:
        names = ", ".join(numbers[:20])
        return f"needs numbers in {names}, where the champion takes categories; {_REMEDY}"
    return None


class Challenger:
    """Scores the canary's share, or says why it cannot.

    Args:
        live: The version, and the place where it stands.
        seconds: How long a request may wait for it.
    """

    def __init__(self, live: LiveBundle, seconds: float) -> None:
        self.live = live
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="challenger")
        self._n_late = 0
        self._fit: tuple[tuple[str, str], str | None] = (("", ""), None)

    def problem(self, champion: Loaded) -> tuple[Cause, str] | None:
        """Why it answers nothing at present; None where it may."""
        loaded = self.live.current
        if loaded is None:
            return Cause.ABSENT, f"no challenger is loaded ({self.live.problem})"
        pair = (loaded.version, champion.version)
        if self._fit[0] != pair:
            needs = other_inputs(loaded.bundle.schema, champion.bundle.schema)
            self._fit = (pair, f"{loaded.name} {needs}" if needs else None)
        sentence = self._fit[1]
        return (Cause.INPUTS, sentence) if sentence else None

    async def scores(
        self, champion: Loaded, rows: Sequence[Mapping[str, Any]], *, is_single: bool
    ) -> tuple[Loaded, list[float]]:
        """The version that scored some rows, and their scores.

        Raises:
            CannotAnswerError: If it did not, or not in time.
        """
        if (problem := self.problem(champion)) is not None:
            raise CannotAnswerError(*problem)
        loaded = self.live.current
        assert loaded is not None
        if self._n_late >= _THREADS:
            raise CannotAnswerError(Cause.BUSY, f"{loaded.name}: earlier rows still hold it up")
        work = self._pool.submit(loaded.scores, rows, is_single=is_single)
        try:
            return loaded, await asyncio.wait_for(asyncio.wrap_future(work), self._seconds)
        except TimeoutError as error:
            self._watch(work)
            raise CannotAnswerError(
                Cause.TIMEOUT, f"{loaded.name}: no answer within {self._seconds:g} s"
            ) from error
        except BundleError as error:
            raise CannotAnswerError(Cause.REFUSED, f"{loaded.name}: {error}") from error
        except Exception as error:
            what = str(error) or type(error).__name__
            raise CannotAnswerError(Cause.FAILED, f"{loaded.name}: {what}") from error

    def close(self) -> None:
        """Let no further row begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _watch(self, work: Future[list[float]]) -> None:
        """Count a thread as held up until its rows are done; rows that had not begun hold none."""
        if not work.running():
            return
        self._n_late += 1
        loop = asyncio.get_running_loop()

        def free(_: Future[list[float]]) -> None:
            with contextlib.suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(self._free)

        work.add_done_callback(free)

    def _free(self) -> None:
        self._n_late -= 1
