"""`verify`: check a folder of crops against its journal; --repair downloads again what is missing or changed.

The rules of checking and repairing are in `data/download/verify`.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from commands.console import log, print_json, progress
from commands.flags import add_output, add_web, web
from commands.parser import add_command
from data.settings import DownloadSettings
from data.wording import count


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "hash what a download stored again; name what is missing, changed or foreign; exit 1 if anything is"
    add = add_command(commands, "verify", verify, about, "verify datasets/six --repair")
    add("folder", type=Path, metavar="DIR", help="a folder that download has made")
    add("--repair", action="store_true", help="download just what is missing or changed again")
    add_web(add)
    add_output(add)


def verify(options: argparse.Namespace) -> int:
    """Check the folder; return 1 when a file is missing, changed or foreign."""
    from data.download.verify import verify as verify_folder

    with progress("hashing", None, quiet=options.quiet) as advance:
        found = verify_folder(
            options.folder,
            repair=options.repair,
            settings=DownloadSettings(**web(options)),
            on_file=lambda: advance(""),
            on_note=log,
        )
    if options.json:
        print_json({**asdict(found), "right": found.is_right})
        return int(not found.is_right)
    for what in ("missing", "changed", "foreign", "repaired"):
        for file in getattr(found, what):
            print(f"{what:<8}  {file}")
    for file, why in found.failed.items():
        print(f"failed    {file}: {why}")
    counts = ", ".join(f"{len(getattr(found, what))} {what}" for what in ("missing", "changed", "foreign"))
    repaired = f"; {len(found.repaired)} repaired, {len(found.failed)} failed" if options.repair else ""
    print(f"{count(found.checked, 'crop')} checked in {options.folder}: {counts}{repaired}")
    return int(not found.is_right)
