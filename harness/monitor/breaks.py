"""Breaks: changes of a column that no weather explains, and that someone has to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.monitor.columns import MIN_ROWS
from harness.monitor.drift import ColumnDrift
from harness.monitor.profile import ColumnProfile, Profile
from harness.monitor.reference import Reference
from harness.monitor.units import unit_change
from harness.settings.monitoring import MonitoringSettings

_UNREADABLE = 0.01
_REPEATED = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One thing that is wrong with a column, or with the table.

    Attributes:
        code: MISSING, EMPTY, UNREADABLE, NULLS, UNSEEN, CONSTANT, UNIT, RANGE, OUTSIDE, SAME_FEED,
            REPEATED, TYPE or NEW.
        column: Where; empty for the whole table.
        is_serious: Whether it raises an alert on its own.
        sentence: What is seen, and what to look at.
    """

    code: str
    column: str
    is_serious: bool
    sentence: str


def find_breaks(
    reference: Reference,
    window: Profile,
    drifts: Mapping[str, ColumnDrift],
    settings: MonitoringSettings,
    days: float,
    extra: Sequence[str] = (),
) -> list[Break]:
    """Everything that broke, the most serious first.

    Args:
        reference: The world the model was judged in.
        window: Columns now.
        drifts: How the columns present differ.
        settings: What counts as large.
        days: Length of the window.
        extra: Columns of the table that the model does not use and never saw.
    """
    found = []
    for name, then in reference.profile.columns.items():
        now = window.columns.get(name)
        if now is None:
            text = f"{name} is missing from the table; without it no row can be scored"
            found.append(Break(code="MISSING", column=name, is_serious=True, sentence=text))
        elif now.n_rows:
            found += breaks_of_column(then, now, drifts[name], settings)
            if stuck := _stuck(then, now, drifts[name], reference.constant_days[name], days):
                found.append(stuck)
    found += _same_feed(reference.profile, window)
    if repeated := _repeated(reference.profile, window):
        found.append(repeated)
    if extra:
        shown = ", ".join(extra[:5]) + (f" and {len(extra) - 5} more" if extra[5:] else "")
        text = f"columns the model does not use and the protocol does not name: {shown}"
        found.append(Break(code="NEW", column="", is_serious=False, sentence=text))
    return sorted(found, key=lambda b: not b.is_serious)


def breaks_of_column(
    then: ColumnProfile, now: ColumnProfile, drift: ColumnDrift, settings: MonitoringSettings
) -> list[Break]:
    """What broke in one column, of the whole window or of a segment of it.

    Args:
        then: The column in the reference.
        now: The column in the window, with at least one row.
        drift: How they differ.
        settings: What counts as large.
    """
    name, found = then.name, []

    def add(code: str, sentence: str, *, is_serious: bool = True) -> None:
        found.append(Break(code=code, column=name, is_serious=is_serious, sentence=sentence))

    if now.n_unreadable / now.n_rows > _UNREADABLE:
        share = 100 * now.n_unreadable / now.n_rows
        add("UNREADABLE", f"{name}: {share:.0f} % of the values are no finite numbers")
    if now.n_valid == 0:
        if then.n_valid:
            add("EMPTY", f"{name} has no value at all; {100 * then.null_share:.0f} % were null")
        return found
    if then.dtype != now.dtype and "null" not in (then.dtype, now.dtype):
        text = f"{name} arrives as {now.dtype} and was {then.dtype}"
        add("TYPE", text, is_serious=False)
    surge = drift.null_now - drift.null_then
    if drift.has_drifted and abs(surge) > drift.null_limit:
        word = "lost" if surge > 0 else "gained"
        add(
            "NULLS",
            f"{name} {word} values: {100 * drift.null_now:.0f} % are null, "
            f"{100 * drift.null_then:.0f} % were",
        )
    if drift.unseen_share > settings.max_unseen_share and now.n_rows >= MIN_ROWS:
        add("UNSEEN", _unseen(then, now, drift.unseen_share))
    if (
        share := share_far_outside(then, now)
    ) > settings.max_unseen_share and now.n_rows >= MIN_ROWS:
        add("RANGE", f"{name}: {100 * share:.0f} % of the values lie far outside everything seen")
    elif drift.has_left_range and then.sketch is not None:
        low, high = then.sketch.values[[0, -1]]
        add(
            "OUTSIDE",
            f"{name}: {100 * drift.outside_share:.1f} % of the values lie outside the training "
            f"range {low:.6g} .. {high:.6g}; {100 * drift.outside_limit:.1f} % would be usual",
        )
    is_far = drift.has_drifted and drift.distance > drift.limit
    if is_far and now.n_valid >= MIN_ROWS and then.sketch is not None and now.sketch is not None:
        unit = unit_change(then.sketch, now.sketch)
        if unit:
            add("UNIT", f"{name}: {unit}; has the unit changed?")
    return found


def _stuck(
    then: ColumnProfile, now: ColumnProfile, drift: ColumnDrift, constant_days: float, days: float
) -> Break | None:
    """A column with one value for longer than it ever had one.

    Where periods have too few rows to tell, the distance has to show it.
    """
    if now.n_valid < MIN_ROWS:
        return None
    values = now.sketch.values if now.sketch is not None else list(now.counts)
    varied = then.sketch.values if then.sketch is not None else list(then.counts)
    if len(values) != 1 or len(varied) < 2:
        return None
    is_far = drift.has_drifted and drift.distance > drift.limit
    if constant_days >= days or (np.isnan(constant_days) and not is_far):
        return None
    value = f"{values[0]:g}" if now.sketch is not None else f"'{values[0]}'"
    text = f"{then.name} is {value} in every row; does it still flow?"
    return Break(code="CONSTANT", column=then.name, is_serious=True, sentence=text)


def share_far_outside(then: ColumnProfile, now: ColumnProfile) -> float:
    """Share of values more than half the reference's range beyond its ends."""
    if then.sketch is None or now.sketch is None or not then.sketch.n or not now.sketch.n:
        return 0.0
    low, high = then.sketch.values[[0, -1]]
    margin = (high - low) / 2
    below, upto = now.sketch.cdf(np.array([low - margin, high + margin]))
    return float(below[0] + 1 - upto[1])


def _unseen(then: ColumnProfile, now: ColumnProfile, share: float) -> str:
    new = [name for name in now.counts if name not in then.counts]
    shown = ", ".join(f"'{name}'" for name in new[:3])
    return f"{then.name}: {100 * share:.0f} % of rows have categories never seen ({shown})"


def _same_feed(reference: Profile, window: Profile) -> list[Break]:
    """Columns that carry the very same values now, and did not then."""
    found = []
    by_content: dict[tuple[str, int], list[str]] = {}
    for name, column in window.columns.items():
        is_varied = (
            len(column.sketch.values) > 2 if column.sketch is not None else len(column.counts) > 2
        )
        if column.n_valid >= MIN_ROWS and is_varied:
            by_content.setdefault((column.kind, column.content), []).append(name)
    for names in by_content.values():
        then: Sequence[int] = [
            reference.columns[name].content for name in names if name in reference.columns
        ]
        if len(names) > 1 and len(set(then)) > 1:
            text = f"{' and '.join(names)} carry the same values now; is one feed connected twice?"
            found.append(Break(code="SAME_FEED", column=names[0], is_serious=True, sentence=text))
    return found


def _repeated(reference: Profile, window: Profile) -> Break | None:
    is_whole = len(window.columns) == len(reference.columns)
    if window.n_rows < MIN_ROWS or not reference.n_rows or not is_whole:
        return None
    then, now = reference.n_repeated / reference.n_rows, window.n_repeated / window.n_rows
    if now - then <= _REPEATED:
        return None
    text = (
        f"{100 * now:.0f} % of rows repeat another row in every column ({100 * then:.0f} % did); "
        "were they delivered twice?"
    )
    return Break(code="REPEATED", column="", is_serious=True, sentence=text)
