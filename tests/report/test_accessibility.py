"""What axe holds against each page, in light and dark, wide and on a phone: nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.comparison import compare_runs
from harness.report.compare_page import compare_page
from tests.abtest.test_abtest import make_log
from tests.browser import browser
from tests.conftest import TABLE_WORDS, make_table
from tests.watch.test_monitor import new_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(small_run, tmp_path_factory) -> dict[str, Path]:
    """One page of each kind, made by the commands that make it."""
    folder = tmp_path_factory.mktemp("pages")
    run, again = folder / "runs" / "run", folder / "runs" / "again"
    shutil.copytree(small_run, run)
    shutil.copytree(small_run, again)
    compared = folder / "compared.html"
    compared.write_text(compare_page(compare_runs([folder / "runs"])), "utf-8")
    make_log(12_000).to_csv(folder / "users.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HARNESS_LEDGER", str(folder / "ledger.sqlite"))
        test = ["users.csv", "abtest.unit=user", "abtest.variant=arm", "abtest.control=A"]
        main(["abtest", *test, "abtest.enrolled=joined", "running.folder=ab"])
        main(["protocol", str(run), "--html", "protocol.html"])
        main(["power", str(run), "--assume", "value_per_1000=60", "--html", "power.html"])
        make_table(4000).to_parquet("table.parquet")
        quiet = ["--quiet", "running.report=false", "hydra.run.dir=watching"]
        main(["run", *TABLE_WORDS, "dataset.path=table.parquet", *quiet])
        new_rows().to_parquet("new.parquet")
        main(["monitor", "watching", "new.parquet", "--by", "week", "--out", "watched"])
    return {
        "run": run / "report.html",
        "compare": compared,
        "abtest": folder / "ab" / "report.html",
        "protocol": folder / "protocol.html",
        "power": folder / "power.html",
        "monitor": folder / "watched" / "monitor.html",
    }


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("name", ["run", "compare", "protocol", "abtest", "power", "monitor"])
def test_a_page_has_nothing_that_shuts_a_reader_out(pages, page, name):
    assert pages[name].stat().st_size < 3_000_000
    page.open(pages[name].as_uri())
    for scheme in ("light", "dark"):
        page.prefers(scheme)
        assert page.violations() == []
    # What does not fit a phone scrolls within itself, the page does not.
    assert page.value("document.documentElement.scrollWidth <= innerWidth")
