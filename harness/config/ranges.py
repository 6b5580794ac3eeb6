"""Ranges: values that have the right type and still cannot be meant."""

from __future__ import annotations

from harness.config.choices import check_choices
from harness.errors import ConfigError, did_you_mean
from harness.settings import HoldoutSettings, MonitoringSettings, RunSettings

_MONITORING_SHARES = (
    "false_alarm_share",
    "min_distance",
    "min_null_change",
    "max_unseen_share",
    "drifted_share",
    "drifted_importance",
    "min_alert_change",
    "min_metric_loss",
)


def check_ranges(settings: RunSettings) -> None:
    """Refuse what no schema can refuse.

    Raises:
        ConfigError: With the key, the value seen and what it may be.
    """
    if not 0 <= settings.held_back_share < 0.9:
        raise ConfigError(
            f"held_back_share: {settings.held_back_share} is not a share of training; "
            "choose 0 (off) or a value below 0.9, such as 0.15"
        )
    _check_segments(settings)
    _check_holdout(settings.holdout)
    check_monitoring(settings.monitoring)
    latency = settings.running.latency
    if latency.n_rows < 1 or latency.n_warmup < 0:
        raise ConfigError("running.latency: n_rows must be at least 1 and n_warmup at least 0")
    check_choices("running.latency", latency)
    check_choices("running", settings.running)
    if settings.running.cache_max_gb < 0:
        raise ConfigError("running.cache_max_gb: must not be negative; 0 keeps nothing")
    origins = getattr(settings.split, "origins", 1)
    if origins < 1:
        raise ConfigError(f"split.origins: {origins} is no number of windows; choose 1 or more")
    positive = getattr(settings.weighting, "positive_weight", 1.0)
    if positive <= 0:
        raise ConfigError(f"weighting.positive_weight: {positive} must be above 0")
    for name in ("precision", "recall", "fraction", "max_alert_share"):
        share = getattr(settings.threshold, name, 0.5)
        if not 0 < share <= 1:
            raise ConfigError(
                f"threshold.{name}: {share} is not a share; choose above 0, at most 1"
            )


def _check_segments(settings: RunSettings) -> None:
    for name, guardrail in settings.criteria.guardrail_metrics.items():
        column = guardrail.per_segment
        if column is not None and column not in settings.dataset.segments:
            hint = did_you_mean(column, settings.dataset.segments)
            raise ConfigError(
                f"criteria.guardrail_metrics.{name}.per_segment: '{column}' is not among "
                f"dataset.segments; {hint} (criteria=ranking fits any table)"
            )


def check_monitoring(monitoring: MonitoringSettings) -> None:
    """Refuse monitoring settings that cannot be meant.

    Raises:
        ConfigError: With the key and what it may be.
    """
    check_choices("monitoring", monitoring)
    for name in _MONITORING_SHARES:
        share = getattr(monitoring, name)
        if not 0 < share <= 1:
            raise ConfigError(
                f"monitoring.{name}: {share} is not a share; choose above 0, at most 1"
            )
    if monitoring.quiet_windows < 1 or monitoring.notify.attempts < 1:
        raise ConfigError("monitoring: quiet_windows and notify.attempts must be at least 1")
    if monitoring.notify.timeout_seconds <= 0:
        raise ConfigError("monitoring.notify.timeout_seconds: must be above 0")
    if monitoring.on_alert == "command" and not monitoring.notify.command:
        raise ConfigError(
            "monitoring.on_alert: command needs monitoring.notify.command=[PROGRAM,...]"
        )


def _check_holdout(holdout: HoldoutSettings) -> None:
    if holdout.looks < 1:
        raise ConfigError(f"holdout.looks: {holdout.looks} is no number of looks; choose 1 or more")
    check_choices("holdout", holdout)
    if holdout.looks > 1 and holdout.disclosure == "full":
        raise ConfigError(
            "holdout.disclosure: several looks that show everything guarantee nothing; "
            "write holdout=blind, or holdout.looks=1"
        )
