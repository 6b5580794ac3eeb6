"""Comparison: runs side by side, ranked only where that is fair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artefacts import RunRecord, find_runs, read_json, read_record
from harness.errors import ArtefactError

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
        criteria: The run's criteria.
        seconds: Wall time of the run.
    """

    name: str
    folder: str
    outcome: str
    reason: str
    rank: int | None
    config: dict[str, str]
    criteria: tuple[ComparedCriterion, ...]
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparableGroup:
    """Runs of one protocol on the same test rows; best first."""

    protocol: str
    test: str
    runs: tuple[ComparedRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Groups of comparable runs, and what to know about them.

    Attributes:
        groups: Runs that may be ranked against each other, group by group.
        keys: Config keys that differ between runs (or all).
        sentences: What a reader must not overlook.
    """

    groups: tuple[ComparableGroup, ...]
    keys: tuple[str, ...]
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
        names = ", ".join(map(str, folders))
        raise ArtefactError(f"{names}: no runs there; start one with `harness run`")
    records = [read_record(folder) for folder in found]
    configs = [_flat(_config(record)) for record in records]
    keys = _shown_keys(configs, every_key)
    names = _short_names(found)
    by_group: dict[tuple[str, str], list[ComparedRun]] = {}
    for record, config, name in zip(records, configs, names, strict=True):
        run = _compared(record, name, {key: config.get(key, "") for key in keys})
        group = tuple(str(record.content.get(f"{k}_fingerprint", "")) for k in ("protocol", "test"))
        by_group.setdefault((group[0], group[1]), []).append(run)
    groups = tuple(
        ComparableGroup(protocol=protocol, test=test, runs=_ranked(runs) if test else tuple(runs))
        for (protocol, test), runs in by_group.items()
    )
    return Comparison(groups=groups, keys=tuple(keys), sentences=tuple(_sentences(groups)))


def _runs_at(folder: Path) -> list[Path]:
    if not folder.exists():
        raise ArtefactError(f"{folder}: no such folder; name a run, or a folder of runs")
    return find_runs(folder)


def _config(record: RunRecord) -> Mapping[str, Any]:
    content = record.content
    if "candidate" not in content:
        return dict(
            word.lstrip("+").split("=", 1) for word in content.get("overrides", []) if "=" in word
        )
    return {**content["protocol"], **content["candidate"]}


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, Mapping) and value:
        parts: dict[str, str] = {}
        for key, entry in value.items():
            parts |= _flat(entry, f"{prefix}.{key}" if prefix else str(key))
        return parts
    return {prefix: str(value)}


def _shown_keys(configs: Sequence[Mapping[str, str]], every_key: bool) -> list[str]:
    keys = list(dict.fromkeys(key for config in configs for key in config))
    if every_key:
        return keys
    whole = [config for config in configs if len(config) > 1] or list(configs)
    differing = [key for key in keys if len({config.get(key) for config in whole}) > 1]
    # A model's class says which model; the parameters only that class has are noise beside it.
    everywhere = [k for k in differing if all(k in config for config in whole)]
    return everywhere or differing


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
    outcome = record.status
    if record.status == "DONE":
        decision = read_json(record.folder / "decision.json")
        outcome = str(decision["decision"])
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
        criteria=criteria,
        seconds=content.get("total_seconds"),
    )


def _ranked(runs: Sequence[ComparedRun]) -> tuple[ComparedRun, ...]:
    from dataclasses import replace

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
    if len(judged) > 1:
        sentences.append(
            f"These runs are not ranked together: they fall into {len(judged)} groups whose "
            "protocol or test rows differ (`harness protocol diff A B` says how)."
        )
    for group in judged:
        if len(group.runs) > 1:
            sentences.append(
                f"{len(group.runs)} candidates were judged on the same test rows: the best of them "
                "looks better than it is, the more so the more there are."
            )
    n_failed = sum(run.outcome == "FAILED" for group in groups for run in group.runs)
    if n_failed:
        sentences.append(f"{n_failed} failed; the reason stands in their run.json.")
    return sentences
