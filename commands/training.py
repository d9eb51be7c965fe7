"""What `train-faces` and `train-mnist` share: flags, the settings that flags give, processes, and what is printed.

A further training is a file with its own flags; all others are here.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import positive
from commands.console import print_json, progress
from commands.flags import add_output, defaults
from commands.parser import Add
from commands.torchrun import training_together
from errors import UsageError

if TYPE_CHECKING:
    from nn.parallel.ranks import Ranks
    from report.progress import Bar

Flag = tuple[str, Callable[[str], Any], str, str]  # name, type, metavar, help


def add_settings(
    add: Add, models: Mapping[str, object], samples: str, *, lr: str = "learning rate", others: Sequence[Flag] = ()
) -> None:
    """Add the flags of a network's settings, without a value when left out; the help has the default of each model.

    `samples` are photos or digits; `lr` is the help of --lr; `others` are flags that only this training has.
    """
    shared: tuple[Flag, ...] = (
        ("--epochs", positive, "N", f"passes over the training {samples}"),
        ("--lr", float, "X", lr),
        ("--batch-size", positive, "N", f"{samples} per step"),
        ("--weight-decay", float, "X", "share of each weight that a step takes, times the learning rate"),
    )
    for flag, kind, metavar, about in (*others, *shared):
        add(flag, type=kind, metavar=metavar, help=f"{about} ({defaults(flag, models)})")


def given_settings(options: argparse.Namespace, *others: str) -> dict[str, Any]:
    """Return the values of the given flags of `add_settings`, and of `others`; the rest keep their defaults."""
    names = (*others, "epochs", "lr", "batch_size", "weight_decay")
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def run_training(options: argparse.Namespace, train: Callable[[argparse.Namespace, "Ranks"], None]) -> int:
    """Call `train` in this process, alone or as one of several; return the exit code.

    Raises UsageError for --resume without --out: a new folder has no training in it.
    """
    from report.run_folder import leave_out

    with training_together(options) as ranks:
        if options.resume and options.out is None:
            raise UsageError("--resume needs --out RUN, the folder of the interrupted training")
        given = options.out
        try:
            train(options, ranks)
        finally:
            if given is None and options.out is not None:
                leave_out(options.out)
    return 0


def add_run(add: Add) -> None:
    """Add --out and --resume, and the flags of the output."""
    add("--out", type=Path, metavar="RUN", help="run folder (default: a new one in runs/)")
    add("--resume", action="store_true", help="go on with the interrupted training in --out")
    add_output(add)


def out_folder(options: argparse.Namespace, name: str, ranks: "Ranks") -> Path:
    """Return the folder of the run: --out, or a new one in runs/, which the first process makes and the others name.

    A training that ends before it has written anything leaves no empty folder: `run_training` removes it.
    """
    from report.run_folder import free_out

    if options.out is None and ranks.is_first:
        options.out = free_out(Path("runs"), name)
    return options.out or Path("runs", name)


def bar_of(options: argparse.Namespace) -> "Bar":
    """Return the progress bars of the training: none with --quiet."""
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
    """Print the counts, the accuracies and the files of the run; with --json, the metrics.

    `samples` are photos or digits; `notes` and `pictures` are lines and files that only this kind of run has.
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
