"""What the reports' figures share: whose colour a line has, and that a shortened protocol is said on the picture."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from experiments import cs559, figures, tensor_framework
from experiments.experiment import Measurement, ReportedRow
from experiments.figures import beside, curves
from report.figures.bars import Pair
from report.figures.series import Panel
from report.figures.style import PALETTE, TRAIN, VALIDATION

OUTCOME = Measurement(
    {"test_error": 1.5}, {"epoch": [1.0, 2.0], "train_accuracy": [0.5, 0.75], "validation_accuracy": [0.25, 0.5]}
)
ROWS = [ReportedRow(title=f"model {number}", task="a", measure="test_error", reported=1.0) for number in range(3)]


def test_training_and_what_was_held_out_have_the_colours_of_a_learning_curve() -> None:
    training, held_out = curves(OUTCOME, "accuracy", held_out="validation")
    assert [training.name, held_out.name] == ["training", "validation"]
    assert training.colour is not None
    assert held_out.colour is not None
    assert [PALETTE[training.colour], PALETTE[held_out.colour]] == [TRAIN, VALIDATION]
    assert (training.y, held_out.y) == ([0.5, 0.75], [0.25, 0.5])


@pytest.mark.parametrize(
    ("experiment", "axes"),
    [
        (tensor_framework, ["cross-entropy", "mean squared error", "cross-entropy"]),
        (cs559, ["cross-entropy, mean per image"] * 3),
    ],
)
def test_a_loss_by_epoch_has_its_own_name(
    experiment: Any, axes: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Panel] = []
    monkeypatch.setattr(experiment, "series_picture", lambda panels, *_: drawn.extend(panels) or b"")
    monkeypatch.setattr(experiment, "beside", lambda *_, **__: b"")
    outcome = Measurement(series={"epoch": [1.0], "train_loss": [0.5], "validation_loss": [0.75]})
    experiment.EXPERIMENT.figures({task.name: [outcome] for task in experiment.TASKS}, ROWS)
    assert [panel.ylabel for panel in drawn] == axes


@pytest.mark.parametrize(
    ("shortened", "note"),
    [
        (("", "", ""), ""),
        (("2 of 30 epochs", "", "2 of 30 epochs"), "Shortened in 2 of 3 rows: 2 of 30 epochs"),
        (
            ("2 of 30 epochs", "1 of 120 epochs", "2 of 30 epochs"),
            "Shortened in 3 of 3 rows: 2 of 30 epochs; 1 of 120 epochs",
        ),
    ],
)
def test_what_was_shortened_is_said_on_the_picture(
    shortened: tuple[str, ...], note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []

    def draw(pairs: list[Pair], *how: object, note: str, decimals: int) -> bytes:
        assert [(pair.reported, pair.measured) for pair in pairs] == [(1.0, 1.5)] * 3
        notes.append(note)
        return b"pairs"

    monkeypatch.setattr(figures, "reported_beside_measured", draw)
    rows = [replace(row, shortened=cut) for row, cut in zip(ROWS, shortened, strict=True)]
    assert beside(rows, {"a": [OUTCOME]}, "t") == b"pairs"
    assert notes == [note]
