"""Threshold: where a score becomes an alert, chosen on validation and nowhere else.

The textbook argmax of 2PR/(P+R) is undefined where P + R = 0, and its curve ends in a
point without a threshold; here every point of the curve is a score that occurred.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from harness.data.outcome_values import RowValues
from harness.errors import ConfigError, FitError
from harness.settings import (
    FixedThreshold,
    MaxF1Threshold,
    MaxFbetaThreshold,
    MaxValueThreshold,
    MinPrecisionThreshold,
    MinRecallThreshold,
    ThresholdPolicy,
    TopFractionThreshold,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdCurve:
    """What each possible threshold would have done, highest first, each (n_distinct,).

    Attributes:
        threshold: Distinct scores, falling; alert when score >= threshold.
        n_alerts: Rows alerted.
        n_right: Alerts that were positive.
        value: Worth of all rows, in the criteria's unit.
        n_rows: Rows behind the curve.
        n_positives: Positives behind the curve.
    """

    threshold: Floats
    n_alerts: Floats
    n_right: Floats
    value: Floats
    n_rows: int
    n_positives: int

    @property
    def precision(self) -> Floats:
        """Share of alerts that were right."""
        return self.n_right / self.n_alerts

    @property
    def recall(self) -> Floats:
        """Share of positives alerted."""
        return self.n_right / max(self.n_positives, 1)

    @property
    def alert_share(self) -> Floats:
        """Share of rows alerted."""
        return self.n_alerts / self.n_rows

    def f_beta(self, beta: float) -> Floats:
        """F-beta at each threshold; 0 where nothing was right."""
        weight = beta**2
        return (1 + weight) * self.n_right / (weight * self.n_positives + self.n_alerts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Threshold:
    """A chosen threshold.

    Attributes:
        value: Alert when score >= value.
        policy: The policy's kind.
        reason: One sentence on why this value.
        curve: What it was chosen from.
    """

    value: float
    policy: str
    reason: str
    curve: ThresholdCurve


def threshold_curve(score: Floats, label: NDArray[np.bool_], values: RowValues) -> ThresholdCurve:
    """The curve over validation rows.

    Args:
        score: Validation scores, shape (n_rows,).
        label: Validation labels, shape (n_rows,).
        values: Worth of alerting and of silence on each row.
    """
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(falling) != 0), len(score) - 1)
    gain = values.if_alert - values.if_silent
    return ThresholdCurve(
        threshold=falling[last_of_tie],
        n_alerts=(last_of_tie + 1).astype(np.float64),
        n_right=np.cumsum(label[order])[last_of_tie].astype(np.float64),
        value=values.if_silent.sum() + np.cumsum(gain[order])[last_of_tie],
        n_rows=len(score),
        n_positives=int(label.sum()),
    )


def choose_threshold(
    policy: ThresholdPolicy, score: Floats, label: NDArray[np.bool_], values: RowValues
) -> Threshold:
    """Choose a threshold on validation rows.

    Args:
        policy: One of the threshold settings.
        score: Validation scores, shape (n_rows,).
        label: Validation labels, shape (n_rows,).
        values: Worth of alerting and of silence on each row.

    Raises:
        FitError: If no threshold meets the policy, or the only ones alert on nobody or
            everybody and the policy does not allow that.
    """
    if not np.isfinite(score).all():
        raise FitError(
            "model: some validation scores are nan or infinite; no threshold can be chosen"
        )
    curve = threshold_curve(score, label, values)
    allowed = np.ones(len(curve.threshold), dtype=bool)
    if not policy.allow_degenerate:
        allowed = curve.n_alerts < curve.n_rows
        if not allowed.any():
            raise FitError(
                "threshold: every validation row has the same score, so any threshold alerts on "
                "all or none; mend the model, or set threshold.allow_degenerate=true"
            )
    value, reason = choose(policy, curve, allowed)
    return Threshold(
        value=value, policy=str(getattr(policy, "kind", "")), reason=reason, curve=curve
    )


@singledispatch
def choose(policy: object, curve: ThresholdCurve, allowed: NDArray[np.bool_]) -> tuple[float, str]:
    """A policy's choice among the allowed points: threshold and reason."""
    raise ConfigError(f"threshold: {type(policy).__name__} is no policy this harness knows")


@choose.register
def _(
    policy: FixedThreshold, curve: ThresholdCurve, allowed: NDArray[np.bool_]
) -> tuple[float, str]:
    n_alerts = float((curve.threshold >= policy.value).any()) and float(
        curve.n_alerts[curve.threshold >= policy.value][-1]
    )
    if not policy.allow_degenerate and n_alerts in (0, curve.n_rows):
        who = "nobody" if n_alerts == 0 else "everybody"
        raise FitError(
            f"threshold.value: {policy.value} alerts on {who} in validation (scores "
            f"{curve.threshold[-1]:.4g} .. {curve.threshold[0]:.4g}); choose a value between, "
            "or set threshold.allow_degenerate=true"
        )
    return policy.value, "set by hand"


@choose.register
def _(
    policy: MaxF1Threshold, curve: ThresholdCurve, allowed: NDArray[np.bool_]
) -> tuple[float, str]:
    return _best(curve, curve.f_beta(1.0), allowed, "highest F1 on validation")


@choose.register
def _(
    policy: MaxFbetaThreshold, curve: ThresholdCurve, allowed: NDArray[np.bool_]
) -> tuple[float, str]:
    if policy.beta <= 0:
        raise ConfigError(f"threshold.beta: {policy.beta} must be above 0")
    what = f"highest F-beta (beta {policy.beta:g}) on validation"
    return _best(curve, curve.f_beta(policy.beta), allowed, what)


@choose.register
def _(
    policy: MinPrecisionThreshold, curve: ThresholdCurve, allowed: NDArray[np.bool_]
) -> tuple[float, str]:
    meets = allowed & (curve.precision >= policy.precision)
    if not meets.any():
        raise FitError(
            f"threshold.precision: no threshold reaches {policy.precision} on validation "
            f"(best {curve.precision[allowed].max():.3f}); ask for less"
        )
    what = f"most recall with precision >= {policy.precision:g} on validation"
    return _best(curve, curve.recall, meets, what)


@choose.register
def _(
    policy: MinRecallThreshold, curve: ThresholdCurve, allowed: NDArray[np.bool_]
) -> tuple[float, str]:
    meets = allowed & (curve.recall >= policy.recall)
    if not meets.any():
        raise FitError(
            f"threshold.recall: no threshold short of alerting on everybody reaches {policy.recall} "
            f"on validation (best {curve.recall[allowed].max():.3f}); ask for less"
        )
    what = f"most precision with recall >= {policy.recall:g} on validation"
    return _best(curve, curve.precision, meets, what)


@choose.register
def _(
    policy: TopFractionThreshold, curve: ThresholdCurve, allowed: NDArray[np.bool_]
) -> tuple[float, str]:
    meets = allowed & (curve.alert_share <= policy.fraction)
    if not meets.any():
        raise FitError(
            f"threshold.fraction: the highest score alone alerts on {curve.alert_share[0]:.1%} of "
            f"validation, more than {policy.fraction:.1%}; ask for a larger fraction"
        )
    return _best(curve, curve.n_alerts, meets, f"top {policy.fraction:.1%} of validation rows")


@choose.register
def _(
    policy: MaxValueThreshold, curve: ThresholdCurve, allowed: NDArray[np.bool_]
) -> tuple[float, str]:
    meets = allowed & (curve.alert_share <= policy.max_alert_share)
    if not meets.any():
        raise FitError(
            f"threshold.max_alert_share: the highest score alone alerts on "
            f"{curve.alert_share[0]:.1%} of validation; allow more"
        )
    what = "highest value on validation"
    if policy.max_alert_share < 1:
        what += f" with at most {policy.max_alert_share:.1%} of rows alerted"
    return _best(curve, curve.value, meets, what)


def _best(
    curve: ThresholdCurve, goal: Floats, allowed: NDArray[np.bool_], what: str
) -> tuple[float, str]:
    """The allowed point with the highest goal; the first, so the fewest alerts, of equals."""
    index = int(np.flatnonzero(allowed)[np.argmax(goal[allowed])])
    return float(curve.threshold[index]), (
        f"{what}: precision {curve.precision[index]:.3f}, recall {curve.recall[index]:.3f}, "
        f"alerts on {curve.alert_share[index]:.1%}"
    )
