"""Run the checks: a check that crashes is a blocking finding, never a silent pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.audit.adversarial import check_population
from harness.audit.after import check_collapse, check_too_good, period_aucs
from harness.audit.alone import check_alone
from harness.audit.availability import check_availability
from harness.audit.disguise import check_disguise
from harness.audit.duplicates import check_duplicates
from harness.audit.finding import BLOCK, NOTE, WARN, Finding, accept
from harness.audit.gap import check_gap
from harness.audit.identifiers import check_identifiers
from harness.audit.importance import Refit, Score, check_importance
from harness.audit.over_time import check_over_time
from harness.audit.view import View
from harness.audit.windows import check_scaling, check_windows
from harness.data import Dataset, Split
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


def audit_before(dataset: Dataset, split: Split, settings: AuditSettings) -> tuple[Finding, ...]:
    """Checks on columns and split, before anything is trained.

    Args:
        dataset: All rows.
        split: The judged windows.
        settings: Which checks, and from where on they speak.
    """
    if not settings.enabled:
        return (_OFF,)
    view = View(dataset=dataset, split=split)
    checks: dict[str, Check] = {
        "L01": lambda: check_availability(dataset, settings),
        "L02": lambda: check_alone(view, settings),
        "L04": lambda: check_disguise(view, settings),
        "L05": lambda: check_identifiers(view, settings),
        "L06": lambda: check_gap(split),
        "L07": lambda: check_duplicates(view, settings),
        "L08": lambda: check_over_time(view, settings),
        "L11": lambda: check_population(view),
        "L12": lambda: check_windows(view),
        "L13": lambda: check_scaling(view),
    }
    return _run(checks, settings)


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
    return _run(checks, settings)


def blocking(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that make a run INVALID."""
    return tuple(f for f in findings if f.severity == BLOCK and f.accepted is None)


def _run(checks: dict[str, Check], settings: AuditSettings) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    for code, check in checks.items():
        try:
            findings += check()
        except Exception as error:  # noqa: BLE001  # whatever it was, the table went unchecked
            findings.append(
                Finding(
                    check=code,
                    title="check crashed",
                    severity=BLOCK,
                    columns=(),
                    sentence=f"Check {code} stopped with {type(error).__name__}: {error}",
                    advice="Report this; accept the finding to go on without the check.",
                )
            )
    order = {BLOCK: 0, WARN: 1, NOTE: 2}
    return accept(sorted(findings, key=lambda f: order[f.severity]), settings.accept)
