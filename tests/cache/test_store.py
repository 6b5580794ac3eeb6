"""The store: whole entries or none, damage made again, room kept, no code run."""

from __future__ import annotations

import multiprocessing
import os

import numpy as np
import pyarrow as pa
import pytest

from harness.cache import Store, Stored, open_store
from harness.errors import ConfigError

GB = 10**9


def numbers(n: int, start: int = 0) -> Stored:
    return Stored(table=pa.table({"x": np.arange(start, start + n)}), facts={"start": start})


def same(stored: Stored) -> Stored:
    return stored


def kept(store: Store, key: str, build) -> Stored:
    return store.once("numbers", key, build, pack=same, unpack=same)


def test_what_is_stored_is_not_made_again(tmp_path):
    calls = []

    def build():
        calls.append(1)
        return numbers(10, start=3)

    store = Store(tmp_path, max_bytes=GB)
    for _ in range(3):
        found = kept(store, "k", build)
        assert found.table.column("x").to_pylist() == list(range(3, 13))
        assert found.facts == {"start": 3}
    assert len(calls) == 1


@pytest.mark.parametrize("position", [0, 40, -1, -40])
def test_one_flipped_bit_anywhere_is_found_and_the_entry_made_again(tmp_path, position):
    store = Store(tmp_path, max_bytes=GB)
    store.write("numbers", "k", numbers(100))
    (entry,) = store.entries()
    content = bytearray(entry.path.read_bytes())
    content[position] ^= 1
    entry.path.write_bytes(content)
    assert store.read("numbers", "k") is None
    assert kept(store, "k", lambda: numbers(100)).table.num_rows == 100
    assert store.read("numbers", "k") is not None


@pytest.mark.parametrize("content", [b"", b"x" * 20, b"PAR1" * 500, os.urandom(5000)])
def test_files_that_are_no_entries_are_made_again(tmp_path, content):
    store = Store(tmp_path, max_bytes=GB)
    path = tmp_path / "numbers" / "k.entry"
    path.parent.mkdir()
    path.write_bytes(content)
    assert kept(store, "k", lambda: numbers(5)).table.num_rows == 5
    assert [entry.path for entry in store.entries()] == [path]


def test_the_least_recently_used_entries_make_room(tmp_path):
    store = Store(tmp_path, max_bytes=30_000)
    for i in range(3):
        store.write("numbers", f"k{i}", numbers(1000, start=i))  # 8 kB each
        os.utime(tmp_path / "numbers" / f"k{i}.entry", (i, i))
    assert store.read("numbers", "k0") is not None  # used now
    store.write("numbers", "k3", numbers(1000))
    left = {entry.path.stem for entry in store.entries()}
    assert left == {"k0", "k2", "k3"}


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file", max_bytes=GB)
    assert kept(store, "k", lambda: numbers(5)).table.num_rows == 5


def test_a_size_of_nought_stores_nothing(tmp_path):
    store = Store(tmp_path, max_bytes=0)
    assert kept(store, "k", lambda: numbers(5)).table.num_rows == 5
    assert list(tmp_path.iterdir()) == []


def _fill(folder, n_rounds):
    store = Store(folder, max_bytes=100_000)
    for i in range(n_rounds):
        key = f"k{i % 20}"
        found = kept(store, key, lambda i=i: numbers(1000, start=i % 20))
        assert found.facts["start"] == i % 20
        assert int(found.table.column("x")[0].as_py()) == i % 20
        if i % 17 == 0:
            store.clear()


def test_processes_write_read_and_clear_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        pool.starmap(_fill, [(tmp_path, 150)] * 4)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_a_shared_store_fills_an_empty_one(tmp_path):
    url = f"file://{tmp_path}/shared"
    os.environ["HARNESS_CACHE"], before = str(tmp_path / "a"), os.environ.get("HARNESS_CACHE")
    try:
        kept(open_store(url, 1), "k", lambda: numbers(7))
        os.environ["HARNESS_CACHE"] = str(tmp_path / "b")
        found = open_store(url, 1).read("numbers", "k")
        assert found is not None
        assert found.table.num_rows == 7
        entry = next((tmp_path / "shared").rglob("*.entry"))
        entry.write_bytes(entry.read_bytes()[:-1] + b"?")  # damaged there: made again here
        os.environ["HARNESS_CACHE"] = str(tmp_path / "c")
        assert open_store(url, 1).read("numbers", "k") is None
    finally:
        if before is None:
            del os.environ["HARNESS_CACHE"]
        else:
            os.environ["HARNESS_CACHE"] = before


def test_a_url_nobody_knows_is_refused_by_key():
    with pytest.raises(ConfigError, match="running.cache_dir: gopher://x"):
        open_store("gopher://x", 1)
