"""Comparison: runs side by side, ranked only where that is fair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.artefacts import find_runs
from harness.artefacts.one_run import OneRun, open_run
from harness.comparison.compared import ComparableGroup, compared_run
from harness.comparison.comparison import Comparison
from harness.comparison.ranking import ranked
from harness.comparison.sentences import sentences_of, sharpened_group
from harness.config.flat import flat
from harness.errors import ArtefactError

# Keys that name the option of a group: a model's class, a policy's kind.
_OPTION_KEYS = ("._target_", ".kind")


def compare_runs(
    folders: Sequence[Path | str] | Path | str,
    *,
    every_key: bool = False,
    ask_signature: bool = True,
) -> Comparison:
    """Read and rank all runs at or below some folders.

    Runs are ranked only within one protocol and one set of test rows: by decision, then
    by the bound of the primary criterion that has to clear its line.

    Args:
        folders: Run folders, or folders of runs; one, or several.
        every_key: Whether config keys that do not differ are kept.
        ask_signature: Whether verdicts have to be signed where HARNESS_BUNDLE_KEY names a key.

    Raises:
        ArtefactError: If there is no run there, or the files of one disagree.
    """
    folders = [folders] if isinstance(folders, (Path, str)) else folders
    found = list(dict.fromkeys(run for folder in folders for run in _runs_at(Path(folder))))
    if not found:
        places = ", ".join(map(str, folders))
        raise ArtefactError(f"{places}: no runs there; start one with `harness run`")
    opened = [open_run(folder, ask_signature=ask_signature) for folder in found]
    names = dict(zip(found, _short_names(found), strict=True))
    by_group: dict[tuple[str, str], list[OneRun]] = {}
    for run in opened:
        protocol = str(run.content.get("protocol_fingerprint", ""))
        test = str(run.content.get("test_fingerprint", ""))
        by_group.setdefault((protocol, test), []).append(run)
    groups = tuple(
        _group(protocol, test, members, names, every_key=every_key)
        for (protocol, test), members in by_group.items()
    )
    sharpened = [sharpened_group(group) for group in groups]
    groups = tuple(
        replace(group, proven=found.proven) if found else group
        for group, found in zip(groups, sharpened, strict=True)
    )
    return Comparison(groups=groups, sentences=tuple(sentences_of(groups, sharpened)))


def _group(
    protocol: str,
    test: str,
    members: Sequence[OneRun],
    names: Mapping[Path, str],
    *,
    every_key: bool,
) -> ComparableGroup:
    configs = [flat(_config(run)) for run in members]
    keys = _shown_keys(configs, every_key=every_key)
    runs = [
        compared_run(run, names[run.folder], {key: config.get(key, "") for key in keys})
        for run, config in zip(members, configs, strict=True)
    ]
    in_order = ranked(runs, members[0].content["protocol"]) if test else tuple(runs)
    return ComparableGroup(protocol=protocol, test=test, keys=tuple(keys), runs=in_order)


def _runs_at(folder: Path) -> list[Path]:
    if not folder.exists():
        raise ArtefactError(f"{folder}: no such folder; name a run, or a folder of runs")
    return find_runs(folder)


def _config(run: OneRun) -> Mapping[str, Any]:
    content = run.content
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
