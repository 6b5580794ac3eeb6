"""Duplicates: test rows that training has already seen."""

from __future__ import annotations

import numpy as np

from harness.audit.finding import BLOCK, NOTE, Finding
from harness.data import Dataset, Split
from harness.data.content_hash import row_hashes
from harness.settings import AuditSettings


def check_duplicates(dataset: Dataset, split: Split, settings: AuditSettings) -> list[Finding]:
    """L07: rows with the same features on both sides of the split, and the same label.

    In a table of few categories equal rows are ordinary, so what counts is the share in
    excess of chance: among equal pairs, labels of unrelated rows agree as often as the
    base rates say; copies always agree.
    """
    hashes = row_hashes(dataset.features)
    train, test = hashes[split.train], hashes[split.test]
    seen, first = np.unique(train, return_index=True)
    position = np.minimum(np.searchsorted(seen, test), len(seen) - 1)
    is_seen = seen[position] == test
    share = float(is_seen.mean())
    if not is_seen.any():
        return []
    label_train, label_test = dataset.label[split.train], dataset.label[split.test]
    agree = label_train[first[position[is_seen]]] == label_test[is_seen]
    rate_train, rate_test = label_train.mean(), label_test[is_seen].mean()
    by_chance = rate_train * rate_test + (1 - rate_train) * (1 - rate_test)
    excess = share * max(0.0, float(agree.mean() - by_chance)) / max(1e-9, float(1 - by_chance))
    is_block = excess >= settings.duplicate_share
    return [
        Finding(
            check="L07",
            title="test rows seen in training",
            severity=BLOCK if is_block else NOTE,
            columns=(),
            sentence=f"{share:.1%} of test rows have the same features as a training row, and the "
            f"same label in {agree.mean():.1%} of them ({by_chance:.1%} by chance).",
            evidence={
                "share": round(share, 5),
                "agreeing": round(float(agree.mean()), 5),
                "by_chance": round(float(by_chance), 5),
                "excess": round(excess, 5),
            },
            advice="Drop repeated rows, or keep an entity on one side with split.entity."
            if is_block
            else "Nothing to do.",
        )
    ]
