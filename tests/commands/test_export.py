"""`export` as it is typed: what is printed, and wrong usage in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import cli
from faces.hidden import HiddenClassifier
from mnist.classifier import DigitClassifier


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model of two people; the current folder is beside it."""
    monkeypatch.chdir(tmp_path)
    photos = np.random.default_rng(0).integers(0, 256, (8, 1, 12, 12), dtype=np.uint8)
    classifier = HiddenClassifier(hidden=4, size=12, epochs=1, device="cpu")
    prepared = classifier.read(photos)
    return (
        classifier.fit(prepared, ["Ada", "Bo"] * 4, (prepared, ["Ada", "Bo"] * 4))
        .save(tmp_path / "runs" / "two")
        .parent
    )


def export(*arguments: object) -> int:
    return cli.main(["export", *map(str, arguments)])


def test_it_is_named_as_the_run_and_says_what_goes_in_and_comes_out(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(run, "--format", "torchscript") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("two.pt: ")
    assert out[1] == "in         pixels, uint8 (N, 1, 12, 12)"
    assert out[2].startswith("out        probabilities (N, 2), score (N,), threshold ")
    assert out[3].startswith("compared   differs from the run by at most ")
    assert out[3].endswith(", on random pixels")
    assert Path("two.pt").is_file()


def test_json_has_what_the_file_says_of_itself(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    assert export(run, "--format", "onnx", "--out", "sub/own.onnx", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bytes"] == Path("sub/own.onnx").stat().st_size
    assert said["about"]["classes"] == ["Ada", "Bo"]
    assert said["difference"] is None or said["difference"] < 1e-4


def test_digits_have_no_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    run = DigitClassifier(model="softmax", epochs=1).fit(x, np.arange(10)).save(tmp_path / "digits.safetensors")
    assert export(run, "--format", "torchscript", "--out", tmp_path / "digits.pt") == 0
    assert "out        probabilities (N, 10)\n" in capsys.readouterr().out


def test_what_is_there_is_kept_and_what_is_no_run_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("two.pt").write_text("mine")
    assert export(run, "--format", "torchscript") == 2
    assert export(run / "none", "--format", "torchscript") == 2
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["faces export"] * 2
    assert Path("two.pt").read_text() == "mine"
