"""Used: how many units of each variant are behind a figure, and how many are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from harness.abtest.figures import Floats, has_outcome, values_of
from harness.abtest.log import Log
from harness.abtest.metric import LogMetric

# The usual alarm: one in a thousand honest logs.
MISMATCH = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsUsed:
    """Units of one variant behind one criterion's figure.

    Attributes:
        criterion: The criterion, with the segment's value where it has one.
        variant: The variant.
        n_units: Units of the variant, or of the segment in it.
        n_used: Units whose value is in the figure.
        n_missing: Units without a value, which are not.
        n_without_covariate: Used units without a covariate; None where the metric has none.
        n_measurements: quantile: measurements behind the figure; None otherwise.
        n_measurements_missing: quantile: rows without a measurement; None otherwise.
    """

    criterion: str
    variant: str
    n_units: int
    n_used: int
    n_missing: int
    n_without_covariate: int | None = None
    n_measurements: int | None = None
    n_measurements_missing: int | None = None


def units_used(criterion: str, metric: LogMetric, log: Log) -> tuple[UnitsUsed, ...]:
    """Counts by variant, control first.

    Args:
        criterion: Name of the criterion.
        metric: What it measures.
        log: The log, or a segment of it.
    """
    if metric.kind == "quantile":
        return _measurements_used(criterion, metric, log)
    values = values_of(metric, log.frame)
    used = has_outcome(values)
    without = ~_has_covariate(values) if metric.covariate else None
    counts = []
    for code, variant in enumerate(log.variants):
        side = log.arm == code
        n_units, n_used = int(side.sum()), int((used & side).sum())
        counts.append(
            UnitsUsed(
                criterion=criterion,
                variant=variant,
                n_units=n_units,
                n_used=n_used,
                n_missing=n_units - n_used,
                n_without_covariate=None if without is None else int((without & used & side).sum()),
            )
        )
    return tuple(counts)


def missing_problem(metric: LogMetric, log: Log) -> str | None:
    """Why two variants' figures may not be compared, where values are missing from them.

    Args:
        metric: What is compared.
        log: Control and one treatment.

    Returns:
        A key of PROBLEMS, or None.
    """
    if metric.kind == "quantile":
        return "MISSING_UNEQUALLY" if _measurements_lost_unequally(metric, log) else None
    values = values_of(metric, log.frame)
    if _differs(has_outcome(values), log.is_treatment):
        return "MISSING_UNEQUALLY"
    if metric.covariate and _differs(_has_covariate(values), log.is_treatment):
        return "COVARIATE_UNEQUALLY"
    return None


def measurements(
    metric: LogMetric, log: Log
) -> tuple[Floats, NDArray[np.intp], NDArray[np.uint64], NDArray[np.intp]]:
    """A quantile's rows: values with nan, arm and unit of each, and the code of its cluster."""
    rows = log.frame if metric.table is None else log.tables[metric.table]
    arm = log.arm if metric.table is None else rows["arm"].to_numpy(dtype=np.intp)
    unit = log.unit if metric.table is None else rows["unit"].to_numpy()
    cluster, _ = pd.factorize(unit)
    if metric.cluster:  # a row without a cluster belongs to its unit
        codes, names = pd.factorize(rows[metric.cluster])
        cluster = np.where(codes < 0, len(names) + cluster, codes)
    return rows[metric.column].to_numpy(dtype=np.float64), arm, unit, cluster


def _measurements_used(criterion: str, metric: LogMetric, log: Log) -> tuple[UnitsUsed, ...]:
    values, arm, unit, _ = measurements(metric, log)
    known = ~np.isnan(values)
    counts = []
    for code, variant in enumerate(log.variants):
        side = arm == code
        n_units = int((log.arm == code).sum())
        n_used = len(np.unique(unit[known & side]))
        counts.append(
            UnitsUsed(
                criterion=criterion,
                variant=variant,
                n_units=n_units,
                n_used=n_used,
                n_missing=n_units - n_used,
                n_measurements=int((known & side).sum()),
                n_measurements_missing=int((~known & side).sum()),
            )
        )
    return tuple(counts)


def _has_covariate(values: dict[str, Floats]) -> NDArray[np.bool_]:
    parts = [values[name] for name in ("covariate", "per_covariate") if name in values]
    known: NDArray[np.bool_] = np.logical_and.reduce([~np.isnan(part) for part in parts])
    return known


def _differs(known: NDArray[np.bool_], treated: NDArray[np.bool_]) -> bool:
    """Whether values are missing more often in one variant than chance would have it."""
    if known.all() or not known.any():
        return False
    table = [
        [int((known & side).sum()), int((~known & side).sum())] for side in (treated, ~treated)
    ]
    return bool(stats.fisher_exact(np.array(table)).pvalue < MISMATCH)


def _measurements_lost_unequally(metric: LogMetric, log: Log) -> bool:
    """Whether rows without a measurement, such as requests that timed out, differ by variant.

    Their share is a ratio of sums over units, compared by the delta method.
    """
    values, arm, unit, _ = measurements(metric, log)
    lost = np.isnan(values)
    if not lost.any():
        return False
    shares, variances = [], []
    for code in (0, 1):
        side = arm == code
        if not side.any():
            return False
        _, units = np.unique(unit[side], return_inverse=True)
        n_rows = np.bincount(units).astype(np.float64)
        n_lost = np.bincount(units, weights=lost[side])
        share = n_lost.sum() / n_rows.sum()
        shares.append(share)
        variances.append(((n_lost - share * n_rows) ** 2).sum() / n_rows.sum() ** 2)
    error = float(np.sqrt(sum(variances)))
    if error == 0:
        return bool(shares[0] != shares[1])
    return 2 * float(stats.norm.sf(abs(shares[1] - shares[0]) / error)) < MISMATCH
