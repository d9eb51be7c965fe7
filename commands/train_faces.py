"""`train-faces`: folders of photos, one per person, into a run folder.

A further network is a line in `MODELS` and one in `faces/models`. Defaults are in `faces/settings`, one network's apart
from the other's: a flag that is left out is none of the settings given.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import count, folder_or_storage, positive
from commands.console import log, progress
from commands.flags import add_max_pixels, defaults
from commands.folders import DATASETS, PORTRAITS, portraits, unpacked
from commands.parser import Add, add_command
from commands.torchrun import training_together
from commands.training import add_run, bar_of, check_run, given, out_folder, print_run
from data.settings import DownloadSettings, SplitSizes
from errors import UsageError
from faces.settings import CLASS_WEIGHTS, DEVICES, MEMORY_LIMIT, ClassifierSettings, HiddenSettings, TransferSettings

if TYPE_CHECKING:
    from nn.parallel import Ranks

MODELS: dict[str, type[ClassifierSettings]] = {"hidden": HiddenSettings, "alexnet": TransferSettings}


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "train a network to tell the people of a folder apart"
    add = add_command(
        commands, "train-faces", train_faces, about, "python cli.py train-faces datasets/six --seed 1 --out runs/six"
    )
    add(
        "folder",
        nargs="?",
        type=folder_or_storage,
        metavar="DIR|URL",
        help="one folder of photos per person, or what download --out URL filled "
        f"(default: {PORTRAITS}, drawn if missing)",
    )
    _add_model(add)
    add("--detect", action="store_true", help="DIR has whole photos: train on the largest face found in each")
    add_max_pixels(add)
    add("--seed", type=count, default=0, metavar="N", help="decides the split, the weights and the order")
    add("--train", type=positive, default=SplitSizes.train, metavar="N", help="training photos per person, at most")
    add("--validation", type=count, default=SplitSizes.validation, metavar="N", help="validation photos per person")
    add("--test", type=count, default=SplitSizes.test, metavar="N", help="test photos per person")
    add("--device", choices=DEVICES, default="auto", help="where to compute")
    add(
        "--memory-limit",
        type=positive,
        default=MEMORY_LIMIT,
        metavar="MIB",
        help="alexnet only: if the features exceed it they stay on disk, and are shuffled a thousand photos at a time",
    )
    add_run(add)


def _add_model(add: Add) -> None:
    """Which network, and what it may be told."""
    add(
        "--model",
        choices=list(MODELS),
        default="hidden",
        help="hidden: one hidden layer on grey pixels; alexnet: conv5 features and a head",
    )
    add(
        "--weights",
        default="imagenet",
        metavar="W",
        help="alexnet only: imagenet, random, or a .pth, .safetensors or .npz file",
    )
    for flag, kind, metavar, about in (
        ("--hidden", count, "N", "hidden units; alexnet takes 0 too: softmax regression"),
        ("--epochs", positive, "N", "passes over the training photos"),
        ("--lr", float, "X", "learning rate at the start"),
        ("--batch-size", positive, "N", "photos per step"),
        ("--weight-decay", float, "X", "share of each weight that a step takes, times the learning rate"),
    ):
        add(flag, type=kind, metavar=metavar, help=f"{about} ({defaults(flag, MODELS)})")
    add(
        "--class-weight",
        choices=CLASS_WEIGHTS,
        help=f"balanced: every person counts alike, however few the photos ({defaults('--class-weight', MODELS)})",
    )


def train_faces(options: argparse.Namespace) -> int:
    """Train, alone or as one of several processes."""
    with training_together(options) as ranks:
        return _train(options, ranks)


def _train(options: argparse.Namespace, ranks: "Ranks") -> int:
    check_run(options)
    told = given(options, "hidden", "epochs", "lr", "batch_size", "weight_decay", "class_weight")
    sizes = SplitSizes(train=options.train, validation=options.validation, test=options.test)
    folder = ranks.rank_zero_first(lambda: _photos_to_train_on(options, ranks.is_first))
    from faces.classifier import Classifier
    from faces.device import choose_device
    from faces.hidden import HiddenClassifier
    from faces.training_run import FaceTraining
    from faces.training_run import train_faces as train
    from faces.transfer import TransferClassifier

    device = choose_device(options.device, ranks)
    parameters = {**told, "seed": options.seed, "device": device}
    classifier: Classifier
    if options.model == "hidden":
        classifier = HiddenClassifier(**parameters)
    else:
        classifier = TransferClassifier(weights=options.weights, **parameters)
        ranks.rank_zero_first(lambda: classifier.identity())  # the weights are fetched by one
    classifier.max_pixels = options.max_pixels
    task = FaceTraining(
        folder=folder,
        out=out_folder(options, f"{folder.resolve().name}-{options.model}"),
        classifier=classifier,
        sizes=sizes,
        resume=options.resume,
        memory_limit=options.memory_limit,
        ranks=ranks,
    )
    metrics = train(task, bar_of(options))
    if ranks.is_first:
        print_run(options, task.out, metrics, "photos", notes=_strangers(metrics["unknown"]))
    return 0


def _strangers(unknown: dict[str, Any]) -> list[str]:
    """How well strangers are told from known people, in a line; none where that was not measured."""
    if not unknown.get("strangers"):
        return []
    line = "strangers  {false_accepts} of {strangers} accepted, known people {true_accepts} of {known}"
    return [line.format(**unknown)]


def _photos_to_train_on(options: argparse.Namespace, is_first: bool) -> Path:
    """Return the folder to train on; the first of several processes makes it if need be."""
    if isinstance(options.folder, str):
        options.folder = unpacked(options.folder, is_first)
    return _detected(options, is_first) if options.detect else options.folder or portraits(quiet=options.quiet)


def _detected(options: argparse.Namespace, is_first: bool) -> Path:
    """Return the folder of the faces found in the photos of `options.folder`; the first process looks for them."""
    if options.folder is None:
        raise UsageError("--detect needs DIR, one folder of whole photos per person: the portraits are cut out already")
    from faces.detection.folder import detect_folder

    target = DATASETS / f"{options.folder.resolve().name}-faces"
    if not is_first:
        return target
    with progress("finding faces", None, quiet=options.quiet) as advance:
        found = detect_folder(
            options.folder, target, DownloadSettings.size, lambda: advance(""), max_pixels=options.max_pixels
        )
    log(f"{target}: {found.line}")
    return target
