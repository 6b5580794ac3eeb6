"""The form page in a headless browser."""

from __future__ import annotations

import pytest

from tests.browser import browser, wait_for
from tests.serving.conftest import serving

pytestmark = pytest.mark.slow


def test_a_row_typed_on_a_phone_is_scored(bundles, golden, tmp_path):
    with serving(bundles["xgboost"]) as (client, _), browser(tmp_path / "profile") as page:
        page.open(f"{client.base_url}/")
        wait_for(lambda: page.value("document.querySelectorAll('input[name]').length") == 4)
        assert page.value("document.documentElement.scrollWidth <= innerWidth")
        for scheme in ("light", "dark"):
            page.prefers(scheme)
            assert page.violations() == []
        page.value("document.querySelector('button').click()")
        answer = "document.getElementById('answer').textContent"
        wait_for(lambda: "threshold" in str(page.value(answer)))
        row = golden["rows"][0]
        score = client.post("/score", json=row).json()["score"]
        assert str(page.value(answer)).startswith(f"{score:.4f}: ")
        page.value("document.querySelector('input[name=x]').value = 'warm'")
        page.value("document.querySelector('button').click()")
        wait_for(lambda: "'warm' is not a finite number" in str(page.value(answer)))
