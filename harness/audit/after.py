"""After training: does the model hold outside training, and is it better than can be?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.audit.alone import column_powers
from harness.audit.finding import NOTE, WARN, Finding
from harness.audit.view import View
from harness.evidence.auc import plain_auc
from harness.settings import AuditSettings

Floats = NDArray[np.float64]

# Drops of ROC-AUC beyond this are more than the calendar usually explains.
_COLLAPSE = 0.15
_N_PERIODS = 6
_PERIOD_ROWS = 30
# The population is called changed where a small model tells its rows apart this well.
_CHANGED = 0.75


def check_collapse(
    train_auc: float,
    validation_auc: float,
    test_auc: float,
    periods: Sequence[float] = (),
    population_auc: float | None = None,
) -> list[Finding]:
    """L09: performance that falls steeply once the training window is left, or within the test.

    Args:
        train_auc: ROC-AUC in training.
        validation_auc: ... on validation.
        test_auc: ... on test.
        periods: ... in successive parts of the test window; nan where it cannot be told.
        population_auc: How well test rows are told from training rows, where known.
    """
    drop = validation_auc - test_auc
    known = [auc for auc in periods if np.isfinite(auc)]
    within = max(known) - min(known) if len(known) > 1 else 0.0
    falls = len(known) > 1 and within >= 2 * _COLLAPSE and known[-1] == min(known)
    is_collapse = drop >= _COLLAPSE or train_auc - validation_auc >= 2 * _COLLAPSE or falls
    sentence = (
        f"ROC-AUC goes from {train_auc:.3f} in training to {validation_auc:.3f} in "
        f"validation and {test_auc:.3f} in test."
    )
    if falls:
        sentence += f" Within the test window it falls from {max(known):.3f} to {known[-1]:.3f}."
    if is_collapse and population_auc is not None:
        sentence += (
            " The population changed as well, which may explain it (drift)."
            if population_auc >= _CHANGED
            else " The population is nearly the same, so other rows do not explain it: look for what "
            "exists only in the past (a leak, or memorised rows)."
        )
    evidence: dict[str, float | int | str] = {
        "train_auc": round(train_auc, 4),
        "validation_auc": round(validation_auc, 4),
        "test_auc": round(test_auc, 4),
    }
    if len(known) > 1:
        evidence |= {
            "best_period_auc": round(max(known), 4),
            "last_period_auc": round(known[-1], 4),
        }
    return [
        Finding(
            check="L09",
            title="collapse outside training",
            severity=WARN if is_collapse else NOTE,
            columns=(),
            sentence=sentence,
            evidence=evidence,
            advice="Look for columns that exist only in the past, or for a change of the world "
            "between the windows."
            if is_collapse
            else "Nothing to do.",
        )
    ]


def period_aucs(label: NDArray[np.bool_], score: Floats) -> list[float]:
    """ROC-AUC in successive parts of a window whose rows are in time order; nan for few rows."""
    parts = np.array_split(np.arange(len(label)), _N_PERIODS)
    return [
        plain_auc(label[part], score[part])
        if min(int(label[part].sum()), int((~label[part]).sum())) >= _PERIOD_ROWS
        else float("nan")
        for part in parts
    ]


def check_too_good(view: View, validation_auc: float, settings: AuditSettings) -> list[Finding]:
    """L10: a model nearly without error, far better than each of its columns."""
    if validation_auc < settings.model_warn_auc or not view.has_power:
        return []
    powers = column_powers(view)
    best = powers[0] if powers else None
    alone = best.auc if best else 0.5
    return [
        Finding(
            check="L10",
            title="model too good",
            severity=WARN,
            columns=(best.column,) if best else (),
            sentence=f"The model ranks validation with an AUC of {validation_auc:.3f}; its best single "
            f"column{f', {best.column},' if best else ''} reaches {alone:.3f}.",
            evidence={"auc": round(validation_auc, 4), "best_alone": round(alone, 4)},
            advice="Few real problems are this easy; look through the columns for one that is written "
            "after the outcome.",
        )
    ]
