"""Outcome: whether alerts, labels and metrics stay where a window of this length stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from harness.evidence import RowMetric, ScoredRows, find_metric
from harness.evidence.estimate import MIN_POSITIVES
from harness.monitor.coverage import LabelCoverage
from harness.monitor.reference import RATES, Reference
from harness.monitor.variation import Variation, count_p, student_p
from harness.settings.monitoring import MonitoringSettings

Floats = NDArray[np.float64]

# A slope of the label on the score is judged from so many labelled rows on.
_MIN_LABELLED = 100
_UNKNOWN = "the reference has too few days to know how it varies"
_TITLES = {
    "alert_rate": "alert rate",
    "label_rate": "positive rate",
    "residual": "positives beyond what the scores say",
    "slope": "slope of the label on the score (0: as it was, -2: turned round)",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredWindowRows:
    """A window as the model scored it.

    Attributes:
        score: Scores of all rows, shape (n_rows,).
        alert: Whether each reached the threshold.
        labelled: Rows whose label is known; None without any.
        n_waiting: Rows too young for a label.
        n_unlabelled: Rows old enough that have none.
        coverage: Whether those with a label stand for all; None where no labels were given.
    """

    score: Floats
    alert: NDArray[np.bool_]
    labelled: ScoredRows | None = None
    n_waiting: int = 0
    n_unlabelled: int = 0
    coverage: LabelCoverage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One figure of a window, and the interval such a window stays in.

    Attributes:
        name: alert_rate, label_rate, residual, slope, or a metric.
        title: For readers.
        then: Value in the reference.
        now: Value in the window; nan where undefined.
        low: Lower end of the interval; nan where nothing can be said.
        high: Upper end.
        p_value: Chance of a distance as large when nothing changed.
        has_moved: Outside the interval, by enough to matter, in the direction that matters.
        problem: Why nothing can be said, or None.
        caveat: Why the rows behind it may not stand for all, or None.
    """

    name: str
    title: str
    then: float
    now: float
    low: float
    high: float
    p_value: float
    has_moved: bool
    problem: str | None = None
    caveat: str | None = None


def movements(
    reference: Reference,
    rows: ScoredWindowRows,
    metrics: Sequence[str],
    days: float,
    alpha: float,
    settings: MonitoringSettings,
) -> list[Movement]:
    """Every figure that can be computed from the window.

    Args:
        reference: What it is compared with.
        rows: The window's scores, and labels where there are any.
        metrics: Metrics to follow once there are labels.
        days: Length of the window.
        alpha: Chance of a false alarm, shared by all figures.
        settings: What counts as large.
    """
    labelled = rows.labelled
    followed = [m for m in metrics if m in reference.points] if labelled is not None else []
    n_figures = 1 + (2 + len(followed) if labelled is not None else 0)
    each = alpha / n_figures
    found = [
        _rate(
            reference, "alert_rate", float(rows.alert.mean()), len(rows.alert), days, each, settings
        )
    ]
    if labelled is None:
        return found
    residual, slope = reference.reliability.concept(labelled.score, labelled.label)
    for name, value in (
        ("label_rate", float(labelled.label.mean())),
        ("residual", float(residual.mean())),
        ("slope", float(slope.mean())),
    ):
        found.append(_rate(reference, name, value, len(labelled), days, each, settings))
    found += [_metric(reference, name, labelled, days, each, settings) for name in followed]
    caveat = None if rows.coverage is None else rows.coverage.caveat
    return found[:1] + [replace(movement, caveat=caveat) for movement in found[1:]]


def estimated_metrics(
    reference: Reference, score: Floats, alert: NDArray[np.bool_]
) -> dict[str, float]:
    """What metrics would be if labels still depended on scores as they did.

    Each row counts as the share of a positive that its score stood for in the reference
    (confidence-based estimation; it cannot see a change of concept).

    Args:
        reference: Knows the positive rate given the score.
        score: Scores of the window, shape (n_rows,).
        alert: Whether each reached the threshold.
    """
    p = reference.reliability.of(score)
    order = np.argsort(score, kind="stable")
    negatives_below = np.cumsum((1 - p)[order]) - (1 - p)[order] / 2
    pairs = p.sum() * (1 - p).sum()
    return {
        "label_rate": float(p.mean()),
        "roc_auc": float((p[order] * negatives_below).sum() / pairs) if pairs > 0 else float("nan"),
        "precision": float(p[alert].mean()) if alert.any() else float("nan"),
        "recall": float(p[alert].sum() / p.sum()) if p.sum() > 0 else float("nan"),
    }


def _rate(
    reference: Reference,
    name: str,
    now: float,
    n_rows: int,
    days: float,
    alpha: float,
    settings: MonitoringSettings,
) -> Movement:
    then, rates = reference.points[name], reference.rates
    place = RATES.index(name)
    large = {
        "alert_rate": settings.min_alert_change * max(then, 1 / max(n_rows, 1)),
        "residual": settings.min_alert_change * reference.reliability.mean,
        "slope": settings.min_alert_change,
        "label_rate": np.inf,  # told, and explained by residual and slope; no alarm of its own
    }[name]
    is_large = abs(now - then) > large
    if name in ("alert_rate", "label_rate"):
        return _share(rates, place, name, then, now, n_rows, days, alpha, is_large=is_large)
    problem = None
    if n_rows < _MIN_LABELLED:
        problem = f"fewer than {_MIN_LABELLED} labelled rows"
    elif not rates.is_known:
        problem = _UNKNOWN
    variance = float(rates.variance(days)[place]) * max(
        1.0, rates.usual_rows(days) / max(n_rows, 1)
    )
    return _movement(
        name, _TITLES[name], then, now, variance, rates.degrees(days), alpha,
        is_large=is_large, is_share=False, problem=problem,
    )  # fmt: skip


def _share(
    rates: Variation,
    place: int,
    name: str,
    then: float,
    now: float,
    n_rows: int,
    days: float,
    alpha: float,
    *,
    is_large: bool,
) -> Movement:
    """A share, judged on the logit scale: a rate of 5 % has more room above than below."""
    least = 0.5 / max(n_rows, 1)
    centre = float(special.logit(np.clip(then, least, 1 - least)))
    free = 1 / max(then * (1 - then), least)
    natural, usual = 0.0, np.inf
    if rates.is_known:
        natural, usual = rates.logit_variance(days, place), max(rates.usual_rows(days), 1.0)
    # A window with fewer rows than usual scatters more than the days show.
    variance = natural + free * max(0.0, 1 / max(n_rows, 1) - 1 / usual)
    half = float(stats.t.ppf(1 - alpha / 2, rates.degrees(days))) * float(np.sqrt(variance))
    p_value = count_p(round(now * n_rows), n_rows, centre, natural, rates.degrees(days))
    return Movement(
        name=name,
        title=_TITLES[name],
        then=then,
        now=now,
        low=float(special.expit(centre - half)),
        high=float(special.expit(centre + half)),
        p_value=p_value,
        has_moved=p_value < alpha and is_large,
    )


def _metric(
    reference: Reference,
    name: str,
    rows: ScoredRows,
    days: float,
    alpha: float,
    settings: MonitoringSettings,
) -> Movement:
    metric = find_metric(name)
    assert isinstance(metric, RowMetric)
    then, now = reference.points[name], metric.point(rows)
    variation = reference.metrics.get(name)
    problem = None
    if variation is None or not variation.is_known or not np.isfinite(then):
        problem = _UNKNOWN
    elif int(rows.label.sum()) < max(MIN_POSITIVES, metric.min_positives_alone):
        problem = "too few positives"
    elif not np.isfinite(now):
        problem = "undefined here"
    variance = float("nan")
    if variation is not None:
        usual = reference.rates.usual_rows(days)
        variance = float(variation.variance(days)[0]) * max(1.0, usual / len(rows))
    direction = {True: -1.0, False: 1.0, None: 0.0}[metric.higher_is_better]
    loss = direction * (now - then)
    degrees = variation.degrees(days) if variation is not None else 2.0
    return _movement(
        name, metric.title, then, now, variance, degrees, alpha,
        is_large=loss > settings.min_metric_loss * abs(then),
        is_share=metric.is_share or name.endswith("_auc"), problem=problem,
    )  # fmt: skip


def _movement(
    name: str,
    title: str,
    then: float,
    now: float,
    variance: float,
    degrees: float,
    alpha: float,
    *,
    is_large: bool,
    is_share: bool,
    problem: str | None,
) -> Movement:
    if problem is not None or not np.isfinite(variance):
        nan = float("nan")
        return Movement(
            name=name, title=title, then=then, now=now, low=nan, high=nan, p_value=1.0,
            has_moved=False, problem=problem or _UNKNOWN,
        )  # fmt: skip
    half = float(stats.t.ppf(1 - alpha / 2, degrees)) * float(np.sqrt(variance))
    p_value = student_p(now - then, variance, degrees)
    return Movement(
        name=name,
        title=title,
        then=then,
        now=now,
        low=max(then - half, 0.0) if is_share else then - half,
        high=min(then + half, 1.0) if is_share else then + half,
        p_value=p_value,
        has_moved=p_value < alpha and bool(is_large),
    )
