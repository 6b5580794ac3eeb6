from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.config import CONF_DIR, compose_settings, load_settings
from harness.config.compose import compose_dict
from harness.errors import ConfigError

AB_ROLES = ("abtest.unit=user", "abtest.variant=arm", "abtest.control=A", "abtest.enrolled=when")
INVALID = sorted((Path(__file__).parent.parent / "configs" / "invalid").glob("*.yaml"))


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_config_is_refused_with_its_exact_sentence(path):
    sentence = path.read_text().splitlines()[0].removeprefix("# ")
    overrides = yaml.safe_load(path.read_text())
    with pytest.raises(ConfigError) as caught:
        compose_settings(overrides)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "path", sorted((CONF_DIR / "experiment").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_experiment_composes_and_says_how_to_run_it(path):
    assert compose_settings([f"experiment={path.stem}"]).seed == 0
    assert f"harness run experiment={path.stem}" in path.read_text()


@pytest.mark.parametrize(
    "path", sorted(CONF_DIR.rglob("*.yaml")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_every_config_file_begins_with_a_line_for_a_reader(path):
    lines = path.read_text().splitlines()
    comment = lines[1] if lines[0].startswith("# @package") else lines[0]
    assert comment.startswith("# ")
    assert len(comment) > 20


def test_settings_survive_being_stored_and_read_back():
    composed = compose_settings(["split=rolling", "threshold=max_fbeta", "model=logistic"])
    plain = compose_dict(["split=rolling", "threshold=max_fbeta", "model=logistic"])
    assert load_settings(plain) == composed


def test_logistic_brings_its_preprocessing_unless_told_otherwise():
    assert compose_settings(["model=logistic"]).preprocess["_target_"].endswith(".linear")
    explicit = compose_settings(["model=logistic", "preprocess=tree"])
    assert explicit.preprocess["_target_"].endswith(".tree")


def test_a_misspelt_optional_default_is_refused(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - optional /modle: xgboost\n"
    )
    with pytest.raises(ConfigError, match="no such group 'modle'; did you mean 'model'"):
        compose_settings(["experiment=mine"], config_dir=tmp_path)


def test_a_misspelt_keyword_of_a_defaults_list_is_refused(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - optinal /model: xgboost\n"
    )
    with pytest.raises(ConfigError, match="optinal"):
        compose_settings(["experiment=mine"], config_dir=tmp_path)


def test_config_knows_of_typos_without_importing_pandas():
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from harness.config import compose_settings\n"
        "try:\n    compose_settings(['split.gapp=3d'])\n"
        "except Exception as error:\n    print(error)\n"
        "print([m for m in ('pandas', 'sklearn', 'xgboost', 'matplotlib') if m in sys.modules])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines() == ["split.gapp: no such key; did you mean 'gap'?", "[]"]


@pytest.fixture
def own(tmp_path):
    """A config folder of one's own: an option, an experiment and a primary config."""
    folder = tmp_path / "own"
    for group, name, text in (
        ("criteria", "mine", "defaults: [ranking]\nminimum_sample_size: 7\n"),
        ("experiment", "mine", "# @package _global_\ndefaults: [override /criteria: mine]\n"),
        (".", "first", "defaults: [config, _self_]\nseed: 3\n"),
    ):
        (folder / group).mkdir(parents=True, exist_ok=True)
        (folder / group / f"{name}.yaml").write_text(text)
    return folder


def test_a_folder_of_ones_own_has_options_and_a_primary_config(own):
    assert compose_settings(["experiment=mine"], config_dir=own).criteria.minimum_sample_size == 7
    assert compose_settings(config_dir=own, config_name="first").seed == 3


@pytest.mark.parametrize("command", ["run", "audit"])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("split.gapp=3d", "split.gapp: no such key; did you mean 'gap'?"),
        (
            "model.max_dpth=3",
            "model.max_dpth: not set by this model's YAML; did you mean 'max_depth'?",
        ),
        ("criteria.guardrail_metrics.a=3", "criteria.guardrail_metrics.a: not in the YAML"),
        ("criteria=mne", "criteria=mne: no such option; did you mean 'mine'?"),
    ],
)
def test_a_typo_beside_ones_own_options_is_named(harness, own, command, typed, sentence):
    status, _, err = harness(command, "--config-dir", own, "experiment=mine", typed)
    assert status == 2
    assert sentence in err


def test_a_sweep_takes_a_primary_config_of_ones_own(harness, own):
    from harness.sweep.plan import plan_grid

    plan = plan_grid(["seed=1,2"], config_dir=own, config_name="first")
    assert [job.settings.seed for job in plan.jobs] == [1, 2]
    status, _, err = harness("run", "-m", "--config-dir", own, "--config-name", "first", "sed=1,2")
    assert status == 2
    assert "sed: no such key; did you mean 'seed'?" in err


@pytest.fixture
def datasets(tmp_path):
    """Datasets of one's own, and what chooses criteria for them."""
    for place, text in {
        "dataset/mine": "defaults: [table]\npath: mine.csv\n",
        "dataset/late": "defaults: [flights]\nlate_minutes: 30\n",
        "dataset/raw": "defaults: [/schema/dataset/table@_here_]\n",
        "criteria/own": "defaults: [ranking]\nminimum_sample_size: 7\n",
        "experiment/mine": "# @package _global_\ndefaults: [override /dataset: mine]\n",
        "experiment/both": "# @package _global_\n"
        "defaults: [override /dataset: mine, override /criteria: own]\n",
        "first": "defaults: [config, override dataset: mine, _self_]\n",
        # A copy of the packaged file from before datasets had criteria of their own.
        "copied": (CONF_DIR / "config.yaml").read_text().replace("${suggested/criteria}", "own"),
    }.items():
        (tmp_path / f"{place}.yaml").parent.mkdir(exist_ok=True)
        (tmp_path / f"{place}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "name", "expected"),
    [
        ([], "config", "value_per_1000 30000"),
        (["dataset=late"], "config", "value_per_1000 30000"),
        (["dataset=table"], "config", "pr_auc 500"),
        (["dataset=mine"], "config", "pr_auc 500"),
        (["dataset=mine", "criteria=own"], "config", "pr_auc 7"),
        (["dataset=mine", "criteria.minimum_sample_size=8"], "config", "pr_auc 8"),
        (["criteria=ranking"], "config", "pr_auc 500"),
        (["experiment=mine"], "config", "pr_auc 500"),
        (["experiment=mine", "criteria=own"], "config", "pr_auc 7"),
        (["experiment=both"], "config", "pr_auc 7"),
        ([], "first", "pr_auc 500"),
        (["dataset=mine"], "copied", "pr_auc 7"),
        (["dataset=raw", "criteria=own"], "config", "pr_auc 7"),
    ],
)
def test_a_dataset_brings_criteria_that_fit_it_unless_others_are_named(
    datasets, words, name, expected
):
    settings = compose_settings(words, config_dir=datasets, config_name=name)
    criteria = settings.criteria
    assert f"{criteria.primary_metric} {criteria.minimum_sample_size}" == expected
    if settings.dataset.kind == "table":
        assert not criteria.guardrail_metrics  # none of airports
        assert settings.baseline.columns == settings.dataset.segments == []


def test_criteria_named_for_another_dataset_are_not_replaced(datasets):
    with pytest.raises(ConfigError, match=r"per_segment: 'origin' is not among dataset.segments"):
        compose_settings(["dataset=mine", "criteria=flight_alerts"], config_dir=datasets)


def test_a_dataset_that_suggests_no_criteria_is_told_to_name_them(datasets):
    with pytest.raises(ConfigError, match=r"criteria: not chosen.*criteria=ranking.*`table`"):
        compose_settings(["dataset=raw"], config_dir=datasets)


def test_a_sweep_over_datasets_takes_each_ones_criteria(datasets):
    from harness.sweep.plan import plan_grid

    words = ["dataset=mine,flights", "across_protocols=true"]
    plan = plan_grid(words, config_dir=datasets, config_name="config")
    primary = [job.settings.criteria.primary_metric for job in plan.jobs]
    assert primary == ["pr_auc", "value_per_1000"]
