"""Dates and identifiers among the features: named, and honest columns left in peace."""

from __future__ import annotations

import uuid

import numpy as np
import pandas as pd
import pytest

from tests.audit.test_checks import audit, codes
from tests.conftest import make_table

N = 4000


@pytest.fixture
def frame() -> pd.DataFrame:
    return make_table(N)


def of(findings, name: str) -> list[tuple[str, str]]:
    return [
        (f.check, f.severity) for f in findings if name in f.columns and f.check in ("L05", "L14")
    ]


# --- dates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", ["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%y", "%d %b %Y", "%Y%m%d"]
)
def test_a_date_written_as_text_is_no_category(tmp_path, frame, how):
    joined = frame["when"].dt.floor("D") - pd.to_timedelta(np.arange(N) % 90 + 1, unit="D")
    words = {"categorical": ["g", "joined"], "numeric": ["x"]}
    found, _, _ = audit(tmp_path, frame.assign(joined=joined.dt.strftime(how)), **words)
    assert of(found, "joined") == [("L14", "warn")]
    (finding,) = [f for f in found if f.check == "L14"]
    assert "dataset.ignore=[joined]" in finding.advice


@pytest.mark.parametrize("how", ["%d/%m/%Y", "%Y-%m-%d %H:%M"])
def test_a_date_that_follows_the_prediction_is_a_leak(tmp_path, frame, how):
    settled = frame["when"] + pd.to_timedelta(np.arange(N) % 30 + 2, unit="D")
    words = {"categorical": ["g", "settled"], "numeric": ["x"]}
    found, _, _ = audit(tmp_path, frame.assign(settled=settled.dt.strftime(how)), **words)
    assert of(found, "settled") == [("L14", "block")]
    (finding,) = [f for f in found if f.check == "L14"]
    assert finding.evidence["share_after"] == 1.0
    assert "dataset.label_time=settled" in finding.advice


def test_the_day_of_a_prediction_does_not_follow_it_in_any_zone(tmp_path, frame):
    zone = "Asia/Tokyo"
    day = frame["when"].dt.strftime("%Y-%m-%d")  # the times are local, so is the day
    words = {"categorical": ["day"], "numeric": ["x"], "timezone": zone}
    found, _, _ = audit(tmp_path, frame.assign(day=day), **words)
    assert of(found, "day") == [("L14", "warn")]
    (finding,) = [f for f in found if f.check == "L14"]
    assert finding.evidence["share_after"] == 0.0


def counts(times: pd.Series) -> dict[str, pd.Series]:
    seconds = (times - pd.Timestamp(0)) // pd.Timedelta(1, "s")
    days = (times - pd.Timestamp(0)) // pd.Timedelta(1, "D")
    return {
        "seconds": seconds,
        "milliseconds": seconds * 1000,
        "days": days,
        "sheet": days + 25_569,
        "calendar": times.dt.strftime("%Y%m%d").astype(int),
        "stamp": times.dt.strftime("%Y%m%d%H%M%S").astype(int),
    }


@pytest.mark.parametrize("name", ["seconds", "milliseconds", "days", "sheet", "calendar", "stamp"])
@pytest.mark.parametrize(("shift", "severity"), [(-40, "warn"), (3, "block")])
def test_a_date_as_a_number_warns_and_one_of_the_future_blocks(
    tmp_path, frame, name, shift, severity
):
    times = frame["when"] + pd.to_timedelta(shift + np.arange(N) % 3, unit="D")
    found, _, _ = audit(tmp_path, frame.assign(**{name: counts(times)[name]}))
    assert of(found, name) == [("L14", severity)]


def test_births_as_calendar_numbers_are_dates(tmp_path, frame):
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(np.arange(N) * 37 % 20_000, unit="D")
    found, _, _ = audit(tmp_path, frame.assign(born=born.strftime("%Y%m%d").astype(int)))
    assert of(found, "born") == [("L14", "warn")]


def test_another_time_that_follows_the_prediction_is_offered_as_the_labels(tmp_path, frame):
    after = frame["when"] + pd.to_timedelta(np.arange(N) % 20 + 1, unit="D")
    before = frame["when"] - pd.to_timedelta(np.arange(N) % 20 + 1, unit="D")
    found, _, _ = audit(tmp_path, frame.assign(after=after, before=before))
    assert of(found, "before") == []
    assert of(found, "after") == [("L14", "note")]
    (finding,) = [f for f in found if f.check == "L14"]
    assert "dataset.label_time=after" in finding.advice
    found, _, _ = audit(tmp_path, frame.assign(after=after), label_delay="20d")
    (finding,) = [f for f in found if f.check == "L14"]
    assert "label_time" not in finding.advice


def test_a_time_that_follows_the_prediction_is_not_advised_as_the_time_to_split_by(tmp_path, frame):
    delay = np.random.default_rng(0).exponential(20, N)
    known = frame["when"] + pd.to_timedelta(delay, unit="D")
    found, _, _ = audit(tmp_path, frame.assign(known=known))
    (finding,) = [f for f in found if f.check == "L12"]
    assert "dataset.label_time=known" in finding.advice


# --- identifiers -------------------------------------------------------------------------------


def identifiers() -> dict[str, list[object]]:
    rng = np.random.default_rng(5)
    ids = [uuid.UUID(int=int(i), version=4) for i in rng.integers(0, 2**62, N // 3)]
    return {
        "row": list(range(N)),
        "shuffled": list(rng.permutation(N)),
        "order": list(np.cumsum(rng.integers(1, 900, N))),
        "account": list(rng.integers(10_000_000, 99_999_999, N)),
        "customer_id": list(rng.integers(0, 900, N)),
        "memberNo": [f"M-{i:05d}" for i in rng.integers(0, 1500, N)],
        "visitor": [str(i) for i in rng.choice(np.array(ids, dtype=object), N)],
        "digest": [f"{i:016x}" for i in rng.choice(rng.integers(0, 2**62, 700), N)],
    }


@pytest.mark.parametrize("name", sorted(identifiers()))
def test_an_identifier_among_the_features_warns(tmp_path, frame, name):
    found, dataset, _ = audit(tmp_path, frame.assign(**{name: identifiers()[name]}))
    assert name in dataset.roles.features
    assert of(found, name) == [("L05", "warn")]
    (finding,) = [f for f in found if f.check == "L05"]
    assert f"dataset.ignore=[{name}]" in finding.advice
    repeats = len(set(identifiers()[name])) < 0.8 * N
    assert (f"dataset.entity={name}" in finding.advice) == repeats


def test_honest_columns_are_neither_dates_nor_identifiers(tmp_path, frame):
    rng = np.random.default_rng(6)
    honest = {
        "amount": rng.lognormal(8, 1.5, N).round(2),
        "income": rng.lognormal(10.5, 0.6, N).round(0),
        "cents": rng.lognormal(8, 1, N).round(0),
        "salary": rng.normal(52_000, 9_000, N).round(0),
        "temperature": rng.normal(12, 8, N).round(1),
        "visitors": rng.negative_binomial(3, 0.002, N),
        "seconds": rng.exponential(4000, N).round(0),
        "minute": rng.integers(0, 1440, N),
        "day_of_year": rng.integers(1, 367, N),
        "number_of_rooms": rng.poisson(6, N),
        "zip": rng.choice([f"{i:05d}" for i in range(10_000, 10_150)], N),
        "year_built": rng.integers(1900, 2024, N),
        "population": rng.pareto(1.1, N).round(3) * 1000 // 1,
        "range": rng.choice(["1", "2-10", "11-100"], N),
        "size": rng.choice(["10/12", "12/14", "14/16"], N),
        "version": rng.choice([f"1.{i}.{j}" for i in range(40) for j in range(12)], N),
        "at": [f"{i:02d}:{j:02d}" for i, j in rng.integers(0, 24, (N, 2))],
        "city": rng.choice([f"{a}{b}ton" for a in "ABCDEFGHIJ" for b in "aeiouy" for _ in "12"], N),
        "lat": rng.normal(41.8, 0.1, N),
        "share": rng.random(N),
    }
    found, _, _ = audit(tmp_path, frame.assign(**honest))
    assert {name: of(found, name) for name in honest if of(found, name)} == {}


def test_a_date_is_not_told_again_as_an_identifier(tmp_path, frame):
    seconds = counts(frame["when"] - pd.Timedelta(1, "D"))["seconds"]
    found, _, _ = audit(tmp_path, frame.assign(created_no=seconds))
    assert codes(found, "warn") & {("L14", ("created_no",)), ("L05", ("created_no",))} == {
        ("L14", ("created_no",))
    }
