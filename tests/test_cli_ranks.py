"""Training in several processes as a person meets it: torchrun's own command, one result, and an end for all."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import cli
from data.photos.landmarks import Landmarks
from data.photos.placed import Placed, comment_of
from errors import UsageError
from mnist.classifier import DigitClassifier
from mnist.digits import load_digits, split_off
from mnist.training_run import DigitTraining, train_mnist
from nn import checkpoint
from nn.parallel import Ranks

CLI = Path(cli.__file__)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
SECONDS_TO_START = 60.0  # torch is imported by all at once, on a machine that may be busy
SECONDS = 20.0  # within which all have ended, once one has

Start = Callable[..., list[subprocess.Popen[str]]]
Ends = Callable[[Any], list[tuple[int, str, str]]]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three people, each a pattern of their own under noise, in crops that say where eyes, nose and mouth are."""
    generator, folder = np.random.default_rng(7), tmp_path / "people"
    points = Landmarks((10, 11), (38, 10), (24, 26), (12, 38), (36, 37))
    for name in ("Ada", "Bo", "Cy"):
        (folder / name).mkdir(parents=True)
        pattern = np.kron(generator.integers(40, 215, (4, 4)), np.ones((12, 12)))
        for number in range(5):
            noisy = (pattern + generator.integers(-40, 40, (48, 48))).clip(0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / name / f"{number}.jpg", comment=comment_of(Placed(None, points)))
    return folder


def torchrun(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run to the end. After a minute torchrun is told to stop, and stops its processes too."""
    command = [str(argument) for argument in (*TORCHRUN, CLI, *arguments)]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.terminate()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_train_mnist_under_torchrun_is_one_run_that_one_process_may_not_resume(
    small_mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("--model", "cnn", "--epochs", 2, "--batch-size", 30, "--validation", 21)
    asked = ("train-mnist", "--mnist", small_mnist, *settings)
    ended = torchrun(*asked, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mnist-cnn"]
    run = tmp_path / "runs" / "mnist-cnn"
    assert {"model.safetensors", "metrics.json", "report.html"} <= {path.name for path in run.iterdir()}
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["processes"] == 2
    last = f"test accuracy {metrics['test_accuracy']:.4f} ({np.trace(metrics['confusion'])} of 50)"
    assert ended.stdout.splitlines()[-1] == last
    assert ended.stdout.count("test accuracy") == 1
    reader = DigitClassifier(model="cnn", epochs=2, batch_size=30)
    train, validation = split_off(load_digits(small_mnist)[0], 21, torch.Generator().manual_seed(0))
    reader.fit(*train.pair, validation.pair)
    trained = checkpoint.load((run / "model.safetensors").read_bytes())[0]
    for name, value in reader.network.state().items():  # what one process learns
        torch.testing.assert_close(trained[name], value, rtol=1e-4, atol=1e-6)
    assert cli.main([*map(str, asked), "--out", str(run), "--resume"]) == 2
    assert "repeat those to resume it, with as many processes" in capsys.readouterr().err


def test_train_faces_in_two_processes_is_one_run_on_the_features_of_one(
    people: Path, tmp_path: Path, start_ranks: Start, ends: Ends
) -> None:
    """With features that stay on the disk: two processes compute half of them each, and both read all."""
    sizes = ("--train", 3, "--validation", 1, "--test", 1, "--epochs", 3, "--memory-limit", 1, "--quiet")
    asked = ("train-faces", people, "--model", "alexnet", "--weights", "random", *sizes, "--out", "run", "--json")
    (code, out, err), other = ends(start_ranks(2, CLI, *asked, cwd=tmp_path))
    assert (code, err) == (0, "")
    assert other == (0, "", "")
    metrics = json.loads(out)
    assert metrics == json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["aligned"] == "15 of 15 faces aligned by eyes, nose and mouth"
    assert (metrics["processes"], np.sum(metrics["confusion"])) == (2, 3)
    assert metrics["unknown"]["known"]["n"] == 3
    assert {path.name for path in tmp_path.iterdir()} == {"people", "run"}
    assert len(list(people.glob(".features-*"))) == 2
    assert cli.main([*map(str, asked[:-3]), "--out", str(tmp_path / "alone")]) == 0
    two, one = (checkpoint.load((tmp_path / run / "model.safetensors").read_bytes())[0] for run in ("run", "alone"))
    for name in ("scale", "centre", "neighbours", "neighbour_classes"):  # from the features, without random numbers
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-6)


def endless(start_ranks: Start, mnist: Path, cwd: Path) -> list[subprocess.Popen[str]]:
    """Two processes in the midst of a training that would take minutes."""
    asked = ("train-mnist", "--model", "softmax", "--epochs", 10**6, "--validation", 0, "--mnist", mnist)
    started = start_ranks(2, CLI, *asked, "--out", "run", cwd=cwd)
    until = time.monotonic() + 30
    while not (cwd / "run").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    assert [process.poll() for process in started] == [None, None]
    return started


def test_a_killed_process_ends_the_others(small_mnist: Path, tmp_path: Path, start_ranks: Start, ends: Ends) -> None:
    processes = endless(start_ranks, small_mnist, tmp_path)
    processes[1].kill()
    killed = time.monotonic()
    code, out, err = ends(processes[:1])[0]
    assert time.monotonic() - killed < SECONDS
    assert (code, out) == (1, "")
    assert err.startswith("faces train-mnist: process 0 of 2 has lost another one, which ended")
    assert err.count("\n") == 1


def test_ctrl_c_is_one_line_and_exit_code_130(
    small_mnist: Path, tmp_path: Path, start_ranks: Start, ends: Ends
) -> None:
    processes = endless(start_ranks, small_mnist, tmp_path)
    for process in processes:
        process.send_signal(signal.SIGINT)
    interrupted = time.monotonic()
    ended = ends(processes)
    assert time.monotonic() - interrupted < SECONDS
    (line,) = "".join(err for _, _, err in ended).splitlines()
    assert line.startswith("faces train-mnist: stopped ")
    assert "; go on: the same torchrun with " in line
    assert {code for code, _, _ in ended} == {130}


FAILS = """
import os, cli, commands.train_mnist
from errors import UsageError
from nn.parallel import join_ranks

def fail(options):
    with join_ranks(os.environ) as ranks:
        if ranks.rank:
            raise UsageError("this cannot be meant")
        ranks.barrier()

commands.train_mnist.train_mnist = fail
raise SystemExit(cli.main(["train-mnist"]))
"""


def test_a_failing_process_says_why_and_ends_all(start_ranks: Start, ends: Ends) -> None:
    """Two of three fail, for one reason: it is said once."""
    started = time.monotonic()
    ended = ends(start_ranks(3, "-c", FAILS))
    assert time.monotonic() - started < SECONDS_TO_START + SECONDS
    assert "".join(err for _, _, err in ended) == "faces train-mnist: this cannot be meant\n"
    assert [code for code, _, _ in ended] == [1, 2, 2]


def test_wrong_usage_is_said_once(start_ranks: Start, ends: Ends, tmp_path: Path) -> None:
    ended = ends(start_ranks(2, CLI, "train-mnist", "--epochs", "0", cwd=tmp_path))
    assert [code for code, _, _ in ended] == [2, 2]
    assert "".join(err for _, _, err in ended).count("\n") == 1


@pytest.mark.parametrize("rank", [0, 3])
def test_too_many_processes_are_refused_before_anything_is_written(
    small_mnist: Path, tmp_path: Path, rank: int
) -> None:
    reader, out = DigitClassifier(model="softmax"), tmp_path / "run"
    with pytest.raises(UsageError, match="4 processes for 3 training digits: expected at least one each; start fewer"):
        train_mnist(DigitTraining(folder=small_mnist, out=out, classifier=reader, validation=197, ranks=Ranks(rank, 4)))
    assert not out.exists()
