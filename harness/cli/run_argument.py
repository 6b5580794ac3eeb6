"""Run argument: the run a user means by a folder, a sweep's folder or `last`, checked as one thing."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.artefacts import find_run
from harness.artefacts.bundle_files import MANIFEST
from harness.artefacts.one_run import BUNDLE, OneRun, open_run
from harness.artefacts.run_folder import RECORD
from harness.errors import ArtefactError


def run_folder(name: str, *, having: str = RECORD) -> Path:
    """The run's folder; which one was taken is said, where the name leaves it open.

    Args:
        name: Folder of a run or a sweep, or `last`.
        having: File the run has to have.

    Raises:
        ArtefactError: If there is none.
    """
    found = find_run(name, having=having)
    if found.note:
        print(found.note, file=sys.stderr)
    return found.folder


def checked_run(name: str, *, having: str = RECORD) -> OneRun:
    """The run, once its files are seen to agree; arguments as `run_folder`.

    Raises:
        ArtefactError: If there is none, or its files disagree.
        BundleError: If its bundle is damaged, or the run is not signed and has to be.
    """
    return open_run(run_folder(name, having=having))


def bundle_folder(name: str) -> Path:
    """A bundle's folder: named itself, or by its run, which then has to be finished and whole.

    Whether the bundle is signed is asked where it is loaded.

    Raises:
        ArtefactError: If there is none, or the run's files disagree.
    """
    folder = Path(name)
    if (folder / MANIFEST).is_file():
        return folder
    has_no_bundle = (folder / RECORD).is_file() and not (folder / BUNDLE).exists()
    if has_no_bundle and open_run(folder, ask_signature=False).is_trial:
        raise ArtefactError(
            f"{name}: a trial on validation, which has no bundle; judge the candidate with harness run"
        )
    run = open_run(run_folder(name, having=f"{BUNDLE}/{MANIFEST}"), ask_signature=False)
    run.judged()
    return run.folder / BUNDLE
