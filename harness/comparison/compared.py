"""Compared: runs side by side, as their records have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.artefacts.one_run import UNJUDGED, OneRun

# Judged on validation by a trial, whatever came of it: no decision to stand beside others.
TRIAL, OF_TRIAL = "trial", "TRIAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCriterion:
    """One criterion of one run, as decision.json has it."""

    name: str
    verdict: str
    estimate: float | None
    lower: float | None
    upper: float | None
    unit: str
    passes_above: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One run in a comparison.

    Attributes:
        name: Folder, relative to what all runs share.
        folder: The run's folder.
        outcome: Decision, or TRIAL, FAILED or UNFINISHED.
        reason: Why it failed; empty otherwise.
        rank: Place among comparable runs, 1 is best; None where there is none.
        config: The config keys shown, as text.
        validation: Primary metric on validation; None where a run did not get so far.
        criteria: The run's criteria.
        look: confirmatory, blind, exploratory or trial; empty for a run that was not judged.
        sharing: Among how many looks or candidates alpha was divided.
        seconds: Wall time of the run.
    """

    name: str
    folder: str
    outcome: str
    reason: str
    rank: int | None
    config: dict[str, str]
    validation: float | None
    criteria: tuple[ComparedCriterion, ...]
    look: str
    sharing: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparableGroup:
    """Runs of one protocol on the same test rows; best first.

    Attributes:
        protocol: Fingerprint of their protocol; empty for runs that have none.
        test: Fingerprint of their test rows; empty likewise.
        keys: Config keys that differ within the group (or all).
        runs: The runs.
        proven: Folders of runs whose success criterion step-down max-T proves.
    """

    protocol: str
    test: str
    keys: tuple[str, ...]
    runs: tuple[ComparedRun, ...]
    proven: tuple[str, ...] = ()


def compared_run(run: OneRun, name: str, config: dict[str, str]) -> ComparedRun:
    """A run as its record and its decision have it.

    Args:
        run: The run, its files checked.
        name: What to call it.
        config: The config keys to show.
    """
    content, decision = run.content, run.decision
    criteria: tuple[ComparedCriterion, ...] = ()
    outcome, look, sharing = run.record.status, "", 1
    if content.get("decision") in UNJUDGED:
        outcome = str(content["decision"])
    elif decision is not None:
        outcome = str(decision["decision"])
        look = str(decision["holdout"]["status"])
        if look == TRIAL:
            outcome = OF_TRIAL
        sharing = int(decision["holdout"]["alpha_divisor"])
        fields = ComparedCriterion.__dataclass_fields__
        criteria = tuple(
            ComparedCriterion(**{k: verdict[k] for k in fields}) for verdict in decision["criteria"]
        )
    return ComparedRun(
        name=name,
        folder=str(run.folder),
        outcome=outcome,
        reason=str(content.get("reason", "")),
        rank=None,
        config=config,
        validation=_on_validation(content),
        criteria=criteria,
        look=look,
        sharing=sharing,
        seconds=content.get("total_seconds"),
    )


def _on_validation(content: Mapping[str, Any]) -> float | None:
    """The primary metric on validation, where a record has it."""
    figures = content.get("validation_metrics") or content.get("validation", {}).get("candidate")
    if not figures:
        return None
    value = figures.get(primary_of(content["protocol"]))
    return None if value is None else float(value)


def primary_of(protocol: Mapping[str, Any]) -> str:
    """Name of the first metric of success in a stored protocol."""
    named = protocol["criteria"]["primary_metric"]
    return str(named if isinstance(named, str) else named[0])
