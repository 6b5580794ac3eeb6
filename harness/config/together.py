"""Together: values that are right each by itself and cannot be meant side by side."""

from __future__ import annotations

from harness.errors import ConfigError, did_you_mean
from harness.settings import HoldoutSettings, MonitoringSettings, RunSettings


def check_together(settings: RunSettings) -> None:
    """Refuse what no single key is to blame for.

    Raises:
        ConfigError: With the key, the value seen and what to write instead.
    """
    _check_segments(settings)
    _check_holdout(settings.holdout)
    check_monitoring(settings.monitoring)


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
    """Refuse monitoring settings that cannot be meant together.

    Raises:
        ConfigError: With the key and what it needs.
    """
    if monitoring.on_alert == "command" and not monitoring.notify.command:
        raise ConfigError(
            "monitoring.on_alert: command needs monitoring.notify.command=[PROGRAM,...]"
        )


def _check_holdout(holdout: HoldoutSettings) -> None:
    if holdout.is_trial and (holdout.looks > 1 or holdout.disclosure != "full"):
        raise ConfigError(
            "holdout.select: none is a trial on validation, which takes no look at the test window; "
            "write holdout=validation_only alone"
        )
    if holdout.looks > 1 and holdout.disclosure == "full":
        raise ConfigError(
            "holdout.disclosure: several looks that show everything guarantee nothing; "
            "write holdout=blind, or holdout.looks=1"
        )
