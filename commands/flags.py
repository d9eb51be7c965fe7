"""Flags that several commands have, and what they mean together: added here, so that they are the same everywhere.

A flag that one command has is in its file. The defaults are the settings' own.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from commands.parser import Add
from data.settings import DownloadSettings
from errors import UsageError

ENGINES = ("local", "ray")
WEB_FLAGS = ("workers", "per_host", "timeout", "deadline", "retries", "max_bytes", "allow_private", "respect_robots")


def add_output(add: Add) -> None:
    """--quiet and --json."""
    add("--quiet", action="store_true", help="no progress on stderr")
    add_json(add)


def add_json(add: Add) -> None:
    """--json, for a command without progress."""
    add("--json", action="store_true", help="print one JSON object instead of text")


def add_web(add: Add) -> None:
    """How the web is asked; `web` reads these flags."""
    add("--workers", type=int, default=DownloadSettings.workers, metavar="N", help="requests in flight")
    add(
        "--per-host",
        type=int,
        default=DownloadSettings.per_host,
        metavar="N",
        help="requests in flight to any one host",
    )
    add(
        "--timeout",
        type=float,
        default=DownloadSettings.timeout,
        metavar="S",
        help="give up after so many seconds without data",
    )
    add(
        "--deadline",
        type=float,
        default=DownloadSettings.deadline,
        metavar="S",
        help="seconds that a row may take, retries included",
    )
    add("--retries", type=int, default=DownloadSettings.retries, metavar="N", help="attempts after a temporary failure")
    add("--max-bytes", type=int, default=DownloadSettings.max_bytes, metavar="N", help="largest photo fetched")
    add("--allow-private", action="store_true", help="fetch from private and local addresses too")
    add("--respect-robots", action="store_true", help="ask for nothing that a host's robots.txt forbids")


def web(options: argparse.Namespace) -> dict[str, Any]:
    """How the web is asked, as the flags say: so many of the values of `DownloadSettings`, by name."""
    return {name: getattr(options, name) for name in WEB_FLAGS}


def add_engine(add: Add) -> None:
    """--engine and --address; `check_engine` says whether they fit."""
    add("--engine", choices=ENGINES, default=ENGINES[0], help="ray: a cluster, see docs/cluster.md")
    add(
        "--address",
        metavar="auto|HOST:PORT",
        help="a running Ray cluster; auto: the one this machine is part of (default: one started for this command)",
    )


def check_engine(options: argparse.Namespace) -> None:
    """UsageError when a cluster is named, but not asked to work."""
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
