"""Read: the dataset a config names."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import singledispatch

from harness.cache import Store, key_of
from harness.data.content_hash import file_hash
from harness.data.dataset import Dataset
from harness.data.flights import package_files, read_flights
from harness.data.stored import pack_dataset, unpack_dataset
from harness.data.stream import read_streamed
from harness.data.stream.read import parts_identity
from harness.data.table import read_table, table_path
from harness.data.table_file import table_files
from harness.engine import Engine, LocalEngine
from harness.errors import ConfigError, DataError
from harness.settings import FlightsDataset, TableDataset

MAX_SEGMENTS = 500


@singledispatch
def read_dataset(settings: object, store: Store, engine: Engine | None = None) -> Dataset:
    """Read and type the rows a dataset config names.

    Args:
        settings: One of the dataset settings.
        store: Keeps what was read for the next run.
        engine: What reads the parts of a streamed table; None reads them here.

    Raises:
        DataError: If rows or columns cannot be used as declared.
        ConfigError: If the settings cannot be meant.
    """
    raise ConfigError(f"dataset: {type(settings).__name__} is no dataset this harness reads")


@read_dataset.register
def _(settings: FlightsDataset, store: Store, engine: Engine | None = None) -> Dataset:
    dataset = _checked(read_flights(settings, store), settings.rule_columns)
    return replace(dataset, key=dataset_key(settings))


@read_dataset.register
def _(settings: TableDataset, store: Store, engine: Engine | None = None) -> Dataset:
    key = dataset_key(settings)
    if settings.stream:
        streamed = read_streamed(settings, engine or LocalEngine())
        return replace(_checked(streamed, settings.rule_columns), key=key)
    dataset = store.once(
        "dataset", key, lambda: read_table(settings), pack=pack_dataset, unpack=unpack_dataset
    )
    return replace(_checked(dataset, settings.rule_columns), key=key)


@singledispatch
def dataset_key(settings: object) -> str:
    """Fingerprint of a dataset's content and of how it is read.

    Raises:
        DataError: If a file is missing.
        ConfigError: If the settings cannot be meant.
    """
    raise ConfigError(f"dataset: {type(settings).__name__} is no dataset this harness reads")


@dataset_key.register
def _(settings: FlightsDataset) -> str:
    return key_of(settings=asdict(settings), files=file_hash(*package_files().values()))


@dataset_key.register
def _(settings: TableDataset) -> str:
    if settings.stream:
        return key_of(settings=asdict(settings), parts=parts_identity(settings))
    return key_of(settings=asdict(settings), files=file_hash(*table_files(table_path(settings))))


def _checked(dataset: Dataset, rule_columns: list[str]) -> Dataset:
    if not dataset.roles.features:
        raise DataError(
            "dataset: no feature column is left; name some under dataset.numeric or "
            "dataset.categorical, or shorten dataset.ignore"
        )
    n_positive = int(dataset.label.sum())
    if n_positive in (0, len(dataset)):
        only = "positive" if n_positive else "negative"
        raise DataError(
            f"dataset.label: every labelled row is {only}; a classifier needs both classes"
        )
    for key, names in {"segments": dataset.roles.segments, "rule_columns": rule_columns}.items():
        for name in names:
            if name not in dataset.frame.columns:
                known = ", ".join(map(str, dataset.frame.columns[:12]))
                raise ConfigError(f"dataset.{key}: no column '{name}'; there are {known}, ...")
    for name in dataset.roles.segments:
        n_values = int(dataset.frame[name].nunique())
        if n_values > MAX_SEGMENTS:
            raise ConfigError(
                f"dataset.segments: '{name}' has {n_values:,} values, too many to judge one by one "
                f"(at most {MAX_SEGMENTS}); group them first"
            )
    return dataset
