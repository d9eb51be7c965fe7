"""`reproduce`: a table, a JSON file and pictures of each experiment; bad input is one line."""

import json
from pathlib import Path

import pytest

import cli
from commands import reproduce
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import BUDGETS
from experiments.reproduce import Effort, capped
from experiments.sources import Sources

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
    assert {row["shortened"] for row in results["rows"]} == {"2 of 5000 epochs, 3 of 10 seeds"}
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
    assert measured["fully connected: parameters"] == 203_530
    assert measured["convolution: parameters"] == 255_690


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


def test_the_list_names_all_experiments(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reproduce", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(EXPERIMENTS)
