"""Kills a promote, rollback and register at each of its steps, and looks at what is left.

Run by a test: everything is imported once, what a fork would import later as well, and each attempt is a fork that is
killed (SIGKILL) at the n-th call MLflow gets. Prints how many attempts at each were killed and what they left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

FOLDER, EXTRA = Path(sys.argv[1]), Path(sys.argv[2])
# Calls that change something; a kill between two that only read leaves what the next one leaves.
COUNTED = [
    "create_model_version",
    "create_registered_model",
    "set_registered_model_alias",
    "delete_registered_model_alias",
    "create_run",
    "log_artifacts",
    "set_terminated",
]


import mlflow.pyfunc  # noqa: E402
import mlflow.store.model_registry.sqlalchemy_store  # noqa: E402
import mlflow.store.tracking.sqlalchemy_store  # noqa: E402, F401
import sqlalchemy.dialects.sqlite  # noqa: E402, F401
import xgboost  # noqa: E402, F401
from mlflow.tracking import MlflowClient  # noqa: E402

import harness.bundle.pyfunc  # noqa: E402
import harness.registry.live  # noqa: E402, F401
from harness.bundle import load_bundle  # noqa: E402
from harness.bundle.export import export_mlflow  # noqa: E402
from harness.errors import RegistryError  # noqa: E402
from harness.registry import Registry, promote, register, rollback, standing_of  # noqa: E402
from harness.registry.journal import read_moves  # noqa: E402
from harness.registry.versions import versions_of  # noqa: E402


def forked(work) -> int:
    """Run in a fork; its exit status, or minus the signal that killed it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - a fork ends here, whatever happened
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(7)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def act(what: str, registry: Registry) -> None:
    if what == "promote":
        promote(registry, "churn", "2")
    elif what == "rollback":
        rollback(registry, "churn")
    else:
        register(registry, EXTRA, "churn")


def look(registry: Registry) -> list:
    champion = standing_of(read_moves(registry, "churn")).champion
    return [champion, len(versions_of(registry, "churn"))]


def told_by(work) -> dict:
    """What some work in a fork wrote down."""
    out = FOLDER / "told.json"
    status = forked(lambda: out.write_text(json.dumps(work())))
    assert status == 0, status
    return json.loads(out.read_text())


def left_and_again(what: str, file: Path) -> dict:
    """What is there now, and after asking again."""
    registry = Registry(str(file))
    left = look(registry)
    try:
        act(what, registry)
    except RegistryError:
        if what != "rollback":  # after one, there is nothing further to go back to
            raise
    aliases = registry.aliases("churn")
    return {"left": left, "again": look(registry), "champion": aliases.get("champion")}


def killing(what: str, file: Path, at: int):
    def work() -> None:
        seen = 0

        def counted(method):
            def call(*words, **named):
                nonlocal seen
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return method(*words, **named)

            return call

        registry = Registry(str(file))
        for name in COUNTED:
            setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))
        act(what, registry)

    return work


def prepare(what: str, file: Path) -> None:
    registry = Registry(str(file))
    promote(registry, "churn", "1")
    if what == "rollback":
        promote(registry, "churn", "2")


def kills(what: str) -> dict[str, int]:
    """How many attempts were killed, and how many of them had come to nothing or to all."""
    base, whole = FOLDER / f"{what}.sqlite", FOLDER / f"{what}-whole.sqlite"
    shutil.copy(FOLDER / "base.sqlite", base)
    assert forked(lambda: prepare(what, base)) == 0
    shutil.copy(base, whole)
    first = told_by(lambda: left_and_again(what, whole))
    before, after = first["left"], first["again"]
    assert before != after
    told = {"killed": 0, "before": 0, "after": 0}
    for step in range(1, 100):
        file = FOLDER / f"{what}-{step}.sqlite"
        shutil.copy(base, file)
        status = forked(killing(what, file, step))
        if status == 0:  # past the last call
            break
        assert status == -signal.SIGKILL, status
        seen = told_by(lambda f=file: left_and_again(what, f))
        assert seen["left"] in (before, after), (what, step, seen)
        assert seen["again"] == after, (what, step, seen)
        if what != "register":
            assert seen["champion"] == after[0]
        told["killed"] += 1
        told["after" if seen["left"] == after else "before"] += 1
        file.unlink()
    return told


# MLflow looks through every installed package once; the forks need not do it each.
export_mlflow(load_bundle(EXTRA), EXTRA, FOLDER / "exported")
print(json.dumps({what: kills(what) for what in ("promote", "rollback", "register")}))
