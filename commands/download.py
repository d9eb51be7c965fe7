"""`download`: fetch a list of photos, or draw the portraits, into a folder of crops; or fetch MNIST's files.

A flag that only photos have is also named in `PHOTO_FLAGS`, so that `download mnist` refuses it.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.arguments import count, folder_or_storage, folder_or_url, fraction
from commands.console import log, print_json, progress
from commands.flags import add_engine, add_output, add_web, check_engine, flag, web
from commands.folders import DATASETS, PORTRAITS, draw_portraits
from commands.parser import add_command
from commands.summary import bad_rows, print_summary
from data.settings import MNIST_FOLDER, DownloadSettings
from errors import UsageError

if TYPE_CHECKING:
    from data.download import Report
    from data.journal import Outcome

MNIST = "mnist"  # in place of a list
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
    about = "fetch a list of photos, or MNIST, verify each SHA-256, crop, store; without a list, draw the portraits"
    add = add_command(
        commands, "download", download, about, "python cli.py download faces.tsv --out datasets/six --workers 8"
    )
    add(
        "list",
        nargs="?",
        type=_list_or_mnist,
        metavar="LIST",
        help="FaceScrub's or PubFig's tab-separated form, or a table with a header name,url,box,sha256,md5 (the last "
        "three may be missing) between commas, semicolons, tabs or |, in UTF-8, UTF-16 or Windows-1252; or the word "
        "mnist: the four files of MNIST (a list of that name is ./mnist)",
    )
    add(
        "--out",
        type=folder_or_storage,
        metavar="DIR|URL",
        help="where crops or files go; with --engine ray also s3://, gs://, file:// "
        f"(default: {PORTRAITS}, {MNIST_FOLDER}, or datasets/ and LIST's stem)",
    )
    add(
        "--from",
        dest="source",
        type=folder_or_url,
        metavar="FOLDER|URL",
        help="mnist only: where its files are, gzipped or not (default: torchvision's mirrors)",
    )
    add("--person", nargs="+", metavar="NAME", help="only these people's rows (default: all)")
    add("--limit", type=count, metavar="N", help="only the first N rows (default: all)")
    add("--size", type=int, default=DownloadSettings.size, metavar="PIXELS", help="side of a crop")
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
    add_output(add)


def _list_or_mnist(text: str) -> Path | str:
    return MNIST if text == MNIST else Path(text)


def download(options: argparse.Namespace) -> int:
    """Download; return 1 when no row is ok, or more failed than --max-failed allows."""
    _check(options)
    if options.list == MNIST:
        return _download_mnist(options)
    settings = DownloadSettings(size=options.size, gray=options.gray, **web(options))
    if options.list is None:
        folder = options.out or PORTRAITS
        report = draw_portraits(
            folder,
            settings,
            people=options.person,
            limit=options.limit,
            retry_failed=options.retry_failed,
            quiet=options.quiet,
        )
    else:
        folder = options.out or DATASETS / options.list.stem
        report = _download_list(options, folder, settings)
    if options.json:
        print_json(asdict(report))
    else:
        print_summary(folder, report)
    return 0 if report.ok and report.failed_fraction <= options.max_failed else 1


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
    if options.engine != "local" and options.list is None:
        raise UsageError("--engine ray is for lists: the portraits are drawn on this machine, leave it out")


def _download_list(options: argparse.Namespace, folder: Path | str, settings: DownloadSettings) -> "Report":
    from data.download import count_lines, list_fingerprint, read_list, select

    download_list = _engine(options)
    listed = read_list(options.list, lambda warning: log(f"warning: {warning}"))
    rows = select(listed, options.person, options.limit)
    total = count_lines(options.list) if options.person is None and options.limit is None else options.limit
    with progress("downloading", total, quiet=options.quiet) as advance, bad_rows(options.list) as log_bad_row:

        def on_outcome(outcome: "Outcome") -> None:
            log_bad_row(outcome)
            advance("")

        return download_list(
            rows,
            folder,
            settings=settings,
            retry_failed=options.retry_failed,
            fingerprint=list_fingerprint(options.list, options.person, options.limit),
            on_outcome=on_outcome,
            on_warning=lambda warning: log(f"warning: {warning}"),
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
    with progress("fetching MNIST", len(FILES), quiet=options.quiet) as advance:
        origins = download_mnist(folder, source=options.source, settings=settings, on_file=advance)
    if options.json:
        print_json({"folder": str(folder), "files": origins})
        return 0
    for name, origin in origins.items():
        print(f"{name:<24} {'was there' if origin is None else f'from {origin}'}")
    print(f"MNIST's {len(origins)} files verified in {folder}")
    return 0
