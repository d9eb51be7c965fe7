"""`name`: a page in the browser on which groups of faces get names, and the labels of a run are mended."""

import argparse
import webbrowser
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from commands.arguments import port
from commands.console import log
from commands.flags import model_of
from commands.folders import DATASETS, RUNS, beside
from commands.parser import add_command
from commands.stopping import going_on
from data.program import command, install
from data.unnamed import GROUPS
from errors import DatasetError, UsageError
from faces.settings import PORT

_SECONDS = 0.2  # between two looks whether the server is still there


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Serve a page on this machine alone on which the groups of a folder get names: type one, or take the one that "
        "RUN suggests; merge, split, say what is no face or nobody you know; everything can be undone, and is on the "
        "disk at once. Train there, or with train-faces DIR. DIR may also be a folder with photos of each person. Open "
        "the link that is printed; Ctrl-C ends it."
    )
    example, brief = "name datasets/holiday --open", "name groups of faces in the browser"
    add = add_command(commands, "name", name, about, example, brief)
    add("folder", type=Path, metavar="DIR", help="a folder that group has made, or one folder of photos per person")
    add("--run", type=Path, metavar="RUN", help="a run of train-faces, which suggests names")
    add("--worst", action="store_true", help="--run: its worst mistakes and least sure photos, to mend their names")
    add("--model", type=model_of, default="face", metavar="M", help="what the page trains, as train-faces has it")
    add("--port", type=port, default=PORT, metavar="N", help="where the page is; 0: any port that is free")
    add("--open", action="store_true", help="open the page in the browser")


def name(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C or TERM."""
    if any(find_spec(package) is None for package in ("starlette", "uvicorn")):
        raise UsageError(f"the page needs an extra that is not installed: {install('app')}")
    if options.worst and options.run is None:
        raise UsageError("--worst shows the mistakes of a run: name it with --run RUN")
    if not options.folder.is_dir():
        raise DatasetError(f"{options.folder} is not a folder: expected one that `group` has made")
    if not (options.folder / GROUPS).is_file() and not any(path.is_dir() for path in options.folder.iterdir()):
        again = command("group", str(options.folder), "--out", str(DATASETS / options.folder.resolve().name))
        raise DatasetError(f"{options.folder} has no folder of a person: group its photos first, {again}")
    from faces.app.serving import served
    from faces.groups.doubts import doubts_of
    from report.unfinished_run import free_out

    if options.worst:
        doubts_of(options.run, options.folder)  # says what is wrong with the run before anything begins
    runs = beside(RUNS, options.folder)
    new_run = partial(free_out, runs, f"{options.folder.resolve().name}-{options.model.replace(':', '-')}")
    with (
        going_on(lambda: f"stopped; every decision is in {options.folder / GROUPS}"),
        served(options.folder, options.run, options.port, new_run, options.model, log) as (link, thread),
    ):
        link = link.replace("/?", "/worst?") if options.worst else link
        print(f"open {link}", flush=True)
        if options.open:
            webbrowser.open(link)
        while thread.is_alive():
            thread.join(_SECONDS)
    return 0
