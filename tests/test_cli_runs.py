"""A run is whole, knows itself and goes on: --resume without flags, --overwrite, signals, kills at any moment."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import cli
import nn.layers
from nn import checkpoint
from report import run_folder as files

Kill = Callable[..., bool]
REPOSITORY = Path(__file__).resolve().parent.parent
FLAGS = ("--train", 6, "--validation", 2, "--test", 2, "--epochs", 3, "--hidden", 4, "--seed", 5)
NO_TIMES = {files.METRICS, files.HISTORY, files.PAGE}  # these hold seconds
KEPT = files.FILES - NO_TIMES


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_pictures: None) -> Path:
    """The current folder, with photos of three people in `photos`."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(7)
    for name in ("Ada", "Bob", "Cy"):
        Path("photos", name).mkdir(parents=True)
        pattern = generator.integers(40, 215, (40, 40))
        for number in range(10):
            pixels = (pattern + generator.integers(-40, 40, (40, 40))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(Path("photos", name, f"{number}.png"))
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in KEPT}


def whole(folder: Path) -> bool:
    """Whether all files of the folder are those of one finished run."""
    listed = files.read_metrics(folder)["files"]
    for name in listed:
        files.read_file(folder, name)
    return set(listed) | {files.METRICS} == {path.name for path in folder.iterdir()} & files.FILES


@pytest.mark.usefixtures("drawn")
def test_a_run_is_resumed_without_its_folder_and_flags(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 0
    before = contents(Path("run"))
    Path("elsewhere").mkdir()
    os.chdir("elsewhere")
    assert run("train-faces", "--resume", "--out", place / "run", "--quiet") == 0
    assert capsys.readouterr().out.count("test accuracy") == 2
    assert contents(place / "run") == before
    assert not list(Path().iterdir()), "portraits were drawn"


def test_a_file_that_is_called_as_the_value_of_a_flag_is_not_taken_for_it(place: Path) -> None:
    flags = (*FLAGS, "--class-weight", "balanced")
    Path("balanced").write_text("")
    assert run("train-faces", "photos", *flags, "--out", "run", "--quiet") == 0
    assert "balanced" in files.read_metrics(Path("run"))["request"]["flags"]
    assert run("train-faces", "--resume", "--out", "run", "--quiet") == 0


def test_what_is_asked_for_beside_it_must_be_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 0
    assert run("train-faces", "--resume", "--out", "run", "--epochs", 4, "--lr", 0.5) == 2
    assert "other settings (epochs was 3, is 4, lr was 0.001, is 0.5): repeat those" in capsys.readouterr().err


def test_a_run_of_the_other_command_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 0
    assert run("train-mnist", "--resume", "--out", "run") == 2
    assert "run is of train-faces: go on with train-faces --resume --out run" in capsys.readouterr().err


def test_resume_where_there_is_nothing_says_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-faces", "--resume", "--out", "run") == 2
    assert "run holds no training to go on with: expected --out RUN of one, or DIR" in capsys.readouterr().err
    assert not Path("run").exists()
    assert run("train-faces", "photos", *FLAGS, "--resume", "--out", "run") == 0
    assert "run has no saved epoch to go on from: beginning with the first" in capsys.readouterr().err


def renamed() -> str:
    Path("photos/Bob").rename("photos/Boris")
    return "Bob is gone, Boris is new"


def mended() -> str:
    """A photo of Ada turns out to be one of Bob."""
    shutil.move("photos/Ada/3.png", "photos/Bob/ada.png")
    return "Ada was 10 photos ("


def changed() -> str:
    Image.new("L", (40, 40), 9).save("photos/Cy/3.png")
    return "Cy was 10 photos ("


@pytest.mark.parametrize("change", [renamed, mended, changed])
def test_other_people_other_labels_and_other_photos_are_not_gone_on_with(
    place: Path, capsys: pytest.CaptureFixture[str], change: object
) -> None:
    assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 0
    differs = change()  # type: ignore[operator]
    capsys.readouterr()
    assert run("train-faces", "photos", *FLAGS, "--resume", "--out", "run", "--quiet") == 2
    printed = capsys.readouterr()
    assert "run was trained with other data" in printed.err
    assert differs in printed.err
    assert printed.out == ""


def test_a_finished_run_is_kept_and_replaced_as_a_whole(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 0
    assert run("show-weights", "run", "--unit", 1) == 0
    before = contents(Path("run"))
    assert Path("run/weights-1.png").exists()
    assert run("train-faces", "photos", *FLAGS, "--out", "run") == 2
    assert "run holds a finished run: replace it with --overwrite, or choose another" in capsys.readouterr().err
    assert contents(Path("run")) == before
    shutil.rmtree("photos/Bob")
    assert run("train-faces", "photos", *FLAGS, "--out", "run", "--overwrite", "--quiet") == 0
    assert whole(Path("run"))
    assert not Path("run/weights-1.png").exists()
    assert not [name for name, data in contents(Path("run")).items() if b"Bob" in data]


def test_a_run_of_digits_leaves_no_names_of_people(place: Path, mnist_files: Path) -> None:
    assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 0
    digits = ("--mnist", mnist_files, "--model", "softmax", "--epochs", 1, "--validation", 20)
    assert run("train-mnist", *digits, "--out", "run", "--overwrite", "--quiet") == 0
    assert whole(Path("run"))
    assert not {files.SPLIT, files.UNITS} & set(contents(Path("run")))


def test_an_edited_layer_makes_an_old_run_refuse(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("train-faces", "photos", *FLAGS, "--epochs", 40, "--out", "run", "--quiet") == 0
    assert run("predict", "run", "photos/Ada/1.png") == 0
    with monkeypatch.context() as patch:
        patch.setattr("faces.hidden.ReLU", nn.layers.Tanh)
        assert run("predict", "run", "photos/Ada/1.png") == 2
        assert "trained with the layers Linear, ReLU, Dropout, Linear, this program makes it of Linear, Tanh" in (
            capsys.readouterr().err
        )
        assert run("train-faces", "--resume", "--out", "run", "--quiet") == 2
    monkeypatch.setattr(nn.layers.ReLU, "forward", lambda self, x, training=False: x.tanh())
    assert run("predict", "run", "photos/Ada/1.png") == 2
    assert "with the same weights this program gives other answers" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["hidden", "alexnet"])
def test_photos_that_are_gone_or_replaced_are_counted(
    place: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    flags = ("--train", 6, "--validation", 2, "--test", 2, "--epochs", 1)
    weights = ("--model", "alexnet", "--weights", "random") if model == "alexnet" else ("--hidden", 4)
    assert run("train-faces", "photos", *flags, *weights, "--out", "run", "--quiet") == 0
    Path("elsewhere").mkdir()
    os.chdir("elsewhere")
    assert run("show-weights", place / "run") == 0
    assert capsys.readouterr().err == ""
    shutil.rmtree(place / "photos" / "Ada")
    for photo in (place / "photos" / "Bob").iterdir():
        Image.new("L", (40, 40), 9).save(photo)
    assert run("show-weights", place / "run") == 0
    said = capsys.readouterr().err
    assert ("photos are gone or changed since the training" in said.replace(f"in {place / 'photos'} ", "")) == (
        model == "alexnet"
    )


@pytest.mark.usefixtures("drawn")
def test_a_state_that_was_cut_short_is_named_and_the_one_before_it_goes_on(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nn.training.resume.SAVE_EVERY", 0.0)
    assert run("train-faces", "photos", *FLAGS, "--out", "unbroken", "--quiet") == 0
    with monkeypatch.context() as patch:
        patch.setattr("faces.training_run.publish_run", interrupted)
        assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 130
    assert "stopped after epoch 3 of 3; go on: " in capsys.readouterr().err
    state, before = Path("run", files.STATE), Path("run", files.STATE_BEFORE)
    state.write_bytes(state.read_bytes()[:1000])
    assert run("train-faces", "--resume", "--out", "run") == 0
    said = capsys.readouterr().err
    assert "run/training.safetensors: not a whole checkpoint" in said
    assert f"going on from the state before it, {before.name}" in said
    assert contents(Path("run")) == contents(Path("unbroken"))


def test_when_no_state_is_whole_the_file_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("run").mkdir()
    Path("run", files.STATE).write_bytes(b"cut short")
    assert run("train-faces", "photos", *FLAGS, "--resume", "--out", "run") == 2
    said = capsys.readouterr().err
    assert "run/training.safetensors: not a whole checkpoint (9 bytes)" in said
    assert "remove it: without it, --resume begins anew" in said


def interrupted(*arguments: object, **named: object) -> None:
    raise KeyboardInterrupt


def test_a_resumed_training_adds_up_its_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("faces.training_run.publish_run", interrupted)
        assert run("train-faces", "photos", *FLAGS, "--out", "run", "--quiet") == 130
    first = seconds_of(Path("run", files.STATE))
    assert first > 0
    assert run("train-faces", "--resume", "--out", "run", "--quiet") == 0
    metrics = files.read_metrics(Path("run"))
    assert metrics["seconds"] > first > metrics["training_seconds"]


def seconds_of(file: Path) -> float:
    return float(checkpoint.load(file.read_bytes())[1]["seconds"])


@pytest.mark.parametrize("other", ["--overwrite", "--resume"])
def test_two_trainings_do_not_work_in_one_folder(place: Path, capsys: pytest.CaptureFixture[str], other: str) -> None:
    from report.unfinished_run import training_in

    with training_in(Path("run")):
        assert run("train-faces", "photos", *FLAGS, "--out", "run", other) == 1
    assert "another training is working in run: wait for it, or choose another --out" in capsys.readouterr().err


def test_killed_at_any_moment_a_run_is_the_old_one_or_the_new_one(place: Path, killed_at: Kill) -> None:
    """Twenty moments, from the lock to the removal of the old folder; some are followed by a run to the end."""
    torch.set_num_threads(1)
    run("train-faces", "photos", *FLAGS, "--out", "old", "--quiet")
    shutil.rmtree("photos/Bob")
    run("train-faces", "photos", *FLAGS, "--out", "new", "--quiet")
    old, new = contents(Path("old")), contents(Path("new"))
    moments, missing = 0, 0
    for moment in (*range(1, 21, 2), *range(21, 200)):
        folder = Path(f"run-{moment:03}")
        shutil.copytree("old", folder)
        asked = ("train-faces", "photos", *FLAGS, "--out", folder, "--quiet")
        if not killed_at(moment, folder, *asked, "--overwrite"):
            break
        moments += 1
        if folder.is_dir():
            assert contents(folder) in (old, new)
            assert whole(folder)
        else:  # between the two renames
            missing += 1
        if moment % 6:  # each takes a second
            continue
        assert run(*asked, "--resume" if (folder / files.REQUEST).exists() else "--overwrite") == 0
        assert contents(folder) == new
        assert not list(Path().glob(f".{folder.name}*")), "something was left beside it"
    assert moments >= 20
    assert missing <= 1


def test_killed_at_any_moment_a_new_run_is_whole_or_not_there(place: Path, killed_at: Kill) -> None:
    torch.set_num_threads(1)
    run("train-faces", "photos", *FLAGS, "--out", "new", "--quiet")
    for moment in range(2, 200, 8):
        folder = Path(f"run-{moment:03}")
        asked = ("train-faces", "photos", *FLAGS, "--out", folder, "--quiet")
        if not killed_at(moment, folder, *asked):
            break
        if (folder / files.METRICS).exists():
            assert whole(folder)
        assert run(*asked, "--resume") == 0
        assert contents(folder) == contents(Path("new"))
    assert moment > 20


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_the_command_that_goes_on(place: Path, number: signal.Signals) -> None:
    """A real process: it ends within seconds, and the printed command, typed as it is, ends with the same bytes."""
    sizes = ("--train", 6, "--validation", 2, "--test", 2, "--hidden", 4, "--seed", 5)
    long = (*sizes, "--epochs", 600, "--no-align")  # whether or not the process finds the extra
    command = [sys.executable, str(REPOSITORY / "cli.py"), "train-faces", "photos", *map(str, long), "--out", "run"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=heard
    ) as process:
        wait_for(Path("run", files.REQUEST))
        time.sleep(0.5)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert "Traceback" not in said
    line = said.splitlines()[-1]
    assert line.startswith("faces train-faces: stopped after epoch ")
    assert " of 600; go on: " in line
    go_on = line.partition("go on: ")[2]
    assert go_on.endswith("cli.py train-faces --resume --out run")
    assert subprocess.run(f"{go_on} --quiet", shell=True, env=environment, capture_output=True).returncode == 0
    assert run("train-faces", "photos", *long, "--out", "unbroken", "--quiet") == 0
    assert contents(Path("run")) == contents(Path("unbroken"))


def heard() -> None:
    """Undo that a shell has its background processes ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(file: Path) -> None:
    end = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
