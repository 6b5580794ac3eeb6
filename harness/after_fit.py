"""After the fit: the model under audit, its latency, and what later rows are compared with.

All of it looks at rows whose features are in memory: every row, or a sample of a streamed table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit import Finding, FittedCandidate, audit_after
from harness.bundle import Bundle, measure_latency
from harness.bundle.input_schema import rows_of
from harness.candidate import FittedModel, Trial, fit_model
from harness.data import Dataset, Split
from harness.evaluation import ScoredWindow, judged_rows
from harness.evidence.auc import plain_auc
from harness.monitor import (
    ColumnReference,
    Reference,
    column_reference,
    importance_shares,
    reference_profile,
)
from harness.monitor.inside import drawn_of, with_inside
from harness.prepare import Prepared
from harness.settings import CandidateSettings, RunSettings

# Rows of training scored for the audit: enough for an AUC to two digits.
_TRAIN_SAMPLE = 10_000
# The 99th percentile is bounded by the largest of n calls only if 0.99^n <= alpha; with one call
# in ten spare, the bound is not the very largest.
_LATENCY_QUANTILE = 0.99
_SPARE_CALLS = 1.1


def audit_fitted(
    settings: RunSettings,
    prepared: Prepared,
    trial: Trial,
    scores: NDArray[np.float64],
    earlier: Sequence[Finding],
) -> tuple[Finding, ...]:
    """Checks on the fitted model, on the rows whose features are in memory."""
    dataset, split = prepared.in_memory
    judged = {"validation": trial.validation, "test": scores}
    for name, found in judged.items():
        rows = getattr(prepared.split, name)
        judged[name] = found[np.isin(rows, prepared.dataset.sampled_of(rows))]
    fitted = FittedCandidate(
        score=trial.model.score,
        refit=partial(_auc_without, settings.candidate, dataset, split),
        train_auc=_train_auc(trial.model, dataset, split),
        validation=judged["validation"],
        test=judged["test"],
    )
    return audit_after(dataset, split, settings.audit, fitted, earlier)


def time_single_rows(
    bundle: Bundle, prepared: Prepared, settings: RunSettings, alpha_divisor: int
) -> NDArray[np.float64]:
    """Timed calls: as many as asked for, or as bounds need that share alpha with others."""
    timing = settings.running.latency
    needed = np.log(settings.criteria.alpha / alpha_divisor) / np.log(_LATENCY_QUANTILE)
    n_rows = max(timing.n_rows, int(np.ceil(needed * _SPARE_CALLS)))
    dataset, split = prepared.in_memory
    step = max(1, len(split.test) // n_rows)
    rows = rows_of(dataset.take(split.test[::step]))
    measure = measure_latency
    if timing.through == "http":
        from harness.serving.latency import measure_http_latency as measure
    return measure(bundle, rows, n_rows=n_rows, n_warmup=timing.n_warmup)


def reference_of(
    prepared: Prepared, trial: Trial, validation: ScoredWindow, test: ScoredWindow
) -> Reference:
    """What monitoring compares with: all columns, and scores of rows not trained on."""
    dataset, split = prepared.in_memory
    judged, judged_time = judged_rows(validation, test)
    rows = np.concatenate([split.train, split.validation, split.test])
    kinds = (dataset.roles.numeric, dataset.roles.categorical)

    def columns() -> ColumnReference:
        return column_reference(
            dataset.take(rows), dataset.local_time()[rows], kinds, prepared.engine
        )

    reference = reference_profile(
        prepared.once("columns", "", columns),
        judged,
        judged_time,
        threshold=trial.threshold.value,
        importance=importance_shares(trial.model.score, dataset.take(split.test)),
    )
    segments = [name for name in dataset.roles.segments if name in dataset.frame]
    names = list(dict.fromkeys([*dataset.roles.features, *segments]))
    some = rows[drawn_of(len(rows))]
    return with_inside(
        reference, dataset.frame[names].iloc[some], dataset.local_time()[some], kinds, segments
    )


def examples_of(prepared: Prepared) -> pd.DataFrame:
    """Features of test rows in memory, of which the bundle takes its golden ones."""
    dataset, split = prepared.in_memory
    return dataset.take(split.test)


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
