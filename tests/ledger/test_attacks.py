"""Attacks: what does not make labels fresh, and what does.

Each attack changes a table whose window was looked at; the window must be known again. Beside
them stand windows that are fresh and may look alike: the same days, moments and label rate.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.data.dataset import Dataset
from harness.data.roles import Roles
from harness.errors import LedgerError
from harness.ledger import Chain, labelled_window, reserve, take_look
from harness.ledger.recognise import seen_days
from harness.ledger.sketch import label_sequence, sketch_of
from harness.settings import HoldoutSettings
from tests.conftest import TABLE_WORDS, make_table

BEGIN = pd.Timestamp("2024-03-01")
N_DAYS = 30


def window(table: pd.DataFrame, *, zone: str = "UTC", label: str = "y"):
    """A whole table as a test window; times without a zone are local ones."""
    local = pd.DatetimeIndex(table.when).as_unit("us").tz_localize(zone, nonexistent="shift_forward",
        ambiguous=np.ones(len(table), dtype=bool))  # fmt: skip
    moments = local.tz_convert("UTC").tz_localize(None).to_numpy()
    dataset = Dataset(
        name="t",
        frame=pd.DataFrame({"x": np.zeros(len(table))}),
        time=moments,
        label=table.y.to_numpy(),
        label_known=moments,
        entity=table.who.to_numpy(dtype=object) if "who" in table else None,
        roles=Roles(time="when", label=label, numeric=("x",), categorical=()),
        timezone=zone,
        n_unlabelled=0,
        notes=(),
        source="t.csv",
        feature_times={},
        other_times={},
    )
    return labelled_window(dataset, np.arange(len(table)))


def hourly(rng, n_days):
    return pd.date_range(BEGIN, periods=24 * n_days, freq="h")


def now_and_then(rng, n_days):
    seconds = rng.uniform(0, 86_400 * n_days, 8 * n_days)
    return BEGIN + pd.to_timedelta(np.sort(seconds), unit="s").as_unit("us")


def many_a_minute(rng, n_days):
    seconds = rng.integers(0, 86_400 * n_days, 1_000 * n_days)
    return BEGIN + pd.to_timedelta(np.sort(seconds), unit="s")


def on_the_minute(rng, n_days):
    return many_a_minute(rng, n_days).floor("min")


def dates(rng, n_days):
    return BEGIN + pd.to_timedelta(np.sort(rng.integers(0, n_days, 60 * n_days)), unit="D")


def noon(rng, n_days):
    return pd.date_range(BEGIN + pd.Timedelta("12h"), periods=n_days, freq="D")


MOMENTS = {f.__name__: f for f in (hourly, now_and_then, many_a_minute, on_the_minute, dates, noon)}


def drawn(kind: str, seed, *, n_days: int = N_DAYS, rate: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    when = MOMENTS[kind](rng, n_days)
    return pd.DataFrame({"when": when, "y": rng.random(len(when)) < rate})


def seen(earlier, later) -> int:
    """Days of the later window that are known from the earlier one."""
    return len(later.days_in(earlier.sketch))


# --- attacks ---------------------------------------------------------------------------


def day_of(table: pd.DataFrame) -> pd.Series:
    return table.when.dt.normalize()


def without_one_row_a_day(table, rng):
    return table.drop(table.groupby(day_of(table)).sample(1, random_state=1).index)


def reordered(table, rng):
    return table.sample(frac=1, random_state=1)


def duplicated(table, rng):
    return pd.concat([table, table])


def some_duplicated(table, rng):
    return pd.concat([table, table.sample(frac=0.1, random_state=1)])


def moved(table, by):
    return table.assign(when=table.when + pd.to_timedelta(by, unit="s"))


def a_second_later(table, rng):
    return moved(table, 1)


def jittered_by_a_second(table, rng):
    return moved(table, rng.integers(-1, 2, len(table)))


def at_a_fixed_offset(table, rng):
    return moved(table, -5 * 3600)


def cut_to_the_minute(table, rng):
    return table.assign(when=table.when.dt.floor("min"))


def cut_to_the_hour(table, rng):
    return table.assign(when=table.when.dt.floor("h"))


def cut_to_the_day(table, rng):
    return table.assign(when=table.when.dt.floor("D"))


def rounded_to_the_minute(table, rng):
    return table.assign(when=table.when.dt.round("min"))


def inverted(table, rng):
    return table.assign(y=~table.y)


def inverted_and_without_one_row_a_day(table, rng):
    return inverted(without_one_row_a_day(table, rng), rng)


def last_two_weeks(table, rng):
    return table[day_of(table) > day_of(table).max() - pd.Timedelta("14D")]


def every_second_row(table, rng):
    return table[::2]


def one_segment(table, rng):
    return table[rng.random(len(table)) < 1 / 3]


ATTACKS = (
    without_one_row_a_day, reordered, duplicated, some_duplicated, a_second_later,
    jittered_by_a_second, at_a_fixed_offset, cut_to_the_minute, cut_to_the_hour, cut_to_the_day,
    rounded_to_the_minute, inverted, inverted_and_without_one_row_a_day, last_two_weeks,
    every_second_row, one_segment,
)  # fmt: skip
BEYOND_COUNTS = (some_duplicated, every_second_row, one_segment)


def is_out_of_reach(attack, kind: str, rate: float) -> bool:
    """What the decision page says a ledger cannot recognise."""
    # Dates hold counts a day and nothing else, and a part of the rows has other counts.
    # 80 rows with 4 positives are too few to tell from chance.
    few = (attack, kind, rate) == (one_segment, "now_and_then", 0.05)
    return few or (kind == "dates" and attack in BEYOND_COUNTS)


CASES = [
    pytest.param(attack, kind, rate, id=f"{attack.__name__}-{kind}-{rate}")
    for attack in ATTACKS
    for kind in ("hourly", "now_and_then", "many_a_minute", "on_the_minute", "dates")
    for rate in (0.3, 0.05)
    if not is_out_of_reach(attack, kind, rate)
]


@pytest.mark.parametrize(("attack", "kind", "rate"), CASES)
def test_a_window_that_was_seen_stays_seen(attack, kind, rate):
    table = drawn(kind, 3, rate=rate)
    later = window(attack(table, np.random.default_rng(4)).reset_index(drop=True))
    assert seen(window(table), later) >= 0.9 * len(later.days)


def test_a_zone_that_changes_its_clocks_half_way_hides_nothing():
    utc = drawn("hourly", 5)
    moments = utc.when.dt.tz_localize("UTC")
    local = utc.assign(when=moments.dt.tz_convert("America/New_York").dt.tz_localize(None))
    by_utc, by_zone = window(utc), window(local, zone="America/New_York")
    assert seen(by_utc, by_zone) >= N_DAYS - 2  # times with a zone, read under another one
    assert seen(by_zone, by_utc) >= N_DAYS - 2
    assert seen(by_zone, window(local, zone="Asia/Tokyo")) >= N_DAYS - 2  # and without one
    assert seen(by_zone, window(local)) >= N_DAYS - 2


@pytest.mark.parametrize("kind", MOMENTS)
@pytest.mark.parametrize(
    "zone", ["Asia/Tokyo", "America/New_York", "Asia/Kathmandu", "Europe/Berlin"]
)
def test_another_zone_and_another_name_are_the_same_labels(kind, zone):
    table = drawn(kind, 5)
    later = window(table, zone=zone, label="renamed")
    assert later.key != window(table).key
    assert seen(window(table), later) == len(later.days)


@pytest.mark.parametrize("attack", [*BEYOND_COUNTS, without_one_row_a_day, inverted])
def test_entities_make_a_part_of_dates_known(attack):
    rng = np.random.default_rng(0)
    months = np.repeat(pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"]), 2_000)
    table = pd.DataFrame({"when": months, "y": rng.random(6_000) < 0.05})
    table["who"] = [f"c{i % 2_000:05d}" for i in range(6_000)]
    assert seen(window(table), window(attack(table, rng))) == 3
    fresh = table.assign(y=rng.random(6_000) < 0.05)
    assert seen(window(table), window(fresh)) == 0


def test_other_ids_do_not_hide_what_times_show():
    table = drawn("hourly", 6).assign(who=lambda t: [f"a{i}" for i in range(len(t))])
    renamed = table.assign(who=lambda t: [f"b{i}" for i in range(len(t))])
    assert seen(window(table), window(renamed)) == N_DAYS


@pytest.mark.parametrize("kind", ["hourly", "now_and_then", "many_a_minute", "dates"])
def test_a_window_with_fresh_days_is_seen_on_the_old_ones_alone(kind):
    table = drawn(kind, 7)
    more = drawn(kind, 8, n_days=10)
    longer = pd.concat([table, more.assign(when=more.when + pd.Timedelta(f"{N_DAYS}D"))])
    later = window(longer)
    assert len(later.days) >= N_DAYS + 9
    assert N_DAYS - 1 <= seen(window(table), later) <= N_DAYS + 1


def test_numbers_and_classes_are_known_by_their_own_bytes():
    """Targets that an integer would make equal are different ones."""
    rng = np.random.default_rng(0)
    moments = np.arange(400) * 3_600_000_000
    day = np.arange(400) // 24
    midnight = np.arange(17) * 86_400_000_000

    def sequence(target):
        return label_sequence(moments, target, day, midnight)

    target = rng.uniform(0.1, 0.9, 400)
    other = rng.uniform(0.1, 0.9, 400)
    assert (target.astype(np.int64) == other.astype(np.int64)).all()
    assert len(seen_days(sequence(target), sketch_of(sequence(target)))) == 17
    assert seen_days(sequence(other), sketch_of(sequence(target))) == set()
    classes = rng.choice(["a", "b", "c"], 400)
    assert len(seen_days(sequence(classes[::-1][::-1]), sketch_of(sequence(classes)))) == 17
    assert seen_days(sequence(rng.permutation(classes)), sketch_of(sequence(classes))) == set()
    words = np.where(rng.random(400) < 0.3, "yes", "no")
    assert len(seen_days(sequence(words == "yes"), sketch_of(sequence(words)))) == 17
    wide = classes.astype("U9")
    assert len(seen_days(sequence(wide), sketch_of(sequence(classes)))) == 17
    numbers = rng.integers(0, 9, 400)
    assert len(seen_days(sequence(numbers.astype(float)), sketch_of(sequence(numbers)))) == 17


# --- fresh windows ---------------------------------------------------------------------


def seasonal(kind: str, seed: int, weather: np.ndarray) -> pd.DataFrame:
    """Labels that follow the hour and the day, as two airports share a day's weather."""
    table = drawn(kind, seed)
    day = (table.when - BEGIN).dt.days.to_numpy()
    logit = np.log(3 / 7) + np.sin(table.when.dt.hour / 24 * 2 * np.pi) + weather[day]
    return table.assign(y=np.random.default_rng(seed).random(len(table)) < 1 / (1 + np.exp(-logit)))


@pytest.mark.parametrize("rate", [0.5, 0.3, 0.02])
@pytest.mark.parametrize("n_days", [30, 7, 2])
@pytest.mark.parametrize("kind", MOMENTS)
def test_another_dataset_on_the_same_days_is_fresh(kind, n_days, rate):
    """The probability of an error is at most one in five hundred for a pair of windows."""
    for seed in range(3 if "minute" in kind else 8):
        one = window(drawn(kind, [seed, 1], n_days=n_days, rate=rate))
        other = window(drawn(kind, [seed, 2], n_days=n_days, rate=rate))
        if one.key == other.key:  # two rows that came out alike
            continue
        assert seen(one, other) == 0


@pytest.mark.parametrize("kind", ["hourly", "on_the_minute"])
def test_labels_that_share_seasons_are_not_the_same_ones(kind):
    for seed in range(4):
        weather = np.random.default_rng(seed).normal(0, 0.7, N_DAYS)
        one, other = (seasonal(kind, 10 * seed + i, weather) for i in (1, 2))
        assert seen(window(one), window(other)) == 0


def test_the_next_window_is_fresh_though_labels_last_for_days():
    for seed in range(10):
        table = drawn("hourly", seed, n_days=60)
        lasting = np.cumsum(np.random.default_rng(seed).random(len(table)) < 0.03) % 2 == 0
        table = table.assign(y=lasting)
        assert seen(window(table[:720]), window(table[720:])) == 0


@pytest.mark.parametrize("kind", MOMENTS)
def test_labels_that_are_all_alike_recognise_nothing(kind):
    one, other = drawn(kind, 1, rate=0.0), drawn(kind, 2, rate=0.0)
    assert seen(window(one), window(other)) == 0


# --- what the ledger keeps -------------------------------------------------------------


def look(chain, seen_window, candidate="a", **changes):
    parts = {"protocol": "p", "rows": "r", "candidate": candidate, "baseline": "b", **changes}
    return take_look(chain, seen_window, HoldoutSettings(), **parts)


@pytest.fixture
def chain(tmp_path):
    return Chain(tmp_path / "ledger.sqlite")


def test_a_sketch_is_kept_once_for_a_window_and_says_no_label(chain):
    table = drawn("many_a_minute", 1)
    opened = window(table)
    reserve(chain, opened, "p", "r", ["a", "b"])
    for name in ("a", "b", "c"):
        look(chain, opened, name)
    held = [e.content for e in chain.entries() if "sketch" in e.content]
    assert [c["sketch"] for c in held] == [opened.sketch]
    assert len(opened.sketch) < 12_000
    assert look(chain, window(inverted(table, None)), "d", protocol="q").fresh_days == 0


def test_half_a_window_of_fresh_days_counts_them(chain):
    table = drawn("hourly", 1)
    look(chain, window(table[:360]))
    later = look(chain, window(without_one_row_a_day(table, None), label="z"), "b", protocol="q")
    assert (later.status, later.fresh_days) == ("exploratory", 15)
    assert later.sentence.startswith("15 of the 30 test days were looked at before")


def test_days_equal_to_the_bit_are_known_where_chance_could_not_make_them_so(chain):
    table = drawn("hourly", 1)
    look(chain, window(table))
    day = drawn("hourly", 9, n_days=9).assign(when=lambda t: t.when + pd.Timedelta("30D"))
    assert look(chain, window(pd.concat([table[-24:], day])), "b").fresh_days == 9


def test_what_a_later_version_keeps_besides_is_passed_over_and_alone_is_refused():
    table = window(drawn("hourly", 1))
    assert len(table.days_in(f"9:whatever {table.sketch}")) == N_DAYS
    with pytest.raises(LedgerError, match="'9:'.*install a newer harness"):
        table.days_in("9:whatever")


def test_sketches_are_the_same_ones_in_every_later_version():
    """Ledgers hold them for years: whoever changes this keeps reading the old ones."""
    sketch = window(drawn("now_and_then", 1).assign(who=["a", "b"] * 120)).sketch
    assert sketch.startswith("1:")
    packed = zlib.decompress(base64.b64decode(sketch[2:]))
    assert hashlib.sha256(packed).hexdigest()[:16] == "db5a4c4c73557ba9"


def test_a_damaged_sketch_is_one_sentence():
    table = window(drawn("hourly", 1))
    for damaged in ("1:x", table.sketch[:-40], "1:" + "A" * 40):
        with pytest.raises(LedgerError, match="damaged sketch.*harness ledger verify"):
            table.days_in(damaged)


def test_an_entry_of_version_0_1_0_knows_its_days_by_name_and_zone(chain):
    opened = window(drawn("hourly", 1))
    look(chain, replace(opened, sketch=""))
    assert "sketch" not in chain.entries()[0].content
    assert look(chain, opened, "b").fresh_days == 0


@pytest.mark.slow
def test_a_million_rows_take_a_second():
    rng = np.random.default_rng(0)
    microseconds = np.sort(rng.integers(0, 86_400_000_000 * N_DAYS, 1_000_000))
    table = pd.DataFrame(
        {"when": BEGIN + pd.to_timedelta(microseconds, unit="us"), "y": rng.random(1_000_000) < 0.1}
    )
    started = time.process_time()
    opened = window(table)
    assert time.process_time() - started < 3  # 0.6 s on a machine that has nothing else to do
    part = window(table[rng.random(1_000_000) < 0.05])
    started = time.process_time()
    assert seen(opened, part) >= N_DAYS - 1
    assert time.process_time() - started < 3


# --- through the command line ----------------------------------------------------------

WORDS = [word for word in TABLE_WORDS if "n_estimators" not in word and "label" not in word]
WORDS += ["model=logistic", "running.report=false"]


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        (without_one_row_a_day, ["dataset.label=y"]),
        (lambda table, rng: table.rename(columns={"y": "renamed"}), ["dataset.label=renamed"]),
        (lambda table, rng: table, ["dataset.label=y", "dataset.timezone=Asia/Tokyo"]),
        pytest.param(
            lambda table, rng: table.assign(
                y=np.where(table.y == 1, "late", "fine"),
                when=table.when.astype("int64") // 10**6 + 1_000,
            ),
            ["dataset.label=y", "dataset.positive=fine", "dataset.time_unit=ms"],
            marks=pytest.mark.slow,
        ),
    ],
    ids=[
        "one row a day dropped",
        "label renamed",
        "Tokyo",
        "text, inverted, in ms, a second on",
    ],
)
def test_a_window_that_was_run_on_cannot_be_opened_again(harness, tmp_path, attack, words):
    table = make_table().assign(when=lambda t: t.when.astype("datetime64[ns]"))
    table.to_parquet(tmp_path / "a.parquet")
    attack(table, None).to_parquet(tmp_path / "b.parquet")
    first = ["dataset.path=a.parquet", "dataset.label=y", "hydra.run.dir=a"]
    assert harness("run", *WORDS, *first)[0] == 0
    status, _, err = harness("run", *WORDS, "dataset.path=b.parquet", *words, "hydra.run.dir=b")
    assert status in (0, 1, 3), err
    decision = json.loads((tmp_path / "b" / "decision.json").read_text("utf-8"))
    assert (decision["holdout"]["status"], decision["ship"]) == ("exploratory", False)
    assert decision["holdout"]["fresh_days"] <= 1
    assert "looked at before" in " ".join(decision["reasons"])
