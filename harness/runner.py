"""Runner: from a config to a decision, in the order of the design."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import harness.registry.champion  # noqa: F401 - lets a live model be the baseline
from harness.after_fit import audit_fitted, examples_of, reference_of, time_single_rows
from harness.bundle import Bundle, InputSchema
from harness.candidate import Trial, fit_model, run_trial
from harness.candidate.rounds import OnRound
from harness.candidate.scoring import score_rows
from harness.config import candidate_fingerprint, compose_settings, protocol_fingerprint
from harness.data import Dataset, Split
from harness.data.outcome_values import RowValues
from harness.evaluation import (
    BlockSeries,
    ScoredWindow,
    block_series,
    class_report,
    curves_of,
    metric_figures,
    period_figures,
    points,
    predictions_frame,
    scored_windows,
    segment_figures,
    validation_window,
)
from harness.evidence import RowMetric, find_metric
from harness.judgement import decide_window
from harness.ledger import (
    Chain,
    Look,
    ledger_place,
    record_verdict,
    take_look,
    trial_look,
)
from harness.prepare import Prepared, prepare
from harness.result import BacktestFigure, RunResult, Validation
from harness.settings import CriteriaSettings, RunSettings
from harness.stages import Stages


def run_experiment(
    settings: RunSettings | Sequence[str] = (), *, stages: Stages | None = None
) -> RunResult:
    """Train, evaluate and decide; nothing is written but the cache and the ledger.

    Args:
        settings: Checked settings, or Hydra overrides such as `["model=logistic"]`.
        stages: Watches the steps; a fresh one when not given.

    Raises:
        HarnessError: If config, data or model cannot be used, in one sentence.
    """
    if not isinstance(settings, RunSettings):
        settings = compose_settings([settings] if isinstance(settings, str) else settings)
    stage = stages or Stages()
    prepared = prepare(settings, stages=stage)
    dataset, split, values = prepared.dataset, prepared.split, prepared.values
    with stage("audit the columns"):
        findings = prepared.findings
    ledger = ledger_place(settings.running.ledger)
    if not settings.holdout.is_trial:
        Chain(ledger).close()  # where it cannot be opened, hours of training would be lost
    trial = _trial(settings, prepared, stage)
    judged = split.windows.judged
    with stage(f"open the {judged} window"):
        look = _open(ledger, settings, prepared, trial)
    with stage(f"score the {judged} window"):
        scores = score_rows(trial.model.pipeline, dataset, split.test)
        validation, test = scored_windows(
            settings.criteria.blocks, dataset, split, values, trial, scores
        )
    with stage("audit the model"):
        findings += audit_fitted(settings, prepared, trial, scores, findings)
        findings = tuple(finding.about(judged) for finding in findings)
    with stage("time single rows"):
        bundle = Bundle(
            pipeline=trial.model.pipeline,
            schema=InputSchema.of(dataset),
            threshold=trial.threshold.value,
        )
        latency = time_single_rows(bundle, prepared, settings, look.alpha_divisor)
    with stage("weigh the evidence"):
        decision = decide_window(
            settings.criteria,
            test,
            latency,
            findings,
            alpha_divisor=look.alpha_divisor,
            exploratory=look.sentence if look.is_exploratory else None,
            is_trial=look.is_trial,
            engine=prepared.engine,
        )
        if not look.is_trial:
            with Chain(ledger) as chain:
                record_verdict(chain, look, decision.decision)
        metrics = metric_figures(
            test.candidate, test.baseline, settings.criteria.alpha, prepared.engine
        )
        segments = segment_figures(test.candidate, test.baseline, test.segments)
        periods = period_figures(test.candidate, test.baseline, test.local_time)
        series = _series(settings.criteria, test)
    with stage("profile the reference"):
        reference = reference_of(prepared, trial, validation, test)
    with stage("backtest earlier windows"):
        earlier = prepared.splits[:-1]
        backtest = tuple(_backtest(settings, dataset, origin, values) for origin in earlier)
    return RunResult(
        settings=settings,
        protocol_fingerprint=protocol_fingerprint(settings),
        candidate_fingerprint=candidate_fingerprint(settings),
        test_fingerprint=prepared.test_fingerprint,
        decision=decision,
        look=look,
        findings=findings,
        metrics=metrics,
        segments=segments,
        periods=periods,
        series=series,
        validation_metrics=points((test if look.is_trial else validation).candidate),
        curves=curves_of(test.candidate),
        baseline_curves=curves_of(test.baseline),
        classes=class_report(test.candidate.label, test.candidate.alert),
        predictions=predictions_frame(validation, test, judged=judged),
        latency_ms=latency,
        bundle=bundle,
        reference=reference,
        examples=examples_of(prepared),
        trial=trial,
        backtest=backtest,
        dataset=dataset,
        split=split,
        stages=stage,
    )


def validate_candidate(
    settings: RunSettings, *, stages: Stages | None = None, on_round: OnRound | None = None
) -> Validation:
    """Train and compare on validation; the test window is neither opened nor scored.

    Args:
        settings: Checked settings.
        stages: Watches the steps; a fresh one when not given.
        on_round: Hears of the loss on held-back rows while a model boosts, and may end it.

    Raises:
        GivenUpError: If it asked for an end.
    """
    stage = stages or Stages()
    prepared = prepare(settings, stages=stage)
    trial = _trial(settings, prepared, stage, on_round)
    window = validation_window(
        settings.criteria.blocks, prepared.dataset, prepared.split, prepared.values, trial
    )
    return Validation(
        protocol_fingerprint=protocol_fingerprint(settings),
        candidate_fingerprint=candidate_fingerprint(settings),
        test_fingerprint=prepared.test_fingerprint,
        candidate=points(window.candidate),
        baseline=points(window.baseline),
        stages=stage,
    )


def _series(criteria: CriteriaSettings, test: ScoredWindow) -> BlockSeries | None:
    metric = find_metric(criteria.primary_metrics[0])
    if not isinstance(metric, RowMetric):
        return None
    return block_series(metric, test.candidate, test.baseline)


def _trial(
    settings: RunSettings, prepared: Prepared, stage: Stages, on_round: OnRound | None = None
) -> Trial:
    with stage("fit the baseline"):
        baseline = prepared.baseline()
    return run_trial(
        settings,
        prepared.dataset,
        prepared.split,
        prepared.values,
        stage,
        baseline=baseline,
        fitter=partial(fit_model, once=prepared.once, on_round=on_round),
    )


def _open(ledger: Path | str, settings: RunSettings, prepared: Prepared, trial: Trial) -> Look:
    """Write the look down before any score meets a label of the test window; a trial takes none."""
    if settings.holdout.is_trial:
        return trial_look()
    with Chain(ledger) as chain:
        return take_look(
            chain,
            prepared.window,
            settings.holdout,
            protocol=protocol_fingerprint(settings),
            rows=prepared.test_fingerprint,
            candidate=candidate_fingerprint(settings),
            baseline=hashlib.sha256(trial.baseline.test.tobytes()).hexdigest(),
        )


def _backtest(
    settings: RunSettings, dataset: Dataset, split: Split, values: RowValues
) -> BacktestFigure:
    """One earlier origin, fitted afresh: point values only, no verdicts."""
    trial = run_trial(settings, dataset, split, values, Stages())
    scores = score_rows(trial.model.pipeline, dataset, split.test)
    _, test = scored_windows(settings.criteria.blocks, dataset, split, values, trial, scores)
    return BacktestFigure(
        test_start=f"{split.windows.test_start:%Y-%m-%d}",
        test_end=f"{split.windows.test_end:%Y-%m-%d}",
        n_rows=len(split.test),
        candidate=points(test.candidate),
        baseline=points(test.baseline),
    )
