"""The notebook runs from top to bottom, and results show themselves."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from harness.artefacts.card import card

TOUR = Path(__file__).parent.parent.parent / "docs" / "tour.ipynb"


@pytest.mark.slow
def test_the_tour_runs_and_shows_decision_finding_comparison_and_drift(tmp_path):
    notebook = nbformat.read(TOUR, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    shown = "".join(
        output.get("data", {}).get("text/html", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    assert "NO_SHIP" in shown or "INCONCLUSIVE" in shown
    assert "with an AUC of" in shown  # a finding
    assert "model=LogisticRegression" in shown  # what differs, in the comparison
    assert "ALERT" in shown
    assert "<td>temp</td>" in shown  # what drifted


def test_cards_escape_whatever_columns_are_called():
    shown = card("<b>", "#000", ["<script>"], ["<i>"], [["<u>"]])
    for tag in ("<b>", "<script>", "<i>", "<u>"):
        assert tag not in shown
