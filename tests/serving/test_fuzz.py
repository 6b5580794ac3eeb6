"""The server's own interface description, taken at its word by schemathesis."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from harness.serving.app import build_app
from harness.serving.live import Loaded
from harness.serving.options import ServeOptions


@pytest.fixture(scope="module")
def interface(bundles):
    from harness.bundle import load_bundle

    loaded = Loaded(bundle=load_bundle(bundles["xgboost"]), version="v")
    app = build_app(ServeOptions(bundle=str(bundles["xgboost"])), loaded)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_the_interface_allows_or_forbids_breaks_the_server(interface, mode):
    statuses = set()

    for result in interface.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and operation.method != "post":
            continue  # nothing is asked of these, so nothing can be wrong with it

        @settings(
            max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            answer = case.call()
            case.validate_response(answer, checks=[not_a_server_error])
            statuses.add(answer.status_code)

        check()
    assert statuses <= {200, 400, 404, 405, 413, 415, 422}
    assert 200 in statuses if mode is GenerationMode.POSITIVE else statuses - {200}
