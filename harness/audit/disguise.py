"""Disguise: the label under another name: a rule, a group mean, a difference of two columns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness.audit.alone import without_power
from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, WARN, Finding
from harness.audit.view import Cells, View, of_unit_size
from harness.evidence.auc import plain_auc
from harness.settings import AuditSettings

Floats = NDArray[np.float64]

_TITLE = "label in disguise"
# A cell is pure when nearly all of its training rows are of one class.
# A rule for a class that nearly everybody is in says little.
_MOST_OF_ALL = 0.8
_CELL_ROWS, _CELL_WRONG, _OF_THE_REST = 20, 0.02, 0.1
_FEW_VALUES = 64
# Group means: this much of a column's rows must be means of their own group's labels.
_MEAN_SHARE, _MEAN_ROWS, _MEAN_VALUES = 0.95, 100, 3
_TWINS, _MOST_TWINS, _BLOCK = 0.98, 40, 512
_PAIR_ROWS, _PAIR_LEAST = 20_000, 300


def check_disguise(view: View, settings: AuditSettings) -> list[Finding]:
    """L04: columns that are the label by a rule, by a mean, or less another column."""
    if not view.has_power:
        return [without_power("L04", _TITLE, view)]
    findings = []
    for name in view.dataset.roles.features:
        rule = _pure_rule(view, name, settings)
        if rule is not None:
            findings.append(rule)
    for name in view.dataset.roles.numeric:
        mean = _own_mean(view, name)
        if mean is not None:
            findings.append(mean)
    return findings + _twins(view, settings)


def _pure_rule(view: View, name: str, settings: AuditSettings) -> Finding | None:
    """Values that, in training and later alike, only one class has."""
    cells = view.cells(name)
    share, coverage, n_rows = max(
        (
            rule_strength(cells, view.label_train == side, view.label_later == side)
            for side in (True, False)
            if (view.label_train == side).mean() <= _MOST_OF_ALL
        ),
        key=lambda found: found[1],
    )
    few = cells.n_values <= _FEW_VALUES
    needed = settings.rule_block_few if few else settings.rule_block
    if coverage < settings.rule_warn:
        return None
    severity = BLOCK if coverage >= needed and view.is_large else WARN
    return Finding(
        check="L04",
        title=_TITLE,
        severity=severity,
        columns=(name,),
        sentence=f"Some values of {name} occur in one class only: they cover {coverage:.1%} of that "
        f"class in later rows and are right in at least {share:.1%} of {n_rows:,}.",
        evidence={"coverage": round(coverage, 4), "precision_bound": round(share, 4)},
        advice="Find out what writes these values; if the outcome does, list the column under "
        "dataset.after_outcome.",
    )


def rule_strength(
    cells: Cells, train: NDArray[np.bool_], later: NDArray[np.bool_]
) -> tuple[float, float, int]:
    """How sure and how wide a rule of pure cells is.

    Args:
        cells: A column's cells.
        train: Whether each training row is of the class.
        later: Whether each later row is.

    Returns:
        Lower bound of the rule's precision on later rows (Wilson 1927, 95 %), the share of
        the class it covers there, and the later rows it speaks about.
    """
    # Where nearly every row is of the class, a pure cell has to be purer than that.
    wrong = min(_CELL_WRONG, _OF_THE_REST * float(1 - train.mean()))
    seen = np.bincount(cells.train, minlength=cells.n_cells)
    hits = np.bincount(cells.train, weights=train, minlength=cells.n_cells)
    is_pure = (seen >= _CELL_ROWS) & (seen - hits <= wrong * seen)
    told = is_pure[cells.later]
    n, k = int(told.sum()), int((told & later).sum())
    if n == 0 or wilson_lower(k, n) < 1 - 2 * wrong:
        return (wilson_lower(k, n) if n else 0.0), 0.0, n
    return wilson_lower(k, n), k / max(int(later.sum()), 1), n


def wilson_lower(k: int, n: int, z: float = 1.6448536) -> float:
    """Lower 95 % bound of a share (Wilson 1927).

    Example:
        >>> round(wilson_lower(100, 100), 3)
        0.974
    """
    p = k / n
    centre = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (centre - spread) / (1 + z * z / n)


def _own_mean(view: View, name: str) -> Finding | None:
    """A target mean that has seen the rows it describes, or all rows but the one it is on."""
    values = view.dataset.frame[name].to_numpy(dtype=np.float64)
    inside = np.flatnonzero((values > 0) & (values < 1))
    if len(inside) < _MEAN_ROWS:
        return None
    distinct, group = np.unique(np.round(values[inside], 9), return_inverse=True)
    if not _MEAN_VALUES <= len(distinct) <= len(inside) / 2:
        return None
    label = view.dataset.label[inside]
    size = np.bincount(group)
    positive = np.bincount(group, weights=label)
    # Rounded figures are means too when they are as near as rounding leaves them.
    near = np.abs(positive / size - distinct) <= 0.5 / np.maximum(size, 100) / 10 + 1e-9
    share = float(size[near & (size > 1)].sum() / len(inside))
    if share < _MEAN_SHARE:
        return None
    return Finding(
        check="L04",
        title=_TITLE,
        severity=BLOCK,
        columns=(name,),
        sentence=f"{name} is the label's mean among the rows that share its value, later rows "
        f"included, in {share:.1%} of {len(inside):,} rows.",
        evidence={"share": round(share, 4), "n_groups": len(distinct)},
        advice="Compute target means from training rows alone, or let the model's preprocessing "
        "do it inside the fit.",
    )


def _alike(scaled: Floats) -> list[tuple[int, int, float]]:
    """Pairs of standardised columns that correlate by 0.98 or more, a block of columns at a time."""
    found: list[tuple[int, int, float]] = []
    single = scaled.astype(np.float32)  # a correlation to six digits, in half the time
    for start in range(0, scaled.shape[1], _BLOCK):
        strength = np.abs(single[:, start : start + _BLOCK].T @ single[:, start:]) / len(scaled)
        for i, j in np.argwhere(strength >= _TWINS):
            if i < j:
                found.append((int(start + i), int(start + j), float(strength[i, j])))
    return found[:_MOST_TWINS]


def _twins(view: View, settings: AuditSettings) -> list[Finding]:
    """Two columns nearly alike whose difference is the label."""
    names = [n for n in view.dataset.roles.numeric if view.cells(n).n_values > _FEW_VALUES]
    if len(names) < 2:
        return []
    rows = view.later[:: max(1, len(view.later) // _PAIR_ROWS)]
    label = view.dataset.label[rows]
    values = view.dataset.frame[names].iloc[rows].to_numpy(dtype=np.float64)  # (n, n_columns)
    unit = of_unit_size(values)
    mean = np.nan_to_num(unit).sum(axis=0) / np.maximum((~np.isnan(unit)).sum(axis=0), 1)
    filled = np.where(np.isnan(unit), mean, unit)
    spread = filled.std(axis=0)
    scaled = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    findings = []
    for i, j, correlation in _alike(scaled):
        with np.errstate(over="ignore"):
            difference = values[:, i] - values[:, j]
        known = np.isfinite(difference)
        if known.sum() < _PAIR_LEAST or np.ptp(difference[known]) == 0:
            continue
        auc = plain_auc(label[known], difference[known])
        auc = max(auc, 1 - auc)
        if auc < settings.warn_auc:  # nan for one class is never below
            continue
        findings.append(
            Finding(
                check="L04",
                title=_TITLE,
                severity=BLOCK if auc >= settings.block_auc else WARN,
                columns=(names[i], names[j]),
                sentence=f"{names[i]} less {names[j]} ranks the label with an AUC of {auc:.3f}: one of "
                "them carries the outcome.",
                evidence={"auc": round(auc, 4), "correlation": round(correlation, 4)},
                advice="Find out which of the two is written later, and list it under "
                "dataset.after_outcome.",
            )
        )
    return findings


CHECKS: dict[str, ColumnCheck] = {"L04": check_disguise}
