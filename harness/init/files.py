"""Files: a small commented config folder."""

from __future__ import annotations

import contextlib
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from harness.artefacts import to_json, write_text
from harness.config import compose_settings
from harness.config.yaml_schema import FOLDER, schema_comment, yaml_schemas
from harness.errors import ConfigError
from harness.init.look import Looked

_HYDRA_WORDS = {"null", "true", "false", "nan", "inf"}  # read as values, not as names
_MOST_ROWS, _MOST_DAYS = 500, 28
_WORD = re.compile(r"[A-Za-z_][\w .-]*", re.ASCII)


def config_files(looked: Looked, name: str) -> dict[str, str]:
    """Texts of the config files by their place below the config folder.

    Args:
        looked: What the table told.
        name: What dataset, criteria and experiment are called.
    """
    return {
        f"dataset/{name}.yaml": _dataset(looked, name),
        f"criteria/{name}.yaml": _criteria(looked),
        f"experiment/{name}.yaml": _experiment(looked, name),
    }


def write_config(files: Mapping[str, str], folder: Path, experiment: str) -> list[Path]:
    """Write them, all or none, once they are known to compose.

    Args:
        files: Texts by place.
        folder: Config folder; made where there is none.
        experiment: Its name, to compose with.

    Raises:
        ConfigError: If one of them exists already.
    """
    places = [folder / name for name in files]
    for place in places:
        if place.exists():
            raise ConfigError(
                f"{place} exists and is left alone; delete it, or give another --name"
            )
    with tempfile.TemporaryDirectory() as trial:
        _write(files, Path(trial))
        compose_settings([f"experiment={experiment}"], config_dir=Path(trial))
    schemas = {f"{FOLDER}/{name}": to_json(content) for name, content in yaml_schemas().items()}
    try:
        _write(schemas, folder)
        _write(files, folder)
    except OSError as error:
        for place in places:
            with contextlib.suppress(OSError):
                place.unlink()
        reason = error.strerror or error
        raise ConfigError(
            f"--config-dir: {folder} cannot be written ({reason}); choose another"
        ) from error
    return places


def experiment_name(stem: str) -> str:
    """A file's stem as a word that Hydra takes for a name, and nothing else.

    Example:
        >>> experiment_name("Kredite März"), experiment_name("2024"), experiment_name("null")
        ('kredite_marz', 'table_2024', 'table_null')
    """
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    name = re.sub(r"\W+", "_", plain, flags=re.ASCII).strip("_").lower()
    if not name:
        return "table"
    return name if name[0].isalpha() and name not in _HYDRA_WORDS else f"table_{name}"


def _write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, text)


def _dataset(looked: Looked, name: str) -> str:
    settings, roles = looked.settings, looked.dataset.roles
    lines = [
        schema_comment("dataset.json"),
        f"# {name}: what its columns mean. Made by `harness init`; yours to change.",
        "defaults:",
        "  - table",
        "",
        _line("path", settings.path),
        _line("time", settings.time, "when the prediction is made: nothing later may be a feature"),
        *([_line("time_unit", settings.time_unit)] if settings.time_unit else []),
        *([_line("time_format", settings.time_format)] if settings.time_format else []),
        _line("label", settings.label, "the outcome"),
        *([_line("positive", settings.positive)] if settings.positive else []),
        _line("label_delay", None, "say how long an outcome takes to be known, e.g. 30d"),
        *(
            _comment(
                "label_time", other, f"never before {settings.time}: does it say so, row by row?"
            )
            for other in looked.later_times
        ),
        *(
            _comment("entity", other, "if its rows must not lie on both sides of a split")
            for other in looked.entities
        ),
        "",
        "# Features; null would infer the same lists at every run.",
        *_list("numeric", roles.numeric),
        *_list("categorical", roles.categorical),
        _line("ignore", settings.ignore, "left out, whatever else is inferred"),
        _line("after_outcome", [], "columns known only after the outcome; never features"),
        "",
        _line("segments", settings.segments, "reported value by value"),
        _line(
            "rule_columns",
            settings.rule_columns,
            "the rule to beat: the rate of each of their values",
        ),
    ]
    return "\n".join(lines) + "\n"


def _criteria(looked: Looked) -> str:
    n_days = min(_MOST_DAYS, max(1, looked.n_test_days // 2))
    n_test = len(looked.dataset) * looked.n_test_days // max(1, _n_days(looked))
    n_rows = min(_MOST_ROWS, max(1, n_test // 2))
    segment = next(iter(looked.settings.segments), None)
    guardrails = ["guardrail_metrics: {}           # such as the next lines, with your own numbers"]
    guardrails += [
        "#  alert_rate: {threshold: must_be_below, value: 0.1}",
        "#  precision: {threshold: must_be_above, value: 0.5}",
        *(
            [f"#  pr_auc_by_{segment}: {{metric: pr_auc, per_segment: {segment}, "
             "threshold: must_not_decrease, tolerance: 0.02}"]
            if segment
            else []
        ),
        "#  p99_latency_ms: {threshold: must_be_below, value: 200}",
    ]  # fmt: skip
    lines = [
        schema_comment("criteria.json"),
        "# When is a model good enough? Write it down before the first one is trained.",
        "defaults:",
        "  - ranking",
        "",
        "description: the candidate orders rows by risk better than the rule, on the same rows",
        'owner: ""                       # who signs this',
        "",
        "primary_metric: pr_auc          # or value_per_1000, with outcome_values of your own",
        "success_threshold: 0.0          # by how much it must be better; proven, not estimated",
        *guardrails,
        "",
        f"minimum_sample_size: {n_rows}        # rows of the test window",
        f"minimum_duration_days: {n_days}",
        "blocks: day                     # rows of one day are taken to move together",
    ]
    return "\n".join(lines) + "\n"


def _experiment(looked: Looked, name: str) -> str:
    return f"""# @package _global_
{schema_comment("run.json")}
# harness try --config-dir FOLDER experiment={name}   as often as you like, on validation alone
# harness run --config-dir FOLDER experiment={name}   opens the test window, once
defaults:
  - override /dataset: {name}
  - override /criteria: {name}

split:
  validation: {looked.window}                # choose the threshold here
  test: {looked.window}                      # judge here, once
  gap: null                      # as long as a label takes to be known (dataset.label_delay)
"""


def _n_days(looked: Looked) -> int:
    local = looked.dataset.local_time()
    return int((local.max() - local.min()).days) + 1


def _line(key: str, value: object, comment: str = "") -> str:
    text = f"{key}: {_scalar(value)}"
    return f"{text:<34} # {comment}" if comment else text


def _comment(key: str, value: object, comment: str) -> str:
    """A line to be taken in by whoever knows better."""
    return f"# {_line(key, value, comment)}"


def _list(key: str, names: Iterable[str]) -> list[str]:
    return [f"{key}:", *(f"  - {_scalar(name)}" for name in names)] if names else [f"{key}: []"]


def _scalar(value: object) -> str:
    """A value as YAML writes it in one line, whatever a column is called."""
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, str) and not _is_plain(value):
        meant = value.replace("${", "\\${")  # no interpolation
        return yaml.safe_dump(meant, default_style='"', width=10**6, allow_unicode=True).strip()
    return "null" if value is None else str(value)


def _is_plain(text: str) -> bool:
    """Whether YAML reads a bare word as itself."""
    return bool(_WORD.fullmatch(text)) and yaml.safe_load(text) == text
