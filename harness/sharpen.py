"""Sharpen: success criteria of candidates that share one opening, judged with their likeness.

Candidates of a sweep were judged at alpha / k, as if nothing were known of how they hang
together. Their predictions show it. The claim sharpened is the success criterion alone:
which candidates improve. A decision is not changed by it, unless there is no guardrail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.artefacts import read_record
from harness.config import load_criteria
from harness.decision import criteria_of
from harness.decision.judge import baseline_factor, line_of
from harness.errors import HarnessError
from harness.evaluation import ScoredWindow, read_window
from harness.evidence import RowMetric, estimate_contrast, find_metric
from harness.evidence.bounds import influence
from harness.evidence.step_down import step_down


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpened:
    """What step-down max-T proves.

    Attributes:
        metric: The success criterion.
        proven: Folders of the candidates that are proven to meet it.
        has_guardrails: Whether the protocol asks for more than that.
    """

    metric: str
    proven: tuple[str, ...]
    has_guardrails: bool


def sharpen(folders: Sequence[Path]) -> Sharpened | None:
    """Judge the success criterion of runs that share an opening by step-down max-T.

    Args:
        folders: Runs of one protocol on the same test rows.

    Returns:
        What is proven; None where the criterion is no single paired metric over blocks, or a
        run's predictions are gone.
    """
    record = read_record(folders[0]).content
    if "split" not in record["protocol"]:
        return None
    criteria = load_criteria(record["protocol"]["criteria"])
    primaries = [c for c in criteria_of(criteria) if c.is_primary]
    metric = find_metric(primaries[0].metric)
    if len(primaries) > 1 or not isinstance(metric, RowMetric) or criteria.evidence != "proven":
        return None
    zone = record["protocol"]["dataset"]["timezone"]
    in_time = criteria.blocks in ("day", "week")
    factor = baseline_factor(primaries[0], metric)
    line, above = line_of(primaries[0], metric)
    try:
        windows = [
            read_window(f / "predictions.parquet", "test", zone, in_time_order=in_time)
            for f in folders
        ]
    except HarnessError:
        return None
    sign = 1.0 if above else -1.0
    psi = np.stack([sign * _influence(metric, window, factor) for window in windows])
    if not np.isfinite(psi).all():
        return None

    def is_proven(i: int, level: float) -> bool:
        window = windows[i]
        figure = estimate_contrast(
            metric, window.candidate, window.baseline, level, baseline_factor=factor
        )
        if figure.interval is None:
            return False
        return figure.interval.lies_above(line) if above else figure.interval.lies_below(line)

    proven = step_down(psi, criteria.alpha, is_proven)
    return Sharpened(
        metric=metric.name,
        proven=tuple(str(folders[i]) for i in sorted(proven)),
        has_guardrails=bool(criteria.guardrail_metrics),
    )


def _influence(metric: RowMetric, window: ScoredWindow, factor: float) -> Any:
    ours, theirs = metric.sums(window.candidate), metric.sums(window.baseline)
    without = metric.value(ours.sum(axis=0) - ours)
    without = without - factor * metric.value(theirs.sum(axis=0) - theirs)
    return influence(without)
