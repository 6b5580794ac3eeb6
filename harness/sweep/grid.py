"""Grid: every combination of the values listed, fixed in the ledger, then launched at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.sweep.current import current
from harness.sweep.job_words import job_words
from harness.sweep.live import SweepWatch
from harness.sweep.plan import plan_grid
from harness.sweep.progress import say
from harness.sweep.reserve import reserve_looks, test_fingerprints
from harness.sweep.sweep_file import begin_sweep, is_done
from harness.sweep.warm import warm_pool


def sweep_grid(launcher: Any, config: Any, words: Sequence[str]) -> list[Any]:
    """Plan, reserve and launch; jobs that are done are left alone.

    Args:
        launcher: Hydra's launcher, set up.
        config: Hydra's config of the sweep.
        words: Overrides, some of them lists of values.

    Returns:
        What the launcher returned for each job it launched.

    Raises:
        ConfigError: If a job cannot be meant, or the folder holds another sweep.
    """
    plan = plan_grid(words, config_dir=current.config_dir, config_name=current.config_name)
    for note in plan.notes():
        say(note)
    folder = Path(config.hydra.sweep.dir)
    protocols = {job.protocol: job.settings for job in reversed(plan.jobs)}
    with warm_pool(config.hydra.launcher):
        tests = test_fingerprints(plan.jobs)
        begin_sweep(
            folder,
            words,
            protocols,
            tests,
            {job.number: job.candidate for job in plan.jobs},
            is_resumed=current.is_resumed,
        )
        reserve_looks(plan.jobs)  # once nothing else can refuse the sweep: a reservation stays
    todo = [job for job in plan.jobs if not is_done(folder / str(job.number))]
    watch = SweepWatch(folder, len(plan.jobs))
    watch.expect([job.number for job in todo], n_done=len(plan.jobs) - len(todo))
    with watch.running():
        jobs = [job_words(job.words, folder, job.number) for job in todo]
        return list(launcher.launch(jobs, initial_job_idx=0))
