"""What goes wrong on a worker is told as if it had gone wrong here."""

from __future__ import annotations

import os
import sys

import pytest

from harness.engine import open_engine
from harness.errors import ConfigError, DataError

pytestmark = pytest.mark.slow


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
