"""Judge: an A/B log held against criteria, by the rules and the decision of offline runs.

A log whose assignment is broken is not judged at all, so nothing is seen of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from harness.abtest.bounds import Looks
from harness.abtest.checks import broken_assignment, planned_shares
from harness.abtest.figures import arms_of, contrast, level, values_of
from harness.abtest.log import Log, read_log
from harness.abtest.metric import LogMetric
from harness.abtest.quantile import quantile_contrast, quantile_level
from harness.abtest.tails import tail_warning
from harness.abtest.treatments import overall, share_alpha
from harness.abtest.used import UnitsUsed, measurements, missing_problem, units_used
from harness.config import abtest_fingerprint, criteria_fingerprint
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
        decision: The answer, with reasons and verdicts; of several treatments, SHIP where at
            least one may ship.
        treatments: The decision on each treatment, by name.
        used: Units behind each figure, by criterion and variant.
        notes: What was left out, and what the figures rest on, in sentences.
        look: What the ledger says about this look.
        log: The log.
        by_day: Units and primary metric by `variant` and day of assignment; empty when no
            time is known.
        protocol_fingerprint: Criteria and roles.
        candidate_fingerprint: The treatment.
        test_fingerprint: The log's content.
        stages: Seconds by step.
    """

    settings: AbtestRunSettings
    decision: Decision
    treatments: Mapping[str, Decision] = field(repr=False)
    used: tuple[UnitsUsed, ...] = field(repr=False)
    notes: tuple[str, ...]
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
    looks = Looks(
        is_sequential=settings.abtest.looks == "sequential",
        n_units=len(log),
        n_planned=criteria.minimum_sample_size,
    )
    broken = broken_assignment(log, planned_shares(log, settings.abtest), looks)
    protocol = abtest_fingerprint(settings)
    candidate = hashlib.sha256("\n".join(log.variants).encode()).hexdigest()
    fingerprint = log.fingerprint()
    ledger = ledger_place(settings.running.ledger)
    with stage("open the log"), Chain(ledger) as chain:
        look = look_at_log(
            chain,
            LogLook(
                units=log.everyone,
                protocol=protocol,
                criteria=criteria_fingerprint(criteria),
                rows=fingerprint,
                candidate=candidate,
                is_sequential=looks.is_sequential,
                is_valid=not broken,
                could_ship=_minimums(criteria, log).are_met,
                days=_first_and_last(log),
                n_days=log.n_days,
            ),
        )
    with stage("weigh the evidence"):
        decisions = judge_treatments(
            log, criteria, looks, broken, correction=settings.abtest.correction, look=look
        )
        decision = overall(
            decisions, criteria, _minimums(criteria, log), settings.abtest.correction
        )
        with Chain(ledger) as chain:
            record_verdict(chain, look, decision.decision)
    return AbtestResult(
        settings=settings,
        decision=decision,
        treatments=decisions,
        used=() if broken else _used(log, asked),
        notes=log.notes if broken else (*log.notes, *_notes(log)),
        look=look,
        log=log,
        by_day=pd.DataFrame() if broken else _by_day(log, asked[0].metric),
        protocol_fingerprint=protocol,
        candidate_fingerprint=candidate,
        test_fingerprint=fingerprint,
        stages=stage,
    )


def judge_treatments(
    log: Log,
    criteria: CriteriaSettings,
    looks: Looks,
    broken: Sequence[str] = (),
    *,
    correction: str = "holm",
    look: Look | None = None,
) -> dict[str, Decision]:
    """Judge each treatment against control, so that all of them share alpha.

    Args:
        log: The log.
        criteria: What counts as success, and what must not get worse.
        looks: How often the log may be looked at.
        broken: Why the variants cannot be compared; nothing is judged then.
        correction: holm, bonferroni or none.
        look: What the ledger says; None for studies.

    Returns:
        The decision on each treatment, in the log's order.
    """

    def judge_at(treatment: str, alpha: float) -> Decision:
        pair = log.against(treatment)
        # Bounds at all looks together are tightest at the sample the protocol asks of a pair.
        own = replace(looks, n_units=len(pair))
        minimums = _minimums(criteria, pair)
        segment = f"variant={treatment}" if len(log.treatments) > 1 else None
        return judge_log(
            pair, criteria, minimums, own, broken, look=look, alpha=alpha, segment=segment
        )

    return share_alpha(log.treatments, criteria.alpha, correction, judge_at)


def judge_log(
    log: Log,
    criteria: CriteriaSettings,
    minimums: Minimums,
    looks: Looks,
    broken: Sequence[str] = (),
    *,
    look: Look | None = None,
    alpha: float | None = None,
    segment: str | None = None,
) -> Decision:
    """Judge every criterion on two variants and weigh the verdicts, as for offline runs.

    Args:
        log: Control and one treatment.
        criteria: What counts as success, and what must not get worse.
        minimums: Units and days, needed and there.
        looks: How often the log may be looked at.
        broken: Why the variants cannot be compared; nothing is judged then.
        look: What the ledger says; None for studies.
        alpha: Error probability of a proof of success; None takes the criteria's.
        segment: What tells this treatment's verdicts from another's.
    """
    alpha = criteria.alpha if alpha is None else alpha
    verdicts = [] if broken else _verdicts(log, criteria, looks, alpha, segment)
    is_exploratory = look is not None and look.is_exploratory
    return decide(
        verdicts,
        minimums,
        alpha=alpha,
        invalid=broken,
        exploratory=look.sentence if look is not None and is_exploratory else None,
    )


def _verdicts(
    log: Log, criteria: CriteriaSettings, looks: Looks, alpha: float, segment: str | None
) -> list[Verdict]:
    wording = Wording(
        baseline=log.control,
        blocks="units",
        more="a longer test",
        measure="",
    )
    asked = criteria_of(criteria)
    verdicts = list(
        judge_any(
            [c for c in asked if c.is_primary],
            alpha,
            lambda c, share: _judge(c, log, looks, _level(c, share, criteria), wording, segment),
        )
    )
    for criterion in asked:
        if criterion.is_primary:
            continue
        level = _level(criterion, alpha, criteria)
        parts = _parts(log, criterion.segment)
        if not parts:  # a column without a value names no segment
            metric = log.metrics[criterion.metric]
            nobody = _joined(segment, f"{criterion.segment}=none")
            verdicts.append(verdict_without_rows(criterion, metric, nobody, wording))
        for part_name, part in parts:
            where = _joined(segment, part_name) if part_name else segment
            verdicts.append(_judge(criterion, part, looks, level, wording, where))
    return verdicts


def _level(criterion: Criterion, alpha: float, criteria: CriteriaSettings) -> float:
    """A shared alpha asks more of a proof; of harm that has to be disproven it would ask less."""
    return alpha if criterion.evidence == "proven" else max(alpha, criteria.alpha)


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _minimums(criteria: CriteriaSettings, log: Log) -> Minimums:
    return Minimums(
        rows=criteria.minimum_sample_size,
        days=criteria.minimum_duration_days,
        n_rows=len(log),
        n_days=log.n_days,
        place="log",
        unit="units",
    )


def _used(log: Log, asked: Sequence[Criterion]) -> tuple[UnitsUsed, ...]:
    """Counts of every criterion, and of each segment it is judged for."""
    counts: list[UnitsUsed] = []
    for criterion in asked:
        for part_name, part in _parts(log, criterion.segment):
            name = f"{criterion.name}[{part_name}]" if part_name else criterion.name
            counts += units_used(name, log.metrics[criterion.metric], part)
    return tuple(counts)


def _notes(log: Log) -> list[str]:
    """What the figures leave out, and what they rest on."""
    notes = []
    for name, metric in log.metrics.items():
        counts = units_used(name, metric, log)
        n_missing = sum(count.n_missing for count in counts)
        if n_missing and metric.kind != "quantile":
            notes.append(
                f"{name}: {n_missing:,} of {len(log):,} units have no value and are left out; if none "
                f"means zero, write +abtest.metrics.{name}.missing=zero."
            )
        elif n_missing:
            notes.append(f"{name}: {n_missing:,} of {len(log):,} units have no measurement.")
        n_without = sum(count.n_without_covariate or 0 for count in counts)
        if n_without:
            notes.append(
                f"{name}: {n_without:,} of {len(log) - n_missing:,} units have no {metric.covariate}; "
                "they count like all others, with the mean of their kind as their prediction."
            )
        warning = tail_warning(name, metric, log)
        if warning is not None:
            notes.append(warning)
    return notes


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
    problem = missing_problem(metric, log) if figure.interval is not None else None
    if problem is not None:
        figure = without_interval(figure.value, problem, figure.n_blocks, figure.n_effective)
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
    return figure, treatment.level, control.level


def _judge_quantile(
    criterion: Criterion, metric: LogMetric, log: Log, looks: Looks, alpha: float
) -> tuple[Estimate, float, float]:
    assert metric.quantile is not None
    values, arm, _, cluster = measurements(metric, log)
    known = ~np.isnan(values)
    figures = []
    for code in (0, 1):
        mask = known & (arm == code)
        codes, _ = pd.factorize(cluster[mask])
        figures.append(quantile_level(values[mask], codes, metric.quantile, looks, alpha))
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
    names = np.array(log.variants, dtype=object)[log.arm]
    frame = pd.DataFrame({"day": log.day, "variant": names})
    frame["value"] = np.nan if metric.table else values_of(metric, log.frame)["value"]
    grouped = frame.groupby(["day", "variant"])["value"]
    return grouped.agg(["size", "mean"]).reset_index()
