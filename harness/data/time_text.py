"""Time text: texts to times as they are written, each with the zone written behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.data.time_format import TimeFormat, TimeStyle

Times = NDArray[np.datetime64]
# Words that stand for "no time", in lower case; MySQL writes 0000-00-00.
NULL_WORDS = (
    *("", "-", "--", "?", ".", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "(null)"),
    *("none", "nil", "\\n", "missing", "0000-00-00", "0000-00-00 00:00:00"),
)
# Days that databases write for "not yet", half open; the first is the end of pandas' nanoseconds.
# A day more on either side, because a zone may have moved them.
NOT_YET = tuple(
    (np.datetime64(begin, "us"), np.datetime64(end, "us"))
    for begin, end in (
        ("2262-04-10", "2262-04-13"),
        ("2999-12-30", "3000-01-02"),
        ("9998-12-31", "10000-01-02"),
    )
)
_MONTHS = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    "Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
)
_MONTH = re.compile(rf"({_MONTHS})\.?", re.IGNORECASE)
_WEEKDAYS = r"(?:Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun)(?:day|nesday|urday)?"
_PART = rf"(?:[0-9]{{1,4}}|(?:{_MONTHS})\.?)"
_ZONE = (
    # An offset, or what Java, JavaScript and Go write behind one.
    r"(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?(?:\s*\[[A-Za-z_/+-]+\]|\s*\([A-Za-z ]+\)|\s+[A-Z]{3,5})?"
    r"|Z|UTC|GMT|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+"
)
_TEXT = (
    rf"(?i)^(?:{_WEEKDAYS}\.?,?\s+)?(?P<date>{_PART}(?:,?\s?[-/.]?\s?{_PART}){{1,2}})"
    r"(?:(?:T|,?\s+|:)(?P<clock>[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)?)"
    rf"(?:\s*(?P<half>[ap]\.?m\b\.?))?(?:\s*(?P<zone>{_ZONE}))?)?$"
)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)?\b.*", re.IGNORECASE)
# What pandas' reader of ISO 8601 may see: by itself it takes "now", "1500" and "-2024" as well.
_ISO = r"^[0-9]{4}(?:[-/. ][0-9]|[0-9]{4}(?:T|$))"
_ISO_ZONE = r"[T:][0-9:.]*\s?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"
_NUMBER = r"^[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?$"
_MIDNIGHT = np.datetime64("1900-01-01", "us")  # the day strptime gives to a time of day


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Times as they are written, before zones are applied.

    Attributes:
        wall: Clock and calendar, datetime64[us], shape (n_rows,); NaT where the text is null or
            is not written in the format.
        zone: Position in `zones` of each row's zone, shape (n_rows,).
        zones: Minutes ahead of UTC, or a zone by name; None stands for none written.
    """

    wall: Times
    zone: NDArray[np.intp]
    zones: tuple[int | ZoneInfo | None, ...]

    @classmethod
    def of_one_zone(cls, wall: Times, zone: int | None) -> Written:
        """Times that all have the same zone, or none."""
        return cls(wall, np.zeros(len(wall), dtype=np.intp), (zone,))


def as_text(column: pd.Series) -> tuple[pa.Array, int]:
    """A column's texts, trimmed, null words as null; and the number of null words."""
    try:
        text = pa.array(column, type=pa.large_string(), from_pandas=True)
    except (TypeError, ValueError, pa.ArrowNotImplementedError):  # dates, mixtures, periods
        known = column.notna().to_numpy()
        values = zip(column.astype(object), known, strict=True)
        text = pa.array([str(v) if k else None for v, k in values], pa.large_string())
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    text = pc.utf8_trim_whitespace(text)
    is_null_word = pc.is_in(pc.utf8_lower(text), pa.array(NULL_WORDS, pa.large_string()))
    n_null_words = pc.sum(is_null_word).as_py() or 0
    return _without(text, is_null_word) if n_null_words else text, int(n_null_words)


def are_iso(text: pa.Array) -> NDArray[np.bool_]:
    """Which texts start with a year, as ISO 8601 does; shape (n_rows,)."""
    return _fits(text, _ISO)


def are_numbers(text: pa.Array) -> NDArray[np.bool_]:
    """Which texts are plain numbers; shape (n_rows,)."""
    return _fits(text, _NUMBER)


def numbers(text: pa.Array) -> pd.Series:
    """Texts as numbers, whole ones exactly; null where a text is none."""
    known = _without(text, pc.invert(pc.match_substring_regex(text, _NUMBER)))
    try:
        return pd.Series(pd.array(known.cast(pa.int64()).to_pylist(), dtype="Int64"))
    except pa.ArrowInvalid:
        return pd.Series(known.cast(pa.float64()).to_pandas())


def read_texts(text: pa.Array, form: TimeFormat, dates: Dates | None = None) -> Written:
    """Texts read strictly in one format: iso, date, strptime or digits."""
    if form.style is TimeStyle.ISO:
        return _read_iso(text)
    if form.style is TimeStyle.DATE:
        return (dates or Dates(text)).read(str(form.pattern))
    code, values = _distinct(text)
    pattern = str(form.pattern)
    if form.style is TimeStyle.DIGITS:
        width = width_of(pattern)
        values = [value if len(value) == width else "" for value in values]
    has_zone = "%z" in pattern or "%Z" in pattern
    return Written.of_one_zone(_take(parse(values, pattern), code), 0 if has_zone else None)


def _read_iso(text: pa.Array) -> Written:
    fits = are_iso(text)
    known = text if fits.all() else _without(text, pa.array(~fits))
    objects = pd.Index(known.to_numpy(zero_copy_only=False), dtype=object)
    parsed = pd.to_datetime(objects, format="ISO8601", errors="coerce", utc=True)
    wall = np.array(parsed.tz_localize(None).to_numpy(), dtype="datetime64[us]")
    zone = _fits(text, _ISO_ZONE).astype(np.intp)
    zones: tuple[int | ZoneInfo | None, ...] = (None, 0)
    # Zones by name, 12 hours, fractions behind a comma, and years pandas 2 has no nanoseconds for.
    if (other := np.isnat(wall) & fits).any():
        rest = Dates(text.filter(pa.array(other))).read(None)
        wall[other], zone[other] = rest.wall, rest.zone + len(zones)
        zones += rest.zones
    return Written(wall, zone, zones)


class Dates:
    """Texts cut into date, time of day and zone.

    Attributes:
        code: Position of each row's date in `texts`, shape (n_rows,); -1 where there is none.
        texts: Distinct dates: separators as written, months by their first three letters.
        texts_as_written: The same before that.
    """

    def __init__(self, text: pa.Array) -> None:
        parts = pc.extract_regex(text, _TEXT)
        date, clock, half, zone = (
            pc.struct_field(parts, name) for name in ("date", "clock", "half", "zone")
        )
        self.code, self.texts_as_written = _distinct(date)
        self.texts = [_canonical(written) for written in self.texts_as_written]
        self._clock = _distinct(pc.binary_join_element_wise(clock, half, pa.scalar(" ", text.type)))
        self._zone = _distinct(zone)

    def read(self, pattern: str | None) -> Written:
        """Times whose dates follow a strptime pattern; None reads dates that start with a year."""
        texts, form = (self.texts, pattern) if pattern else (_year_first(self.texts), "%Y-%m-%d")
        clock_code, clocks = self._clock
        wall = _take(parse(texts, form), self.code)
        wall = wall + (_take(_times_of_day(clocks), clock_code) - _MIDNIGHT)
        code, names = self._zone
        zones = [_zone(name) if name else None for name in names]
        is_unknown = np.array([n != "" and z is None for n, z in zip(names, zones, strict=True)])
        if is_unknown.any():
            wall[(code >= 0) & is_unknown[code]] = np.datetime64("NaT")
        return Written(wall, np.maximum(code, 0), tuple(zones) or (None,))


def parse(texts: list[str], pattern: str) -> Times:
    """Texts by strptime, shape (n_texts,); NaT where one does not fit, UTC where it has a zone."""
    objects = pd.Index(texts, dtype=object)
    parsed = pd.to_datetime(objects, format=pattern, errors="coerce", utc=True)
    times = np.array(parsed.tz_localize(None).to_numpy(), dtype="datetime64[us]")
    # pandas 2 keeps what it parses in nanoseconds, which end in 2262.
    for i in np.flatnonzero(np.isnat(times)) if pd.__version__ < "3" else ():
        try:
            time = datetime.strptime(texts[i], pattern)  # noqa: DTZ007
        except ValueError:
            continue
        offset = time.utcoffset()
        times[i] = np.datetime64(time.replace(tzinfo=None) - offset if offset else time, "us")
    return times


def width_of(pattern: str) -> int:
    """Digits of a pattern without separators."""
    return len(datetime(2024, 1, 3).strftime(pattern))  # noqa: DTZ001


def _times_of_day(texts: list[str]) -> Times:
    """Times of day on the day strptime gives them: '9:30', '14:00:00,25', '2 PM', or none at all."""
    full = []
    for text in texts:
        clock, _, half = text.partition(" ")
        clock = clock.replace(",", ".") or "00:00"
        if ":" not in clock and not half:
            clock = ""
        clock += ":00" * (2 - clock.count(":")) + ("" if "." in clock else ".0")
        full.append(f"{clock} {half[0]}M" if half else clock)
    times = parse(full, "%H:%M:%S.%f")
    if (twelve := np.array([text.endswith("M") for text in full], dtype=bool)).any():
        halves = [text for text, is_twelve in zip(full, twelve, strict=True) if is_twelve]
        times[twelve] = parse(halves, "%I:%M:%S.%f %p")
    return times


def _zone(name: str) -> int | ZoneInfo | None:
    """Minutes ahead of UTC, or a zone by name; None where there is no such zone."""
    if name.upper() in ("Z", "UTC", "GMT"):
        return 0
    if offset := _OFFSET.fullmatch(name):
        sign, hours, minutes = offset.groups("0")
        ahead = int(hours) * 60 + int(minutes)
        return (-ahead if sign == "-" else ahead) if ahead < 24 * 60 and int(minutes) < 60 else None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _canonical(date: str) -> str:
    if not re.search("[A-Za-z]", date):
        return re.sub(r"\s*([-/.])\s*", r"\1", date)
    named = _MONTH.sub(lambda month: f" {month[1][:3]} ", date)
    return " ".join(re.sub("[-/.,]", " ", named).split())


def _year_first(dates: list[str]) -> list[str]:
    dashed = [re.sub("[/. ]", "-", date) for date in dates]
    return [f"{date}-01" if date.count("-") == 1 else date for date in dashed]


def _distinct(text: pa.Array) -> tuple[NDArray[np.intp], list[str]]:
    """Position of each row's text among the distinct ones, -1 for null; and these."""
    encoded = text.dictionary_encode()
    code = encoded.indices.fill_null(-1).to_numpy().astype(np.intp)
    return code, encoded.dictionary.to_pylist()


def _take(times: Times, code: NDArray[np.intp]) -> Times:
    """Times by position; NaT at -1, which the one appended is."""
    taken: Times = np.append(times, np.datetime64("NaT", "us"))[code]
    return taken


def _fits(text: pa.Array, pattern: str) -> NDArray[np.bool_]:
    matches = pc.match_substring_regex(text, pattern).fill_null(False)
    return np.asarray(matches.to_numpy(zero_copy_only=False), dtype=bool)


def _without(text: pa.Array, unwanted: pa.Array) -> pa.Array:
    return pc.if_else(unwanted, pa.scalar(None, text.type), text)
