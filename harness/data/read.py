"""Read: the dataset a config names."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path

from harness.data.dataset import Dataset
from harness.data.flights import read_flights
from harness.data.table import read_table
from harness.errors import ConfigError, DataError
from harness.settings import FlightsDataset, TableDataset

MAX_SEGMENTS = 500


@singledispatch
def read_dataset(settings: object, cache: Path) -> Dataset:
    """Read and type the rows a dataset config names.

    Args:
        settings: One of the dataset settings.
        cache: Folder for converted tables.

    Raises:
        DataError: If rows or columns cannot be used as declared.
        ConfigError: If the settings cannot be meant.
    """
    raise ConfigError(f"dataset: {type(settings).__name__} is no dataset this harness reads")


@read_dataset.register
def _(settings: FlightsDataset, cache: Path) -> Dataset:
    return _checked(read_flights(settings, cache), settings.rule_columns)


@read_dataset.register
def _(settings: TableDataset, cache: Path) -> Dataset:
    return _checked(read_table(settings), settings.rule_columns)


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
