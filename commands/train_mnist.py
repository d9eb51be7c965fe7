"""`train-mnist`: the files of MNIST into a run folder.

A further network is a line in `mnist/settings`, which has the defaults of each. Neighbours: `mnist/training_run` trains
and writes the run, `download` fetches the files, `train_faces` is the same for faces.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import count, positive
from commands.console import print_json, progress
from commands.flags import add_output, defaults
from commands.parser import add_command
from commands.torchrun import training_together
from data.settings import MNIST_FOLDER
from errors import UsageError
from mnist.settings import MODELS, VALIDATION

if TYPE_CHECKING:
    from nn.ranks import Ranks


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "train a network to read the digits of MNIST"
    add = add_command(
        commands, "train-mnist", train_mnist, about, "python cli.py train-mnist --model cnn --seed 1 --out runs/digits"
    )
    add(
        "--model",
        choices=list(MODELS),
        default="fc",
        help="softmax: no hidden layer; fc: one; cnn: two convolutions; best: two columns of six, on digits "
        "turned, moved and zoomed a little",
    )
    for flag, kind, metavar, about in (
        ("--epochs", positive, "N", "passes over the training digits"),
        ("--lr", float, "X", "learning rate at its highest"),
        ("--momentum", float, "M", "of SGD, from 0 to below 1; best learns by AdamW"),
        ("--batch-size", positive, "N", "digits a step"),
        ("--weight-decay", float, "X", "share of each weight that a step takes, times the learning rate"),
    ):
        add(flag, type=kind, metavar=metavar, help=f"{about} ({defaults(flag, MODELS)})")
    add("--seed", type=count, default=0, metavar="N", help="decides what is held out, the weights and the order")
    add("--validation", type=count, default=VALIDATION, metavar="N", help="training digits held out; 0: none")
    add("--mnist", type=Path, default=MNIST_FOLDER, metavar="DIR", help="the folder of `download mnist`")
    add("--out", type=Path, metavar="RUN", help="run folder (default: a new one in runs/)")
    add("--resume", action="store_true", help="go on with the interrupted training in --out")
    add_output(add)


def train_mnist(options: argparse.Namespace) -> int:
    """Train, alone or as one of several processes."""
    with training_together(options) as ranks:
        return _train(options, ranks)


def _train(options: argparse.Namespace, ranks: "Ranks") -> int:
    model = MODELS[options.model]
    if options.momentum is not None and model.momentum is None:
        raise UsageError(f"--momentum: {options.model} learns by AdamW, which has none; leave it out")
    told = ("epochs", "lr", "momentum", "batch_size", "weight_decay")
    settings = replace(model, **{name: getattr(options, name) for name in told if getattr(options, name) is not None})
    from mnist.reader import DigitReader
    from mnist.training_run import TrainingRun
    from mnist.training_run import train_mnist as train
    from report.run_folder import free_out

    out = options.out or free_out(Path("runs"), f"mnist-{options.model}")
    task = TrainingRun(
        folder=options.mnist,
        out=out,
        reader=DigitReader(options.model, settings, seed=options.seed),
        validation=options.validation,
        resume=options.resume,
        ranks=ranks,
    )
    metrics = train(task, lambda what, steps: progress(what, steps, quiet=options.quiet))
    if not ranks.is_first:
        return 0
    if options.json:
        print_json(metrics)
    else:
        _print_run(out, metrics)
    return 0


def _print_run(out: Path, metrics: dict[str, Any]) -> None:
    """Say what was trained on, how well it reads, and where the run is."""
    from mnist.run import MISTAKES
    from mnist.training_run import accuracy_line
    from report import run_folder as files

    for part in ("train", "validation"):
        n, accuracy = metrics["n"][part], metrics[f"{part}_accuracy"]
        print(f"{part:<10} {n:>5} digits" + ("" if accuracy is None else f", accuracy {accuracy:.4f}"))
    pictures = (files.PAGE, files.CURVE, files.CONFUSION, files.WEIGHTS, MISTAKES)
    print(f"run        {out}: {', '.join(file for file in pictures if (out / file).exists())}")
    print(accuracy_line(metrics))
