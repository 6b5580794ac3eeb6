"""Duration: `3mo`, `6w`, `14d`, `36h`, with calendar units in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import ConfigError

_UNITS = {"y": "years", "mo": "months", "w": "weeks", "d": "days", "h": "hours", "min": "minutes"}
_FORM = re.compile(r"\s*(\d+)\s*(y|mo|w|d|h|min)\s*")


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time; years, months, weeks and days follow the local calendar.

    Example:
        >>> Duration.parse("split.gap", "3mo").before(pd.Timestamp("2013-05-31", tz="UTC"))
        Timestamp('2013-02-28 00:00:00+0000', tz='UTC')
    """

    text: str
    count: int
    unit: str

    @classmethod
    def parse(cls, key: str, text: str) -> Duration:
        """Read a duration written as a whole number and a unit.

        Raises:
            ConfigError: If it is negative or not of that form.
        """
        match = _FORM.fullmatch(str(text))
        if match is None:
            raise ConfigError(
                f"{key}: '{text}' is no duration; write a whole number and one of "
                f"{', '.join(_UNITS)}, such as 14d or 3mo"
            )
        return cls(text=str(text).strip(), count=int(match[1]), unit=match[2])

    def _offset(self) -> Any:
        arguments: dict[str, Any] = {_UNITS[self.unit]: self.count}
        exact = self.unit in ("h", "min")
        return pd.Timedelta(**arguments) if exact else pd.DateOffset(**arguments)

    def before(self, instant: pd.Timestamp) -> pd.Timestamp:
        """The instant this long before, in the instant's own time zone."""
        earlier: pd.Timestamp = instant - self._offset()
        return earlier

    def after_each(self, time: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        """Each UTC time plus this duration, shape (n_rows,)."""
        later = pd.DatetimeIndex(pd.DatetimeIndex(time) + self._offset())
        return later.to_numpy().astype("datetime64[us]")
