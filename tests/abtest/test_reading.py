"""What a log's columns are read as: keys as they are written, times of any unit, likely names."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.abtest.conftest import ROLES, small_log

IDS = 1234567890123456000 + np.arange(3000)
LATENCY = "+criteria.guardrail_metrics.p90_latency_ms={threshold: must_be_below, value: 500}"
OTHER = "+abtest.metrics={p90_latency_ms: {table: requests.%s}}"


def requests(users, folder, ending: str = "csv"):
    """Two rows for each user; the latency is the user's place in the log."""
    users = pd.Series(users, name="user").repeat(2)
    frame = pd.DataFrame({"user": users, "latency_ms": users.index.to_numpy(dtype=float) / 10})
    if ending == "csv":
        frame.to_csv(folder / "requests.csv", index=False)
    else:
        frame.to_parquet(folder / "requests.parquet", index=False)


def joined(decision, err="") -> int:
    assert decision, err
    counts = [c for c in decision["units"] if c["criterion"] == "p90_latency_ms"]
    return sum(c["n_measurements"] for c in counts)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_long_ids_are_joined_to_their_own_rows_though_one_is_null(revenue, tmp_path, ending):
    log = small_log().assign(user=IDS)
    users = pd.Series(pd.array(IDS, dtype="Int64"))
    users[7] = pd.NA
    requests(users, tmp_path, ending)
    _, decision, err = revenue(log, LATENCY, OTHER % ending)
    assert joined(decision, err) == 2 * 2999
    assert any("2 rows name no user and were left out" in note for note in decision["notes"])
    treated = (log["arm"] == "B").to_numpy() & users.notna().to_numpy()
    expected = np.quantile(np.repeat(np.flatnonzero(treated), 2) / 10, 0.9)
    verdict = next(c for c in decision["criteria"] if c["name"] == "p90_latency_ms")
    assert verdict["estimate"] == pytest.approx(expected)


@pytest.mark.parametrize(
    "written",
    [lambda u: u.astype(str), lambda u: u.astype(float), lambda u: u.astype(float).astype(str)],
    ids=["text", "float", "text of a float"],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_whole_numbers_join_however_they_are_written(revenue, tmp_path, written, ending):
    requests(written(pd.Series(np.arange(3000))), tmp_path, ending)
    _, decision, err = revenue(small_log().assign(user=np.arange(3000)), LATENCY, OTHER % ending)
    assert joined(decision, err) == 6000


def test_leading_zeros_make_another_key_and_are_said(revenue, tmp_path):
    log = small_log().assign(user=[f"{i:04d}" for i in range(3000)])
    log.to_csv(tmp_path / "log.csv", index=False)
    requests(np.arange(3000), tmp_path)
    _, decision, _ = revenue("log.csv", LATENCY, OTHER % "csv")
    assert joined(decision) == 2 * 2000
    assert any(
        "1,000 of these differ" in note and "leading zeros" in note for note in decision["notes"]
    )
    requests(np.arange(900), tmp_path)
    status, _, err = revenue("log.csv", LATENCY, OTHER % "csv")
    assert status == 2
    assert "no row's user is in the log ('0' here, '0000' there)" in err


def test_units_that_differ_by_leading_zeros_are_two(revenue, tmp_path):
    log = small_log()
    log["user"] = [f"{i // 2:05d}" if i % 2 else str(i // 2) for i in range(3000)]
    log.to_csv(tmp_path / "log.csv", index=False)
    _, decision, _ = revenue("log.csv")
    assert decision["decision"] != "INVALID"
    assert decision["n_rows"] == 3000


def test_ids_that_went_through_a_float_are_refused(revenue, tmp_path):
    requests(IDS.astype(float), tmp_path, "parquet")
    status, _, err = revenue(small_log().assign(user=IDS), LATENCY, OTHER % "parquet")
    assert status == 2
    assert "user" in err
    assert "digits" in err


@pytest.mark.parametrize(
    ("values", "control"),
    [([0.0, 1.0], "0"), (["off", "on"], "false"), ([False, True], "false"), (["01", "1"], "'01'")],
)
def test_variants_are_named_as_they_are_written(revenue, values, control):
    log = small_log().assign(arm=lambda d: np.where(d["arm"] == "B", values[1], values[0]))
    roles = (*ROLES[:2], f"abtest.control={control}", ROLES[3])
    status, decision, err = revenue(log, roles=roles)
    assert status == 0, err
    assert decision["criteria"][0]["estimate"] > 0


@pytest.mark.parametrize(("unit", "size"), [("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)])
def test_epoch_times_are_read_by_their_unit(revenue, unit, size):
    log = small_log()
    epoch = log["joined"].astype("datetime64[ns]").astype("int64") // size
    _, decision, err = revenue(log.assign(joined=epoch), f"abtest.time_unit={unit}")
    assert decision["n_days"] == 14, err


@pytest.mark.parametrize(
    ("role", "words", "likely", "unlikely"),
    [
        ("abtest.unit", ROLES[1:], "abtest.unit=user", "abtest.unit=revenue"),
        ("abtest.variant", (ROLES[0], *ROLES[2:]), "abtest.variant=arm", "variant=revenue"),
    ],
)
def test_columns_that_are_proposed_could_be_meant(revenue, role, words, likely, unlikely):
    log = small_log().assign(rate=lambda d: d["revenue"] / 3, paid=lambda d: d.index % 3)
    log = log[["revenue", "rate", "joined", "paid", "arm", "user"]]
    status, _, err = revenue(log, roles=words)
    assert status == 2
    assert likely in err
    assert unlikely not in err


def test_a_column_of_many_values_is_no_variant(revenue):
    roles = (ROLES[0], "abtest.variant=revenue", *ROLES[2:])
    status, _, err = revenue(small_log(), roles=roles)
    assert (status, "did you mean 'arm'?" in err) == (2, True)


def test_the_metric_proposed_is_a_number_with_no_other_role(revenue):
    log = small_log().rename(columns={"revenue": "turnover"})
    status, _, err = revenue(log[["turnover", "user", "arm", "joined"]])
    assert status == 2
    assert "{column: turnover}" in err


def test_units_without_a_name_are_counted(revenue):
    log = small_log()
    log.loc[3, "user"] = None
    status, _, err = revenue(log)
    assert (status, "abtest.unit: 1 rows name no user" in err) == (2, True)


def test_long_ids_in_the_log_stay_apart(revenue, tmp_path):
    """Neighbours that a float would make one unit are 3,000 units."""
    table = pa.Table.from_pandas(small_log(), preserve_index=False)
    table = table.set_column(0, "user", pa.array(IDS.tolist(), pa.int64()))
    pq.write_table(table, tmp_path / "ids.parquet")
    _, decision, _ = revenue("ids.parquet")
    assert (decision["n_rows"], decision["decision"] != "INVALID") == (3000, True)


def test_a_log_in_another_dialect_is_read_as_said(harness, tmp_path):
    """1,500 can be both: asked for by the key of the A/B test, and read as answered."""
    rng = np.random.default_rng(0)
    n = 4000
    frame = pd.DataFrame(
        {
            "user": np.arange(n),
            "arm": np.where(np.arange(n) % 2, "B", "A"),
            "joined": pd.date_range("2024-01-01", periods=n, freq="5min"),
            "revenue": [f"{1 + k % 9},{k % 1000:03d}" for k in rng.integers(0, 10**6, n)],
        }
    )
    frame.to_csv(tmp_path / "log.csv", index=False, sep=";")
    (tmp_path / "criteria").mkdir()
    (tmp_path / "criteria/rev.yaml").write_text(
        "defaults:\n  - /schema/criteria/criteria@_here_\nprimary_metric: revenue\n"
        "success_threshold: 0\nminimum_sample_size: 1000\nminimum_duration_days: 7\n"
    )
    words = ["abtest", "log.csv", "--config-dir", tmp_path, "criteria=rev", "abtest.unit=user"]
    words += [
        "abtest.variant=arm",
        "abtest.control=A",
        "abtest.enrolled=joined",
        "--format",
        "json",
    ]
    status, _, err = harness(*words)
    assert status == 2
    assert "abtest.decimal: column 'revenue'" in err
    values = frame["revenue"].str.replace(",", "").astype(float)
    expected = values[frame["arm"] == "B"].mean() - values[frame["arm"] == "A"].mean()
    for key, factor in (("abtest.thousands=','", 1), ("abtest.decimal=','", 1000)):
        status, out, err = harness(*words, key)
        assert status == 0, err
        (criterion,) = json.loads(out)["criteria"]
        assert criterion["estimate"] == pytest.approx(expected / factor)
