"""Store: Arrow tables with a few facts, kept by the fingerprint of what they were made from.

An entry is data and nothing else: reading one runs no code, whoever wrote it. Its SHA-256 is
its last 32 bytes, so that damage is found and the entry made again. Files appear whole under
their name, and readers map them into memory, so that any number of processes may write, read
and clear at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from harness.artefacts.atomic import new_file
from harness.cache.code import code_fingerprint
from harness.errors import ArtefactError, ConfigError

_FACTS = b"harness"
_SUFFIX = ".entry"
_DIGEST_BYTES = 32
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What an entry holds.

    Attributes:
        table: Columns; of no rows where there are only facts.
        facts: Plain JSON.
    """

    facts: dict[str, Any]
    table: pa.Table = field(default_factory=lambda: pa.table({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFile:
    """One entry on disk.

    Attributes:
        kind: What it holds, such as `dataset`.
        path: Its file.
        n_bytes: Its size.
        used: When it was last read or written, in seconds since 1970.
    """

    kind: str
    path: Path
    n_bytes: int
    used: float


def cache_folder(configured: str | None) -> Path:
    """The cache folder: as configured, else HARNESS_CACHE, else the user's cache."""
    if configured and "://" not in configured:
        return Path(configured).expanduser()
    if named := os.environ.get("HARNESS_CACHE"):
        return Path(named).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "harness"


def open_store(configured: str | None, max_gb: float) -> Store:
    """The store a config names.

    Args:
        configured: A folder, a URL that fsspec knows (shared; the user's folder is then in
            front of it), or None for the user's folder.
        max_gb: Size the folder is kept to; 0 stores nothing.

    Raises:
        ConfigError: If a URL is given and fsspec, or what it needs for it, is not installed.
    """
    shared = _Shared.open(configured) if configured and "://" in configured else None
    return Store(cache_folder(configured), max_bytes=int(max_gb * 1e9), shared=shared)


def key_of(**parts: Any) -> str:
    """SHA-256 of everything an entry depends on, the harness's code included."""
    content = {"code": code_fingerprint(), **parts}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """A folder of entries.

    Args:
        folder: Where; made when first written to.
        max_bytes: Size kept to, least recently used entries going first; 0 stores nothing.
        shared: A second store behind it that others share.
    """

    def __init__(self, folder: Path, *, max_bytes: int, shared: _Shared | None = None) -> None:
        self.folder, self.max_bytes, self._shared = folder, max_bytes, shared

    def once(
        self,
        kind: str,
        key: str,
        build: Callable[[], _T],
        *,
        pack: Callable[[_T], Stored],
        unpack: Callable[[Stored], _T],
    ) -> _T:
        """What is stored under `key`; built and stored when it is not there, or damaged.

        A folder that cannot be written only costs time.

        Args:
            kind: What it is, for whoever lists the cache.
            key: As `key_of` gives it.
            build: Makes it.
            pack: Into data.
            unpack: Out of data.
        """
        if self.max_bytes == 0:
            return build()
        if (found := self.read(kind, key)) is not None:
            return unpack(found)
        made = build()
        self.write(kind, key, pack(made))
        return made

    def read(self, kind: str, key: str) -> Stored | None:
        """An entry, or None where there is none that is whole."""
        path = self._path(kind, key)
        if self._shared is not None and not path.exists():
            self._shared.fetch(f"{kind}/{path.name}", path)
        with contextlib.suppress(OSError, pa.ArrowException, ValueError):
            stored = _read(path)
            os.utime(path)
            return stored
        return None

    def write(self, kind: str, key: str, stored: Stored) -> None:
        """Keep an entry; a folder that cannot be written is left alone."""
        path = self._path(kind, key)
        with contextlib.suppress(ArtefactError):
            with new_file(path) as temporary:
                _write(temporary, stored)
            if self._shared is not None:
                self._shared.send(path, f"{kind}/{path.name}")
            self._make_room(keep=path)

    def entries(self) -> list[EntryFile]:
        """All entries, least recently used first."""
        found = []
        for path in self.folder.glob(f"*/*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # cleared by another process
                status = path.stat()
                found.append(
                    EntryFile(
                        kind=path.parent.name,
                        path=path,
                        n_bytes=status.st_size,
                        used=status.st_mtime,
                    )
                )
        return sorted(found, key=lambda entry: entry.used)

    def clear(self, kind: str | None = None, *, before: float | None = None) -> int:
        """Delete entries, and give the bytes set free.

        Args:
            kind: Only of this kind.
            before: Only if last used before this time, in seconds since 1970.
        """
        freed = 0
        for entry in self.entries():
            is_old = before is None or entry.used < before
            if is_old and (kind is None or entry.kind == kind):
                entry.path.unlink(missing_ok=True)
                freed += entry.n_bytes
        return freed

    def _make_room(self, keep: Path) -> None:
        entries = self.entries()
        too_much = sum(entry.n_bytes for entry in entries) - self.max_bytes
        for entry in entries:
            if too_much <= 0:
                return
            if entry.path != keep:
                entry.path.unlink(missing_ok=True)
                too_much -= entry.n_bytes

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key[:40]}{_SUFFIX}"


class _Shared:
    """Entries behind a URL; whatever goes wrong there only costs time.

    Args:
        system: An fsspec file system.
        root: Folder in it.
    """

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root.rstrip("/")

    @classmethod
    def open(cls, url: str) -> _Shared:
        try:
            from fsspec.core import url_to_fs

            system, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"running.cache_dir: {url} cannot be used ({error}); pip install 'harness[remote]' and "
                "what fsspec names, or give a folder"
            ) from error
        return cls(system, root)

    def fetch(self, name: str, path: Path) -> None:
        """Copy an entry here, where there is one."""
        with contextlib.suppress(Exception), new_file(path) as temporary:
            self._system.get_file(f"{self._root}/{name}", str(temporary))

    def send(self, path: Path, name: str) -> None:
        """Copy an entry there, under its name once it is whole."""
        target = f"{self._root}/{name}"
        with contextlib.suppress(Exception):
            self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
            partial = f"{target}.{os.getpid()}-{time.time_ns()}"
            self._system.put_file(str(path), partial)
            self._system.mv(partial, target)


def _write(path: Path, stored: Stored) -> None:
    facts = json.dumps(stored.facts).encode()
    table = stored.table.replace_schema_metadata(
        {**(stored.table.schema.metadata or {}), _FACTS: facts}
    )
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    with path.open("ab") as file:
        file.write(digest)


def _read(path: Path) -> Stored:
    with path.open("rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
        if n_bytes <= 0:
            raise ValueError("cut short")
        buffer = pa.memory_map(str(path)).read_buffer()
    content = buffer.slice(0, n_bytes)
    if hashlib.sha256(content).digest() != buffer.slice(n_bytes).to_pybytes():
        raise ValueError("damaged")
    table = pa.ipc.open_file(content).read_all()
    metadata = dict(table.schema.metadata or {})
    facts = json.loads(metadata.pop(_FACTS))
    return Stored(table=table.replace_schema_metadata(metadata), facts=facts)


def bytes_by_kind(entries: list[EntryFile]) -> Iterator[tuple[str, int, int]]:
    """Kind, number of entries and bytes, largest first."""
    kinds = {entry.kind for entry in entries}
    sums = {k: [e.n_bytes for e in entries if e.kind == k] for k in kinds}
    for kind, sizes in sorted(sums.items(), key=lambda item: -sum(item[1])):
        yield kind, len(sizes), sum(sizes)
