"""Availability: a feature that is known only once the outcome is."""

from __future__ import annotations

from harness.audit.finding import BLOCK, Finding
from harness.data import Dataset


def check_availability(dataset: Dataset) -> list[Finding]:
    """L01: features that the dataset itself declares as written after the outcome."""
    late = [name for name in dataset.roles.features if name in dataset.roles.after_outcome]
    return [
        Finding(
            check="L01",
            title="known only after the outcome",
            severity=BLOCK,
            columns=(name,),
            sentence=f"{name} is a feature, but is known only after the outcome.",
            evidence={"share_of_rows": 1.0},
            advice="Take it out of the features; in production it is not there when the "
            "prediction is made.",
        )
        for name in late
    ]
