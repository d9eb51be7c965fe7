"""What `train-faces` and `train-mnist` share: flags, the settings that flags give, processes, and what is printed.

A further training is a file with its own flags; all others are here.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import folder_or_storage, positive
from commands.console import log, print_json, progress
from commands.flags import add_output, defaults, flag
from commands.folders import RUNS, beside
from commands.parser import Add
from commands.stopping import going_on
from commands.torchrun import training_together
from errors import UsageError

if TYPE_CHECKING:
    from nn.parallel.ranks import Ranks
    from report.progress import Bar

NOT_KEPT = frozenset(  # of the options: what a run is not asked for
    ("command", "name", "default_of", "again", "folder", "out", "resume", "overwrite", "quiet", "json")
)
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
    for name, kind, metavar, about in (*others, *shared):
        add(name, type=kind, metavar=metavar, help=f"{about} ({defaults(name, models)})")


def given_settings(options: argparse.Namespace, *others: str) -> dict[str, Any]:
    """Return the values of the given flags of `add_settings`, and of `others`; the rest keep their defaults."""
    names = (*others, "epochs", "lr", "batch_size", "weight_decay")
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def run_training(options: argparse.Namespace, train: Callable[[argparse.Namespace, "Ranks"], None]) -> int:
    """Call `train` in this process, alone or as one of several; return the exit code.

    With --resume the options are those of the training in --out where none is given. Raises UsageError for --resume
    without --out, or where there is nothing to go on with and nothing is said to train on.
    """
    from report.unfinished_run import leave_out

    with training_together(options) as ranks:
        if options.resume:
            options = _resumed(options)
            options.quiet |= not ranks.is_first
        given = options.out
        try:
            train(options, ranks)
        except KeyboardInterrupt as stop:
            has_begun = options.resume or str(stop)  # else the same command begins it
            go_on = (options.name, "--resume", "--out", str(options.out)) if has_begun else ()
            with going_on(lambda: "stopped before the training began", *go_on):
                raise
        finally:
            if given is None and options.out is not None:
                leave_out(options.out)
    return 0


def request_of(options: argparse.Namespace, folder: Path | str | None = None) -> dict[str, Any]:
    """Return what this training is asked for, as JSON: the command, its folder or URL, and its flags without those that
    say how it is run. Paths are absolute, as --resume may be typed in another folder."""
    flags: list[str] = []
    for name, value in vars(options).items():
        if name in NOT_KEPT or value is None or value == options.default_of(name):
            continue
        is_file = isinstance(value, Path) or (name == "weights" and Path(value).is_file())
        if isinstance(value, bool):
            flags.append(flag(name) if value else flag(f"no-{name}"))
        else:
            flags += [flag(name), str(Path(value).resolve() if is_file else value)]
    place = folder.resolve() if isinstance(folder, Path) else folder
    return {"command": options.name, "folder": None if place is None else str(place), "flags": flags}


def _resumed(options: argparse.Namespace) -> argparse.Namespace:
    """Return the options of the training in --out, and over them those that are given."""
    from report.unfinished_run import read_request

    if options.out is None:
        raise UsageError("--resume needs --out RUN, the folder of the interrupted training")
    request = read_request(options.out)
    if request is None:
        if getattr(options, "folder", True) is None:
            raise UsageError(
                f"{options.out} holds no training to go on with: expected --out RUN of one, or DIR to begin"
            )
        return options
    command, flags, folder = (request.get(key) for key in ("command", "flags", "folder"))
    if command != options.name:
        raise UsageError(f"{options.out} is of {command}: go on with {command} --resume --out {options.out}")
    resumed: argparse.Namespace = options.again(*map(str, flags if isinstance(flags, list) else ()))
    if isinstance(folder, str) and getattr(resumed, "folder", True) is None:
        resumed.folder = folder_or_storage(folder)
    return resumed


def add_run(add: Add) -> None:
    """Add --out, --resume and --overwrite, and the flags of the output."""
    add("--out", type=Path, metavar="RUN", help="run folder (default: a new one in runs/)")
    add("--resume", action="store_true", help="go on with the training in --out; DIR and flags need not be repeated")
    add("--overwrite", action="store_true", help="replace the run in --out")
    add_output(add)


def out_folder(options: argparse.Namespace, name: str, ranks: "Ranks", photos: Path | None = None) -> Path:
    """Return the folder of the run: --out, or a new one in runs/, which the first process makes and the others name.

    `photos` is the folder that is trained on: runs/ is beside it where the current folder is in it. A training that
    ends before it has written anything leaves no empty folder: `run_training` removes it. Raises UsageError when a
    training may not go into --out, before any photo is read.
    """
    from report.unfinished_run import check_out, free_out

    runs = RUNS if photos is None else beside(RUNS, photos)
    if ranks.is_first and options.out is None:
        if runs != RUNS:
            log(f"results go beside the photos: {runs}")
        options.out = free_out(runs, name)
    elif ranks.is_first:
        check_out(options.out, resume=options.resume, overwrite=options.overwrite)
    return options.out or runs / name


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
