"""Runner: from a config to a decision, in the order of the design."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

import harness.registry.champion  # noqa: F401 - lets a live model be the baseline
from harness.audit import FittedCandidate, audit_after
from harness.bundle import Bundle, InputSchema, measure_latency
from harness.bundle.input_schema import rows_of
from harness.candidate import FittedModel, Trial, fit_model, run_trial
from harness.candidate.rounds import OnRound
from harness.config import candidate_fingerprint, compose_settings, protocol_fingerprint
from harness.data import Dataset, Split
from harness.data.outcome_values import RowValues
from harness.evaluation import (
    BlockSeries,
    ScoredWindow,
    block_series,
    class_report,
    curves_of,
    judged_rows,
    metric_figures,
    period_figures,
    points,
    predictions_frame,
    scored_windows,
    segment_figures,
    validation_window,
)
from harness.evidence import RowMetric, find_metric
from harness.evidence.auc import plain_auc
from harness.judgement import decide_window
from harness.ledger import (
    Chain,
    Look,
    ledger_path,
    record_verdict,
    take_look,
)
from harness.monitor import (
    ColumnReference,
    Reference,
    column_reference,
    importance_shares,
    reference_profile,
)
from harness.prepare import Prepared, prepare
from harness.result import BacktestFigure, RunResult, Validation
from harness.settings import CandidateSettings, CriteriaSettings, RunSettings
from harness.stages import Stages

# Rows of training scored for the audit: enough for an AUC to two digits.
_TRAIN_SAMPLE = 10_000
# The 99th percentile is bounded by the largest of n calls only if 0.99^n <= alpha; with one call
# in ten spare, the bound is not the very largest.
_LATENCY_QUANTILE = 0.99
_SPARE_CALLS = 1.1


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
    trial = _trial(settings, prepared, stage)
    ledger = ledger_path(settings.running.ledger)
    with stage("open the test window"), Chain(ledger) as chain:
        look = _open(chain, settings, prepared, trial)
    with stage("score the test window"):
        scores = trial.model.score(dataset.features.iloc[split.test])
        validation, test = scored_windows(
            settings.criteria.blocks, dataset, split, values, trial, scores
        )
    with stage("audit the model"):
        fitted = FittedCandidate(
            score=trial.model.score,
            refit=partial(_auc_without, settings.candidate, dataset, split),
            train_auc=_train_auc(trial.model, dataset, split),
            validation=trial.validation,
            test=scores,
        )
        findings += audit_after(dataset, split, settings.audit, fitted, findings)
    with stage("time single rows"):
        bundle = Bundle(
            pipeline=trial.model.pipeline,
            schema=InputSchema.of(dataset.roles),
            threshold=trial.threshold.value,
        )
        latency = _latency(bundle, dataset, split, settings, look.alpha_divisor)
    with stage("weigh the evidence"):
        decision = decide_window(
            settings.criteria,
            test,
            latency,
            findings,
            alpha_divisor=look.alpha_divisor,
            exploratory=look.sentence if look.is_exploratory else None,
        )
        with Chain(ledger) as chain:
            record_verdict(chain, look, decision.decision)
        metrics = metric_figures(test.candidate, test.baseline, settings.criteria.alpha)
        segments = segment_figures(test.candidate, test.baseline, test.segments)
        periods = period_figures(test.candidate, test.baseline, test.local_time)
        series = _series(settings.criteria, test)
    with stage("profile the reference"):
        reference = _reference(prepared, trial, validation, test)
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
        validation_metrics=points(validation.candidate),
        curves=curves_of(test.candidate),
        baseline_curves=curves_of(test.baseline),
        classes=class_report(test.candidate.label, test.candidate.alert),
        predictions=predictions_frame(validation, test),
        latency_ms=latency,
        bundle=bundle,
        reference=reference,
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


def _open(chain: Chain, settings: RunSettings, prepared: Prepared, trial: Trial) -> Look:
    """Write the look down before anything is scored."""
    return take_look(
        chain,
        prepared.window,
        settings.holdout,
        protocol=protocol_fingerprint(settings),
        rows=prepared.test_fingerprint,
        candidate=candidate_fingerprint(settings),
        baseline=hashlib.sha256(trial.baseline.test.tobytes()).hexdigest(),
    )


def _train_auc(model: FittedModel, dataset: Dataset, split: Split) -> float:
    rows = split.train[:: max(1, len(split.train) // _TRAIN_SAMPLE)]
    return plain_auc(dataset.label[rows], model.score(dataset.features.iloc[rows]))


def _auc_without(
    settings: CandidateSettings, dataset: Dataset, split: Split, columns: Sequence[str]
) -> float:
    """What the candidate is worth on validation when fitted without some columns.

    Args:
        settings: The candidate.
        dataset: All rows.
        split: Windows to learn from and to score.
        columns: Features left out.
    """
    roles = replace(
        dataset.roles,
        numeric=tuple(n for n in dataset.roles.numeric if n not in columns),
        categorical=tuple(n for n in dataset.roles.categorical if n not in columns),
    )
    fewer = replace(dataset, roles=roles)
    model = fit_model(settings, fewer, split.train, n_jobs=None)
    rows = split.validation
    return plain_auc(dataset.label[rows], model.score(fewer.features.iloc[rows]))


def _latency(
    bundle: Bundle, dataset: Dataset, split: Split, settings: RunSettings, alpha_divisor: int
) -> NDArray[np.float64]:
    """Timed calls: as many as asked for, or as bounds need that share alpha with others."""
    timing = settings.running.latency
    needed = np.log(settings.criteria.alpha / alpha_divisor) / np.log(_LATENCY_QUANTILE)
    n_rows = max(timing.n_rows, int(np.ceil(needed * _SPARE_CALLS)))
    step = max(1, len(split.test) // n_rows)
    rows = rows_of(dataset.features.iloc[split.test[::step]])
    measure = measure_latency
    if timing.through == "http":
        from harness.serving.latency import measure_http_latency as measure
    return measure(bundle, rows, n_rows=n_rows, n_warmup=timing.n_warmup)


def _reference(
    prepared: Prepared, trial: Trial, validation: ScoredWindow, test: ScoredWindow
) -> Reference:
    """What monitoring compares with: all columns, and scores of rows not trained on."""
    dataset, split = prepared.dataset, prepared.split
    judged, judged_time = judged_rows(validation, test)

    def columns() -> ColumnReference:
        rows = np.concatenate([split.train, split.validation, split.test])
        kinds = (dataset.roles.numeric, dataset.roles.categorical)
        return column_reference(dataset.features.iloc[rows], dataset.local_time()[rows], kinds)

    return reference_profile(
        prepared.once("columns", "", columns),
        judged,
        judged_time,
        threshold=trial.threshold.value,
        importance=importance_shares(trial.model.score, dataset.features.iloc[split.test]),
    )


def _backtest(
    settings: RunSettings, dataset: Dataset, split: Split, values: RowValues
) -> BacktestFigure:
    """One earlier origin, fitted afresh: point values only, no verdicts."""
    trial = run_trial(settings, dataset, split, values, Stages())
    scores = trial.model.score(dataset.features.iloc[split.test])
    _, test = scored_windows(settings.criteria.blocks, dataset, split, values, trial, scores)
    return BacktestFigure(
        test_start=f"{split.windows.test_start:%Y-%m-%d}",
        test_end=f"{split.windows.test_end:%Y-%m-%d}",
        n_rows=len(split.test),
        candidate=points(test.candidate),
        baseline=points(test.baseline),
    )
