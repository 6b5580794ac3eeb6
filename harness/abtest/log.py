"""Log: who was assigned to which variant, when, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.abtest.metric import LogMetric, find_log_metric
from harness.data.content_hash import row_hashes
from harness.data.table_file import column_names, read_columns
from harness.data.time_column import read_time
from harness.errors import ConfigError, DataError, did_you_mean
from harness.settings import AbtestSettings

# What a log's file is called in errors.
_KEY = "table"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Log:
    """An A/B log: one row per unit.

    Attributes:
        frame: Columns of metrics and segments, one row per unit of both variants.
        unit: Hash of each unit's name, shape (n_units,).
        is_treatment: Whether the unit got the treatment, shape (n_units,).
        control: Name of the control variant.
        treatment: Name of the treatment variant.
        day: Local day of assignment, datetime64[D]; None without an enrolment column.
        metrics: What the criteria's metrics mean here.
        tables: Rows of other tables joined to the units, by path: their columns, with
            `is_treatment` and the unit's hash as `unit`.
        n_other: Rows of variants that are not judged.
        contaminated: Units that appear in more than one variant.
        duplicated: Units that appear more than once in one variant.
    """

    frame: pd.DataFrame
    unit: NDArray[np.uint64]
    is_treatment: NDArray[np.bool_]
    control: str
    treatment: str
    day: NDArray[np.datetime64] | None
    metrics: Mapping[str, LogMetric]
    tables: Mapping[str, pd.DataFrame]
    n_other: int
    contaminated: int
    duplicated: int

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def n_days(self) -> int:
        """Days from the first assignment to the last, both counted; 0 when not known."""
        if self.day is None:
            return 0
        return int((self.day.max() - self.day.min()).astype(int)) + 1

    def subset(self, chosen: NDArray[np.bool_]) -> Log:
        """The units of a segment."""
        units = set(self.unit[chosen].tolist())
        return replace(
            self,
            frame=self.frame[chosen],
            unit=self.unit[chosen],
            is_treatment=self.is_treatment[chosen],
            day=None if self.day is None else self.day[chosen],
            tables={path: rows[rows["unit"].isin(units)] for path, rows in self.tables.items()},
        )

    def fingerprint(self) -> str:
        """SHA-256 of what the log holds, whatever the order of its rows."""
        import hashlib

        hashes = row_hashes(self.frame) ^ (self.unit * np.uint64(2) + self.is_treatment)
        digest = hashlib.sha256(np.sort(hashes).tobytes())
        for path in sorted(self.tables):
            digest.update(np.sort(row_hashes(self.tables[path])).tobytes())
        return digest.hexdigest()


def read_log(
    path: Path, settings: AbtestSettings, metrics: Sequence[str], segments: Sequence[str] = ()
) -> Log:
    """Read an A/B log.

    Args:
        path: CSV or Parquet, one row per unit.
        settings: What its columns mean.
        metrics: Names of the metrics the criteria ask for.
        segments: Columns whose values are judged one by one.

    Raises:
        ConfigError: If a column or variant is not there.
        DataError: If units or variants are missing, or variants differ only by case.
    """
    columns: dict[str | None, list[str]] = {None: column_names(path, key=_KEY)}
    for said in settings.metrics.values():
        if said.table and said.table not in columns:
            columns[said.table] = column_names(Path(said.table).expanduser(), key=_KEY)
    unit, variant = (_role(settings, role, columns[None]) for role in ("unit", "variant"))
    found = {name: find_log_metric(name, settings.metrics.get(name), columns) for name in metrics}
    unused = set(settings.metrics) - set(metrics)
    if unused:
        name = min(unused)
        raise ConfigError(
            f"abtest.metrics.{name}: no criterion asks for it; {did_you_mean(name, metrics)}"
        )
    for segment in segments:
        if segment not in columns[None]:
            raise ConfigError(
                f"per_segment: no column '{segment}'; {did_you_mean(segment, columns[None])}"
            )
    values = [c for m in found.values() if m.table is None for c in m.columns]
    extra = [settings.enrolled] if settings.enrolled else []
    if settings.enrolled and settings.enrolled not in columns[None]:
        hint = did_you_mean(settings.enrolled, columns[None])
        raise ConfigError(f"abtest.enrolled: no column '{settings.enrolled}'; {hint}")
    frame = read_columns(
        path, list(dict.fromkeys([unit, variant, *extra, *values, *segments])), key=_KEY
    )
    arm = _variants(frame[variant])
    control, treatment = _names(settings, arm)
    if frame[unit].isna().any():
        raise DataError(f"abtest.unit: {int(frame[unit].isna().sum()):,} rows name no {unit}")
    ids = _hash(frame[unit])
    per_unit = pd.DataFrame({"unit": ids, "arm": pd.factorize(arm)[0]}).groupby("unit")["arm"]
    judged = arm.isin([control, treatment]).to_numpy()
    is_treatment = (arm == treatment).to_numpy()
    contaminated = int((per_unit.min() != per_unit.max()).sum())
    day = _days(settings, frame)
    return _typed(
        Log(
            frame=frame.loc[judged, list(dict.fromkeys([*values, *segments]))].reset_index(
                drop=True
            ),
            unit=ids[judged],
            is_treatment=is_treatment[judged],
            control=control,
            treatment=treatment,
            day=None if day is None else day[judged],
            metrics=found,
            tables=_other_tables(found, unit, ids[judged], is_treatment[judged]),
            n_other=int((~judged).sum()),
            contaminated=contaminated,
            duplicated=int((per_unit.size() > 1).sum()) - contaminated,
        )
    )


def _role(settings: AbtestSettings, role: str, columns: Sequence[str]) -> str:
    named = getattr(settings, role)
    if not named:
        raise ConfigError(f"abtest.{role}: not set; name the column, one of {', '.join(columns)}")
    if named not in columns:
        raise ConfigError(f"abtest.{role}: no column '{named}'; {did_you_mean(named, columns)}")
    return str(named)


def _variants(column: pd.Series) -> pd.Series:
    if column.isna().any():
        raise DataError(
            f"abtest.variant: {int(column.isna().sum()):,} rows have no {column.name}; a unit without "
            "a variant was never assigned, so leave it out of the log"
        )
    arm = column.astype("string")
    names = sorted(arm.unique())
    alike: dict[str, str] = {}
    for name in names:
        other = alike.setdefault(name.strip().casefold(), name)
        if other != name:
            raise DataError(
                f"abtest.variant: '{other}' and '{name}' differ only by case or spaces; "
                "write one variant one way"
            )
    return arm


def _names(settings: AbtestSettings, arm: pd.Series) -> tuple[str, str]:
    names = sorted(arm.unique())
    shown = ", ".join(names[:8])
    if settings.control is None:
        raise ConfigError(f"abtest.control: not set; say which variant it is: {shown}")
    control = str(settings.control)
    if control not in names:
        raise ConfigError(f"abtest.control: no unit has the variant '{control}' ({shown})")
    others = [name for name in names if name != control]
    if settings.treatment is not None:
        treatment = str(settings.treatment)
        if treatment == control:
            raise ConfigError(
                f"abtest.treatment: '{treatment}' is the control; name another ({shown})"
            )
        if treatment not in others:
            raise ConfigError(f"abtest.treatment: no unit has the variant '{treatment}' ({shown})")
        return control, treatment
    if not others:
        raise DataError(f"abtest.variant: every unit is in '{control}'; there is no treatment")
    if len(others) > 1:
        raise ConfigError(
            f"abtest.treatment: not set, and there are several: {', '.join(others)}; name one"
        )
    return control, others[0]


def _days(settings: AbtestSettings, frame: pd.DataFrame) -> NDArray[np.datetime64] | None:
    if settings.enrolled is None:
        return None
    times = read_time(
        "abtest.enrolled",
        frame[settings.enrolled],
        unit=None,
        timezone=settings.timezone,
        format=settings.time_format,
    )
    local = pd.DatetimeIndex(times, tz="UTC").tz_convert(settings.timezone).tz_localize(None)
    return local.to_numpy().astype("datetime64[D]")


def _other_tables(
    metrics: Mapping[str, LogMetric],
    unit: str,
    ids: NDArray[np.uint64],
    is_treatment: NDArray[np.bool_],
) -> dict[str, pd.DataFrame]:
    """Rows of other tables whose unit is in the log."""
    arm = pd.Series(is_treatment, index=ids)
    arm = arm[~arm.index.duplicated()]
    tables: dict[str, pd.DataFrame] = {}
    for path in sorted({m.table for m in metrics.values() if m.table}):
        wanted = [c for m in metrics.values() if m.table == path for c in m.columns]
        names = column_names(Path(path).expanduser(), key=_KEY)
        if unit not in names:
            raise ConfigError(f"{path}: has no column '{unit}' to join the log by")
        rows = read_columns(Path(path).expanduser(), list(dict.fromkeys([unit, *wanted])), key=_KEY)
        found = arm.reindex(_hash(rows[unit]))
        known = found.notna().to_numpy()
        if not known.any():
            raise DataError(f"{path}: no row's {unit} is in the log")
        kept = rows.loc[known, [c for c in rows.columns if c != unit]].reset_index(drop=True)
        tables[path] = kept.assign(
            unit=found.index.to_numpy()[known], is_treatment=found[known].to_numpy(dtype=bool)
        )
    return tables


def _typed(log: Log) -> Log:
    """Metric columns as numbers; 0/1 columns make means proportions."""
    metrics = {}
    for name, metric in log.metrics.items():
        frame = log.tables[metric.table] if metric.table else log.frame
        for column in (metric.column, metric.per, metric.covariate, metric.per_covariate):
            if column is not None:
                frame[column] = _numbers(f"abtest.metrics.{name}", frame[column])
        values = frame[metric.column].dropna()
        is_binary = bool(values.isin([0.0, 1.0]).all()) and len(values) > 0
        if metric.kind == "proportion" and not is_binary:
            raise DataError(
                f"abtest.metrics.{name}: a proportion counts yes and no, but column "
                f"'{metric.column}' holds other values; use kind=mean"
            )
        if metric.kind == "mean" and is_binary and metric.covariate is None:
            metric = replace(metric, kind="proportion")  # noqa: PLW2901
        if is_binary and metric.kind in ("proportion", "mean") and not metric.unit:
            metric = replace(metric, unit="share of units")  # noqa: PLW2901
        metrics[name] = metric
    return replace(log, metrics=metrics)


def _numbers(key: str, column: pd.Series) -> pd.Series:
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        try:
            column = pd.to_numeric(column)
        except (ValueError, TypeError) as error:
            first = next((v for v in column.dropna() if not _is_number(v)), None)
            raise DataError(
                f"{key}: column '{column.name}' holds {first!r}, which is no number"
            ) from error
    values = column.astype("float64")
    if np.isinf(values).any():
        raise DataError(f"{key}: column '{column.name}' holds infinite values; mend or drop them")
    return values


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _hash(column: pd.Series) -> NDArray[np.uint64]:
    hashed: NDArray[np.uint64] = pd.util.hash_array(column.astype("string").to_numpy(dtype=object))
    return hashed
