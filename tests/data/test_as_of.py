from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.as_of import History

events = st.lists(
    st.tuples(st.integers(-1, 3), st.integers(0, 50), st.integers(0, 5)), min_size=0, max_size=40
)
questions = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 60)), min_size=1, max_size=20)


@settings(max_examples=300, deadline=None)
@given(events, questions, st.one_of(st.none(), st.integers(1, 30)))
def test_history_equals_a_literal_loop(past, asked, window):
    group, known, value = (
        (np.array(column) for column in zip(*past, strict=True))
        if past
        else (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    )
    history = History(group, known, value.astype(float))
    asked_group, time = (np.array(column) for column in zip(*asked, strict=True))
    count, total = history.sums(asked_group, time, window)
    last, age = history.last(asked_group, time)
    for i, (g, t) in enumerate(asked):
        found = [
            (k, v)
            for e, k, v in past
            if e == g >= 0 and k < t and (window is None or k >= t - window)
        ]
        assert count[i] == len(found)
        assert total[i] == sum(v for _, v in found)
        ever = [k for e, k, _ in past if e == g >= 0 and k < t]
        assert np.isnan(age[i]) if not ever else age[i] == t - max(ever)
        assert np.isnan(last[i]) == (not ever)
