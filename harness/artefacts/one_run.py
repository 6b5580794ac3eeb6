"""One run: a finished run's files agree with each other, by content and by hash, or it is refused.

Everything that reads a run opens it here. `run.json` is written last and holds the SHA-256 of the
run's other files and of itself. What the files say is compared as well: the decision with its own
criteria, minimums and findings, the record, metrics, audit and bundle with the decision. Runs of
version 0.1.0 have no hashes; their content is checked all the same.

Hashes find damage and files that were mixed up or edited by hand. Whoever hashes again after an edit
is found by a signature alone, which is asked for where a public key is configured.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artefacts.bundle_files import MANIFEST, SEAL, check_files, check_seal, sha256_of
from harness.artefacts.json_file import SCHEMA_VERSION, read_json, to_json, write_json
from harness.artefacts.run_folder import RECORD, RunRecord, read_record
from harness.artefacts.signature import check_signature, configured_key
from harness.errors import ArtefactError, BundleError
from harness.rules.outcome import (
    FAIL,
    INVALID,
    OUTCOMES,
    PASS,
    SHIP,
    STRADDLES,
    UNRESOLVED,
    decision_of,
    face_value_of,
    joint_outcome,
    verdict_of_bounds,
    verdict_of_point,
)

DECISION, METRICS, AUDIT = "decision.json", "metrics.json", "audit.json"
PREDICTIONS, BUNDLE = "predictions.parquet", "bundle"
# What a run writes; it has some or all of them. A report that was edited is no report of the run.
_FILES = (DECISION, METRICS, AUDIT, PREDICTIONS, "protocol.md", "report.html", f"{BUNDLE}/{SEAL}")
_HASHES, _OWN_HASH = "artefacts", "seal"
# Decisions of a sweep's candidates that were never judged on the test window.
UNJUDGED = ("NOT_JUDGED", "GIVEN_UP")
# Looks that cannot end in SHIP: at labels seen before, and at validation.
_WITHOUT_A_CLAIM = ("exploratory", "trial")
_SAME = ("protocol_fingerprint", "candidate_fingerprint", "test_fingerprint")
_WHAT_TO_DO = "restore the file, or run again"
# Figures of one metric are added up in another order by another engine.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRun:
    """A run whose files agree.

    Attributes:
        record: What run.json says.
        decision: What decision.json says; None of a run that was not judged.
    """

    record: RunRecord
    decision: dict[str, Any] | None

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.record.folder

    @property
    def content(self) -> dict[str, Any]:
        """The whole of run.json."""
        return self.record.content

    @property
    def is_trial(self) -> bool:
        """Whether it was judged on validation alone, and so has no bundle."""
        return self.decision is not None and self.decision["holdout"]["status"] == "trial"

    def judged(self) -> dict[str, Any]:
        """The decision.

        Raises:
            ArtefactError: If the run came to no end, or was compared on validation only.
        """
        if self.decision is not None:
            return self.decision
        if self.record.status != "DONE":
            reason = self.content.get("reason", "it never finished")
            raise ArtefactError(
                f"{self.folder}: the run is {self.record.status or 'without a status'} ({reason}); "
                "run it again"
            )
        raise ArtefactError(
            f"{self.folder}: is {self.content['decision']}: this candidate of a sweep was compared on "
            "validation only and has no verdict; name the sweep's winner, or run it by itself"
        )


def write_record(folder: Path, content: Mapping[str, Any]) -> None:
    """Write run.json with the SHA-256 of the run's files, after all of them.

    Args:
        folder: The run's folder.
        content: What the record says.

    Raises:
        ArtefactError: If it cannot be written whole.
    """
    hashes = {name: sha256_of(folder / name) for name in _FILES if (folder / name).is_file()}
    whole = {"schema_version": SCHEMA_VERSION, **content, _HASHES: hashes}
    write_json(folder / RECORD, {**whole, _OWN_HASH: _own_hash(whole)})


def open_run(folder: Path, *, ask_signature: bool = True) -> OneRun:
    """Read a run, once its files are seen to agree.

    Args:
        folder: The run's folder.
        ask_signature: Whether a verdict has to be signed where HARNESS_BUNDLE_KEY names a key; what
            this process has just written is not.

    Raises:
        ArtefactError: Naming the file that is missing, damaged or disagrees, and with what.
        BundleError: Likewise of the bundle; or if a signature is asked for and is not there.
    """
    record = read_record(folder)
    is_judged = record.status == "DONE" and record.content.get("decision") not in UNJUDGED
    hashes = _hashes_of(record)
    for name in hashes:
        if not (folder / name).is_file():
            raise ArtefactError(f"{folder / name}: missing, and {RECORD} lists it; {_WHAT_TO_DO}")
    decision = _decision_of(record) if is_judged else None
    _check_own_hash(record)
    for name, digest in hashes.items():
        if sha256_of(folder / name) != digest:
            raise _disagrees(
                folder / name, f"changed since the run finished (by its SHA-256 in {RECORD})"
            )
    key = configured_key() if ask_signature and is_judged else None
    if key is not None:
        check_signature(folder / RECORD, key)
    return OneRun(record=record, decision=decision)


def add_hashes(run: OneRun) -> None:
    """Let a run of 0.1.0 have hashes of its files as they are now, for a signature to cover."""
    if _HASHES not in run.content:
        write_record(run.folder, run.content)


def run_of_bundle(folder: Path) -> Path | None:
    """The run whose bundle a folder is; None where it stands by itself."""
    is_inside = folder.name == BUNDLE and (folder.parent / RECORD).is_file()
    return folder.parent if is_inside else None


def check_manifest_says(
    path: Path, manifest: Mapping[str, Any], expected: Mapping[str, Any], where: str
) -> None:
    """Refuse a bundle whose manifest does not say what is said of it elsewhere.

    Args:
        path: The manifest's file.
        manifest: Its content.
        expected: What it has to say, by key of the manifest.
        where: Who says so, in words.

    Raises:
        BundleError: Naming the key and both values.
    """
    for key, value in expected.items():
        if manifest.get(key) != value:
            raise BundleError(
                f"{path}: {key} is {manifest.get(key)!s}, but {where} says {value!s}; fetch the bundle "
                "that belongs there, or run again"
            )


def _hashes_of(record: RunRecord) -> dict[str, str]:
    """Hashes a record lists, once it is seen to be as it was written; none of 0.1.0's."""
    path, hashes = record.folder / RECORD, record.content.get(_HASHES, {})
    if not isinstance(hashes, dict) or any(
        name not in _FILES or not isinstance(digest, str) for name, digest in hashes.items()
    ):
        raise _disagrees(path, f"{_HASHES} lists what is no file of a run")
    return hashes


def _check_own_hash(record: RunRecord) -> None:
    content = dict(record.content)
    stored = content.pop(_OWN_HASH, None)
    if (stored is not None or _HASHES in content) and stored != _own_hash(content):
        raise _disagrees(
            record.folder / RECORD, f"changed since the run finished (by its own {_OWN_HASH})"
        )


def _own_hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def _decision_of(record: RunRecord) -> dict[str, Any]:
    """decision.json, once all that stands beside it is seen to say the same."""
    folder, content = record.folder, record.content
    path = folder / DECISION
    if not path.is_file():
        raise ArtefactError(f"{path}: missing, and {RECORD} says DONE; {_WHAT_TO_DO}")
    decision = read_json(path)
    _check_decision(path, decision)
    if content.get("decision") != decision["decision"]:
        raise _disagrees(
            folder / RECORD,
            f"decision is {content.get('decision')!s}, but {DECISION} says {decision['decision']}",
        )
    for key in _SAME:
        if content.get(key) != decision.get(key):
            raise _disagrees(
                folder / RECORD,
                f"{key} is {content.get(key)!s}, but {DECISION} says {decision.get(key)!s}",
            )
    if (folder / METRICS).is_file():
        _check_metrics(folder / METRICS, decision, content)
    if (folder / AUDIT).is_file():
        _check_audit(folder / AUDIT, decision)
    if (folder / BUNDLE).is_dir():
        _check_bundle(folder / BUNDLE, decision, content)
    if _HASHES not in content and (folder / PREDICTIONS).is_file():
        _check_rows(folder / PREDICTIONS, decision)
    return decision


def _check_decision(path: Path, decision: Mapping[str, Any]) -> None:
    """Refuse a decision that its own flag, criteria, minimums and findings deny."""
    said, ship = _of(path, decision, "decision", str), _of(path, decision, "ship", bool)
    criteria = _of(path, decision, "criteria", list)
    _of(path, decision, "blocking_findings", list)
    holdout = _of(path, decision, "holdout", dict)
    face_value = _of(path, decision, "face_value", str)
    _of(path, decision, "reasons", list)
    _of(path, decision, "guarantee", str)
    if said not in OUTCOMES:
        raise _disagrees(path, f"decision is {said}, which is none of {', '.join(OUTCOMES)}")
    if ship != (said == SHIP):
        raise _disagrees(path, f"decision is {said}, but ship is {str(ship).lower()}")
    is_exploratory = _of(path, holdout, "status", str) in _WITHOUT_A_CLAIM
    expected = decision_of(face_value, is_exploratory=is_exploratory)
    if said != expected:
        raise _disagrees(
            path,
            f"decision is {said}, but face_value {face_value} in a look that is "
            f"{holdout.get('status')} comes to {expected}",
        )
    if not criteria and holdout.get("disclosure") == "verdict":
        return  # a sealed look shows nothing to check its verdict by
    for verdict in criteria:
        if not isinstance(verdict, dict):
            raise _disagrees(path, "criteria holds an entry that is no criterion")
        _check_verdict(path, verdict)
    expected = _face_value(path, decision)
    if face_value != expected:
        raise _disagrees(
            path,
            f"decision is {said}, but its criteria, minimums and findings come to {expected}",
        )


def _face_value(path: Path, decision: Mapping[str, Any]) -> str:
    """What criteria, minimums and findings come to; of several treatments, all of theirs."""
    criteria: list[dict[str, Any]] = decision["criteria"]
    treatments = decision.get("treatments", [])
    if not isinstance(treatments, list) or not all(isinstance(one, dict) for one in treatments):
        raise _disagrees(path, "treatments is no list of treatments")
    if len(treatments) < 2:
        return _one_face_value(path, decision, criteria, n_rows=_number(path, decision, "n_rows"))
    names = [_of(path, one, "variant", str) for one in treatments]
    outcomes = []
    for name, one in zip(names, treatments, strict=True):
        own = [verdict for verdict in criteria if _variant_of(verdict, names) == name]
        n_rows = _number(path, one, "n_units")
        said = {
            **decision,
            "face_value": _of(path, one, "face_value", str),
            "n_days": one.get("n_days"),
        }
        outcomes.append(_one_face_value(path, said, own, n_rows=n_rows))
        if outcomes[-1] != said["face_value"]:
            raise _disagrees(
                path,
                f"treatment {name} is {said['face_value']}, but its criteria come to {outcomes[-1]}",
            )
    return joint_outcome(outcomes)


def _one_face_value(
    path: Path, decision: Mapping[str, Any], criteria: list[dict[str, Any]], *, n_rows: float
) -> str:
    n_days = _number(path, decision, "n_days")
    enough = n_rows >= _number(path, decision, "minimum_sample_size")
    enough = enough and n_days >= _number(path, decision, "minimum_duration_days")
    # Why evidence is invalid may stand in the reasons alone; a leak has to make it so.
    is_valid = not decision["blocking_findings"] and decision["face_value"] != INVALID
    plain = [(verdict["verdict"], bool(verdict["is_primary"])) for verdict in criteria]
    return face_value_of(plain, is_valid=is_valid, are_minimums_met=enough)


def _variant_of(verdict: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Which treatment a verdict is of, by its segment."""
    segment = str(verdict.get("segment"))
    own = [n for n in names if segment == f"variant={n}" or segment.startswith(f"variant={n}, ")]
    return max(own, key=len, default=None)


def _check_verdict(path: Path, verdict: Mapping[str, Any]) -> None:
    """Refuse a verdict that its own estimate and bounds deny."""
    name, said = _of(path, verdict, "name", str), _of(path, verdict, "verdict", str)
    above, evidence = _of(path, verdict, "passes_above", bool), _of(path, verdict, "evidence", str)
    _of(path, verdict, "is_primary", bool)
    for key in ("metric", "rule", "unit", "sentence"):
        _of(path, verdict, key, str)
    line, code = _number(path, verdict, "line"), verdict.get("code")
    estimate, lower, upper = (
        _number_or_none(path, verdict, key) for key in ("estimate", "lower", "upper")
    )
    if said not in (PASS, FAIL, UNRESOLVED):
        raise _disagrees(path, f"{name} is {said}, which is no verdict")
    if code is not None and code != STRADDLES:
        expected = UNRESOLVED  # something else than bounds keeps it open
    elif evidence == "point" and estimate is not None:
        expected = verdict_of_point(estimate, line, passes_above=above)
    elif lower is not None and upper is not None:
        expected = verdict_of_bounds(lower, upper, line, passes_above=above, evidence=evidence)
    else:
        expected = UNRESOLVED
    if said != expected:
        raise _disagrees(path, f"{name} is {said}, but its figures make it {expected}")


def _check_metrics(path: Path, decision: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Refuse metrics whose figures are not those the criteria were judged by."""
    metrics = read_json(path)
    if (
        "validation_metrics" in content
        and metrics.get("validation") != content["validation_metrics"]
    ):
        raise _disagrees(path, f"validation differs from validation_metrics in {RECORD}")
    figures: dict[str, tuple[Any, Any]] = {}
    judged = _judged_window(decision)
    for entry in _of(path, metrics, judged, list):
        if not isinstance(entry, dict) or not isinstance(entry.get("candidate"), dict):
            raise _disagrees(path, f"{judged} holds an entry that is no metric")
        figures[str(entry.get("name"))] = (entry["candidate"].get("value"), entry.get("baseline"))
    for verdict in decision["criteria"]:
        if verdict.get("segment") is not None or verdict.get("metric") not in figures:
            continue
        sides = zip(("candidate", "baseline"), figures[verdict["metric"]], strict=True)
        for side, figure in sides:
            if not _is_same(verdict.get(side), figure):
                raise _disagrees(
                    path,
                    f"the {side}'s {verdict['metric']} is {figure!s}, but {DECISION} says "
                    f"{verdict.get(side)!s}",
                )


def _check_audit(path: Path, decision: Mapping[str, Any]) -> None:
    """Refuse an audit whose blocking findings are not those of the decision."""
    blocking = []
    for entry in _of(path, read_json(path), "findings", list):
        if not isinstance(entry, dict):
            raise _disagrees(path, "findings holds an entry that is no finding")
        if entry.get("severity") == "block" and entry.get("accepted") is None:
            blocking.append(f"{entry.get('check')}: {entry.get('sentence')}")
    if blocking != decision["blocking_findings"]:
        raise _disagrees(
            path,
            f"has {len(blocking)} blocking findings, and {DECISION} has "
            f"{len(decision['blocking_findings'])} or others",
        )


def _check_bundle(place: Path, decision: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Refuse a bundle that is damaged, or belongs to another run."""
    check_seal(place)
    expected = {key: decision[key] for key in ("candidate_fingerprint", "protocol_fingerprint")}
    path = place / MANIFEST
    manifest = read_json(path)
    said = {**expected, "decision": decision["decision"]}
    check_manifest_says(path, manifest, said, f"the run's {DECISION}")
    check_files(place, _of(path, manifest, "files", dict))
    copies = {DECISION: dict(decision)}
    if "protocol" in content:
        copies["protocol.json"] = {"protocol": content["protocol"]}
    for name, mine in copies.items():
        if not (place / name).is_file():
            continue
        copy = read_json(place / name)
        copy.pop("schema_version")
        mine.pop("schema_version", None)
        differing = [k for k in sorted({*mine, *copy}) if copy.get(k) != mine.get(k)]
        if differing:
            ours = DECISION if name == DECISION else RECORD
            raise _disagrees(place / name, f"{differing[0]} differs from the run's {ours}")


def _check_rows(path: Path, decision: Mapping[str, Any]) -> None:
    """Without a hash: predictions have as many rows as were judged."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    judged = _judged_window(decision)
    try:
        window = pq.read_table(path, columns=["window"])["window"].cast(pa.string())
        n_rows = int(pc.sum(pc.equal(window, judged)).as_py() or 0)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise _disagrees(path, f"cannot be read ({str(error).splitlines()[0]})") from error
    if n_rows != decision["n_rows"]:
        raise _disagrees(
            path,
            f"has {n_rows:,} {judged} rows, but {DECISION} was judged on {decision['n_rows']:,}",
        )


def _judged_window(decision: Mapping[str, Any]) -> str:
    """What the judged rows are called in the run's other files."""
    return "trial" if decision["holdout"]["status"] == "trial" else "test"


def _of(path: Path, values: Mapping[str, Any], key: str, kind: type) -> Any:
    """A value of the kind it is written as."""
    value = values.get(key)
    if not isinstance(value, kind):
        raise _disagrees(path, f"{key} is missing or of another kind ({str(value)[:40]})")
    return value


def _number_or_none(path: Path, values: Mapping[str, Any], key: str) -> float | None:
    is_none = key in values and values[key] is None
    return None if is_none else _number(path, values, key)


def _number(path: Path, values: Mapping[str, Any], key: str) -> float:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _disagrees(path, f"{key} is missing or no number ({str(value)[:40]})")
    return float(value)


def _is_same(one: Any, other: Any) -> bool:
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(one == other)


def _disagrees(path: Path, what: str) -> ArtefactError:
    return ArtefactError(f"{path}: {what}; {_WHAT_TO_DO}")
