"""`show-weights` on stdout: how many units raise each person most, in singular and plural, and for outputs."""

from pathlib import Path

import numpy as np
import pytest

import cli
from faces.classifier import Classifier
from faces.hidden import HiddenClassifier
from faces.photos import PhotoArray
from faces.run import read_exciting_photos
from faces.run_photo import RunPhoto
from faces.transfer import TransferClassifier
from nn import checkpoint
from report import run_folder as files

NAMES = ["Ada", "Ada", "Bo", "Bo"]


def hidden(units: int) -> HiddenClassifier:
    photos = np.random.default_rng(0).random((4, 1, 12, 12)).astype(np.float32)
    return HiddenClassifier(hidden=units, epochs=1, size=12).fit(PhotoArray(photos), NAMES)


def head() -> TransferClassifier:
    features = np.random.default_rng(0).random((4, 2, 20)).astype(np.float32)
    return TransferClassifier(weights="random", epochs=1).fit(PhotoArray(features), NAMES)


def run_of(classifier: Classifier, folder: Path) -> Path:
    """The files of a run that the command reads."""
    (folder / files.MODEL).write_bytes(classifier.to_bytes())
    (folder / files.METRICS).write_bytes(files.as_json({"data": "gone", "confusion": [[1, 0], [0, 1]]}))
    (folder / "units.json").write_bytes(files.as_json([{"unit": unit, "photos": []} for unit in range(20)]))
    return folder


def printed(run: Path, *flags: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines about the units."""
    assert cli.main(["show-weights", str(run), *flags]) == 0
    *lines, picture = capsys.readouterr().out.splitlines()
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    return lines


def test_units_are_counted_by_the_person_they_raise_most(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classifier = hidden(9)
    counts = {name: sum(unit_class.name == name for unit_class in classifier.unit_classes()) for name in ("Ada", "Bo")}
    assert min(counts.values()) > 1
    expected = {f"    {n} hidden units raise {name} most" for name, n in counts.items()}
    assert set(printed(run_of(classifier, tmp_path), capsys=capsys)) == expected


def test_one_hidden_unit_is_in_the_singular(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classifier = hidden(1)
    name = classifier.unit_classes()[0].name
    assert printed(run_of(classifier, tmp_path), capsys=capsys) == [f"    1 hidden unit raises {name} most"]
    assert printed(tmp_path, "--unit", "0", capsys=capsys) == [f"unit 0 raises {name} most"]


def test_without_a_hidden_layer_outputs_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(head(), tmp_path)
    assert printed(run, capsys=capsys) == ["    1 output raises Ada most", "    1 output raises Bo most"]
    assert printed(run, "--unit", "1", capsys=capsys) == ["output 1 raises Bo most"]


NO_JSON = ["", "{", '{"confusion": [[1, 0', "[" * 100_000, "\udcff"]
NO_METRICS = [
    "{}",
    "[]",
    "null",
    "7",
    '{"data": 1, "confusion": [[1]]}',
    '{"data": "d", "confusion": [[1, "x"], [0, 1]]}',
    '{"data": "d", "confusion": [{"2": 1}, {}]}',
    '{"data": "d", "confusion": [{"0": -1}, {}]}',
]
NO_UNITS = ["{}", "null", "7", "[1]", "[null]", '[{"unit": 0}]', '[{"photos": []}]', '[{"unit": [], "photos": 3}]']


@pytest.mark.parametrize(
    ("file", "text"),
    [(files.METRICS, text) for text in NO_JSON + NO_METRICS] + [("units.json", text) for text in NO_JSON + NO_UNITS],
)
def test_a_damaged_file_of_a_run_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, text: str
) -> None:
    run = run_of(hidden(2), tmp_path)
    (run / file).write_bytes(text.encode(errors="surrogateescape"))
    assert cli.main(["show-weights", str(run)]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"faces show-weights: {run / file} ")
    assert printed.err.count("\n") == 1
    assert not printed.out


@pytest.mark.parametrize("settings", [[], None, "x", {"hidden": "many"}, {"hidden": -1}])
def test_a_checkpoint_with_other_settings_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: object
) -> None:
    run = run_of(hidden(2), tmp_path)
    tensors, metadata = checkpoint.load((run / files.MODEL).read_bytes())
    (run / files.MODEL).write_bytes(checkpoint.dump(tensors, {**metadata, "settings": settings}))
    assert cli.main(["show-weights", str(run)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_photos_that_a_run_places_outside_of_its_data_are_left_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    photos = ["Ada/1.jpg", "../mine.jpg", str(tmp_path / "mine.jpg"), "C:\\mine.jpg", "a\0b"]
    (tmp_path / "units.json").write_bytes(files.as_json([{"unit": 3, "photos": photos}]))
    assert read_exciting_photos(tmp_path, data) == {3: [RunPhoto(data / "Ada/1.jpg")]}
