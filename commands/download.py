"""`download`: fetch a list of photos, or draw the portraits, into a folder of crops; or fetch MNIST's files.

A flag that only photos have is also named in `PHOTO_FLAGS`, so that `download mnist` refuses it.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import arguments
from commands.arguments import folder_or_storage, folder_or_url, fraction
from commands.console import log, print_json, progress
from commands.flags import add_engine, add_json, add_web, check_engine, flag, web
from commands.folders import PORTRAITS, draw_portraits, folder_of_list
from commands.list_file import ListFile, opened_list, pipe_name
from commands.parser import add_command
from commands.stopping import going_on, stopped_after
from commands.summary import bad_rows, print_summary, shortfalls
from data.settings import MNIST_FOLDER, DownloadSettings
from data.wording import count
from errors import UsageError

if TYPE_CHECKING:
    from data.download import Report
    from data.journal import Outcome

MNIST = "mnist"  # in place of a list
EXIT_CODES = (
    "Exit codes: 0 done; 1 finished short of what was asked: a row of the list cannot be read, nothing was stored, or "
    "more rows failed than --max-failed allows; 2 wrong usage, or no list; 130 Ctrl-C; 143 TERM"
)
PHOTO_FLAGS = (
    *(
        "person",
        "limit",
        "size",
        "gray",
        "workers",
        "per_host",
        "max_bytes",
        "max_pixels",
        "retry_failed",
        "max_failed",
    ),
    *("engine", "address"),
)


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    brief = "fetch a list of photos, or MNIST, verify each SHA-256, crop, store; without a list, draw the portraits"
    about = f"{brief}. {EXIT_CODES}"
    example = "download faces.tsv --out datasets/six --workers 8"
    add = add_command(commands, "download", download, about, example, brief)
    add(
        "list",
        nargs="?",
        type=_list_or_mnist,
        metavar="LIST",
        help="FaceScrub's or PubFig's tab-separated form, or a table with a header name,url,box,sha256,md5 (the last "
        "three may be missing) between commas, semicolons, tabs or |, in UTF-8, UTF-16 or Windows-1252; with --person "
        "NAME also URLs alone, one a line; -: a list on stdin; or the word mnist: the four files of MNIST (a list of "
        "that name is ./mnist)",
    )
    add(
        "--out",
        type=folder_or_storage,
        metavar="DIR|URL",
        help="where crops or files go; with --engine ray also s3://, gs://, file:// "
        f"(default: {PORTRAITS}, {MNIST_FOLDER}, or datasets/ and LIST's stem, with a digest where that is another's; "
        "none for a list from a pipe)",
    )
    add(
        "--from",
        dest="source",
        type=folder_or_url,
        metavar="FOLDER|URL",
        help="mnist only: where its files are, gzipped or not (default: torchvision's mirrors)",
    )
    add("--person", nargs="+", metavar="NAME", help="only these people's rows (default: all)")
    add("--limit", type=arguments.count, metavar="N", help="only the first N rows (default: all)")
    add("--size", type=int, default=DownloadSettings.size, metavar="PIXELS", help="side of a listed box in its crop")
    add("--gray", action="store_true", help="crops with one channel instead of three")
    add_web(add)
    add("--retry-failed", action="store_true", help="ask again for rows that failed in an earlier run")
    add(
        "--max-failed",
        type=fraction,
        default=1.0,
        metavar="FRACTION",
        help="exit 1 when more than this share of rows failed",
    )
    add_engine(add)
    add("--quiet", action="store_true", help="print errors alone, and what --json asks for")
    add_json(add)


def _list_or_mnist(text: str) -> Path | str:
    return MNIST if text == MNIST else Path(text)


def download(options: argparse.Namespace) -> int:
    """Download; return 1 when a row cannot be read, none is ok, or more failed than --max-failed allows."""
    _check(options)
    if options.list == MNIST:
        return _download_mnist(options)
    from faces.detection.extra import can_find_faces, find_points

    find = find_points if can_find_faces() else None
    settings = DownloadSettings(size=options.size, gray=options.gray, find_points=find, **web(options))
    get = _draw_portraits if options.list is None else _download_list
    folder, report = get(options, settings)
    assert report.run is not None, "a download reads a list"
    if options.json:
        print_json(asdict(report))
    elif not options.quiet:
        print_summary(folder, report, report.run)
    if short := shortfalls(report.run, options.max_failed):
        log(f"faces download: short of what was asked: {', '.join(short)}")
    return int(bool(short))


def _check(options: argparse.Namespace) -> None:
    """UsageError for flags that do not go together."""
    if options.list == MNIST:
        for name in PHOTO_FLAGS:
            if getattr(options, name) != options.default_of(name):
                raise UsageError(f"{flag(name)} is for photos: leave it out, MNIST is four whole files")
    elif options.source is not None:
        raise UsageError("--from is for `download mnist` alone: a list itself says where its photos are")
    check_engine(options)
    if options.engine == "local" and isinstance(options.out, str):
        hint = "MNIST goes into a folder" if options.list == MNIST else "a URL is filled by --engine ray"
        raise UsageError(f"--out {options.out}: {hint}; give a folder")
    if isinstance(options.list, Path) and options.out is None and pipe_name(options.list):
        raise UsageError("a list from a pipe has no name for its folder: give --out DIR")
    if options.engine != "local" and options.list is None:
        raise UsageError("--engine ray is for lists: the portraits are drawn on this machine, leave it out")


def _draw_portraits(options: argparse.Namespace, settings: DownloadSettings) -> tuple[Path, "Report"]:
    folder, stored = options.out or PORTRAITS, 0

    def on_outcome(outcome: "Outcome") -> None:
        nonlocal stored
        stored += 1

    with going_on(lambda: f"stopped after {count(stored, 'portrait')}" if stored else "stopped before one was stored"):
        return folder, draw_portraits(
            folder,
            settings,
            people=options.person,
            limit=options.limit,
            retry_failed=options.retry_failed,
            quiet=options.quiet,
            on_outcome=on_outcome,
        )


def _download_list(options: argparse.Namespace, settings: DownloadSettings) -> tuple[Path | str, "Report"]:
    with opened_list(options.list) as listed:
        return _download_file(options, settings, listed)


def _download_file(
    options: argparse.Namespace, settings: DownloadSettings, listed: ListFile
) -> tuple[Path | str, "Report"]:
    from data.download import count_rows, list_fingerprint, read_list, select
    from data.reasons import Reason
    from data.rows import BadRow

    def warn(warning: str) -> None:
        if not options.quiet:
            log(f"warning: {warning.replace(str(listed.path), listed.shown)}")

    download_list = _engine(options)
    rows = select(read_list(listed.path, warn, options.person), options.person, options.limit)
    folder = options.out or folder_of_list(listed.path)
    total = count_rows(listed.path, options.person, options.limit)
    again = "" if listed.origin.is_file else " of a list from a pipe, which must come again"
    done = failed = 0
    with (
        going_on(lambda: stopped_after(done, total, "row") + again),
        progress("downloading", total, quiet=options.quiet) as advance,
        bad_rows(listed.shown, quiet=options.quiet) as log_bad_row,
    ):

        def on_outcome(outcome: "Outcome") -> None:
            nonlocal done, failed
            done += 1
            failed += outcome.reason is not Reason.OK
            log_bad_row(outcome)
            is_fresh = outcome.fresh and not isinstance(outcome.row, BadRow)
            advance(f"{failed:,} failed" if failed else "", fresh=is_fresh)

        return folder, download_list(
            rows,
            folder,
            settings=settings,
            retry_failed=options.retry_failed,
            fingerprint=list_fingerprint(listed.path, options.person, options.limit),
            origin=listed.origin,
            alone=options.out is None,
            on_outcome=on_outcome,
            on_warning=warn,
        )


def _engine(options: argparse.Namespace) -> Callable[..., "Report"]:
    """The function that downloads a list: with this process, or with a cluster."""
    if options.engine == "local":
        from data.download import download

        return download
    from functools import partial

    from data.cluster.connection import require

    require("ray", "pyarrow")
    from data.cluster.download import download_on_ray

    return partial(download_on_ray, address=options.address)


def _download_mnist(options: argparse.Namespace) -> int:
    from data.mnist import FILES, download_mnist

    folder, settings = options.out or MNIST_FOLDER, DownloadSettings(**web(options))
    done = 0
    with (
        going_on(lambda: stopped_after(done, len(FILES), "file")),
        progress("fetching MNIST", len(FILES), quiet=options.quiet) as advance,
    ):

        def on_file(name: str) -> None:
            nonlocal done
            done += 1
            advance(name)

        origins = download_mnist(folder, source=options.source, settings=settings, on_file=on_file)
    if options.json:
        print_json({"folder": str(folder), "files": origins})
    if options.json or options.quiet:
        return 0
    for name, origin in origins.items():
        print(f"{name:<24} {'was there' if origin is None else f'from {origin}'}")
    print(f"MNIST's {len(origins)} files verified in {folder}")
    return 0
