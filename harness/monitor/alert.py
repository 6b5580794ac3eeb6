"""Alert: everything seen in a window, weighed; one answer with its reasons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from harness.artefacts.card import GREEN, RED, card
from harness.monitor.breaks import Break, find_breaks
from harness.monitor.coverage import LabelCoverage
from harness.monitor.drift import ColumnDrift, compare_columns, compare_score
from harness.monitor.inside import InsideWindow
from harness.monitor.joint import JointChange, compare_joint
from harness.monitor.outcome import Movement, ScoredWindowRows, estimated_metrics, movements
from harness.monitor.profile import Profile, profile_frame
from harness.monitor.reference import SCORE, Reference
from harness.monitor.segments import SegmentDrift, compare_segments
from harness.settings.monitoring import MonitoringSettings

_DAYS_A_YEAR = 365.0
_ONE_DAY = np.timedelta64(1, "D")
_MOST_SENTENCES = 5
_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why there is an alert.

    Attributes:
        code: BREAK, FEATURES, IMPORTANT, SEGMENT, JOINT, SCORE, ALERT_RATE, CONCEPT or METRIC.
        sentence: What is seen.
        advice: What to do about it.
    """

    code: str
    sentence: str
    advice: str


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowReport:
    """What one window of new rows looks like.

    Attributes:
        name: First day of the window, or what the table is called.
        first_day: First day; None without a time column.
        last_day: Last day.
        days: Length that was judged by.
        n_rows: Rows.
        alpha: Chance of a false alarm this window was given.
        is_alert: Whether someone has to look.
        reasons: Why, the gravest first; empty without alert.
        columns: How each column differs, culprits first.
        breaks: What broke.
        score: How the scores' distribution differs; None where no row could be scored.
        movements: Alert rate, labels and metrics.
        estimated: Metrics estimated from scores alone.
        n_labelled: Rows with a known label.
        n_waiting: Rows too young for one.
        n_unlabelled: Rows old enough that have none.
        profile: The window's own profile.
        score_profile: Of its scores.
        segments: How columns differ inside segments, the furthest first.
        joint: How correlations of columns differ, the furthest first.
        coverage: How many rows have an outcome; None where no outcomes were given.
        not_judged: What could not be looked at, or was left out, and why.
    """

    name: str
    first_day: str | None
    last_day: str | None
    days: float
    n_rows: int
    alpha: float
    is_alert: bool
    reasons: tuple[Reason, ...]
    columns: tuple[ColumnDrift, ...]
    breaks: tuple[Break, ...]
    score: ColumnDrift | None
    movements: tuple[Movement, ...]
    estimated: dict[str, float]
    n_labelled: int
    n_waiting: int
    n_unlabelled: int
    profile: Profile
    score_profile: Profile | None
    segments: tuple[SegmentDrift, ...] = ()
    joint: tuple[JointChange, ...] = ()
    coverage: LabelCoverage | None = None
    not_judged: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """The name notebooks look for."""
        title = f"{self.name}: {'ALERT' if self.is_alert else 'quiet'}, {self.n_rows:,} rows"
        lines = [reason.sentence for reason in self.reasons] or [
            "Nothing moved further than it does."
        ]
        rows = [
            (c.name, f"{c.distance:.3f}", f"{c.limit:.3f}", "drifted" if c.has_drifted else "")
            for c in self.columns[:_MOST_SHOWN]
        ]
        heads = ("column", "distance", "limit", "")
        return card(title, RED if self.is_alert else GREEN, lines, heads, rows)

    @property
    def by_advice(self) -> list[tuple[str, list[Reason]]]:
        """Reasons that call for the same, together, in the order of the gravest of each."""
        advice = dict.fromkeys(reason.advice for reason in self.reasons)
        return [(words, [r for r in self.reasons if r.advice == words]) for words in advice]

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """Columns that drifted."""
        return tuple(column for column in self.columns if column.has_drifted)

    @property
    def drifted_segments(self) -> tuple[SegmentDrift, ...]:
        """Columns that drifted inside a segment."""
        return tuple(segment for segment in self.segments if segment.drift.has_drifted)

    @property
    def changed_pairs(self) -> tuple[JointChange, ...]:
        """Pairs of columns whose correlation changed."""
        return tuple(change for change in self.joint if change.has_changed)


def judge_window(
    reference: Reference,
    profile: Profile,
    rows: ScoredWindowRows | None,
    settings: MonitoringSettings,
    *,
    name: str,
    span: tuple[str, str] | None,
    days: float,
    metrics: Sequence[str] = (),
    extra: Sequence[str] = (),
    problem: str | None = None,
    inside: InsideWindow | None = None,
) -> WindowReport:
    """Compare one window with the reference and say whether someone has to look.

    The chance of any false alarm in a year is shared out by days: a window of d days may use
    d / 365 of it, half for columns (3/16 as a whole, 1/8 inside segments, 1/16 for their ranges,
    1/8 for pairs), half for scores and outcomes. That holds for any schedule
    and however the windows depend on each other (Boole's inequality).

    Args:
        reference: The world the model was judged in.
        profile: The window's columns.
        rows: The window as scored; None where it could not be.
        settings: What counts as large, and how many false alarms are accepted.
        name: What the window is called.
        span: Its first and last day; None without a time column.
        days: Its length.
        metrics: Metrics to follow once there are labels.
        extra: Columns the model does not use.
        problem: Why no row could be scored, where it is not a missing column.
        inside: The window inside segments and in pairs of columns; None looks at neither.
    """
    alpha = min(settings.false_alarm_share * days / _DAYS_A_YEAR, settings.false_alarm_share)
    present = list(profile.columns.values())
    drifts = compare_columns(
        reference, present, days, 3 * alpha / 16, settings,
        alpha_outside=alpha / 16, days_since=_days_since(reference, span),
    )  # fmt: skip
    by_name = {d.name: d for d in drifts}
    broken = find_breaks(reference, profile, by_name, settings, days, extra)
    segments: list[SegmentDrift] = []
    joint: list[JointChange] = []
    not_judged = [] if inside is None else list(inside.not_applicable)
    if inside is not None and settings.method != "textbook":
        if reference.segments is not None:
            segments, inner, notes = compare_segments(
                reference.segments, inside.segments, by_name, broken, days, alpha / 8, settings
            )
            broken = sorted([*broken, *inner], key=lambda b: not b.is_serious)
            not_judged += [*reference.segments.left_out, *notes]
        if reference.joint is not None and inside.joint is not None:
            alone = {d.name for d in drifts if d.has_drifted}
            alone |= {b.column for b in broken if b.is_serious}
            joint = compare_joint(
                reference.joint, inside.joint, sorted(alone), days, alpha / 8, settings
            )
    score, score_profile, moved, estimated = None, None, [], {}
    if rows is not None and len(rows.score):
        score_profile = _score_profile(rows)
        score = compare_score(reference, score_profile.columns[SCORE], days, alpha / 4, settings)
        moved = movements(reference, rows, metrics, days, alpha / 4, settings)
        estimated = estimated_metrics(reference, rows.score, rows.alert)
    serious = {b.column for b in broken if b.is_serious}
    columns = sorted(drifts, key=lambda d: (d.name not in serious, not d.has_drifted, -d.excess))
    reasons = [
        *_broken(broken, problem),
        *_drifted(columns, settings),
        *_segments(segments, {b.sentence for b in broken}, settings),
        *_joint(joint),
        *_scores(score),
        *(_moved(m) for m in moved if m.has_moved),
    ]
    return WindowReport(
        name=name,
        first_day=span[0] if span else None,
        last_day=span[1] if span else None,
        days=days,
        n_rows=profile.n_rows,
        alpha=alpha,
        is_alert=bool(reasons),
        reasons=tuple(reasons),
        columns=tuple(columns),
        breaks=tuple(broken),
        score=score,
        movements=tuple(moved),
        estimated=estimated,
        n_labelled=0 if rows is None or rows.labelled is None else len(rows.labelled),
        n_waiting=0 if rows is None else rows.n_waiting,
        n_unlabelled=0 if rows is None else rows.n_unlabelled,
        profile=profile,
        score_profile=score_profile,
        segments=tuple(segments),
        joint=tuple(joint),
        coverage=None if rows is None else rows.coverage,
        not_judged=tuple(not_judged),
    )


def _days_since(reference: Reference, span: tuple[str, str] | None) -> float:
    """Days from the reference's last to the window's last."""
    if span is None:
        return 0.0
    return float((np.datetime64(span[1]) - np.datetime64(reference.last_day)) / _ONE_DAY)


def _score_profile(rows: ScoredWindowRows) -> Profile:
    import pandas as pd

    return profile_frame(pd.DataFrame({SCORE: rows.score}), [SCORE], [])


def _broken(broken: Sequence[Break], problem: str | None) -> list[Reason]:
    found = [
        Reason(
            code="BREAK",
            sentence=b.sentence,
            advice="mend the feed; scores made from it are not to be trusted",
        )
        for b in broken
        if b.is_serious
    ]
    if problem and not found:
        found.append(
            Reason(code="BREAK", sentence=problem, advice="mend the table; no row could be scored")
        )
    return found


def _drifted(columns: Sequence[ColumnDrift], settings: MonitoringSettings) -> list[Reason]:
    drifted = [column for column in columns if column.has_drifted]
    if not drifted:
        return []
    names = ", ".join(column.name for column in drifted[:5]) + (" ..." if drifted[5:] else "")
    found = []
    if len(drifted) > settings.drifted_share * len(columns):
        found.append(
            Reason(
                code="FEATURES",
                sentence=f"{len(drifted)} of {len(columns)} features drifted: {names}",
                advice="judge the model on recent labelled rows; train again if it fails there",
            )
        )
    importance = sum(column.importance for column in drifted)
    if importance > settings.drifted_importance:
        found.append(
            Reason(
                code="IMPORTANT",
                sentence=f"features that carry {100 * importance:.0f} % of what moves the score "
                f"drifted: {names}",
                advice="look at these columns first; judge the model on recent labelled rows",
            )
        )
    return found


def _segments(
    segments: Sequence[SegmentDrift], told: Collection[str], settings: MonitoringSettings
) -> list[Reason]:
    """Columns that drifted inside a segment only, where they matter as whole columns would."""
    drifted: dict[str, list[SegmentDrift]] = {}
    n_columns: dict[str, int] = {}
    for each in segments:
        n_columns[each.segment] = n_columns.get(each.segment, 0) + 1
        if each.drift.has_drifted and not each.is_whole and each.sentence not in told:
            drifted.setdefault(each.segment, []).append(each)
    found = []
    for segment, some in drifted.items():
        importance = sum(each.drift.importance for each in some)
        is_much = len(some) > settings.drifted_share * n_columns[segment] and len(some) > 1
        if importance > settings.drifted_importance or is_much:
            shown = "; ".join(each.sentence for each in some[:_MOST_SENTENCES])
            found.append(
                Reason(
                    code="SEGMENT",
                    sentence=shown + (" ..." if some[_MOST_SENTENCES:] else ""),
                    advice="look at where these segments' rows come from; judge the model there",
                )
            )
    return found


def _joint(joint: Sequence[JointChange]) -> list[Reason]:
    changed = [change for change in joint if change.has_changed]
    if not changed:
        return []
    shown = "; ".join(
        f"{change.first} and {change.second} ({change.then:.2f} → {change.now:.2f})"
        for change in changed[:_MOST_SENTENCES]
    )
    return [
        Reason(
            code="JOINT",
            sentence=f"columns no longer go together as they did, correlation of {shown}"
            + (f" and {len(changed) - _MOST_SENTENCES} more" * (len(changed) > _MOST_SENTENCES)),
            advice="check how rows are joined and whether one feed is late; "
            "judge the model on recent labelled rows",
        )
    ]


def _scores(score: ColumnDrift | None) -> list[Reason]:
    if score is None or not score.has_drifted:
        return []
    then, now = score.then["mean"], score.now["mean"]
    return [
        Reason(
            code="SCORE",
            sentence=f"scores are distributed otherwise: mean {now:.3g}, it was {then:.3g} "
            f"(distance {score.distance:.2f}, more than {score.limit:.2f} matters)",
            advice="find the columns behind it in the list; thresholds may no longer fit",
        )
    ]


def _moved(movement: Movement) -> Reason:
    told = (
        f"{movement.title} is {movement.now:.3g}; windows like this stay within "
        f"{movement.low:.3g} .. {movement.high:.3g}"
    )
    if movement.caveat is not None:
        told += f" ({movement.caveat})"
    code, advice = {
        "alert_rate": ("ALERT_RATE", "check who acts on the alerts, and whether the scores moved"),
        "residual": ("CONCEPT", "labels depend on the scores otherwise than they did: train again"),
        "slope": ("CONCEPT", "labels depend on the scores otherwise than they did: train again"),
    }.get(movement.name, ("METRIC", "roll back if an earlier version still holds; train again"))
    return Reason(code=code, sentence=told, advice=advice)
