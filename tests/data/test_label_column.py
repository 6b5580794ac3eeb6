"""Which of a column's two values is positive, whatever YAML, Hydra or an export made of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.data.label_column import matching_values, read_label, read_outcomes
from harness.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        (["yes", "no"], True, "yes"),  # YAML 1.1 reads `positive: yes` as true
        (["Yes", "No"], True, "Yes"),
        (["Y", "N"], True, "Y"),
        (["on", "off"], True, "on"),
        (["true", "false"], True, "true"),
        (["1", "2"], True, "1"),
        ([1, 0], True, 1),
        (["no", "yes"], False, "no"),  # `positive: no`
        ([0, 1], False, 0),
        ([True, False], "yes", True),
        ([1.0, 0.0], "1", 1.0),  # a null made floats of the column
        (["1.0", "0.0"], 1, "1.0"),
        ([2, 1], "2.0", 2),
        ([" >50K", " <=50K"], ">50K", " >50K"),
        (["Charged Off", "Paid"], "charged off", "Charged Off"),
    ],
)
def test_positive_is_found_however_it_was_read(values, positive, expected):
    column = pd.Series(values * 3, name="late")
    is_positive, labelled = read_label(column, positive)
    assert is_positive.tolist() == [value == expected for value in column]
    assert labelled.all()
    later = read_outcomes(column, positive)
    assert later.tolist() == [float(value == expected) for value in column]


@pytest.mark.parametrize("positive", [True, "y", "Y"])
def test_two_ways_to_say_yes_are_not_one_answer(positive):
    column = pd.Series(["y", "on", "y"], name="late")
    if positive is True:
        with pytest.raises(ConfigError, match=r"dataset.positive: 'True' .* \(on, y\); put quotes"):
            read_label(column, positive)
    else:
        assert read_label(column, positive)[0].tolist() == [True, False, True]
    # Rows that came later hold the other one alone: it must not become positive by that.
    assert read_outcomes(pd.Series(["on", "on"]), "y").tolist() == [0.0, 0.0]


@pytest.mark.parametrize("values", [["yes", "Yes"], ["no", "no ", "yes"], ["1", "1.0", "0"]])
def test_one_outcome_written_two_ways_is_refused(values):
    with pytest.raises(DataError, match=r"column 'late' holds '.+' and '.+', which differ only"):
        read_label(pd.Series(values, name="late"), "yes")


def test_long_numbers_are_compared_by_their_digits():
    values = ["1234567890123456001", "1234567890123456002"]
    assert matching_values(values, "1234567890123456002") == [values[1]]
    column = pd.Series(values * 2, name="late")
    assert read_label(column, values[1])[0].tolist() == [False, True, False, True]


def test_a_value_the_column_has_not_is_named():
    with pytest.raises(
        ConfigError, match=r"dataset.positive: 'maybe' is not a value .* \(no, yes\)"
    ):
        read_label(pd.Series(["yes", "no"], name="late"), "maybe")
    assert np.isnan(read_outcomes(pd.Series(["yes", None]), True)[1])
