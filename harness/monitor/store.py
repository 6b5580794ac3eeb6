"""Store: a reference as one Parquet file, a row per column, that anyone can read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import BundleError
from harness.monitor.joint import Figure, JointReference
from harness.monitor.profile import NUMERIC, ColumnProfile, Profile
from harness.monitor.reference import RATES, SCORE, Reference
from harness.monitor.reliability import Reliability
from harness.monitor.segments import Segment, SegmentColumn, SegmentsReference
from harness.monitor.sketch import Sketch
from harness.monitor.variation import Variation

FILE = "profile.parquet"
# 2 added columns inside segments, pairs of columns, and shares outside the range.
FORMAT_VERSION = 2
_FEATURE, _SCORE, _RATES, _METRIC = "feature", "score", "rates", "metric"
_SEGMENT, _JOINT = "segment", "joint"
_SCHEMA = pa.schema(
    [
        ("role", pa.string()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("dtype", pa.string()),
        ("n_rows", pa.int64()),
        ("n_null", pa.int64()),
        ("content", pa.uint64()),
        ("importance", pa.float64()),
        ("constant_days", pa.float64()),
        ("mean", pa.float64()),
        ("squares", pa.float64()),
        ("values", pa.list_(pa.float64())),
        ("below", pa.list_(pa.int64())),
        ("upto", pa.list_(pa.int64())),
        ("categories", pa.list_(pa.string())),
        ("counts", pa.list_(pa.int64())),
        ("n_other", pa.int64()),
        ("period_days", pa.float64()),
        ("period_weight", pa.list_(pa.float32())),
        ("period_shares", pa.list_(pa.float32())),
        ("period_nulls", pa.list_(pa.float32())),
        ("period_rows", pa.list_(pa.float32())),
        ("period_outside", pa.list_(pa.float32())),
        ("segment", pa.string()),
        ("segment_value", pa.string()),
    ]
)
_INTEGERS = ("below", "upto", "counts")


def write_reference(reference: Reference, path: Path) -> None:
    """Write a reference.

    Args:
        reference: What to write.
        path: File that does not need to be whole: a bundle's folder is.
    """
    rows = [
        _feature(reference, column) | {"role": _FEATURE}
        for column in reference.profile.columns.values()
    ]
    score = _column(reference.score) | _periods(reference.score_shares)
    rows.append(score | {"role": _SCORE, "name": SCORE})
    rows.append(_periods(reference.rates) | {"role": _RATES, "name": ",".join(RATES)})
    rows += [
        _periods(variation) | {"role": _METRIC, "name": name}
        for name, variation in reference.metrics.items()
    ]
    if reference.segments is not None:
        rows += [_segment(cell) for cell in reference.segments.cells]
    if reference.joint is not None:
        rows.append(_periods(reference.joint.moments) | {"role": _JOINT, "name": _JOINT})
    reliability = reference.reliability
    told: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "n_rows": reference.profile.n_rows,
        "n_repeated": reference.profile.n_repeated,
        "points": {k: v if np.isfinite(v) else None for k, v in reference.points.items()},
        "reliability": {
            "score": reliability.score.tolist(),
            "rate": reliability.rate.tolist(),
            "mean": reliability.mean,
            "variance": reliability.variance,
        },
        "threshold": reference.threshold,
        "timezone": reference.timezone,
        "first_day": reference.first_day,
        "last_day": reference.last_day,
        "segments_left_out": None
        if reference.segments is None
        else list(reference.segments.left_out),
        "joint": None
        if reference.joint is None
        else [asdict(figure) for figure in reference.joint.figures],
    }
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    table = table.replace_schema_metadata({b"harness": json.dumps(told).encode()})
    lists = [f"{name}.list.element" for name in _INTEGERS]
    pq.write_table(
        table,
        path,
        compression="zstd",
        use_dictionary=["role", "kind", "dtype"],
        column_encoding=dict.fromkeys(lists, "DELTA_BINARY_PACKED"),
    )


def read_reference(folder: Path) -> Reference:
    """Read the reference of a bundle whose hashes were checked.

    Raises:
        BundleError: If there is none, or it is damaged or of a newer version.
    """
    path = folder / FILE
    if not path.is_file():
        raise BundleError(f"{path}: no reference profile; make the bundle again with this harness")
    try:
        table = pq.read_table(path)
        told: dict[str, Any] = json.loads((table.schema.metadata or {})[b"harness"])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read ({error}); fetch the bundle again") from error
    version = told.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BundleError(f"{path}: profile format {version!r} is newer than this harness reads")
    try:
        return _to_reference(table, told)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read ({error!r}); fetch the bundle again") from error


def _to_reference(table: pa.Table, told: dict[str, Any]) -> Reference:
    by_role: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        by_role.setdefault(row["role"], []).append(row)
    features, [score], [rates] = by_role[_FEATURE], by_role[_SCORE], by_role[_RATES]
    reliability = told["reliability"]
    return Reference(
        profile=Profile(
            columns={row["name"]: _to_column(row) for row in features},
            n_rows=told["n_rows"],
            n_repeated=told["n_repeated"],
        ),
        shares={row["name"]: _to_variation(row) for row in features},
        nulls={row["name"]: _to_nulls(row) for row in features},
        constant_days={row["name"]: row["constant_days"] for row in features},
        importance={row["name"]: row["importance"] for row in features},
        score=_to_column(score),
        score_shares=_to_variation(score),
        rates=_to_variation(rates),
        metrics={row["name"]: _to_variation(row) for row in by_role.get(_METRIC, [])},
        points={k: float("nan") if v is None else v for k, v in told["points"].items()},
        reliability=Reliability(
            score=np.array(reliability["score"]),
            rate=np.array(reliability["rate"]),
            mean=reliability["mean"],
            variance=reliability["variance"],
        ),
        threshold=told["threshold"],
        timezone=told["timezone"],
        first_day=told["first_day"],
        last_day=told["last_day"],
        outside=_to_outside(features) if told["format_version"] > 1 else None,
        segments=_to_segments(by_role.get(_SEGMENT, []), told.get("segments_left_out")),
        joint=_to_joint(by_role.get(_JOINT, []), told.get("joint")),
    )


def _feature(reference: Reference, column: ColumnProfile) -> dict[str, Any]:
    outside = (reference.outside or {}).get(column.name)
    return (
        _column(column)
        | _periods(reference.shares[column.name])
        | _null_periods(reference.nulls[column.name])
        | {
            "importance": reference.importance.get(column.name, 0.0),
            "constant_days": reference.constant_days[column.name],
            "period_outside": None if outside is None else outside.values.ravel(),
        }
    )


def _segment(cell: SegmentColumn) -> dict[str, Any]:
    return (
        _column(cell.profile)
        | _periods(cell.shares)
        | _null_periods(cell.nulls)
        | {
            "role": _SEGMENT,
            "segment": cell.segment.column,
            "segment_value": cell.segment.value,
            "content": None,
        }
    )


def _column(column: ColumnProfile) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: getattr(column, name)
        for name in ("name", "kind", "dtype", "n_rows", "n_null", "content", "n_other")
    }
    if column.sketch is not None:
        told |= {"mean": column.sketch.mean, "squares": column.sketch.squares}
        told |= {name: getattr(column.sketch, name) for name in ("values", "below", "upto")}
    else:
        told |= {"categories": list(column.counts), "counts": list(column.counts.values())}
    return told


def _periods(variation: Variation) -> dict[str, Any]:
    return {
        "period_days": variation.period_days,
        "period_weight": variation.weight,
        "period_shares": variation.values.ravel(),
    }


def _null_periods(nulls: Variation) -> dict[str, Any]:
    return {"period_nulls": nulls.values[:, 0], "period_rows": nulls.weight}


def _to_nulls(row: dict[str, Any]) -> Variation:
    return Variation(
        values=np.array(row["period_nulls"], dtype=np.float64)[:, None],
        weight=np.array(row["period_rows"], dtype=np.float64),
        period_days=row["period_days"],
    )


def _to_outside(features: Sequence[dict[str, Any]]) -> dict[str, Variation]:
    """Shares outside the range; their periods are the second half of the column's own."""
    found = {}
    for row in features:
        if row["period_outside"] is None:
            continue
        weight = np.array(row["period_weight"], dtype=np.float64)
        weight = weight[len(weight) // 2 :]
        found[row["name"]] = Variation(
            values=np.array(row["period_outside"], dtype=np.float64).reshape(len(weight), -1),
            weight=weight,
            period_days=row["period_days"],
        )
    return found


def _to_segments(
    rows: Sequence[dict[str, Any]], left_out: list[str] | None
) -> SegmentsReference | None:
    if left_out is None:
        return None
    cells = [
        SegmentColumn(
            segment=Segment(column=row["segment"], value=row["segment_value"]),
            profile=_to_column(row | {"content": 0}),
            shares=_to_variation(row),
            nulls=_to_nulls(row),
        )
        for row in rows
    ]
    return SegmentsReference(cells=tuple(cells), left_out=tuple(left_out))


def _to_joint(
    rows: Sequence[dict[str, Any]], figures: list[dict[str, Any]] | None
) -> JointReference | None:
    if figures is None:
        return None
    [row] = rows
    return JointReference(
        figures=tuple(Figure(**figure) for figure in figures), moments=_to_variation(row)
    )


def _to_column(row: dict[str, Any]) -> ColumnProfile:
    counts: Sequence[int] = row["counts"] or []
    sketch = None
    if row["kind"] == NUMERIC:
        upto = np.array(row["upto"], dtype=np.int64)
        sketch = Sketch(
            n=int(upto[-1]) if len(upto) else 0,
            values=np.array(row["values"], dtype=np.float64),
            below=np.array(row["below"], dtype=np.int64),
            upto=upto,
            mean=row["mean"],
            squares=row["squares"],
        )
    return ColumnProfile(
        name=row["name"],
        kind=row["kind"],
        dtype=row["dtype"],
        n_rows=row["n_rows"],
        n_null=row["n_null"],
        sketch=sketch,
        counts=dict(zip(row["categories"] or [], counts, strict=True)),
        n_other=row["n_other"],
        content=row["content"],
    )


def _to_variation(row: dict[str, Any]) -> Variation:
    weight = np.array(row["period_weight"], dtype=np.float64)
    return Variation(
        values=np.array(row["period_shares"], dtype=np.float64).reshape(len(weight), -1),
        weight=weight,
        period_days=row["period_days"],
    )
