"""What the reports' figures share: whose colour a line has, and that a shortened protocol is said on the picture."""

from dataclasses import replace

import pytest

from experiments import figures
from experiments.experiment import Measurement, ReportedRow
from experiments.figures import beside, curves
from report.figures.bars import Pair
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
