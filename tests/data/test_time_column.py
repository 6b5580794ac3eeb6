"""Times against Python's own datetime and zoneinfo, in every common way of writing them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.table import read_table
from harness.data.time_column import (
    TimeFormat,
    detect_time_format,
    looks_like_times,
    read_instant,
    read_time,
)
from harness.data.time_format import parse_time_format
from harness.errors import ConfigError, DataError
from harness.settings import TableDataset

NOON = np.datetime64("2024-03-01T12:00", "us")
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read(values, *, zone="UTC", unit=None, **options):
    column = (
        values.rename("when") if isinstance(values, pd.Series) else pd.Series(values, name="when")
    )
    return read_time("dataset.time", column, unit=unit, timezone=zone, **options)


def utc(texts, pattern, zone="UTC"):
    """What Python makes of texts, the independent reference."""
    times = [dt.datetime.strptime(text, pattern) for text in texts]  # noqa: DTZ007
    aware = [time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone)) for time in times]
    return np.array(
        [time.astimezone(dt.UTC).replace(tzinfo=None) for time in aware], dtype="datetime64[us]"
    )


@pytest.mark.parametrize(
    ("values", "unit", "zone", "expected"),
    [
        (["2024-03-01T12:00:00Z"], None, BERLIN, NOON),
        (["2024-03-01T13:00:00+01:00"], None, "UTC", NOON),
        (["2024-03-01 13:00:00"], None, BERLIN, NOON),
        (["2024-03-01"], None, "UTC", np.datetime64("2024-03-01", "us")),
        ([1709294400], "s", BERLIN, NOON),
        ([1709294400000], "ms", "UTC", NOON),
        ([19783], "day", "UTC", np.datetime64("2024-03-01", "us")),
        ([19783], "day", BERLIN, np.datetime64("2024-02-29T23:00", "us")),
        ([pd.Timestamp("2024-03-01 12:00")], None, "UTC", NOON),
        ([pd.Timestamp("2024-03-01 07:00", tz=NEW_YORK)], None, "UTC", NOON),
        ([dt.datetime(2024, 3, 1, 12)], None, "UTC", NOON),
        ([dt.date(2024, 3, 1)], None, "UTC", np.datetime64("2024-03-01", "us")),
        ([dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)], None, BERLIN, NOON),
        (pd.Series(["2024-03-01 12:00"], dtype="category"), None, "UTC", NOON),
        (pd.Series([1709294400], dtype="Int64"), "s", "UTC", NOON),
        (pd.Series([NOON.astype("datetime64[s]")]), None, "UTC", NOON),
        (pd.Series(pa.array([NOON.astype(dt.datetime)]).to_pandas()), None, "UTC", NOON),
    ],
)
def test_times_of_every_kind_become_utc(values, unit, zone, expected):
    time = read(values, unit=unit, zone=zone)
    assert time.dtype == np.dtype("datetime64[us]")
    assert time[0] == expected


@pytest.mark.parametrize("written", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("tz", [None, NEW_YORK])
def test_timestamps_of_parquet_are_read_in_every_resolution(written, tz):
    local = dt.datetime(2024, 3, 1, 7, tzinfo=ZoneInfo(NEW_YORK))
    given_time = local if tz else local.replace(tzinfo=None)
    column = pa.array([given_time, None], pa.timestamp(written, tz)).to_pandas()
    time = read(pd.Series(column), zone=NEW_YORK, allow_null=True)
    assert time[0] == NOON
    assert np.isnat(time[1])


# Texts, the format detected, and how Python reads the same texts (some rewritten for it).
WRITTEN = {
    "day first": (["25/01/2024", "03/02/2024"], "dd/mm/yyyy", "%d/%m/%Y", None),
    "month first": (["01/25/2024", "03/02/2024"], "mm/dd/yyyy", "%m/%d/%Y", None),
    "points": (["25.1.2024 9:05", "3.2.2024 23:59"], "dd.mm.yyyy", "%d.%m.%Y %H:%M", None),
    "dashes": (
        ["25-01-2024T09:05:06", "03-02-2024T00:00:00"],
        "dd-mm-yyyy",
        "%d-%m-%YT%H:%M:%S",
        None,
    ),
    "spaces": (["25 01 2024", "3 2 2024"], "dd mm yyyy", "%d %m %Y", None),
    "two digits": (["25/03/69", "03/02/68", "31/12/99"], "dd/mm/yy", "%d/%m/%y", None),
    "names": (["25-JAN-2024", "3-feb-2024"], "dd mmm yyyy", "%d-%b-%Y", None),
    "names in full": (["January 25, 2024", "May 3, 2024"], "mmm dd yyyy", "%B %d, %Y", None),
    "names, short year": (["25-Jan-24", "03-Feb-24"], "dd mmm yy", "%d-%b-%y", None),
    "SAS": (["25JAN2024", "03FEB2024"], "dd mmm yyyy", "%d%b%Y", None),
    "half days": (
        ["01/25/2024 12:00:00 AM", "01/25/2024 12:30:00 PM", "01/25/2024 01:02:03 pm"],
        *("mm/dd/yyyy", "%m/%d/%Y %I:%M:%S %p", None),
    ),
    "fractions": (
        ["25/01/2024 10:00:00,5", "26/01/2024 10:00:00,123456"],
        *("dd/mm/yyyy", "%d/%m/%Y %H:%M:%S,%f", None),
    ),
    "mail": (
        ["Thu, 25 Jan 2024 10:00:00 GMT", "Sat, 03 Feb 2024 10:00:00 GMT"],
        *("dd mmm yyyy", "%a, %d %b %Y %H:%M:%S %z", ("GMT", "+0000")),
    ),
    "web server": (["25/Jan/2024:10:00:00 +0130"], "dd mmm yyyy", "%d/%b/%Y:%H:%M:%S %z", None),
    "offsets": (
        ["25/01/2024 10:00 +0100", "25/01/2024 10:00 -05:30", "25/01/2024 10:00 Z"],
        *("dd/mm/yyyy", "%d/%m/%Y %H:%M %z", None),
    ),
    "iso, mixed offsets": (
        ["2024-01-25T10:00:00Z", "2024-01-25T10:00:00+01:00", "2024-01-25T10:00:00-0530"],
        *("iso", "%Y-%m-%dT%H:%M:%S%z", None),
    ),
    "iso, word": (["2024-01-25 10:00:00 UTC"], "iso", "%Y-%m-%d %H:%M:%S %z", ("UTC", "+0000")),
    "iso, Postgres": (["2024-01-25 10:00:00+00"], "iso", "%Y-%m-%d %H:%M:%S%z", ("+00", "+0000")),
    "iso, Go": (
        ["2024-01-25 10:00:00 +0100 CET"],
        *("iso", "%Y-%m-%d %H:%M:%S %z", (" CET", "")),
    ),
    "iso, Java": (
        ["2024-01-25T10:00+01:00[Europe/Berlin]"],
        *("iso", "%Y-%m-%dT%H:%M%z", ("[Europe/Berlin]", "")),
    ),
    "iso, comma": (["2024-01-25 10:00:00,25"], "iso", "%Y-%m-%d %H:%M:%S,%f", None),
    "iso, half days": (["2024-01-25 10:00 PM"], "iso", "%Y-%m-%d %I:%M %p", None),
    "iso, one digit": (["2024/1/5 9:05"], "iso", "%Y/%m/%d %H:%M", None),
    "iso, packed": (["20240125T101500Z"], "iso", "%Y%m%dT%H%M%S%z", None),
    "iso, far and early": (["2500-01-02", "1492-10-12", "0001-01-05"], "iso", "%Y-%m-%d", None),
    "digits": (["20240125", "19991231"], "yyyymmdd", "%Y%m%d", None),
    "more digits": (["20240125235958"], "yyyymmddhhmmss", "%Y%m%d%H%M%S", None),
    "months": (["01/2024", "12/2023"], "mm/yyyy", "%m/%Y", None),
}


@pytest.mark.parametrize("case", WRITTEN)
@pytest.mark.parametrize("zone", ["UTC", NEW_YORK])
def test_texts_are_read_as_python_reads_them(case, zone):
    texts, name, pattern, rewritten = WRITTEN[case]
    if case == "iso, far and early" and zone != "UTC":
        texts = texts[:1]  # local mean time has seconds, which is zoneinfo's affair
    reference = [text.replace(*rewritten) if rewritten else text for text in texts]
    padded = pd.Series([f" {text} " for text in texts])
    column = pd.Series(texts, name="when")
    assert np.array_equal(read(texts, zone=zone), utc(reference, pattern, zone))
    assert np.array_equal(read(padded, zone=zone), utc(reference, pattern, zone))
    form = detect_time_format(column, name="when", key="dataset.time")
    assert form.name == name
    assert parse_time_format("dataset.time_format", name) == form
    assert TimeFormat.from_json(form.to_json()) == form
    assert np.array_equal(read(texts, zone=zone, format=form), read(texts, zone=zone))


def test_a_zone_by_name_behind_a_time_is_that_zone():
    texts = ["2024-01-03 10:00 Europe/Berlin", "2024-07-03 10:00 America/New_York"]
    expected = [
        dt.datetime(2024, 1, 3, 10, tzinfo=ZoneInfo(BERLIN)),
        dt.datetime(2024, 7, 3, 10, tzinfo=ZoneInfo(NEW_YORK)),
    ]
    naive = [time.astimezone(dt.UTC).replace(tzinfo=None) for time in expected]
    assert read(texts).tolist() == naive


# strptime patterns, and the names of the same formats.
FORMATS = {
    "%d/%m/%Y": "dd/mm/yyyy",
    "%m/%d/%Y": "mm/dd/yyyy",
    "%d.%m.%Y %H:%M": "dd.mm.yyyy hh:mm",
    "%Y-%m-%d %H:%M:%S": "iso",
    "%Y-%m-%dT%H:%M:%S.%f": "iso",
    "%Y/%m/%d %H:%M": "yyyy/mm/dd",
    "%d/%m/%Y %I:%M:%S %p": "dd/mm/yyyy hh:mm:ss am",
    "%d-%b-%Y": "dd-mmm-yyyy",
    "%B %d, %Y": "mmmm dd, yyyy",
    "%m/%d/%Y %H:%M:%S.%f": "mm/dd/yyyy hh:mm:ss",
    "%d %m %Y %H:%M:%S": "dd mm yyyy",
    "%Y%m%d": "yyyymmdd",
    "%Y%m%d%H%M%S": "yyyymmddhhmmss",
}
CALENDAR = st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9998, 1, 1))


@settings(deadline=None, max_examples=60)
@given(
    times=st.lists(
        CALENDAR.filter(lambda time: time.year not in (2262, 2999, 3000)), min_size=1, max_size=8
    ),
    pattern=st.sampled_from(sorted(FORMATS)),
)
def test_what_a_format_writes_it_reads(times, pattern):
    texts = [time.strftime(pattern) for time in times]
    expected = utc(texts, pattern)
    assert np.array_equal(read(texts, format=pattern), expected)
    assert np.array_equal(read(texts, format=FORMATS[pattern]), expected)


@settings(deadline=None, max_examples=60)
@given(
    days=st.lists(st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)), min_size=1, max_size=12),
    is_day_first=st.booleans(),
    gap=st.sampled_from("/.- "),
)
def test_days_and_months_never_swap_without_a_question(days, is_day_first, gap):
    first, other = (f"%d{gap}%m{gap}%Y", f"%m{gap}%d{gap}%Y")[:: 1 if is_day_first else -1]
    texts = [day.strftime(first) for day in days]
    # Valid both ways, every one, and not always the same day: only then there is a question.
    if all(day.day <= 12 for day in days) and any(day.day != day.month for day in days):
        with pytest.raises(ConfigError, match=r"dataset\.time_format="):
            read(texts)
    else:
        assert read(texts).astype("datetime64[D]").tolist() == days
    mixed = [day.strftime(first if i % 2 else other) for i, day in enumerate(days)]
    if {i % 2 for i, day in enumerate(days) if day.day > 12} == {0, 1}:
        with pytest.raises(DataError, match="valid only as"):
            read(mixed)


def test_what_was_detected_is_said_with_the_value_that_decided():
    notes = []
    read(["03/01/2024", "25/01/2024"], notes=notes)
    [note] = notes
    assert "day first" in note
    assert "'25/01/2024' (row 1)" in note
    assert "dataset.time_format=dd/mm/yyyy" in note


def test_two_digit_years_state_their_pivot():
    notes = []
    read(["31/12/99", "15/06/24"], notes=notes)
    assert "69 to 99 are 1969 to 1999" in notes[0]


def test_iso_needs_no_words():
    notes = []
    read(["2024-01-03", "2024-01-04T10:00:00.5"], notes=notes)
    assert notes == []


# Values, options, and what the sentence must hold.
QUESTIONS = {
    "day or month": (
        ["03/01/2024", "04/02/2024"],
        {},
        [
            *("dataset.time_format: not set", "'when'", "'03/01/2024'", "2024-01-03", "2024-03-01"),
            *("dataset.time_format=dd/mm/yyyy", "dataset.time_format=mm/dd/yyyy"),
        ],
    ),
    "two-digit years": (
        ["15/03/24", "16/03/24"],
        {},
        ["2024-03-15 as dd/mm/yy", "2015-03-24 as yy/mm/dd", "dataset.time_format=dd/mm/yy"],
    ),
    "a counter": ([1, 2, 3], {}, ["dataset.time_unit: not set", "(1 .. 3)", "s, ms, us, ns"]),
    "days or a spreadsheet": (
        [45294.5, 45295.0],
        {},
        ["dataset.time_format=excel to read 2024-01-03 .. 2024-01-04", "dataset.time_unit=day"],
    ),
    "years": ([2019, 2024], {}, ["dataset.time_format=yyyy to read 2019-01-01 .. 2024-01-01"]),
    "a zero among seconds": ([0, 1704240000], {}, ["dataset.time_unit=s", "1970-01-01 .. 2024"]),
    "no format": (["x"], {"format": "dd/mm"}, ["dataset.time_format: 'dd/mm'", "dd/mm/yyyy"]),
    "no directive": (["x"], {"format": "%Q"}, ["dataset.time_format", "%Q", "%d/%m/%Y"]),
    "no year": (["x"], {"format": "%d/%m"}, ["dataset.time_format", "no year", "%Y"]),
    "two answers": ([45294], {"format": "excel", "unit": "s"}, ["dataset.time_unit", "excel"]),
    "no unit": ([45294], {"unit": "fortnight"}, ["dataset.time_unit: 'fortnight'", "day"]),
    "no zone": (["2024-01-03"], {"zone": "Berlin"}, ["dataset.timezone: 'Berlin'", BERLIN]),
}
REFUSED = {
    "a footer": (
        ["25/01/2024"] * 3 + ["Total"],
        {},
        ["'when'", "'Total'", "row 3", "dd/mm/yyyy", "last"],
    ),
    "a footer below ISO": (["2024-01-03"] * 3 + ["2000"], {}, ["'2000'", "row 3", "2024-05-31"]),
    "now": (["2024-01-03", "2024-01-04", "now"], {}, ["'now'", "row 2"]),
    "no such day": (["25/01/2024", "30/02/2024"], {}, ["'30/02/2024'", "row 1"]),
    "both orders": (["25/01/2024", "01/25/2024"], {}, ["'25/01/2024'", "'01/25/2024'", "one way"]),
    "a stated format": (["25/01/2024"], {"format": "mm/dd/yyyy"}, ["'25/01/2024'", "mm/dd/yyyy"]),
    "some zones": (["2024-01-03 10:00 UTC", "2024-01-03 10:00"], {}, ["with a zone", "without"]),
    "a zone's initials": (["2024-01-03 10:00 EST"], {}, ["'2024-01-03 10:00 EST'", "+01:00"]),
    "no such zone": (["2024-01-03 10:00 Europe/Nowhere"], {}, ["Nowhere", "row 0"]),
    "no time at all": (["2024-01-03", None], {}, ["no time in 1 of 2 rows", "first in row 1"]),
    "null words": (["2024-01-03", "NULL"], {}, ["no time in 1 of 2 rows"]),
    "not yet": (["2024-01-03", "9999-12-31 23:59:59"], {}, ["9999-12-31", "row 1", "not yet"]),
    "truth values": ([True, False], {}, ["true and false"]),
    "infinity": ([1704240000.0, np.inf], {}, ["inf", "row 1"]),
    "beyond the calendar": ([10**18], {"unit": "s"}, ["leaves the calendar", "dataset.time_unit"]),
    "digits of no day": ([20240103] * 30 + [20240230], {}, ["20240230", "row 30", "yyyymmdd"]),
    "numbers for dates": ([20240103], {"format": "dd/mm/yyyy"}, ["20240103", "yyyymmdd"]),
    "words": (["x" * 500], {}, ["xxx...", "row 0"]),
    "lists": ([["a"], ["b"]], {}, ["row 0"]),
    "periods of time": (pd.to_timedelta([1, 2], unit="s").to_series(), {}, ["row 0"]),
    "times of day": ([dt.time(10)], {}, ["'10:00:00'"]),
}


@pytest.mark.parametrize(
    ("case", "kind"),
    [*((case, ConfigError) for case in QUESTIONS), *((case, DataError) for case in REFUSED)],
)
def test_what_is_unclear_or_wrong_is_one_sentence(case, kind):
    values, options, parts = {**QUESTIONS, **REFUSED}[case]
    with pytest.raises(kind) as caught:
        read(values, **options)
    sentence = str(caught.value)
    assert [part for part in parts if part not in sentence] == []
    assert len(sentence) < 500


def test_a_b_tests_are_answered_by_their_own_key():
    for values in (["03/01/2024"], [5, 6]):
        with pytest.raises(ConfigError, match=r"^abtest\.time_(format|unit): not set") as caught:
            read_time("abtest.enrolled", pd.Series(values), unit=None, timezone="UTC")
        assert "dataset." not in str(caught.value)


@pytest.mark.parametrize(
    ("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]
)
@pytest.mark.parametrize("kind", ["int64", "float64", "Int64", "str", "object"])
def test_counts_since_1970_are_told_by_their_size_and_said(unit, factor, kind):
    instants = [dt.datetime(1971, 1, 2), dt.datetime(2024, 1, 3, 4, 5, 6), dt.datetime(2099, 1, 1)]
    counts = [int(i.replace(tzinfo=dt.UTC).timestamp()) * factor for i in instants]
    notes = []
    time = read(pd.Series(counts).astype(kind), notes=notes, zone=NEW_YORK)
    assert time.tolist() == instants  # of UTC, whatever the zone
    assert f"dataset.time_unit={unit}" in notes[0]
    assert "1971-01-02 .. 2099-01-01" in notes[0]


def test_fractions_of_seconds_since_1970_are_kept():
    assert read([1704240000.25, 1704240000.5])[0] == np.datetime64("2024-01-03T00:00:00.25", "us")


def test_spreadsheet_days_are_read_as_excel_shows_them():
    # As Excel formats these serials.
    times = read([45294.5, 61, 45294.756944], format="excel", zone=NEW_YORK)
    assert times[0] == np.datetime64("2024-01-03T17:00", "us")
    assert times[1].astype("datetime64[D]") == np.datetime64("1900-03-01")
    assert abs(times[2] - np.datetime64("2024-01-03T23:10", "us")) < np.timedelta64(1, "s")
    with pytest.raises(DataError, match="excel"):
        read([45294, 5], format="excel")


@pytest.mark.parametrize("kind", ["int64", "float64", "str"])
def test_digits_of_a_day_are_no_count_and_said(kind):
    notes = []
    time = read(pd.Series([20240103, 20241231]).astype("int64").astype(kind), notes=notes)
    assert "dataset.time_format=yyyymmdd" in notes[0]
    assert time.astype("datetime64[D]").tolist() == [dt.date(2024, 1, 3), dt.date(2024, 12, 31)]


@pytest.mark.parametrize(
    "far",
    [
        *("9999-12-31", "9999-12-31 23:59:59", "9999-12-31T23:59:59-05:00", "2999-12-31"),
        *("31/12/9999", 99991231, 253402300799),
        np.datetime64("2262-04-11T23:47:16.854775807", "ns"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", NEW_YORK, "Asia/Tokyo"])
def test_a_far_day_means_not_yet_where_a_column_may_say_so(far, zone):
    near = {
        str: "2024-05-31T00:00:00Z" if "T" in str(far) else "2024-05-31",
        int: 20240531 if far == 99991231 else 1717113600,
        np.datetime64: np.datetime64("2024-05-31", "ns"),
    }[type(far)]
    near = "31/05/2024" if far == "31/12/9999" else near
    notes = []
    time = read([near, far], zone=zone, allow_null=True, open_ended=True, notes=notes)
    assert np.isnat(time).tolist() == [False, True]
    assert "1 of 2 rows" in notes[-1]
    kept = read([near, far], zone=zone, allow_null=True)
    assert not np.isnat(kept).any()
    with pytest.raises(DataError, match="row 1"):
        read([near, far], zone=zone)


def test_a_table_with_days_first_and_labels_not_yet_known_is_read_and_said(tmp_path):
    days = pd.date_range("2024-01-01", periods=40)
    frame = pd.DataFrame({"issued": days.strftime("%d/%m/%Y"), "late": [0, 1] * 20, "amount": 1.5})
    frame["paid"] = (days + pd.Timedelta(days=9)).strftime("%d/%m/%Y")
    frame.loc[35:, "paid"] = "31/12/9999"
    frame.to_csv(tmp_path / "t.csv", index=False)
    roles = TableDataset(
        path=str(tmp_path / "t.csv"), time="issued", label="late", label_time="paid"
    )
    dataset = read_table(roles)
    assert np.array_equal(dataset.time, days[:35].to_numpy().astype("datetime64[us]"))
    assert np.array_equal(dataset.label_known - dataset.time, [np.timedelta64(9, "D")] * 35)
    assert [note for note in dataset.notes if "issued" in note and "dd/mm/yyyy" in note]
    assert [note for note in dataset.notes if "paid" in note and "5 of 40 rows" in note]


def test_null_words_are_null_and_said():
    notes = []
    words = ["", "NULL", "n/a", "-", "NaT", "0000-00-00", "none", r"\N"]
    time = read(["2024-01-03", *words, None], allow_null=True, notes=notes)
    assert np.isnat(time).tolist() == [False] + [True] * 9
    assert "8 of 10 rows" in notes[0]


@pytest.mark.parametrize("column", [[None, None], [np.nan, np.nan], ["", "NULL"], [pd.NaT]])
def test_a_column_of_nulls_is_no_question(column):
    assert np.isnat(read(column, allow_null=True)).all()


def test_different_offsets_are_one_time_line():
    time = read(["2024-03-01T12:00:00Z", "2024-03-01T13:00:00+01:00"])
    assert time[0] == time[1]


def test_the_hour_clocks_repeat_is_read_as_its_first_pass():
    notes = []
    time = read(["2013-11-03 01:30:00"], zone=NEW_YORK, notes=notes)
    assert time[0] == np.datetime64("2013-11-03T05:30", "us")
    assert "repeat" in notes[0]


def clocks(start, n, minutes, zone=NEW_YORK):
    """UTC instants, and what a clock in the zone shows at each."""
    first = dt.datetime.fromisoformat(start).replace(tzinfo=dt.UTC)
    instants = [first + i * dt.timedelta(minutes=minutes) for i in range(n)]
    return (
        np.array([i.replace(tzinfo=None) for i in instants], dtype="datetime64[us]"),
        [i.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") for i in instants],
    )


# Rows an hour apart and several at a time are left out: nothing tells their passes apart.
@pytest.mark.parametrize(("minutes", "repeats"), [(7, 1), (7, 3), (20, 1), (20, 3), (60, 1)])
@pytest.mark.parametrize("step", [1, -1])
def test_the_order_of_rows_tells_the_passes_of_a_repeated_hour(minutes, repeats, step):
    instants, texts = clocks("2013-11-03T02:00", 12 * 60 // minutes, minutes)
    notes = []
    time = read(np.repeat(texts, repeats)[::step].tolist(), zone=NEW_YORK, notes=notes)
    assert np.array_equal(time, np.repeat(instants, repeats)[::step])
    assert "by the order of the rows" in notes[0]


def test_a_repeated_hour_in_no_order_is_its_first_pass_and_said():
    _, texts = clocks("2013-11-03T02:00", 36, 20)
    shuffled = np.random.default_rng(0).permutation(texts).tolist()
    notes = []
    time = read(shuffled, zone=NEW_YORK, notes=notes)
    aware = [dt.datetime.fromisoformat(t).replace(tzinfo=ZoneInfo(NEW_YORK)) for t in shuffled]
    assert time.tolist() == [t.astimezone(dt.UTC).replace(tzinfo=None) for t in aware]  # fold=0
    assert "first pass" in notes[0]


def test_a_skipped_hour_is_read_as_its_end_and_said():
    notes = []
    time = read(["2013-03-10 02:30"], zone=NEW_YORK, notes=notes)
    assert time[0] == np.datetime64("2013-03-10T07:00", "us")
    assert "skip" in notes[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["25/01/2024", "03/01/2024"], True),
        (["03/01/2024", "04/01/2024"], True),  # day or month first: times all the same
        (["2024-01-03T10:00:00Z", None], True),
        (["3 Jan 2024", "5 Feb 2024 10:00"], True),
        (["2024-01-03"] * 99 + ["never"], True),
        (["2024-01-03"] * 3 + ["never"], False),
        (["2024-01-03"] * 500 + ["x"] * 500, False),
        (["01067", "04109"], False),
        (["20240103", "20240104"], False),
        (["1704240000"], False),
        (["10.0.0.1", "10.0.0.2"], False),
        (["030-1234", "Total"], False),
        ([None, None], False),
        ([], False),
        ([1704240000], False),
        ([20240103], False),
        ([True], False),
        ([["a"]], False),
        ([dt.date(2024, 1, 3)], True),
        ([pd.Timestamp("2024-01-03")], True),
        (pd.Series(["25/01/2024"], dtype="category"), True),
    ],
)
def test_columns_that_hold_times_are_told_from_others(values, expected):
    column = (
        values
        if isinstance(values, pd.Series)
        else pd.Series(values, dtype=None if len(values) else "object")
    )
    assert looks_like_times(column) is expected


def test_integers_of_days_are_times_where_asked():
    assert looks_like_times(pd.Series([20240103, 20240104]), integers=True)
    assert not looks_like_times(pd.Series([20240103, 20249999]), integers=True)
    assert not looks_like_times(pd.Series([1704240000]), integers=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-11-01", "2013-11-01T00:00-04:00"),
        ("2013-11", "2013-11-01T00:00-04:00"),
        ("2013-11-01T10:00Z", "2013-11-01T10:00+00:00"),
    ],
)
def test_a_day_in_a_config_is_read_year_first(text, expected):
    assert read_instant("split.test_start", text, NEW_YORK) == pd.Timestamp(expected)


@pytest.mark.parametrize("text", ["03/04/2024", "now", "soon", "", "1"])
def test_any_other_day_in_a_config_is_refused(text):
    with pytest.raises(ConfigError, match=r"split\.test_start.*2024-05-31"):
        read_instant("split.test_start", text, "UTC")
