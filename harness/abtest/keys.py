"""Keys: what units, variants and clusters are called, one text for one key in every file.

A key is the text it was written in, and never a number: 1234567890123456789 stays itself, and
"00123" is not 123. Only what a float column adds is taken off again, so that 123.0, as one null
among whole numbers leaves it, is 123.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import DataError

# Whole numbers above this share one float with their neighbours.
_EXACT = 2**53
# A float as pandas and Arrow write it: with a point, or with an exponent and its sign. "1E1" is none.
_FLOAT_MARK = r"\.|[eE]\+"
_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE]\+\d+)?"


def text_keys(key: str, column: pd.Series) -> pd.Series:
    """A column's keys as text, null where a row has none.

    Args:
        key: Config key that named the column, for errors.
        column: The column, read as text.

    Raises:
        DataError: If the keys went through a float that cannot hold them.

    Example:
        >>> text_keys("abtest.unit", pd.Series(["12.0", None, "7.0"])).tolist()
        ['12', <NA>, '7']
        >>> text_keys("abtest.unit", pd.Series(["00123", "1234567890123456789"])).tolist()
        ['00123', '1234567890123456789']
    """
    text = column.astype("string")
    text = text.mask(text.str.strip() == "")
    as_float = text.str.contains(_FLOAT_MARK).fillna(False).to_numpy(dtype=bool)
    if not as_float.any() or not text.dropna().str.fullmatch(_NUMBER).all():
        return text
    whole = {written: _whole(written) for written in text[as_float].unique()}
    if None in whole.values():
        return text  # real decimals: what they name is for the user to know
    lost = next((w for w, number in whole.items() if number and abs(int(number)) > _EXACT), None)
    if lost is not None:
        raise DataError(
            f"{key}: column '{column.name}' holds {lost}, a decimal number too large to tell one "
            "whole number from the next, so its keys lost their last digits; write them as whole "
            "numbers or as text"
        )
    return text.where(~as_float, text.map(whole))


def key_hashes(keys: pd.Series) -> NDArray[np.uint64]:
    """A hash of each key, the same in every file, shape (n_rows,)."""
    hashed: NDArray[np.uint64] = pd.util.hash_array(keys.astype("string").to_numpy(dtype=object))
    return hashed


def _whole(written: str) -> str | None:
    value = Decimal(written)
    return f"{int(value)}" if value == value.to_integral_value() else None
