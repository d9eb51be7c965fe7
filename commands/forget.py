"""`forget`: remove a person's photos, features and lines from a folder.

A further thing that is kept about a person's photos must be removed here too.
"""

import argparse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.console import print_json
from commands.flags import add_json
from commands.folders import DATASETS, RUNS
from commands.parser import add_command
from data.program import command
from data.unnamed import GROUPS
from data.wording import count
from errors import UsageError

if TYPE_CHECKING:
    from data.download.forget import Forgotten


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "remove a person from a folder: photos, crops, cached features, journal, manifest and report lines"
    add = add_command(commands, "forget", forget, about, "forget datasets/six 'Alec Baldwin'")
    add("folder", type=Path, metavar="DIR", help="a folder that download or group has made")
    add("person", metavar="NAME", help="the name as the list has it, or as it was given on the page")
    add(
        "--runs",
        type=Path,
        metavar="DIR",
        help=f"remove the person from the runs in DIR too, which must then be trained again unless their head is "
        f"computed, and from folders of found faces in {DATASETS} (default: name those in {RUNS} and {DATASETS} that "
        "have the person)",
    )
    add_json(add)


def forget(options: argparse.Namespace) -> int:
    """Remove the person from the folder."""
    from data.journal import FILE

    if options.runs is not None and not options.runs.is_dir():
        raise UsageError(f"--runs {options.runs} is not a folder: expected one of runs; nothing was removed")
    own = options.folder / options.person
    if own.is_dir() and not any((options.folder / file).is_file() for file in (FILE, GROUPS)):
        raise UsageError(
            f"{options.folder} is a folder of your own, which no download has filled: remove {own} yourself, then "
            "train again the runs that were trained on it"
        )

    def forget_photos(photos: Collection[str]) -> None:
        if any(options.folder.glob(".features-*")):
            from faces.features.cache import forget as forget_features

            forget_features(options.folder, photos)
        if any(options.folder.glob(".landmarks*")):
            from faces.detection.landmarks import forget as forget_landmarks

            forget_landmarks(options.folder, photos)

    removed = _forgotten(options, forget_photos)
    counts = [count(found.rows, what) for what, found in removed.items()]
    files = sum(found.files for found in removed.values())
    if not options.json:
        print(f"{options.person}: {', '.join(counts)} and {count(files, 'file')} removed from {options.folder}")
    elsewhere = _elsewhere(options, next(iter(removed.values())).folder)
    if options.json:
        rows = sum(found.rows for what, found in removed.items() if what == "row")
        print_json({"rows": rows, "files": files, **elsewhere})
    elif "row" in removed:
        print("a list that names this person still does: a download of it brings the photos back")
    else:
        print("the photos that these faces were found in are as they were; group does not search them again")
    return 0


def _forgotten(options: argparse.Namespace, forget_photos: Callable[[Collection[str]], None]) -> dict[str, "Forgotten"]:
    """Remove the person from what a download knows, from groups, or from both; return what was removed of each."""
    from data.download.forget import forget as forget_person
    from data.journal import FILE, Journal
    from data.photos.folder import person_key

    found, names, listed, person = {}, list[str](), list[str](), options.person
    if (options.folder / GROUPS).is_file():
        from faces.groups.forget import forget as forget_group

        if (options.folder / FILE).is_file():
            with Journal(options.folder) as journal:
                names = journal.names()
                same = [name for name in names if person_key(name) == person_key(person)]
                person = person if person in names or not same else same[0]
                listed = journal.files_about(person)
        group = forget_group(options.folder, person, listed=listed, forget_photos=forget_photos)
        if group is not None:
            found["face"] = group
            if person not in names:
                return found
    found["row"] = forget_person(options.folder, person, forget_photos=forget_photos)
    return found


def _elsewhere(options: argparse.Namespace, person: str) -> dict[str, list[str]]:
    """Say which runs and folders of faces have the person too, or with --runs remove the person there; return them."""
    runs, datasets = options.runs or RUNS, DATASETS
    if not (runs.is_dir() or datasets.is_dir()):
        return {"runs": [], "faces": []}
    from faces.forgotten import faces_with, forget_faces, forget_run, left_run, runs_with

    having = runs_with(runs, options.folder, person)
    found = {"runs": having, "faces": faces_with(datasets, having, options.folder, person)}
    for run in having:
        if options.runs is None:
            _tell(options, f"{run} still has this person, in its network, page and pictures: --runs {runs} removes it")
        elif left_run(run, person):
            _tell(options, f"{run}: {person} removed; its head was computed again, it needs no training")
        elif forget_run(run):
            _tell(options, f"{run}: removed; train again: {command('train-faces', '--resume', '--out', str(run))}")
        else:
            _tell(options, f"{run}: removed; train again with train-faces {options.folder} --out {run}")
    for faces in found["faces"]:
        if options.runs is None:
            _tell(options, f"{faces} still has this person's faces: --runs {runs} removes them there too")
        else:
            _tell(options, f"{faces}: {count(forget_faces(faces, person), 'face')} removed")
    return {what: [str(folder) for folder in folders] for what, folders in found.items()}


def _tell(options: argparse.Namespace, line: str) -> None:
    if not options.json:
        print(line)
