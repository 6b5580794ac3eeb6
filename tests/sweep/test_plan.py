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
    with pytest.raises(ConfigError, match=r"^job 1 \(model=logistc\): model=logistc: no such"):
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


SWEPT = ("dataset=table", "dataset.path=no.csv", "dataset.time=t", "dataset.label=y",
         "criteria=ranking")  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        # a typo beside a key that is swept, in a key that is swept, in a group's option
        (("-m", "model.max_depth=1,2", "split.gpa=3d"), ("split.gpa: no such key", "'gap'")),
        (("-m", "seeed=1,2"), ("seeed: no such key", "'seed'")),
        (("-m", "modle=logistic,xgboost"), ("modle: no such key", "'model'")),
        (("-m", "model=logistc,xgboost"), ("job 0 (model=logistc): ", "'logistic'")),
        (("-m", "model=xgboost,logistc"), ("job 1 (model=logistc): ", "'logistic'")),
        (("-m", "model=logistic", "model.CC=1,2"), ("job 0 (model.CC=1): model.CC", "'C'")),
        (("-m", "dataset.pth=a,b"), ("dataset.pth: no such key", "'path'")),
        (("-m", "seed=1,2", "~model.foo"), ("model.foo: not set",)),
        (("-m", "hydra.sweep.dirr=x", "seed=1,2"), ("hydra.sweep.dirr: no such key", "--cfg hydra")),
        (("-m", "seed=1,2", "holdout=onec"), ("holdout=onec: no such option", "'once'")),
        # one bad value among several
        (("-m", "criteria.alpha=0.1,x"), ("job 1 (criteria.alpha=x): criteria.alpha", "'x'")),
        (("-m", "criteria.alpha=0.1,0.2"), ("criteria.alpha", "protocol", "across_protocols=true")),
        # without -m: what is wrong in any case comes first
        (("seeed=1,2",), ("seeed: no such key", "'seed'")),
        (("model=logistc,xgboost",), ("model=logistc: no such option", "'logistic'")),
        (("model.max_dep=range(1,3)",), ("model.max_dep", "'max_depth'")),
        (("model=logistic,xgboost",), ("model=logistic,xgboost: several values; add -m",)),
        (("model.max_depth=range(1,3)",), ("model.max_depth=range(1,3): several values; add -m",)),
        # lists of nothing, and of too much
        (("-m", "model="), ("model=: no such option", "logistic")),
        (("-m", "model=choice()"), ("model=choice(): lists no value", "model=a,b")),
        (("-m", "model.max_depth=range(8,2)"), ("range(8,2): lists no value",)),
        (("-m", "model.max_depth=range(1,3,0)"), ("range(1,3,0): is no range",)),
        (("-m", "seed=range(0,1e9)"), ("lists more than 100,000", "sweeper=optuna")),
        (("-m", "seed=range(0,5000)", "model.max_depth=range(1,100)"),
         ("seed (5,000), model.max_depth (99)", "495,000 candidates")),
        (("-m", "model=glob(*)"), ("model=glob(*): glob", "list the options")),
        (("-m", "model.max_depth=3,,4"), ("model.max_depth=3,,4: lists an empty value", "=3,4")),
    ],
    ids=lambda value: " ".join(value) if value[0] == "-m" else None,
)  # fmt: skip
def test_an_error_of_a_sweep_names_its_fault_and_the_way_out(harness, words, told, tmp_path):
    status, _, err = harness("run", *SWEPT, *words)
    assert status == 2
    for part in told:
        assert part in err, err
    assert len(err.splitlines()) == 1
    assert len(err) < 1_000
    assert "defect" not in err
    if "add -m" not in told[0]:
        assert "add -m" not in err
    assert not (tmp_path / "outputs").exists()
