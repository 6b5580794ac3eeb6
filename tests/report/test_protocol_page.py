"""The protocol as a page: the document's words, and no tag that a description brings."""

from __future__ import annotations

import pytest

from harness.config import compose_settings
from harness.report.protocol_document import protocol_document
from harness.report.protocol_page import protocol_page


def test_the_page_has_what_the_document_has_and_two_lines_to_sign():
    settings = compose_settings([])
    page = protocol_page(protocol_document(settings), settings.criteria.owner)
    assert "<h2>What counts as success, and what must not get worse</h2>" in page
    assert "<td>value_per_1000</td>" in page
    assert page.count("<table>") == page.count('class="scroll"') == 1
    assert settings.criteria.owner in page.split("<h2>Agreed</h2>")[1]
    assert "http" not in page


def test_tags_in_a_description_are_shown_and_not_obeyed():
    settings = compose_settings(["criteria.description='<script>alert(1)</script>'"])
    page = protocol_page(protocol_document(settings), "<b>me</b>")
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_page_of_a_run_or_of_words_is_written_and_the_document_still_printed(harness, tmp_path):
    status, out, err = harness("protocol", "split.test=1mo", "--html", "p.html")
    assert (status, out.splitlines()[0], err) == (0, "# Evaluation protocol", "page: p.html\n")
    assert "1mo" in (tmp_path / "p.html").read_text("utf-8")


@pytest.mark.parametrize("words", [["diff", "last", "split.gap=3d"], ["nowhere=1"]])
def test_what_is_refused_leaves_no_page(harness, tmp_path, words):
    status, _, err = harness("protocol", *words, "--html", "p.html")
    assert status == 2
    assert err.startswith("harness protocol: ")
    assert not (tmp_path / "p.html").exists()
