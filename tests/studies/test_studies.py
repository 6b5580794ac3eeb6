"""Small versions of the studies, so that their tables cannot rot."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "studies"))

import coverage as coverage_study  # noqa: E402
import false_ship  # noqa: E402
import sweep as sweep_study  # noqa: E402
from simulate import Process, draw, truths  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "highest"),
    [
        ("holdout=once: 50 share alpha", 0.06),
        ("holdout=select_on_validation", 0.09),
        ("holdout=blind: 10 looks", 0.06),
        ("adaptive analyst, holdout=blind, 10 looks", 0.06),
    ],
)
def test_a_sweep_of_useless_candidates_rarely_ships(way, highest):
    _, none, good = sweep_study.rates((way, 5, 150))
    assert none <= highest
    assert good > none


@pytest.mark.slow
def test_naive_ways_ship_useless_candidates():
    assert sweep_study.rates(("best of 50 by point estimate", 5, 100))[1] > 0.9
    assert sweep_study.rates(("each of 50 at full alpha", 5, 100))[1] > 0.3


@pytest.mark.slow
def test_one_sided_errors_stay_near_their_nominal_level():
    process = Process(base_rate=0.05, n_blocks=30, rho=0.3)
    table = coverage_study.cell((3, process, 100))
    differences = [row for row in table if row["kind"] == "difference"]
    assert len(differences) == 8
    worst = max(max(row["lower error %"], row["upper error %"]) for row in differences)
    assert worst <= 5.5 + 2.5 * 100 * np.sqrt(0.055 * 0.945 / 100)


@pytest.mark.slow
def test_the_gate_rarely_ships_at_the_boundary_where_the_naive_one_tosses_a_coin():
    rows = false_ship.cell((1, Process(base_rate=0.2, n_blocks=30, spread=0.0), 100))
    ours, naive = (np.array([row[i] for row in rows], dtype=float) for i in (5, 7))
    assert ours.mean() <= 7
    assert 30 <= naive.mean() <= 70


def test_a_simulated_truth_is_what_windows_scatter_around():
    process = Process(base_rate=0.2, n_blocks=10)
    true = truths(process, seed=1, n_windows=60)
    again = truths(process, seed=2, n_windows=60)
    assert true["recall"][0] == pytest.approx(again["recall"][0], abs=0.02)
    first, second = draw(process, np.random.default_rng(0))
    assert len(first) == len(second)
    assert (first.label == second.label).all()


@pytest.mark.parametrize("name", ["coverage", "sweep", "false_ship"])
def test_every_committed_table_names_the_command_that_made_it(name):
    text = (ROOT / "docs" / "studies" / f"{name}.md").read_text()
    assert re.search(rf"Made by `scripts/studies/{name}.py \d+`", text)
