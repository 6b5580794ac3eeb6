"""Trial: candidate and baseline fitted on one split's past, before the test window opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.candidate.baseline import BaselineScores, fit_baseline
from harness.candidate.fit import FittedModel, fit_model
from harness.candidate.scoring import score_rows
from harness.candidate.threshold import Threshold, choose_threshold
from harness.data import Dataset, Split
from harness.data.outcome_values import RowValues
from harness.settings import RunSettings
from harness.stages import Stages

Fitter = Callable[..., FittedModel]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """What came of one split.

    Attributes:
        model: The fitted candidate.
        threshold: Chosen on validation.
        baseline: Scores and alerts of what has to be beaten.
        validation: Candidate's validation scores, shape (n_validation_rows,).
    """

    model: FittedModel
    threshold: Threshold
    baseline: BaselineScores
    validation: NDArray[np.float64]


def run_trial(
    settings: RunSettings,
    dataset: Dataset,
    split: Split,
    values: RowValues,
    stage: Stages,
    *,
    baseline: BaselineScores | None = None,
    fitter: Fitter = fit_model,
) -> Trial:
    """Fit on training and choose the threshold on validation; the candidate is not scored on test.

    The baseline's scores of test rows are there already (the ledger's entry holds their hash); no score
    is compared with a label of the test window before that entry is written.

    Args:
        settings: The whole config; candidate and baseline are used.
        dataset: All rows.
        split: Windows to learn from.
        values: Worth per row, for threshold policies.
        stage: Times the steps.
        baseline: Known already; None fits it.
        fitter: Fits the candidate.
    """
    n_jobs = settings.running.n_jobs
    if baseline is None:
        with stage("fit the baseline"):
            baseline = fit_baseline(settings.baseline, dataset, split, values, n_jobs=n_jobs)
    with stage("fit the candidate"):
        model = fitter(settings.candidate, dataset, split.train, n_jobs=n_jobs)
    with stage("choose the threshold"):
        rows = split.validation
        validation = score_rows(model.pipeline, dataset, rows)
        threshold = choose_threshold(
            settings.threshold, validation, dataset.label[rows], values.take(rows)
        )
    return Trial(model=model, threshold=threshold, baseline=baseline, validation=validation)
