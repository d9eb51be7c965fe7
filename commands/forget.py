"""`forget`: remove a person's photos, features and lines from a folder.

A further thing that is kept about a person's photos must be removed here too.
"""

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import Any

from commands.console import print_json
from commands.flags import add_json
from commands.parser import add_command
from data.wording import count


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "remove a person from a folder: photos, crops, cached features, journal, manifest and report lines"
    add = add_command(commands, "forget", forget, about, "python cli.py forget datasets/six 'Alec Baldwin'")
    add("folder", type=Path, metavar="DIR", help="a folder that download has made")
    add("person", metavar="NAME", help="the name as the list has it")
    add_json(add)


def forget(options: argparse.Namespace) -> int:
    """Remove the person from the folder."""
    from data.download.forget import forget as forget_person

    def forget_photos(photos: Collection[str]) -> None:
        if any(options.folder.glob(".features-*")):
            from faces.features.cache import forget as forget_features

            forget_features(options.folder, photos)

    forgotten = forget_person(options.folder, options.person, forget_photos=forget_photos)
    if options.json:
        print_json({"rows": forgotten.rows, "files": forgotten.files})
    else:
        removed = f"{count(forgotten.rows, 'row')} and {count(forgotten.files, 'file')} removed"
        print(f"{options.person}: {removed} from {options.folder}")
        print("a list that names this person still does: a download of it brings the photos back")
    return 0
