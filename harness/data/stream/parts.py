"""Parts: a Parquet table, wherever it lies, cut into pieces that fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.table_file import ParquetTable, open_parquet, unreadable
from harness.errors import ConfigError, DataError

# Rows of a part: 30 numbers of as many rows are 60 MB.
PART_ROWS = 250_000
_KEY = "dataset.path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some row groups of one file.

    Attributes:
        fragment: Number of the file.
        row_groups: Its row groups.
        start: Position of the first row in the table.
        n_rows: Rows.
    """

    fragment: int
    row_groups: tuple[int, ...]
    start: int
    n_rows: int


@dataclass(frozen=True, kw_only=True)
class TableParts:
    """Where a table lies; opened anew wherever it is read, on whatever machine.

    Attributes:
        path: Folder, file, or URL that fsspec knows.
        base: Folder that a relative path starts from; a worker elsewhere has another of its own.
    """

    path: str
    base: str = field(default_factory=lambda: str(Path.cwd()))

    @cached_property
    def parquet(self) -> ParquetTable:
        """The table under one schema; columns of a partitioned folder's names included.

        Raises:
            ConfigError: If nothing is there, or its kind of place needs another package.
            DataError: If it cannot be read.
        """
        if "://" not in self.path:
            place = Path(self.base, self.path)
            if not place.exists():
                raise ConfigError(f"{_KEY}: no file at {self.path}; check the spelling")
            return open_parquet(place, key=_KEY)
        try:
            from fsspec.core import url_to_fs

            system, root = url_to_fs(self.path)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"{_KEY}: {self.path} cannot be opened ({error}); pip install 'harness[remote]' and "
                "what fsspec names, or give a folder of Parquet"
            ) from error
        return open_parquet(root, key=_KEY, filesystem=system)

    @property
    def names(self) -> list[str]:
        """Its columns."""
        return [str(name) for name in self.parquet.dataset.schema.names]

    @property
    def fragments(self) -> list[Any]:
        """Its files, by name."""
        return self.parquet.fragments

    def identity(self) -> list[str]:
        """Name, size and time of every file: what a table too large to hash is known by."""
        known = self.parquet.dataset.filesystem.get_file_info([f.path for f in self.fragments])
        return [f"{status.path} {status.size} {status.mtime_ns}" for status in known]

    def cut(self) -> list[Part]:
        """The table's parts, in order.

        Raises:
            DataError: If a file is damaged, or there is no row.
        """
        parts: list[Part] = []
        start = 0
        for number, fragment in enumerate(self.fragments):
            try:
                metadata = fragment.metadata
            except (pa.ArrowException, OSError) as error:
                raise unreadable(_KEY, fragment.path, error) from error
            groups: list[int] = []
            n_rows = 0
            for group in range(metadata.num_row_groups):
                size = metadata.row_group(group).num_rows
                if groups and n_rows + size > PART_ROWS:
                    parts.append(_part(number, groups, start, n_rows))
                    start, groups, n_rows = start + n_rows, [], 0
                groups.append(group)
                n_rows += size
            if n_rows:
                parts.append(_part(number, groups, start, n_rows))
                start += n_rows
        if not parts:
            raise DataError(f"{_KEY}: {self.path} has no rows")
        return parts

    def read(
        self, part: Part, columns: Sequence[str], rows: NDArray[np.intp] | None = None
    ) -> pa.Table:
        """Some columns of a part, and some of its rows.

        Args:
            part: Which.
            columns: Names.
            rows: Positions within the part, ascending; None for all.

        Raises:
            DataError: If the file is damaged.
        """
        fragment = self.fragments[part.fragment]
        try:
            table = fragment.subset(row_group_ids=list(part.row_groups)).to_table(
                schema=self.parquet.dataset.schema, columns=list(columns), use_threads=True
            )
        except (pa.ArrowException, OSError) as error:
            raise unreadable(_KEY, fragment.path, error) from error
        return table if rows is None else table.take(pa.array(rows))


def _part(fragment: int, groups: Sequence[int], start: int, n_rows: int) -> Part:
    return Part(fragment=fragment, row_groups=tuple(groups), start=start, n_rows=n_rows)
