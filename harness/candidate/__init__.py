"""Candidate: preprocessing, model, weights, calibration and threshold, fitted as one."""

from __future__ import annotations

from harness.candidate.baseline import BaselineScores, fit_baseline
from harness.candidate.fit import FittedModel, fit_model
from harness.candidate.threshold import Threshold, ThresholdCurve, choose_threshold
from harness.candidate.trial import Trial, run_trial

__all__ = [
    "BaselineScores",
    "FittedModel",
    "Threshold",
    "ThresholdCurve",
    "Trial",
    "choose_threshold",
    "fit_baseline",
    "fit_model",
    "run_trial",
]
