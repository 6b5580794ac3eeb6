"""Table: a group of runs in rows and columns of text, wherever it is shown."""

from __future__ import annotations

from harness.artefacts.figure import figure
from harness.comparison.compared import OF_TRIAL, ComparableGroup, ComparedCriterion, ComparedRun
from harness.comparison.names import short_key, short_value


def title_of(group: ComparableGroup) -> str:
    """What its runs have in common; empty where that is nothing."""
    rows = "trial" if any(run.outcome == OF_TRIAL for run in group.runs) else "test"
    return f"protocol {group.protocol[:8]}, {rows} rows {group.test[:8]}" if group.test else ""


def table_of(group: ComparableGroup) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows, one per run: what is its own, how it was decided, what did not pass."""
    primary = next((run.criteria[0].name for run in group.runs if run.criteria), "primary")
    columns = ("rank", "run", "differs in", "decision", primary, "not passed")
    return columns, [
        (
            str(run.rank or ""),
            run.name,
            ", ".join(
                f"{short_key(key)}={short_value(run.config[key])}"
                for key in group.keys
                if run.config.get(key)
            ),
            run.outcome,
            _figures(run) if run.criteria else _on_validation(run),
            run.reason
            or "; ".join(f"{c.name} {c.verdict}" for c in run.criteria if c.verdict != "PASS"),
        )
        for run in group.runs
    ]


def _on_validation(run: ComparedRun) -> str:
    return "" if run.validation is None else f"{figure(run.validation)} on validation"


def _figures(run: ComparedRun) -> str:
    text = _interval(run.criteria[0])
    return f"{text} on validation" if run.outcome == OF_TRIAL else text


def _interval(criterion: ComparedCriterion) -> str:
    text = figure(criterion.estimate, criterion.unit)
    if criterion.lower is None:
        return text
    low, high = figure(criterion.lower, criterion.unit), figure(criterion.upper, criterion.unit)
    return f"{text} [{low}, {high}]"
