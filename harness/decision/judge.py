"""Judge: hold one criterion against the evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.decision.criterion import Criterion
from harness.decision.sentence import Described, Wording, settles, verdict_sentence
from harness.decision.verdict import Verdict, apply_rule
from harness.errors import EvidenceError
from harness.evidence import (
    Estimate,
    RowMetric,
    SampleQuantile,
    ScoredRows,
    design_effect,
    estimate_contrast,
    estimate_level,
    estimate_sample,
    find_metric,
)
from harness.rules import find_rule


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Everything a criterion may be held against.

    Attributes:
        candidate: Test rows as the candidate scored them.
        baseline: The same rows as the baseline scored them.
        segments: Segment columns of the test rows, each of shape (n_rows,).
        samples: Measured samples by name, such as `latency_ms`.
        alpha: Error probability of each one-sided bound.
        wording: What baseline and blocks are called in sentences.

    Raises:
        EvidenceError: If candidate and baseline were not scored on the same rows.
    """

    candidate: ScoredRows
    baseline: ScoredRows
    segments: Mapping[str, pd.Categorical]
    samples: Mapping[str, NDArray[np.float64]]
    alpha: float
    wording: Wording = field(default_factory=Wording)

    def __post_init__(self) -> None:
        ours, theirs = self.candidate, self.baseline
        same = np.array_equal(ours.label, theirs.label) and np.array_equal(
            ours.blocks.code, theirs.blocks.code
        )
        if not same:
            raise EvidenceError(
                f"candidate ({len(ours):,} rows) and baseline ({len(theirs):,}) were not scored on the "
                "same rows, so their difference means nothing; score both on one table"
            )


def judge(criterion: Criterion, judged: Judged) -> tuple[Verdict, ...]:
    """One verdict, or one for each value of the criterion's segment column.

    Raises:
        EvidenceError: If the criterion names a segment column that was not read.
    """
    if criterion.segment is None:
        return (_judge_rows(criterion, judged, judged.candidate, judged.baseline, None),)
    column = judged.segments.get(criterion.segment)
    if column is None:
        raise EvidenceError(
            f"criteria.guardrail_metrics.{criterion.name}.per_segment: no column "
            f"'{criterion.segment}' was read; list it under dataset.segments"
        )
    verdicts = []
    for code, value in enumerate(column.categories):
        mask = column.codes == code
        name = f"{criterion.segment}={value}"
        if mask.any():
            places = np.flatnonzero(mask)
            ours = judged.candidate.subset(places)
            theirs = judged.baseline.subset(places, like=ours)
            verdicts.append(_judge_rows(criterion, judged, ours, theirs, name))
        else:
            verdicts.append(_without_rows(criterion, name, judged.wording))
    # A column without a value names no segment, and a criterion without a verdict would pass.
    return tuple(verdicts) or (
        _without_rows(criterion, f"{criterion.segment}=none", judged.wording),
    )


def _without_rows(criterion: Criterion, segment: str, wording: Wording) -> Verdict:
    return verdict_without_rows(criterion, find_metric(criterion.metric), segment, wording)


def verdict_without_rows(
    criterion: Criterion, metric: Described, segment: str, wording: Wording
) -> Verdict:
    """A criterion on a slice that never got data: UNRESOLVED, never passed over.

    Args:
        criterion: What is asked.
        metric: Title, unit and direction.
        segment: Column and value.
        wording: What baseline and blocks are called.
    """
    return verdict_on(
        criterion,
        metric,
        _nothing(),
        candidate=None,
        baseline=None,
        n_rows=0,
        segment=segment,
        wording=wording,
    )


def _judge_rows(
    criterion: Criterion,
    judged: Judged,
    candidate: ScoredRows,
    baseline: ScoredRows,
    segment: str | None,
) -> Verdict:
    metric = find_metric(criterion.metric)
    n_rows = len(candidate)
    if isinstance(metric, SampleQuantile):
        sample = judged.samples.get(metric.sample, np.empty(0))
        figure = estimate_sample(metric, sample, judged.alpha)
        if criterion.is_paired:
            figure = _nothing()  # nothing measured the baseline's latency
        return verdict_on(
            criterion,
            metric,
            figure,
            candidate=figure.value,
            baseline=None,
            n_rows=len(sample),
            segment=segment,
            wording=judged.wording,
        )
    ours, theirs = metric.point(candidate), metric.point(baseline)
    figure = _figure(criterion, metric, judged.alpha, candidate, baseline)
    effect = design_effect(metric, candidate, baseline) if criterion.is_primary else None
    return verdict_on(
        criterion,
        metric,
        figure,
        candidate=ours,
        baseline=theirs,
        n_rows=n_rows,
        segment=segment,
        effect=effect,
        wording=judged.wording,
    )


def _figure(
    criterion: Criterion,
    metric: RowMetric,
    alpha: float,
    candidate: ScoredRows,
    baseline: ScoredRows,
) -> Estimate:
    if not criterion.is_paired:
        return estimate_level(metric, candidate, alpha)
    factor = baseline_factor(criterion, metric)
    return estimate_contrast(metric, candidate, baseline, alpha, baseline_factor=factor)


def baseline_factor(criterion: Criterion, metric: Described) -> float:
    """What the baseline's value is multiplied by before it is taken off: relative margins."""
    if not criterion.relative:
        return 1.0
    # c - b > a b is c - (1 + a) b > 0, and so on for each rule.
    rule = find_rule(criterion.rule)
    return 1.0 + rule.signed(criterion.amount, above=rule.is_above(metric.higher_is_better))


def line_of(criterion: Criterion, metric: Described) -> tuple[float, bool]:
    """The line a figure is held against, and whether it has to lie above it."""
    rule = find_rule(criterion.rule)
    above = rule.is_above(metric.higher_is_better)
    return rule.signed(0.0 if criterion.relative else criterion.amount, above=above), above


def verdict_on(
    criterion: Criterion,
    metric: Described,
    figure: Estimate,
    *,
    candidate: float | None,
    baseline: float | None,
    n_rows: int,
    segment: str | None = None,
    effect: float | None = None,
    wording: Wording,
) -> Verdict:
    """Hold one figure against its criterion's line.

    Args:
        criterion: What is asked.
        metric: Title, unit and direction.
        figure: A difference to the baseline, or a level.
        candidate: The candidate's own value.
        baseline: The baseline's; None where there is none.
        n_rows: Rows behind the figure.
        segment: Column and value, such as `origin=JFK`.
        effect: Design effect, where it was worked out.
        wording: What baseline and blocks are called.
    """
    line, passes_above = line_of(criterion, metric)
    outcome, code = apply_rule(figure, line, passes_above=passes_above, evidence=criterion.evidence)
    interval = figure.interval
    return Verdict(
        name=criterion.name if segment is None else f"{criterion.name}[{segment}]",
        metric=criterion.metric,
        rule=criterion.rule,
        line=line,
        passes_above=passes_above,
        estimate=_finite(figure.value),
        lower=interval.lower if interval else None,
        upper=interval.upper if interval else None,
        verdict=outcome,
        code=code,
        sentence=verdict_sentence(criterion, metric, figure, outcome, code, segment, wording),
        settles=settles(figure, line, passes_above, code, wording),
        candidate=_finite(candidate),
        baseline=_finite(baseline),
        unit=metric.unit,
        segment=segment,
        evidence=criterion.evidence,
        is_primary=criterion.is_primary,
        n_rows=n_rows,
        n_blocks=figure.n_blocks,
        lag1=figure.lag1,
        design_effect=effect,
    )


def _nothing() -> Estimate:
    return Estimate(value=math.nan, interval=None, problem="UNDEFINED", n_blocks=0, n_effective=0.0)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
