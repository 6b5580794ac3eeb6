"""Sentences: what a reader of a comparison must not overlook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.comparison.compared import OF_TRIAL, ComparableGroup, ComparedRun
from harness.comparison.table import title_of

if TYPE_CHECKING:
    from harness.sharpen import Sharpened

# Reading more predictions than this takes longer than a comparison should.
_MOST_SHARPENED = 50


def sentences_of(groups: Sequence[ComparableGroup], found: Sequence[Sharpened | None]) -> list[str]:
    """What is to be said of some groups.

    Args:
        groups: The groups.
        found: What step-down max-T proves of each.
    """
    told = [*_of_all(groups)]
    judged = [(group, more) for group, more in zip(groups, found, strict=True) if group.test]
    for group, sharpened in judged:
        whose = f"{title_of(group)}: " if len(judged) > 1 else ""
        told += [whose + sentence for sentence in _of_group(group, sharpened)]
    runs = [run for group in groups for run in group.runs]
    n_given_up = sum(run.outcome == "GIVEN_UP" for run in runs)
    if n_given_up:
        told.append(f"{n_given_up} candidates lagged behind and were given up while they learned.")
    n_failed = sum(run.outcome == "FAILED" for run in runs)
    if n_failed:
        told.append(f"{n_failed} failed; the reason stands in their run.json.")
    return told


def _of_all(groups: Sequence[ComparableGroup]) -> list[str]:
    judged = [group for group in groups if group.test]
    n_waiting = sum(run.outcome == "NOT_JUDGED" for group in judged for run in group.runs)
    told = []
    if n_waiting:
        told.append(
            f"{n_waiting} candidates were compared on validation only; they carry no verdict, and "
            "the best of them alone was judged."
        )
    n_trials = sum(run.outcome == OF_TRIAL for group in judged for run in group.runs)
    if n_trials:
        told.append(
            f"{n_trials} {'run is a trial' if n_trials == 1 else 'runs are trials'} on validation: nothing "
            "was spent and nothing is decided, and the best of several looks better than it is."
        )
    if len(judged) > 1:
        told.append(
            f"These runs are not ranked together: they fall into {len(judged)} groups whose "
            "protocol or test rows differ (`harness protocol diff A B` says how)."
        )
    return told


def _of_group(group: ComparableGroup, sharpened: Sharpened | None) -> list[str]:
    told = []
    shared = sharing_runs(group)
    if shared:
        told.append(
            f"{len(shared)} verdicts share one opening of the test window: their candidates were "
            f"fixed before it, and each was judged at alpha / {shared[0].sharing}."
        )
        told += _of_sharpened(shared, sharpened)
    n_exploratory = sum(run.look == "exploratory" for run in group.runs)
    if n_exploratory:
        told.append(
            "1 look was exploratory: its test days had been seen before, so it cannot end in SHIP."
            if n_exploratory == 1
            else f"{n_exploratory} looks were exploratory: the test days had been seen before, so the "
            "best of them looks better than it is and none can end in SHIP."
        )
    return told


def sharing_runs(group: ComparableGroup) -> list[ComparedRun]:
    """Runs whose candidates were fixed together before the window was opened."""
    return [run for run in group.runs if run.look == "confirmatory" and run.sharing > 1]


def sharpened_group(group: ComparableGroup) -> Sharpened | None:
    """What step-down max-T proves beyond alpha / k; None where it does not apply."""
    shared = sharing_runs(group)
    open_ = [run for run in shared if run.criteria[:1] and run.criteria[0].verdict == "UNRESOLVED"]
    if not open_ or len(shared) != shared[0].sharing or len(shared) > _MOST_SHARPENED:
        return None
    from harness.sharpen import sharpen  # scipy and all: only where there is something to sharpen

    return sharpen([Path(run.folder) for run in shared])


def _of_sharpened(shared: Sequence[ComparedRun], found: Sharpened | None) -> list[str]:
    if found is None:
        return []
    plain = {run.folder for run in shared if run.criteria[0].verdict == "PASS"}
    more = [run.name for run in shared if run.folder in set(found.proven) - plain]
    if not more:
        return [f"Step-down max-T over their blocks proves {found.metric} for no other candidate."]
    claim = "would ship" if not found.has_guardrails else "improve, guardrails apart"
    return [
        f"Step-down max-T, which knows how alike the candidates are, proves {found.metric} also for "
        f"{', '.join(more)}: they {claim}."
    ]
