from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from harness.decision import Verdict
from harness.report.bars import bar_of


class Page(HTMLParser):
    """Tags that must be closed, and what a reader without pictures gets."""

    VOID = {"meta", "br", "path", "use", "rect", "line", "circle", "stop", "img", "hr"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures = self.named = 0

    def handle_starttag(self, tag, attrs):
        if tag == "svg":
            self.pictures += 1
            self.named += bool(dict(attrs).get("aria-label"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open and self.open.pop() != tag:
                pass


@pytest.fixture(scope="module")
def page(small_run) -> str:
    return (small_run / "report.html").read_text()


def test_the_page_needs_no_network_and_stays_small(page):
    assert not re.findall(r'(?:src|href)="https?:', page)
    assert "<script" not in page
    assert len(page) < 1_000_000


def test_the_page_says_what_the_decision_says(page, small_run):
    decision = json.loads((small_run / "decision.json").read_text())
    assert decision["decision"].replace("_", " ") in page
    for verdict in decision["criteria"]:
        assert verdict["verdict"] in page
    assert decision["test_fingerprint"] in page
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).lower().split()


def test_every_picture_has_a_name_for_those_who_do_not_see_it(page):
    parsed = Page()
    parsed.feed(page)
    assert parsed.pictures == parsed.named > 10
    assert parsed.open in ([], ["html"])


def test_ids_of_several_pictures_do_not_clash(page):
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_column_name_cannot_inject_markup(tmp_path):
    from harness import run_experiment
    from harness.report import run_page
    from tests.conftest import TABLE_WORDS, make_table

    evil = "<script>alert(1)</script>"
    frame = make_table(3000).rename(columns={"z": evil})
    frame.to_parquet(tmp_path / "t.parquet")
    result = run_experiment(
        [*TABLE_WORDS, f"dataset.path={tmp_path / 't.parquet'}", "split.test=20d"]
    )
    html = run_page(result, ("<b>x</b>",))
    assert "<script>" not in html
    assert "<b>x</b>" not in html


def verdict(**changes) -> Verdict:
    parts = {
        "name": "m",
        "metric": "m",
        "rule": "must_be_above",
        "line": 10.0,
        "passes_above": True,
        "estimate": 12.0,
        "lower": 11.0,
        "upper": 13.0,
        "verdict": "PASS",
        "code": None,
        "sentence": "",
        "settles": None,
        "candidate": 12.0,
        "baseline": None,
        "unit": "",
        "segment": None,
        "evidence": "proven",
        "is_primary": True,
        "n_rows": 1,
        "n_blocks": 1,
        "lag1": None,
        "design_effect": None,
    }
    return Verdict(**{**parts, **changes})


def test_a_bar_lies_beyond_its_line_exactly_when_the_interval_does():
    passing, failing = bar_of(verdict()), bar_of(verdict(lower=7.0, estimate=8.0, upper=9.0))
    assert passing.lower > passing.line >= 0
    assert failing.lower + failing.width < failing.line <= 260
    assert passing.pass_start == passing.line
    below = bar_of(verdict(passes_above=False))
    assert (below.pass_start, below.pass_width) == (0.0, below.line)


def test_a_verdict_without_figure_still_has_a_line():
    bar = bar_of(verdict(estimate=None, lower=None, upper=None))
    assert (bar.estimate, bar.lower) == (None, None)
    assert 0 < bar.line < 260
