"""`harness monitor` as it is typed: tables, logs, labels, states, notifiers."""

from __future__ import annotations

import http.server
import json
import threading
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from harness.monitor.state import GOES_ON, NEW, OVER, QUIET, SeenWindow, read_state, standing
from harness.settings import NotifySettings
from harness.watch import notify
from tests.conftest import TABLE_WORDS, make_table

N_ROWS = 4_000
SCHEMA = json.loads((files("harness.artefacts") / "schemas" / "monitor.schema.json").read_text())


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Path:
    """A run on the first rows of a table that goes on."""
    from harness import run_experiment, write_run

    folder = tmp_path_factory.mktemp("monitored")
    make_table(N_ROWS, seed=3).to_parquet(folder / "table.parquet")
    words = [*TABLE_WORDS, f"dataset.path={folder / 'table.parquet'}", "running.report=false"]
    words.append("dataset.ignore=[who]")
    write_run(run_experiment(words), folder / "run")
    return folder / "run"


def new_rows(n: int = 1_400, seed: int = 9, start: str = "2024-07-01") -> pd.DataFrame:
    table = make_table(n, seed=seed)
    return table.assign(when=pd.date_range(start, periods=n, freq="h"))


def test_new_rows_like_the_old_ones_are_fine(harness, run, tmp_path):
    new_rows().to_parquet("new.parquet")
    status, out, err = harness("monitor", run, "new.parquet", "--out", "seen")
    assert status == 0, out + err
    assert out.startswith("fine: 2024-07-01 to 2024-08-28, 1,400 rows, 0 of 3 features drifted")
    content = json.loads(Path("seen/monitor.json").read_text())
    jsonschema.validate(content, SCHEMA)
    assert content["alert"] is False
    assert content["windows"][0]["n_labelled"] == 1_400
    page = Path("seen/monitor.html").read_text()
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_broken_feed_is_an_alert_and_sets_the_status(harness, run):
    new_rows().assign(x=lambda t: t["x"] * 100).to_csv("new.csv", index=False)
    status, out, _ = harness("monitor", run, "new.csv", "--prometheus", "gauges.prom")
    assert status == 1
    assert "ALERT" in out
    assert "BREAK: x:" in out
    [content] = [json.loads(p.read_text()) for p in Path("outputs").glob("*/*/monitor.json")]
    jsonschema.validate(content, SCHEMA)
    gauges = Path("gauges.prom").read_text()
    assert "harness_drift_alert 1" in gauges
    assert 'harness_drift_excess{column="x"}' in gauges


def test_without_a_table_later_rows_of_the_dataset_are_read(harness, run):
    table = run.parent / "table.parquet"
    old = pd.read_parquet(table)
    later = new_rows(600, start=str(old["when"].max() + pd.Timedelta("1h")))
    pd.concat([old, later]).to_parquet(table)
    try:
        status, out, err = harness("monitor", run, "--format", "json")
        assert status == 0, err
        [window] = json.loads(out)["windows"]
        assert 500 < window["n_rows"] <= 600
    finally:
        old.to_parquet(table)
    status, _, err = harness("monitor", run)
    assert status == 2
    assert "name a table of new rows" in err


def test_labels_that_come_later_are_joined_by_key(harness, run):
    rows = new_rows().assign(id=lambda t: np.arange(len(t)))
    rows.drop(columns="y").to_parquet("new.parquet")
    rows[["id", "y"]].iloc[:900].sample(frac=1, random_state=0).to_csv("labels.csv", index=False)
    words = ("monitor", run, "new.parquet", "--labels", "labels.csv", "--key", "id")
    status, out, err = harness(*words, "--format", "json")
    assert status == 0, err
    [window] = json.loads(out)["windows"]
    assert (window["n_labelled"], window["n_unlabelled"]) == (900, 500)
    assert {m["name"] for m in window["movements"]} >= {"label_rate", "slope", "roc_auc"}
    rows[["id", "y"]].assign(y=lambda t: 1 - t["y"]).to_csv("labels.csv", index=False)
    status, out, _ = harness(*words)
    assert status == 1
    assert "CONCEPT" in out


def test_early_labels_wait_until_all_of_their_age_are_known():
    from harness.data.rows_source import source_of_frame
    from harness.watch.rows import MonitoredRows, mature_labels

    time = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]").astype("datetime64[us]")
    rows = MonitoredRows(
        source=source_of_frame(pd.DataFrame({"x": np.arange(10.0)}), "t"),
        time=time,
        label=np.ones(10),
        values=pd.DataFrame(),
    )
    known, waiting = mature_labels(rows, "7d")
    assert waiting.tolist() == [False] * 3 + [True] * 7
    assert np.isnan(known).tolist() == waiting.tolist()


def test_weeks_are_remembered_and_an_alert_is_told_once(harness, run):
    rows = new_rows().assign(x=lambda t: np.where(t["when"] >= "2024-08-05", t["x"] * 100, t["x"]))
    rows.to_parquet("new.parquet")
    words = (
        "monitor",
        run,
        "--by",
        "week",
        "--state",
        "state",
        "monitoring.notify.file=told.jsonl",
    )
    first = rows[rows["when"] < "2024-08-12"]
    first.to_parquet("first.parquet")
    status, out, err = harness(*words[:2], "first.parquet", *words[2:])
    assert status == 1, err
    assert len(Path("told.jsonl").read_text().splitlines()) == 1
    alert = json.loads(Path("told.jsonl").read_text())
    assert alert["window"] == "2024-08-05"
    assert Path(alert["file"]).is_file()
    status, out, _ = harness(*words[:2], "new.parquet", *words[2:], "--format", "json")
    places = {w["name"]: w["standing"] for w in json.loads(out)["windows"]}
    assert places["2024-07-29"] == QUIET
    assert places["2024-08-12"] == places["2024-08-26"] == GOES_ON
    assert len(Path("told.jsonl").read_text().splitlines()) == 2  # the week itself, seen again
    assert len(list(Path("state").glob("window-*.parquet"))) == len(places)


def test_a_damaged_state_file_is_named_and_left_out(harness, run):
    new_rows().to_parquet("new.parquet")
    Path("state").mkdir()
    Path("state/window-0.parquet").write_bytes(b"PAR1")
    Path("state/.window-1.parquet.tmp").write_bytes(b"half")
    status, _, err = harness("monitor", run, "new.parquet", "--state", "state")
    assert status == 0
    assert "window-0.parquet: cannot be read and is left out" in err


def test_a_window_is_remembered_as_it_was_seen(tmp_path):
    from harness.monitor.state import remember

    seen = SeenWindow(
        model="m", name="w", first_day="2024-01-01", days=7.0, n_rows=3, is_alert=True,
        reasons=("BREAK",), excess={"x": 2.5}, figures={"alert_rate": 0.25},
    )  # fmt: skip
    remember(tmp_path, seen)
    remember(tmp_path, seen)
    assert read_state(tmp_path, "m") == ([seen], [])
    assert read_state(tmp_path, "another") == ([], [])


def _seen(alerts):
    return [
        SeenWindow(
            model="m", name=str(i), first_day=str(i), days=1.0, n_rows=1, is_alert=alert,
            reasons=(), excess={}, figures={},
        )
        for i, alert in enumerate(alerts)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([], False, QUIET),
        ([], True, NEW),
        ([False, True], True, GOES_ON),
        ([True, False], True, GOES_ON),
        ([True, False], False, OVER),
        ([True], False, GOES_ON),
        ([True, False, False], False, QUIET),
        ([True, False, False], True, NEW),
    ],
)
def test_an_alert_is_over_after_two_quiet_windows(before, now, expected):
    assert standing(_seen(before), is_alert=now, quiet_windows=2) == expected


def test_the_log_of_a_server_is_read(harness, run):
    from harness import load_bundle
    from harness.serving.log import RequestLog

    bundle = load_bundle(run / "bundle")
    rows = new_rows(300).drop(columns=["when", "y", "who"]).to_dict("records")
    for with_values in (True, False):
        folder = Path(f"log-{with_values}")
        log = RequestLog(folder, with_values=with_values, max_bytes=20_000, max_files=50)
        scores = bundle.score(rows)
        for row, score in zip(rows, scores, strict=True):
            alert = bool(score >= bundle.threshold)
            log.write([row], [float(score)], [alert], version="v", milliseconds=1.0)
        log.close()
        with max(folder.iterdir()).open("a") as file:
            file.write('{"at": "2024-')  # a line cut off by a kill
        status, out, err = harness("monitor", run, folder, "--format", "json")
        [window] = json.loads(out)["windows"]
        assert window["n_rows"] == 300
        assert window["score"]["distance"] < 0.2
        missing = [b for b in window["breaks"] if b["code"] == "MISSING"]
        assert status == (0 if with_values else 1), err
        assert len(missing) == (0 if with_values else 3)


class _Flaky(http.server.BaseHTTPRequestHandler):
    refusals, bodies = 0, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refuse = _Flaky.refusals > 0
        _Flaky.refusals -= 1
        if not refuse:
            _Flaky.bodies.append(json.loads(body))  # before the client may go on
        self.send_response(503 if refuse else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_webhook_is_tried_again_and_then_given_up_with_a_word():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Flaky)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = NotifySettings(webhook=f"http://127.0.0.1:{server.server_port}/", attempts=3)
    try:
        _Flaky.refusals = 2
        assert notify(settings, {"window": "w"}) == []
        assert _Flaky.bodies == [{"window": "w"}]
        _Flaky.refusals = 9
        [problem] = notify(settings, {"window": "w"})
        assert "did not take the alert in 3 attempts" in problem
    finally:
        server.shutdown()
        server.server_close()


def test_commands_that_hang_fail_or_are_not_there_are_named(tmp_path):
    def problem(*command):
        return notify(NotifySettings(command=list(command), timeout_seconds=0.5), {"a": 1})

    assert problem("sh", "-c", f"cat > {tmp_path}/alert.json") == []
    assert json.loads((tmp_path / "alert.json").read_text()) == {"a": 1}
    assert "ended after 0.5 s" in problem("sleep", "30")[0]
    assert "status 3 no" in problem("sh", "-c", "cat >/dev/null; echo no >&2; exit 3")[0]
    assert "cannot be run" in problem("no-such-program")[0]


def test_a_notifier_that_fails_leaves_the_alert_on_disk(harness, run):
    new_rows().assign(x=0.5).to_parquet("new.parquet")
    status, _, err = harness(
        "monitor",
        run,
        "new.parquet",
        "--out",
        "seen",
        "monitoring.notify.command=[no-such-program]",
    )
    assert status == 1
    assert "no-such-program cannot be run" in err
    assert json.loads(Path("seen/monitor.json").read_text())["alert"] is True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("no.parquet",), "no file at no.parquet"),
        (("empty.csv",), "has a header but no rows"),
        (("new.parquet", "--time", "whn"), "--time whn: no such column; did you mean 'when'?"),
        (("timeless.parquet", "--by", "week"), "--by week: the table has no time column"),
        (("new.parquet", "--labels", "new.parquet"), "--key None: not a column of both tables"),
        (("new.parquet", "model=logistic"), "only monitoring=OPTION"),
        (("new.parquet", "monitoring.methd=effect"), "did you mean 'method'?"),
        (("new.parquet", "monitoring.method=exact"), "monitoring.method: 'exact' is unknown"),
        (("new.parquet", "monitoring.drifted_share=0"), "must be above 0 and at most 1"),
        (("--since", "someday"), "--since: 'someday' is no date"),
        (("broken.jsonl",), "line 1: no entry of a server's log"),
    ],
)
def test_what_cannot_be_meant_is_said(harness, run, words, message):
    new_rows(50).to_parquet("new.parquet")
    new_rows(50).drop(columns="when").to_parquet("timeless.parquet")
    Path("empty.csv").write_text("when,x,z,g,y\n")
    Path("broken.jsonl").write_text('{"at": 1}\n')
    status, _, err = harness("monitor", run, *words, "--out", "seen")
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert not Path("seen").exists()


def test_a_foreign_table_is_an_alert_that_names_every_column(harness, run):
    pd.DataFrame({"a": np.arange(100.0)}).to_parquet("foreign.parquet")
    status, out, _ = harness("monitor", run, "foreign.parquet")
    assert status == 1
    assert out.count("is missing from the table") == 3


def test_a_bundle_without_a_profile_says_what_to_do(harness, run, tmp_path):
    import hashlib
    import shutil

    copy = tmp_path / "old"
    shutil.copytree(run / "bundle", copy)
    (copy / "profile.parquet").unlink()
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["files"]["profile.parquet"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    digest = hashlib.sha256((copy / "manifest.json").read_bytes()).hexdigest()
    (copy / "manifest.sha256").write_text(f"{digest}  manifest.json\n")
    new_rows(50).to_parquet("new.parquet")
    status, _, err = harness("monitor", copy, "new.parquet")
    assert status == 2
    assert "no reference profile; make the bundle again" in err


def test_the_stored_monitoring_settings_hold_unless_overridden():
    from harness.config import change_monitoring

    stored = {"kind": "monitoring", "min_distance": 0.3, "notify": {"webhook": "http://a/"}}
    kept = change_monitoring(stored, ["monitoring.drifted_share=0.5"])
    assert (kept.min_distance, kept.drifted_share) == (0.3, 0.5)
    assert kept.notify.webhook == "http://a/"
    # What is typed holds, even where it is the default.
    assert change_monitoring(stored, ["monitoring.min_distance=0.1"]).min_distance == 0.1
    assert change_monitoring(stored, ["monitoring=textbook"]).min_distance == 0.1
    assert change_monitoring(None, []).method == "effect"


def test_keys_join_as_numbers_and_labels_of_other_rows_are_named(harness, run):
    rows = new_rows(300).assign(id=lambda t: np.arange(len(t)))
    rows.drop(columns="y").to_parquet("new.parquet")
    words = ("monitor", run, "new.parquet", "--labels", "labels.csv", "--key", "id")
    labels = pd.DataFrame({"id": [*map(float, range(300)), None], "y": [*rows["y"], 0]})
    labels.to_csv("labels.csv", index=False)
    status, out, err = harness(*words, "--format", "json")
    assert status == 0, err
    assert json.loads(out)["windows"][0]["n_labelled"] == 300
    labels.assign(id=lambda t: t["id"] + 10_000).to_csv("labels.csv", index=False)
    status, _, err = harness(*words)
    assert status == 2
    assert "no id of it occurs in the table ('10000' there, '0' here)" in err


def test_a_unit_changed_in_one_segment_is_an_alert_in_table_page_and_json(harness, run):
    rows = new_rows().assign(x=lambda t: t["x"] * np.where(t["g"] == t["g"].iloc[0], 1000, 1))
    rows.to_parquet("new.parquet")
    place = f"g={rows['g'].iloc[0]}"
    status, out, err = harness("monitor", run, "new.parquet", "--out", "seen")
    assert status == 1, err
    assert f"BREAK: x in {place}: median" in out
    assert "Drifted inside segments" in out
    content = json.loads(Path("seen/monitor.json").read_text())
    jsonschema.validate(content, SCHEMA)
    [window] = content["windows"]
    assert window["segments"][0]["segment"] == place
    assert window["segments"][0]["drift"]["name"] == "x"
    page = Path("seen/monitor.html").read_text()
    assert "Inside segments" in page
    assert f"x in {place}: median" in page


def test_columns_that_no_longer_go_together_are_an_alert(harness, run):
    rows = new_rows()
    rows["z"] = np.sort(rows["z"])[rows["x"].rank(method="first").astype(int) - 1]
    rows.to_parquet("new.parquet")
    status, out, _ = harness("monitor", run, "new.parquet", "--out", "seen")
    assert status == 1
    assert "JOINT: " in out
    content = json.loads(Path("seen/monitor.json").read_text())
    jsonschema.validate(content, SCHEMA)
    [changed] = [p for p in content["windows"][0]["joint"] if {p["first"], p["second"]} == {*"xz"}]
    assert changed["has_changed"]
    assert "Columns together" in Path("seen/monitor.html").read_text()


def test_outcomes_still_missing_are_said_and_figures_from_a_part_get_a_caveat(harness, run):
    rows = new_rows()
    rows["y"] = rows["y"].astype(object).where(rows["x"] > rows["x"].median(), None)
    rows.to_parquet("new.parquet")
    words = ("monitor", run, "new.parquet", "--out", "seen", "--prometheus", "gauges.prom")
    _, out, err = harness(*words)
    assert "700 of 1,400 rows (50 %) have no outcome yet" in out, err
    assert "figures made from them may not hold for all rows: known for 50 %" in out
    content = json.loads(Path("seen/monitor.json").read_text())
    jsonschema.validate(content, SCHEMA)
    [window] = content["windows"]
    assert window["coverage"]["share"] == 0.5
    assert "mean score" in window["coverage"]["caveat"]
    caveats = {m["name"]: m["caveat"] for m in window["movements"]}
    assert caveats["alert_rate"] is None
    assert "50 %" in caveats["roc_auc"]
    assert "Outcomes known" in Path("seen/monitor.html").read_text()
    assert "harness_label_coverage 0.5" in Path("gauges.prom").read_text()


def test_rows_whose_outcomes_are_all_missing_say_so(harness, run):
    new_rows().assign(y=None).to_parquet("new.parquet")
    status, out, err = harness("monitor", run, "new.parquet")
    assert status == 0, err
    assert "1,400 of 1,400 rows (100 %) have no outcome yet" in out
