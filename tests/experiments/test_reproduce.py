"""`reproduce`: a table, a JSON file and pictures of each experiment; bad input is one line."""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from PIL import Image

import cli
from commands import reproduce
from commands.parser import Parser
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import BUDGETS, Experiment, Measurement, ReportedRow, Study
from experiments.kept import FOLDER, Kept
from experiments.reproduce import Effort, Job, capped, command_of, jobs
from experiments.reproduce import reproduce as run_experiments
from experiments.sources import Sources

REPOSITORY = Path(__file__).resolve().parents[2]
PNG = b"\x89PNG"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_row_belongs_to_a_task(name: str) -> None:
    experiment = EXPERIMENTS[name]
    tasks = [task.name for task in experiment.tasks]
    assert len(tasks) == len(set(tasks))
    assert {row.task for row in experiment.rows} == set(tasks)
    assert len({row.title for row in experiment.rows}) == len(experiment.rows)


def test_the_budgets_are_those_the_command_offers() -> None:
    assert reproduce.BUDGETS == BUDGETS


def test_reproduce_writes_the_numbers_of_its_tasks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A task that runs here has the numbers that `reproduce` wrote, whose tasks run in other processes."""
    arguments = ["reproduce", "tensor-framework", "--max-epochs", "2", "--out", str(tmp_path), "--workers", "1"]
    assert cli.main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'tensor-framework.md'}\n"
    results = json.loads((tmp_path / "tensor-framework.json").read_text(encoding="utf-8"))
    assert {row["shortened"] for row in results["rows"]} == {
        f"2 of {epochs} epochs, 3 of 10 seeds" for epochs in (500, 5000)
    }
    for task in capped(EXPERIMENTS["tensor-framework"], Effort(budget="quick", max_epochs=2)).tasks:
        for seed, run in enumerate(results["runs"][task.name]):
            measures = task.run(Sources(), seed, "quick").measures
            for name in ("train_error", "test_error", "test_loss"):
                assert run["measures"][name] == float(f"{measures[name]:.6g}")
    pictures = sorted((tmp_path / "tensor-framework").iterdir())
    assert [picture.name for picture in pictures] == ["errors.png", "loss.png"]
    assert all(picture.read_bytes().startswith(PNG) for picture in pictures)


def test_reproduce_learns_from_digits(small_mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["reproduce", "cs559", "--max-epochs", "1", "--mnist", str(small_mnist), "--out", str(tmp_path)]
    assert cli.main([*arguments, "--json", "--workers", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["pages"] == [str(tmp_path / "cs559.md")]
    results = json.loads((tmp_path / "cs559.json").read_text(encoding="utf-8"))
    measured = {row["title"]: row["measured"] for row in results["rows"]}
    assert measured["fully connected, rate .001: parameters"] == 203_530
    assert measured["convolution, rate .0001: parameters"] == 255_690


def test_absent_digits_are_one_line_and_leave_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "results"
    assert cli.main(["reproduce", "cs559", "--mnist", str(tmp_path / "none"), "--out", str(out), "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("faces reproduce: MNIST is not in ")
    assert error.count("\n") == 1
    assert not out.exists()


def test_absent_faces_are_said_before_anything_runs(
    small_mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--mnist", str(small_mnist), "--faces", str(tmp_path / "none"), "--out", str(tmp_path / "results")]
    assert cli.main(["reproduce", "cs559", "csc411", *arguments, "--quiet"]) == 2
    assert capsys.readouterr().err.startswith(f"faces reproduce: {tmp_path / 'none'} ")
    assert not (tmp_path / "results").exists()


def test_a_file_in_the_place_of_the_results_is_said_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    out.write_text("mine")
    assert cli.main(["reproduce", "tensor-framework", "--out", str(out), "--quiet"]) == 1
    assert capsys.readouterr().err == f"faces reproduce: cannot write {out}: File exists; choose another --out\n"
    assert out.read_text() == "mine"


def test_an_unknown_name_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reproduce", "cs560"]) == 2
    expected = ", ".join(EXPERIMENTS)
    assert capsys.readouterr().err == f"faces reproduce: 'cs560' is no experiment: expected some of {expected}\n"


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("cs559", []),
        ("cs559", ["--mnist", "my digits", "--budget", "full"]),
        ("csc411", ["--faces", "photos of $HOME", "--weights", "alexnet's.pth", "--max-epochs", "3"]),
        ("csc411", ["--weights", "random"]),
        ("tensor-framework", ["--max-epochs", "2"]),
        ("lab1", ["--device", "cuda"]),
    ],
)
def test_the_command_on_a_page_is_the_one_that_gives_it(name: str, flags: list[str]) -> None:
    parser = Parser()
    reproduce.add_to(parser.add_subparsers())

    def parsed(words: Sequence[str]) -> argparse.Namespace:
        options = parser.parse_args(words)
        options.faces = options.faces or Sources().faces
        return options

    options = parsed(["reproduce", name, *flags])
    device = "cpu" if options.device == "auto" else options.device
    sources = Sources(mnist=options.mnist, faces=options.faces, weights=options.weights, device=device)
    effort = Effort(budget=options.budget, max_epochs=options.max_epochs)
    command = command_of(EXPERIMENTS[name], sources, effort)
    program, *words = shlex.split(command)
    assert program == "faces"
    assert parsed(words) == options
    assert len(words) == 2 + len(flags)


def test_workers_are_called_jobs_too() -> None:
    parser = Parser()
    reproduce.add_to(parser.add_subparsers())
    assert parser.parse_args(["reproduce", "--jobs", "13"]).workers == 13


def test_a_gpu_s_numbers_are_kept_apart_from_the_processor_s(
    small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, dict[Job, Kept]] = {}

    def not_made(function: object, arguments: Sequence[tuple[Any, ...]], *settings: int, died: str) -> Iterator[Any]:
        files[arguments[0][1].device] = {job: file for job, _, _, file in arguments}
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.reproduce.in_processes", contextmanager(not_made))
    portraits = tmp_path / "portraits"
    for name in ("Ada", "Bo"):
        (portraits / name).mkdir(parents=True)
        Image.new("RGB", (32, 32), (name[0] == "A" and "red") or "blue").save(portraits / name / "1.jpg")
    for device in ("cpu", "cuda"):
        sources = Sources(mnist=small_mnist, faces=portraits, weights="random", device=device)
        with pytest.raises(KeyboardInterrupt):
            run_experiments(["csc411", "lab1"], tmp_path, sources, SHORT)
    same = {job.task for job, file in files["cpu"].items() if file.path == files["cuda"][job].path}
    assert same == {"efficiency"}  # which is timed, on the processor


def test_a_command_names_only_what_its_experiment_reads() -> None:
    sources = Sources(mnist=Path("digits"), faces=Path("photos"), weights="random")
    effort = Effort(budget="quick")
    for name, flags in (
        ("tensor-framework", ""),
        ("cs559", " --mnist digits"),
        ("csc411", " --mnist digits --faces photos --weights random"),
    ):
        assert command_of(EXPERIMENTS[name], sources, effort) == f"faces reproduce {name}{flags}"


@pytest.mark.parametrize("without", [("small",), ("small", "other")])
def test_a_row_that_cannot_be_measured_ends_with_1_and_is_said_once(
    without: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def experiment(name: str) -> Experiment:
        missing = Measurement(note="no weights: fetch them") if name in without else Measurement({"error": 2.0})
        tasks = [
            Study(name="whole", measure=lambda sources, seed, budget: Measurement({"error": 1.0})),
            Study(name="on weights", measure=lambda sources, seed, budget: missing),
        ]
        rows = [ReportedRow(title=f"error {part}", task="on weights", measure="error") for part in (1, 2)]
        rows += [ReportedRow(title="whole error", task="whole", measure="error")]
        return Experiment(
            name=name, title=name, tasks=tasks, rows=rows, figures=lambda *_: {}, choices=["None."], digits=False
        )

    for name in ("small", "other"):
        monkeypatch.setitem(EXPERIMENTS, name, experiment(name))
    with patch("experiments.reproduce.in_processes", in_this_process):
        arguments = ["reproduce", "small", "other", "--out", str(tmp_path), "--quiet"]
        assert cli.main(arguments) == 1
        out, err = capsys.readouterr()
        assert out.splitlines() == [str(tmp_path / "small.md"), str(tmp_path / "other.md")]
        reason = "on weights (2 rows): no weights: fetch them"
        assert err.splitlines() == [f"{name}: not measured: {reason}" for name in without]
        assert cli.main([*arguments, "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["not_measured"] == dict.fromkeys(without, reason)
        if len(without) == 1:
            assert cli.main(["reproduce", "other", "--out", str(tmp_path), "--quiet"]) == 0
    page = (tmp_path / "small.md").read_text(encoding="utf-8")
    assert page.count("| not measured |") == 2
    assert page.count("fetch them") == 1


def test_the_list_names_all_experiments(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reproduce", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(EXPERIMENTS)


NAME = "tensor-framework"
SHORT = Effort(budget="quick", max_epochs=2)


def results(out: Path) -> Any:
    """The results without times."""
    found = json.loads((out / f"{NAME}.json").read_text(encoding="utf-8"))
    found["rows"] = [row for row in found["rows"] if "seconds" not in row["measure"]]
    return without_seconds(found)


def without_seconds(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: without_seconds(value) for key, value in found.items() if "seconds" not in key}
    return [without_seconds(value) for value in found] if isinstance(found, list) else found


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("uninterrupted")
    run(out, SHORT)
    assert not (out / FOLDER).exists()
    return out


def run(out: Path, effort: Effort, most_jobs: float = inf) -> list[str]:
    """Run the experiment in this process, at most so many of its jobs; return the warnings."""
    ended = 0
    warnings: list[str] = []

    def on_job(job: str) -> None:
        nonlocal ended
        ended += 1
        if ended >= most_jobs:
            raise KeyboardInterrupt

    with patch("experiments.reproduce.in_processes", in_this_process):
        run_experiments([NAME], out, Sources(), effort, on_job=on_job, on_warning=warnings.append)
    return warnings


@contextmanager
def in_this_process(
    function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], *settings: int, died: str
) -> Iterator[Iterator[tuple[int, Any]]]:
    yield ((number, function(*each)) for number, each in enumerate(arguments))


def interrupted(out: Path, effort: Effort = SHORT, most_jobs: int = 3) -> set[Path]:
    """Interrupt the experiment; return the files of the measurements that are kept."""
    n = len(jobs([EXPERIMENTS[NAME]], effort.budget))
    with pytest.raises(KeyboardInterrupt, match=f"^stopped after {most_jobs} of {n} trainings$"):
        run(out, effort, most_jobs)
    found = set((out / FOLDER).iterdir())
    assert len(found) >= most_jobs
    assert not (out / f"{NAME}.md").exists()
    return found


def test_an_interrupted_run_goes_on_with_what_it_has_measured(uninterrupted: Path, tmp_path: Path) -> None:
    files = interrupted(tmp_path)
    written = {file: file.stat().st_mtime_ns for file in files}
    assert interrupted(tmp_path, most_jobs=7) > files
    assert {file: file.stat().st_mtime_ns for file in files} == written
    assert run(tmp_path, SHORT) == []
    assert results(tmp_path) == results(uninterrupted)
    assert not (tmp_path / FOLDER).exists()


def test_other_settings_use_nothing_of_it_and_leave_it(tmp_path: Path) -> None:
    files = interrupted(tmp_path)
    assert run(tmp_path, replace(SHORT, max_epochs=1)) == []
    assert {row["shortened"] for row in results(tmp_path)["rows"]} == {
        f"1 of {epochs} epochs, 3 of 10 seeds" for epochs in (500, 5000)
    }
    assert set((tmp_path / FOLDER).iterdir()) == files


def test_a_damaged_measurement_is_made_again(uninterrupted: Path, tmp_path: Path) -> None:
    files = sorted(interrupted(tmp_path))
    files[0].write_bytes(b"no measurement")
    [warning] = run(tmp_path, SHORT)
    assert warning.startswith(f"{files[0]} cannot be used ")
    assert results(tmp_path) == results(uninterrupted)


@pytest.mark.skipif(sys.platform == "win32", reason="the end of a pipe tells of the last process on Unix")
def test_the_command_goes_on_after_ctrl_c_and_after_a_kill(uninterrupted: Path, tmp_path: Path) -> None:
    """Ctrl-C is for the process group, a kill for its first process; stderr ends with the last process."""
    arguments = ["reproduce", NAME, "--max-epochs", "2", "--workers", "1", "--out", str(tmp_path), "--quiet"]
    for n, stop in ((1, signal.SIGINT), (2, signal.SIGKILL)):
        command = [sys.executable, str(REPOSITORY / "cli.py"), *arguments]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            while process.poll() is None and len(kept(tmp_path)) < n:
                time.sleep(0.01)
            os.killpg(process.pid, stop) if stop == signal.SIGINT else process.kill()
            _, err = process.communicate(timeout=30)
        assert process.returncode == (130 if stop == signal.SIGINT else -stop)
        assert "Traceback" not in err
        assert len(kept(tmp_path)) >= n
    assert run(tmp_path, SHORT) == []
    assert results(tmp_path) == results(uninterrupted)
    assert not (tmp_path / FOLDER).exists()


def kept(out: Path) -> list[Path]:
    return list(out.glob(f"{FOLDER}/*.safetensors"))


@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_other_digits_are_other_data(file: str, small_mnist: Path, tmp_path: Path) -> None:
    before = Sources(mnist=small_mnist).digits_identity()
    assert Sources(mnist=shutil.copytree(small_mnist, tmp_path / "elsewhere")).digits_identity() == before
    content = bytearray((small_mnist / file).read_bytes())
    content[-1] ^= 1
    (small_mnist / file).write_bytes(content)
    assert Sources(mnist=small_mnist).digits_identity() != before


def test_other_photos_or_names_are_other_data(tmp_path: Path) -> None:
    for name, colour in (("Ann/1", "red"), ("Ann/2", "blue"), ("Bo/1", "green")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (32, 32), colour).save(tmp_path / f"{name}.png")
    found = [Sources(faces=tmp_path).faces_identity()]
    (tmp_path / "Ann" / "2.png").rename(tmp_path / "Bo" / "2.png")
    found.append(Sources(faces=tmp_path).faces_identity())
    Image.new("RGB", (32, 32), "white").save(tmp_path / "Bo" / "1.png")
    found.append(Sources(faces=tmp_path).faces_identity())
    assert len(set(found)) == 3


def test_other_weights_are_other_data(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    assert Sources(weights="random").weights_identity() == "random"
    found = set()
    for content in (b"one", b"two"):
        file.write_bytes(content)
        found.add(Sources(weights=str(file)).weights_identity())
    assert len(found) == 2
