"""Over time: columns that know the future better than the past, or run with the clock."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.audit.view import View, of_unit_size
from harness.settings import AuditSettings

Floats = NDArray[np.float64]

_WINDOWS = (1, 2, 3, 5, 10, 20, 30, 50, 100)
_LEAST_GAIN = 0.05
_CLOCK = 0.999
_MIN_ROWS = 1000
# Neighbouring rows looked at: a correlation is then known to half a hundredth.
_ROWS = 50_000
# A column that stands still otherwise and moves in most rows that follow an outcome.
_STILL, _MOVES = 0.02, 0.5


def check_over_time(view: View, settings: AuditSettings) -> list[Finding]:
    """L08: aggregates that reach into the future, values rewritten by the outcome, clocks."""
    if len(view.train) < _MIN_ROWS:
        return []
    names = list(view.dataset.roles.numeric)
    numbers = view.dataset.frame[names].to_numpy(dtype=np.float64)  # (n_rows, n_columns)
    findings = _future(view, names, numbers, settings)
    findings += _clocks(view, names, numbers)
    return findings + _rewritten(view, names, numbers)


def _future(
    view: View, names: list[str], numbers: Floats, settings: AuditSettings
) -> list[Finding]:
    """How much of a column labels around it explain, and later ones beyond all others.

    An honest column knows the present, and through it a little of what follows; one that was
    averaged over a window into the future is made of later labels.
    """
    found: dict[str, tuple[float, float]] = dict.fromkeys(names, (0.0, 0.0))
    for order in _orders(view):
        label = view.dataset.label[order].astype(np.float64)
        values = of_unit_size(numbers[order])
        mean = np.nan_to_num(values).sum(axis=0) / np.maximum((~np.isnan(values)).sum(axis=0), 1)
        values = np.where(np.isnan(values), 0.0, values - mean)
        for window in _WINDOWS:
            if 4 * window > len(label):
                continue
            inside = slice(window, len(label) - window)
            next_, last = (side[inside] for side in _rolling(label, window))
            past = _explained(values[inside], [label[inside], last])
            whole = _explained(values[inside], [label[inside], last, next_])
            for name, share, gain in zip(names, whole, whole - past, strict=True):
                if gain >= _LEAST_GAIN:
                    found[name] = max(found[name], (float(share), float(gain)))
    return [
        Finding(
            check="L08",
            title="knows the future",
            severity=BLOCK if share >= settings.future_block else WARN,
            columns=(name,),
            sentence=f"{share:.1%} of what moves {name} are the labels around the row, {gain:.1%} those "
            "of rows that follow: it was computed over a window that reaches into the future.",
            evidence={"explained": round(share, 4), "by_later_labels": round(gain, 4)},
            advice="Compute rolling figures from rows whose label was known at the row's time.",
        )
        for name, (share, gain) in found.items()
        if share >= settings.future_warn
    ]


def _orders(view: View) -> list[NDArray[np.intp]]:
    """Late training rows in time order: all together and, with entities, entity by entity.

    They follow each other without a gap, because neighbours are what is looked at.
    """
    rows = np.sort(view.split.train[-_ROWS:])
    orders = [rows[np.argsort(view.dataset.time[rows], kind="stable")]]
    if view.dataset.entity is not None:
        entity = pd.factorize(view.dataset.entity[orders[0]])[0]
        orders.append(orders[0][np.argsort(entity, kind="stable")])
    return orders


def _rolling(label: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean of the next and of the last `window` labels, the row's own left out."""
    total = np.append(0.0, np.cumsum(label))
    n = len(label)
    i = np.arange(n)
    after = (total[np.minimum(i + 1 + window, n)] - total[i + 1]) / window
    before = (total[i] - total[np.maximum(i - window, 0)]) / window
    return after, before


def _explained(values: Floats, by: list[Floats]) -> Floats:
    """Share of each column's variance that a linear function of some series explains."""
    design = np.stack([series - series.mean() for series in by], axis=1)  # (n, n_series)
    basis, _ = np.linalg.qr(design)
    shifted = values - values.mean(axis=0)
    total = (shifted**2).sum(axis=0)
    found: Floats = ((basis.T @ shifted) ** 2).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, found, 0.0)


def _clocks(view: View, names: list[str], numbers: Floats) -> list[Finding]:
    rows = view.train[:: max(1, len(view.train) // 20_000)]
    time = pd.Series(view.dataset.time[rows].astype(np.int64)).rank().to_numpy()
    clocks = []
    for i, name in enumerate(names):
        column = pd.Series(numbers[rows, i])
        if column.notna().all() and column.nunique() > 100:
            strength = np.corrcoef(column.rank().to_numpy(), time)[0, 1]
            if abs(strength) >= _CLOCK:
                clocks.append(name)
    if not clocks:
        return []
    return [
        Finding(
            check="L08",
            title="runs with the clock",
            severity=NOTE,
            columns=tuple(clocks),
            sentence=f"{', '.join(clocks)} grow or fall with time: every later row lies outside what "
            "training has seen.",
            evidence={},
            advice="A tree cannot use such values; prefer what recurs (weekday, age, days since).",
        )
    ]


def _rewritten(view: View, names: list[str], numbers: Floats) -> list[Finding]:
    """Columns of an entity that change when its outcome arrives and hardly ever else."""
    if view.dataset.entity is None:
        return []
    order = _orders(view)[-1]
    entity = pd.factorize(view.dataset.entity[order])[0]
    same = entity[1:] == entity[:-1]
    follows = same & view.dataset.label[order][:-1]
    other = same & ~view.dataset.label[order][:-1]
    if min(follows.sum(), other.sum()) < 30:
        return []
    values = numbers[order]
    changed = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    findings = []
    for name, after, else_ in zip(
        names, changed[follows].mean(axis=0), changed[other].mean(axis=0), strict=True
    ):
        if after >= _MOVES and else_ <= _STILL:
            findings.append(
                Finding(
                    check="L08",
                    title="rewritten by the outcome",
                    severity=WARN,
                    columns=(name,),
                    sentence=f"{name} changes after {after:.1%} of positive rows of an entity and after "
                    f"{else_:.1%} of others: in a table exported later, earlier rows may show the value "
                    "after the outcome.",
                    evidence={
                        "after_positive": round(float(after), 4),
                        "else": round(float(else_), 4),
                    },
                    advice="Read the value as it stood at the row's time (dataset.feature_times says so).",
                )
            )
    return findings


CHECKS: dict[str, ColumnCheck] = {"L08": check_over_time}
