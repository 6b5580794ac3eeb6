"""Run the checks: a check that crashes is a blocking finding, never a silent pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from harness.audit.after import check_collapse, check_too_good, period_aucs
from harness.audit.column_check import column_checks
from harness.audit.finding import BLOCK, NOTE, WARN, Finding, accept
from harness.audit.importance import Refit, Score, check_importance
from harness.audit.view import View
from harness.data import Dataset, Split
from harness.engine import Engine, LocalEngine
from harness.evidence.auc import plain_auc
from harness.settings import AuditSettings

Check = Callable[[], list[Finding]]
_OFF = Finding(
    check="L00",
    title="audit off",
    severity=WARN,
    columns=(),
    sentence="The leakage audit was switched off for this run.",
    advice="Run with audit=standard before anyone relies on the figures.",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedCandidate:
    """A candidate as the checks after training see it.

    Attributes:
        score: Scores a table of features.
        refit: Fits the candidate without some columns and gives its AUC on validation.
        train_auc: ROC-AUC on training rows.
        validation: Its scores on validation, shape (n_validation_rows,).
        test: Its scores on test, shape (n_test_rows,).
    """

    score: Score
    refit: Refit
    train_auc: float
    validation: NDArray[np.float64]
    test: NDArray[np.float64]


def audit_before(
    dataset: Dataset, split: Split, settings: AuditSettings, engine: Engine | None = None
) -> tuple[Finding, ...]:
    """Checks on columns and split, before anything is trained.

    Args:
        dataset: All rows.
        split: The judged windows.
        settings: Which checks, and from where on they speak.
        engine: What carries the checks out; null for this process.
    """
    if not settings.enabled:
        return (_OFF,)
    shared = (View(dataset=dataset, split=split), settings)
    found = (engine or LocalEngine()).map(_check_before, list(column_checks()), shared)
    return _kept([finding for findings in found for finding in findings], settings)


def _check_before(code: str, shared: tuple[View, AuditSettings]) -> list[Finding]:
    return carry_out(code, partial(column_checks()[code], *shared))


def audit_after(
    dataset: Dataset,
    split: Split,
    settings: AuditSettings,
    fitted: FittedCandidate,
    earlier: Sequence[Finding] = (),
) -> tuple[Finding, ...]:
    """Checks on the fitted model.

    Args:
        dataset: All rows.
        split: The judged windows.
        settings: Which checks, and from where on they speak.
        fitted: The candidate.
        earlier: What the checks before training saw.
    """
    if not settings.enabled:
        return ()
    view = View(dataset=dataset, split=split)
    label = dataset.label
    validation_auc = plain_auc(label[split.validation], fitted.validation)
    population = next((f.evidence.get("auc") for f in earlier if f.check == "L11"), None)
    checks: dict[str, Check] = {
        "L09": lambda: check_collapse(
            fitted.train_auc,
            validation_auc,
            plain_auc(label[split.test], fitted.test),
            period_aucs(label[split.test], fitted.test),
            None if population is None else float(population),
        ),
        "L10": lambda: [
            *check_too_good(view, validation_auc, settings),
            *check_importance(view, fitted.score, fitted.refit, settings),
        ],
    }
    found = [carry_out(code, check) for code, check in checks.items()]
    return _kept([finding for findings in found for finding in findings], settings)


def blocking(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that make a run INVALID."""
    return tuple(f for f in findings if f.severity == BLOCK and f.accepted is None)


def carry_out(code: str, check: Check) -> list[Finding]:
    """What a check finds, or that it crashed."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # whatever it was, the table went unchecked
        return [
            Finding(
                check=code,
                title="check crashed",
                severity=BLOCK,
                columns=(),
                sentence=f"Check {code} stopped with {type(error).__name__}: {error}",
                advice="Report this; accept the finding to go on without the check.",
            )
        ]


def _kept(findings: Sequence[Finding], settings: AuditSettings) -> tuple[Finding, ...]:
    order = {BLOCK: 0, WARN: 1, NOTE: 2}
    return accept(sorted(findings, key=lambda f: order[f.severity]), settings.accept)
