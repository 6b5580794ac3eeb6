"""Protocol document: the config in words a non-engineer can sign."""

from __future__ import annotations

from harness.artefacts.figure import amount
from harness.config import protocol_fingerprint
from harness.data.split import Windows
from harness.decision import Criterion, criteria_of
from harness.decision.sentence import Described
from harness.evidence import find_metric
from harness.rules import find_rule
from harness.settings import (
    AuditSettings,
    ChampionBaseline,
    CriteriaSettings,
    HoldoutSettings,
    LogisticBaseline,
    PriorBaseline,
    RollingSplit,
    RuleBaseline,
    RunSettings,
    TableDataset,
    TemporalSplit,
)

_EVIDENCE = {
    "proven": "It counts only when the data proves it: the whole interval lies on the right side.",
    "not_disproven": "It counts unless the data proves the opposite. This is outside the guarantee.",
    "point": "It counts by the bare estimate. This is outside the guarantee.",
}
_BLOCKS = {
    "day": "days, because rows of one day resemble each other",
    "week": "weeks, because rows of one week resemble each other",
    "row": "single rows, taken for independent; refused where they are not",
    "entity": "entities, because rows about the same one resemble each other",
}


def protocol_document(settings: RunSettings, windows: Windows | None = None) -> str:
    """The evaluation protocol as Markdown.

    Args:
        settings: The whole config.
        windows: Dates of the windows, when the data has been read.
    """
    criteria = settings.criteria
    parts = [
        "# Evaluation protocol",
        f"Fingerprint `{protocol_fingerprint(settings)[:16]}`. Results of two runs may be compared "
        "when both carry this fingerprint and were judged on the same rows.",
        "## What is predicted, when, and for whom",
        _subject(settings),
        "## Which data teaches, tunes and judges",
        _split(settings.split, windows),
        "## What it has to beat",
        _baseline(settings.baseline),
        "## What counts as success, and what must not get worse",
        criteria.description or "The criteria below, all of them.",
        _criteria(criteria),
        "## How much data, and how sure",
        _sureness(criteria, settings.holdout),
        "## Who may decide what",
        _deciders(criteria),
        "## Leakage audit",
        _audit(settings.audit),
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _subject(settings: RunSettings) -> str:
    dataset = settings.dataset
    if isinstance(dataset, TableDataset):
        what = dataset.description or f"the column `{dataset.label}`"
        when = dataset.prediction_time or f"at the time in the column `{dataset.time}`"
        positive = dataset.positive_meaning or (
            f"`{dataset.label}` is `{dataset.positive}`"
            if dataset.positive is not None
            else f"`{dataset.label}` is true"
        )
    else:
        what, when = dataset.description, dataset.prediction_time
        positive = dataset.positive_meaning
    lines = [f"- Predicted: {what}.", f"- Positive means: {positive}.", f"- Made: {when}."]
    if dataset.population:
        lines.append(f"- On: {dataset.population}.")
    if dataset.label_delay:
        lines.append(f"- The outcome is known {dataset.label_delay} after the prediction.")
    if dataset.segments:
        lines.append(f"- Reported separately by: {', '.join(dataset.segments)}.")
    if dataset.after_outcome:
        lines.append(f"- Known only afterwards, so never used: {', '.join(dataset.after_outcome)}.")
    lines.append(f"- Days begin at midnight, {dataset.timezone}.")
    return "\n".join(lines)


def _split(split: TemporalSplit, windows: Windows | None) -> str:
    gap = split.gap or "as long as an outcome takes to become known"
    lines = [
        "Rows are divided by time alone, never at random: the model learns from the past, is tuned "
        "on what followed, and is judged on what came last.",
        f"- Training: {split.train or 'everything'} before the gap.",
        f"- Tuning (validation): {split.validation_start or split.validation}.",
        f"- Judging (test): {split.test_start or split.test}"
        + (f", up to {split.test_end}." if split.test_end else ", to the end of the data."),
        f"- Gap before tuning and before judging: {gap}.",
        "- A row teaches only if its outcome was known before the next window opened.",
    ]
    if split.entity:
        lines.append(f"- Nobody (`{split.entity}`) appears on both sides.")
    if isinstance(split, RollingSplit):
        lines.append(
            f"- The same is repeated at {split.origins - 1} earlier dates, as a backtest; "
            "only the last window decides."
        )
    if windows is not None:
        lines += [
            "",
            "| window | from | until (not included) |",
            "|---|---|---|",
            f"| training | {_day(windows.train_start)} | {_day(windows.train_end)} |",
            f"| validation | {_day(windows.validation_start)} | {_day(windows.validation_end)} |",
            f"| {windows.judged} | {_day(windows.test_start)} | {_day(windows.test_end)} |",
        ]
        if windows.closed is not None:
            lines.append(
                f"| test (closed) | {_day(windows.closed[0])} | {_day(windows.closed[1])} |"
            )
    return "\n".join(lines)


def _day(instant: object) -> str:
    return "first row" if instant is None else f"{instant:%Y-%m-%d %H:%M}"


def _baseline(baseline: object) -> str:
    if isinstance(baseline, PriorBaseline):
        return "The overall rate of the past, without any alert: the least one can beat."
    if isinstance(baseline, RuleBaseline):
        if not baseline.columns:
            return (
                "The overall rate of the past, without any alert. Naming `dataset.rule_columns` "
                "would give a rule that is harder to beat."
            )
        return (
            f"A rule without a model: the historic rate by {' and '.join(baseline.columns)}, with "
            f"alerts by the policy `{baseline.threshold.kind}`, on the same rows."
        )
    if isinstance(baseline, ChampionBaseline):
        return (
            f"The registered model `{baseline.name}` ({baseline.alias}) with its own threshold, on the same "
            "rows; it is not trained again."
        )
    if isinstance(baseline, LogisticBaseline):
        return "A plain logistic regression on the same features and the same rows."
    return f"The baseline `{getattr(baseline, 'kind', baseline)}` on the same rows."


def _criteria(criteria: CriteriaSettings) -> str:
    lines = ["| criterion | asks | why |", "|---|---|---|"]
    for criterion in criteria_of(criteria):
        lines.append(f"| {criterion.name} | {asks(criterion)} | {_why(criterion)} |")
    if len(criteria.primary_metrics) > 1:
        lines += [
            "",
            "Of the success criteria, any one suffices (Holm's procedure shares the error).",
        ]
    values = criteria.outcome_values
    lines += [
        "",
        f"Worth per row, in {values.unit}: a right alert {values.true_positive}, a false alert "
        f"{values.false_positive}, a missed case {values.false_negative}, rightly saying nothing "
        f"{values.true_negative}.",
        "",
        _EVIDENCE[criteria.evidence],
    ]
    return "\n".join(lines)


def asks(
    criterion: Criterion, metric: Described | None = None, baseline: str = "the baseline"
) -> str:
    """A criterion in words.

    Args:
        criterion: What is asked.
        metric: Its metric; None takes the catalogue's.
        baseline: What the candidate is held against.
    """
    if metric is None:
        metric = find_metric(criterion.metric)
    asked = amount(criterion.amount, "share" if criterion.relative else metric.unit)
    if criterion.relative:
        asked += f" of the value of {baseline}"
    rule = find_rule(criterion.rule)
    said = rule.document if criterion.amount or not rule.document_any else rule.document_any
    words = f"{metric.title} {said.format(amount=asked, baseline=baseline)}"
    unit = metric.unit if metric.unit and not metric.unit.startswith("share") else ""
    each = f", for every {criterion.segment}" if criterion.segment else ""
    return f"{words}{f' ({unit})' if unit else ''}{each}"


def _why(criterion: Criterion) -> str:
    return (
        "the success criterion" if criterion.is_primary else (criterion.description or "guardrail")
    )


def _sureness(criteria: CriteriaSettings, holdout: HoldoutSettings) -> str:
    return (
        f"- At least {criteria.minimum_sample_size:,} rows over at least "
        f"{criteria.minimum_duration_days:g} days.\n"
        f"- Chance is reckoned over {_BLOCKS[criteria.blocks]}.\n"
        f"- If any criterion is truly violated, the answer is SHIP with probability at most "
        f"{criteria.alpha:g}.\n"
        f"- {_looks(holdout)}"
    )


def _looks(holdout: HoldoutSettings) -> str:
    if holdout.is_trial:
        return (
            "A trial: judged on the second half of the tuning window, with the threshold chosen on the "
            "first. The test data stays closed, and the answer is never SHIP."
        )
    if holdout.looks > 1:
        return (
            f"The test data is looked at no more than {holdout.looks} times; each look shows its "
            "verdict and nothing else until all are spent."
        )
    if holdout.select == "validation":
        return (
            "Of several candidates the best on the tuning window is chosen; it alone is judged on "
            "the test data, which is looked at once."
        )
    return (
        "The test data is looked at once. Candidates fixed before that share the error "
        "probability; a later look can confirm nothing."
    )


def _deciders(criteria: CriteriaSettings) -> str:
    owner = criteria.owner or "the owner of the product (criteria.owner names them)"
    return (
        f"- The criteria belong to {owner}; changing them makes a new protocol.\n"
        "- SHIP: the engineer may promote the model as judged.\n"
        "- NO_SHIP: nobody promotes it.\n"
        "- INCONCLUSIVE: nobody promotes it; the report says what would settle it.\n"
        "- INVALID: the evidence cannot be trusted; the cause is mended first."
    )


def _audit(audit: AuditSettings) -> str:
    if not audit.enabled:
        return "Switched off: nobody has checked whether the data gives the answer away."
    lines = [
        "Columns, split and model are checked for leakage; a blocking finding makes the run INVALID."
    ]
    lines += [
        f"- Accepted: check {entry.check} on `{entry.column}`, because {entry.reason}."
        for entry in audit.accept
    ]
    return "\n".join(lines)
