"""Run the checks: a check that crashes is a blocking finding, never a silent pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.audit.after import check_collapse
from harness.audit.alone import check_alone
from harness.audit.availability import check_availability
from harness.audit.duplicates import check_duplicates
from harness.audit.finding import BLOCK, WARN, Finding, accept
from harness.audit.gap import check_gap
from harness.data import Dataset, Split
from harness.settings import AuditSettings

Check = Callable[[], list[Finding]]


def audit_before(dataset: Dataset, split: Split, settings: AuditSettings) -> tuple[Finding, ...]:
    """Checks on columns and split, before anything is trained.

    Args:
        dataset: All rows.
        split: The judged windows.
        settings: Which checks, and from where on they speak.
    """
    checks: dict[str, Check] = {
        "L01": lambda: check_availability(dataset),
        "L02": lambda: check_alone(dataset, split, settings),
        "L06": lambda: check_gap(split),
        "L07": lambda: check_duplicates(dataset, split, settings),
    }
    return _run(checks, settings)


def audit_after(
    settings: AuditSettings, *, train_auc: float, validation_auc: float, test_auc: float
) -> tuple[Finding, ...]:
    """Checks on the fitted model."""
    checks: dict[str, Check] = {
        "L09": lambda: check_collapse(train_auc, validation_auc, test_auc),
    }
    return _run(checks, settings)


def blocking(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that make a run INVALID."""
    return tuple(f for f in findings if f.severity == BLOCK and f.accepted is None)


def _run(checks: dict[str, Check], settings: AuditSettings) -> tuple[Finding, ...]:
    if not settings.enabled:
        off = Finding(
            check="L00",
            title="audit off",
            severity=WARN,
            columns=(),
            sentence="The leakage audit was switched off for this run.",
            advice="Run with audit=standard before anyone relies on the figures.",
        )
        return (off,) if "L01" in checks else ()
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
    return accept(findings, settings.accept)
