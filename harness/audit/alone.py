"""Alone: how well each column ranks the label by itself, out of sample in time.

A column is turned into label rates (quantile bins with one bin for null, or smoothed
category means) on the training window and ranked on validation. No constant separates
leaks from strong honest columns, so the lead over the runner-up counts as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.data import Dataset, Split
from harness.evidence.auc import plain_auc
from harness.settings import AuditSettings

_N_BINS = 32
_SMOOTHING_ROWS = 20.0
_MIN_CLASS_ROWS = 30
_MIN_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPower:
    """How well one column, and its mere absence, rank the label on validation."""

    column: str
    auc: float
    missing_auc: float


def column_powers(dataset: Dataset, split: Split) -> list[ColumnPower]:
    """Every feature's power alone, strongest first."""
    train, later = split.train, split.validation
    label_train, label_later = dataset.label[train], dataset.label[later]
    powers = []
    for name in dataset.roles.features:
        column = dataset.frame[name]
        fitted, asked = column.iloc[train], column.iloc[later]
        codes, codes_later, n_codes = _cells(fitted, asked)
        rates = _rates(codes, label_train, n_codes)
        powers.append(
            ColumnPower(
                column=name,
                auc=plain_auc(label_later, rates[codes_later]),
                missing_auc=_missing_auc(fitted, asked, label_train, label_later),
            )
        )
    return sorted(powers, key=lambda power: -power.auc)


def check_alone(dataset: Dataset, split: Split, settings: AuditSettings) -> list[Finding]:
    """L02 and L03: a column, or its absence, that knows the label by itself."""
    n_positive = int(dataset.label[split.validation].sum())
    n_negative = len(split.validation) - n_positive
    if min(n_positive, n_negative) < _MIN_CLASS_ROWS:
        return [
            Finding(
                check="L02",
                title="column too good alone",
                severity=NOTE,
                columns=(),
                sentence=f"Only {min(n_positive, n_negative)} rows of the rarer class in validation: "
                "this check has no power here.",
                evidence={"n_positive": n_positive, "n_negative": n_negative},
                advice="Lengthen the validation window.",
            )
        ]
    powers = column_powers(dataset, split)
    findings = []
    enough = len(split.validation) >= _MIN_ROWS
    for rank, power in enumerate(powers):
        runner_up = powers[rank + 1].auc if rank + 1 < len(powers) else 0.5
        lead = power.auc - runner_up
        is_block = power.auc >= settings.block_auc and enough
        is_warn = power.auc >= settings.warn_auc or (
            rank == 0 and power.auc >= settings.lead_auc and lead >= settings.warn_lead
        )
        if is_block or is_warn:
            findings.append(_too_good(power, lead, BLOCK if is_block else WARN))
        if power.missing_auc >= settings.missing_warn_auc:
            is_block = power.missing_auc >= settings.missing_block_auc and enough
            findings.append(_missing(power, BLOCK if is_block else WARN))
    if powers and not findings:
        findings.append(
            Finding(
                check="L02",
                title="column too good alone",
                severity=NOTE,
                columns=(powers[0].column,),
                sentence=f"The strongest single column is {powers[0].column}, with an AUC of "
                f"{powers[0].auc:.3f} on validation: nothing unusual.",
                evidence={"auc": round(powers[0].auc, 4)},
                advice="Nothing to do.",
            )
        )
    return findings


def _too_good(power: ColumnPower, lead: float, severity: str) -> Finding:
    return Finding(
        check="L02",
        title="column too good alone",
        severity=severity,
        columns=(power.column,),
        sentence=f"{power.column} alone ranks later rows with an AUC of {power.auc:.3f}, "
        f"{lead:.3f} above the next column.",
        evidence={"auc": round(power.auc, 4), "lead": round(lead, 4)},
        advice="Find out when its value is written; if only after the outcome, list it under "
        "dataset.after_outcome. If it is honest, accept the finding with a reason.",
    )


def _missing(power: ColumnPower, severity: str) -> Finding:
    return Finding(
        check="L03",
        title="absence tells the label",
        severity=severity,
        columns=(power.column,),
        sentence=f"Whether {power.column} is null ranks later rows with an AUC of "
        f"{power.missing_auc:.3f}.",
        evidence={"missing_auc": round(power.missing_auc, 4)},
        advice="A value that exists for one class only was written because of the outcome; list "
        "the column under dataset.after_outcome, or accept the finding with a reason.",
    )


def _cells(fitted: pd.Series, asked: pd.Series) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    if isinstance(fitted.dtype, pd.CategoricalDtype):
        n_codes = len(fitted.cat.categories) + 1
        codes = [part.cat.codes.to_numpy().astype(np.intp) + 1 for part in (fitted, asked)]
        return codes[0], codes[1], n_codes
    numbers, later = fitted.to_numpy(dtype=np.float64), asked.to_numpy(dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    edges = (
        np.unique(np.quantile(known, np.linspace(0, 1, _N_BINS + 1)[1:-1])) if known.size else known
    )
    return _binned(numbers, edges), _binned(later, edges), len(edges) + 2


def _binned(numbers: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    codes = np.searchsorted(edges, numbers, side="right")
    codes[np.isnan(numbers)] = len(edges) + 1
    return codes


def _rates(codes: NDArray[np.intp], label: NDArray[np.bool_], n_codes: int) -> NDArray[np.float64]:
    seen = np.bincount(codes, minlength=n_codes)
    positive = np.bincount(codes, weights=label, minlength=n_codes)
    smoothed = positive + _SMOOTHING_ROWS * float(label.mean())
    rates: NDArray[np.float64] = smoothed / (seen + _SMOOTHING_ROWS)
    return rates


def _missing_auc(
    fitted: pd.Series,
    asked: pd.Series,
    label_train: NDArray[np.bool_],
    label_later: NDArray[np.bool_],
) -> float:
    """AUC of absence alone, in the direction learned from training."""
    absent, absent_later = fitted.isna().to_numpy(), asked.isna().to_numpy()
    if absent.all() or not absent.any():
        return 0.5
    rises = label_train[absent].mean() >= label_train[~absent].mean()
    return plain_auc(label_later, (absent_later == rises).astype(np.float64))
