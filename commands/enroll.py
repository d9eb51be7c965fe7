"""`enroll`: a person more, or with --remove a person less, in a run, without a training."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commands.console import lines_of_stdin, log, print_json, progress
from commands.flags import add_device, add_max_pixels, add_output
from commands.parser import add_command
from data.wording import count
from errors import UsageError


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Add a person to a run of train-faces whose head is computed (--model alexnet, face or torchvision:NAME, "
        "--head lda), or photos of a person it knows, without training again; with --remove, take a person out of all "
        "its files. One photo is enough, more are better. Test photos of the run that are still there are measured "
        "again. A photo that cannot be used is named, and makes the exit code 1."
    )
    example, brief = "enroll runs/six 'Ada Lovelace' ada/*.jpg", "add a person to a run, or remove one"
    add = add_command(commands, "enroll", enroll, about, example, brief)
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces")
    add("person", metavar="NAME", help="the person; spelled in any way, if the run knows the person")
    add(
        "photo",
        nargs="*",
        metavar="PHOTO",
        help="a photo of this person, a folder with all photos below it, or - for names on stdin, one a line",
    )
    add("--remove", action="store_true", help="take NAME out of the run")
    add(
        "--detect",
        action=argparse.BooleanOptionalAction,
        help="find the face in each photo, and leave out photos with several (default: if RUN was trained so)",
    )
    add_max_pixels(add)
    add("--weights", metavar="W", help="the frozen network's, if they are no longer where the training found them")
    add_device(add)
    add_output(add)


def enroll(options: argparse.Namespace) -> int:
    """Change the run, and print what it can do now; return 1 when a photo could not be used."""
    if options.remove and options.photo:
        raise UsageError("--remove takes NAME out: expected no PHOTO with it")
    if not (options.remove or options.photo):
        raise UsageError("expected PHOTO..., photos of this person, or --remove")
    return _remove(options) if options.remove else _add(options)


def _add(options: argparse.Namespace) -> int:
    from data.photos.photo_files import PhotoFiles
    from faces.enrolment import enroll as enroll_person

    walk = PhotoFiles(options.photo, lines_of_stdin())
    done = enroll_person(
        options.run,
        options.person,
        walk,
        detect=options.detect,
        max_pixels=options.max_pixels,
        **_how(options),
    )
    for file, why in done.left_out.items():
        log(f"left out: {file}: {why}")
    for note in walk.skipped.lines():
        log(note)
    if options.json:
        own = {"name": done.name, "new": done.is_new, "added": done.added, "repeated": done.repeated}
        print_json({**own, "left_out": done.left_out, **_measured(done.metrics)})
        return int(bool(done.left_out))
    again = f"; {count(done.repeated, 'photo')} it has already" if done.repeated else ""
    if done.is_new:
        line = f"enrolled with {count(done.added, 'photo')}, has no test photos"
    else:
        line = f"was there already: {count(done.added, 'photo')} added"
    print(f"{done.name}: {line}{again}")
    _print_run(options, done.metrics)
    return int(bool(done.left_out))


def _remove(options: argparse.Namespace) -> int:
    from faces.enrolment import remove_person

    metrics = remove_person(options.run, options.person, **_how(options))
    if options.json:
        print_json({"removed": options.person, **_measured(metrics)})
        return 0
    print(f"{options.person}: removed from {options.run}; the folder that it was trained on is as it was")
    _print_run(options, metrics)
    return 0


def _how(options: argparse.Namespace) -> dict[str, Any]:
    """Return how it is computed, and shown while it is."""
    return {
        "weights": options.weights,
        "device": options.device,
        "bar": lambda what, steps: progress(what, steps, quiet=options.quiet),
    }


def _measured(metrics: Mapping[str, Any]) -> dict[str, Any]:
    names = ("classes", "enrolled", "test_accuracy", "test_interval", "measured_again", "not_tested")
    return {name: metrics.get(name) for name in names}


def _print_run(options: argparse.Namespace, metrics: Mapping[str, Any]) -> None:
    from report.results import accuracy_line
    from report.run_folder import PAGE

    print(f"run        {options.run}: {len(metrics['classes'])} people, {PAGE}")
    if "measured_again" in metrics:
        print(metrics["not_tested"] or metrics["measured_again"])
    print(accuracy_line(metrics))
