"""The notebook of the tour runs from its first cell to its last, without a network."""

import re
from pathlib import Path

import pytest

TOUR = Path(__file__).resolve().parent.parent / "docs" / "tour.ipynb"


def test_the_tour_runs_and_says_what_it_promises() -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    client = pytest.importorskip("nbclient", reason="nbclient is not installed")
    notebook = nbformat.read(TOUR, as_version=4)
    client.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(TOUR.parent)}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output
    )
    assert printed.count("True") == 6  # four equations of a layer, an optimiser's rule, and its effect
    assert "False" not in printed
    checked = re.findall(r"^right .*?([\d.e-]+)}?\nwrong .*?([\d.e-]+)}?$", printed, re.MULTILINE)
    assert len(checked) == 2  # a layer and a loss
    assert all(float(right) < 1e-6 < 1e-2 < float(wrong) for right, wrong in checked)
    assert "test photos named rightly" in printed
    assert "photos, views, numbers: (112, 2, 9216)" in printed
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if {"image/png", "image/jpeg"} & output.get("data", {}).keys()
    ]
    assert len(pictures) == 4
