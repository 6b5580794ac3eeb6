"""Latency over HTTP, as a run's guardrail takes it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from harness.bundle import load_bundle, measure_latency
from harness.errors import FitError
from harness.serving.latency import measure_http_latency
from tests.conftest import TABLE_WORDS, make_table


def test_requests_are_timed_and_take_longer_than_the_bundle_alone(bundles, golden):
    bundle = load_bundle(bundles["xgboost"])
    over_http = measure_http_latency(bundle, golden["rows"], n_rows=60, n_warmup=10)
    alone = measure_latency(bundle, golden["rows"], n_rows=60, n_warmup=10)
    assert over_http.shape == (60,)
    assert np.median(over_http) > np.median(alone) > 0


def test_a_row_the_server_refuses_ends_the_measurement(bundles):
    with pytest.raises(FitError, match="refused"):
        measure_http_latency(load_bundle(bundles["xgboost"]), [{"x": 1}], n_rows=5, n_warmup=0)


def test_a_run_measures_through_http_when_asked(harness, tmp_path):
    make_table(strength=1.5).to_parquet(tmp_path / "t.parquet")
    words = [
        *TABLE_WORDS, "dataset.path=t.parquet", "running.report=false",
        "running.latency={n_rows: 310, n_warmup: 5, through: http}",
        "+criteria.guardrail_metrics.p99_latency_ms={threshold: must_be_below, value: 500}",
    ]  # fmt: skip
    status, out, err = harness("run", *words, "--format", "json")
    assert status == 0, err
    verdict = json.loads(out)["criteria"][1]
    assert (verdict["name"], verdict["verdict"]) == ("p99_latency_ms", "PASS")
    status, _, err = harness("run", *words, "running.latency.through=carrier_pigeon")
    assert status == 2
    assert "'carrier_pigeon' is unknown; valid: bundle, http" in err
