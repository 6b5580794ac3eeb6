from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import harness

PACKAGE = Path(harness.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def test_every_public_name_is_there_and_listed():
    for name in harness.__all__:
        assert getattr(harness, name).__name__ == name
    assert sorted(harness.__all__) == harness.__all__


@pytest.mark.parametrize(
    "room", [p.parent.name for p in PACKAGE.glob("*/__init__.py") if p.parent.name != "cli"]
)
def test_every_room_exports_what_its_face_lists(room):
    module = importlib.import_module(f"harness.{room}")
    for name in getattr(module, "__all__", []):
        assert hasattr(module, name)


def test_importing_the_package_runs_nothing_heavy():
    code = (
        "import harness, sys; print([m for m in ('numpy', 'pandas', 'hydra') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from harness.cli.main import main; main(['--help']);"
        "print([m for m in ('numpy', 'pandas', 'hydra', 'rich') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_file_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text())), "no module docstring"


def test_no_room_collects_strangers():
    names = {part for path in FILES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert not names & {"utils", "util", "helpers", "common", "core", "misc", "base"}


def test_imports_point_downwards():
    root = PACKAGE.parent
    out = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0, out.stdout


@pytest.mark.parametrize("path", sorted((PACKAGE / "artefacts" / "schemas").glob("*.json")))
def test_every_schema_is_itself_valid(path):
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))
