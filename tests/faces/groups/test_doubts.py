"""The photos of a run whose names may be wrong: mistakes first, then what it was least sure of."""

import json
from pathlib import Path

import pytest

from errors import FacesError, RunError, UsageError
from faces.groups.doubts import doubts_of
from report.page.ranking import MISTAKES

Row = tuple[str, str, str, float]  # file, person, predicted, probability
ROWS = [
    ("Ada/1.jpg", "Ada", "Ada", 0.9),
    ("Ada/2.jpg", "Ada", "Bo", 0.5),
    ("Ada/3.jpg", "Ada", "Bo", 0.8),
    ("Bo/1.jpg", "Bo", "Bo", 0.4),
]


def make_run(folder: Path, rows: list[Row], data: Path) -> Path:
    folder.mkdir()
    (folder / "metrics.json").write_text(json.dumps({"data": str(data)}))
    (folder / "split.json").write_text(json.dumps({"sha256": {file: f"sha of {file}" for file, *_ in rows}}))
    lines = [",".join(map(str, row)) for row in [("file", "person", "predicted", "probability"), *rows]]
    (folder / "predictions.csv").write_text("\n".join(lines))
    return folder


def files(run: Path, data: Path) -> list[str]:
    return [doubt.sha256.removeprefix("sha of ") for doubt in doubts_of(run, data)]


def test_mistakes_come_first_the_most_certain_first_then_the_least_sure(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", ROWS, tmp_path)
    assert files(run, tmp_path) == ["Ada/3.jpg", "Ada/2.jpg", "Bo/1.jpg", "Ada/1.jpg"]


def test_every_mistake_is_there_but_only_some_of_what_is_right(tmp_path: Path) -> None:
    wrong = [(f"Ada/{n}.jpg", "Ada", "Bo", 0.5) for n in range(3 * MISTAKES)]
    right = [(f"Bo/{n}.jpg", "Bo", "Bo", 0.5) for n in range(3 * MISTAKES)]
    found = files(make_run(tmp_path / "run", wrong + right, tmp_path), tmp_path)
    assert len(found) == len(wrong) + MISTAKES


def test_a_run_of_other_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="elsewhere"):
        doubts_of(make_run(tmp_path / "run", ROWS, tmp_path / "elsewhere"), tmp_path)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("split.json", "{}"),
        ("split.json", '{"sha256": []}'),
        ("split.json", "nothing"),
        ("predictions.csv", "file,person,predicted,probability\nAda/9.jpg,Ada,Bo,0.5"),
        ("predictions.csv", "file,person,predicted,probability\nAda/1.jpg,Ada,Bo,likely"),
        ("predictions.csv", "nothing\nAda/1.jpg"),
    ],
)
def test_a_damaged_run_is_an_error_of_one_line(tmp_path: Path, file: str, text: str) -> None:
    run = make_run(tmp_path / "run", ROWS, tmp_path)
    (run / file).write_text(text)
    with pytest.raises(FacesError) as error:
        doubts_of(run, tmp_path)
    assert isinstance(error.value, RunError)
    assert "\n" not in str(error.value)
