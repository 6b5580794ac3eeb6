"""Worded: what an estimator raises, as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import FitError, HarnessError


@contextmanager
def worded(what: str) -> Iterator[None]:
    """Word the errors of other people's code, which may raise anything.

    Args:
        what: The config group to blame and what was fitted, such as `model: XGBClassifier`.

    Raises:
        FitError: With the first line of what was raised.
    """
    try:
        yield
    except HarnessError:
        raise
    except MemoryError as error:
        raise FitError(
            "model: not enough memory to fit; use fewer rows or a smaller model"
        ) from error
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        hint = "; use preprocess=linear, which fills nulls" if "NaN" in str(error) else ""
        raise FitError(f"{what} could not be fitted ({first}){hint}") from error
