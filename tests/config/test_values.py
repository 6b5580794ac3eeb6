"""Words and numbers a key takes: one table for check, editors and reference."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config.values import check_values
from harness.config.yaml_schema import yaml_schemas
from harness.errors import ConfigError
from harness.settings import GROUPS, OutcomeValues, RunningSettings, RunSettings
from harness.settings.abtest import AbtestSettings
from harness.settings.choices import CHOICES
from harness.settings.ranges import RANGES

CLASSES = [
    *dict.fromkeys(cls for kinds in GROUPS.values() for cls in kinds.values()),
    RunSettings,
    RunningSettings,
    AbtestSettings,
    OutcomeValues,
]
NUMBERS = [
    (cls, field.name)
    for cls in CLASSES
    for field in fields(cls)
    if isinstance(field.default, (int, float)) and not isinstance(field.default, bool)
]


@pytest.mark.parametrize("table", [CHOICES, RANGES])
def test_every_entry_belongs_to_a_key(table):
    for cls, entries in table.items():
        assert set(entries) <= {field.name for field in fields(cls)}, cls


def test_what_nobody_changed_is_allowed():
    for cls in CLASSES:
        check_values("group", cls())


def test_no_key_takes_what_compares_with_nothing():
    """A limit of nan would switch its check off without a word."""
    assert len(NUMBERS) > 50
    for cls, name in NUMBERS:
        for value in (float("nan"), float("inf"), float("-inf")):
            settings = cls()
            setattr(settings, name, value)
            with pytest.raises(ConfigError, match=rf"^group\.{name}: -?(nan|inf) "):
                check_values("group", settings)


def test_nested_keys_are_told_in_full():
    settings = RunningSettings()
    settings.latency.n_rows = 0
    assert is_dataclass(settings.latency)
    with pytest.raises(ConfigError, match=r"^running\.latency\.n_rows: 0 must be at least 1$"):
        check_values("running", settings)


RANGED = [
    (group, cls, name, allowed)
    for group, kinds in GROUPS.items()
    for cls in kinds.values()
    for name, allowed in RANGES.get(cls, {}).items()
]
SCHEMAS = yaml_schemas()


@given(
    st.sampled_from(RANGED),
    st.one_of(st.integers(-2, 3), st.floats(-2, 3), st.sampled_from([0.0, 0.5, 0.9, 1.0])),
)
def test_an_editor_and_the_harness_draw_the_same_line(ranged, value):
    group, cls, name, allowed = ranged
    if not isinstance(getattr(cls(), name), float):
        value = int(value)
    schema = jsonschema.Draft202012Validator(SCHEMAS[f"{group}.json"])
    assert schema.is_valid({name: value}) == (value in allowed)
