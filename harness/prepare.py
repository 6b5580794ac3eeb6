"""Prepare: what every candidate of a protocol has in common, worked out once.

Rows, windows, the audit of the columns and the baseline depend on the protocol alone. They are
kept in the cache by the fingerprint of everything they are made from, and the last ones in this
process, so that a job of a sweep costs its own fit and its own scoring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from harness.audit import Finding, audit_before
from harness.cache import Store, Stored, key_of, open_store
from harness.candidate import BaselineScores, choose_threshold, fit_baseline
from harness.config.fingerprint import protocol_dict
from harness.data import (
    Dataset,
    Split,
    dataset_key,
    read_dataset,
    rows_fingerprint,
    split_windows,
    trial_windows,
)
from harness.data.outcome_values import RowValues, row_values
from harness.data.stream import StreamedDataset
from harness.data.stream.read import draw_sample
from harness.engine import Engine, open_engine
from harness.ledger import LabelledWindow, labelled_window
from harness.settings import ChampionBaseline, RunSettings
from harness.stages import Stages

# The rows last used: jobs of a sweep in one process follow each other on the same ones.
_LAST: dict[str, Prepared] = {}


@dataclass(kw_only=True, eq=False)
class Prepared:
    """A protocol's rows and what is known of them before any candidate is.

    Attributes:
        settings: The config it was made from; only its protocol half matters.
        store: Where it is kept.
        dataset: All rows.
        splits: Windows at every origin, the judged one last.
        values: Worth per row.
        key: Fingerprint of the rows and windows.
        engine: What carries out work that can be spread.
        memory: Things others worked out of it, while it is the last one used.
    """

    settings: RunSettings
    store: Store
    dataset: Dataset
    splits: tuple[Split, ...]
    values: RowValues
    key: str
    engine: Engine
    memory: dict[str, tuple[str, Any]] = field(default_factory=dict)

    @cached_property
    def in_memory(self) -> tuple[Dataset, Split]:
        """Rows and windows whose features are in memory: all of them, or a sample of each."""
        dataset, split = self.dataset, self.split
        if not isinstance(dataset, StreamedDataset) or dataset.sampled is None:
            return dataset, split
        places = dataset.sampled.places
        sampled = replace(
            split,
            train=places(split.train),
            validation=places(split.validation),
            test=places(split.test),
        )
        return dataset.sampled.dataset, sampled

    @property
    def split(self) -> Split:
        """The judged windows."""
        return self.splits[-1]

    @cached_property
    def test_fingerprint(self) -> str:
        """Fingerprint of the test rows, features included."""
        return rows_fingerprint(self.dataset, self.split.test)

    @cached_property
    def window(self) -> LabelledWindow:
        """Labels of the test window, as the ledger knows them."""
        return labelled_window(self.dataset, self.split.test)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the audit sees in the columns."""
        audit = self.settings.audit
        return self.store.once(
            "audit",
            key_of(rows=self.key, audit=asdict(audit)),
            lambda: audit_before(*self.in_memory, audit, self.engine),
            pack=lambda found: Stored(facts={"findings": [asdict(f) for f in found]}),
            unpack=_findings,
        )

    def baseline(self) -> BaselineScores:
        """What has to be beaten, on the judged windows."""
        settings = self.settings.baseline

        def fit() -> BaselineScores:
            n_jobs = self.settings.running.n_jobs
            return fit_baseline(settings, self.dataset, self.split, self.values, n_jobs=n_jobs)

        if isinstance(settings, ChampionBaseline):  # a registry may move at any time
            return fit()
        worth = asdict(self.settings.criteria.outcome_values)
        key = key_of(rows=self.key, baseline=asdict(settings), worth=worth)
        return self.store.once("baseline", key, fit, pack=_pack_baseline, unpack=self._scored)

    def _scored(self, stored: Stored) -> BaselineScores:
        """Stored scores with their threshold, chosen again on the same rows."""
        facts, n = stored.facts, stored.facts["n_validation"]
        score, alert = (stored.table.column(name).to_numpy() for name in ("score", "alert"))
        rows = self.split.validation
        threshold = None
        if not facts["is_silent"]:
            policy, values = self.settings.baseline.threshold, self.values.take(rows)
            threshold = choose_threshold(policy, score[:n], self.dataset.label[rows], values)
        return BaselineScores(
            kind=facts["kind"],
            meaning=facts["meaning"],
            validation=score[:n],
            validation_alert=alert[:n],
            test=score[n:],
            test_alert=alert[n:],
            threshold=threshold,
        )

    def once(self, kind: str, key: str, build: Callable[[], Any]) -> Any:
        """Something made of these rows, kept until another of its kind is asked for.

        Args:
            kind: What it is.
            key: What it was made with.
            build: Makes it.
        """
        if kind not in self.memory or self.memory[kind][0] != key:
            self.memory.pop(kind, None)  # the old one goes before the new one is made
            self.memory[kind] = (key, build())
        return self.memory[kind][1]


def prepare(settings: RunSettings, *, stages: Stages | None = None) -> Prepared:
    """Read the rows, or take those that were read before.

    Args:
        settings: The whole config; its protocol half is used.
        stages: Watches the steps.

    Raises:
        HarnessError: If the rows cannot be read or split as declared.
    """
    stage = stages or Stages()
    with stage("read the data"):
        protocol, running = protocol_dict(settings), settings.running
        key = key_of(rows=dataset_key(settings.dataset), protocol=protocol, running=asdict(running))
        if (found := _LAST.get(key)) is not None:
            return found
        store = open_store(running.cache_dir, running.cache_max_gb)
        engine = open_engine(running.engine)
        dataset = read_dataset(settings.dataset, store, engine)
        values = row_values(settings.criteria.outcome_values, dataset.label, dataset.frame)
    with stage("split by time"):
        splits = split_windows(settings.split, dataset)
        if settings.holdout.is_trial:
            dataset = _without_labels(dataset, splits[-1])
            splits = trial_windows(splits, dataset)
    if isinstance(dataset, StreamedDataset):
        with stage("sample the windows"):
            windows = [w for s in splits for w in (s.train, s.validation, s.test)]
            sampled = draw_sample(settings.dataset, dataset, windows)
            dataset = replace(dataset, sampled=sampled)
    prepared = Prepared(
        settings=settings,
        store=store,
        dataset=dataset,
        splits=splits,
        values=values,
        key=key_of(
            rows=dataset.key, split=asdict(settings.split), closed=str(splits[-1].windows.closed)
        ),
        engine=engine,
    )
    _LAST.clear()
    _LAST[key] = prepared
    return prepared


def _without_labels(dataset: Dataset, split: Split) -> Dataset:
    """The rows without any label of the test window, so that nothing of a trial can depend on one."""
    start = split.windows.test_start.tz_convert("UTC").tz_localize(None).to_datetime64()
    return replace(dataset, label=dataset.label & (dataset.time < start))


def _findings(stored: Stored) -> tuple[Finding, ...]:
    return tuple(
        Finding(**{**entry, "columns": tuple(entry["columns"])})
        for entry in stored.facts["findings"]
    )


def _pack_baseline(baseline: BaselineScores) -> Stored:
    return Stored(
        table=pa.table(
            {
                "score": np.concatenate([baseline.validation, baseline.test]),
                "alert": np.concatenate([baseline.validation_alert, baseline.test_alert]),
            }
        ),
        facts={
            "kind": baseline.kind,
            "meaning": baseline.meaning,
            "n_validation": len(baseline.validation),
            "is_silent": baseline.threshold is None,
        },
    )
