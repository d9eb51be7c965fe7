"""`reproduce`: run the published experiments again, and show reported beside measured numbers.

The experiments are in `experiments/`; a new one is a file there and a line of its `catalogue`.
"""

import argparse
from pathlib import Path
from typing import Any

from commands.arguments import positive
from commands.console import log, print_json, progress
from commands.flags import add_device, add_output
from commands.folders import PORTRAITS, portraits
from commands.parser import add_command
from commands.stopping import going_on
from data.cores import cores
from data.settings import MNIST_FOLDER
from errors import UsageError

BUDGETS = ("quick", "full")  # as in `experiments`, which takes seconds to import; a test compares the two


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Run published experiments on this project's training core: for each a table of reported beside measured, a "
        "JSON file and the report's figures. quick takes fewer epochs and seeds, and says where; full is the protocol. "
        "Until all are done, what was measured is kept in unfinished/ of --out: stopped, the same command goes on. "
        "What cannot be measured, without weights for example, is named on the page; the exit code is then 1."
    )
    brief = "run published experiments, reported beside measured"
    example = "reproduce csc411 cs559 --budget quick --out results"
    add = add_command(commands, "reproduce", reproduce, about, example, brief)
    add("experiment", nargs="*", metavar="NAME", help="experiments, see --list (default: all)")
    add("--list", action="store_true", help="print the experiments, and run none")
    add("--budget", choices=BUDGETS, default=BUDGETS[0], help="how much of the protocol is run")
    add("--max-epochs", type=positive, metavar="N", help="no training longer than this (default: as the budget says)")
    add("--out", type=Path, default=Path("results"), metavar="DIR", help="where the results go")
    add("--mnist", type=Path, default=MNIST_FOLDER, metavar="DIR", help="the folder of `download mnist`")
    add(
        "--faces",
        type=Path,
        metavar="DIR",
        help=f"one folder of photos per person, for csc411 (default: {PORTRAITS}, drawn if missing)",
    )
    add("--weights", default="imagenet", metavar="W", help="AlexNet's for csc411: imagenet, random, or a file")
    add(
        "--workers",
        "--jobs",
        type=positive,
        default=cores(),
        metavar="N",
        help="trainings at once; on cuda they share the GPU, best by NVIDIA's service: nvidia-cuda-mps-control -d",
    )
    add_device(add, "where networks are trained; what is timed or needs float64 stays on the cpu", trains=True)
    add_output(add)


def reproduce(options: argparse.Namespace) -> int:
    """Run the experiments asked for, and print the path of each page when it is done.

    Return 1 if a row of them could not be measured.
    """
    from experiments.catalogue import EXPERIMENTS
    from experiments.reproduce import Effort, jobs
    from experiments.reproduce import reproduce as run
    from experiments.sources import Sources
    from nn.device import choose_device

    unknown = [name for name in options.experiment if name not in EXPERIMENTS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no experiment: expected some of {', '.join(EXPERIMENTS)}")
    if options.list:
        width = max(map(len, EXPERIMENTS))
        for name, experiment in EXPERIMENTS.items():
            print(f"{name:<{width}}  {len(experiment.rows):>3} rows  {experiment.title}")
        return 0
    device = choose_device(options.device)
    names = list(dict.fromkeys(options.experiment)) or list(EXPERIMENTS)
    drawn = not options.faces and any(EXPERIMENTS[name].faces for name in names)
    faces = portraits(quiet=options.quiet) if drawn else options.faces or PORTRAITS
    effort = Effort(budget=options.budget, max_epochs=options.max_epochs, processes=options.workers)
    sources = Sources(
        mnist=options.mnist,
        faces=faces,
        weights=options.weights,
        device=device,
        capture=options.capture,
    )
    pages: list[str] = []

    def on_page(page: Path) -> None:
        pages.append(str(page))
        if not options.json:
            print(page, flush=True)

    steps = len(jobs([EXPERIMENTS[name] for name in names], options.budget))
    starting = going_on(lambda: "stopped before the first training")
    with starting, progress("reproducing", steps, quiet=options.quiet) as advance:
        missing = run(
            names,
            options.out,
            sources,
            effort,
            on_job=advance,
            on_page=on_page,
            on_warning=lambda line: log(f"warning: {line}"),
        )
    if options.json:
        print_json({"budget": options.budget, "pages": pages, "not_measured": missing})
    for name, reason in missing.items():
        log(f"{name}: not measured: {reason}")
    return 1 if missing else 0
