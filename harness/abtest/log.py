"""Log: who was assigned to which variant, when, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.abtest.candidates import MOST_VARIANTS, metric_candidate, role_candidates
from harness.abtest.metric import LogMetric, find_log_metric
from harness.data.content_hash import row_hashes
from harness.data.label_column import matching_values
from harness.data.table_file import column_names, file_format, read_columns
from harness.data.time_column import read_time
from harness.errors import ConfigError, DataError, did_you_mean
from harness.serving.canary import FALLBACK_ROWS, ROWS
from harness.settings import AbtestSettings

# What a log's file is called in errors.
_KEY = "table"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Log:
    """An A/B log: one row per unit.

    Attributes:
        frame: Columns of metrics and segments, one row per unit of the variants judged.
        unit: Hash of each unit's name, shape (n_units,).
        arm: 0 for control, k for the k-th treatment, shape (n_units,).
        control: Name of the control variant.
        treatments: Names of the treatments.
        day: Local day of assignment, datetime64[D]; None without an enrolment column.
        metrics: What the criteria's metrics mean here.
        tables: Rows of other tables joined to the units, by path: their columns, with
            `arm` and the unit's hash as `unit`.
        everyone: Hashes of all units, those of variants that are not judged among them.
        n_other: Rows of variants that are not judged.
        contaminated: Units that appear in more than one variant.
        duplicated: Units that appear more than once in one variant.
        fallbacks: Rows of each treatment that the champion answered in its place, and all its rows;
            empty where the log is no canary's.
        notes: What was left out or taken for something, in sentences.
    """

    frame: pd.DataFrame
    unit: NDArray[np.uint64]
    arm: NDArray[np.intp]
    control: str
    treatments: tuple[str, ...]
    day: NDArray[np.datetime64] | None
    metrics: Mapping[str, LogMetric]
    tables: Mapping[str, pd.DataFrame]
    everyone: NDArray[np.uint64]
    n_other: int
    contaminated: int
    duplicated: int
    fallbacks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def treatment(self) -> str:
        """The treatment's name; several joined."""
        return ", ".join(self.treatments)

    @property
    def variants(self) -> tuple[str, ...]:
        """Control, then the treatments: names of the codes in `arm`."""
        return (self.control, *self.treatments)

    @property
    def is_treatment(self) -> NDArray[np.bool_]:
        """Whether a unit got a treatment, shape (n_units,)."""
        treated: NDArray[np.bool_] = self.arm > 0
        return treated

    @property
    def n_days(self) -> int:
        """Days from the first assignment to the last, both counted; 0 when not known."""
        if self.day is None or len(self.day) == 0:
            return 0
        return int((self.day.max() - self.day.min()).astype(int)) + 1

    def subset(self, chosen: NDArray[np.bool_]) -> Log:
        """The units of a segment."""
        units = set(self.unit[chosen].tolist())
        return replace(
            self,
            frame=self.frame[chosen],
            unit=self.unit[chosen],
            arm=self.arm[chosen],
            day=None if self.day is None else self.day[chosen],
            tables={path: rows[rows["unit"].isin(units)] for path, rows in self.tables.items()},
        )

    def against(self, treatment: str) -> Log:
        """Control and one treatment alone."""
        if self.treatments == (treatment,):
            return self
        code = self.treatments.index(treatment) + 1
        pair = self.subset(np.isin(self.arm, (0, code)))
        return replace(
            pair,
            arm=(pair.arm > 0).astype(np.intp),
            treatments=(treatment,),
            tables={p: rows.assign(arm=rows["arm"] > 0) for p, rows in pair.tables.items()},
        )

    def fingerprint(self) -> str:
        """SHA-256 of what the log holds, whatever the order of its rows."""
        import hashlib

        hashes = row_hashes(self.frame) ^ (self.unit * np.uint64(2) + self.arm.astype(np.uint64))
        digest = hashlib.sha256(np.sort(hashes).tobytes())
        for path in sorted(self.tables):
            rows = self.tables[path]
            rows = rows.assign(is_treatment=rows["arm"] > 0).drop(columns="arm")
            digest.update(np.sort(row_hashes(rows)).tobytes())
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
    asked = file_format(settings, "abtest.")
    columns: dict[str | None, list[str]] = {None: column_names(path, key=_KEY, asked=asked)}
    for said in settings.metrics.values():
        if said.table and said.table not in columns:
            columns[said.table] = column_names(Path(said.table).expanduser(), key=_KEY)
    unit, variant = (_role(settings, role, path, columns[None]) for role in ("unit", "variant"))
    found = _metrics(path, settings, metrics, columns)
    for segment in segments:
        if segment not in columns[None]:
            raise ConfigError(
                f"per_segment: no column '{segment}'; {did_you_mean(segment, columns[None])}"
            )
    of_log = [m for m in found.values() if m.table is None]
    values = [c for m in of_log for c in m.columns]
    clusters = [m.cluster for m in of_log if m.cluster]
    extra = [settings.enrolled] if settings.enrolled else []
    if settings.enrolled and settings.enrolled not in columns[None]:
        hint = did_you_mean(settings.enrolled, columns[None])
        raise ConfigError(f"abtest.enrolled: no column '{settings.enrolled}'; {hint}")
    frame = read_columns(
        path,
        list(dict.fromkeys([unit, variant, *extra, *values, *segments])),
        key=_KEY,
        text={unit, variant, *segments, *clusters},
        times=set(extra),
        asked=asked,
    )
    arm = _variants(path, _names_in(frame[variant]))
    control, treatments = _names(settings, arm)
    keys = _names_in(frame[unit])
    n_nameless = int(keys.isna().sum())
    if n_nameless:
        raise DataError(
            f"abtest.unit: {n_nameless:,} rows name no {unit}, so nobody knows whether they are new "
            "units or copies; give them a key, or leave them out of the log"
        )
    ids = _hashes(keys)
    for name in {*segments, *clusters} - {unit, variant}:
        frame[name] = _names_in(frame[name])
    per_unit = pd.DataFrame({"unit": ids, "arm": pd.factorize(arm)[0]}).groupby("unit")["arm"]
    codes = arm.map({name: code for code, name in enumerate((control, *treatments))})
    judged = codes.notna().to_numpy()
    code: NDArray[np.intp] = np.asarray(codes[judged], dtype=np.intp)
    contaminated = int((per_unit.min() != per_unit.max()).sum())
    notes: list[str] = []
    day = _days(settings, frame, notes)
    log = Log(
        frame=frame.loc[judged, list(dict.fromkeys([*values, *segments]))].reset_index(drop=True),
        unit=ids[judged],
        arm=code,
        control=control,
        treatments=treatments,
        day=None if day is None else day[judged],
        metrics=found,
        tables={},
        everyone=np.unique(ids),
        n_other=int((~judged).sum()),
        contaminated=contaminated,
        duplicated=int((per_unit.size() > 1).sum()) - contaminated,
        fallbacks=_fallbacks(path, columns[None], arm, treatments),
        notes=(*notes, *_segment_notes(frame.loc[judged], segments)),
    )
    log = replace(log, notes=(*log.notes, *_fallback_notes(log.fallbacks)))
    return _typed(_with_tables(log, unit, keys[judged]))


def _metrics(
    path: Path,
    settings: AbtestSettings,
    metrics: Sequence[str],
    columns: Mapping[str | None, Sequence[str]],
) -> dict[str, LogMetric]:
    roles = (settings.unit, settings.variant, settings.enrolled)

    def example(table: str | None) -> str:
        place = path if table is None else Path(table).expanduser()
        return metric_candidate(place, roles, key=_KEY)

    found = {
        name: find_log_metric(name, settings.metrics.get(name), columns, example)
        for name in metrics
    }
    unused = set(settings.metrics) - set(metrics)
    if unused:
        name = min(unused)
        raise ConfigError(
            f"abtest.metrics.{name}: no criterion asks for it; {did_you_mean(name, metrics)}"
        )
    return found


def _role(settings: AbtestSettings, role: str, path: Path, columns: Sequence[str]) -> str:
    named = getattr(settings, role)
    if named and named not in columns:
        raise ConfigError(f"abtest.{role}: no column '{named}'; {did_you_mean(named, columns)}")
    if named:
        return str(named)
    likely = role_candidates(path, role, key=_KEY)
    what = {"unit": "names a unit in each row", "variant": "holds a few variants"}[role]
    if likely:
        raise ConfigError(
            f"abtest.{role}: not set; name the column that says it, such as "
            f"abtest.{role}={likely[0]}" + (f" (or {', '.join(likely[1:4])})" if likely[1:] else "")
        )
    raise ConfigError(
        f"abtest.{role}: not set, and no column {what}; name it, one of {', '.join(columns)}"
    )


def _variants(path: Path, arm: pd.Series) -> pd.Series:
    if arm.isna().any():
        raise DataError(
            f"abtest.variant: {int(arm.isna().sum()):,} rows have no {arm.name}; a unit without "
            "a variant was never assigned, so leave it out of the log"
        )
    names = sorted(arm.unique())
    if len(names) > MOST_VARIANTS:
        likely = role_candidates(path, "variant", key=_KEY)
        raise DataError(
            f"abtest.variant: column '{arm.name}' holds {len(names):,} different values "
            f"({', '.join(names[:3])}, ...), more than the {MOST_VARIANTS} variants a test may have; "
            + (f"did you mean '{likely[0]}'?" if likely else "name the column with the variant")
        )
    alike: dict[str, str] = {}
    for name in names:
        other = alike.setdefault(name.strip().casefold(), name)
        if other != name:
            raise DataError(
                f"abtest.variant: '{other}' and '{name}' differ only by case or spaces; "
                "write one variant one way"
            )
    return arm


def _names(settings: AbtestSettings, arm: pd.Series) -> tuple[str, tuple[str, ...]]:
    """Control, and the treatments to judge."""
    names = sorted(arm.unique())
    shown = ", ".join(names)
    if settings.control is None:
        raise ConfigError(f"abtest.control: not set; say which variant it is: {shown}")
    control = _variant(settings.control, names)
    if control is None:
        raise ConfigError(f"abtest.control: no unit has the variant '{settings.control}' ({shown})")
    others = [name for name in names if name != control]
    if not others:
        raise DataError(f"abtest.variant: every unit is in '{control}'; there is no treatment")
    strangers = sorted(set(settings.shares) - set(names))
    if strangers or (settings.shares and len(settings.shares) < len(names)):
        raise ConfigError(
            f"abtest.shares: names {', '.join(settings.shares)}, but the variants are {shown}; "
            "give each of them its planned share"
        )
    if settings.treatment is None:
        return control, tuple(others)
    treatment = _variant(settings.treatment, names)
    if treatment == control:
        raise ConfigError(f"abtest.treatment: '{treatment}' is the control; name another ({shown})")
    if treatment is None:
        raise ConfigError(
            f"abtest.treatment: no unit has the variant '{settings.treatment}' ({shown})"
        )
    return control, (treatment,)


def _variant(named: Any, names: Sequence[str]) -> str | None:
    """The variant a config's value means, whatever YAML made of it; None for none or several."""
    found = matching_values(names, named)
    return str(found[0]) if len(found) == 1 else None


def _days(
    settings: AbtestSettings, frame: pd.DataFrame, notes: list[str]
) -> NDArray[np.datetime64] | None:
    if settings.enrolled is None:
        return None
    times = read_time(
        "abtest.enrolled",
        frame[settings.enrolled],
        unit=settings.time_unit,
        timezone=settings.timezone,
        format=settings.time_format,
        notes=notes,
    )
    local = pd.DatetimeIndex(times, tz="UTC").tz_convert(settings.timezone).tz_localize(None)
    return local.to_numpy().astype("datetime64[D]")


def _segment_notes(frame: pd.DataFrame, segments: Sequence[str]) -> tuple[str, ...]:
    missing = {name: int(frame[name].isna().sum()) for name in dict.fromkeys(segments)}
    return tuple(
        f"{n:,} units have no {name}, so they count in no segment of it."
        for name, n in missing.items()
        if n
    )


def _fallbacks(
    path: Path, columns: Sequence[str], arm: pd.Series, treatments: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """What a canary's table says about rows that the champion answered for the challenger."""
    if not {ROWS, FALLBACK_ROWS} <= set(columns):
        return {}
    counts = read_columns(path, [ROWS, FALLBACK_ROWS], key=_KEY)
    if not all(pd.api.types.is_numeric_dtype(counts[name]) for name in counts):
        return {}  # columns of these names that are not a canary's
    found = {}
    for name in treatments:
        rows = counts[(arm == name).to_numpy()]
        found[name] = (int(rows[FALLBACK_ROWS].sum()), int(rows[ROWS].sum()))
    return found


def _fallback_notes(fallbacks: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
    return tuple(
        f"The champion answered {n:,} of {of:,} rows of {name} in its place; their units stay in "
        f"{name}, to which they were assigned (intention to treat), so differences come out too small."
        for name, (n, of) in fallbacks.items()
        if n
    )


def _with_tables(log: Log, unit: str, keys: pd.Series) -> Log:
    """The log with the rows of other tables whose unit is in it."""
    arm = pd.Series(log.arm, index=log.unit)
    arm = arm[~arm.index.duplicated()]
    tables: dict[str, pd.DataFrame] = {}
    notes = list(log.notes)
    for path in sorted({m.table for m in log.metrics.values() if m.table}):
        place = Path(path).expanduser()
        of_table = [m for m in log.metrics.values() if m.table == path]
        wanted = [c for m in of_table for c in m.columns]
        if unit not in column_names(place, key=_KEY):
            raise ConfigError(f"{path}: has no column '{unit}' to join the log by")
        clusters = {m.cluster for m in of_table if m.cluster}
        rows = read_columns(
            place, list(dict.fromkeys([unit, *wanted])), key=_KEY, text={unit, *clusters}
        )
        names = _names_in(rows[unit])
        found = arm.reindex(_hashes(names))
        known = found.notna().to_numpy() & names.notna().to_numpy()
        if not known.any():
            theirs = names.dropna()
            shown = f"'{theirs.iloc[0]}' here" if len(theirs) else "none here"
            raise DataError(
                f"{path}: no row's {unit} is in the log ({shown}, '{keys.iloc[0]}' there); keys are "
                "compared as they are written, leading zeros and all"
            )
        notes += _join_notes(path, unit, names, known, keys)
        kept = rows.loc[known, [c for c in rows.columns if c != unit]].reset_index(drop=True)
        for cluster in clusters - {unit}:
            kept[cluster] = _names_in(kept[cluster])
        tables[path] = kept.assign(
            unit=found.index.to_numpy()[known], arm=found[known].to_numpy(dtype=np.intp)
        )
    return replace(log, tables=tables, notes=tuple(notes))


def _join_notes(
    path: str, unit: str, names: pd.Series, known: NDArray[np.bool_], keys: pd.Series
) -> list[str]:
    """Which rows of another table were left out, and why."""
    n_null = int(names.isna().sum())
    strangers = names[~known].dropna()
    notes = []
    if n_null:
        notes.append(f"{path}: {n_null:,} rows name no {unit} and were left out.")
    if len(strangers):
        notes.append(
            f"{path}: {len(strangers):,} rows of a {unit} that is not in the log, or in a variant "
            f"that is not judged (such as '{strangers.iloc[0]}'), were left out."
        )
        padded = set(keys.str.lstrip("0")) & set(strangers.str.lstrip("0"))
        if padded:
            notes.append(
                f"{path}: {len(padded):,} of these differ from a {unit} of the log by leading zeros "
                f"alone (such as '{min(padded)}'); if they are the same, write them one way."
            )
    return notes


def _typed(log: Log) -> Log:
    """Metric columns as numbers; 0/1 columns make means proportions; caps of winsorised means."""
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
        if metric.kind == "mean" and is_binary:
            metric = replace(metric, kind="proportion")  # noqa: PLW2901
        if metric.kind == "proportion" and not metric.unit:
            metric = replace(metric, unit="share of units")  # noqa: PLW2901
        if metric.winsorise is not None and is_binary:
            raise ConfigError(
                f"abtest.metrics.{name}.winsorise: column '{metric.column}' holds yes and no, which "
                "have no tails; remove it"
            )
        if metric.winsorise is not None:
            metric = replace(metric, caps=_caps(metric, frame))  # noqa: PLW2901
        metrics[name] = metric
    return replace(log, metrics=metrics)


def _caps(metric: LogMetric, frame: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Quantiles of all units together, whatever their variant, beyond which values are capped."""
    assert metric.winsorise is not None
    shares = [1 - metric.winsorise, metric.winsorise]
    caps = {}
    for name, column in (("value", metric.column), ("covariate", metric.covariate)):
        if column is None:
            continue
        values = frame[column].to_numpy(dtype=np.float64)
        if name == "value" and metric.missing == "zero":
            values = np.nan_to_num(values, nan=0.0)
        known = values[~np.isnan(values)]
        if len(known):
            low, high = np.quantile(known, shares)
            caps[name] = (float(low), float(high))
            if name == "value" and low == high and known.min() < known.max():
                raise ConfigError(
                    f"abtest.metrics.{metric.name}.winsorise: {metric.winsorise:g} caps every value of "
                    f"'{column}' at {high:g}, for fewer units than that differ from it; use a value "
                    "nearer to 1, such as 0.999"
                )
    return caps


def _names_in(column: pd.Series) -> pd.Series:
    """Names of units, variants or clusters as they are written; a blank one is none."""
    text = column.astype("string")
    return text.mask(text.str.strip() == "")


def _hashes(keys: pd.Series) -> NDArray[np.uint64]:
    """A hash of each name, the same in every file, shape (n_rows,)."""
    hashed: NDArray[np.uint64] = pd.util.hash_array(keys.to_numpy(dtype=object))
    return hashed


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
        raise DataError(f"{key}: column '{column.name}' holds infinite values; fix or drop them")
    return values


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
