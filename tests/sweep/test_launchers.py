"""The same words on each launcher give the same verdicts; clusters are of real processes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.sweep.test_resume import WORDS, place, processes, statuses, until, verdicts  # noqa: F401

pytestmark = pytest.mark.slow

GRID = ["model.C=0.03,3.0"]


def criteria(place, sweep, number):  # noqa: F811
    content = json.loads((place / sweep / str(number) / "decision.json").read_text())
    return [c for c in content["criteria"] if "latency" not in c["name"]], content["holdout"]


@pytest.fixture
def expected(harness, place):  # noqa: F811
    status, _, err = harness("run", "-m", *WORDS, *GRID, "hydra.sweep.dir=plain")
    assert status == 0, err
    found = [criteria(place, "plain", i)[0] for i in range(2)]
    (place / "ledger.sqlite").unlink()
    return found


def test_submitit_gives_the_same_verdicts(harness, place, expected):  # noqa: F811
    status, _, err = harness("run", "-m", *WORDS, *GRID, "launcher=submitit", "hydra.sweep.dir=s")
    assert status == 0, err
    assert [criteria(place, "s", i)[0] for i in range(2)] == expected
    assert {criteria(place, "s", i)[1]["status"] for i in range(2)} == {"confirmatory"}


@pytest.mark.parametrize("extra", ["joblib", "submitit", "ray"])
def test_a_launcher_that_is_not_installed_names_the_line_to_type(place, tmp_path, extra):  # noqa: F811
    """The plugin is hidden from the interpreter, as if it had not been installed."""
    hide = (
        "import sys, importlib.abc\n"
        "class Hide(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.startswith('hydra_plugins.hydra_{extra}'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hide())\n"
        "import pkgutil\n"
        "real = pkgutil.walk_packages\n"
        "def walk(path=None, prefix='', onerror=None):\n"
        f"    return (m for m in real(path, prefix, onerror) if 'hydra_{extra}' not in m.name)\n"
        "pkgutil.walk_packages = walk\n"
        "from harness.cli.main import main\n"
        f"sys.exit(main(['run', '-m', *{WORDS!r}, 'seed=1,2', 'launcher={extra}']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hide], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert (
        f"launcher={extra}: its plugin is not installed; pip install 'harness[{extra}]'"
        in done.stderr
    )
    assert not (place / "outputs").exists()
