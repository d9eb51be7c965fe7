"""Where the photos are that a command works on: a folder, a storage's URL unpacked, or the portraits.

Another place that photos can come from is a function here, which returns a folder.
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
    from data.download.manifest import Report

DATASETS = Path("datasets")
PORTRAITS = DATASETS / "portraits"


def unpacked(place: Path | str, is_first: bool = True) -> Path:
    """A folder of photos as it is; that of a URL in datasets/, where the first of several processes unpacks it.

    Its name is the URL's last part and a digest of the whole: it can be no other data set's.
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
    """Return the folder of the portraits; draw them first if they are missing, and say so on stderr unless quiet."""
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
    """Store the portraits in a folder, all of them or those of some people; say what came of them."""
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
