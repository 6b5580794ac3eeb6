"""The docs site: generated pages are as the code is, shown outputs are what commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
SHOWN = ["docs/tutorial.md", "docs/howto/own-table.md", "docs/howto/own-criteria.md",
         "docs/howto/ci-gate.md"]  # fmt: skip


def pages_script(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "scripts/docs_pages.py", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_reference_is_what_the_code_says(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import docs_pages

    remedy = "run: python scripts/docs_pages.py reference"
    assert (DOCS / "reference/config.md").read_text("utf-8") == docs_pages.config_page(), remedy
    shown = " ".join((DOCS / "reference/commands.md").read_text("utf-8").split())
    assert shown == " ".join(docs_pages.commands_page().split()), remedy


def test_a_changed_output_is_told_from_a_changed_figure(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from docs_pages import differences

    assert differences("│ took 1.5 s   │\n", "│ took 12.25 s │\n") == []
    assert differences("PASS 0.5\n", "FAIL 0.5\n")


@pytest.mark.slow
@pytest.mark.parametrize("page", SHOWN)
def test_what_a_page_shows_is_what_its_commands_print(page):
    done = pages_script("check", page)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_asks_no_other_host(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]*src="(https?:[^"]+)', page.read_text("utf-8")
        )
        loaded += re.findall(
            r'<link[^>]*rel="stylesheet"[^>]*href="(https?:[^"]+)', page.read_text()
        )
        assert loaded == [], page.name
        assert not re.search(r"8\s*&lt;\s*--", page.read_text("utf-8")), page  # all was included
    shown = re.sub("<[^>]+>", "", (tmp_path / "failures" / "skew.html").read_text("utf-8"))
    script = (ROOT / "scripts/demo/skew.py").read_text("utf-8")
    assert script.splitlines()[-1].strip() in shown


def test_the_example_workflow_gates_as_the_page_says(tmp_path):
    """Its steps, run in order; what only GitHub has stands in as files and a no-op."""
    text = (DOCS / "howto/gate.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    steps = workflow["jobs"]["gate"]["steps"]
    gate = next(step for step in steps if step.get("id") == "gate")["run"]
    (tmp_path / "run").mkdir()
    (tmp_path / "outputs").mkdir()
    (tmp_path / "harness").write_text("#!/bin/sh\necho '## NO_SHIP'\nexit 1\n")
    (tmp_path / "harness").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }
    done = subprocess.run(["bash", "-e", "-c", gate], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0  # the comment is posted before the job fails
    assert (tmp_path / "summary").read_text() == "## NO_SHIP\n"
    assert (tmp_path / "output").read_text() == "status=1\n"
    assert steps[-1]["run"] == "exit ${{ steps.gate.outputs.status }}"
    commands = [step["run"] for step in steps if step.get("run", "").startswith("harness")]
    assert [command.split()[1] for command in commands] == ["check", "run"]
