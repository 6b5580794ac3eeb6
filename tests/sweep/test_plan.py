"""What a sweep will judge, known before anything runs."""

from __future__ import annotations

import pytest

from harness.config import compose_settings
from harness.config.composer import Composer
from harness.errors import ConfigError
from harness.sweep.plan import plan_grid


def planned(*words):
    return plan_grid(words, config_dir=None, config_name="config")


@pytest.mark.parametrize(
    "words",
    [
        ["model.max_depth=4", "seed=3"],
        ["model=logistic", "model.C=0.1", "threshold=max_fbeta", "threshold.beta=3"],
        ["dataset.rule_columns=[carrier]"],  # another key refers to this one
        ["+model.gamma=2", "running.n_jobs=1"],
        ["split=rolling", "split.origins=2", "preprocess.min_frequency=null"],
        ["experiment=flights_logistic", "held_back_share=0.2"],
        ["criteria.guardrail_metrics.precision.tolerance=0.1"],
    ],
)
def test_configs_composed_together_are_those_composed_alone(words):
    composer = Composer()
    composer.settings(["model.max_depth=2"])
    assert composer.settings(words) == compose_settings(words)
    assert composer.settings(words) == compose_settings(words)


def test_a_wrong_value_is_refused_by_either_way():
    for words in (["model.max_dept=4"], ["seed=x"], ["threshold.value=0.3"]):
        sentences = []
        for compose in (Composer().settings, compose_settings):
            with pytest.raises(ConfigError) as caught:
                compose(words)
            sentences.append(str(caught.value))
        assert sentences[0] == sentences[1]


def test_candidates_listed_twice_are_judged_once():
    plan = planned("model.max_depth=3,4,3", "seed=0,1")
    assert [job.number for job in plan.jobs] == [0, 1, 2, 3]
    assert plan.repeats == {4: 0, 5: 1}
    assert plan.notes() == ["judged once: jobs 4 (as 0), 5 (as 1) are candidates listed before"]


def test_the_same_candidate_by_another_spelling_is_the_same():
    plan = planned("held_back_share=0.15,0.150,.15")
    assert len(plan.jobs) == 1


def test_a_sweep_over_the_protocol_is_refused_and_can_be_meant():
    with pytest.raises(
        ConfigError, match=r"^split.gap: is 1d in job 0 and 2d in job 1, but it bel"
    ):
        planned("split.gap=1d,2d")
    plan = planned("split.gap=1d,2d", "across_protocols=true")
    assert len({job.protocol for job in plan.jobs}) == 2


@pytest.mark.parametrize("word", ["seed=range(0,0)", "seed=range(5,2)"])
def test_no_candidate_at_all_is_refused(word):
    with pytest.raises(ConfigError, match="lists no value, so there is no candidate"):
        planned(word)


def test_a_range_needs_a_search():
    with pytest.raises(ConfigError, match=r"for a range to search in, add sweeper=optuna"):
        planned("model.learning_rate=interval(0.1,0.2)")


def test_a_wrong_job_is_named_before_any_starts():
    with pytest.raises(
        ConfigError, match=r"^job 1 \(seed=0 model=logistc\): model=logistc: no such"
    ):
        planned("seed=0", "model=logistic,logistc")


def test_thousands_of_candidates_are_planned_and_warned_about():
    plan = planned("seed=range(0,500)", "model.max_depth=range(2,12)")
    assert len(plan.jobs) == 5000
    (note,) = plan.notes()
    assert "5,000 candidates share one opening" in note
    assert "13.9 hours" in note
    assert note.endswith(
        "harness run -m seed=range(0,500) model.max_depth=range(2,12) holdout=select_on_validation"
    )
    quiet = planned("seed=range(0,120)", "holdout=select_on_validation")
    assert quiet.notes() == []
