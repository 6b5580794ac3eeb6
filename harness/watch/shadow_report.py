"""Shadow report: how much the shadow really got, and how far it agrees with what answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from harness.artefacts import read_json
from harness.data.column_reading import keys
from harness.data.outcome_values import row_values
from harness.data.rows_source import read_entries
from harness.decision import Decision
from harness.errors import ConfigError, DataError
from harness.evaluation import ScoredWindow
from harness.evidence import ScoredRows, blocks_of
from harness.judgement import decide_window
from harness.serving.canary import unit_name
from harness.serving.reasons import Reasons
from harness.settings import CriteriaSettings
from harness.watch.later_labels import later_labels

_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class ShadowReport:
    """What a shadow's log says.

    Attributes:
        n_offered: Rows the server handed on, or tried to.
        n_dropped: Rows it had to drop because the shadow was behind.
        n_scored: Rows the shadow scored.
        n_failed: Rows it could not score.
        refusal: The most frequent reason for that; empty where none failed.
        n_lost: Rows handed on that are neither scored nor failed: a shadow that died.
        versions: What shadowed.
        mean_difference: Mean absolute difference of both scores.
        rank_agreement: Spearman correlation of both scores.
        alert_share: Share of rows that were alerted.
        shadow_alert_share: Share of rows the shadow would have alerted.
        n_differ: Rows on which both would have done otherwise.
        examples: Some of these, the furthest apart first.
        shadow_ms: Median and 99th percentile of the shadow's milliseconds.
        decision: Shadow against what answered, by the criteria; None without labels.
        n_labelled: Rows with a label.
        n_nameless: Rows whose key is null, so that no label can be theirs.
    """

    n_offered: int
    n_dropped: int
    n_scored: int
    n_failed: int
    refusal: str
    n_lost: int
    versions: tuple[str, ...]
    mean_difference: float
    rank_agreement: float
    alert_share: float
    shadow_alert_share: float
    n_differ: int
    examples: tuple[dict[str, Any], ...]
    shadow_ms: tuple[float, float]
    decision: Decision | None = None
    n_labelled: int = 0
    n_nameless: int = 0


def read_shadow(
    folder: Path,
    *,
    criteria: CriteriaSettings | None = None,
    labels: Path | None = None,
    key: str | None = None,
    positive: Any = None,
    timezone: str = "UTC",
) -> ShadowReport:
    """Read the log a server wrote with `--shadow`.

    Args:
        folder: The log folder.
        criteria: What decides once there are labels.
        labels: Table with labels that came later.
        key: Column of the logged rows and of that table.
        positive: The value of the label that counts as positive.
        timezone: Zone of the days.

    Raises:
        DataError: If no shadow wrote there.
        ConfigError: If labels cannot be joined.
    """
    offered, scored = _counts(folder, "offered"), _counts(folder, "scored")
    lines = read_entries(sorted(folder.glob("shadow-*.jsonl")))
    if not offered and not lines:
        raise DataError(
            f"{folder}: no shadow wrote there; harness serve ... --shadow ... --log DIR"
        )
    n_dropped, n_scored = offered.get("dropped", 0), scored.get("scored", 0)
    n_failed = scored.get("failed", 0) + offered.get("failed", 0)
    # Both sides write their counts now and then; what was scored had been offered.
    n_offered = max(offered.get("offered", 0), n_dropped + n_scored + n_failed)
    table = pd.DataFrame(lines, columns=[*_COLUMNS, "row"])
    ours, theirs = (table[n].to_numpy(dtype=np.float64) for n in ("shadow_score", "score"))
    alert, shadow_alert = (table[n].to_numpy(dtype=bool) for n in ("alert", "shadow_alert"))
    apart = np.flatnonzero(alert != shadow_alert)
    apart = apart[np.argsort(-np.abs(ours - theirs)[apart], kind="stable")]
    decision, n_labelled, n_nameless = None, 0, 0
    if labels is not None and criteria is not None and len(table):
        decision, n_labelled, n_nameless = _decide(table, criteria, labels, key, positive, timezone)
    told = table["shadow_ms"].to_numpy(dtype=np.float64)
    return ShadowReport(
        n_offered=n_offered,
        n_dropped=n_dropped,
        n_scored=n_scored,
        n_failed=n_failed,
        refusal=_refusal(folder),
        n_lost=n_offered - n_dropped - n_scored - n_failed,
        versions=tuple(sorted(set(table["version"].astype(str)))),
        mean_difference=float(np.abs(ours - theirs).mean()) if len(table) else float("nan"),
        rank_agreement=_spearman(ours, theirs),
        alert_share=float(alert.mean()) if len(table) else float("nan"),
        shadow_alert_share=float(shadow_alert.mean()) if len(table) else float("nan"),
        n_differ=len(apart),
        examples=tuple(lines[i] for i in apart[:_EXAMPLES]),
        shadow_ms=(
            (float(np.median(told)), float(np.quantile(told, 0.99)))
            if len(told)
            else (float("nan"), float("nan"))
        ),
        decision=decision,
        n_labelled=n_labelled,
        n_nameless=n_nameless,
    )


_REASONS = "reasons"
_COLUMNS = ("at", "version", "score", "alert", "shadow_score", "shadow_alert", "shadow_ms")


def _counts(folder: Path, what: str) -> dict[str, int]:
    """Sums over all processes."""
    total: dict[str, int] = {}
    for path in folder.glob(f"shadow-{what}-*.json"):
        for name, count in json.loads(path.read_text()).items():
            if name != _REASONS:
                total[name] = total.get(name, 0) + int(count)
    return total


def _refusal(folder: Path) -> str:
    """The most frequent reason why rows could not be scored, and how often it was."""
    reasons = Reasons()
    for what in ("offered", "scored"):
        for path in folder.glob(f"shadow-{what}-*.json"):
            reasons.update(json.loads(path.read_text()).get(_REASONS, {}))
    return reasons.most_frequent()


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    ranks = [pd.Series(x).rank().to_numpy() for x in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _decide(
    table: pd.DataFrame,
    criteria: CriteriaSettings,
    labels: Path,
    key: str | None,
    positive: Any,
    timezone: str,
) -> tuple[Decision, int, int]:
    """The shadow as candidate against what answered as baseline, rows with a label, and without a key."""
    logged = [row if isinstance(row, dict) else {} for row in table["row"]]
    # As JSON gave them: whole numbers beside a null would become floats and lose digits.
    rows = pd.DataFrame(logged, dtype=object).infer_objects()
    if key is None or key not in rows.columns:
        raise ConfigError(
            f"--key {key}: not a column of the rows, which are logged with --log-values"
        )
    names = _keys(key, [row.get(key) for row in logged])
    label = later_labels(
        labels, key, list(rows.columns), lambda _: names, name=None, positive=positive
    )
    has = ~np.isnan(label)
    truth = label[has] == 1
    worth = row_values(criteria.outcome_values, truth, rows.loc[has])
    time = pd.DatetimeIndex(pd.to_datetime(table.loc[has, "at"], utc=True)).tz_convert(timezone)
    order = np.argsort(time.to_numpy(), kind="stable")
    local = pd.DatetimeIndex(time[order])
    blocks = blocks_of("day", local, None)
    part = table.loc[has].iloc[order]

    def scored(prefix: str) -> ScoredRows:
        return ScoredRows(
            score=part[f"{prefix}score"].to_numpy(dtype=np.float64),
            alert=part[f"{prefix}alert"].to_numpy(dtype=bool),
            label=truth[order],
            value_if_alert=worth.if_alert[order],
            value_if_silent=worth.if_silent[order],
            blocks=blocks,
        )

    segments = _segments(criteria, rows.loc[has].iloc[order])
    window = ScoredWindow(
        rows=np.arange(len(part)),
        local_time=local,
        candidate=scored("shadow_"),
        baseline=scored(""),
        segments=segments,
    )
    times = part["shadow_ms"].to_numpy(dtype=np.float64)
    return decide_window(criteria, window, times, ()), len(part), int(names.isna().sum())


def _keys(key: str, values: Sequence[Any]) -> pd.Series:
    """Keys of logged rows as label tables have them: exact text, None for null.

    Raises:
        DataError: If a key names no row exactly.
    """
    names = [unit_name(value) for value in values]
    for name, value in zip(names, values, strict=True):
        if name is None and value is not None and value != "":
            raise DataError(
                f"--key {key}: {value!r:.60} names no row exactly; send keys as text or whole numbers"
            )
    texts = keys(key, pa.chunked_array([pa.array(names, pa.string())]), key="--key")
    return pd.Series(texts.to_pandas(), dtype=object)


def _segments(criteria: CriteriaSettings, rows: pd.DataFrame) -> dict[str, Any]:
    asked: Sequence[str] = [
        g.per_segment for g in criteria.guardrail_metrics.values() if g.per_segment
    ]
    missing = [name for name in asked if name not in rows.columns]
    if missing:
        raise DataError(f"criteria: the logged rows have no column '{missing[0]}' to guard by")
    names = {name: [unit_name(value) for value in rows[name]] for name in asked}
    return {name: pd.Categorical(pd.Series(values, dtype=object)) for name, values in names.items()}


def criteria_of_bundle(folder: Path) -> tuple[CriteriaSettings, dict[str, Any]]:
    """The criteria and the dataset of a bundle's protocol."""
    from harness.config import load_criteria

    protocol = read_json(folder / "protocol.json")["protocol"]
    return load_criteria(protocol["criteria"]), protocol["dataset"]
