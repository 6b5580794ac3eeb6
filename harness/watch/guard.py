"""Guard: looks at what the live version answered, and takes it back where the policy says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.artefacts import read_json
from harness.config import load_settings
from harness.data.rows_source import LOG_FILES, read_entries, source_of_frame
from harness.errors import ConfigError, DataError
from harness.monitor import read_reference
from harness.registry import Registry, Standing, reconcile, rollback, rollback_target
from harness.registry.journal import ROLLBACK
from harness.registry.versions import bundle_folder, bundle_of, find_version, require_model
from harness.settings import GuardSettings, MonitoringSettings
from harness.watch.rows import MonitoredRows
from harness.watch.run import monitor_rows

_ROWS_REFUSED = 422
# Stretches a log is cut into to find where trouble began.
_PARTS, _PART_ROWS = 20, 30
AUTHOR, MONITOR = "harness guard", "harness monitor"
# Who rolls back by themselves.
AUTHORS = (AUTHOR, MONITOR)
# Reasons a policy may name, and those the guard adds.
CODES = (
    "BREAK", "FEATURES", "IMPORTANT", "SEGMENT", "JOINT", "SCORE", "ALERT_RATE", "CONCEPT", "METRIC",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLook:
    """One look of the guard.

    Attributes:
        version: The live version.
        n_rows: Rows it answered that were looked at.
        reasons: Sentences that would have it leave.
        rolled_back_to: Where it went; None where nothing moved.
        why_not: Why nothing moved although there were reasons.
        seconds: From the first bad request to the switch; None where nothing moved.
        figures: p99, error share, first bad request and the like.
    """

    version: str
    n_rows: int
    reasons: tuple[str, ...]
    rolled_back_to: str | None = None
    why_not: str | None = None
    seconds: float | None = None
    figures: dict[str, Any] = field(default_factory=dict)


def guard_once(
    registry: Registry,
    name: str,
    log: Path,
    policy: GuardSettings,
    *,
    monitoring: MonitoringSettings | None = None,
    dry_run: bool = False,
) -> GuardLook:
    """Look once.

    Args:
        registry: Where the model is registered.
        name: Registered model.
        log: Folder a server logs into, rows included.
        policy: What makes a version leave.
        monitoring: What counts as drift; None takes what the bundle says.
        dry_run: Whether to say what would happen and do nothing.

    Raises:
        ConfigError: If nothing is live, or the policy names an unknown reason.
        HarnessError: If registry, bundle or log cannot be read.
    """
    for code in policy.roll_back_on:
        if code not in CODES:
            raise ConfigError(f"guard.roll_back_on: '{code}' is unknown; valid: {', '.join(CODES)}")
    standing = reconcile(registry, name)
    if standing.champion is None:
        require_model(registry, name)
        raise ConfigError(f"{name}: nothing is live; `harness promote {name} VERSION` first")
    live_since = dt.datetime.fromisoformat(standing.moves[-1].at)
    rows, refused = _read(log, f"{name}/{standing.champion}", live_since, policy.window_rows)
    figures, reasons = _of_requests(rows, refused, policy)
    first_bad = None
    if len(rows) >= policy.min_rows:
        judge = partial(_of_rows, registry, name, standing.champion, policy, monitoring)
        drifted = judge(rows)
        reasons += drifted
        first_bad = _first_bad(judge, rows) if drifted else None
    if len(rows) + len(refused) < policy.min_rows:
        reasons = []
    if rows and reasons:
        figures["first_bad_request"] = first_bad or rows[0]["at"]
    look = GuardLook(
        version=standing.champion, n_rows=len(rows), reasons=tuple(reasons), figures=figures
    )
    if not reasons:
        return look
    return _leave(registry, name, standing, look, policy, dry_run=dry_run)


def cooling(standing: Standing, policy: GuardSettings) -> str | None:
    """Why no rollback may follow now: one was made by itself a short while ago."""
    now = dt.datetime.now(dt.UTC)
    for move in reversed(standing.moves):
        age = (now - dt.datetime.fromisoformat(move.at)).total_seconds() / 60
        if move.action == ROLLBACK and move.by in AUTHORS and 0 <= age < policy.cool_down_minutes:
            return (
                f"rolled back {age:.0f} minutes ago; no other within {policy.cool_down_minutes:g}"
            )
    return None


def leave_on_alert(
    registry: Registry,
    name: str,
    fingerprint: str,
    codes: Sequence[str],
    sentences: Sequence[str],
    policy: GuardSettings,
) -> str:
    """Roll back because `harness monitor` raised an alert, where the policy allows it.

    Args:
        registry: Where the model is registered.
        name: Registered model.
        fingerprint: Candidate fingerprint of the bundle that was monitored.
        codes: Codes of the alert's reasons.
        sentences: The reasons.
        policy: Which codes roll back, and how often.

    Returns:
        What was done, or why nothing was.
    """
    standing = reconcile(registry, name)
    if standing.champion is None:
        return f"{name}: nothing is live, so nothing was rolled back"
    live = find_version(registry, name, standing.champion)
    if live.candidate_fingerprint != fingerprint:
        return f"{name}: version {live.version} is live, which is not what was monitored"
    if not set(codes) & set(policy.roll_back_on):
        return f"{name}: not rolled back; guard.roll_back_on names none of {', '.join(codes)}"
    if (why := cooling(standing, policy)) is not None:
        return f"{name}: {why}"
    moved = rollback(
        registry,
        name,
        leaving=standing.champion,
        reason="; ".join(sentences)[:1_000],
        by=MONITOR,
        evidence={"codes": list(codes)},
    )
    return f"{name}: rolled back from version {moved.before} to version {moved.version}"


def _leave(
    registry: Registry,
    name: str,
    standing: Standing,
    look: GuardLook,
    policy: GuardSettings,
    *,
    dry_run: bool,
) -> GuardLook:
    """Roll back, unless one rollback was just made or nothing is left to go back to."""
    why = cooling(standing, policy)
    if why is not None:
        return replace(look, why_not=why)
    if dry_run:
        target, _ = rollback_target(registry, name, standing)
        return replace(look, why_not=f"dry run; version {target.version} would be live")
    moved = rollback(
        registry,
        name,
        leaving=standing.champion,
        reason="; ".join(look.reasons)[:1_000],
        by=AUTHOR,
        evidence={**look.figures, "rows": look.n_rows},
    )
    if not moved.is_new:
        return replace(look, why_not=f"version {moved.version} is live already")
    seconds = None
    if "first_bad_request" in look.figures:
        bad = dt.datetime.fromisoformat(look.figures["first_bad_request"])
        seconds = (dt.datetime.now(dt.UTC) - bad).total_seconds()
    return replace(look, rolled_back_to=moved.version, seconds=seconds)


def _read(
    log: Path, label: str, since: dt.datetime, most: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows the live version answered since it went live, and requests refused since."""
    if not log.is_dir():
        raise DataError(f"{log}: no log there; harness serve ... --log {log} --log-values")
    start = since.isoformat(timespec="milliseconds")
    rows: list[dict[str, Any]] = []
    for path in sorted(log.glob(LOG_FILES), reverse=True):  # the newest first; old ones stay unread
        told = read_entries([path])
        if len(rows) >= most or (told and max(row["at"] for row in told) < start):
            break
        rows += [row for row in told if row["version"] == label and row["at"] >= start]
    refused = read_entries(sorted(log.glob("refused-*.jsonl")))
    # What anybody may send (no key, no JSON, too long) must not move a model.
    refused = [line for line in refused if line["status"] == _ROWS_REFUSED or line["status"] >= 500]
    rows.sort(key=lambda row: row["at"])
    return rows[-most:], [line for line in refused if line["at"] >= start]


def _of_requests(
    rows: Sequence[dict[str, Any]], refused: Sequence[dict[str, Any]], policy: GuardSettings
) -> tuple[dict[str, Any], list[str]]:
    reasons = []
    n = len(rows) + len(refused)
    errors = len(refused) / n if n else 0.0
    p99 = float(np.quantile([row["ms"] for row in rows], 0.99)) if rows else float("nan")
    if errors > policy.max_error_share:
        why = refused[-1]["why"]
        reasons.append(
            f"{100 * errors:.0f} % of {n:,} requests were refused (lastly: {why}); at most "
            f"{100 * policy.max_error_share:g} % are accepted"
        )
    if p99 > policy.max_p99_ms:
        reasons.append(f"p99 is {p99:.0f} ms; at most {policy.max_p99_ms:g} ms are accepted")
    return {"p99_ms": p99, "error_share": errors}, reasons


def _first_bad(
    judge: Callable[[Sequence[dict[str, Any]]], list[str]], rows: Sequence[dict[str, Any]]
) -> str:
    """When the trouble began: the start of the first part that shows it, and all after it."""
    size = max(_PART_ROWS, len(rows) // _PARTS)
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    first = parts[-1]
    for part in reversed(parts):
        if len(part) >= _PART_ROWS and not judge(part):
            break
        first = part
    return str(first[0]["at"])


def _of_rows(
    registry: Registry,
    name: str,
    version: str,
    policy: GuardSettings,
    monitoring: MonitoringSettings | None,
    rows: Sequence[dict[str, Any]],
) -> list[str]:
    """Reasons of `harness monitor` that the policy names, over the logged rows."""
    chosen = find_version(registry, name, version)
    bundle, folder = bundle_of(registry, chosen), bundle_folder(registry, chosen)
    settings = load_settings(read_json(folder / "config.json")["config"])
    frame = pd.DataFrame([row.get("row") or {} for row in rows])
    if frame.empty or not len(frame.columns):
        raise DataError(
            "the log has no rows in it; serve with --log-values, so that they can be judged"
        )
    time = pd.to_datetime(pd.Series([row["at"] for row in rows]), utc=True)
    monitored = MonitoredRows(
        source=source_of_frame(frame, name, is_log=True),
        time=time.dt.tz_localize(None).to_numpy().astype("datetime64[us]"),
        label=None,
        values=pd.DataFrame(index=range(len(frame))),
    )
    [report] = monitor_rows(
        bundle,
        read_reference(folder),
        monitored,
        read_json(folder / "protocol.json")["protocol"],
        settings.criteria,
        monitoring or settings.monitoring,
    )
    return [r.sentence for r in report.reasons if r.code in policy.roll_back_on]
