"""After training: does the model hold from training through validation to test?"""

from __future__ import annotations

from harness.audit.finding import NOTE, WARN, Finding

# Drops of ROC-AUC beyond this are more than the calendar usually explains.
_COLLAPSE = 0.15


def check_collapse(train_auc: float, validation_auc: float, test_auc: float) -> list[Finding]:
    """L09: performance that falls steeply once the training window is left."""
    drop = validation_auc - test_auc
    is_collapse = drop >= _COLLAPSE or train_auc - validation_auc >= 2 * _COLLAPSE
    return [
        Finding(
            check="L09",
            title="collapse outside training",
            severity=WARN if is_collapse else NOTE,
            columns=(),
            sentence=f"ROC-AUC goes from {train_auc:.3f} in training to {validation_auc:.3f} in "
            f"validation and {test_auc:.3f} in test.",
            evidence={
                "train_auc": round(train_auc, 4),
                "validation_auc": round(validation_auc, 4),
                "test_auc": round(test_auc, 4),
            },
            advice="Look for columns that exist only in the past, or for a change of the world "
            "between the windows."
            if is_collapse
            else "Nothing to do.",
        )
    ]
