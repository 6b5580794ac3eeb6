"""Run page: report.html, one self-contained page a product manager understands."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.config.fingerprint import candidate_dict, protocol_dict
from harness.config.flat import flat
from harness.data.split import describe
from harness.decision import criteria_of
from harness.evidence import find_metric
from harness.report import plots
from harness.report.page import asked_of, decision_values, render
from harness.report.protocol_document import asks
from harness.result import RunResult

_SHOWN_SEGMENTS = 24


def run_page(result: RunResult, overrides: tuple[str, ...] = ()) -> str:
    """The report of one run as HTML."""
    primary = find_metric(result.settings.criteria.primary_metrics[0])
    row_metric = primary if primary.name in result.validation_metrics else find_metric("pr_auc")
    shown = tuple(f for f in result.segments)[:_SHOWN_SEGMENTS]
    place = result.split.windows.judged
    judged = result.predictions[result.predictions["window"] == place]
    label, alert = judged["label"].to_numpy(), judged["alert"].to_numpy()
    outcome = result.settings.criteria.outcome_values
    trial, split = result.trial, result.split
    local = result.dataset.local_time()
    windows = [
        (name, local[rows])
        for name, rows in (
            ("train", split.train),
            ("validation", split.validation),
            (place, split.test),
        )
    ]
    return render(
        "run.html.j2",
        **decision_values(
            result.decision, _asks(result), ("baseline", "candidate"), is_trial=result.look.is_trial
        ),
        result=result,
        place=place,
        title=result.settings.dataset.description or f"predicting {result.dataset.roles.label}",
        primary=row_metric,
        n_blocks=max((v.n_blocks for v in result.decision.criteria if v.is_primary), default=0),
        lag1=next((v.lag1 for v in result.decision.criteria if v.is_primary), None),
        effect=next((v.design_effect for v in result.decision.criteria if v.is_primary), None),
        confusion=_confusion(label, alert),
        segments_shown=shown,
        windows=[
            {
                "name": name,
                "rows": len(time),
                "from": f"{time.min():%Y-%m-%d %H:%M}",
                "to": f"{time.max():%Y-%m-%d %H:%M}",
                "rate": float(result.dataset.label[rows].mean()),
            }
            for (name, time), rows in zip(
                windows, (split.train, split.validation, split.test), strict=True
            )
        ],
        windows_text=describe(split.windows),
        latency={
            "n": len(result.latency_ms),
            "p50": float(np.quantile(result.latency_ms, 0.5)),
            "p99": float(np.quantile(result.latency_ms, 0.99)),
        },
        overrides=overrides,
        protocol=list(flat(protocol_dict(result.settings)).items()),
        candidate=list(flat(candidate_dict(result.settings)).items()),
        plots={
            "series": _series(result),
            "split": plots.split_picture(windows, result.metrics[0].candidate.n_blocks),
            "curves": plots.roc_and_pr(result.curves, result.baseline_curves, float(label.mean())),
            "calibration": plots.calibration(result.curves, trial.threshold.value),
            "threshold": plots.threshold_curve(
                trial.threshold.curve, trial.threshold.value, outcome.unit
            ),
            "time": plots.over_time(
                result.periods, row_metric.name, row_metric.title, row_metric.unit
            ),
            "segments": plots.segments(shown, row_metric.name, row_metric.title, row_metric.unit)
            if shown
            else "",
        },
    )


def _series(result: RunResult) -> str:
    series = result.series
    verdict = next(v for v in result.decision.criteria if v.is_primary)
    if series is None or verdict.estimate is None or not np.isfinite(series.values).all():
        return ""
    metric = find_metric(series.metric)
    return plots.series_picture(series, verdict.line, verdict.estimate, metric.title, metric.unit)


def _asks(result: RunResult) -> list[str]:
    """What each verdict's criterion asks, in words."""
    return asked_of(
        result.decision,
        {c.name: asks(c) for c in criteria_of(result.settings.criteria)},
    )


def _confusion(label: Any, alert: Any) -> dict[str, int]:
    return {
        "true_positive": int((label & alert).sum()),
        "false_positive": int((~label & alert).sum()),
        "false_negative": int((label & ~alert).sum()),
        "true_negative": int((~label & ~alert).sum()),
    }
