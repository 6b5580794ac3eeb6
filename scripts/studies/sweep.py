"""Sweep: many candidates on one test window, and an analyst who tries again.

Each candidate's daily differences to the baseline are drawn with a true mean; intervals are
the harness's own. Rows of the table: how candidates are judged; columns: how often anything
ships when no candidate is better, and how often the one good candidate among 50 ships.

    python scripts/studies/sweep.py [REPETITIONS] [OUT]
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from harness.evidence.bounds import autoregressive_bounds, cosine_bounds, jackknife_bounds

N_DAYS, N_CANDIDATES, ALPHA, LOOKS = 30, 50, 0.05, 10
# A true improvement that one test alone proves about nine times in ten.
EFFECT = 0.75


def lower_bound(days: np.ndarray, alpha: float) -> float:
    """The harness's lower bound for the mean of daily differences."""
    n, total = len(days), days.sum()
    without = (total - days) / (n - 1)
    estimate = total / n
    arguments = (estimate, without, n, alpha)
    limits = (jackknife_bounds, cosine_bounds, autoregressive_bounds)
    return min(limit(*arguments).lower for limit in limits)


def candidates(rng: np.random.Generator, effect: float) -> np.ndarray:
    """Daily differences of 50 candidates, the first with the effect, (n_candidates, n_days)."""
    shared = rng.normal(size=N_DAYS) * 0.5
    days = shared + rng.normal(size=(N_CANDIDATES, N_DAYS))
    days[0] += effect
    return days


def best_by_estimate(rng: np.random.Generator, effect: float) -> bool:
    """Ship the best if its estimate is above the baseline's."""
    return bool(candidates(rng, effect).mean(axis=1).max() > 0)


def each_at_full_alpha(rng: np.random.Generator, effect: float) -> bool:
    """Ship whatever is proven at alpha, however many were tried."""
    return any(lower_bound(days, ALPHA) > 0 for days in candidates(rng, effect))


def shared_alpha(rng: np.random.Generator, effect: float) -> bool:
    """holdout=once: candidates fixed before the opening share alpha."""
    return any(lower_bound(days, ALPHA / N_CANDIDATES) > 0 for days in candidates(rng, effect))


def select_on_validation(rng: np.random.Generator, effect: float) -> bool:
    """holdout=select_on_validation: the best on other days is judged alone."""
    chosen = int(candidates(rng, effect).mean(axis=1).argmax())
    return lower_bound(candidates(rng, effect)[chosen], ALPHA) > 0


def blind_looks(rng: np.random.Generator, effect: float) -> bool:
    """holdout=blind: planned looks one after another, the best on validation first."""
    order = np.argsort(-candidates(rng, effect).mean(axis=1))[:LOOKS]
    test = candidates(rng, effect)
    return any(lower_bound(test[i], ALPHA / LOOKS) > 0 for i in order)


def climbing_with_figures(rng: np.random.Generator, effect: float) -> bool:
    """Sees the figures of each look, keeps what helped; every look at alpha / 50."""
    current = rng.normal(size=N_DAYS) + effect
    for _ in range(N_CANDIDATES):
        if lower_bound(current, ALPHA / N_CANDIDATES) > 0:
            return True
        # A changed model shares most of its noise on these days with the one before.
        proposal = 0.8 * (current - effect) + 0.6 * rng.normal(size=N_DAYS) + effect
        if proposal.mean() > current.mean():
            current = proposal
    return False


def climbing_blind(rng: np.random.Generator, effect: float) -> bool:
    """The same analyst, shown nothing but NO: there is nothing to climb."""
    current = rng.normal(size=N_DAYS) + effect
    for _ in range(LOOKS):
        if lower_bound(current, ALPHA / LOOKS) > 0:
            return True
        current = 0.8 * (current - effect) + 0.6 * rng.normal(size=N_DAYS) + effect
    return False


WAYS = {
    "best of 50 by point estimate": best_by_estimate,
    "each of 50 at full alpha": each_at_full_alpha,
    "holdout=once: 50 share alpha": shared_alpha,
    "holdout=select_on_validation": select_on_validation,
    f"holdout=blind: {LOOKS} looks": blind_looks,
    "adaptive analyst, figures shown, alpha / 50 each": climbing_with_figures,
    f"adaptive analyst, holdout=blind, {LOOKS} looks": climbing_blind,
}


def rates(arguments: tuple[str, int, int]) -> tuple[str, float, float]:
    """Share of repetitions that ship, without and with a good candidate."""
    name, seed, n = arguments
    rng = np.random.default_rng(seed)
    none = sum(WAYS[name](rng, 0.0) for _ in range(n)) / n
    return name, none, sum(WAYS[name](rng, EFFECT) for _ in range(n)) / n


def study(n: int) -> list[tuple[str, float, float]]:
    """All ways, on two processes."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(rates, [(name, seed, n) for seed, name in enumerate(WAYS)]))


def main() -> None:
    """Run the study and write its table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    error = 100 * np.sqrt(0.05 * 0.95 / n)
    lines = [
        "# Many candidates on one test window",
        "",
        f"Made by `scripts/studies/sweep.py {n}`; {N_DAYS} days, {N_CANDIDATES} candidates, {n} "
        f"repetitions, simulation standard error at 5 % {error:.1f} points.",
        "",
        "| how candidates are judged | ships though none is better % | ships with one good among 50 % |",
        "|---|---:|---:|",
    ]
    lines += [f"| {name} | {100 * none:.1f} | {100 * good:.1f} |" for name, none, good in study(n)]
    lines += [
        "",
        "The adaptive analyst's second column has every candidate good, so it says little; the first "
        "is what counts.",
    ]
    text = "\n".join(lines) + "\n"
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
