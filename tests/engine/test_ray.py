"""On a Ray cluster of real processes: the same verdicts, the same figures, the same sentences.

All that needs the cluster stands here, because starting it takes longer than most tests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.engine import open_engine
from harness.errors import ConfigError, DataError
from tests.stream.test_stream import WORDS as STREAMED
from tests.stream.test_stream import folder  # noqa: F401
from tests.sweep.test_launchers import GRID, criteria, expected  # noqa: F401
from tests.sweep.test_resume import WORDS, place, processes, statuses, until, verdicts  # noqa: F401

pytestmark = pytest.mark.slow


_CLUSTER = """
import sys
from ray.cluster_utils import Cluster
nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
nodes.add_node(num_cpus=1)
print(nodes.address, flush=True)
sys.stdin.read()
nodes.shutdown()
"""


@pytest.fixture(scope="module")
def ray_address(tmp_path_factory):
    """Of a Ray cluster of two nodes, each with processes of its own, in another folder."""
    nodes = subprocess.Popen(
        [sys.executable, "-c", _CLUSTER],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield nodes.stdout.readline().strip()
    nodes.stdin.close()
    nodes.wait(60)
    nodes.stdout.close()


def run_on(address, place, *words):  # noqa: F811
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "-m", *WORDS, *words, "launcher=ray"],
        cwd=place,
        env=os.environ | {"RAY_ADDRESS": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _workers_of_jobs():
    return [pid for pid, _, words in processes() if words.startswith("ray::_run_job")]


def test_two_nodes_give_the_same_verdicts_and_a_worker_killed_in_mid_job_is_replaced(
    ray_address,
    place,  # noqa: F811
    expected,  # noqa: F811
):
    process = run_on(ray_address, place, *GRID, "hydra.sweep.dir=s")
    until(lambda: "UNFINISHED" in statuses(place, n=2) and _workers_of_jobs(), process)
    os.kill(_workers_of_jobs()[0], signal.SIGKILL)
    time.sleep(0.1)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert [criteria(place, "s", i)[0] for i in range(2)] == expected
    opened, told, reserved = verdicts(place)
    assert (len(opened), sorted(told), len(reserved)) == (2, opened, 1)
    done = [line for line in err.splitlines() if line.startswith("job ")]
    assert len(done) == 2, err  # the sweep tells of its jobs, Ray of nothing


def test_a_cluster_that_is_away_is_named_before_anything_is_opened(harness, place, monkeypatch):  # noqa: F811
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    status, _, err = harness("run", "-m", *WORDS, *GRID, "launcher=ray")
    assert status == 2
    assert "launcher=ray: no Ray cluster can be reached (127.0.0.1:1: " in err
    assert not (place / "outputs").exists()


_BOTH = """
import json, sys
from harness.cli.main import main
sys.exit(max(main(words) for words in json.loads(sys.argv[1])))
"""


def test_a_cluster_gives_the_very_same_figures(harness, folder, ray_address):  # noqa: F811
    """Its nodes run in another folder: a relative path still means this one's."""

    def words(name: str, stream: str) -> list[str]:
        return [
            "run", *STREAMED, "dataset.path=t", f"dataset.stream={stream}",
            f"running.engine={name}", f"hydra.run.dir={name}_{stream}",
            f"running.ledger={name}_{stream}.sqlite", f"running.cache_dir={name}_{stream}_cache",
        ]  # fmt: skip

    for stream in ("true", "false"):
        status, _, err = harness(*words("local", stream))
        assert status == 0, err
    done = subprocess.run(
        [sys.executable, "-c", _BOTH, json.dumps([words("ray", s) for s in ("true", "false")])],
        cwd=folder, env=os.environ | {"RAY_ADDRESS": ray_address},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for stream in ("true", "false"):
        ours, theirs = folder / f"local_{stream}", folder / f"ray_{stream}"
        for file, key in (("decision.json", "criteria"), ("metrics.json", "test")):
            assert _untimed(ours / file, key) == _untimed(theirs / file, key)
        assert _told(ours / "audit.json") == _told(theirs / "audit.json")
        bundles = [_told(run / "bundle/manifest.json")["files"] for run in (ours, theirs)]
        for files in bundles:
            files.pop("config.json")  # it names the engine
        assert bundles[0] == bundles[1]


def _told(path: Path):
    return json.loads(path.read_text("utf-8"))


def _untimed(path: Path, key: str):
    return [m for m in _told(path)[key] if "latency" not in m["name"]]


def _double(part: int, shared: int) -> int:
    return part * shared


def _refuse(part: int, shared: int) -> int:
    raise DataError(f"rows.csv: row {part} has no label; remove it")


def _divide(part: int, shared: int) -> float:
    return part / shared


def _die(part: int, shared: int) -> None:
    os._exit(9)


@pytest.fixture(scope="module")
def engine(ray_address):
    """Told no address while a cluster of somebody else's runs."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        # Ray leaves this behind, and what inherits it cannot talk to a cluster without tokens.
        patch.setenv("RAY_AUTH_MODE", os.environ.get("RAY_AUTH_MODE", "disabled"))
        # A worker cannot import this file, so its functions are sent whole.
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        yield open_engine("ray")
    ray.shutdown()


def test_a_strangers_cluster_is_not_joined(engine, ray_address):
    import ray

    assert ray.get_runtime_context().gcs_address != ray_address
    assert list(engine.map(_double, range(20), 3)) == [3 * part for part in range(20)]


def test_our_own_sentence_arrives_unchanged(engine):
    with pytest.raises(DataError) as caught:
        list(engine.map(_refuse, [7], 0))
    assert str(caught.value) == "rows.csv: row 7 has no label; remove it"


def test_a_defect_stays_a_defect(engine):
    with pytest.raises(ZeroDivisionError):
        list(engine.map(_divide, [1], 0))


def test_work_that_kills_every_worker_is_given_up_in_one_sentence(engine):
    with pytest.raises(
        ConfigError, match=r"^running\.engine: .* lost a part of the work \(.*\); see"
    ):
        list(engine.map(_die, [1], 0))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "no.such.host:6379"])
def test_an_address_where_nothing_listens(monkeypatch, address):
    import ray

    monkeypatch.setenv("RAY_ADDRESS", address)
    if ray.is_initialized():
        ray.shutdown()
    with pytest.raises(ConfigError, match=r"^running\.engine: no Ray cluster can be reached"):
        open_engine("ray")
