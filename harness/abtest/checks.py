"""Checks of a log: whether its units may be compared at all."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scipy import stats

from harness.abtest.bounds import Looks
from harness.abtest.log import Log
from harness.abtest.used import MISMATCH
from harness.artefacts.figure import figure
from harness.settings import AbtestSettings

# Differences shrink by the share of rows that control answered in a treatment's place: by a twentieth
# at most, which is little beside chance, but would let harm pass a margin if it were a half.
MOST_FALLBACKS = 0.05


def planned_shares(log: Log, settings: AbtestSettings) -> dict[str, float]:
    """Planned share of each treatment among itself and control."""
    planned: dict[str, float] = dict(settings.shares)
    if not planned:
        return dict.fromkeys(log.treatments, settings.share)
    control = planned[log.control]
    return {name: planned[name] / (planned[name] + control) for name in log.treatments}


def broken_assignment(log: Log, shares: Mapping[str, float], looks: Looks) -> list[str]:
    """Sentences on why the variants cannot be compared; empty when they can.

    Args:
        log: The log.
        shares: Planned share of each treatment among itself and control.
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
    for name, (n_fallbacks, n_rows) in log.fallbacks.items():
        if n_fallbacks > MOST_FALLBACKS * n_rows:
            sentences.append(
                f"{figure(n_fallbacks / n_rows, 'share')} of the rows of {name} were answered by the "
                f"champion in its place, at most {figure(MOST_FALLBACKS, 'share')} may be: the champion "
                f"would be compared with itself. Find out why {name} failed (the server's log says), and "
                "start again."
            )
    for name in log.treatments:
        pair = log.against(name)
        n, n_treated = len(pair), int(pair.is_treatment.sum())
        if is_mismatched(n_treated, n, shares[name], looks, n_tests=len(log.treatments)):
            sentences.append(
                f"Sample-ratio mismatch: {n_treated:,} of {n:,} units got {name} "
                f"({figure(n_treated / n, 'share')}), planned were {figure(shares[name], 'share')} "
                f"(p < {MISMATCH}); units were lost or assigned unequally, so the variants are not "
                f"alike. If the design was another, write its share, {_key(log)}."
            )
    return sentences


def _key(log: Log) -> str:
    if len(log.treatments) > 1:
        return f"+abtest.shares={{{', '.join(f'{name}: ...' for name in log.variants)}}}"
    return f"abtest.share=(planned share of {log.treatment})"


def is_mismatched(n_treated: int, n: int, share: float, looks: Looks, n_tests: int = 1) -> bool:
    """Whether so uneven a split would occur by chance less than once in a thousand.

    An exact binomial test at a single look (as in Fabijan et al. 2019, "Diagnosing sample
    ratio mismatch in online controlled experiments"); the time-uniform bound where the log
    is looked at often. Several treatments share the thousandth.
    """
    if not looks.is_sequential:
        return bool(stats.binomtest(n_treated, n, share).pvalue < MISMATCH / n_tests)
    error = math.sqrt(n * share * (1 - share))
    return abs(n_treated - n * share) / error > looks.quantile(MISMATCH / n_tests / 2)
