"""Figures: means, ratios and proportions of two variants, through tea-tasting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from harness.abtest.bounds import Looks, Spread, independent_difference
from harness.abtest.metric import LogMetric
from harness.errors import ConfigError
from harness.evidence import Estimate, Interval
from harness.evidence.estimate import MIN_POSITIVES, without_interval

Floats = NDArray[np.float64]

# Fewer units than this in a variant say nothing about chance.
MIN_UNITS = 10
# Skewness from which on values count as skewed: that of an exponential is 2, of a normal 0.
SKEWED = 1.0
_Z = float(stats.norm.ppf(0.95))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arm:
    """Values of one variant's units, each of shape (n_units,); units without a value left out.

    Attributes:
        value: The metric's column.
        per: What a ratio divides by; ones otherwise.
        covariate: The covariate, nan for units without one; None where the metric has none.
        per_covariate: What a ratio's covariate is divided by, nan for units without one.
    """

    value: Floats
    per: Floats | None = None
    covariate: Floats | None = None
    per_covariate: Floats | None = None

    @property
    def n_units(self) -> int:
        """Units with a value."""
        return len(self.value)

    @property
    def level(self) -> float:
        """The variant's own figure; nan where undefined."""
        if self.n_units == 0:
            return math.nan
        per = 1.0 if self.per is None else float(self.per.mean())
        return float(self.value.mean()) / per if per else math.nan


def arms_of(
    metric: LogMetric, frame: pd.DataFrame, is_treatment: NDArray[np.bool_]
) -> tuple[Arm, Arm]:
    """Control and treatment; units without an outcome left out, those without a covariate kept."""
    values = values_of(metric, frame)
    known = has_outcome(values)
    control, treatment = (
        Arm(**{name: column[known & side] for name, column in values.items()})
        for side in (~is_treatment, is_treatment)
    )
    return control, treatment


def values_of(metric: LogMetric, frame: pd.DataFrame) -> dict[str, Floats]:
    """The metric's columns by their part in it, capped and filled as the metric says."""
    names = ("per", "covariate", "per_covariate")
    columns = {"value": metric.column} | {n: getattr(metric, n) for n in names}
    values = {n: frame[c].to_numpy(dtype=np.float64) for n, c in columns.items() if c is not None}
    if metric.missing == "zero":
        values |= {n: np.nan_to_num(values[n], nan=0.0) for n in ("value", "per") if n in values}
    for name, caps in metric.caps.items():
        values[name] = np.clip(values[name], *caps)
    return values


def has_outcome(values: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Which units have a value, shape (n_units,): a covariate is not part of the outcome."""
    outcome = [values[name] for name in ("value", "per") if name in values]
    known: NDArray[np.bool_] = np.logical_and.reduce([~np.isnan(part) for part in outcome])
    return known


def contrast(
    metric: LogMetric, control: Arm, treatment: Arm, looks: Looks, alpha: float, factor: float
) -> Estimate:
    """Treatment minus `factor` times control, with Welch's interval and, if asked, CUPED.

    Source: Welch (1947); Deng, Xu, Kohavi and Walker (2013), "Improving the sensitivity of
    online controlled experiments by utilizing pre-experiment data"; the delta method for
    ratios (Deng, Knoblich and Lu 2018). All three as tea-tasting computes them, given the
    prediction of each unit from its covariate, so that units without one stay in. Of skewed
    values the wider of Welch's error and that of the pooled variance is taken. Shares with
    fewer than ten units on one side are bounded by the exact bounds of each variant.

    Args:
        metric: What is compared.
        control: Units of the control.
        treatment: Units of the treatment.
        looks: How often the log may be looked at.
        alpha: Error probability of each bound.
        factor: Multiplies the control's figure, for relative margins.
    """
    n = control.n_units + treatment.n_units
    difference = treatment.level - factor * control.level
    problem = _problem(metric, (control, treatment), difference)
    if problem == "FEW_POSITIVES" and not looks.is_sequential:
        exact = independent_difference(_exact(control, alpha), _exact(treatment, alpha), factor)
        if exact is not None:
            return _estimate(exact, n)
    if problem is not None:
        return without_interval(difference, problem, n, float(n))
    scaled, treatment = with_prediction(replace(control, value=factor * control.value), treatment)
    tea = _tea_tasting()
    kind = tea.RatioOfMeans if metric.per else tea.Mean
    test = kind("value", **_arguments(metric), use_t=False)
    with np.errstate(divide="ignore", invalid="ignore"):  # relative figures we do not use
        found = test.analyze_aggregates(_aggregates(scaled), _aggregates(treatment))
    error = (found.effect_size_ci_upper - found.effect_size_ci_lower) / 2 / _Z
    if not math.isfinite(error) or error <= 1e-14 * max(1.0, abs(difference)):
        return without_interval(difference, "NO_VARIATION", n, float(n))
    ours, theirs = _influence(treatment, scaled), _influence(scaled, treatment)
    error = max(error, _pooled_error(ours, theirs))
    skewness = float(((ours**3).sum() - (theirs**3).sum()) / error**3)
    spread = Spread(
        estimate=found.effect_size,
        error=error,
        degrees=_welch(ours, theirs),
        skewness=skewness,
    )
    return _estimate(looks.interval(spread, alpha), n)


def with_prediction(control: Arm, treatment: Arm) -> tuple[Arm, Arm]:
    """Both arms with what the covariate predicts in the covariate's place.

    A unit is predicted by the regression on the covariate over both arms; units without a
    covariate, such as new users, are a stratum of their own and predicted by their mean. That is
    least squares on the covariate and an indicator of its absence (Deng et al. 2013, section 4.2),
    and the difference it adjusts is still that of all units: a prediction made from what is known
    before assignment has the same expectation in both arms, whatever the effect on whom.
    """
    if control.covariate is None or treatment.covariate is None:
        return control, treatment
    joined = Arm(
        value=np.concatenate([control.value, treatment.value]),
        per=_joined(control.per, treatment.per),
        covariate=_joined(control.covariate, treatment.covariate),
        per_covariate=_joined(control.per_covariate, treatment.per_covariate),
    )
    outcome = linear_values(joined.value, joined.per)
    assert joined.covariate is not None
    known = ~np.isnan(joined.covariate)
    if joined.per_covariate is not None:
        known &= ~np.isnan(joined.per_covariate)
    predicted = np.empty(joined.n_units)
    predicted[~known] = outcome[~known].mean() if not known.all() else 0.0
    if known.any():
        per = None if joined.per_covariate is None else joined.per_covariate[known]
        predicted[known] = _regression(linear_values(joined.covariate[known], per), outcome[known])
    cut = control.n_units
    return (
        replace(control, covariate=predicted[:cut], per_covariate=None),
        replace(treatment, covariate=predicted[cut:], per_covariate=None),
    )


def linear_values(value: Floats, per: Floats | None) -> Floats:
    """Each unit's part in a mean, or in a ratio by its first derivative (the delta method)."""
    if per is None:
        return value
    size = per.mean()
    if not size:
        return np.zeros_like(value)
    linear: Floats = (value - value.mean() / size * per) / size
    return linear


def _regression(covariate: Floats, outcome: Floats) -> Floats:
    """Least-squares prediction of the outcome; its mean where too few units carry a slope."""
    centred = covariate - covariate.mean()
    variance = float((centred**2).sum())
    slope = float((centred * outcome).sum()) / variance if variance > 0 else 0.0
    if len(covariate) < MIN_UNITS:
        slope = 0.0
    predicted: Floats = outcome.mean() + slope * centred
    return predicted


def _joined(first: Floats | None, second: Floats | None) -> Floats | None:
    return None if first is None or second is None else np.concatenate([first, second])


def level(metric: LogMetric, arm: Arm, looks: Looks, alpha: float) -> Estimate:
    """The treatment's own figure; exact for proportions at a single look.

    Source: Clopper and Pearson (1934) for proportions; Student for means and ratios.
    """
    value, n = arm.level, arm.n_units
    problem = _problem(metric, (arm,), value)
    is_exact = metric.kind == "proportion" and not looks.is_sequential
    if is_exact and problem in (None, "FEW_POSITIVES"):
        return _estimate(_exact(arm, alpha), n)
    if problem is not None:
        return without_interval(value, problem, n, float(n))
    psi = _influence(arm, None)
    error = float(np.sqrt((psi**2).sum() * n / (n - 1)))
    if error <= 1e-14 * max(1.0, abs(value)):
        return without_interval(value, "NO_VARIATION", n, float(n))
    skewness = float((psi**3).sum() / error**3)
    spread = Spread(estimate=value, error=error, degrees=n - 1, skewness=skewness)
    return _estimate(looks.interval(spread, alpha), n)


def _exact(arm: Arm, alpha: float) -> Interval:
    """Clopper and Pearson's bounds of a share."""
    n, k = arm.n_units, int(arm.value.sum())
    found = stats.binomtest(k, n).proportion_ci(1 - 2 * alpha, "exact")
    return Interval(
        estimate=k / n, lower=float(found.low), upper=float(found.high), alpha=alpha, n_blocks=n
    )


def _problem(metric: LogMetric, arms: tuple[Arm, ...], figure: float) -> str | None:
    if not math.isfinite(figure):
        return "UNDEFINED"
    if min(arm.n_units for arm in arms) < MIN_UNITS:
        return "FEW_BLOCKS"
    if metric.kind == "proportion":
        cells = [(arm.value.sum(), (1 - arm.value).sum()) for arm in arms]
        if min(min(cell) for cell in cells) < MIN_POSITIVES:
            return "FEW_POSITIVES"
    return None


def _estimate(interval: Interval, n: int) -> Estimate:
    return Estimate(
        value=interval.estimate, interval=interval, problem=None, n_blocks=n, n_effective=float(n)
    )


def _arguments(metric: LogMetric) -> dict[str, Any]:
    named: dict[str, Any] = {"confidence_level": 0.9, "equal_var": False}
    covariate = "covariate" if metric.covariate else None
    if metric.per:
        return named | {"denom": "per", "numer_covariate": covariate}
    return named | {"covariate": covariate}


def _aggregates(arm: Arm) -> Any:
    """Count, means, variances and covariances of a variant, as tea-tasting takes them."""
    from tea_tasting.aggr import Aggregates

    columns = {
        name: column
        for name in ("value", "per", "covariate")
        if (column := getattr(arm, name)) is not None
    }
    names = list(columns)
    moments = np.atleast_2d(np.cov(np.stack(list(columns.values()))))  # (n_columns, n_columns)
    return Aggregates(
        count_=arm.n_units,
        mean_={name: float(column.mean()) for name, column in columns.items()},
        var_={name: float(moments[i, i]) for i, name in enumerate(names)},
        cov_={
            (names[i], names[j]): float(moments[i, j])
            for i in range(len(names))
            for j in range(i + 1, len(names))
        },
    )


def _influence(arm: Arm, other: Arm | None) -> Floats:
    """What each unit adds to its variant's figure, the covariate's part taken out."""
    psi = _plain_influence(arm.value, arm.per)
    if arm.covariate is None or other is None:
        return psi
    x = _plain_influence(arm.covariate, None)
    y_all = np.concatenate(
        [psi * arm.n_units, _plain_influence(other.value, other.per) * other.n_units]
    )
    assert other.covariate is not None
    x_other = _plain_influence(other.covariate, None) * other.n_units
    x_all = np.concatenate([x * arm.n_units, x_other])
    variance = float((x_all**2).sum())
    slope = float((x_all * y_all).sum()) / variance if variance > 0 else 0.0
    return psi - slope * x


def _plain_influence(value: Floats, per: Floats | None) -> Floats:
    linear = linear_values(value, per)
    centred: Floats = (linear - linear.mean()) / len(value)
    return centred


def _pooled_error(ours: Floats, theirs: Floats) -> float:
    """Standard error from the variance of both sides together; 0 where values are not skewed.

    The smaller of two uneven variants often lacks the few units that make up a long tail, and
    with them its own variance: Welch's interval is then too narrow on that side, and one in ten
    treated gives false proofs up to three times as often as promised (docs/studies/abtest.md).
    """
    sizes = np.array([len(ours), len(theirs)])
    deviations = np.concatenate([ours * sizes[0], theirs * sizes[1]])
    variance = float((deviations**2).sum() / (sizes.sum() - 2))
    skewness = float((deviations**3).mean() / variance**1.5) if variance > 0 else 0.0
    return math.sqrt(variance * float((1 / sizes).sum())) if abs(skewness) > SKEWED else 0.0


def _welch(*influences: Floats) -> float:
    """Degrees of freedom of a difference, from the influences of either side's units."""
    sizes = np.array([len(psi) for psi in influences])
    variances = np.array([(psi**2).sum() for psi in influences]) * sizes / (sizes - 1)
    return float(variances.sum() ** 2 / (variances**2 / (sizes - 1)).sum())


def _tea_tasting() -> Any:
    try:
        import tea_tasting
    except ModuleNotFoundError as error:
        raise ConfigError(
            "harness abtest needs tea-tasting, which is not installed: pip install 'harness[abtest]'"
        ) from error
    return tea_tasting
