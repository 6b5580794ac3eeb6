"""Alone: how well each column ranks the label by itself, out of sample in time.

A column is turned into label rates by cell on training and ranked on validation. No
constant separates leaks from strong honest columns, so how far a column stands out from
the others counts as well, and blocking is kept for what no honest column reaches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.audit.view import View, rates
from harness.evidence.auc import cell_auc
from harness.settings import AuditSettings

_SMOOTHING_ROWS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPower:
    """How well one column, and its mere absence, rank the label on validation."""

    column: str
    auc: float
    missing_auc: float


def column_powers(view: View) -> list[ColumnPower]:
    """Every feature's power alone, strongest first."""
    powers = [
        ColumnPower(column=name, auc=_auc(view, name), missing_auc=_missing_auc(view, name))
        for name in view.dataset.roles.features
    ]
    return sorted(powers, key=lambda power: -power.auc)


def check_alone(view: View, settings: AuditSettings) -> list[Finding]:
    """L02 and L03: a column, or its absence, that knows the label by itself."""
    if not view.has_power:
        return [without_power("L02", "column too good alone", view)]
    powers = column_powers(view)
    findings = []
    enough = view.is_large
    for rank, power in enumerate(powers):
        runner_up = powers[rank + 1].auc if rank + 1 < len(powers) else 0.5
        lead = power.auc - runner_up
        is_block = power.auc >= settings.block_auc and enough
        stands_out = rank == 0 and power.auc >= settings.lead_auc and lead >= settings.warn_lead
        if is_block or power.auc >= settings.warn_auc or stands_out:
            findings.append(_too_good(power, lead, BLOCK if is_block else WARN))
        if power.missing_auc >= settings.missing_warn_auc:
            is_block = power.missing_auc >= settings.missing_block_auc and enough
            findings.append(_missing(power, BLOCK if is_block else WARN))
    warned = [f for f in findings if f.severity == WARN and f.check == "L02"]
    if len(warned) > 1:  # an easy problem has many strong columns: one sentence says it
        findings = [f for f in findings if f not in warned] + [_easy(warned)]
    if powers and not findings:
        findings.append(_nothing_unusual(powers[0]))
    return findings


def without_power(check: str, title: str, view: View) -> Finding:
    """Says that a check cannot tell anything here, which is not a pass."""
    return Finding(
        check=check,
        title=title,
        severity=NOTE,
        columns=(),
        sentence=f"Only {view.n_rarer} rows of the rarer class in validation: this check has no power "
        "here.",
        evidence={"n_rarer_class": view.n_rarer, "n_rows": len(view.later)},
        advice="Lengthen the validation window.",
    )


def _auc(view: View, name: str) -> float:
    cells = view.cells(name)
    share = rates(cells.train, view.label_train, cells.n_cells, _SMOOTHING_ROWS)
    return cell_auc(view.label_later, cells.later, share)


def _missing_auc(view: View, name: str) -> float:
    """AUC of absence alone, in the direction learned from training."""
    cells = view.cells(name)
    absent = cells.train == cells.null
    if absent.all() or not absent.any():
        return 0.5
    rises = view.label_train[absent].mean() >= view.label_train[~absent].mean()
    score = np.full(cells.n_cells, 0.0 if rises else 1.0)
    score[cells.null] = 1.0 if rises else 0.0
    return cell_auc(view.label_later, cells.later, score)


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


def _easy(warned: list[Finding]) -> Finding:
    columns = tuple(column for finding in warned for column in finding.columns)
    best = max(float(finding.evidence["auc"]) for finding in warned)
    return Finding(
        check="L02",
        title="column too good alone",
        severity=WARN,
        columns=columns,
        sentence=f"{len(columns)} columns rank later rows almost perfectly by themselves (the best "
        f"with an AUC of {best:.3f}): {', '.join(columns[:8])}{', ...' if len(columns) > 8 else ''}.",
        evidence={f.columns[0]: f.evidence["auc"] for f in warned},
        advice="Either the problem is easy, or they share a source that is written after the "
        "outcome; list such columns under dataset.after_outcome.",
    )


def _nothing_unusual(power: ColumnPower) -> Finding:
    return Finding(
        check="L02",
        title="column too good alone",
        severity=NOTE,
        columns=(power.column,),
        sentence=f"The strongest single column is {power.column}, with an AUC of "
        f"{power.auc:.3f} on validation: nothing unusual.",
        evidence={"auc": round(power.auc, 4)},
        advice="Nothing to do.",
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


CHECKS: dict[str, ColumnCheck] = {"L02": check_alone}
