"""Monitoring: when a window of new rows is worth an alarm. Never part of a decision."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class NotifySettings:
    """Who is told of an alert; it lies on disk before anyone is.

    Attributes:
        command: Program and arguments; reads the alert as JSON from standard input.
        webhook: URL the alert is posted to as JSON.
        file: File a line of JSON is appended to.
        timeout_seconds: Longest wait for a command or an answer.
        attempts: How often a webhook is tried.
    """

    command: list[str] = field(default_factory=list)
    webhook: str | None = None
    file: str | None = None
    timeout_seconds: float = 10.0
    attempts: int = 3


@dataclass(kw_only=True)
class MonitoringSettings:
    """What counts as drift, and what as an alert.

    Attributes:
        method: effect (significant and large for what the column does anyway) or textbook
            (any p below 0.05, to compare with).
        false_alarm_share: Chance of any false alarm in a year of monitoring.
        min_distance: Smallest Kolmogorov-Smirnov or total variation distance that matters.
        min_null_change: Smallest change of a null share that matters.
        max_unseen_share: Share of rows with categories never seen that breaks a column.
        max_outside_share: Share of rows outside the training range that breaks a column.
        min_correlation_change: Smallest change of the correlation of two columns that matters.
        min_label_coverage: Share of rows old enough for an outcome that have one, below which
            figures made from outcomes get a caveat.
        drifted_share: Share of features drifted above which there is an alert.
        drifted_importance: Share of importance drifted above which there is an alert.
        min_alert_change: Smallest change of the alert rate that matters, as share of it.
        min_metric_loss: Smallest loss of a metric that matters, as share of it.
        quiet_windows: Windows without alert after which an alert is over.
        notify: Who is told.
        on_alert: none, rollback (of the registry), or command (that of notify).
    """

    kind: str = "monitoring"
    method: str = "effect"
    false_alarm_share: float = 0.05
    min_distance: float = 0.1
    min_null_change: float = 0.1
    max_unseen_share: float = 0.05
    max_outside_share: float = 0.05
    min_correlation_change: float = 0.2
    min_label_coverage: float = 0.8
    drifted_share: float = 0.2
    drifted_importance: float = 0.3
    min_alert_change: float = 0.25
    min_metric_loss: float = 0.02
    quiet_windows: int = 2
    notify: NotifySettings = field(default_factory=NotifySettings)
    on_alert: str = "none"
