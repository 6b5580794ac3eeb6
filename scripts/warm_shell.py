"""Warm shell: the docs' commands, each in a process of its own that has its imports behind it.

To start an interpreter and import takes longer than most commands. A process that has imported
everything is forked for each `harness` command instead; what needs a shell gets a real one.
"""

from __future__ import annotations

import os
import runpy
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["harness.runner", "harness.record", "harness.report", "xgboost", "sklearn.ensemble", "mlflow"]
)
_OF_A_SHELL = set("|&;<>()$`*?~")


def run_line(
    line: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a line as a shell would.

    Args:
        line: As typed; `harness ...` and `python FILE ...` are carried out warm.
        folder: Where.
        environment: All variables it sees.
    """
    if not line.startswith(("harness ", "python ")) or _OF_A_SHELL & set(line):
        return subprocess.run(
            ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        out.touch(), err.touch()
        words = shlex.split(line)
        process = _SERVER.Process(
            target=_carry_out, args=(words, str(folder), dict(environment), str(out), str(err))
        )
        process.start()
        process.join()
        status = process.exitcode
        assert status is not None
        return subprocess.CompletedProcess(
            line, status, out.read_text("utf-8"), err.read_text("utf-8")
        )


def _carry_out(
    words: list[str], folder: str, environment: dict[str, str], out: str, err: str
) -> None:
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(os.open(path, os.O_WRONLY), stream.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    program, *sys.argv = words
    if program == "python":
        sys.path[0] = str(Path(sys.argv[0]).parent)
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    sys.argv.insert(0, program)
    from harness.cli.main import entry

    entry()
