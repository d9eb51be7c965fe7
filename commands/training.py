"""What `train-faces` and `train-mnist` have alike: flags of the run, settings out of flags, and what is printed.

A further training is a file with its own flags and its own `TrainingRun`; the rest is here.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.console import print_json, progress
from commands.flags import add_output
from commands.parser import Add
from errors import UsageError

if TYPE_CHECKING:
    from report.progress import Bar


def add_run(add: Add) -> None:
    """--out and --resume, and how results and progress are shown."""
    add("--out", type=Path, metavar="RUN", help="run folder (default: a new one in runs/)")
    add("--resume", action="store_true", help="go on with the interrupted training in --out")
    add_output(add)


def check_run(options: argparse.Namespace) -> None:
    """UsageError when there is nothing to resume: a new folder has no training in it."""
    if options.resume and options.out is None:
        raise UsageError("--resume needs --out RUN, the folder of the interrupted training")


def out_folder(options: argparse.Namespace, name: str) -> Path:
    """Return the folder of the run: --out, or a new one in runs/."""
    from report.run_folder import free_out

    return options.out or free_out(Path("runs"), name)


def given(options: argparse.Namespace, *settings: str) -> dict[str, Any]:
    """Return those of the settings that a flag was given for; the others keep their network's default."""
    return {name: value for name in settings if (value := getattr(options, name)) is not None}


def bar_of(options: argparse.Namespace) -> "Bar":
    """Return how the training shows its progress."""
    return lambda what, steps: progress(what, steps, quiet=options.quiet)


def print_run(
    options: argparse.Namespace,
    out: Path,
    metrics: dict[str, Any],
    samples: str,
    *,
    notes: Sequence[str] = (),
    pictures: Sequence[str] = (),
) -> None:
    """Say what was trained on, how well it answers, and where the run is; or print the metrics, with --json.

    `samples` are photos or digits; `notes` and `pictures` are the lines and files that other runs do not have.
    """
    if options.json:
        print_json(metrics)
        return
    from report import run_folder as files
    from report.results import accuracy_line

    for part in ("train", "validation"):
        n, accuracy = sum(metrics["counts"][part].values()), metrics[f"{part}_accuracy"]
        print(f"{part:<10} {n:>5} {samples}" + ("" if accuracy is None else f", accuracy {accuracy:.4f}"))
    for note in notes:
        print(note)
    shown = (files.PAGE, files.CURVE, files.CONFUSION, files.WEIGHTS, *pictures)
    print(f"run        {out}: {', '.join(file for file in shown if (out / file).exists())}")
    print(accuracy_line(metrics))
