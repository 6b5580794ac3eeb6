"""Judge: an A/B log held against criteria, by the rules and the decision of offline runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from harness.abtest.bounds import Looks
from harness.abtest.checks import MISMATCH, broken_assignment
from harness.abtest.figures import arms_of, contrast, level
from harness.abtest.log import Log, read_log
from harness.abtest.metric import LogMetric
from harness.abtest.quantile import quantile_contrast, quantile_level
from harness.config import abtest_fingerprint
from harness.decision import Criterion, Decision, Verdict, criteria_of, decide, judge_any
from harness.decision.decide import Minimums
from harness.decision.judge import baseline_factor, verdict_on, verdict_without_rows
from harness.decision.sentence import Wording
from harness.evidence import Estimate
from harness.evidence.estimate import without_interval
from harness.ledger import Chain, LogLook, Look, ledger_place, look_at_log, record_verdict
from harness.settings import AbtestRunSettings, CriteriaSettings
from harness.stages import Stages


@dataclass(frozen=True, kw_only=True, eq=False)
class AbtestResult:
    """What `run_abtest` returns; shows itself as HTML in a notebook.

    Attributes:
        settings: The checked config.
        decision: The answer, with reasons and verdicts.
        look: What the ledger says about this look.
        log: The log.
        by_day: Units and primary metric by variant and day of assignment; empty when no
            time is known.
        protocol_fingerprint: Criteria and roles.
        candidate_fingerprint: The treatment.
        test_fingerprint: The log's content.
        stages: Seconds by step.
    """

    settings: AbtestRunSettings
    decision: Decision
    look: Look
    log: Log = field(repr=False)
    by_day: pd.DataFrame = field(repr=False)
    protocol_fingerprint: str
    candidate_fingerprint: str
    test_fingerprint: str
    stages: Stages = field(repr=False)

    def _repr_html_(self) -> str:
        return self.decision._repr_html_()  # the name notebooks look for


def run_abtest(
    settings: AbtestRunSettings, table: Path, *, stages: Stages | None = None
) -> AbtestResult:
    """Judge an A/B log; nothing is written but the ledger.

    Args:
        settings: Checked settings.
        table: CSV or Parquet with one row per unit.
        stages: Watches the steps.

    Raises:
        HarnessError: If config or log cannot be used, in one sentence.
    """
    stage = stages or Stages()
    criteria = settings.criteria
    asked = criteria_of(criteria)
    with stage("read the log"):
        segments = [c.segment for c in asked if c.segment is not None]
        log = read_log(table, settings.abtest, [c.metric for c in asked], segments)
    minimums = Minimums(
        rows=criteria.minimum_sample_size,
        days=criteria.minimum_duration_days,
        n_rows=len(log),
        n_days=log.n_days,
        place="log",
        unit="units",
    )
    looks = Looks(
        is_sequential=settings.abtest.looks == "sequential",
        n_units=len(log),
        n_planned=criteria.minimum_sample_size,
    )
    protocol = abtest_fingerprint(settings)
    candidate = hashlib.sha256(f"{log.control}\n{log.treatment}".encode()).hexdigest()
    fingerprint = log.fingerprint()
    ledger = ledger_place(settings.running.ledger)
    with stage("open the log"), Chain(ledger) as chain:
        look = look_at_log(
            chain,
            LogLook(
                units=log.unit,
                protocol=protocol,
                rows=fingerprint,
                candidate=candidate,
                is_sequential=looks.is_sequential,
                could_ship=minimums.are_met,
                days=_first_and_last(log),
                n_days=log.n_days,
            ),
        )
    with stage("weigh the evidence"):
        decision = judge_log(log, criteria, minimums, looks, settings.abtest.share, look)
        with Chain(ledger) as chain:
            record_verdict(chain, look, decision.decision)
    return AbtestResult(
        settings=settings,
        decision=decision,
        look=look,
        log=log,
        by_day=_by_day(log, asked[0].metric),
        protocol_fingerprint=protocol,
        candidate_fingerprint=candidate,
        test_fingerprint=fingerprint,
        stages=stage,
    )


def judge_log(
    log: Log,
    criteria: CriteriaSettings,
    minimums: Minimums,
    looks: Looks,
    share: float,
    look: Look | None = None,
) -> Decision:
    """Judge every criterion and weigh the verdicts, as for offline runs.

    Args:
        log: The log.
        criteria: What counts as success, and what must not get worse.
        minimums: Units and days, needed and there.
        looks: How often the log may be looked at.
        share: Planned share of treatment.
        look: What the ledger says; None for studies.
    """
    wording = Wording(
        baseline=log.control,
        blocks="units",
        more="a longer test",
        measure="",
    )
    asked = criteria_of(criteria)
    primaries = [c for c in asked if c.is_primary]
    verdicts = list(
        judge_any(
            primaries,
            criteria.alpha,
            lambda c, alpha: _judge(c, log, looks, alpha, wording, None),
        )
    )
    for criterion in asked:
        if criterion.is_primary:
            continue
        parts = _parts(log, criterion.segment)
        if not parts:  # a column without a value names no segment
            metric = log.metrics[criterion.metric]
            nobody = f"{criterion.segment}=none"
            verdicts.append(verdict_without_rows(criterion, metric, nobody, wording))
        for segment, part in parts:
            verdicts.append(_judge(criterion, part, looks, criteria.alpha, wording, segment))
    is_exploratory = look is not None and look.is_exploratory
    return decide(
        verdicts,
        minimums,
        alpha=criteria.alpha,
        invalid=broken_assignment(log, share, looks),
        exploratory=look.sentence if look is not None and is_exploratory else None,
    )


def _parts(log: Log, segment: str | None) -> list[tuple[str | None, Log]]:
    if segment is None:
        return [(None, log)]
    column = log.frame[segment].astype("string")
    values = sorted(column.dropna().unique())
    return [(f"{segment}={v}", log.subset((column == v).fillna(False).to_numpy())) for v in values]


def _judge(
    criterion: Criterion,
    log: Log,
    looks: Looks,
    alpha: float,
    wording: Wording,
    segment: str | None,
) -> Verdict:
    metric = log.metrics[criterion.metric]
    judge = _judge_quantile if metric.kind == "quantile" else _judge_mean
    figure, ours, theirs = judge(criterion, metric, log, looks, alpha)
    return verdict_on(
        criterion,
        metric,
        figure,
        candidate=ours,
        baseline=theirs,
        n_rows=figure.n_blocks,
        segment=segment,
        wording=wording,
    )


def _judge_mean(
    criterion: Criterion, metric: LogMetric, log: Log, looks: Looks, alpha: float
) -> tuple[Estimate, float, float]:
    control, treatment = arms_of(metric, log.frame, log.is_treatment)
    if criterion.is_paired:
        factor = baseline_factor(criterion, metric)
        figure = contrast(metric, control, treatment, looks, alpha, factor)
    else:
        figure = level(metric, treatment, looks, alpha)
    n_known = control.n_units + treatment.n_units
    if (
        n_known < len(log)
        and figure.interval is not None
        and _lost_unequally(log, control.n_units, treatment.n_units)
    ):
        figure = without_interval(
            figure.value, "MISSING_UNEQUALLY", figure.n_blocks, figure.n_effective
        )
    return figure, treatment.level, control.level


def _lost_unequally(log: Log, n_control: int, n_treatment: int) -> bool:
    """Whether values are missing more often in one variant than chance would have it."""
    n_treated = int(log.is_treatment.sum())
    table = [
        [n_treatment, n_treated - n_treatment],
        [n_control, len(log) - n_treated - n_control],
    ]
    return bool(stats.fisher_exact(np.array(table)).pvalue < MISMATCH)


def _judge_quantile(
    criterion: Criterion, metric: LogMetric, log: Log, looks: Looks, alpha: float
) -> tuple[Estimate, float, float]:
    assert metric.quantile is not None
    rows = log.frame if metric.table is None else log.tables[metric.table]
    side = log.is_treatment if metric.table is None else rows["is_treatment"].to_numpy()
    unit = log.unit if metric.table is None else rows["unit"].to_numpy()
    cluster = rows[metric.cluster].to_numpy() if metric.cluster else unit
    known = rows[metric.column].notna().to_numpy()
    figures = []
    for mask in (known & ~side, known & side):
        codes, _ = pd.factorize(cluster[mask])
        values = rows[metric.column].to_numpy(dtype=np.float64)[mask]
        figures.append(quantile_level(values, codes, metric.quantile, looks, alpha))
    control, treatment = figures
    figure = treatment
    if criterion.is_paired:
        figure = quantile_contrast(control, treatment, baseline_factor(criterion, metric))
    return figure, treatment.value, control.value


def _first_and_last(log: Log) -> tuple[str, ...]:
    return () if log.day is None else (str(log.day.min()), str(log.day.max()))


def _by_day(log: Log, primary: str) -> pd.DataFrame:
    """Units and primary metric by day and variant, for the picture."""
    if log.day is None:
        return pd.DataFrame()
    metric: LogMetric = log.metrics[primary]
    values: Mapping[str, object] = {"day": log.day, "treatment": log.is_treatment}
    frame = pd.DataFrame(values)
    frame["value"] = log.frame[metric.column].to_numpy() if metric.table is None else np.nan
    grouped = frame.groupby(["day", "treatment"])["value"]
    return grouped.agg(["size", "mean"]).reset_index()
