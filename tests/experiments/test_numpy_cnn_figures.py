"""The figures of numpy-cnn: which there are, what stands in them, and that a missing or diverged task stops none.

The drawing itself is `report`'s: most tests look at what it is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

from experiments import activation_plots, convergence, filter_sheets, numpy_cnn_figures
from experiments.experiment import Measurement, ReportedRow
from experiments.numpy_cnn import AS_PUBLISHED, EXPERIMENT, ROWS
from experiments.numpy_cnn_figures import figures
from report.figures.cells import Cell
from report.figures.series import Panel

TASKS = {task.name for task in EXPERIMENT.tasks}
RIGHT = {task for task in TASKS if not task.endswith(AS_PUBLISHED)}
EPOCHS = [1.0, 2.0, 3.0]


def outcome(task: str, error: Sequence[float] = (0.5, 0.2, 0.1)) -> Measurement:
    """What a run of this task would leave, with made-up numbers."""
    count, side = (2, 28) if task.startswith("part 2") else (16, 7)
    noise = np.random.default_rng(0)
    start, end = (noise.normal(size=(count, 1, side, side)).astype(np.float32) for _ in range(2))
    arrays: dict[str, Any] = {
        "filters, epoch 0": start,
        "filters, epoch 1": (start + end) / 2,
        "filters": end,
    }
    if task.startswith("all"):
        arrays["confusion"] = np.eye(10, dtype=np.float32) * 500
        arrays["deconvolution"] = noise.normal(size=(10, 17, 28, 28)).astype(np.float32)
    columns = ("train_loss", "validation_loss", "conv_deltas")
    return Measurement(
        {"test_accuracy": 90.0, "epochs": 3.0}, {"epoch": EPOCHS} | dict.fromkeys(columns, error), arrays
    )


def limits(panel: Panel) -> tuple[float, float]:
    assert panel.ylim is not None
    low, high = panel.ylim
    assert low is not None
    assert high is not None
    return low, high


@dataclass
class Drawn:
    """What the drawing functions were given, by the picture's title."""

    panels: dict[str, Sequence[Panel]] = field(default_factory=dict)
    sheets: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Sequence[str]] = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)
    confusion: list[list[int]] = field(default_factory=list)

    def panel(self, title: str, panel: str) -> Panel:
        return next(found for found in self.panels[title] if found.title == panel)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Nothing is drawn, but written down."""
    seen = Drawn()

    def series(panels: Sequence[Panel], title: str, note: str = "", columns: int | None = None) -> bytes:
        seen.panels[title] = panels
        return b"lines"

    def sheet(rows: Sequence[Any], title: str, subtitle: str = "", columns: Sequence[str] = (), **how: Any) -> bytes:
        seen.sheets[title], seen.columns[title] = {row.label: row.cells for row in rows}, columns
        return b"sheet"

    def confusion(counts: list[list[int]], *how: Any) -> bytes:
        seen.confusion = counts
        return b"confusion"

    def beside(rows: Sequence[ReportedRow], outcomes: object, title: str) -> bytes:
        seen.rows[title] = [row.title for row in rows]
        return b"rows"

    monkeypatch.setattr(convergence, "series_picture", series)
    monkeypatch.setattr(filter_sheets, "sheet", sheet)
    monkeypatch.setattr(activation_plots, "series_picture", series)
    monkeypatch.setattr(numpy_cnn_figures, "confusion_picture", confusion)
    monkeypatch.setattr(numpy_cnn_figures, "beside", beside)
    return seen


def everything() -> dict[str, list[Measurement]]:
    return {task: [outcome(task)] for task in TASKS}


def test_all_tasks_give_all_figures(drawn: Drawn) -> None:
    assert set(figures(everything(), ROWS)) == {
        "activations",
        *(f"part2-{name}" for name in ("activations", "learning-rates", "leaks")),
        *(f"part2-filters{name}" for name in ("", "-through-training")),
        *(f"part3-{name}" for name in ("activations", "learning-rates", "orders")),
        *(f"part3-filters{name}" for name in ("", "-learning-rates", "-orders")),
        *(f"all-{name}" for name in ("activations", "confusion")),
        *(f"{part}-accuracy-{how}" for part in ("part-2", "part-3", "all") for how in ("as-published", "right")),
        *(f"all-{name}-{activation}" for name in ("filters", "deconvolution") for activation in ("tanh", "sigmoid")),
    }


def test_every_task_is_drawn_under_a_name_that_exists(drawn: Drawn) -> None:
    read = set[str]()

    class Reading(dict[str, list[Measurement]]):
        def get(self, task: str, default: Any = None) -> Any:
            read.add(task)
            return super().get(task, default)

    figures(Reading(everything()), ())
    assert read == RIGHT - {"part 3, A, sigmoid, slopes .7 and .05"}


def test_without_outcomes_there_are_the_activations_alone(drawn: Drawn) -> None:
    assert set(figures({}, ())) == {"activations"}


def test_rows_stand_beside_what_was_reported_part_by_part(drawn: Drawn) -> None:
    figures({}, ROWS)
    titles = [title for rows in drawn.rows.values() for title in rows]
    assert len(titles) == len([row for row in ROWS if row.measure == "test_accuracy"])
    assert [title.partition(":")[0] for title in drawn.rows] == [
        f"{part}, {how}"
        for how in ("as published", "right")
        for part in ("Part 2, ones and threes", "Part 3, 100 images of each digit", "500 images of each digit")
    ]
    assert "ReLU, alpha .01, leak .05" in drawn.rows["Part 2, ones and threes, right: test accuracy"]


def test_networks_stand_side_by_side_on_common_scales(drawn: Drawn) -> None:
    outcomes = everything() | {"part 3, B, sigmoid": [outcome("part 3, B, sigmoid", (8.0, 4.0, 2.0))]}
    figures(outcomes, ())
    panels = drawn.panels["Part 3, alpha .001: three activations in networks A and B"]
    assert [panel.title for panel in panels] == [
        f"network {network}: {quantity}"
        for quantity in ("training error", "test error", "Mag Conv Deltas")
        for network in "AB"
    ]
    assert all([line.name for line in panel.lines] == ["ReLU", "tanh", "sigmoid"] for panel in panels)
    assert all(panel.log_y and panel.ylim == panels[0].ylim for panel in panels)
    low, high = limits(panels[0])
    assert low < 0.1 < 8.0 < high
    assert panels[1].lines[2].y == (8.0, 4.0, 2.0)


def test_a_missing_task_leaves_out_its_line_and_its_row(drawn: Drawn) -> None:
    outcomes = everything()
    del outcomes["part 2, tanh, alpha .01"]
    outcomes["part 3, A, tanh"] = []
    figures(outcomes, ())
    first = drawn.panels["Part 2, alpha .01: three activations"][0]
    assert [line.name for line in first.lines] == ["ReLU", "sigmoid"]
    assert "network A, tanh" not in drawn.sheets["Part 3: the sixteen filters of each network"]


def test_a_run_that_diverged_is_seen_to_leave_and_does_not_choose_the_scale(drawn: Drawn) -> None:
    task = "part 3, A, ReLU, alpha .005"
    outcomes = everything() | {task: [outcome(task, (1.0, 1e30, float("nan")))]}
    figures(outcomes, ())
    panel = drawn.panel("Part 3, ReLU: learning rates of network B, and A at .005", "training error")
    assert panel.lines[-1].name == "network A, alpha .005"
    assert 1 < limits(panel)[1] < 2  # only where it started


def test_of_several_seeds_the_first_is_drawn(drawn: Drawn) -> None:
    task = "part 2, tanh, alpha .01"
    outcomes = everything() | {task: [outcome(task, (0.4, 0.3, 0.25)), outcome(task, (9.0, 9.0, 9.0))]}
    figures(outcomes, ())
    tanh = drawn.panels["Part 2, alpha .01: three activations"][0].lines[1]
    assert tanh.y == (0.4, 0.3, 0.25)


def test_filters_through_training_end_with_what_training_added(drawn: Drawn) -> None:
    outcomes = everything()
    figures(outcomes, ())
    title = "Part 2, ReLU: the filters through training, by learning rate"
    assert drawn.columns[title] == ["start", "epoch 1", "epoch 3", "change"]
    arrays = outcomes["part 2, ReLU, alpha 0.01"][0].arrays
    cells = drawn.sheets[title]["alpha 0.01, filter 2"]
    expected = [arrays["filters, epoch 0"], arrays["filters, epoch 1"], arrays["filters"]]
    for cell, kept in zip(cells, [*expected, expected[2] - expected[0]], strict=True):
        np.testing.assert_array_equal(cell, kept[1, 0])


def test_deconvolutions_stand_under_their_filters_and_beside_their_digit(drawn: Drawn) -> None:
    outcomes = everything()
    figures(outcomes, ())
    rows = drawn.sheets["Network B, tanh, 500 images of each digit: deconvolution"]
    assert [*rows] == ["filter", *(f"digit {digit}" for digit in range(10))]
    arrays = outcomes["all, B, tanh"][0].arrays
    assert rows["filter"][0] is None
    np.testing.assert_array_equal(rows["filter"][16], arrays["filters"][15, 0])
    given, *seen = rows["digit 7"]
    assert isinstance(given, Cell)
    assert given.kind == "grey"
    np.testing.assert_array_equal(given.picture, arrays["deconvolution"][7, 0])
    np.testing.assert_array_equal(seen, arrays["deconvolution"][7, 1:])


def test_confusions_are_counts(drawn: Drawn) -> None:
    figures(everything(), ())
    assert drawn.confusion == (np.eye(10, dtype=int) * 500).tolist()


def test_activations_are_what_the_formulas_say(drawn: Drawn) -> None:
    figures({}, ())
    sigmoid, tanh, relu, *derivatives = drawn.panels["Sigmoid, tanh and leaky ReLU, and their derivatives"]
    x = torch.tensor(sigmoid.lines[0].x, dtype=torch.float64, requires_grad=True)
    for panel, slope in ((sigmoid, "λ"), (tanh, "λ"), (relu, "γ")):
        assert all(line.name.startswith(slope) for line in panel.lines)
    for function, derivative, index, y in (
        (sigmoid, derivatives[0], 2, torch.sigmoid(0.7 * x)),
        (tanh, derivatives[1], 1, torch.tanh(0.5 * x)),
        (relu, derivatives[2], 3, torch.nn.functional.leaky_relu(x, 0.1)),
    ):
        (slope_of_y,) = torch.autograd.grad(y.sum(), x)
        np.testing.assert_allclose(function.lines[index].y, y.detach(), atol=1e-12)
        np.testing.assert_allclose(derivative.lines[index].y, slope_of_y, atol=1e-12)


def test_a_diverged_run_can_be_drawn() -> None:
    task = "part 2, tanh, alpha .01"
    outcomes = {task: [outcome(task, (1.0, float("inf"), float("nan")))]}
    for png in (
        convergence.convergence(outcomes, {"": {"tanh": task}}, "errors"),
        filter_sheets.learned_sheet(outcomes, {"tanh": task}, "filters"),
    ):
        assert png is not None
        assert png.startswith(b"\x89PNG")
