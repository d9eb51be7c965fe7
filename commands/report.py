"""`report`: the file of a run's page; --open shows it in the browser. The training has written the page."""

import argparse
from pathlib import Path
from typing import Any

from commands.parser import add_command


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "name the page of a run, or open it"
    add = add_command(commands, "report", report, about, "report runs/six --open")
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces or train-mnist")
    add("--open", action="store_true", help="open the page in the browser")


def report(options: argparse.Namespace) -> int:
    """Print the file of the page. Raises RunError when there is none, or it is not this run's."""
    from report.run_folder import PAGE, read_file

    page = options.run / PAGE
    read_file(options.run, PAGE)
    if options.open:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    print(page)
    return 0
