"""Reserve: a sweep's candidates are fixed in the ledger before any of them is scored."""

from __future__ import annotations

from collections.abc import Sequence

from harness.ledger import Chain, ledger_path, reserve
from harness.prepare import prepare
from harness.sweep.plan import Job


def reserve_looks(jobs: Sequence[Job]) -> dict[str, str]:
    """Write one reservation per protocol of the sweep, in the launching process.

    Planned blind looks are spent one by one, and a winner chosen on validation is judged
    alone: neither is reserved.

    Args:
        jobs: The sweep's jobs.

    Returns:
        Fingerprint of the test rows, by protocol.

    Raises:
        HarnessError: If the data or the ledger cannot be read.
    """
    by_protocol: dict[str, list[Job]] = {}
    for job in jobs:
        by_protocol.setdefault(job.protocol, []).append(job)
    tests = {}
    for protocol, family in by_protocol.items():
        first = family[0].settings
        prepared = prepare(first)
        tests[protocol] = prepared.test_fingerprint
        if first.holdout.looks > 1 or first.holdout.select != "all":
            continue
        with Chain(ledger_path(first.running.ledger)) as chain:
            reserve(
                chain,
                prepared.window,
                protocol,
                prepared.test_fingerprint,
                [job.candidate for job in family],
            )
    return tests
