"""`train-mnist` as a person meets it: what it prints, where, and what it exits with."""

import errno
import json
from pathlib import Path

import pytest
import torch

import cli
from mnist.classifier import DigitClassifier
from mnist.settings import VALIDATION


def run(*arguments: object) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as end:  # argparse's own way out
        return int(end.code or 0)


@pytest.fixture
def digits(small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `download mnist` would have made in the current one."""
    monkeypatch.chdir(tmp_path)
    Path("datasets").mkdir()
    small_mnist.rename("datasets/mnist")
    return Path("datasets/mnist")


@pytest.mark.parametrize("model", ["softmax", "fc", "cnn", "best"])
def test_from_the_files_to_a_picture_of_what_was_learned(
    digits: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    epochs = {"softmax": 2, "fc": 2}.get(model, 1)
    assert run("train-mnist", "--model", model, "--epochs", epochs, "--batch-size", 20, "--validation", 120) == 0
    lines, out = capsys.readouterr().out.splitlines(), Path("runs", f"mnist-{model}")
    metrics = json.loads((out / "metrics.json").read_text())
    right = round(metrics["test_accuracy"] * 50)
    assert lines[0] == f"train         80 digits, accuracy {metrics['train_accuracy']:.4f}"
    assert lines[1] == f"validation   120 digits, accuracy {metrics['validation_accuracy']:.4f}"
    assert len(lines) == 4
    assert lines[-2].startswith(f"run        {out}: report.html, learning_curve.png, confusion.png, weights.png")
    assert lines[-1] == f"test accuracy {right / 50:.4f} ({right} of 50)"
    assert run("show-weights", out, "--unit", 3) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == str(out / "weights-3.png")
    assert (len(printed) == 2 and printed[0].startswith("unit 3 raises ")) == (model == "fc")
    assert run("report", out) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out / "report.html")


def test_how_it_is_computed_is_kept_and_can_be_another_when_it_goes_on(digits: Path) -> None:
    arguments = ("train-mnist", "--model", "softmax", "--epochs", 1, "--validation", 0, "--quiet")
    assert run(*arguments, "--device", "cpu", "--no-capture", "--out", "run") == 0
    metrics = json.loads(Path("run", "metrics.json").read_text())
    assert metrics["device"] == "cpu"
    assert metrics["request"]["flags"][-3:] == ["--device", "cpu", "--no-capture"]
    assert "on cpu" in Path("run", "report.html").read_text()
    for flags in ((), ("--device", "auto", "--capture")):
        assert run("train-mnist", "--resume", "--out", "run", "--quiet", *flags) == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("command", ["train-mnist", "reproduce tensor-framework"])
def test_a_gpu_that_is_not_there_is_one_line(command: str, digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command.split(), "--device", "cuda", "--out", "run") == 2
    assert capsys.readouterr().err.endswith("this torch finds no CUDA device; use --device cpu or auto\n")
    assert not Path("run").exists()


def test_json_is_one_object_and_a_second_run_gets_a_folder_of_its_own(
    digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("train-mnist", "--model", "softmax", "--epochs", 1, "--validation", 0, "--json")
    for out in ("runs/mnist-softmax", "runs/mnist-softmax-2"):
        assert run(*arguments) == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed == json.loads(Path(out, "metrics.json").read_text())
        assert printed["validation_accuracy"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--mnist", "nowhere"], "MNIST is not in nowhere: expected train-images-idx3-ubyte"),
        (["--mnist", "nowhere"], "get it with `faces download mnist --out nowhere`"),
        (
            ["--model", "best", "--momentum", "0.9"],
            "momentum: best learns by Muon, with the momentum of its own; leave it out",
        ),
        (["--momentum", "1"], "momentum must be from 0 to below 1, got 1.0"),
        (["--lr", "0"], "lr must be a number above 0, got 0.0"),
        (["--lr", "nan"], "lr must be a number above 0, got nan"),
        (["--weight-decay", "-1"], "weight_decay must be a number from 0, got -1.0"),
        (["--epochs", "0"], "expected a whole number from 1 on"),
        (["--model", "best", "--batch-size", "1"], "batch_size must be at least 2 for best"),
        (["--resume"], "--resume needs --out RUN, the folder of the interrupted training"),
        (["--model", "magic"], "invalid choice: 'magic'"),
        (["--validation", "-1"], "--validation"),
        ([], f"has 200 training digits, expected more than the {VALIDATION} to be held out"),
        (["--out", "notes.txt"], "notes.txt is a file, or in one: expected a folder for the run"),
        (["--out", "notes.txt/run"], "notes.txt/run is a file, or in one"),
        (["--out", "o" * 300], "cannot be read: File name too long"),
        (["--out", "."], "holds files that are no run's"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    digits: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    Path("notes.txt").touch()
    before = sorted(Path().rglob("*"))
    assert run("train-mnist", *arguments) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert sorted(Path().rglob("*")) == before, "something was left behind"


@pytest.mark.parametrize(
    "flags",
    [
        ("--model", "cnn", "--lr", "1e30"),
        ("--weight-decay", "1e30"),
        ("--model", "best", "--lr", "1e30", "--batch-size", "50"),
    ],
)
def test_a_training_that_diverges_is_one_line_and_leaves_nothing(
    digits: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    assert run("train-mnist", "--validation", 100, "--quiet", *flags) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("faces train-mnist: the training diverged in epoch ")
    assert printed.count("\n") == 1
    assert not Path("runs").exists()


def test_a_last_batch_of_a_single_digit_is_trained_on(digits: Path) -> None:
    flags = ("--model", "best", "--epochs", 1, "--batch-size", 20, "--validation", 139)
    assert run("train-mnist", *flags, "--quiet", "--out", "run") == 0


def test_a_unit_that_is_not_there_and_a_question_about_faces_are_refused(
    digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("train-mnist", "--model", "softmax", "--epochs", 1, "--validation", 0, "--out", "run")
    capsys.readouterr()
    assert run("show-weights", "run", "--unit", 10) == 2
    assert capsys.readouterr().err == "faces show-weights: there is no digit 10: expected 0 to 9\n"
    assert run("predict", "run", "photo.jpg") == 2
    assert "tells digits apart (model 'softmax'): expected a run of train-faces" in capsys.readouterr().err


def test_ctrl_c_is_exit_code_130(
    digits: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DigitClassifier, "fit", interrupted)
    assert run("train-mnist", "--validation", 0) == 130
    said = capsys.readouterr().err
    assert said.startswith("faces train-mnist: stopped in the first epoch, nothing saved; go on: ")
    assert said.endswith(" train-mnist --resume --out runs/mnist-fc\n")


def test_a_folder_that_cannot_be_made_is_exit_code_1(
    digits: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_only(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    assert run("train-mnist", "--validation", 0, "--out", "disc/run") == 1
    expected = "faces train-mnist: cannot write disc/run: Read-only file system; ask for the right to write there, or"
    assert capsys.readouterr().err.startswith(expected)


def test_help_shows_the_defaults_of_each_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-mnist", "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "example: faces train-mnist" in text
    assert "(default: 0.9 for softmax and fc and cnn)" in text
    assert "(default: datasets/mnist)" in text
