"""`show-weights`: what a run's network looks for, as a picture.

A run of faces and one of digits are told apart here.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands.arguments import count
from commands.parser import add_command


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "picture what the hidden units or filters of a run look for"
    add = add_command(commands, "show-weights", show_weights, about, "python cli.py show-weights runs/six --unit 3 17")
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces or train-mnist")
    add("--unit", nargs="+", type=count, metavar="K", help="only these hidden units or filters (default: all)")
    add("--out", type=Path, metavar="FILE", help="the picture, PNG (default: weights.png in RUN)")


def show_weights(options: argparse.Namespace) -> int:
    """Draw the weights, and say whom they speak for."""
    from data.atomic_write import atomic_write
    from mnist.run import holds_digits
    from report.run_folder import poster_file

    look_at = _digits if holds_digits(options.run) else _faces
    picture, unit_classes, kind = look_at(options)
    out = options.out or poster_file(options.run, options.unit)
    atomic_write(out, picture)
    _print_unit_classes(unit_classes, kind, options.unit)
    print(out)
    return 0


def _faces(options: argparse.Namespace) -> tuple[bytes, Sequence[Any], str]:
    """The picture of a run of faces, whom each unit speaks for, and what kind of unit it is."""
    from faces.pictures import unit_kind, weights_picture
    from faces.run import load_classifier, read_favourites
    from report.results import accuracy_line
    from report.run_folder import read_metrics

    classifier = load_classifier(options.run)
    metrics = read_metrics(options.run)
    favourites = read_favourites(options.run, Path(metrics["data"]))
    title = f"{options.run.resolve().name}: {accuracy_line(metrics)}"
    return (
        weights_picture(classifier, title, favourites, options.unit),
        classifier.unit_classes(),
        unit_kind(classifier),
    )


def _digits(options: argparse.Namespace) -> tuple[bytes, Sequence[Any], str]:
    """The same of a run of digits."""
    from mnist.pictures import weights_picture
    from mnist.run import load_digit_classifier
    from mnist.training_run import title_of
    from report.run_folder import read_metrics

    reader = load_digit_classifier(options.run)
    return (
        weights_picture(reader, title_of(read_metrics(options.run)), options.unit),
        reader.unit_classes(),
        "hidden unit",
    )


def _print_unit_classes(described: Sequence[Any], kind: str, units: Sequence[int] | None) -> None:
    """Say whom units speak for: how many for each, or each of the `units` asked for."""
    from collections import Counter

    if units is None:
        for name, n in Counter(unit_class.name for unit_class in described).most_common():
            print(f"{n:>5} {kind} speaks for {name}" if n == 1 else f"{n:>5} {kind}s speak for {name}")
    for unit in dict.fromkeys(units or () if described else ()):
        print(f"{kind.removeprefix('hidden ')} {unit} speaks for {described[unit].name}")
