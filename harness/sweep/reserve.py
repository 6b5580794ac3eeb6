"""Reserve: a sweep's candidates are fixed in the ledger before any of them is scored."""

from __future__ import annotations

from collections.abc import Sequence

from harness.ledger import Chain, ledger_place, reserve
from harness.prepare import prepare
from harness.sweep.plan import Job


def test_fingerprints(jobs: Sequence[Job]) -> dict[str, str]:
    """Fingerprint of the test rows, by protocol.

    Raises:
        HarnessError: If the data cannot be read.
    """
    return {
        protocol: prepare(family[0].settings).test_fingerprint
        for protocol, family in _families(jobs).items()
    }


def reserve_looks(jobs: Sequence[Job]) -> None:
    """Write one reservation per protocol of the sweep, in the launching process.

    Planned blind looks are spent one by one, and a winner chosen on validation is judged
    alone: neither is reserved.

    Args:
        jobs: The sweep's jobs.

    Raises:
        HarnessError: If the data or the ledger cannot be read.
    """
    for protocol, family in _families(jobs).items():
        first = family[0].settings
        if first.holdout.looks > 1 or first.holdout.select != "all":
            continue
        prepared = prepare(first)
        with Chain(ledger_place(first.running.ledger)) as chain:
            reserve(
                chain,
                prepared.window,
                protocol,
                prepared.test_fingerprint,
                [job.candidate for job in family],
            )


def _families(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.protocol, []).append(job)
    return found
