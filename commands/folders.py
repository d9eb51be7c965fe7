"""The folder of photos that a command works on: a given one, one unpacked from a URL, or the portraits.

A further source of photos is a function here that returns a folder.
"""

import hashlib
import os
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from commands.console import progress
from commands.summary import print_summary
from data.settings import DownloadSettings

if TYPE_CHECKING:
    from data.download import Report

DATASETS = Path("datasets")
PORTRAITS = DATASETS / "portraits"


def unpacked(place: Path | str, is_first: bool = True) -> Path:
    """Return a folder unchanged; for a URL, return its folder in datasets/, which the first process fills.

    The folder's name is the last part of the URL and a digest of the whole, so no two URLs share one.
    """
    if isinstance(place, Path):
        return place
    from data.cluster.unpack import unpack
    from data.folder_names import candidates

    url = place.rstrip("/")
    last = urlsplit(url).path.rpartition("/")[2] or "photos"
    folder = DATASETS / f"{next(candidates(last))}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    return unpack(url, folder) if is_first else folder


def portraits(*, quiet: bool) -> Path:
    """Return the folder of the portraits; draw them if they are missing, with a summary on stderr unless quiet."""
    if not (PORTRAITS / "report.json").exists():
        report = draw_portraits(PORTRAITS, DownloadSettings(), quiet=quiet)
        if not quiet:
            with redirect_stdout(sys.stderr):
                print_summary(PORTRAITS, report)
    return PORTRAITS


def draw_portraits(
    folder: Path,
    settings: DownloadSettings,
    *,
    people: Iterable[str] | None = None,
    limit: int | None = None,
    retry_failed: bool = False,
    quiet: bool = False,
) -> "Report":
    """Store the portraits in a folder, all of them or those of some people; return the report."""
    from data.download.portrait_source import download_portraits
    from data.portraits import Gallery

    gallery = Gallery()
    with progress("drawing portraits", gallery.people * gallery.photos, quiet=quiet) as advance:
        return download_portraits(
            gallery,
            folder,
            settings=settings,
            people=people,
            limit=limit,
            processes=os.cpu_count() or 1,
            retry_failed=retry_failed,
            on_drawn=lambda: advance(""),
        )
