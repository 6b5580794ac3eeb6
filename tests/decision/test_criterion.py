"""Criteria as a config declares them, field by field."""

from __future__ import annotations

from harness.decision import Criterion, criteria_of
from harness.settings import CriteriaSettings, Guardrail


def test_every_word_of_a_config_reaches_its_criterion():
    settings = CriteriaSettings(
        primary_metric=["pr_auc", "recall"],
        success_threshold={"pr_auc": 0.1, "recall": 0.2},
        relative=True,
        evidence="not_disproven",
        guardrail_metrics={
            "by_origin": Guardrail(
                metric="precision", threshold="must_not_decrease", tolerance=0.02, relative=True,
                per_segment="origin", evidence="point", description="nobody may be worse off",
            ),
            "alert_rate": Guardrail(threshold="must_be_below", value=0.0),
            "recall": Guardrail(threshold="must_not_decrease"),
        },
    )  # fmt: skip
    assert criteria_of(settings) == (
        Criterion(
            name="pr_auc", metric="pr_auc", rule="must_improve_by", amount=0.1, relative=True,
            evidence="not_disproven", is_primary=True,
        ),
        Criterion(
            name="recall", metric="recall", rule="must_improve_by", amount=0.2, relative=True,
            evidence="not_disproven", is_primary=True,
        ),
        Criterion(
            name="by_origin", metric="precision", rule="must_not_decrease", amount=0.02, relative=True,
            segment="origin", evidence="point", description="nobody may be worse off",
        ),
        Criterion(
            name="alert_rate", metric="alert_rate", rule="must_be_below", amount=0.0,
            evidence="not_disproven",
        ),
        Criterion(
            name="recall", metric="recall", rule="must_not_decrease", amount=0.0,
            evidence="not_disproven",
        ),
    )  # fmt: skip


def test_a_rule_tells_whether_the_baseline_matters():
    paired = {
        rule: Criterion(name="x", metric="x", rule=rule, amount=0).is_paired
        for rule in ("must_improve_by", "must_not_decrease", "must_not_increase", "must_be_above")
    }
    assert paired == {
        "must_improve_by": True,
        "must_not_decrease": True,
        "must_not_increase": True,
        "must_be_above": False,
    }
