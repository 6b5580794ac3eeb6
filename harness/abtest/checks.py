"""Checks of a log: whether its units may be compared at all."""

from __future__ import annotations

import math

from scipy import stats

from harness.abtest.bounds import Looks
from harness.abtest.log import Log
from harness.artefacts.figure import figure

# The usual alarm: one in a thousand honest logs.
MISMATCH = 0.001


def broken_assignment(log: Log, share: float, looks: Looks) -> list[str]:
    """Sentences on why the two variants cannot be compared; empty when they can.

    Args:
        log: The log.
        share: Planned share of treatment.
        looks: How often the log is looked at; the check holds at all looks together.
    """
    sentences = []
    if log.contaminated:
        sentences.append(
            f"{log.contaminated:,} units appear in more than one variant, so nobody knows which one "
            "acted on them: find out why assignment was not sticky, and start again."
        )
    if log.duplicated:
        sentences.append(
            f"{log.duplicated:,} units appear more than once in a variant; the log needs one row per "
            "unit, so add their rows up, or drop the copies."
        )
    n, n_treated = len(log), int(log.is_treatment.sum())
    if is_mismatched(n_treated, n, share, looks):
        sentences.append(
            f"Sample-ratio mismatch: {n_treated:,} of {n:,} units got {log.treatment} "
            f"({figure(n_treated / n, 'share')}), planned were {figure(share, 'share')} (p < {MISMATCH}); "
            "units were lost or assigned unequally, so the variants are not alike."
        )
    return sentences


def is_mismatched(n_treated: int, n: int, share: float, looks: Looks) -> bool:
    """Whether so uneven a split would occur by chance less than once in a thousand.

    An exact binomial test at a single look (as in Fabijan et al. 2019, "Diagnosing sample
    ratio mismatch in online controlled experiments"); the time-uniform bound where the log
    is looked at often.
    """
    if not looks.is_sequential:
        return bool(stats.binomtest(n_treated, n, share).pvalue < MISMATCH)
    error = math.sqrt(n * share * (1 - share))
    return abs(n_treated - n * share) / error > looks.quantile(MISMATCH / 2)
