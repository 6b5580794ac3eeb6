"""Rounds: the loss of a boosted model while it is fitted, and a way to give it up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from harness.errors import GivenUpError

# Hears round and loss on held-back rows; true gives the candidate up.
OnRound = Callable[[int, float], bool]


@contextlib.contextmanager
def watched(model: Any, on_round: OnRound | None) -> Iterator[None]:
    """Let `on_round` follow an xgboost model through the fit inside the block.

    Models that tell nothing while they learn are fitted as ever.

    Raises:
        GivenUpError: If it asked for an end.
    """
    if on_round is None or not type(model).__module__.startswith("xgboost"):
        yield
        return
    from xgboost.callback import TrainingCallback

    hears, ended_at = on_round, list[int]()

    class Follow(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            held_back: dict[str, list[float]] = next(iter(evals_log.values()), {})
            losses = next(iter(held_back.values()), [])
            if losses and hears(epoch, float(losses[-1])):
                ended_at.append(epoch)
            return bool(ended_at)

    before = model.get_params().get("callbacks")
    model.set_params(callbacks=[*(before or []), Follow()])
    try:
        yield
    finally:
        model.set_params(callbacks=before)  # a callback is no part of a bundle
    if ended_at:
        raise GivenUpError(f"given up after round {ended_at[0] + 1}: it lagged behind the others")
