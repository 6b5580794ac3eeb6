"""Drift: false alarms where nothing changed, and finds where something broke.

1. Windows drawn from the process of the reference: rows independent, or moved together by days
   that resemble their neighbours. How often is a feature called drifted, and how often is there
   an alert; the textbook rule beside it.
2. A year of daily windows: how often does it hold any false alarm.
3. Real flights, a model judged on data to June 2013, weeks of July to December: faults made on
   purpose in one column or one feed. Those that cost at least 0.02 ROC-AUC or 10 % of the value
   are counted: how often is there an alert, and is a broken column first in the list.
4. The same weeks: how often columns inside segments, correlations and ranges are called changed
   where nothing was; and how often a change is found that leaves whole columns nearly as they
   were: a unit in one segment, values permuted among rows, values beyond the range.

    python scripts/studies/drift.py [WINDOWS] [OUT]
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness import run_experiment
from harness.data.outcome_values import row_values
from harness.evidence import ScoredRows, blocks_of
from harness.evidence.auc import plain_auc
from harness.monitor import (
    Reference,
    ScoredWindowRows,
    WindowReport,
    column_reference,
    inside_window,
    judge_window,
    profile_frame,
    reference_profile,
    with_inside,
)
from harness.settings import MonitoringSettings

sys.path.insert(0, str(Path(__file__).parent))
from table import write_table

REFERENCE_DAYS, REFERENCE_ROWS = 120, 500
WINDOWS_PER_REFERENCE = 20
EFFECT = MonitoringSettings()
TEXTBOOK = MonitoringSettings(method="textbook")


@dataclass(frozen=True, kw_only=True)
class World:
    """A process without change.

    Attributes:
        n_features: Numeric features; every fifth beside them is categorical.
        rho: Correlation of neighbouring days' effects.
        size: Standard deviation of a day's effect, in standard deviations of a row.
    """

    n_features: int
    rho: float
    size: float


def draw(world: World, n_days: int, rows_a_day: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of consecutive days, with columns day, score and label."""
    day = np.repeat(np.arange(n_days), rows_a_day)
    effects = np.empty((n_days, world.n_features))
    effects[0] = rng.normal(size=world.n_features)
    for i in range(1, n_days):
        noise = rng.normal(size=world.n_features)
        effects[i] = world.rho * effects[i - 1] + np.sqrt(1 - world.rho**2) * noise
    values = rng.normal(size=(len(day), world.n_features)) + world.size * effects[day]
    columns: dict[str, Any] = {f"x{j}": values[:, j] for j in range(world.n_features)}
    for j in range(0, world.n_features, 5):
        names = np.array(list("abcd"))[np.digitize(values[:, j], [0, 0.8, 1.6])]
        columns[f"c{j}"] = pd.Categorical(names, categories=list("abcd"))
    logit = 0.8 * values[:, 0] + 0.5 * values[:, 1] - 1
    columns["score"] = 1 / (1 + np.exp(-logit))
    columns["label"] = rng.random(len(day)) < columns["score"]
    columns["day"] = day
    return pd.DataFrame(columns)


def scored(frame: pd.DataFrame) -> ScoredRows:
    """The scores of drawn rows as evidence takes them."""
    label = frame["label"].to_numpy(dtype=bool)
    score = frame["score"].to_numpy(dtype=np.float64)
    return ScoredRows(
        score=score,
        alert=score >= 0.5,
        label=label,
        value_if_alert=np.where(label, 3.0, -1.0),
        value_if_silent=np.zeros(len(label)),
        blocks=blocks_of("day", _time(frame), None),
    )


def _time(frame: pd.DataFrame) -> pd.DatetimeIndex:
    start = pd.Timestamp("2024-01-01", tz="UTC")
    return pd.DatetimeIndex(start + pd.to_timedelta(frame["day"].to_numpy(), unit="D"))


def reference_of(world: World, rng: np.random.Generator) -> Reference:
    """The profile of the reference days."""
    frame = draw(world, REFERENCE_DAYS, REFERENCE_ROWS, rng)
    features = frame.drop(columns=["score", "label", "day"])
    names = list(features.columns)
    kinds = ([n for n in names if n[0] == "x"], [n for n in names if n[0] == "c"])
    time, importance = _time(frame), dict.fromkeys(names, 1 / len(names))
    columns = column_reference(features, time, kinds)
    plain = reference_profile(columns, scored(frame), time, threshold=0.5, importance=importance)
    return with_inside(plain, features, time, kinds, [])


def judged(
    reference: Reference, frame: pd.DataFrame, days: float, settings: MonitoringSettings
) -> WindowReport:
    """A window of drawn rows, held against the reference."""
    rows = scored(frame)
    names = list(reference.profile.columns)
    return judge_window(
        reference,
        profile_frame(frame, [n for n in names if n[0] == "x"], [n for n in names if n[0] == "c"]),
        ScoredWindowRows(score=rows.score, alert=rows.alert, labelled=rows),
        settings,
        name="window",
        span=None,
        days=days,
        metrics=("roc_auc", "value_per_1000"),
        inside=inside_window(reference, frame),
    )


def quiet_cell(job: tuple[int, World, int, int]) -> dict[str, Any]:
    """False alarms in weeks without change.

    Args:
        job: Seed, process, rows of a week, number of weeks.
    """
    seed, world, n_rows, n_windows = job
    rng = np.random.default_rng(seed)
    n_alerts, n_drifted, n_textbook_alerts, n_textbook = 0, 0, 0, 0
    n_features = 0
    inner = np.zeros(5)
    for done in range(0, n_windows, WINDOWS_PER_REFERENCE):
        reference = reference_of(world, rng)
        for _ in range(min(WINDOWS_PER_REFERENCE, n_windows - done)):
            frame = draw(world, 7, -(-n_rows // 7), rng)
            ours = judged(reference, frame, 7, EFFECT)
            theirs = judged(reference, frame, 7, TEXTBOOK)
            n_features += len(ours.columns)
            inner += _inner(ours)
            n_alerts += ours.is_alert
            n_drifted += len(ours.drifted)
            n_textbook += len(theirs.drifted)
            n_textbook_alerts += theirs.is_alert
    return {
        "rows a week": n_rows,
        "features": world.n_features + -(-world.n_features // 5),
        "days": "independent rows" if not world.size else f"rho {world.rho:g}",
        "windows": n_windows,
        "alerts %": 100 * n_alerts / n_windows,
        "features drifted %": 100 * n_drifted / n_features,
        "features out of range %": 100 * inner[0] / n_features,
        "in segments drifted %": 100 * inner[1] / max(inner[2], 1),
        "pairs changed %": 100 * inner[3] / max(inner[4], 1),
        "textbook alerts %": 100 * n_textbook_alerts / n_windows,
        "textbook drifted %": 100 * n_textbook / n_features,
    }


def _inner(report: WindowReport) -> np.ndarray:
    """Columns out of range, columns drifted in segments and how many, pairs changed and how many."""
    outside = sum(column.has_left_range for column in report.columns)
    segments, pairs = report.drifted_segments, report.changed_pairs
    return np.array(
        [outside, len(segments), len(report.segments), len(pairs), len(report.joint)], dtype=float
    )


def year_cell(job: tuple[int, World, int]) -> int:
    """Years with any alert, of daily windows without change."""
    seed, world, n_years = job
    rng = np.random.default_rng(seed)
    n_alarmed = 0
    for _ in range(n_years):
        reference = reference_of(world, rng)
        frame = draw(world, 365, 300, rng)
        alarmed = (
            judged(reference, day.reset_index(drop=True), 1, EFFECT).is_alert
            for _, day in frame.groupby("day")
        )
        n_alarmed += any(alarmed)
    return n_alarmed


FEEDS = {
    "weather": ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"),
    "delays now": ("origin_dep_delay_2h", "carrier_origin_dep_delay_2h", "origin_late_share_3h"),
}


def faults(
    features: pd.DataFrame, before: pd.DataFrame
) -> Iterator[tuple[str, str, tuple[str, ...], pd.DataFrame]]:
    """Each fault's kind, where it was made, the columns it broke, and the broken rows.

    Args:
        features: A week's rows.
        before: The week before, where stale values come from.
    """
    numeric = [str(n) for n in features.columns if features[n].dtype == np.float64]
    categorical = [str(n) for n in features.columns if n not in numeric]
    groups = {name: (name,) for name in numeric}
    groups |= {f"feed: {n}": c for n, c in FEEDS.items() if set(c) <= set(numeric)}
    rng = np.random.default_rng(0)
    hit = rng.random(len(features)) < 0.6
    for where, columns in groups.items():
        for kind, change in _NUMERIC_FAULTS.items():
            broken = features.copy()
            for name in columns:
                broken[name] = change(features[name], before[name], hit)
            yield kind, where, columns, broken
    for name in categorical:
        broken = features.copy()
        texts = features[name].astype(object)
        broken[name] = pd.Categorical(texts.map(lambda v: v.lower() + "_v2", na_action="ignore"))
        yield "category rename", name, (name,), broken


_NUMERIC_FAULTS: dict[str, Callable[[pd.Series, pd.Series, np.ndarray], pd.Series]] = {
    "unit change": lambda now, _, __: now * 60,
    "null surge": lambda now, _, hit: now.mask(pd.Series(hit, index=now.index)),
    "stale feed": lambda now, then, _: pd.Series(
        float(then.dropna().iloc[-1]) if then.notna().any() else 0.0, index=now.index
    ),
}


def inner_faults(
    reference: Reference, features: pd.DataFrame, rng: np.random.Generator
) -> Iterator[tuple[str, tuple[str, ...], pd.DataFrame]]:
    """Changes that whole columns hardly show: their kind, what has to be named, the changed rows.

    Args:
        reference: Knows segments and important columns.
        features: A week's rows.
        rng: Draws places and orders.
    """
    assert reference.segments is not None
    assert reference.joint is not None
    cells = [c for c in reference.segments.cells if c.profile.sketch is not None]
    for place in rng.choice(len(cells), 6, replace=False):
        cell = cells[place]
        name, segment = cell.profile.name, cell.segment
        hit = features[segment.column].astype(object).astype(str) == segment.value
        if hit.sum() >= 30 and features.loc[hit, name].abs().median() > 0:
            broken = features.assign(**{name: features[name] * np.where(hit, 100.0, 1.0)})
            yield "unit in one segment", (name, str(segment)), broken
    names = list(dict.fromkeys(f.column for f in reference.joint.figures if not f.is_category))
    for name in names:
        broken = features.assign(**{name: rng.permutation(features[name].to_numpy())})
        yield "values permuted", (name,), broken
        low, high = reference.profile.columns[name].sketch.values[[0, -1]]  # type: ignore[union-attr]
        hit = rng.random(len(features)) < 0.08
        beyond = features[name].mask(
            pd.Series(hit, index=features.index), high + 0.1 * (high - low)
        )
        yield "8 % beyond the range", (name,), features.assign(**{name: beyond})


def found_faults() -> tuple[list[dict[str, Any]], str, list[dict[str, Any]], str]:
    """Every costly fault in every week from July on, and every inner one; whether it was found."""
    result = run_experiment(
        ["split.test_end=2013-07-01", "running.report=false", "running.ledger=" + _ledger()]
    )
    dataset, bundle, reference = result.dataset, result.bundle, result.reference
    local = dataset.local_time()
    week = ((local.tz_localize(None) - pd.Timestamp("2013-07-01")) // pd.Timedelta("7D")).to_numpy()
    worth = row_values(result.settings.criteria.outcome_values, dataset.label, dataset.frame)
    rows, notes, inner_rows, inner = [], [], [], np.zeros(5)
    weeks = [np.flatnonzero(week == w) for w in range(25)]
    for number, (earlier, at) in enumerate(itertools.pairwise(weeks), start=1):
        features = dataset.features.iloc[at].reset_index(drop=True)
        before = dataset.features.iloc[earlier].reset_index(drop=True)
        label, time = dataset.label[at], pd.DatetimeIndex(local[at])
        value = worth.take(at)

        def look(
            table: pd.DataFrame,
            truth: np.ndarray,
            time: pd.DatetimeIndex,
            value: Any,
            *,
            within: bool = False,
        ) -> Any:
            score = bundle.score(table)
            scored_rows = ScoredRows(
                score=score,
                alert=score >= bundle.threshold,
                label=truth,
                value_if_alert=np.where(truth, 3.0, -1.0),
                value_if_silent=value.if_silent,
                blocks=blocks_of("day", time, None),
            )
            rows_ = ScoredWindowRows(score=score, alert=scored_rows.alert, labelled=scored_rows)
            profile = profile_frame(table, bundle.schema.numeric, bundle.schema.categorical)
            report = judge_window(
                reference, profile, rows_, EFFECT, name="w", span=None, days=7,
                metrics=("roc_auc", "value_per_1000", "precision"),
                inside=inside_window(reference, table) if within else None,
            )  # fmt: skip
            return report, plain_auc(truth, score), float(scored_rows.value.mean())

        quiet, auc, worth_now = look(features, label, time, value, within=True)
        notes.append(quiet.is_alert)
        inner += _inner(quiet)
        for kind, named, broken in inner_faults(reference, features, np.random.default_rng(number)):
            report, *_ = look(broken, label, time, value, within=True)
            codes = _INNER_CODES[kind]
            sentences = [r.sentence for r in report.reasons if r.code in codes]
            inner_rows.append(
                {
                    "change": kind,
                    "week": number,
                    "alert": report.is_alert,
                    "named": any(all(n in s for n in named) for s in sentences),
                    "alone": not any(c.name == named[0] and c.has_drifted for c in report.columns),
                }
            )

        def record(kind: str, where: str, columns: tuple[str, ...], seen: Any) -> None:
            report, new_auc, new_worth = seen
            loss = auc - new_auc  # noqa: B023 - called before the loop goes on
            lost = (worth_now - new_worth) / max(abs(worth_now), 0.05)  # noqa: B023
            if loss < 0.02 and lost < 0.10:
                return
            first = report.columns[0].name
            named = {b.column for b in report.breaks if b.is_serious}
            rows.append(
                {
                    "fault": kind,
                    "where": where,
                    "week": number,  # noqa: B023
                    "found": report.is_alert,
                    "first": not columns or first in columns or bool(named & set(columns)),
                    "loss": loss,
                }
            )

        for kind, where, columns, broken in faults(features, before):
            record(kind, where, columns, look(broken, label, time, value))
        record("label flip", "label", (), look(features, ~label, time, value))
        rng = np.random.default_rng(number)
        hit = rng.random(len(at)) < 0.3
        new = features.copy()
        new["carrier"] = pd.Categorical(np.where(hit, "ZZ", features["carrier"].astype(object)))
        truth = np.where(hit, rng.random(len(at)) < 0.5, label).astype(bool)
        record("new segment", "carrier", ("carrier",), look(new, truth, time, value))
        late = np.argsort(-bundle.score(features))[: len(at) // 3]
        some = np.sort(rng.choice(late, len(at)))
        record(
            "covariate shift", "rows of the worst third", (),
            look(features.iloc[some].reset_index(drop=True), label[some], pd.DatetimeIndex(time[some]), value.take(some)),
        )  # fmt: skip
    told = f"{sum(notes)} of {len(notes)} weeks without a made fault raised an alert"
    inner_told = (
        f"Of {len(notes)} weeks without a made change: {inner[0]:.0f} columns out of range; "
        f"{inner[1]:.0f} of {inner[2]:,.0f} columns in segments drifted; {inner[3]:.0f} of "
        f"{inner[4]:,.0f} correlations changed."
    )
    return rows, told, inner_rows, inner_told


_INNER_CODES = {
    "unit in one segment": ("BREAK", "SEGMENT"),
    "values permuted": ("JOINT",),
    "8 % beyond the range": ("BREAK",),
}


def _ledger() -> str:
    import tempfile

    return str(Path(tempfile.mkdtemp()) / "ledger.sqlite")


def quiet_jobs(n_windows: int) -> list[tuple[int, World, int, int]]:
    """All cells of the first table."""
    processes = [(0.0, 0.0), (0.0, 0.3), (0.5, 0.3)]
    jobs, seed = [], 0
    for n_features, sizes in ((13, (200, 2_000, 20_000, 1_000_000)), (250, (200, 2_000, 20_000))):
        for rho, size in processes:
            for n_rows in sizes:
                world = World(n_features=n_features, rho=rho, size=size)
                # Cells of many cells take long; the figure printed says how many windows they had.
                is_large = n_rows * n_features > 2_000_000
                fewer = (
                    max(20, n_windows // (25 if n_rows == 1_000_000 else 5))
                    if is_large
                    else n_windows
                )
                jobs.append((seed, world, n_rows, fewer))
                seed += 1
    return jobs


def study(n_windows: int) -> str:
    """The study as Markdown, with `n_windows` windows a cell."""
    years = max(60, n_windows // 5)
    worlds = [World(n_features=13, rho=0.0, size=0.0), World(n_features=13, rho=0.5, size=0.3)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        quiet = pool.map(quiet_cell, quiet_jobs(n_windows), chunksize=1)
        parts = [
            (100 + i, world, -(-years // 4)) for i, world in enumerate(worlds) for _ in range(4)
        ]
        parts = [(seed * 10 + k, world, n) for k, (seed, world, n) in enumerate(parts)]
        alarmed = pool.map(year_cell, parts, chunksize=1)
    found, told, inner, inner_told = found_faults()
    n_years = 4 * -(-years // 4)
    lines = [
        "# Drift: false alarms and finds",
        "",
        f"Made by `scripts/studies/drift.py {n_windows}`. Reference: {REFERENCE_DAYS} days of "
        f"{REFERENCE_ROWS} rows; windows of a week. Limits: 1 % alerts, 2 % features drifted.",
        "",
        "## Nothing changed",
        "",
        _markdown(pd.DataFrame(quiet)),
        "",
        "A day's effect moves each feature by 0.3 of its standard deviation where days are not "
        "independent rows; `rho` is the correlation of neighbouring days.",
        "",
        "## A year of daily windows",
        "",
        "| days | years | years with a false alarm |",
        "|---|---:|---:|",
        f"| independent rows | {n_years} | {sum(alarmed[:4])} |",
        f"| rho 0.5 | {n_years} | {sum(alarmed[4:])} |",
        "",
        "At most 5 % of years are planned for (`monitoring.false_alarm_share`).",
        "",
        "## Real flights with faults made on purpose",
        "",
        "Weeks of 2013-07-08 to 2013-12-22; only faults that cost 0.02 ROC-AUC or 10 % of the value; "
        "whole columns and outcomes only, without a look inside segments or at pairs.",
        "",
        _markdown(_by_fault(found)),
        "",
        f"{told}.",
        "",
        "## Inside the columns of the same weeks",
        "",
        inner_told,
        "",
        _markdown(_by_change(inner)),
        "",
        "Changes of any cost. Named: an alert's sentence names the column, and the segment.",
        "",
    ]
    return "\n".join(lines)


def _by_fault(found: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(found)
    rows = [
        {
            "fault": kind,
            "faults x weeks": len(part),
            "found %": 100 * part["found"].mean(),
            "broken column first %": 100 * part["first"].mean(),
            "median loss of ROC-AUC": part["loss"].median(),
        }
        for kind, part in frame.groupby("fault", sort=False)
    ]
    return pd.DataFrame(rows)


def _by_change(found: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            "change": kind,
            "changes x weeks": len(part),
            "whole column not drifted %": 100 * part["alone"].mean(),
            "alert %": 100 * part["alert"].mean(),
            "named %": 100 * part["named"].mean(),
        }
        for kind, part in pd.DataFrame(found).groupby("change", sort=False)
    ]
    return pd.DataFrame(rows)


def _markdown(frame: pd.DataFrame) -> str:
    def cell(value: object) -> str:
        return (
            f"{value:.3g}"
            if isinstance(value, float)
            else f"{value:,}"
            if isinstance(value, int)
            else str(value)
        )

    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|" + "---|" * len(frame.columns)]
    lines += [
        "| " + " | ".join(cell(v) for v in row) + " |" for row in frame.itertuples(index=False)
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    write_table(study, 500)
