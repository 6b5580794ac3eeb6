"""Identifiers: names and numbers among the features that name rows or somebody behind them.

Such a column says nothing about rows to come; where its order, beginning or parity ranks the label as
well, it was given because of the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.column_check import ColumnCheck
from harness.audit.dates import date_features
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
_MIN_ROWS = 100
# Beyond this a float no longer counts one by one.
_LARGEST = 2.0**53
# Names are a second sign, never the only one: customer_id, orderNo, session key.
_NAMED = re.compile(r"(?:^|[^a-z])(?:id|ids|uid|uuid|guid|key|no|nr|num|number|hash)$")
# Identifiers have at least so many values, each on so few rows; unique ones on nearly each row.
_MANY, _ROWS_EACH, _UNIQUE = 50, 20, 0.9
# Without a telling name, those that come back need many more values: minutes of a day are 1,440.
_MANY_UNNAMED = 1500
# From so many rows for each value on, the values come back, as customers do.
_AGAIN = 1.2
# Share of the texts that have to be written as identifiers are.
_MOST = 0.95
# Numbers given one by one are dense, or run with time, or are drawn evenly from one length of digits.
_DENSE, _LONG, _UNEVEN = 0.3, 6, 0.03
_OPAQUE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}", re.IGNORECASE
)
_NUMBERED = re.compile(r"[A-Za-z]{0,12}[-_#:/ ]?\d{3,}[A-Za-z]?")


def check_identifiers(view: View, settings: AuditSettings) -> list[Finding]:
    """L05: identifiers among the features, and those whose order, digits or beginning rank the label."""
    findings = _carriers(view, settings) if view.has_power else []
    known = {name for finding in findings for name in finding.columns}
    known |= {name for name, _ in date_features(view)}
    for name in view.dataset.roles.features:
        if name not in known and (rows_each := _rows_each(view, name)) is not None:
            findings.append(_among_features(view, name, rows_each))
    return findings


def _among_features(view: View, name: str, rows_each: float) -> Finding:
    again = rows_each >= _AGAIN and view.dataset.entity is None
    return Finding(
        check="L05",
        title="identifier among the features",
        severity=WARN,
        columns=(name,),
        sentence=f"{name} looks like an identifier: each of its values is on {rows_each:.1f} training rows "
        "on average, and a model can only learn them by heart.",
        evidence={"rows_per_value": round(rows_each, 3)},
        advice=f"dataset.ignore=[{name}] leaves it out"
        + (f"; dataset.entity={name} says who the rows are about." if again else "."),
    )


def _rows_each(view: View, name: str) -> float | None:
    """Training rows per value of a column that looks like an identifier, else None."""
    column = view.column(name, view.train)
    named = _NAMED.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) is not None
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy()
        codes = codes[codes >= 0]
        used = np.unique(codes)
        if len(used) < _MANY or len(codes) > _ROWS_EACH * len(used):
            return None
        is_one = named or _is_opaque(column.cat.categories.take(used), len(codes) / len(used))
        return len(codes) / len(used) if is_one else None
    numbers = column.to_numpy(dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < _MIN_ROWS or (numbers != np.round(numbers)).any():
        return None
    values = np.unique(numbers)
    rows_each = len(numbers) / len(values)
    if len(values) < _MANY or rows_each > _ROWS_EACH:
        return None
    if len(values) >= _UNIQUE * len(numbers):
        is_one = (
            named
            or _is_numbering(values)
            or _is_clock(view, view.dataset.frame[name].to_numpy(np.float64))
        )
    else:
        is_one = named or (len(values) >= _MANY_UNNAMED and _is_numbering(values))
    return rows_each if is_one else None


def _is_opaque(texts: pd.Index, rows_each: float) -> bool:
    """Whether texts are hashes, or numbered names that hardly repeat or are many."""
    some = [str(text) for text in texts[:: max(1, len(texts) // 1000)]]
    if np.mean([_OPAQUE.fullmatch(text) is not None for text in some]) >= _MOST:
        return True
    if rows_each <= 1 / _DISTINCT_SHARE:
        return True
    numbered = np.mean([_NUMBERED.fullmatch(text) is not None for text in some]) >= _MOST
    return bool(numbered) and len(texts) >= _MANY_UNNAMED


def _is_numbering(values: Floats) -> bool:
    """Whether whole numbers, ascending, were given one by one or drawn from one length of digits."""
    first, last = float(values[0]), float(values[-1])
    place = (values - first) / (last - first)
    uneven = float(np.abs(place - np.linspace(0, 1, len(values))).max())
    if uneven > max(_UNEVEN, 1.36 / np.sqrt(len(values))):
        return False
    if len(values) >= _DENSE * (last - first + 1):
        return True
    digits = len(str(int(abs(first))))
    return digits >= _LONG and digits == len(str(int(abs(last))))


def _carriers(view: View, settings: AuditSettings) -> list[Finding]:
    """Order within a day, last digits or beginnings that rank the label."""
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
