"""Comparison: runs side by side, ranked only where that is fair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.artefacts import RunRecord, find_runs, read_json, read_record
from harness.config.flat import flat
from harness.errors import ArtefactError
from harness.sharpen import sharpen

# Reading more predictions than this takes longer than a comparison should.
_MOST_SHARPENED = 50
# Keys that name the option of a group: a model's class, a policy's kind.
_OPTION_KEYS = ("._target_", ".kind")
_ORDER = {"SHIP": 0, "INCONCLUSIVE": 1, "NO_SHIP": 2, "INVALID": 3}


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
        outcome: Decision, or FAILED or UNFINISHED.
        reason: Why it failed; empty otherwise.
        rank: Place among comparable runs, 1 is best; None where there is none.
        config: The config keys shown, as text.
        validation: Primary metric on validation, of a candidate that was not judged.
        criteria: The run's criteria.
        look: confirmatory, blind or exploratory; empty for a run that was not judged.
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
    """

    protocol: str
    test: str
    keys: tuple[str, ...]
    runs: tuple[ComparedRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Groups of comparable runs, and what to know about them.

    Attributes:
        groups: Runs that may be ranked against each other, group by group.
        sentences: What a reader must not overlook.
    """

    groups: tuple[ComparableGroup, ...]
    sentences: tuple[str, ...]


def compare_runs(folders: Sequence[Path], *, every_key: bool = False) -> Comparison:
    """Read and rank all runs at or below some folders.

    Runs are ranked only within one protocol and one set of test rows: by decision, then
    by the bound of the primary criterion that has to clear its line.

    Args:
        folders: Run folders, or folders of runs.
        every_key: Whether config keys that do not differ are kept.

    Raises:
        ArtefactError: If there is no run there.
    """
    found = list(dict.fromkeys(run for folder in folders for run in _runs_at(folder)))
    if not found:
        places = ", ".join(map(str, folders))
        raise ArtefactError(f"{places}: no runs there; start one with `harness run`")
    records = [read_record(folder) for folder in found]
    names = dict(zip(found, _short_names(found), strict=True))
    by_group: dict[tuple[str, str], list[RunRecord]] = {}
    for record in records:
        protocol = str(record.content.get("protocol_fingerprint", ""))
        test = str(record.content.get("test_fingerprint", ""))
        by_group.setdefault((protocol, test), []).append(record)
    groups = tuple(
        _group(protocol, test, members, names, every_key=every_key)
        for (protocol, test), members in by_group.items()
    )
    return Comparison(groups=groups, sentences=tuple(_sentences(groups)))


def _group(
    protocol: str,
    test: str,
    records: Sequence[RunRecord],
    names: Mapping[Path, str],
    *,
    every_key: bool,
) -> ComparableGroup:
    configs = [flat(_config(record)) for record in records]
    keys = _shown_keys(configs, every_key=every_key)
    runs = [
        _compared(record, names[record.folder], {key: config.get(key, "") for key in keys})
        for record, config in zip(records, configs, strict=True)
    ]
    ranked = _ranked(runs) if test else tuple(runs)
    return ComparableGroup(protocol=protocol, test=test, keys=tuple(keys), runs=ranked)


def _runs_at(folder: Path) -> list[Path]:
    if not folder.exists():
        raise ArtefactError(f"{folder}: no such folder; name a run, or a folder of runs")
    return find_runs(folder)


def _config(record: RunRecord) -> Mapping[str, Any]:
    content = record.content
    if "candidate" not in content:
        pairs = (str(w).lstrip("+").partition("=") for w in content.get("overrides", []))
        return {key: value for key, _, value in pairs if value}
    return {**content["protocol"], **content["candidate"]}


def _shown_keys(configs: Sequence[Mapping[str, str]], *, every_key: bool) -> list[str]:
    """Keys worth a column: those that differ, one per group where the whole option does."""
    keys = list(dict.fromkeys(key for config in configs for key in config))
    if every_key:
        return keys
    whole = [config for config in configs if "seed" in config] or list(configs)
    differing = [key for key in keys if len({config.get(key) for config in whole}) > 1]
    swapped = {key.rpartition(".")[0] for key in differing if key.endswith(_OPTION_KEYS)}
    return [
        key
        for key in differing
        if key.endswith(_OPTION_KEYS) or key.rpartition(".")[0] not in swapped
    ]


def _short_names(folders: Sequence[Path]) -> list[str]:
    if len(folders) == 1:
        return [folders[0].name]
    parts = [folder.resolve().parts for folder in folders]
    shared = 0
    while len({p[shared] if shared < len(p) - 1 else None for p in parts}) == 1:
        if any(shared >= len(p) - 1 for p in parts):
            break
        shared += 1
    return ["/".join(p[shared:]) for p in parts]


def _compared(record: RunRecord, name: str, config: dict[str, str]) -> ComparedRun:
    content = record.content
    criteria: tuple[ComparedCriterion, ...] = ()
    outcome, value = record.status, None
    look, sharing = "", 1
    validation = content.get("validation")
    if validation is not None:
        outcome = str(content["decision"])
        named = content["protocol"]["criteria"]["primary_metric"]
        primary = named if isinstance(named, str) else named[0]
        value = validation["candidate"].get(primary)
    elif record.status == "DONE":
        decision = read_json(record.folder / "decision.json")
        outcome = str(decision["decision"])
        look = str(decision["holdout"]["status"])
        sharing = int(decision["holdout"]["alpha_divisor"])
        fields = ComparedCriterion.__dataclass_fields__
        criteria = tuple(
            ComparedCriterion(**{k: verdict[k] for k in fields}) for verdict in decision["criteria"]
        )
    return ComparedRun(
        name=name,
        folder=str(record.folder),
        outcome=outcome,
        reason=str(content.get("reason", "")),
        rank=None,
        config=config,
        validation=value,
        criteria=criteria,
        look=look,
        sharing=sharing,
        seconds=content.get("total_seconds"),
    )


def _ranked(runs: Sequence[ComparedRun]) -> tuple[ComparedRun, ...]:
    ordered = sorted(runs, key=_strength)
    return tuple(replace(run, rank=place) for place, run in enumerate(ordered, start=1))


def _strength(run: ComparedRun) -> tuple[int, float]:
    """Better runs first: by decision, then by the primary criterion's deciding bound."""
    primary = run.criteria[0] if run.criteria else None
    bound = None
    if primary is not None:
        bound = primary.lower if primary.passes_above else primary.upper
    strength = float("-inf") if bound is None else bound
    if primary is not None and bound is not None and not primary.passes_above:
        strength = -strength
    return _ORDER.get(run.outcome, 9), -strength


def _sentences(groups: Sequence[ComparableGroup]) -> list[str]:
    judged = [group for group in groups if group.test]
    sentences = []
    n_waiting = sum(run.validation is not None for group in judged for run in group.runs)
    if n_waiting:
        sentences.append(
            f"{n_waiting} candidates were compared on validation only; they carry no verdict, and "
            "the best of them alone was judged."
        )
    if len(judged) > 1:
        sentences.append(
            f"These runs are not ranked together: they fall into {len(judged)} groups whose "
            "protocol or test rows differ (`harness protocol diff A B` says how)."
        )
    for group in judged:
        shared = [run for run in group.runs if run.look == "confirmatory" and run.sharing > 1]
        if shared:
            sentences.append(
                f"{len(shared)} verdicts share one opening of the test window: their candidates were "
                f"fixed before it, and each was judged at alpha / {shared[0].sharing}."
            )
            sentences += _sharpened(shared)
        n_exploratory = sum(run.look == "exploratory" for run in group.runs)
        if n_exploratory:
            sentences.append(
                f"{n_exploratory} looks were exploratory: the test days had been seen before, so the "
                "best of them looks better than it is and none can end in SHIP."
            )
    n_failed = sum(run.outcome == "FAILED" for group in groups for run in group.runs)
    if n_failed:
        sentences.append(f"{n_failed} failed; the reason stands in their run.json.")
    return sentences


def _sharpened(shared: Sequence[ComparedRun]) -> list[str]:
    """What step-down max-T proves beyond alpha / k, where it applies."""
    open_ = [run for run in shared if run.criteria[:1] and run.criteria[0].verdict == "UNRESOLVED"]
    if not open_ or len(shared) != shared[0].sharing or len(shared) > _MOST_SHARPENED:
        return []
    found = sharpen([Path(run.folder) for run in shared])
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
