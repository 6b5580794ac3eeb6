"""CUPED keeps all units: those without a covariate are in the effect and in the counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from harness.abtest.bounds import Looks
from harness.abtest.figures import arms_of, contrast
from harness.abtest.metric import LogMetric

ONE_LOOK = Looks(is_sequential=False, n_units=2000, n_planned=2000)
METRIC = LogMetric(
    name="revenue",
    title="Revenue",
    unit="",
    higher_is_better=True,
    kind="mean",
    column="y",
    covariate="x",
)
RATIO = LogMetric(
    name="rate",
    title="Rate",
    unit="",
    higher_is_better=True,
    kind="ratio",
    column="y",
    per="n",
    covariate="x",
    per_covariate="m",
)


def draw(rng: np.random.Generator, n: int, share: float = 0.5, new_share: float = 0.5):
    """Half the users are new and lose 3; old ones gain 1.5: over all, the treatment harms."""
    treated, new = rng.random(n) < share, rng.random(n) < new_share
    before = rng.gamma(2, 10, n)
    y = np.where(
        new,
        rng.gamma(2, 5, n) - 3.0 * treated,
        0.8 * before + rng.gamma(2, 2, n) + 1.5 * treated,
    )
    return pd.DataFrame({"y": y, "x": np.where(new, np.nan, before)}), treated


def estimate(frame, treated, metric=METRIC, factor=1.0):
    return contrast(metric, *arms_of(metric, frame, treated), ONE_LOOK, 0.05, factor)


def test_the_adjusted_difference_is_that_of_least_squares_with_an_indicator():
    frame, treated = draw(np.random.default_rng(3), 4000)
    found = estimate(frame, treated)
    new = frame["x"].isna().to_numpy()
    filled = frame["x"].fillna(0.0).to_numpy()
    design = sm.add_constant(np.column_stack([treated, filled, new]).astype(float))
    fitted = sm.OLS(frame["y"].to_numpy(), design).fit(cov_type="HC2")
    assert found.value == pytest.approx(fitted.params[1], abs=0.01)
    width = found.interval.upper - found.interval.lower
    assert width == pytest.approx(2 * stats.norm.ppf(0.95) * fitted.bse[1], rel=0.02)
    plain = LogMetric(**{f: getattr(METRIC, f) for f in METRIC.__slots__} | {"covariate": None})
    wide = estimate(frame, treated, plain).interval
    assert width < 0.7 * (wide.upper - wide.lower)


def test_a_covariate_known_for_all_is_cuped_as_it_ever_was():
    frame, treated = draw(np.random.default_rng(4), 3000, new_share=0.0)
    found = estimate(frame, treated)
    y, x = frame["y"].to_numpy(), frame["x"].to_numpy()
    slope = np.cov(y, x)[0, 1] / x.var(ddof=1)
    adjusted = y - slope * (x - x.mean())
    expected = adjusted[treated].mean() - adjusted[~treated].mean()
    assert found.value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("share", "new_share", "factor"), [(0.5, 0.5, 1.0), (0.1, 0.5, 1.0), (0.5, 0.05, 1.1)]
)
def test_the_interval_holds_and_is_unbiased_where_new_users_react_otherwise(
    share, new_share, factor
):
    rng = np.random.default_rng(7)
    mean_control = new_share * 10 + (1 - new_share) * 20
    truth = new_share * -3 + (1 - new_share) * 1.5 + (1 - factor) * mean_control
    found = [estimate(*draw(rng, 1000, share, new_share), factor=factor) for _ in range(600)]
    errors = np.array([f.value - truth for f in found])
    assert abs(errors.mean()) < 3.5 * errors.std() / np.sqrt(len(errors))
    below = np.mean([f.interval.lower > truth for f in found])
    above = np.mean([f.interval.upper < truth for f in found])
    # 5 % each; a binomial of 600 lies below 8.2 % with certainty enough.
    assert max(below, above) < 0.082
    assert min(below, above) > 0.02


def test_a_ratio_keeps_units_without_a_covariate():
    rng = np.random.default_rng(8)
    errors, misses = [], 0
    for _ in range(300):
        n = 1500
        treated, new = rng.random(n) < 0.5, rng.random(n) < 0.4
        size, before = rng.integers(1, 6, n), rng.integers(1, 6, n)
        rate = rng.gamma(4, 0.25, n)
        effect = np.where(new, -0.4, 0.1) * treated  # the same sessions, so -0.1 over all
        frame = pd.DataFrame(
            {
                "y": size * (rate + effect),
                "n": size.astype(float),
                "x": np.where(new, np.nan, before * rate),
                "m": np.where(new, np.nan, before),
            }
        )
        found = estimate(frame, treated, RATIO)
        errors.append(found.value + 0.1)
        misses += not found.interval.lower < -0.1 < found.interval.upper
    assert abs(np.mean(errors)) < 3.5 * np.std(errors) / np.sqrt(300)
    assert misses / 300 < 0.16


def test_a_covariate_without_a_value_anywhere_changes_nothing():
    frame, treated = draw(np.random.default_rng(9), 1000)
    none = estimate(frame.assign(x=np.nan), treated)
    y = frame["y"].to_numpy()
    assert none.value == pytest.approx(y[treated].mean() - y[~treated].mean(), rel=1e-10)
    one = frame.assign(x=np.where(np.arange(1000) == 5, 1.0, np.nan))
    assert np.isfinite(estimate(one, treated).interval.upper)
