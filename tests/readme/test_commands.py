"""Every command of README.md and CONTRIBUTING.md, as written, in an empty folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.abtest.test_abtest import make_log
from tests.conftest import make_table

ROOT = Path(__file__).parent.parent.parent
# Commands that would start this very suite again.
RECURSIVE = ("./scripts/test", "./scripts/lint")
FIRST = "./scripts/run"
TABLE = "dataset=table dataset.label=defaulted criteria=ranking running.report=false"


def commands(name: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def environment() -> dict[str, str]:
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HARNESS_VENV": sys.prefix,
        "COLUMNS": "100",
    }


def call(command: str, folder: Path) -> subprocess.CompletedProcess:
    words = command.replace("./scripts/", f"{ROOT}/scripts/")
    return subprocess.run(
        ["bash", "-c", words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def serve(command: str, folder: Path) -> subprocess.Popen:
    """A server of the docs, once it answers."""
    words = shlex.split(command)
    port = words[words.index("--port") + 1]
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=folder, env=os.environ.copy(), start_new_session=True
    )
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port))):
            return process
        time.sleep(0.05)
    raise AssertionError(f"{command}: no answer")


@pytest.fixture
def servers():
    """Servers a test starts; ended with it."""
    started: list[subprocess.Popen] = []
    yield started
    for process in started:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


# Run with their outputs by tests/docs; in README without --quiet, which changes nothing but the noise.
SHOWN = {
    form
    for page in ("docs/tutorial.md", "docs/howto/own-table.md", "docs/howto/own-criteria.md")
    for command in commands(page)
    for form in (command, command.replace(" --quiet", ""))
}
EXPECTED = {
    "harness gate": {0, 1, 3, 4},
    "harness audit dataset.leaky=true": {1},
    "harness monitor last --by week": {1},
    "harness guard flights": {0, 1},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "first"),
    [
        ("README.md", None),
        ("docs/serving.md", f"harness run {TABLE} dataset.path=loans.csv dataset.time=issued"),
        ("docs/monitoring.md", None),
        ("docs/registry.md", None),
    ],
)
def test_every_command_of_a_page_runs_as_written(page, first, tmp_path, servers, monkeypatch):
    """In processes that have imported already; what needs a shell by a shell."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from warm_shell import run_line

    table = make_table(4000).rename(columns={"when": "issued", "y": "defaulted"})
    table["issued"] = table["issued"].min() + (table["issued"] - table["issued"].min()) * 3
    table.to_csv(tmp_path / "loans.csv", index=False)
    make_log(12_000).to_csv(tmp_path / "users.csv", index=False)
    listed = commands(page)
    assert listed
    if page == "README.md":
        listed = [command for command in listed if command not in {FIRST, *SHOWN}]
        assert "harness score last loans.csv --out scores.parquet --keep issued" in listed
    for command in [first, *listed] if first else listed:
        if command in RECURSIVE:
            continue
        if command.startswith("harness serve") and "--dockerfile" not in command:
            servers.append(serve(command, tmp_path))
            continue
        done = run_line(command, tmp_path, environment())
        allowed = next((s for start, s in EXPECTED.items() if command.startswith(start)), {0})
        assert done.returncode in allowed, f"{command}: {done.stderr[-600:]}"
        assert "Traceback" not in done.stderr
        assert "Warning" not in done.stderr, done.stderr


@pytest.mark.slow
def test_the_first_command_decides_and_keeps_its_promises(tmp_path):
    assert commands("README.md")[0] == FIRST
    done = call(FIRST, tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "outputs").glob("*/*")
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    auc = next(m for m in metrics["test"] if m["name"] == "roc_auc")["candidate"]["value"]
    assert 0.70 <= auc <= 0.80, "above 0.80 would mean a leak"
    record = json.loads((run / "run.json").read_text("utf-8"))
    assert record["peak_memory_mb"] <= 1500
    assert record["decision"] in ("SHIP", "NO_SHIP", "INCONCLUSIVE")


def test_contributing_names_scripts_that_are_there():
    for command in commands("CONTRIBUTING.md"):
        assert (ROOT / shlex.split(command)[0]).is_file()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/decisions/README.md"])
def test_every_relative_link_leads_somewhere(name):
    path = ROOT / name
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_path_the_readme_names_is_there():
    for name in re.findall(
        r"`((?:conf|scripts|docs|harness)/[\w/.]+)`", (ROOT / "README.md").read_text()
    ):
        if "stump" not in name:
            assert (ROOT / name).exists(), name
