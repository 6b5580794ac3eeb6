"""Identifiers: names and numbers whose order, beginning or parity carries the class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, WARN, Finding
from harness.audit.view import View, rates
from harness.evidence.auc import cell_auc
from harness.settings import AuditSettings

Floats = NDArray[np.float64]

_TITLE = "identifier carries the class"
# So many distinct values, counted by rows, make a column an identifier.
_DISTINCT_SHARE = 0.5
_CLOCK = 0.98
_BLOCK_ORDER = 0.98
_MIN_PAIRS = 100
# Beyond this a float no longer counts one by one.
_LARGEST = 2.0**53


def check_identifiers(view: View, settings: AuditSettings) -> list[Finding]:
    """L05: order within a day, last digits or beginnings of an identifier that rank the label."""
    if not view.has_power:
        return []
    findings = []
    for name in _identifiers(view):
        best, what = max(((auc, what) for what, auc in _views(view, name)), default=(0.5, ""))
        if best < settings.identifier_warn_auc:
            continue
        is_block = what == "order within a day" and best >= _BLOCK_ORDER
        findings.append(
            Finding(
                check="L05",
                title=_TITLE,
                severity=BLOCK if is_block else WARN,
                columns=(name,),
                sentence=f"{name} looks like an identifier, and its {what} ranks the label with an AUC "
                f"of {best:.3f}.",
                evidence={"auc": round(best, 4), "view": what},
                advice="Take it out of the features; rows were numbered after their outcome was known.",
            )
        )
    return findings


def _identifiers(view: View) -> list[str]:
    """Features whose values hardly repeat: whole numbers, and categories."""
    found = []
    for name in view.dataset.roles.features:
        column = view.column(name, view.train)
        if isinstance(column.dtype, pd.CategoricalDtype):
            if len(column.cat.categories) >= _DISTINCT_SHARE * len(column):
                found.append(name)
            continue
        numbers = column.to_numpy(dtype=np.float64)
        known = numbers[np.isfinite(numbers)]
        if len(known) < 100 or np.abs(known).max() > _LARGEST or (known != np.round(known)).any():
            continue
        if len(np.unique(known)) >= _DISTINCT_SHARE * len(known):
            found.append(name)
    return found


def _views(view: View, name: str) -> Iterator[tuple[str, float]]:
    column = view.dataset.frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        text = column.astype("string")
        yield "beginning", _learned(view, pd.Categorical(text.str[:2]).codes)
        yield "length", _learned(view, text.str.len().fillna(0).to_numpy(dtype=np.int64))
        return
    numbers = column.to_numpy(dtype=np.float64)
    whole = np.where(np.isfinite(numbers), numbers, 0).astype(np.int64)
    yield "parity", _learned(view, whole % 2)
    yield "last digit", _learned(view, whole % 10)
    yield "number of digits", _learned(view, np.char.str_len(np.abs(whole).astype(str)))
    if _is_clock(view, numbers):
        yield "order within a day", _order_auc(view, numbers)


def _learned(view: View, codes: NDArray[np.integer]) -> float:
    """AUC on later rows of label rates by code, learned on training rows."""
    _, dense = np.unique(codes, return_inverse=True)
    share = rates(dense[view.train], view.label_train, int(dense.max()) + 1, 20.0)
    return cell_auc(view.label_later, dense[view.later], share)


def _is_clock(view: View, numbers: Floats) -> bool:
    """Whether the numbers grow with time."""
    rows = view.train[:: max(1, len(view.train) // 20_000)]
    ranks = pd.Series(numbers[rows]).rank().corr(pd.Series(view.dataset.time[rows]).rank())
    return bool(abs(ranks) >= _CLOCK)


def _order_auc(view: View, numbers: Floats) -> float:
    """How often, of a positive and a negative of one day, the positive has the larger number."""
    day = view.dataset.local_time()[view.later].tz_localize(None).normalize()
    frame = pd.DataFrame(
        {"day": day, "number": numbers[view.later], "positive": view.label_later}
    ).dropna()
    groups = frame.groupby("day")
    rank = groups["number"].rank()
    positives = groups["positive"].sum()
    negatives = groups["positive"].size() - positives
    # Mann and Whitney's count of pairs, day by day, added up.
    rank_sums = rank.where(frame["positive"], 0.0).groupby(frame["day"]).sum()
    won = (rank_sums - positives * (positives + 1) / 2).sum()
    pairs = (positives * negatives).sum()
    if pairs < _MIN_PAIRS:
        return 0.5
    auc = float(won / pairs)
    return max(auc, 1 - auc)


CHECKS: dict[str, ColumnCheck] = {"L05": check_identifiers}
