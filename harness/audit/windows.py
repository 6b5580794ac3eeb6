"""Windows: whether training and test are apart by every clock of the table, and scaled apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.audit.column_check import ColumnCheck
from harness.audit.dates import share_after
from harness.audit.finding import NOTE, WARN, Finding
from harness.audit.view import View

Floats = NDArray[np.float64]

# A column was scaled by a statistic when it meets it to so many standard deviations.
_EXACT = 1e-6
_MIN_ROWS = 100
_FOLLOWS = 0.9
# A time that lies after most predictions cannot be theirs.
_MOSTLY = 0.5


def check_windows(view: View) -> list[Finding]:
    """L12: test rows that lie within training by another time column that tells the order."""
    dataset, split = view.dataset, view.split
    findings = []
    for name, times in dataset.other_times.items():
        train, test = times[split.train], times[split.test]
        train, test = train[~np.isnat(train)], test[~np.isnat(test)]
        if len(train) < _MIN_ROWS or len(test) < _MIN_ROWS:
            continue
        inside = float((test <= train.max()).mean())
        if inside < 0.01:
            continue
        follows = _rank_correlation(view, times) >= _FOLLOWS
        findings.append(
            Finding(
                check="L12",
                title="windows overlap by another clock",
                severity=WARN if follows else NOTE,
                columns=(name,),
                sentence=f"By {name}, {inside:.1%} of test rows are not later than the last training "
                "row.",
                evidence={"share": round(inside, 4)},
                advice=_advice(name, follows, share_after(view, times)),
            )
        )
    return findings


def _advice(name: str, follows: bool, after: float) -> str:
    if follows and after >= _MOSTLY:
        return (
            f"{name} lies after the prediction: if it says when the outcome became known, name it: "
            f"dataset.label_time={name}."
        )
    if follows:
        return f"If {name} is when a row became known, split by it: dataset.time={name}."
    return "Nothing to do unless this column says when a row became known."


def check_scaling(view: View) -> list[Finding]:
    """L13: numbers scaled with statistics of all rows, the test window's included."""
    found = []
    for name in view.dataset.roles.numeric:
        values = view.dataset.frame[name].to_numpy(dtype=np.float64)
        values = values[~np.isnan(values)]
        if len(values) < _MIN_ROWS or len(np.unique(values[:1000])) < 3:
            continue
        part = view.dataset.frame[name].to_numpy(dtype=np.float64)[view.split.train]
        part = part[~np.isnan(part)]
        if _is_standard(values) and not _is_standard(part):
            found.append(name)
    if not found:
        return []
    shown = ", ".join(found[:8]) + (", ..." if len(found) > 8 else "")
    return [
        Finding(
            check="L13",
            title="scaled with the test window",
            severity=WARN,
            columns=tuple(found),
            sentence=f"{shown}: mean 0 and standard deviation 1 over all rows but not over training, "
            "so the test window took part in the scaling.",
            evidence={"n_columns": len(found)},
            advice="Hand the unscaled values over; preprocess=linear scales inside the fit.",
        )
    ]


def _is_standard(values: Floats) -> bool:
    if len(values) < 2 or np.abs(values).max() > 1e6:
        return False
    n = len(values)
    spreads = (values.std(), values.std() * np.sqrt(n / (n - 1)))
    return bool(abs(values.mean()) < _EXACT and min(abs(spread - 1) for spread in spreads) < _EXACT)


def _rank_correlation(view: View, times: NDArray[np.datetime64]) -> float:
    """Rank correlation of another clock with the table's own, over all rows that have both."""
    known = np.flatnonzero(~np.isnat(times))
    known = known[:: max(1, len(known) // 50_000)]
    own = view.dataset.time[known].astype(np.int64)
    other = times[known].astype("datetime64[us]").astype(np.int64)
    ranks = [
        np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (own, other)
    ]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


CHECKS: dict[str, ColumnCheck] = {
    "L12": lambda view, settings: check_windows(view),
    "L13": lambda view, settings: check_scaling(view),
}
