"""`show-weights`: the weights of a run's network as a picture; the run is one of faces or of digits."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import count
from commands.console import log
from commands.parser import add_command

if TYPE_CHECKING:
    from faces.run_photo import RunPhoto


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "picture what the hidden units or filters of a run look for"
    add = add_command(commands, "show-weights", show_weights, about, "show-weights runs/six --unit 3 17")
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces or train-mnist")
    add("--unit", nargs="+", type=count, metavar="K", help="only these hidden units or filters (default: all)")
    add("--out", type=Path, metavar="FILE", help="the picture, PNG (default: weights.png in RUN)")


def show_weights(options: argparse.Namespace) -> int:
    """Draw the weights, and print for the hidden units the person or digit whose output they raise most."""
    from data.atomic_write import atomic_write
    from faces import load
    from faces.classifier import Classifier
    from report.run_folder import poster_file, read_measured

    classifier, metrics = load(options.run), read_measured(options.run)
    picture = _faces if isinstance(classifier, Classifier) else _digits
    drawn, kind = picture(classifier, metrics, options)
    out = options.out or poster_file(options.run, options.unit)
    atomic_write(out, drawn)
    _print_unit_classes(classifier.unit_classes(), kind, options.unit)
    print(out)
    return 0


def _faces(classifier: Any, metrics: dict[str, Any], options: argparse.Namespace) -> tuple[bytes, str]:
    """Return the picture of a run of faces, and what its units are called."""
    from faces.pictures import unit_kind, weights_picture
    from faces.run import read_exciting_photos
    from report.results import accuracy_line

    exciting_photos = read_exciting_photos(options.run, Path(metrics["data"]))
    if classifier.hidden_weights is None:  # the picture shows photos
        _note_missing(exciting_photos, metrics["data"], options.unit)
    title = f"{options.run.resolve().name}: {accuracy_line(metrics)}"
    return weights_picture(classifier, title, exciting_photos, options.unit), unit_kind(classifier)


def _note_missing(photos: Mapping[int, Sequence["RunPhoto"]], data: str, units: Sequence[int] | None) -> None:
    """Say how many of the photos that are to be shown are no longer those of the training."""
    shown = {photo for unit, own in photos.items() if units is None or unit in units for photo in own}
    missing = sum(photo.read() is None for photo in shown)
    if missing:
        log(
            f"{missing} of {len(shown)} photos in {data} are gone or changed since the training: crossed out in the "
            "picture"
        )


def _digits(classifier: Any, metrics: dict[str, Any], options: argparse.Namespace) -> tuple[bytes, str]:
    """Return the picture of a run of digits, and what its units are called."""
    from mnist.pictures import weights_picture
    from mnist.training_run import title_of

    return weights_picture(classifier, title_of(metrics), options.unit), "hidden unit"


def _print_unit_classes(unit_classes: Sequence[Any], kind: str, units: Sequence[int] | None) -> None:
    """Print how many units raise the output of each person or digit most; with `units`, a line for each of these."""
    from collections import Counter

    if units is None:
        for name, n in Counter(unit_class.name for unit_class in unit_classes).most_common():
            print(f"{n:>5} {kind} raises {name} most" if n == 1 else f"{n:>5} {kind}s raise {name} most")
    for unit in dict.fromkeys(units or () if unit_classes else ()):
        print(f"{kind.removeprefix('hidden ')} {unit} raises {unit_classes[unit].name} most")
