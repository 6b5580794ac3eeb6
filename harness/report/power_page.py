"""Power page: how the chance of each criterion to pass grows with data."""

from __future__ import annotations

from harness.power_plan import PowerPlan
from harness.report import plots
from harness.report.page import render


def power_page(plan: PowerPlan) -> str:
    """A plan as HTML, with a curve for each criterion.

    Args:
        plan: The plan.
    """
    curves = {one.name: one.curve for one in plan.plans}
    return render(
        "power.html.j2", plan=plan, curves=plots.power_curves(curves, plan.power, plan.unit)
    )
