"""`train-mnist`: the files of MNIST into a run folder.

A further network is a line in `mnist/settings`, which has the defaults of each.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import count, positive
from commands.flags import defaults
from commands.parser import add_command
from commands.torchrun import training_together
from commands.training import add_run, bar_of, check_run, given, out_folder, print_run
from data.settings import MNIST_FOLDER
from mnist.settings import MODELS, VALIDATION

if TYPE_CHECKING:
    from nn.parallel import Ranks


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
        ("--batch-size", positive, "N", "digits per step"),
        ("--weight-decay", float, "X", "share of each weight that a step takes, times the learning rate"),
    ):
        add(flag, type=kind, metavar=metavar, help=f"{about} ({defaults(flag, MODELS)})")
    add("--seed", type=count, default=0, metavar="N", help="decides what is held out, the weights and the order")
    add("--validation", type=count, default=VALIDATION, metavar="N", help="training digits held out; 0: none")
    add("--mnist", type=Path, default=MNIST_FOLDER, metavar="DIR", help="the folder of `download mnist`")
    add_run(add)


def train_mnist(options: argparse.Namespace) -> int:
    """Train, alone or as one of several processes."""
    with training_together(options) as ranks:
        return _train(options, ranks)


def _train(options: argparse.Namespace, ranks: "Ranks") -> int:
    check_run(options)
    parameters = given(options, "epochs", "lr", "momentum", "batch_size", "weight_decay")
    from mnist.classifier import DigitClassifier
    from mnist.training_run import MISTAKES, DigitTraining
    from mnist.training_run import train_mnist as train

    task = DigitTraining(
        folder=options.mnist,
        out=out_folder(options, f"mnist-{options.model}"),
        classifier=DigitClassifier(model=options.model, seed=options.seed, **parameters),
        validation=options.validation,
        resume=options.resume,
        ranks=ranks,
    )
    metrics = train(task, bar_of(options))
    if ranks.is_first:
        print_run(options, task.out, metrics, "digits", pictures=[MISTAKES])
    return 0
