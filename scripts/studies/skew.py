"""Skew: the classic ways in which serving differs from training, each committed on purpose.

For every model and preprocessing, 100,000 rows are scored in a batch, in pieces and one by
one: the honest path must differ by nothing. Then each skew is built into a copy of the
bundle's pipeline or into the rows, and it is seen whether the golden rows or the input
schema notice.

    python scripts/studies/skew.py [ROWS] [OUT]
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.bundle import Bundle, InputSchema
from harness.bundle.bundle import golden_rows
from harness.bundle.input_schema import rows_of
from harness.candidate import fit_model
from harness.config import compose_settings
from harness.data import Dataset
from harness.data.dataset import as_features
from harness.data.roles import Roles
from harness.errors import HarnessError

sys.path.insert(0, str(Path(__file__).parent))
from table import write_table

MODELS = {
    "logistic": ["model=logistic"],
    "xgboost": ["model=xgboost", "model.n_estimators=40", "model.early_stopping_rounds=null"],
    "hist_gradient_boosting": ["model=hist_gradient_boosting", "model.max_iter=40"],
    "random_forest": ["model=random_forest", "model.n_estimators=20", "+model.max_depth=8"],
}
N_TRAIN = 8_000


def make_dataset(n_rows: int, seed: int) -> Dataset:
    """Numbers with nulls, a time of day, and categories that are seldom or never seen."""
    rng = np.random.default_rng(seed)
    x = rng.lognormal(2, 1, n_rows)
    hour = rng.uniform(0, 24, n_rows)
    frame = pd.DataFrame(
        {
            "amount": np.where(rng.random(n_rows) < 0.1, np.nan, x),
            "hour": hour,
            "balance": rng.normal(size=n_rows) * 1e4 + 1 / 3,
            "kind": rng.choice([f"k{i}" for i in range(30)], n_rows, p=_zipf(30)),
            "place": rng.choice(["north", "south", None], n_rows),
        }
    )
    signal = 0.8 * np.log(x) + np.sin(hour / 24 * 2 * np.pi) + (frame["kind"] == "k1")
    when = np.datetime64("2024-01-01", "us") + np.arange(n_rows) * np.timedelta64(10, "m")
    numeric, categorical = ["amount", "hour", "balance"], ["kind", "place"]
    return Dataset(
        name="made",
        frame=as_features(frame, numeric, categorical),
        time=when.astype("datetime64[us]"),
        label=rng.random(n_rows) < 1 / (1 + np.exp(3 - signal.to_numpy())),
        label_known=when.astype("datetime64[us]"),
        entity=None,
        roles=Roles(time="when", label="y", numeric=tuple(numeric), categorical=tuple(categorical)),
        timezone="UTC",
        n_unlabelled=0,
        notes=(),
        source="made",
    )


def _zipf(n: int) -> np.ndarray:
    weight = 1 / np.arange(1, n + 1) ** 1.5
    return weight / weight.sum()


def bundle_of(model: str, preprocess: str) -> tuple[Bundle, Dataset]:
    """A fitted bundle and the rows it learned from."""
    dataset = make_dataset(N_TRAIN, seed=0)
    settings = compose_settings([*MODELS[model], f"preprocess={preprocess}"])
    fitted = fit_model(settings.candidate, dataset, np.arange(N_TRAIN), n_jobs=1)
    schema = InputSchema.of(dataset)
    return Bundle(pipeline=fitted.pipeline, schema=schema, threshold=0.5), dataset


def honest_difference(bundle: Bundle, n_rows: int) -> float:
    """Largest difference among batch, pieces and single rows, on rows never seen."""
    features = make_dataset(n_rows, seed=1).features
    whole = bundle.score(features)
    pieces = np.concatenate(
        [bundle.score(features.iloc[i : i + 777]) for i in range(0, n_rows, 777)]
    )
    rows = rows_of(features.iloc[: min(n_rows, 10_000)])
    alone = np.array([bundle.score_one(row) for row in rows])
    return float(max(np.abs(whole - pieces).max(), np.abs(whole[: len(alone)] - alone).max()))


# --- skews: of the pipeline, or of the rows on their way to it ----------------------------------

Rows = list[dict[str, Any]]


def other_means(bundle: Bundle, today: pd.DataFrame) -> Bundle | None:
    """Numbers filled and scaled with statistics of today's rows."""
    return _refitted(bundle, today, "numeric")


def recoded_categories(bundle: Bundle, today: pd.DataFrame) -> Bundle | None:
    """Categories coded anew from today's rows."""
    return _refitted(bundle, today, "categorical")


def no_scaling(bundle: Bundle, today: pd.DataFrame) -> Bundle | None:
    """Numbers filled but not scaled."""
    pipeline = copy.deepcopy(bundle.pipeline)
    parts = {name: part for name, part, _ in pipeline.named_steps["preprocess"].transformers_}
    part = parts["numeric"]
    if not hasattr(part, "named_steps"):
        return None
    scaler = part.named_steps["scale"]
    scaler.mean_, scaler.scale_ = np.zeros_like(scaler.mean_), np.ones_like(scaler.scale_)
    return replace(bundle, pipeline=pipeline)


def _refitted(bundle: Bundle, today: pd.DataFrame, name: str) -> Bundle | None:
    pipeline = copy.deepcopy(bundle.pipeline)
    transformer = pipeline.named_steps["preprocess"]
    for i, (part_name, part, columns) in enumerate(transformer.transformers_):
        if part_name == name:
            if getattr(part, "func", part) is None or part == "passthrough":
                return None
            again = copy.deepcopy(part).fit(today[list(columns)])
            transformer.transformers_[i] = (part_name, again, columns)
    return replace(bundle, pipeline=pipeline)


def reordered(rows: Rows) -> Rows:
    """Two numeric columns change places."""
    return [{**row, "amount": row["balance"], "balance": row["amount"]} for row in rows]


def single_precision(rows: Rows) -> Rows:
    """Numbers pass through 32 bits."""
    return [
        {k: float(np.float32(v)) if isinstance(v, float) else v for k, v in row.items()}
        for row in rows
    ]


def other_zone(rows: Rows) -> Rows:
    """The hour is told in another time zone."""
    return [
        {**row, "hour": None if row["hour"] is None else (row["hour"] + 5) % 24} for row in rows
    ]


def nulls_as_zeros(rows: Rows) -> Rows:
    """A null becomes a zero on the way."""
    return [{k: 0.0 if v is None and k == "amount" else v for k, v in row.items()} for row in rows]


def a_column_renamed(rows: Rows) -> Rows:
    """A column arrives under another name."""
    return [{("Amount" if k == "amount" else k): v for k, v in row.items()} for row in rows]


def numbers_as_text(rows: Rows) -> Rows:
    """Numbers arrive as text."""
    return [{k: str(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]


OF_PIPELINE: tuple[Callable[[Bundle, pd.DataFrame], Bundle | None], ...] = (
    other_means,
    no_scaling,
    recoded_categories,
)
OF_ROWS: tuple[Callable[[Rows], Rows], ...] = (
    reordered,
    single_precision,
    other_zone,
    nulls_as_zeros,
    a_column_renamed,
    numbers_as_text,
)


def notices(bundle: Bundle, expected: np.ndarray, rows: Rows) -> str:
    """Who notices: the schema, the golden rows, or nobody."""
    try:
        scores = bundle.score(rows)
    except HarnessError:
        return "schema"
    return "golden rows" if not np.array_equal(scores, expected) else "nobody"


def harmless(bundle: Bundle, change: Callable[[Rows], Rows], n_rows: int) -> bool:
    """Whether a change of the rows leaves every score as it was."""
    features = make_dataset(n_rows, seed=1).features
    rows = rows_of(features)
    changed = pd.DataFrame(change(rows), columns=list(features.columns))
    return bool((bundle.score(features) == bundle.score(changed)).all())


def study(n_rows: int) -> str:
    """All models and preprocessings, as Markdown."""
    today = make_dataset(2_000, seed=7).features
    today = today[today["amount"] > 5]
    honest, table = [], []
    for model in MODELS:
        for preprocess in ("linear", "tree"):
            if (model, preprocess) == ("logistic", "tree"):
                continue  # takes no nulls
            bundle, dataset = bundle_of(model, preprocess)
            honest.append((model, preprocess, honest_difference(bundle, n_rows)))
            golden = golden_rows(bundle, dataset.features)
            expected = bundle.score(golden)
            for skew in OF_PIPELINE:
                skewed = skew(bundle, today)
                if skewed is not None:
                    who = notices(skewed, expected, golden)
                    table.append((model, preprocess, skew.__doc__, who))
            for change in OF_ROWS:
                who = notices(bundle, expected, change(golden))
                if who == "nobody" and harmless(bundle, change, n_rows):
                    who = f"no score of {n_rows:,} rows changes"
                table.append((model, preprocess, change.__doc__, who))
    n_missed = sum(who == "nobody" for *_, who in table)
    lines = [
        "# Skew",
        "",
        f"Made by `scripts/studies/skew.py {n_rows}`.",
        "",
        f"Batch, pieces of 777 rows and single rows (the first 10,000), {n_rows:,} rows never seen: "
        f"largest difference {max(d for *_, d in honest):g}.",
        "",
        "| model | preprocessing | largest difference |",
        "|---|---|---:|",
    ]
    lines += [f"| {m} | {p} | {d:g} |" for m, p, d in honest]
    lines += [
        "",
        f"Skews committed on purpose: {len(table)}, of which {n_missed} went unnoticed.",
        "",
        "| model | preprocessing | skew | noticed by |",
        "|---|---|---|---|",
    ]
    lines += [f"| {m} | {p} | {str(what).rstrip('.')} | {who} |" for m, p, what, who in table]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_table(study, default=100_000)
