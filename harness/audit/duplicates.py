"""Duplicates: test rows that training has already seen, exactly or nearly, and shared entities."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import BLOCK, NOTE, WARN, Finding
from harness.audit.view import View
from harness.data.content_hash import row_hashes
from harness.settings import AuditSettings

# Of a number's 52 binary digits so many are dropped before rows are compared: three decimals stay.
_DROPPED_BITS = 42
_NEAR_COLUMNS = 4
# The last part of training, as long as a test window, shows what repetition is ordinary.
_EARLIER = 0.75
_TIMES_ORDINARY = 1.5
# Entities whose rows all have one label can be learned by heart.
_ONE_LABEL = 0.95


def check_duplicates(view: View, settings: AuditSettings) -> list[Finding]:
    """L07: rows with like features on both sides of the split, and the same label.

    In a table of few categories equal rows are ordinary, so what counts is how many more
    test rows were seen before than late training rows were: copies add to that, and their
    labels agree more often than the base rates say.
    """
    features = view.dataset.features
    findings = _shared(view, row_hashes(features), "the same", settings)
    if not any(f.severity == BLOCK for f in findings) and features.shape[1] >= _NEAR_COLUMNS:
        nearly = _shared(view, row_hashes(_coarse(features)), "nearly the same", settings)
        findings += [f for f in nearly if f.severity == BLOCK]
    return findings + _entities(view)


def _shared(
    view: View, hashes: NDArray[np.uint64], how: str, settings: AuditSettings
) -> list[Finding]:
    split, label = view.split, view.dataset.label
    is_seen, first = _met_before(hashes[split.train], hashes[split.test])
    share = float(is_seen.mean())
    if not is_seen.any():
        return []
    cut = int(_EARLIER * len(split.train))
    ordinary = float(_met_before(hashes[split.train[:cut]], hashes[split.train[cut:]])[0].mean())
    agree = label[split.train][first[is_seen]] == label[split.test][is_seen]
    rate_train, rate_test = label[split.train].mean(), label[split.test][is_seen].mean()
    by_chance = rate_train * rate_test + (1 - rate_train) * (1 - rate_test)
    excess = share - ordinary
    # Copies agree always; of the rows in excess, at least half have to be copies.
    expected = (ordinary * by_chance + excess * (1 + by_chance) / 2) / share
    is_block = (
        excess >= settings.duplicate_share
        and share >= _TIMES_ORDINARY * ordinary
        and float(agree.mean()) >= expected
        and int(is_seen.sum()) >= 30
    )
    return [
        Finding(
            check="L07",
            title="test rows seen in training",
            severity=BLOCK if is_block else NOTE,
            columns=(),
            sentence=f"{share:.1%} of test rows have {how} features as a training row, and the "
            f"same label in {agree.mean():.1%} of them ({by_chance:.1%} by chance); of late training "
            f"rows, {ordinary:.1%} were seen before.",
            evidence={
                "share": round(share, 5),
                "agreeing": round(float(agree.mean()), 5),
                "by_chance": round(float(by_chance), 5),
                "ordinary": round(ordinary, 5),
            },
            advice="Drop repeated rows, or keep an entity on one side with split.entity."
            if is_block
            else "Nothing to do.",
        )
    ]


def _met_before(
    earlier: NDArray[np.uint64], later: NDArray[np.uint64]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Whether each later row is among the earlier ones, and the place of the first such."""
    seen, first = np.unique(earlier, return_index=True)
    position = np.minimum(np.searchsorted(seen, later), len(seen) - 1)
    return seen[position] == later, first[position]


def _coarse(features: pd.DataFrame) -> pd.DataFrame:
    """Features with numbers rounded to three digits, so that rows a rounding apart are alike."""
    columns = {
        str(name): column
        if isinstance(column.dtype, pd.CategoricalDtype)
        else _rounded(column.to_numpy(dtype=np.float64))
        for name, column in features.items()
    }
    return pd.DataFrame(columns, index=features.index, copy=False)


def _rounded(numbers: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The leading bits of each number: sign, exponent and ten bits, rounded; equal for all nulls."""
    bits = np.where(np.isnan(numbers), np.nan, numbers).view(np.uint64)
    half = np.uint64(1 << (_DROPPED_BITS - 1))
    kept: NDArray[np.uint64] = (bits + half) >> np.uint64(_DROPPED_BITS)
    return kept


def _entities(view: View) -> list[Finding]:
    """How many entities of the test window training knows, and whether it knows their label."""
    entity = view.dataset.entity
    if entity is None:
        return []
    codes, _ = pd.factorize(entity)
    train, test = codes[view.split.train], codes[view.split.test]
    share = float(np.isin(test, train).mean())
    if share == 0:
        return []
    size = np.bincount(train)
    positive = np.bincount(train, weights=view.dataset.label[view.split.train])
    several = size > 1
    constant = (positive == 0) | (positive == size)
    one_label = float(constant[several].mean()) if several.any() else 0.0
    base = float(view.dataset.label[view.split.train].mean())
    mean_size = float(size[several].mean()) if several.any() else 1.0
    by_chance = base**mean_size + (1 - base) ** mean_size
    by_heart = one_label >= _ONE_LABEL and one_label >= by_chance + 0.1 and share >= 0.1
    return [
        Finding(
            check="L07",
            title="entities on both sides",
            severity=WARN if by_heart else NOTE,
            columns=(),
            sentence=f"{share:.1%} of test rows are about an entity that training knows; "
            f"{one_label:.1%} of entities with several training rows have one label throughout.",
            evidence={"share": round(share, 4), "one_label": round(one_label, 4)},
            advice="Set split.entity, so that nobody is on both sides: a model can learn them by heart."
            if by_heart
            else "Nothing to do where production meets the same entities again; otherwise set "
            "split.entity.",
        )
    ]


CHECKS: dict[str, ColumnCheck] = {"L07": check_duplicates}
