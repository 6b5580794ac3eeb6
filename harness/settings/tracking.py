"""Tracking: where runs are logged besides their own folders. Never part of a decision."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class NoTracking:
    """Runs leave their folders and nothing else."""

    kind: str = "none"


@dataclass(kw_only=True)
class MlflowTracking:
    """Runs are logged to MLflow.

    Attributes:
        uri: Tracking server or file; null takes HARNESS_REGISTRY, else the user's data folder.
        experiment: Experiment of the runs.
    """

    kind: str = "mlflow"
    uri: str | None = None
    experiment: str = "harness"
