"""Predictions: everything needed to decide again, one line per row, no features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.errors import ArtefactError
from harness.evaluation.window import ScoredWindow
from harness.evidence import Blocks, ScoredRows

_SEGMENT = "segment_"


def predictions_frame(
    validation: ScoredWindow, test: ScoredWindow, *, judged: str = "test"
) -> pd.DataFrame:
    """Rows of both windows with scores, alerts, labels, worth, block and segments.

    Args:
        validation: Where the threshold was chosen.
        test: What was judged.
        judged: What that window is called: test, or trial.
    """
    names = ("validation", judged)
    parts = [_frame(names, i, window) for i, window in enumerate((validation, test))]
    return pd.concat(parts, ignore_index=True)


def _frame(names: tuple[str, str], place: int, window: ScoredWindow) -> pd.DataFrame:
    ours, theirs = window.candidate, window.baseline
    codes = np.full(len(ours), place)
    columns: dict[str, object] = {
        "window": pd.Categorical.from_codes(codes, categories=pd.Index(names)),
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
    columns |= {f"{_SEGMENT}{name}": column for name, column in window.segments.items()}
    return pd.DataFrame(columns)


def _blocks(column: pd.Categorical, *, in_time_order: bool) -> Blocks:
    """Blocks by name in order, those without a row left out."""
    counts = np.bincount(column.codes, minlength=len(column.categories))
    used = sorted((str(column.categories[int(i)]), int(i)) for i in np.flatnonzero(counts))
    place = np.zeros(len(counts), dtype=np.intp)
    place[[i for _, i in used]] = np.arange(len(used))
    return Blocks(
        code=place[column.codes],
        names=tuple(name for name, _ in used),
        in_time_order=in_time_order,
    )


def _rows_of(table: pa.Table, window: str) -> pa.Table:
    """Rows of one window; without a copy where they follow each other, as a run writes them."""
    mine = pc.equal(table["window"].cast(pa.string()), window).to_numpy(zero_copy_only=False)
    places = np.flatnonzero(mine)
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return table.slice(int(places[0]), len(places))
    return table.filter(pa.array(mine))


def _used(column: pd.Categorical) -> pd.Categorical:
    """The column without categories that no row has."""
    n_used = np.count_nonzero(np.bincount(column.codes + 1, minlength=1)[1:])
    return column if n_used == len(column.categories) else column.remove_unused_categories()


def read_window(path: Path, window: str, timezone: str, *, in_time_order: bool) -> ScoredWindow:
    """One window of a predictions file, as it was scored.

    Args:
        path: A run's predictions.parquet.
        window: validation, test, or trial.
        timezone: The dataset's zone.
        in_time_order: Whether blocks are periods.

    Raises:
        ArtefactError: If the file is missing, damaged or lacks a column.
    """
    try:
        table = pq.read_table(path, memory_map=True)
        frame = _rows_of(table, window).to_pandas()
        label = frame["label"].to_numpy(dtype=bool)
        blocks = _blocks(pd.Categorical(frame["block"]), in_time_order=in_time_order)
        candidate, baseline = (
            ScoredRows(
                score=frame[f"{side}score"].to_numpy(dtype=np.float64),
                alert=frame[f"{side}alert"].to_numpy(dtype=bool),
                label=label,
                value_if_alert=frame["value_if_alert"].to_numpy(dtype=np.float64),
                value_if_silent=frame["value_if_silent"].to_numpy(dtype=np.float64),
                blocks=blocks,
            )
            for side in ("", "baseline_")
        )
    except (OSError, KeyError, pa.ArrowException) as error:
        raise ArtefactError(
            f"{path}: cannot be judged again ({error}); a run writes it unless the look is sealed"
        ) from error
    segments = {
        name.removeprefix(_SEGMENT): _used(pd.Categorical(frame[name]))
        for name in map(str, frame.columns)
        if name.startswith(_SEGMENT)
    }
    return ScoredWindow(
        rows=frame["row"].to_numpy(dtype=np.intp),
        local_time=pd.DatetimeIndex(frame["time"]).tz_convert(timezone),
        candidate=candidate,
        baseline=baseline,
        segments=segments,
    )
