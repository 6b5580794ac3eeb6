"""Availability: features that are known only once the outcome is, or too late in some rows."""

from __future__ import annotations

import numpy as np

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.data import Dataset
from harness.settings import AuditSettings

_TITLE = "known only after the prediction"


def check_availability(dataset: Dataset, settings: AuditSettings) -> list[Finding]:
    """L01: declared as written after the outcome, or computed later than the row's time."""
    late = [name for name in dataset.roles.features if name in dataset.roles.after_outcome]
    findings = [
        Finding(
            check="L01",
            title=_TITLE,
            severity=BLOCK,
            columns=(name,),
            sentence=f"{name} is a feature, but is known only after the outcome.",
            evidence={"share_of_rows": 1.0},
            advice="Take it out of the features; in production it is not there when the "
            "prediction is made.",
        )
        for name in late
    ]
    for name, times in dataset.feature_times.items():
        if name in dataset.roles.features and name not in late:
            findings += _computed_late(dataset, name, times, settings)
    return findings


def _computed_late(
    dataset: Dataset, name: str, times: np.ndarray, settings: AuditSettings
) -> list[Finding]:
    """Rows whose value was computed after the prediction it is used for."""
    known = ~np.isnat(times)
    is_late = known & (times > dataset.time)
    share = float(is_late.sum() / max(int(known.sum()), 1))
    if share == 0:
        return []
    row = int(np.flatnonzero(is_late)[0])
    late_by = (times[is_late] - dataset.time[is_late]) / np.timedelta64(1, "h")
    severity = BLOCK if share >= settings.late_share else WARN if share >= 0.001 else NOTE
    return [
        Finding(
            check="L01",
            title=_TITLE,
            severity=severity,
            columns=(name,),
            sentence=f"{name} was computed after the prediction in {share:.1%} of rows, by "
            f"{np.median(late_by):,.1f} hours at the median (row {row}: {_minute(times[row])} for a "
            f"prediction at {_minute(dataset.time[row])}).",
            evidence={
                "share_of_rows": round(share, 5),
                "median_hours_late": round(float(np.median(late_by)), 3),
                "first_row": row,
            },
            advice="Join the value as of the prediction time, or take the column out.",
        )
    ]


def _minute(instant: np.datetime64) -> str:
    return str(instant.astype("datetime64[m]")).replace("T", " ")


CHECKS: dict[str, ColumnCheck] = {
    "L01": lambda view, settings: check_availability(view.dataset, settings)
}
