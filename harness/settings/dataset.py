"""Datasets: where rows come from, and what their columns mean."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class RoleSettings:
    """What the columns of a table mean, shared by every dataset.

    Attributes:
        timezone: IANA zone whose midnights separate days and windows.
        label_delay: Duration after a row's time at which its label is known (`7d`).
        rule_columns: Columns whose historic label rate is the simple rule to beat.
        segments: Columns whose values are reported, and may be guarded, one by one.
        after_outcome: Columns known only once the outcome is; never used as features.
        feature_times: When a feature's value was computed: feature to time column.
        ignore: Columns left out altogether.
        description: What the rows are, for the protocol document.
        population: Which cases are among them, and which are not.
        positive_meaning: What a positive label means, in words.
        prediction_time: When the prediction is made, in words.
    """

    timezone: str = "UTC"
    label_delay: str | None = None
    rule_columns: list[str] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    after_outcome: list[str] = field(default_factory=list)
    feature_times: dict[str, str] = field(default_factory=dict)
    ignore: list[str] = field(default_factory=list)
    description: str = ""
    population: str = ""
    positive_meaning: str = ""
    prediction_time: str = ""


@dataclass(kw_only=True)
class FileSettings:
    """How a text file is written; null is detected, and said where it is not the usual.

    Attributes:
        encoding: Codec of a file that is not UTF-8, such as cp1252, latin-1 or utf-16.
        delimiter: Character between columns, or tab.
        decimal: Decimal mark of numbers, `.` or `,`.
        thousands: Mark between groups of three digits.
        null_values: Unquoted texts that mean there is no value, instead of NA, NULL, nan and such.
        quote: Character around quoted values; empty where values are never quoted.
        comment: Lines that begin with it are left out.
        skip_rows: Lines before the header.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    null_values: list[str] | None = None
    quote: str | None = None
    comment: str | None = None
    skip_rows: int = 0


@dataclass(kw_only=True)
class FlightsDataset(RoleSettings):
    """The 336,776 flights that left New York City in 2013.

    Attributes:
        hours_before: Prediction time, hours before scheduled departure.
        late_minutes: A flight is late when it arrives more than this many minutes late.
        leaky: Lets columns known only after the flight in as features: the
            demonstration of the leakage audit.
        max_rows: Keeps only the last rows in time; null keeps all.
    """

    kind: str = "flights"
    hours_before: float = 2.0
    late_minutes: int = 15
    leaky: bool = False
    max_rows: int | None = None


@dataclass(kw_only=True)
class TableDataset(RoleSettings, FileSettings):
    """One's own CSV or Parquet table.

    Attributes:
        path: File to read; `.csv`, `.csv.gz`, `.tsv`, `.parquet` or a folder of Parquet.
        stream: Whether features are read a part at a time, for tables larger than memory; path
            is then Parquet, and may be a URL that fsspec knows.
        time: Column with the time of the prediction.
        time_format: How time, label_time and feature_times are written: `dd/mm/yyyy`,
            `yyyymmdd`, `excel`, a strptime pattern; null detects it and says so.
        time_unit: Unit of numbers in a time column since 1970: day, s, ms, us or ns.
        label: Column with the outcome: bool, 0/1, or any two values with `positive`.
        positive: The value of `label` that counts as positive.
        label_time: Column with the time at which the label became known.
        entity: Column that names who or what a row is about.
        numeric: Feature columns read as numbers; null infers them.
        categorical: Feature columns read as categories; null infers them.
        value: Columns with money per row that criteria may use; never features.
    """

    kind: str = "table"
    path: str | None = None
    stream: bool = False
    time: str | None = None
    time_format: str | None = None
    time_unit: str | None = None
    label: str | None = None
    positive: bool | int | float | str | None = None
    label_time: str | None = None
    entity: str | None = None
    numeric: list[str] | None = None
    categorical: list[str] | None = None
    value: list[str] = field(default_factory=list)
