"""`sort`: photos into one folder per person. What is done with a photo is in `faces/sorting`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.console import lines_of_stdin, log, print_json, progress
from commands.flags import add_output
from commands.parser import add_command
from commands.predicting import add_computing, add_finding, add_photos, add_threshold, asked_for
from commands.stopping import going_on, stopped_after
from data.reasons import one_line
from data.wording import count
from errors import UsageError

if TYPE_CHECKING:
    from faces.sorting import Sorted, SortSettings

_WAYS = ("copy", "link", "move")


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Sort photos into one folder per person; a photo with two people goes into both. Nothing is overwritten: a "
        "photo whose name is taken gets a number, and one that is there already is not copied again, so the same "
        "command goes on after it was stopped. Photos without a face stay where they are, and so do those on which "
        "nobody is known. DIR/sorted.csv says what went where: file,person,probability,went_to,how,status. A photo "
        "that cannot be used is named, and makes the exit code 1. DIR may lie among the photos: it is left out."
    )
    add = add_command(
        commands, "sort", sort, about, "sort runs/six holiday/ --out sorted", "photos into a folder per person"
    )
    add_photos(add)
    add("--out", type=Path, required=True, metavar="DIR", help="the folder of the people's folders; it may hold others")
    add("--copy", action="store_true", help="copy the photos, with their times: the default")
    add("--link", action="store_true", help="make symbolic links to the photos, relative ones")
    add(
        "--move",
        action="store_true",
        help="move the photos: one goes away when all that is made of it is on the disk; the most probable person has "
        "the photo itself, others have copies",
    )
    add("--unknown", action="store_true", help="photos on which nobody is known go into DIR/unknown")
    add("--dry-run", action="store_true", help="print the same, and do nothing")
    add_finding(add, True, "find the faces in each photo; --no-detect: each photo is a face")
    add_threshold(add)
    add_computing(add)
    add_output(add)


def sort(options: argparse.Namespace) -> int:
    """Sort the photos and print how many of whom; return 1 when a photo could not be used."""
    ways = [way for way in _WAYS if getattr(options, way)]
    if len(ways) > 1:
        raise UsageError(f"--{' and --'.join(ways)}: expected one of them")
    from data.photos.photo_files import PhotoFiles
    from faces.predict import predict
    from faces.sorting import TABLE, How, SortSettings, sort_photos

    settings = SortSettings(
        out=options.out, how=How([*ways, "copy"][0]), unknown=options.unknown, dry_run=options.dry_run
    )
    asked = asked_for(options)
    walk = PhotoFiles(options.photo, lines_of_stdin(), results=options.out)
    done = 0
    with (
        progress("sorting", None, quiet=options.quiet) as advance,
        going_on(lambda: stopped_after(done, None, "photo")),
    ):

        def on_photo() -> None:
            nonlocal done
            done += 1
            advance("")

        predictions = predict(asked.classifier, walk, asked.source, asked.settings)
        people = [str(name) for name in asked.classifier.classes_]
        result = sort_photos(predictions, people, settings, on_photo)
    for file, why in (result.failed | result.stays).items():
        log(f"{file}: {why}")
    if not options.quiet:
        for note in walk.skipped.lines():
            log(note)
        log("nothing was done: --dry-run" if options.dry_run else f"what went where: {options.out / TABLE}")
    if options.json:
        print_json(_object(result, settings))
    else:
        _print_table(result, settings)
    return int(bool(result.failed or result.stays))


def _object(result: "Sorted", settings: "SortSettings") -> dict[str, Any]:
    there = result.already_there
    return {
        **{"out": str(settings.out), "how": settings.how, "dry_run": settings.dry_run, "photos": result.photos},
        **{"people": dict(sorted(result.people.items())), "unknown": result.unknown, "no_face": result.no_face},
        **{"already_there": there.total(), "not_usable": result.failed, "not_moved": result.stays},
    }


def _print_table(result: "Sorted", settings: "SortSettings") -> None:
    """Print a line for each person, in order of name, and for the photos that are in no person's folder."""
    there = {name: f"{n:,} already there" for name, n in result.already_there.items() if n}
    table = [(one_line(name), n, there.get(name, "")) for name, n in sorted(result.people.items())]
    stay = "left where they are"
    where = f"in {settings.out}/unknown" if settings.unknown else stay
    unknown = ", ".join(filter(None, (where, there.get("", ""))))
    others = (
        ("(unknown)", result.unknown, unknown),
        ("(no face)", result.no_face, stay),
        ("(cannot be used)", len(result.failed), stay),
    )
    table += [line for line in others if line[1]]
    width = max((len(name) for name, *_ in table), default=0)
    for name, n, note in table:
        print(f"{name:<{width}}  {count(n, 'photo'):>12}  {note}".rstrip())
