"""`train-faces`: folders of photos, one per person, into a run folder.

A flag that is left out has the default of its network: of the hidden layer, or of a head on a frozen network.
"""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import count, folder_or_storage, positive, share
from commands.console import log, progress
from commands.flags import HIDDEN, add_device, add_frozen, add_max_pixels, defaults
from commands.folders import DATASETS, PORTRAITS, beside, check_elsewhere, portraits, unpacked
from commands.parser import Add, add_command
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
from data.settings import DownloadSettings, SplitSizes
from errors import UsageError
from faces.settings import (
    CLASS_WEIGHTS,
    HEADS,
    MEMORY_LIMIT,
    MIN_FACE,
    STRANGERS,
    ClassifierSettings,
    HiddenSettings,
    TransferSettings,
)

if TYPE_CHECKING:
    from faces.detection.found import Found
    from nn.parallel import Ranks

MODELS: dict[str, type[ClassifierSettings]] = {HIDDEN: HiddenSettings, "the others": TransferSettings}


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "train a network to tell the people of a folder apart"
    add = add_command(commands, "train-faces", train_faces, about, "train-faces datasets/six --seed 1 --out runs/six")
    add(
        "folder",
        nargs="?",
        type=folder_or_storage,
        metavar="DIR|URL",
        help="one folder of photos per person, or what download --out URL filled "
        f"(default: {PORTRAITS}, drawn if missing)",
    )
    _add_model(add)
    add("--detect", action="store_true", help="DIR has whole photos: train on the face found in each")
    add(
        "--out-faces",
        type=Path,
        metavar="DIR",
        help="--detect: where the faces found go (default: a folder in datasets/ that belongs to DIR alone)",
    )
    add_max_pixels(add)
    add("--seed", type=count, default=0, metavar="N", help="decides the split, the weights and the order")
    add("--train", type=positive, default=SplitSizes.train, metavar="N", help="training photos per person, at most")
    add("--validation", type=count, default=SplitSizes.validation, metavar="N", help="validation photos per person")
    add("--test", type=count, default=SplitSizes.test, metavar="N", help="test photos per person")
    add(
        "--min-photos",
        type=positive,
        metavar="N",
        help="leave out people with fewer different photos (default: as few as leave one in each part)",
    )
    add(
        "--several",
        choices=("fit", "largest", "skip"),
        default="fit",
        help="--detect: of several faces in a photo, take the one like the person's other photos (a photo without such "
        "a face is left out), or the largest, or skip the photo",
    )
    add(
        "--strangers",
        type=share,
        default=STRANGERS,
        metavar="X",
        help="the share of strangers that may be given a name: people are left out in turn to find the threshold",
    )
    add("--min-face", type=positive, default=MIN_FACE, metavar="N", help="--detect: faces of fewer pixels are not used")
    add("--strict", action="store_true", help="stop at a photo that cannot be read, instead of leaving it out")
    add_device(add, trains=True)
    add(
        "--memory-limit",
        type=positive,
        default=MEMORY_LIMIT,
        metavar="MIB",
        help="not for hidden: if the features, counted four times, exceed it, they stay on disk, shuffled by the 1000",
    )
    add_run(add)


def _add_model(add: Add) -> None:
    """Add --model and the flags of its settings."""
    add_frozen(add, HIDDEN)
    add(
        "--head",
        choices=HEADS,
        default=TransferSettings.head,
        help="of a frozen network; lda: linear discriminant analysis, computed, not trained; softmax: softmax "
        "regression; auto: lda, or a network with --hidden N",
    )
    hidden = ("--hidden", count, "N", "hidden units")
    add_settings(add, MODELS, "photos", lr="learning rate at the start", others=[hidden])
    add(
        "--class-weight",
        choices=CLASS_WEIGHTS,
        help=f"balanced: every person counts alike, however few the photos ({defaults('--class-weight', MODELS)})",
    )


def train_faces(options: argparse.Namespace) -> int:
    """Train, alone or as one of several processes."""
    return run_training(options, _train)


def _train(options: argparse.Namespace, ranks: "Ranks") -> None:
    parameters = given_settings(options, "hidden", "class_weight") | {"seed": options.seed}
    sizes = SplitSizes(train=options.train, validation=options.validation, test=options.test)
    source = ranks.rank_zero_first(lambda: _photos(options, ranks.is_first))
    check_elsewhere(options.out, source, "--out")
    check_elsewhere(options.out_faces, source, "--out-faces")
    out = out_folder(options, f"{source.resolve().name}-{options.model.replace(':', '-')}", ranks, source)
    with ExitStack() as using:
        folder, found = source, None
        if options.detect:
            folder, found = ranks.rank_zero_first(lambda: _faces_in(source, options, using, ranks))
        from faces.classifier import Classifier
        from faces.hidden import HiddenClassifier
        from faces.training_run import FaceTraining
        from faces.training_run import train_faces as train
        from faces.transfer import TransferClassifier
        from nn.device import choose_device

        parameters |= {"device": choose_device(options.device, ranks), "capture": options.capture}
        classifier: Classifier
        if options.model == HIDDEN:
            classifier = HiddenClassifier(**parameters)
        else:
            frozen = {"model": options.model, "weights": options.weights, "head": options.head}
            classifier = TransferClassifier(**frozen, **parameters)
            ranks.rank_zero_first(lambda: classifier.identity())  # the first rank downloads the weights
        classifier.max_pixels, classifier.found_faces = options.max_pixels, options.detect
        task = FaceTraining(
            folder=folder,
            source=source if options.detect else None,
            out=out,
            classifier=classifier,
            sizes=sizes,
            min_photos=options.min_photos,
            align=options.align,
            strict=options.strict,
            notes=found.lines if found else (),
            originals=found.originals if found else {},
            request=request_of(options, options.folder if isinstance(options.folder, str) else source),
            resume=options.resume,
            overwrite=options.overwrite,
            strangers=options.strangers,
            memory_limit=options.memory_limit,
            ranks=ranks,
        )
        metrics = train(task, bar_of(options), on_note=_no_note if options.quiet else log)
    if ranks.is_first:
        print_run(options, out, metrics, "photos", notes=_strangers(metrics["unknown"]))


def _no_note(line: str) -> None:
    """What --quiet makes of a line that is no error."""


def _strangers(unknown: dict[str, Any]) -> list[str]:
    """Return how many test photos of strangers and of known people were given a name, as lines."""
    lines, known, strangers = [], unknown.get("known"), unknown.get("strangers")
    if isinstance(known, dict):  # a finished run of an earlier version has a number
        lines.append(f"known      {_accepted(known)}, the others are unknown")
    if isinstance(strangers, dict):
        lines.append(f"strangers  {_accepted(strangers)}; asked for: {unknown['share']:.4g} of them")
    elif why := unknown.get("not_known"):
        lines.append(f"strangers  how many are named cannot be known: {why}")
    return lines


def _accepted(measured: dict[str, Any]) -> str:
    low, high = measured["interval"]
    return f"{measured['accepted']} of {measured['n']} photos named (95% interval {low:.1%} to {high:.1%})"


def _photos(options: argparse.Namespace, is_first: bool) -> Path:
    """Return the folder of photos; the first of several processes unpacks or draws it."""
    for name in ("weights", "head"):
        if options.model == HIDDEN and getattr(options, name) != options.default_of(name):
            raise UsageError(f"--{name} is of a frozen network, and --model {HIDDEN} has none: leave it out")
    if options.folder is None and options.detect:
        raise UsageError("--detect needs DIR, one folder of whole photos per person: the portraits are cut out already")
    if options.out_faces is not None and not options.detect:
        raise UsageError("--out-faces says where the faces found go: it needs --detect")
    if options.folder is None:
        return portraits(quiet=options.quiet)
    return unpacked(options.folder, is_first)


def _faces_in(
    source: Path, options: argparse.Namespace, using: ExitStack, ranks: "Ranks"
) -> "tuple[Path, Found | None]":
    """Return the folder of the faces in the photos of `source`, and what was found.

    The first process searches them, and has the folder for itself until `using` is closed.
    """
    from faces.detection.detector import DetectorSettings, FaceDetector
    from faces.detection.folder import detect_folder
    from faces.detection.found_folder import faces_folder, in_use
    from faces.detection.likeness import FaceFeatures
    from nn.device import choose_device

    target: Path = options.out_faces or faces_folder(beside(DATASETS, source), source)
    if not ranks.is_first:
        return target, None
    using.enter_context(in_use(target))
    device = choose_device(options.device)
    detector = FaceDetector(DetectorSettings(min_face=options.min_face), device=device)
    features = FaceFeatures(device=device) if options.several == "fit" else None
    with progress("finding faces", None, quiet=options.quiet) as advance:
        found = detect_folder(
            source,
            target,
            DownloadSettings.size,
            lambda: advance(""),
            detector,
            features,
            several=options.several,
            strict=options.strict,
            max_pixels=options.max_pixels,
        )
    for line in found.lines:
        log(line)
    return target, found
