"""JSON Schemas of config files: complete, committed, and saying no where the harness does."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from harness.config import CONF_DIR
from harness.config.keys import keys_of, run_keys
from harness.config.yaml_schema import FOLDER, yaml_schemas
from harness.settings import GROUPS, AbtestRunSettings

FILES = sorted(CONF_DIR.rglob("*.yaml"))


def validator(file: Path) -> jsonschema.Draft202012Validator:
    """By the schema that the file's own comment names."""
    line = next(x for x in file.read_text("utf-8").splitlines() if "yaml-language-server" in x)
    path = (file.parent / line.partition("$schema=")[2]).resolve()
    assert path.parent == (CONF_DIR / FOLDER).resolve()
    return jsonschema.Draft202012Validator(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_every_config_file_names_its_schema_and_keeps_to_it(file):
    assert list(validator(file).iter_errors(yaml.safe_load(file.read_text("utf-8")))) == []


def test_the_schemas_in_the_repository_are_the_ones_the_settings_give():
    for name, content in yaml_schemas().items():
        jsonschema.Draft202012Validator.check_schema(content)
        assert json.loads((CONF_DIR / FOLDER / name).read_text("utf-8")) == content, (
            "run: harness schema conf"
        )


@pytest.mark.parametrize(
    ("group", "text", "complaint"),
    [
        ("criteria", "primary_metrik: roc_auc", "primary_metrik"),
        ("criteria", "blocks: month", "month"),
        ("criteria", "alpha: often", "often"),
        ("criteria", "guardrail_metrics: {a: {threshold: must_grow}}", "must_grow"),
        ("split", "gap: 3", "3"),
        ("dataset", "numeric: [1]", "1"),
        ("holdout", "looks: many", "many"),
    ],
)
def test_an_editor_is_told_what_the_harness_would_refuse(group, text, complaint):
    schema = jsonschema.Draft202012Validator(yaml_schemas()[f"{group}.json"])
    errors = [e.message for e in schema.iter_errors(yaml.safe_load(text))]
    assert errors
    assert any(complaint in message for message in errors)


def test_interpolations_are_left_alone():
    schema = jsonschema.Draft202012Validator(yaml_schemas()["split.json"])
    assert schema.is_valid({"validation": "${split.test}", "test": "1mo"})


def test_every_key_says_what_it_means():
    classes = [cls for kinds in GROUPS.values() for cls in kinds.values()]
    keys = [key for cls in (*classes, AbtestRunSettings) for key in keys_of(cls)] + [*run_keys()]
    assert len(keys) > 150
    assert [key.name for key in keys if not key.meaning] == []
