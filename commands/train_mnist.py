"""`train-mnist`: the files of MNIST into a run folder.

A further network is an entry of `mnist.networks.NETWORKS`, and one of `mnist.settings.MODELS` with its defaults.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import count
from commands.console import log
from commands.flags import add_device
from commands.parser import add_command
from commands.training import (
    add_run,
    add_settings,
    bar_of,
    given_settings,
    out_folder,
    print_run,
    request_of,
    run_training,
)
from data.settings import MNIST_FOLDER
from mnist.settings import MODELS, VALIDATION

if TYPE_CHECKING:
    from nn.parallel import Ranks


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "train a network to read the digits of MNIST"
    add = add_command(commands, "train-mnist", train_mnist, about, "train-mnist --model cnn --seed 1 --out runs/digits")
    add(
        "--model",
        choices=list(MODELS),
        default="fc",
        help="softmax: no hidden layer; fc: one; cnn: two convolutions; best: four columns of six, on digits "
        "turned, moved and zoomed a little",
    )
    momentum = ("--momentum", float, "M", "of SGD, from 0 to below 1; best learns by Muon, with its own")
    add_settings(add, MODELS, "digits", lr="learning rate at its highest", others=[momentum])
    add("--seed", type=count, default=0, metavar="N", help="decides what is held out, the weights and the order")
    add("--validation", type=count, default=VALIDATION, metavar="N", help="training digits held out; 0: none")
    add("--mnist", type=Path, default=MNIST_FOLDER, metavar="DIR", help="the folder of `download mnist`")
    add_device(add, trains=True)
    add_run(add)


def train_mnist(options: argparse.Namespace) -> int:
    """Train, alone or as one of several processes."""
    return run_training(options, _train)


def _train(options: argparse.Namespace, ranks: "Ranks") -> None:
    parameters = given_settings(options, "momentum")
    from mnist.classifier import DigitClassifier
    from mnist.training_run import DigitTraining
    from mnist.training_run import train_mnist as train
    from nn.device import choose_device
    from report import run_folder as files

    parameters |= {"device": choose_device(options.device, ranks), "capture": options.capture}
    task = DigitTraining(
        folder=options.mnist,
        out=out_folder(options, f"mnist-{options.model}", ranks),
        classifier=DigitClassifier(model=options.model, seed=options.seed, **parameters),
        validation=options.validation,
        request=request_of(options),
        resume=options.resume,
        overwrite=options.overwrite,
        ranks=ranks,
    )
    metrics = train(task, bar_of(options), on_note=log)
    if ranks.is_first:
        print_run(options, task.out, metrics, "digits", pictures=[files.MISTAKES])
