"""Reserve: a sweep's candidates are fixed in the ledger before any of them is scored."""

from __future__ import annotations

from collections.abc import Sequence

from harness.config import candidate_fingerprint, protocol_fingerprint
from harness.settings import RunSettings


def reserve_looks(jobs: Sequence[RunSettings]) -> None:
    """Write one reservation per protocol of the sweep, in the launching process.

    Planned blind looks are spent one by one, and a winner chosen on validation is judged
    alone: neither is reserved.

    Args:
        jobs: The sweep's configs, checked.

    Raises:
        HarnessError: If the data or the ledger cannot be read.
    """
    by_protocol: dict[str, list[RunSettings]] = {}
    for settings in jobs:
        if settings.holdout.looks == 1 and settings.holdout.select == "all":
            by_protocol.setdefault(protocol_fingerprint(settings), []).append(settings)
    if not by_protocol:
        return

    from harness.data import read_dataset, rows_fingerprint, split_windows
    from harness.data.cache import cache_folder
    from harness.ledger import Chain, labelled_window, ledger_path, reserve

    for protocol, candidates in by_protocol.items():
        first = candidates[0]
        dataset = read_dataset(first.dataset, cache_folder(first.running.cache_dir))
        test = split_windows(first.split, dataset)[-1].test
        window, rows = labelled_window(dataset, test), rows_fingerprint(dataset, test)
        with Chain(ledger_path(first.running.ledger)) as chain:
            reserve(chain, window, protocol, rows, [candidate_fingerprint(s) for s in candidates])
