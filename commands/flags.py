"""Flags of several commands, defined once, so that they are the same everywhere.

The flags of one command only are in its own file. The defaults are those of the settings.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from commands.arguments import positive
from commands.parser import Add
from data.settings import DEVICES, DownloadSettings
from errors import UsageError
from faces.settings import check_model

ENGINES = ("local", "ray")
HIDDEN = "hidden"  # the model that is no head on a frozen network
_WEB_VALUES = (
    ("workers", int, "N", "requests in flight"),
    ("per_host", int, "N", "requests in flight to any one host"),
    ("timeout", float, "S", "give up after so many seconds without data"),
    ("deadline", float, "S", "seconds that a row may take, retries included"),
    ("retries", int, "N", "attempts after a temporary failure"),
    ("max_bytes", int, "N", "largest photo fetched"),
    ("user_agent", str, "TEXT", "what a server is told of who asks; some want an address in it"),
)
_WEB_SWITCHES = (
    ("allow_private", "fetch from private and local addresses too"),
    ("respect_robots", "ask for nothing that a host's robots.txt forbids"),
)


def add_output(add: Add) -> None:
    """--quiet and --json."""
    add("--quiet", action="store_true", help="errors alone on stderr: no progress, no notes")
    add_json(add)


def add_json(add: Add) -> None:
    """--json, for a command without progress."""
    add("--json", action="store_true", help="print one JSON object instead of text")


def add_web(add: Add) -> None:
    """How the web is used; `web` reads these flags."""
    for name, kind, metavar, about in _WEB_VALUES:
        add(flag(name), type=kind, default=getattr(DownloadSettings, name), metavar=metavar, help=about)
    add_max_pixels(add)
    for name, about in _WEB_SWITCHES:
        add(flag(name), action="store_true", help=about)


def web(options: argparse.Namespace) -> dict[str, Any]:
    """The values of the flags of `add_web`, by the names that they have in `DownloadSettings`."""
    return {name: getattr(options, name) for name, *_ in (*_WEB_VALUES, ("max_pixels",), *_WEB_SWITCHES)}


def add_max_pixels(add: Add) -> None:
    """--max-pixels, for a command that opens photos."""
    about = "largest photo opened, width x height (default: 250 million for a plain JPEG, else 64 million)"
    add("--max-pixels", type=positive, metavar="N", help=about)


def add_device(add: Add, about: str = "where to compute", *, trains: bool = False) -> None:
    """--device and, for a command that trains by the loop, --capture."""
    add("--device", choices=DEVICES, default=DEVICES[0], help=f"{about}; auto: on cuda, where there is one")
    if trains:
        add(
            "--capture",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="on cuda: record a training step once as a graph, and repeat that; it is faster",
        )


def add_frozen(add: Add, default: str) -> None:
    """--model, --weights and --align, for a command that computes with a frozen network; the hidden layer is one of the
    models where it is the default."""
    one = "hidden: one hidden layer on grey pixels; or a head on a frozen network: " if default == HIDDEN else ""
    about = (
        "alexnet: conv5; face: a network for faces, of an extra; torchvision:NAME: any of its classification networks"
    )
    add(
        "--model",
        type=model_of if default == HIDDEN else _frozen,
        default=default,
        metavar="M",
        help=one + about,
    )
    add(
        "--weights",
        metavar="W",
        help="of a frozen network: random, or a file, .pth or .safetensors, of alexnet also .npz (default: its own, "
        "which torchvision fetches, or the extra has)",
    )
    add(
        "--align",
        action=argparse.BooleanOptionalAction,
        help="turn and scale each face so that eyes, nose and mouth lie in the same places (default: where they are "
        "known, or an extra is installed that finds them)",
    )


def model_of(text: str) -> str:
    """Read the name of a network, the hidden layer or a frozen one."""
    return text if text == HIDDEN else _frozen(text, HIDDEN)


def _frozen(text: str, *others: str) -> str:
    try:
        return check_model(text, *others)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def flag(name: str) -> str:
    """The flag of a setting: --per-host for per_host."""
    return f"--{name.replace('_', '-')}"


def add_engine(add: Add) -> None:
    """--engine and --address; `check_engine` says whether they fit."""
    add("--engine", choices=ENGINES, default=ENGINES[0], help="ray: a cluster, see docs/cluster.md")
    add(
        "--address",
        metavar="auto|HOST:PORT",
        help="a running Ray cluster; auto: the one this machine is part of (default: one started for this command)",
    )


def check_engine(options: argparse.Namespace) -> None:
    """UsageError for --address without --engine ray."""
    if options.engine == "local" and options.address is not None:
        raise UsageError("--address names a cluster: give --engine ray with it")


def defaults(flag: str, models: Mapping[str, object]) -> str:
    """Return a flag's default for the models that take it, or the one that all share."""
    name = flag.strip("-").replace("-", "_")
    values = {model: getattr(settings, name) for model, settings in models.items()}
    if len(set(values.values())) == 1:
        return f"default: {next(iter(values.values()))}"
    taken = {value: [model for model in values if values[model] == value] for value in values.values()}
    return "default: " + ", ".join(
        f"{value} for {' and '.join(by)}" for value, by in taken.items() if value is not None
    )
