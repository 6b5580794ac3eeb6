"""The candidate half of a config: what a run or a sweep varies.

Models and preprocessing are open (`_target_` plus that target's own parameters), so
they have no dataclass here; config/check.py holds them against the target's signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(kw_only=True)
class NoWeighting:
    """Every training row counts once."""

    kind: str = "none"


@dataclass(kw_only=True)
class BalancedWeighting:
    """Both classes weigh the same in training."""

    kind: str = "balanced"


@dataclass(kw_only=True)
class RatioWeighting:
    """A positive row weighs more, or less, than a negative one.

    Attributes:
        positive_weight: How many negative rows a positive one weighs.
    """

    kind: str = "ratio"
    positive_weight: float = 1.0


@dataclass(kw_only=True)
class NoCalibration:
    """Scores are used as the model gives them."""

    kind: str = "none"


@dataclass(kw_only=True)
class SigmoidCalibration:
    """Platt scaling, fitted without weights on the held-back end of training."""

    kind: str = "sigmoid"


@dataclass(kw_only=True)
class IsotonicCalibration:
    """Isotonic regression, fitted without weights on the held-back end of training."""

    kind: str = "isotonic"


@dataclass(kw_only=True)
class ThresholdPolicy:
    """What every policy has.

    Attributes:
        allow_degenerate: Accept a threshold that alerts on nobody or on everybody.
    """

    allow_degenerate: bool = False


@dataclass(kw_only=True)
class FixedThreshold(ThresholdPolicy):
    """Alert from a score on that the config says.

    Attributes:
        value: The score; alerts are at or above it.
    """

    kind: str = "fixed"
    value: float = 0.5


@dataclass(kw_only=True)
class MaxF1Threshold(ThresholdPolicy):
    """The threshold with the highest F1 on validation."""

    kind: str = "max_f1"


@dataclass(kw_only=True)
class MaxFbetaThreshold(ThresholdPolicy):
    """The threshold with the highest F-beta.

    Attributes:
        beta: Weight of recall against precision; above 1 favours recall.
    """

    kind: str = "max_fbeta"
    beta: float = 2.0


@dataclass(kw_only=True)
class MinPrecisionThreshold(ThresholdPolicy):
    """The most recall at a precision that is kept.

    Attributes:
        precision: Least precision on validation.
    """

    kind: str = "min_precision"
    precision: float = 0.5


@dataclass(kw_only=True)
class MinRecallThreshold(ThresholdPolicy):
    """The most precision at a recall that is kept.

    Attributes:
        recall: Least recall on validation.
    """

    kind: str = "min_recall"
    recall: float = 0.5


@dataclass(kw_only=True)
class TopFractionThreshold(ThresholdPolicy):
    """Alert on a fixed share of rows, the highest scores first.

    Attributes:
        fraction: Share of rows alerted.
    """

    kind: str = "top_fraction"
    fraction: float = 0.1


@dataclass(kw_only=True)
class MaxValueThreshold(ThresholdPolicy):
    """The threshold worth most on validation, by the criteria's outcome values.

    Attributes:
        max_alert_share: Upper limit on the share of rows alerted; 1 is no limit.
    """

    kind: str = "max_value"
    max_alert_share: float = 1.0


@dataclass(kw_only=True)
class CandidateSettings:
    """Everything about a candidate; field order is the order of the work."""

    preprocess: dict[str, Any]
    model: dict[str, Any]
    weighting: Any
    calibration: Any
    threshold: Any
    held_back_share: float
    seed: int
