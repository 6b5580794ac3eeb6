"""Tables for the leak study: honest ones, real and made, and ways to plant a leak in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pandas as pd
import sklearn.datasets
import statsmodels.api as sm

from harness.cache import open_store
from harness.data import Dataset, Split, read_dataset, split_windows
from harness.data.dataset import as_features
from harness.data.flights import package_files
from harness.data.roles import MAX_CATEGORIES, MAX_DISTINCT_SHARE, Roles
from harness.settings import FlightsDataset, TemporalSplit


@dataclass(frozen=True)
class Table:
    """A table as a user would hand it over.

    Attributes:
        name: Where it comes from.
        frame: Features, with the label `y`, the time `when` and perhaps the entity `who`.
        feature_times: When a feature was computed, by name.
        after_outcome: Features declared as known only after the outcome.
        identifiers: Features that are identifiers, of which the audit is right to warn.
        is_decided: Whether a column says the label by definition, so that L02 and L04 are right.
    """

    name: str
    frame: pd.DataFrame
    feature_times: dict[str, pd.Series] = field(default_factory=dict)
    after_outcome: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    is_decided: bool = False


def opened(table: Table) -> tuple[Dataset, Split]:
    """A table read and split by time: 60 % train, 20 % validation, 20 % test."""
    frame = table.frame.sort_values("when", kind="stable")
    order = frame.index
    frame = frame.reset_index(drop=True)
    features = [c for c in frame.columns if c not in ("y", "when", "who")]
    numeric, categorical = _by_type(frame, features)
    when = frame["when"].to_numpy().astype("datetime64[us]")
    times = {
        name: times.loc[order].to_numpy().astype("datetime64[us]")
        for name, times in table.feature_times.items()
    }
    dataset = Dataset(
        name=table.name,
        frame=as_features(frame, numeric, categorical),
        time=when,
        label=frame["y"].to_numpy(dtype=bool),
        label_known=when,
        entity=frame["who"].astype(str).to_numpy(dtype=object) if "who" in frame else None,
        roles=Roles(
            time="when",
            label="y",
            numeric=tuple(numeric),
            categorical=tuple(categorical),
            after_outcome=table.after_outcome,
        ),
        timezone="UTC",
        n_unlabelled=0,
        notes=(),
        source=table.name,
        feature_times=times,
    )
    cuts = pd.Series(when).quantile([0.6, 0.8]).dt.ceil("D")
    settings = TemporalSplit(
        validation_start=f"{cuts.iloc[0]:%Y-%m-%d}", test_start=f"{cuts.iloc[1]:%Y-%m-%d}"
    )
    return dataset, split_windows(settings, dataset)[-1]


def _by_type(frame: pd.DataFrame, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Columns that are numbers, and texts that repeat; others are left out, as in a run."""
    numeric: list[str] = []
    categorical: list[str] = []
    for name in names:
        column = frame[name]
        n_distinct = column.nunique()
        if n_distinct == 0 or (n_distinct == 1 and column.notna().all()):
            continue
        if pd.api.types.is_numeric_dtype(column.dtype):  # true and false among them
            numeric.append(name)
        elif n_distinct <= min(MAX_CATEGORIES, max(50, MAX_DISTINCT_SHARE * len(column))):
            categorical.append(name)
    return numeric, categorical


# --- honest tables ---------------------------------------------------------------------------


def honest_tables() -> Iterator[Table]:
    """Real tables, then made ones; strong honest columns are among both."""
    yield from _flights()
    yield from _weather()
    yield from _planes()
    yield from _sklearn()
    yield from _statsmodels()
    yield from (made(seed) for seed in range(30))


def flights(n_rows: int = 60_000) -> Table:
    """Late arrivals, with what is known two hours before departure."""
    return _of_flights(n_rows)[0]


def _of_flights(n_rows: int) -> tuple[Table, pd.DataFrame]:
    dataset = read_dataset(FlightsDataset(timezone="America/New_York"), open_store(None, 10))
    rows = np.linspace(0, len(dataset) - 1, n_rows).astype(np.intp)
    frame = dataset.features.iloc[rows].reset_index(drop=True)
    frame = frame.assign(when=dataset.time[rows], y=dataset.label[rows])
    late = dataset.frame[list(dataset.roles.after_outcome)].iloc[rows].reset_index(drop=True)
    return Table("flights", frame), late


def _flights() -> Iterator[Table]:
    table, later = _of_flights(150_000)
    frame = table.frame
    yield replace(table, frame=frame.iloc[::3].reset_index(drop=True))
    for carrier in ("UA", "B6", "EV", "DL"):
        part = frame[frame["carrier"] == carrier].drop(columns="carrier").reset_index(drop=True)
        yield Table(f"flights of {carrier}", part)
    yield Table("flights, departure delayed", frame.assign(y=(later["dep_delay"] > 30)).iloc[::4])
    yield Table("flights, cancelled", frame.assign(y=later["dep_time"].isna()).iloc[1::3])
    left = later["dep_delay"].notna()
    at_departure = frame.assign(dep_delay=later["dep_delay"])[left].reset_index(drop=True)
    yield Table("flights, asked at departure", at_departure.iloc[::4])


def weather() -> Table:
    """Rain within the hour, from what else is measured."""
    frame = _hours()
    return Table("weather, rain", frame.assign(y=frame["precip"] > 0).drop(columns="precip"))


def _hours() -> pd.DataFrame:
    frame = pd.read_csv(package_files()["weather"])
    frame["when"] = pd.to_datetime(frame.pop("time_hour"), utc=True).dt.tz_localize(None)
    return frame.drop(columns=["year", "day"])


def _weather() -> Iterator[Table]:
    yield weather()
    frame = _hours()
    for column, line in (("temp", 55.0), ("humid", 75.0), ("wind_speed", 12.0), ("visib", 9.5)):
        known = frame[frame[column].notna()].reset_index(drop=True)
        label = known[column] > line if column != "visib" else known[column] < line
        yield Table(f"weather, {column}", known.assign(y=label).drop(columns=column))
    one = frame[frame["origin"] == "JFK"].reset_index(drop=True)
    rises = one["temp"].shift(-6) > one["temp"] + 4
    yield Table("weather, warmer in six hours", one.assign(y=rises).iloc[:-6])


def _planes() -> Iterator[Table]:
    frame = pd.read_csv(package_files()["planes"]).dropna(subset=["year"])
    frame = frame.drop(columns=["tailnum", "speed"]).reset_index(drop=True)
    when = _pretended(len(frame))
    yield Table("planes, many seats", frame.assign(y=frame.pop("seats") > 150, when=when))
    wing = frame["engine"] == "Turbo-fan"
    yield Table("planes, engine", frame.assign(y=wing, when=when).drop(columns="engine"))


def _sklearn() -> Iterator[Table]:
    cancer = sklearn.datasets.load_breast_cancer(as_frame=True).frame
    yield _shuffled("tumours", cancer.rename(columns={"target": "y"}))
    digits = sklearn.datasets.load_digits(as_frame=True).frame
    target = digits.pop("target")
    yield _shuffled("digits, even", digits.assign(y=target % 2 == 0))
    yield _shuffled("digits, zero", digits.assign(y=target == 0))
    yield _shuffled("digits, eight", digits.assign(y=target == 8))
    wine = sklearn.datasets.load_wine(as_frame=True).frame
    yield _shuffled("wine", wine.assign(y=wine.pop("target") == 0))
    iris = sklearn.datasets.load_iris(as_frame=True).frame
    yield _shuffled("iris", iris.assign(y=iris.pop("target") == 1))
    sugar = sklearn.datasets.load_diabetes(as_frame=True, scaled=False).frame
    yield _shuffled("diabetes", sugar.assign(y=sugar.pop("target") > 150))


def visits() -> Table:
    """Whether somebody sees a doctor at all (RAND health insurance experiment)."""
    frame = sm.datasets.randhie.load_pandas().data
    return _shuffled("doctor visits", frame.assign(y=frame.pop("mdvis") > 0))


def affairs() -> Table:
    """Whether somebody had an affair (Fair 1978)."""
    frame = sm.datasets.fair.load_pandas().data
    return _shuffled("affairs", frame.assign(y=frame.pop("affairs") > 0))


def _statsmodels() -> Iterator[Table]:
    yield visits()
    yield affairs()
    frame = sm.datasets.randhie.load_pandas().data
    yield _shuffled("many doctor visits", frame.assign(y=frame.pop("mdvis") > 5))
    votes = sm.datasets.anes96.load_pandas().data
    yield _shuffled("votes", votes.assign(y=votes.pop("vote") == 1))
    modes = sm.datasets.modechoice.load_pandas().data
    chosen = modes.assign(y=modes.pop("choice") == 1).drop(columns="individual")
    yield _shuffled("travel modes", chosen)


def _shuffled(name: str, frame: pd.DataFrame) -> Table:
    """A table without a time, in random order over pretended days."""
    frame = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    return Table(name, frame.assign(when=_pretended(len(frame))))


def _pretended(n_rows: int) -> pd.DatetimeIndex:
    return pd.date_range("2020-01-01", periods=n_rows, freq="2h")


def made(seed: int) -> Table:
    """A made table: a few honest columns of strengths up to what labs reach, and odd ones."""
    rng = np.random.default_rng(1000 + seed)
    n = int(rng.choice([3_000, 8_000, 20_000]))
    base = float(rng.choice([0.02, 0.1, 0.3, 0.5]))
    season = np.sin(np.arange(n) / n * 2 * np.pi * 6)
    drift = rng.choice([0.0, 0.5]) * np.linspace(-1, 1, n)
    logit = np.log(base / (1 - base)) + 0.5 * season + drift
    frame = pd.DataFrame({"when": pd.date_range("2021-01-01", periods=n, freq="h")})
    signal = np.zeros(n)
    for i in range(int(rng.integers(3, 12))):
        strength = float(rng.choice([0.0, 0.2, 0.5, 1.0, 2.0], p=[0.3, 0.3, 0.2, 0.15, 0.05]))
        x = rng.normal(size=n)
        signal += strength * x
        kind = rng.integers(5)
        if kind == 0:  # a count of many zeros
            x = np.floor(np.exp(x)) * (x > 0.3)
        elif kind == 1:  # a category of uneven sizes
            x = pd.cut(x + 0.3 * rng.normal(size=n), np.linspace(-3, 3, 12)).codes.astype(str)
        elif kind == 2:  # more often unknown where it is low
            x = np.where(rng.random(n) < 0.4 * (x < 0), np.nan, x)
        frame[f"x{i}"] = x
    frame["season"] = season + 0.1 * rng.normal(size=n)
    frame["number"] = np.arange(n) * 7 + rng.integers(0, 5, n)
    label = rng.random(n) < 1 / (1 + np.exp(-(logit + signal)))
    if seed % 5 == 0:  # a measurement as good as the best laboratory's
        frame["measured"] = label + rng.normal(scale=float(rng.uniform(0.25, 0.6)), size=n)
    if seed % 3 == 0:
        frame["who"] = rng.integers(0, n // 6, n)
        frame["seen_before"] = frame.groupby("who").cumcount()
    history = pd.Series(label).shift(1).rolling(200, min_periods=1).mean()
    frame["recent_share"] = history.fillna(0.0).to_numpy()
    return Table(f"made {seed}", frame.assign(y=label), identifiers=("number",))


# --- leaks -----------------------------------------------------------------------------------

Plant = Callable[[Table, float, np.random.Generator], Table]


@dataclass(frozen=True)
class Leak:
    """A way to leak.

    Attributes:
        kind: In words.
        plant: Plants it into a table, as the column `leak` or in the rows.
        strengths: Strong, medium, weak; what they mean differs by kind.
        can_be_told: Whether no strong honest column looks like it.
        check: Code that should name it.
    """

    kind: str
    plant: Plant
    strengths: tuple[float, ...]
    can_be_told: bool
    check: str


def _with(table: Table, values: object, **times: pd.Series) -> Table:
    return replace(
        table, frame=table.frame.assign(leak=values), feature_times={**table.feature_times, **times}
    )


def _label(table: Table) -> np.ndarray:
    return table.frame["y"].to_numpy(dtype=bool)


def calls(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """Collection calls: some for most positives, none for anybody else."""
    y = _label(table)
    called = y & (rng.random(len(y)) < strength)
    return _with(table, np.where(called, rng.integers(1, 9, len(y)), 0))


def code(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """A status code set because of the label, for `strength` of the positives."""
    y = _label(table)
    is_set = y & (rng.random(len(y)) < strength)
    return _with(table, np.where(is_set, rng.choice(["closed", "lost"], len(y)), "open"))


def activity(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """Activity after churn: none for `strength` of those who left, some for all others."""
    y = _label(table)
    gone = y & (rng.random(len(y)) < strength)
    return _with(table, np.where(gone, 0, rng.poisson(5.0, len(y)) + 1))


def target_mean(table: Table, size: float, rng: np.random.Generator) -> Table:
    """The label's mean by group, its own rows and later ones included."""
    y = _label(table)
    group = rng.integers(0, max(int(len(y) / size), 2), len(y))
    return _with(table, pd.Series(y.astype(float)).groupby(group).transform("mean").to_numpy())


def row_order(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """Rows numbered day by day, positives last within each day."""
    y = _label(table)
    day = table.frame["when"].dt.floor("D").to_numpy()
    own = np.where(rng.random(len(y)) < strength, y, rng.random(len(y)) < 0.5)
    order = np.lexsort((rng.random(len(y)), own, day))
    number = np.empty(len(y), dtype=np.int64)
    number[order] = np.arange(len(y))
    return _with(table, number)


def duplicates(table: Table, share: float, rng: np.random.Generator) -> Table:
    """Early rows that come again, with their label, late."""
    frame = table.frame.sort_values("when").reset_index(drop=True)
    n = len(frame)
    late = np.arange(int(0.8 * n) + 1, n)
    chosen = rng.choice(late, int(share * len(late)), replace=False)
    source = rng.choice(int(0.55 * n), len(chosen))
    columns = [c for c in frame.columns if c != "when"]
    frame.loc[chosen, columns] = frame.loc[source, columns].to_numpy()
    types = {c: table.frame[c].dtype for c in columns if table.frame[c].dtype != object}
    return replace(table, frame=frame.astype(types))


def future_mean(table: Table, window: float, rng: np.random.Generator) -> Table:
    """A rolling label mean whose window lies around the row, not before it."""
    frame = table.frame.sort_values("when", kind="stable").reset_index(drop=True)
    ahead = frame["y"].astype(float)[::-1].rolling(int(window), min_periods=1).mean()[::-1]
    return _with(replace(table, frame=frame), ahead.shift(-1).fillna(0.0).to_numpy())


def centred_mean(table: Table, window: float, rng: np.random.Generator) -> Table:
    """A rolling label mean with the row in the middle."""
    frame = table.frame.sort_values("when", kind="stable").reset_index(drop=True)
    around = frame["y"].astype(float).rolling(int(window), min_periods=1, center=True).mean()
    return _with(replace(table, frame=frame), around.to_numpy())


def nulls(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """A value that exists for positives only; `strength` is the share that obeys."""
    y = _label(table)
    there = np.where(rng.random(len(y)) < strength, y, ~y)
    return _with(table, np.where(there, rng.normal(size=len(y)), np.nan))


def label_by_difference(table: Table, noise: float, rng: np.random.Generator) -> Table:
    """A balance before and one after, whose difference is the label."""
    y = _label(table)
    before = rng.lognormal(3, 1, len(y)) * 10
    after = before + y + noise * rng.normal(size=len(y))
    return replace(table, frame=table.frame.assign(leak=after, balance=before))


def scaled(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """Numbers scaled with the mean and spread of all rows."""
    values = rng.normal(size=len(table.frame)) + strength * np.linspace(0, 1, len(table.frame))
    return _with(table, (values - values.mean()) / values.std())


def closing_time(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """Days until the case was closed: shorter for positives."""
    y = _label(table)
    days = rng.lognormal(3 - strength * y, 0.5)
    closed = table.frame["when"] + pd.to_timedelta(days, unit="D")
    return _with(table, days, leak=closed)


def noisy_copy(table: Table, noise: float, rng: np.random.Generator) -> Table:
    """The label, rounded and with noise: a score that somebody computed afterwards."""
    y = _label(table)
    later = table.frame["when"] + pd.Timedelta("30D")
    return _with(table, np.round(y + noise * rng.normal(size=len(y)), 2), leak=later)


def related_label(table: Table, agreement: float, rng: np.random.Generator) -> Table:
    """The label of somebody in the same house, known at the same time as the own one."""
    y = _label(table)
    same = rng.random(len(y)) < agreement
    later = table.frame["when"] + pd.Timedelta("30D")
    return _with(table, (y == same).astype(float), leak=later)


def amount_after(table: Table, strength: float, rng: np.random.Generator) -> Table:
    """An amount written when the case ended, larger for positives."""
    y = _label(table)
    later = table.frame["when"] + pd.Timedelta("10D")
    return _with(table, rng.lognormal(strength * y, 0.6), leak=later)


LEAKS = (
    Leak("calls that only positives get", calls, (1.0, 0.9, 0.8), True, "L04"),
    Leak("a code set with the label", code, (1.0, 0.9, 0.8), True, "L04"),
    Leak("activity after churn", activity, (1.0, 0.9, 0.8), True, "L04"),
    Leak("target mean over all rows, group size", target_mean, (3, 10, 40), True, "L04"),
    Leak("row order within the day", row_order, (1.0, 0.99, 0.97), True, "L05"),
    Leak("duplicates across the split, share", duplicates, (0.3, 0.15, 0.08), True, "L07"),
    Leak("future rolling mean, window", future_mean, (3, 10, 50), True, "L08"),
    Leak("centred rolling mean, window", centred_mean, (5, 21, 61), True, "L08"),
    Leak("exists for one class only", nulls, (1.0, 0.998, 0.993), True, "L03"),
    Leak("label by a difference, noise", label_by_difference, (0.0, 0.05, 0.15), True, "L04"),
    Leak("scaled with the test window", scaled, (2.0, 1.0, 0.5), False, "L13"),
    Leak("time until closing", closing_time, (4.0, 2.0, 1.5), False, "L02"),
    Leak("noisy copy of the label, noise", noisy_copy, (0.25, 0.35, 0.5), False, "L02"),
    Leak("label of a related entity", related_label, (0.99, 0.97, 0.93), False, "L02"),
    Leak("amount written afterwards", amount_after, (3.0, 2.0, 1.5), False, "L02"),
)


@cache
def base_tables() -> list[Table]:
    """What leaks are planted into: four real tables and two made ones."""
    return [flights(), weather(), visits(), affairs(), made(1), made(4)]
