"""Predictions: everything needed to decide again, one line per row, no features."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.evaluation.window import ScoredWindow


def predictions_frame(validation: ScoredWindow, test: ScoredWindow) -> pd.DataFrame:
    """Rows of both windows with scores, alerts, labels, worth, block and segments."""
    return pd.concat([_frame("validation", validation), _frame("test", test)], ignore_index=True)


def _frame(name: str, window: ScoredWindow) -> pd.DataFrame:
    ours, theirs = window.candidate, window.baseline
    columns: dict[str, object] = {
        "window": pd.Categorical([name] * len(ours), categories=["validation", "test"]),
        "row": window.rows,
        "time": window.local_time.tz_convert("UTC"),
        "block": pd.Categorical(np.array(ours.blocks.names, dtype=object)[ours.blocks.code]),
        "label": ours.label,
        "score": ours.score,
        "alert": ours.alert,
        "baseline_score": theirs.score,
        "baseline_alert": theirs.alert,
        "value_if_alert": ours.value_if_alert,
        "value_if_silent": ours.value_if_silent,
    }
    columns |= {f"segment_{name}": column.astype(str) for name, column in window.segments.items()}
    return pd.DataFrame(columns)
