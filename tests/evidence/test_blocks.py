"""Blocks by day, week and entity, told by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.evidence import blocks_of
from harness.evidence.blocks import random_blocks

TIME = pd.DatetimeIndex(
    ["2024-05-05 23:30", "2024-05-06 00:30", "2024-05-12 12:00", "2024-05-06 09:00"],
    tz="Europe/Berlin",
)  # a Sunday, a Monday, the Sunday after, that Monday again
WHO = np.array(["b", "a", "b", "c"], dtype=object)


@pytest.mark.parametrize(
    ("kind", "codes", "names", "in_time_order"),
    [
        ("day", [0, 1, 2, 1], ("2024-05-05", "2024-05-06", "2024-05-12"), True),
        ("week", [0, 1, 1, 1], ("2024-04-29", "2024-05-06"), True),
        ("entity", [1, 0, 1, 2], ("a", "b", "c"), False),
    ],
)
def test_rows_belong_to_the_local_day_the_week_from_monday_or_the_entity(
    kind, codes, names, in_time_order
):
    blocks = blocks_of(kind, TIME, WHO)
    assert blocks.code.tolist() == codes
    assert blocks.names == names
    assert blocks.in_time_order is in_time_order
    assert blocks.n_blocks == len(names)
    assert blocks.sizes.tolist() == np.bincount(codes).tolist()
    assert blocks.sums(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [
        sum(v for v, c in zip((1.0, 2.0, 4.0, 8.0), codes, strict=True) if c == b)
        for b in range(len(names))
    ]


def test_entity_blocks_need_an_entity():
    with pytest.raises(ValueError, match="^no entity column$"):
        blocks_of("entity", TIME, None)


@pytest.mark.parametrize("kind", ["day", "week", "entity"])
def test_a_subset_keeps_names_of_what_is_left(kind):
    blocks = blocks_of(kind, TIME, WHO)
    fewer = blocks.subset(np.array([1, 3]))
    kept = sorted({blocks.names[blocks.code[i]] for i in (1, 3)})
    assert list(fewer.names) == kept
    assert fewer.in_time_order is blocks.in_time_order
    assert [fewer.names[c] for c in fewer.code] == [blocks.names[blocks.code[i]] for i in (1, 3)]
    assert blocks.subset(np.array([True, True, True, True])).names == blocks.names


def test_rows_taken_for_independent_lie_in_blocks_of_about_one_size():
    blocks = random_blocks(1_003)
    assert blocks.in_time_order is False
    assert blocks.sizes.max() - blocks.sizes.min() <= 1
    assert blocks.sizes.sum() == 1_003
    assert blocks.names[:2] == ("random 0", "random 1")
    assert not (np.diff(blocks.code) >= 0).all()
    assert (random_blocks(1_003).code == blocks.code).all()  # seeded
    assert random_blocks(3).n_blocks == 3
    assert random_blocks(1).n_blocks == 2


def test_many_rows_are_drawn_into_random_blocks_of_nearly_one_size():
    from harness.evidence.blocks import _MANY_ROWS

    blocks = random_blocks(_MANY_ROWS)
    assert blocks.code.dtype == np.intp
    assert blocks.sizes.sum() == _MANY_ROWS
    assert blocks.sizes.min() > 0.9 * _MANY_ROWS / blocks.n_blocks
    assert (random_blocks(_MANY_ROWS, seed=0).code == blocks.code).all()
    assert (random_blocks(_MANY_ROWS, seed=1).code != blocks.code).any()
