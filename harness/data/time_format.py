"""Time format: how a column's times are written, as users name it and as bundles store it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

import pandas as pd

from harness.errors import ConfigError

UNITS = ("day", "s", "ms", "us", "ns")
EXAMPLES = (
    "iso, dd/mm/yyyy, mm/dd/yyyy, dd.mm.yyyy hh:mm, dd mmm yyyy, yyyymmdd, epoch_s, excel, "
    "or a strptime pattern such as %d/%m/%Y %H:%M"
)
_DIRECTIVES = frozenset("aAbBdfGHIjmMpSuUVwWyYzZ%")
_YEARS = frozenset("yYG")
_TOKENS = {
    "yyyy": "%Y",
    "yy": "%y",
    "mmmm": "%b",
    "mmm": "%b",
    "mm": "%m",
    "m": "%m",
    "dd": "%d",
    "d": "%d",
}
_TOKEN = re.compile("yyyy|yy|mmmm|mmm|mm|m|dd|d")
_CLOCK = re.compile(r"h{1,2}(:mm(:ss([.,]f+)?)?)?( ?(am|pm|am/pm|a|tt))?( ?z+)?")
# Digits that follow a date without a separator, as in yyyymmddhhmmss.
_PACKED_CLOCK = {"": "", "hh": "%H", "hhmm": "%H%M", "hhmmss": "%H%M%S"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeColumn:
    """The column being read, for messages and notes.

    Attributes:
        key: Config key that named it.
        name: Its name.
        notes: What was detected.
    """

    key: str
    name: str
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.key}: column '{self.name}'"

    def setting(self, name: str) -> str:
        """The setting beside the key: `dataset.time_format`, `abtest.timezone`."""
        return f"{'abtest' if self.key.startswith('abtest.') else 'dataset'}.{name}"

    def note(self, text: str) -> None:
        """Say what was detected."""
        self.notes.append(f"{self.name}: {text}")


class TimeStyle(StrEnum):
    """In which of six ways times are written."""

    ISO = "iso"  # year first: 2024-01-03, 2024-01-03T10:00:00Z, 2024/01/03 10:00
    DATE = "date"  # `pattern` of the date; time of day and zone may follow in any common form
    STRPTIME = "strptime"  # `pattern` of the whole text
    DIGITS = "digits"  # `pattern` of digits alone, as text or as integers: 20240103
    EPOCH = "epoch"  # a count of `unit` since 1970
    EXCEL = "excel"  # days since 1899-12-30, as spreadsheets store them


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """How a column's times are written.

    Attributes:
        style: Which of the ways it is.
        pattern: strptime pattern; None for iso, epoch and excel.
        unit: day, s, ms, us or ns; None but for epoch.

    Example:
        >>> parse_time_format("dataset.time_format", "dd/mm/yyyy")
        TimeFormat(style=<TimeStyle.DATE: 'date'>, pattern='%d/%m/%Y', unit=None)
        >>> TimeFormat(style=TimeStyle.EPOCH, unit="ms").name
        'epoch_ms'
    """

    style: TimeStyle
    pattern: str | None = None
    unit: str | None = None

    @property
    def name(self) -> str:
        """What to write as `dataset.time_format` to get this format."""
        if self.style is TimeStyle.EPOCH:
            return f"epoch_{self.unit}"
        if self.pattern is None:
            return str(self.style)
        if self.style is TimeStyle.STRPTIME:
            return self.pattern
        words = {"%Y": "yyyy", "%y": "yy", "%b": "mmm", "%m": "mm", "%d": "dd"}
        words |= {"%H": "hh", "%M": "mm", "%S": "ss"}
        return re.sub("%[YybmdHMS]", lambda directive: words[directive[0]], self.pattern)

    def to_json(self) -> dict[str, str | None]:
        """As a bundle stores it."""
        return {**asdict(self), "style": str(self.style)}

    @classmethod
    def from_json(cls, stored: Mapping[str, str | None]) -> TimeFormat:
        """What `to_json` gave.

        Raises:
            ValueError: If the style is unknown.
        """
        style = TimeStyle(str(stored["style"]))
        return cls(style=style, pattern=stored.get("pattern"), unit=stored.get("unit"))


def parse_time_format(key: str, text: str) -> TimeFormat:
    """The format a user wrote: a name such as dd/mm/yyyy, or a strptime pattern.

    Args:
        key: Config key it was written under, for errors.
        text: What was written.

    Raises:
        ConfigError: If it is no format.
    """
    if "%" in text:
        return _strptime(key, text)
    name = " ".join(text.strip().lower().split())
    kind, _, unit = name.partition("_")
    if name in ("iso", "iso8601", "iso 8601"):
        return TimeFormat(style=TimeStyle.ISO)
    if name == "excel":
        return TimeFormat(style=TimeStyle.EXCEL)
    if kind == "epoch" and unit in UNITS:
        return TimeFormat(style=TimeStyle.EPOCH, unit=unit)
    parsed = _digits(name) or _date(name)
    if parsed is None:
        raise ConfigError(f"{key}: '{text}' is no format of times; write {EXAMPLES}")
    return parsed


def _strptime(key: str, pattern: str) -> TimeFormat:
    directives = re.findall("%(.?)", pattern)
    unknown = [d for d in directives if d not in _DIRECTIVES]
    if unknown:
        raise ConfigError(
            f"{key}: '%{unknown[0]}' in '{pattern}' is no directive of strptime; "
            "write a pattern such as %d/%m/%Y %H:%M"
        )
    if not _YEARS.intersection(directives):
        raise ConfigError(
            f"{key}: '{pattern}' has no year (%Y or %y); write a pattern such as %d/%m/%Y %H:%M"
        )
    try:
        pd.to_datetime(pd.Index([""], dtype=object), format=pattern, errors="coerce", utc=True)
    except ValueError as error:
        raise ConfigError(
            f"{key}: strptime does not take '{pattern}' ({error}); "
            "write a pattern such as %d/%m/%Y %H:%M"
        ) from error
    return TimeFormat(style=TimeStyle.STRPTIME, pattern=pattern)


def _digits(name: str) -> TimeFormat | None:
    """Formats without separators: yyyymmdd, ddmmyyyy, yyyymmddhhmmss, yyyymm, yyyy."""
    date, hours, rest = name.partition("h")
    tokens = _TOKEN.findall(date)
    if "".join(tokens) != date or len(set(tokens) - {"mmm", "mmmm", "m", "d"}) != len(tokens):
        return None
    clock = _PACKED_CLOCK.get(hours + rest)
    if clock is None or not _is_date(tokens) or (clock and len(tokens) != 3):
        return None
    pattern = "".join(_TOKENS[token] for token in tokens)
    return TimeFormat(style=TimeStyle.DIGITS, pattern=pattern + clock)


def _date(name: str) -> TimeFormat | None:
    """Formats of a date with separators; a time of day may be written behind it."""
    date, hours, rest = name.partition("h")
    date = date.strip(" t,")
    tokens = _TOKEN.findall(date)
    between = [gap for gap in _TOKEN.split(date) if gap]
    if hours and not _CLOCK.fullmatch(hours + rest):
        return None
    if not _is_date(tokens) or len(between) != len(tokens) - 1:
        return None
    directives = [_TOKENS[token] for token in tokens]
    if directives[0] == "%Y" and "%b" not in directives and directives[1] == "%m":
        return TimeFormat(style=TimeStyle.ISO)
    if "%b" in directives:  # separators around the name of a month are free
        return TimeFormat(style=TimeStyle.DATE, pattern=" ".join(directives))
    gap = between[0].strip() or " "
    if len(gap) != 1 or gap not in "-/. " or {g.strip() or " " for g in between} != {gap}:
        return None
    return TimeFormat(style=TimeStyle.DATE, pattern=gap.join(directives))


def _is_date(tokens: list[str]) -> bool:
    """A year, with a month, with a day; each once."""
    kinds = sorted(token[0] for token in tokens)
    return kinds in (["y"], ["m", "y"], ["d", "m", "y"])
