"""Units: whether a conversion explains how a column's values changed."""

from __future__ import annotations

import numpy as np

from harness.monitor.sketch import Sketch, ks_distance

_SAME_SHAPE = 0.10
# Celsius, Fahrenheit and Kelvin: factor and offset of the values now from those then.
_TEMPERATURES = {
    "degrees Celsius turned into Fahrenheit": (1.8, 32.0),
    "degrees Fahrenheit turned into Celsius": (1 / 1.8, -32 / 1.8),
    "degrees Celsius turned into Kelvin": (1.0, 273.15),
    "degrees Kelvin turned into Celsius": (1.0, -273.15),
}
# Factors that people convert by, and what each is known from.
_FACTORS = {
    7.0: "days and weeks",
    12.0: "months and years",
    24.0: "hours and days",
    60.0: "seconds and minutes, or minutes and hours",
    1_440.0: "minutes and days",
    3_600.0: "seconds and hours",
    86_400.0: "seconds and days",
    1.609344: "miles and kilometres",
    2.54: "inches and centimetres",
    3.28084: "feet and metres",
    2.204623: "pounds and kilograms",
    3.785412: "gallons and litres",
    1_024.0: "bytes and kilobytes",
}
_NEAR_KNOWN, _FAR_FROM_KNOWN = 0.02, 0.15
_NEAR_POWER = 0.10
# Normal quantile of nine tenths.
_NORMAL_TENTH = 1.2816
_MIDDLE = np.linspace(0.1, 0.9, 17)


def unit_change(then: Sketch, now: Sketch) -> str | None:
    """In words, how values were converted, if a conversion explains the difference.

    A temperature or a factor that maps the old distribution onto the new one is named; where the
    shapes differ too, a power of ten between medians and quartiles is still named as suspected.

    Args:
        then: The values in the reference.
        now: The values in the window.
    """
    before = ks_distance(then, now)
    for words, (factor, offset) in _TEMPERATURES.items():
        if _explains(then, now, factor, offset, before):
            return f"the values look like {words}"
    old, new = then.quantile(_MIDDLE), now.quantile(_MIDDLE)
    used = np.abs(old) > 1e-9 * max(1e-300, float(np.abs(old).max()))
    if used.sum() < 5:
        return None
    ratios = new[used] / old[used]
    factor = float(np.median(ratios))
    if factor <= 0 or abs(np.log(factor)) < np.log(1.25):
        return None
    if _explains(then, now, factor, 0.0, before):
        # Three standard errors of a median, with logs spread as between the outer tenths.
        middle = np.log(np.abs(old[used & (old > 0)] if (old > 0).any() else old[used]))
        spread = float(np.ptp(middle)) / (2 * _NORMAL_TENTH)
        error = 3 * 1.25 * spread * float(np.sqrt(1 / then.n + 1 / now.n))
        error = float(np.clip(error, _NEAR_KNOWN, _FAR_FROM_KNOWN))
        known = _known(factor, error)
        if known is None or not _explains(then, now, known[0], 0.0, before):
            known = factor, f"{factor:.4g}"
        return f"the values look multiplied by {known[1]}"
    power = round(np.log10(factor))
    quartiles = np.quantile(ratios, [0.25, 0.75]) / factor
    is_near = abs(factor / 10.0**power - 1) < _NEAR_POWER
    if power and is_near and ((quartiles > 0.5) & (quartiles < 2)).all():
        return f"the median is about {10.0**power:.12g} times what it was"
    return None


def _known(factor: float, error: float) -> tuple[float, str] | None:
    """The nearest factor that people convert by, with where it is known from, within an error."""
    power = 10.0 ** round(np.log10(factor))
    words = {power: f"{power:.12g}"} if power != 1 else {}
    for known, where in _FACTORS.items():
        words |= {exact: f"{exact:.4g} ({where})" for exact in (known, 1 / known)}
    nearest = min(words, key=lambda exact: abs(np.log(factor / exact)))
    if abs(np.log(factor / nearest)) > error:
        return None
    return nearest, words[nearest]


def _explains(then: Sketch, now: Sketch, factor: float, offset: float, before: float) -> bool:
    converted = Sketch(
        n=then.n,
        values=then.values * factor + offset,
        below=then.below,
        upto=then.upto,
        mean=then.mean,
        squares=then.squares,
    )
    after = ks_distance(converted, now)
    by_chance = 1.63 / float(np.sqrt(now.n))  # one time in a hundred
    return after < min(max(_SAME_SHAPE, by_chance), before / 3)
