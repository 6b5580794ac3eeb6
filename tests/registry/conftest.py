"""A registry on SQLite with three versions, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.registry import Registry, register
from tests.browser import BROWSER
from tests.serving.conftest import write

# Run by a test as a program of its own.
collect_ignore = ["kill_loop.py", *([] if BROWSER else ["test_ui_page.py"])]


@pytest.fixture(scope="session")
def registered(tmp_path_factory) -> Path:
    """The file of a registry: versions 1 and 2 are SHIP, 3 is NO_SHIP."""
    folder = tmp_path_factory.mktemp("registry")
    registry = Registry(str(folder / "registry.sqlite"))
    for number, (model, decision) in enumerate(
        [("xgboost", "SHIP"), ("logistic", "SHIP"), ("hist_gradient_boosting", "NO_SHIP")], 1
    ):
        place = write(folder / f"made-{number}", model, name=model, decision=decision)
        version, is_new = register(registry, place, "churn")
        assert (version.version, is_new) == (str(number), True)
    return folder / "registry.sqlite"


@pytest.fixture
def uri(registered, tmp_path, monkeypatch) -> str:
    """A copy of the registry's file; the bundles are shared."""
    shutil.copy(registered, tmp_path / "copy.sqlite")
    uri = f"sqlite:///{tmp_path / 'copy.sqlite'}"
    monkeypatch.setenv("HARNESS_REGISTRY", uri)
    return uri


@pytest.fixture
def registry(uri) -> Registry:
    return Registry(uri)
