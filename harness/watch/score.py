"""Score: all new rows, scored by the bundle as serving would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.bundle import Bundle
from harness.data.rows_source import LOG_ALERT, LOG_SCORE, RowsSource
from harness.errors import BundleError
from harness.monitor.profile import category_of, numbers_of

Floats = NDArray[np.float64]


def score_rows(
    bundle: Bundle, source: RowsSource, present: Sequence[str]
) -> tuple[Floats | None, NDArray[np.bool_] | None, str | None]:
    """Scores and alerts of all rows; None where columns are missing or rows are refused.

    Unreadable values count as null: serving would refuse the row, and the profile counts them.

    Args:
        bundle: What scores.
        source: The rows.
        present: Columns of the bundle that the source has.

    Returns:
        Scores, alerts, and why rows are refused.
    """
    schema = bundle.schema
    if len(present) < len(schema.columns):
        if source.is_log and not present:  # logged without the rows themselves
            told = source.read([LOG_SCORE, LOG_ALERT])
            return (
                told[LOG_SCORE].to_numpy(dtype=np.float64),
                told[LOG_ALERT].to_numpy(dtype=bool),
                None,
            )
        return None, None, None
    found = []
    try:
        for piece in source.row_pieces(schema.columns):
            clean: dict[str, Any] = {name: numbers_of(piece[name])[0] for name in schema.numeric}
            clean |= {name: category_of(piece[name]) for name in schema.categorical}
            found.append(bundle.score(pd.DataFrame(clean)))
    except BundleError as error:
        return None, None, f"no row can be scored: {error}"
    score = np.concatenate(found)
    return score, score >= bundle.threshold, None
