"""What results say: every row beside its published figure, what was shortened, and nothing that JSON does not know."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.experiment import Budgeted, Experiment, Measurement, Outcomes, ReportedRow, Study, measured
from experiments.results import not_measured, publish_results, shortened
from experiments.tensor_framework import TASKS

PIXEL = b"not looked into"


def figures(outcomes: Outcomes, rows: Sequence[ReportedRow]) -> Mapping[str, bytes]:
    return {"one": PIXEL}


EXPERIMENT = Experiment(
    name="small",
    title="A small report (1999)",
    tasks=[
        Study(name="a", measure=lambda sources, seed, budget: Measurement(), seeds=Budgeted(2, 3)),
        Study(name="b", measure=lambda sources, seed, budget: Measurement()),
    ],
    rows=[
        ReportedRow(title="test error", task="a", measure="error", reported=2.14, reported_deviation=0.31),
        ReportedRow(title="time", task="a", measure="time", reported=72, unit="s"),
        ReportedRow(title="cannot be had", task="b", measure="error", reported=80),
    ],
    figures=figures,
    choices=["The seed is ours."],
)
OUTCOMES = {
    "a": [
        Measurement({"error": 1.0, "time": 0.25}, {"epoch": [1, 2], "loss": [0.5, math.nan]}, seconds=1.0),
        Measurement({"error": 3.0, "time": 0.75}, {"epoch": [1, 2], "loss": [0.5, 0.25]}, seconds=2.0),
    ],
    "b": [Measurement(note="no weights")],
}

COMMAND = "faces reproduce small --faces 'my photos'"


def test_a_row_is_the_mean_over_the_seeds_with_their_deviation() -> None:
    found = measured(EXPERIMENT.rows[0], OUTCOMES)
    assert found is not None
    assert (found.mean, found.seeds, found.seconds) == (2.0, 2, 3.0)
    assert found.deviation is not None
    assert math.isclose(found.deviation, math.sqrt(2))
    assert measured(EXPERIMENT.rows[2], OUTCOMES) is None


def test_a_run_that_diverged_has_a_row_too() -> None:
    found = measured(EXPERIMENT.rows[0], {"a": [Measurement({"error": math.nan}), Measurement({"error": 1.0})]})
    assert found is not None
    assert math.isnan(found.mean)


def test_the_page_has_every_row_beside_what_was_reported(tmp_path: Path) -> None:
    page = publish_results(tmp_path, EXPERIMENT, OUTCOMES, "quick", COMMAND).read_text(encoding="utf-8")
    assert "\n|  | reported | measured | seeds | shortened to |\n| --- | ---: | ---: | ---: | --- |\n" in page
    assert "| test error | 2.14 ± 0.31% | 2.00 ± 1.41% | 2 | 2 of 3 seeds |" in page
    assert "| time | 72 s | 0.5 ± 0.354 s | 2 | 2 of 3 seeds |" in page
    assert "| cannot be had | 80.00% | not measured | 0 |  |" in page
    assert page.count("no weights") == 1
    assert "\n\nNot measured: b (1 row): no weights\n\n" in page
    assert f"`{COMMAND}`: 3 s of computing" in page
    assert "- The seed is ours." in page
    assert "![one](small/one.png)" in page
    assert (tmp_path / "small" / "one.png").read_bytes() == PIXEL


def test_a_page_shows_its_brief_rows_and_first_figures_and_folds_the_rest(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    experiment = replace(
        EXPERIMENT,
        rows=[replace(EXPERIMENT.rows[0], brief=True), *EXPERIMENT.rows[1:]],
        figures=lambda outcomes, rows: dict.fromkeys(names, PIXEL),
        found=["It was the seed."],
    )
    page = publish_results(tmp_path, experiment, OUTCOMES, "quick", COMMAND).read_text(encoding="utf-8")
    shown, *folded = page.split("<details><summary>")
    assert shown.startswith("# A small report (1999)\n\nIt was the seed.\n\n|")
    assert "| test error |" in shown
    assert "| time |" not in shown
    assert [name for name in names if f"![{name}]" in shown] == ["one", "two"]
    assert [part.partition("</summary>")[0] for part in folded] == [
        "3 rows",
        "What the report leaves open, what was chosen, and what differs",
        "More figures",
    ]
    assert "| time |" in folded[0]
    assert "![three]" in folded[2]
    assert page.count("\n\n</details>") == 3


def test_three_seeds_or_more_have_a_median_and_another_machine_a_column(tmp_path: Path) -> None:
    errors = [Measurement({"error": error}) for error in (1.0, 2.0, 9.0)]
    rows = [replace(EXPERIMENT.rows[0], elsewhere="0.50% (7 passes)"), replace(EXPERIMENT.rows[2])]
    experiment = replace(EXPERIMENT, rows=rows, elsewhere="on an abacus")
    page = publish_results(tmp_path, experiment, {"a": errors, "b": []}, "full", COMMAND).read_text(encoding="utf-8")
    assert "|  | reported | measured | median | seeds | on an abacus |" in page
    assert "| test error | 2.14 ± 0.31% | 4.00 ± 4.36% | 2.00% | 3 | 0.50% (7 passes) |" in page
    assert "| cannot be had | 80.00% | not measured |  | 0 |  |" in page


def test_the_json_is_json_and_holds_what_was_measured(tmp_path: Path) -> None:
    publish_results(tmp_path, EXPERIMENT, OUTCOMES, "quick", COMMAND)

    def no_constant(name: str) -> None:
        raise AssertionError(name)

    found = json.loads((tmp_path / "small.json").read_text(encoding="utf-8"), parse_constant=no_constant)
    assert (found["experiment"], found["budget"], found["seconds"]) == ("small", "quick", 3.0)
    assert found["command"] == COMMAND
    assert [row["measured"] for row in found["rows"]] == [2.0, 0.5, None]
    assert found["rows"][2]["note"] == "no weights"
    runs = found["runs"]["a"]
    assert [run["seed"] for run in runs] == [0, 1]
    assert runs[0]["series"]["loss"] == [0.5, None]
    assert "series" not in runs[1]


def row(title: str, task: str, measure: str = "error") -> ReportedRow:
    return ReportedRow(title=title, task=task, measure=measure)


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ({"a": [Measurement({"error": 1.0})], "b": [Measurement({"error": 1.0, "time": 1.0})]}, ""),
        (
            {"a": [Measurement(note="no weights")], "b": [Measurement(note="no weights")]},
            "a, b (3 rows): no weights",
        ),
        (
            {"a": [Measurement(note="no weights")], "b": [Measurement({"error": 1.0}, note="no clock")]},
            "a (1 row): no weights; b (1 row): no clock",
        ),
        (
            {"a": [Measurement({"error": math.nan})], "b": [Measurement({"error": 1.0})]},
            "b (1 row): its task does not give this number",
        ),
        ({"a": [Measurement(note="out"), Measurement({"error": 1.0})], "b": []}, "b (2 rows): its task does not give"),
    ],
)
def test_each_reason_why_rows_are_not_measured_is_said_once(outcomes: Outcomes, said: str) -> None:
    experiment = replace(EXPERIMENT, rows=[row("one", "a"), row("two", "b"), row("three", "b", "time")])
    found = not_measured(experiment, outcomes)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def epochs(n: float, *, stopped_early: bool) -> Measurement:
    return Measurement({"epochs": n, "stopped_early": float(stopped_early), "error": 1.0})


@pytest.mark.parametrize(
    ("runs", "cell"),
    [
        ([epochs(40, stopped_early=False)], "40 (budget)"),
        ([epochs(18, stopped_early=True)], "18"),
        ([epochs(40, stopped_early=False)] * 2, "40 ± 0 (budget)"),
        ([epochs(40, stopped_early=False), epochs(18, stopped_early=True)], "29 ± 15.6 (budget in 1 of 2 runs)"),
        ([Measurement({"epochs": 40.0})], "40"),
    ],
)
def test_where_the_budget_ended_a_training_is_said(runs: Sequence[Measurement], cell: str, tmp_path: Path) -> None:
    rows = [
        ReportedRow(title="stopped after epoch", task="a", measure="epochs", reported=80, unit=""),
        ReportedRow(title="test error", task="a", measure="error", reported=40),
    ]
    experiment = replace(EXPERIMENT, rows=rows)
    page = publish_results(tmp_path, experiment, {"a": runs, "b": []}, "full", COMMAND).read_text(encoding="utf-8")
    assert f"| stopped after epoch | 80 | {cell} | {len(runs)} |" in page
    assert page.count("(budget") == ("budget" in cell)


def test_a_name_that_is_no_text_stands_in_the_command_with_escapes(tmp_path: Path) -> None:
    folder = os.fsdecode(b"pho\xffos")
    page = publish_results(tmp_path, EXPERIMENT, OUTCOMES, "quick", f"faces reproduce small --mnist {folder}")
    assert "--mnist pho\\udcffos`" in page.read_text(encoding="utf-8")
    found = json.loads((tmp_path / "small.json").read_text(encoding="utf-8"))
    assert found["command"].endswith(folder)


def test_what_a_budget_takes_off_is_said() -> None:
    recipe = replace(TASKS[0], epochs=Budgeted(5, 200), samples=Budgeted(10_000, 60_000), seeds=Budgeted(1, 10))
    assert shortened(recipe, "quick") == "5 of 200 epochs, 10,000 training samples, 1 of 10 seeds"
    assert shortened(recipe, "full") == ""
    assert shortened(replace(recipe, most_epochs=7), "full") == "7 of 200 epochs"
