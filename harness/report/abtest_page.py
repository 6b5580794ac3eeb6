"""A/B page: report.html of an A/B test, in the manner of a run's."""

from __future__ import annotations

from harness.abtest import AbtestResult, LogMetric, UnitsUsed
from harness.config.fingerprint import abtest_dict
from harness.config.flat import flat
from harness.decision import criteria_of
from harness.report import plots
from harness.report.page import asked_of, decision_values, render
from harness.report.protocol_document import asks


def abtest_page(result: AbtestResult, table: str, overrides: tuple[str, ...] = ()) -> str:
    """The report of one A/B test as HTML.

    Args:
        result: What `run_abtest` returned.
        table: The log, as the user named it.
        overrides: What else the user typed.
    """
    log = result.log
    asked = criteria_of(result.settings.criteria)
    words = {c.name: asks(c, log.metrics[c.metric], log.control) for c in asked}
    return render(
        "abtest.html.j2",
        **decision_values(
            result.decision, asked_of(result.decision, words), (log.control, log.treatment)
        ),
        result=result,
        log=log,
        n_units={name: int((log.arm == code).sum()) for code, name in enumerate(log.variants)},
        counts=_counts(result),
        primary=log.metrics[asked[0].metric],
        meanings=[(metric, _meaning(metric)) for metric in log.metrics.values()],
        plots=_plots(result, log.metrics[asked[0].metric]),
        table=table,
        overrides=overrides,
        protocol=list(flat(abtest_dict(result.settings)).items()),
    )


def _plots(result: AbtestResult, primary: LogMetric) -> tuple[str, str] | None:
    days = result.by_day
    if days.empty or days["day"].nunique() < 2:
        return None
    names = (*result.log.treatments, result.log.control)
    parts = {name: days[days["variant"] == name] for name in names}
    units = {name: (part["day"], part["size"]) for name, part in parts.items()}
    values = {name: (part["day"], part["mean"]) for name, part in parts.items()}
    return (
        plots.two_series(units, "units per day", "Units assigned by day and variant"),
        plots.two_series(values, primary.unit, f"{primary.title} by day and variant"),
    )


def _counts(result: AbtestResult) -> list[tuple[str, list[UnitsUsed]]]:
    """Units behind each figure, one line for each criterion or segment of it."""
    lines: dict[str, list[UnitsUsed]] = {}
    for count in result.used:
        lines.setdefault(count.criterion, []).append(count)
    return list(lines.items())


def _meaning(metric: LogMetric) -> str:
    where = f" of {metric.table}" if metric.table else ""
    if metric.kind == "quantile":
        by = metric.cluster or "unit"
        return f"{100 * (metric.quantile or 0):g} % quantile of {metric.column}{where}, by {by}"
    what = {
        "proportion": f"share of units with {metric.column}",
        "mean": f"mean of {metric.column} per unit",
        "ratio": f"sum of {metric.column} over sum of {metric.per}",
    }[metric.kind]
    if metric.missing == "zero":
        what += "; no value counts as zero"
    if "value" in metric.caps:
        low, high = metric.caps["value"]
        what += f"; values count as at least {low:g} and at most {high:g} in every variant"
    if metric.covariate:
        what += f"; chance that {metric.covariate} explains is taken out (CUPED)"
    return what
