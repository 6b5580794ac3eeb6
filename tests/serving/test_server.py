"""A real server on loopback: taking up another bundle, workers, and the end of a process."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from tests.browser import wait_for
from tests.serving.conftest import put, serving

pytestmark = pytest.mark.slow


def test_another_bundle_is_taken_up_without_a_lost_or_mixed_answer(bundles, tmp_path):
    put(bundles["xgboost"], tmp_path / "live")
    rows = json.loads((bundles["xgboost"] / "golden.json").read_text())["rows"]
    rows = [row for row in rows if row["x"] is not None]
    expected = {}
    with serving(tmp_path / "live") as (client, _):
        from harness.bundle import load_bundle

        answers: list[tuple[str, float]] = []
        problems: list[object] = []
        stop = threading.Event()

        def ask():
            import httpx2 as httpx

            with httpx.Client(base_url=client.base_url, timeout=30) as own:
                while not stop.is_set():
                    answer = own.post("/score", json=rows[0])
                    if answer.status_code != 200:
                        problems.append(answer.text)
                    else:
                        told = answer.json()
                        answers.append((told["version"], told["score"]))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        first = client.get("/ready").json()["version"]
        wait_for(lambda: len(answers) > 50)
        put(bundles["logistic"], tmp_path / "live")
        wait_for(lambda: client.get("/ready").json()["version"] != first)
        second = client.get("/ready").json()["version"]
        wait_for(lambda: sum(version == second for version, _ in answers) > 50)
        stop.set()
        for thread in threads:
            thread.join()
        expected[first] = load_bundle(bundles["xgboost"]).score_one(rows[0])
        expected[second] = load_bundle(bundles["logistic"]).score_one(rows[0])
        assert not problems
        assert all(score == expected[version] for version, score in answers)
        # A damaged one is refused, and the one before goes on answering.
        (tmp_path / "live" / "threshold.json").write_text("{}")
        (tmp_path / "live" / "manifest.sha256").write_text("0" * 64 + "  manifest.json\n")
        wait_for(lambda: "problem" in client.get("/ready").json())
        assert client.post("/score", json=rows[0]).json()["version"] == second


def test_workers_share_their_figures_and_one_that_dies_is_replaced(bundles, golden):
    with serving(bundles["xgboost"], "--workers", "2") as (client, pid):
        for _ in range(40):
            assert client.post("/score", json=golden["rows"]).status_code == 200
        total = f"harness_rows_total {40.0 * len(golden['rows'])}"
        assert total in client.get("/metrics").text
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        workers = [
            int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()
        ]
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)

        def answers() -> bool:
            return client.post("/score", json=golden["rows"]).status_code == 200

        for _ in range(20):
            wait_for(answers)
        wait_for(
            lambda: (
                len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()) >= len(children)
            )
        )


def test_a_request_in_flight_is_finished_before_the_server_ends(bundles, golden):
    rows = golden["rows"] * 300
    with serving(bundles["xgboost"]) as (client, pid):
        found = []
        asking = threading.Thread(
            target=lambda: found.append(client.post("/score", json=rows).status_code)
        )
        asking.start()
        os.kill(pid, signal.SIGTERM)
        asking.join()
        assert found == [200]
