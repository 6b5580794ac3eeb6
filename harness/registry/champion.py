"""Champion: the live model as a baseline, scored on the same rows and never trained again."""

from __future__ import annotations

import numpy as np

from harness.bundle import Bundle
from harness.candidate import BaselineScores, choose_threshold, fit_baseline
from harness.data import Dataset, Split
from harness.data.outcome_values import RowValues
from harness.data.stream import StreamedDataset
from harness.errors import BundleError, ConfigError
from harness.monitor import read_reference
from harness.registry.live import resolve
from harness.registry.names import parse_uri
from harness.registry.store import Registry
from harness.registry.versions import Version, bundle_folder, bundle_of
from harness.settings import ChampionBaseline, FixedThreshold


@fit_baseline.register
def _(
    settings: ChampionBaseline,
    dataset: Dataset,
    split: Split,
    values: RowValues,
    *,
    n_jobs: int | None,
) -> BaselineScores:
    if not settings.name:
        raise ConfigError("baseline.name: not set; name the registered model to beat")
    registry = Registry(settings.registry)
    version = resolve(registry, parse_uri(f"models:/{settings.name}@{settings.alias}"))
    bundle = bundle_of(registry, version)
    validation, test = (
        _score(bundle, version, dataset, rows) for rows in (split.validation, split.test)
    )
    policy = FixedThreshold(value=bundle.threshold, allow_degenerate=True)
    rows = split.validation
    threshold = choose_threshold(policy, validation, dataset.label[rows], values.take(rows))
    seen = _seen_of_test(registry, version, split)
    return BaselineScores(
        kind="champion",
        meaning=f"{settings.name} version {version.version} ({settings.alias}), as it is{seen}",
        validation=validation,
        validation_alert=validation >= bundle.threshold,
        test=test,
        test_alert=test >= bundle.threshold,
        threshold=threshold,
    )


def _score(bundle: Bundle, version: Version, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    try:
        if isinstance(dataset, StreamedDataset):
            scores = np.empty(len(rows))
            for places, features in dataset.batches(rows):
                scores[places] = bundle.score(features)
            return scores
        return bundle.score(dataset.frame.iloc[rows])
    except BundleError as error:
        raise ConfigError(
            f"baseline.name: {version.name} version {version.version} cannot score this dataset ({error})"
        ) from error


def _seen_of_test(registry: Registry, version: Version, split: Split) -> str:
    """A warning where the champion was trained or judged on days of this test window."""
    try:
        last = read_reference(bundle_folder(registry, version)).last_day
    except BundleError:  # made before bundles remembered their days
        return ""
    opens = f"{split.windows.test_start:%Y-%m-%d}"
    return (
        f"; it has seen rows up to {last}, so its figures here flatter it" if last >= opens else ""
    )
