"""Small versions of the studies, so that their tables cannot rot."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "studies"))

import abtest as abtest_study  # noqa: E402
import coverage as coverage_study  # noqa: E402
import drift as drift_study  # noqa: E402
import false_ship  # noqa: E402
import leaks as leaks_study  # noqa: E402
import power as power_study  # noqa: E402
import skew as skew_study  # noqa: E402
import sweep as sweep_study  # noqa: E402
from simulate import Process, draw, truths  # noqa: E402

from harness.abtest.bounds import Looks  # noqa: E402
from harness.settings import AuditSettings  # noqa: E402


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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["proportion", "mean with CUPED", "p99"])
def test_an_ab_test_at_the_boundary_rarely_ships(kind):
    cell = next(c for c in abtest_study.cells() if c.kind.startswith(kind) and c.base != 0.0002)
    ours, naive = abtest_study.at_boundary((0, cell, 150))
    assert ours <= 5 + 2.5 * 100 * np.sqrt(0.05 * 0.95 / 150)
    assert 25 <= naive <= 75


@pytest.mark.slow
def test_peeking_ships_only_with_bounds_of_a_single_look():
    cell = abtest_study.Cell("proportion", "must_improve_by", 0.05, 4_000, 0.01)
    assert abtest_study.peeking((0, cell, 40, True)) <= 10
    assert abtest_study.peeking((0, cell, 40, False)) >= 8


def test_lost_units_are_found_and_honest_splits_are_not():
    looks = Looks(is_sequential=False, n_units=100_000, n_planned=100_000)
    assert abtest_study.mismatches(0.49, 1_000, looks) >= 99
    assert abtest_study.mismatches(0.5, 2_500, looks) <= 0.2


@pytest.mark.slow
def test_plans_reach_the_power_they_promise():
    for reached, n in ((power_study.abtest((1, 3, 0.1, 40))[1], 40),
                       (power_study.offline((0, 0, 0.0, 30))[1], 30)):  # fmt: skip
        assert reached >= 78 - 2 * 100 * np.sqrt(0.78 * 0.22 / n)


@pytest.mark.slow
def test_scores_differ_by_nothing_and_every_skew_is_noticed():
    text = skew_study.study(1_000)
    assert "largest difference 0." in text
    assert "of which 0 went unnoticed" in text


@pytest.mark.slow
def test_planted_leaks_are_found_and_honest_tables_left_in_peace():
    jobs = [(leak, leak.strengths[1], 4) for leak in leaks_study.LEAKS]
    for leak, found in zip(leaks_study.LEAKS, map(leaks_study.plant, jobs), strict=True):
        assert found["as it is"] == "block" if leak.can_be_told else found["as it is"] != "silent"
        assert found["declared"] in (None, "block"), leak.kind
    honest = [leaks_study.made(seed) for seed in range(30, 36)]
    found = [leaks_study.severities(table, AuditSettings()) for table in honest]
    assert sum(blocks for blocks, _, _ in found) == 0
    assert np.mean([warned for _, warned, _ in found]) <= 1


def test_a_simulated_truth_is_what_windows_scatter_around():
    process = Process(base_rate=0.2, n_blocks=10)
    true = truths(process, seed=1, n_windows=60)
    again = truths(process, seed=2, n_windows=60)
    assert true["recall"][0] == pytest.approx(again["recall"][0], abs=0.02)
    first, second = draw(process, np.random.default_rng(0))
    assert len(first) == len(second)
    assert (first.label == second.label).all()


@pytest.mark.parametrize(
    "name", ["coverage", "sweep", "false_ship", "abtest", "power", "leaks", "skew"]
)
def test_every_committed_table_names_the_command_that_made_it(name):
    text = (ROOT / "docs" / "studies" / f"{name}.md").read_text()
    assert re.search(rf"Made by `scripts/studies/{name}.py \d+`", text)


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "size"), [(0.0, 0.0), (0.5, 0.3)])
def test_weeks_without_change_are_quiet_and_the_textbook_rule_is_not(rho, size):
    world = drift_study.World(n_features=8, rho=rho, size=size)
    cell = drift_study.quiet_cell((0, world, 2_000, 40))
    assert cell["alerts %"] <= 2.5
    assert cell["features drifted %"] <= 2
    if size:
        assert cell["textbook drifted %"] > 40


@pytest.mark.slow
def test_faults_in_a_drawn_week_are_found():
    world = drift_study.World(n_features=8, rho=0.3, size=0.3)
    rng = np.random.default_rng(0)
    reference = drift_study.reference_of(world, rng)
    week = drift_study.draw(world, 7, 300, rng)
    assert not drift_study.judged(reference, week, 7, drift_study.EFFECT).is_alert
    broken = week.assign(x0=week["x0"] * 60, label=~week["label"])
    codes = {r.code for r in drift_study.judged(reference, broken, 7, drift_study.EFFECT).reasons}
    assert {"BREAK", "CONCEPT", "METRIC"} <= codes
