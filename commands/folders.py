"""The folder of photos that a command works on: a given one, one unpacked from a URL, or the portraits.

A further source of photos is a function here that returns a folder.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from commands.console import progress
from commands.summary import print_summary
from data.cores import cores
from data.settings import MNIST_FOLDER, DownloadSettings
from errors import UsageError

if TYPE_CHECKING:
    from data.download import Report
    from data.journal import Outcome

DATASETS = Path("datasets")
RUNS = Path("runs")
PORTRAITS = DATASETS / "portraits"


def folder_of_list(path: Path) -> Path:
    """Return the list's own folder in datasets/: named as the list, unless that is another list's or holds other files.

    Then a digest of the list's path is added to the name, so that two lists called people.csv fill two folders.
    """
    from data.journal import FILE, source_of

    folder, source = DATASETS / path.stem, list_source(path)
    filled_from = source_of(folder)
    if (folder / FILE).exists():
        is_free = filled_from in (None, source)  # an earlier version of this program has noted nothing
    else:
        is_free = not folder.exists() or not any(not entry.name.startswith(".") for entry in folder.iterdir())
    if is_free and folder not in (PORTRAITS, MNIST_FOLDER):
        return folder
    return folder.with_name(f"{path.stem}-{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]}")


def list_source(path: Path) -> str:
    """Return what a folder that is filled from this list notes: the list's path, without links."""
    return os.fsencode(path.resolve()).decode(errors="backslashreplace")


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


def beside(folder: Path, photos: Path) -> Path:
    """Return a relative folder for results, such as `runs`: here, or beside `photos` if here is among them."""
    here, root = Path.cwd(), photos.resolve()
    return Path(os.path.relpath(root.parent)) / folder if here == root or root in here.parents else folder


def check_elsewhere(folder: Path | None, photos: Path, flag: str) -> None:
    """Raise UsageError for a folder of results among the photos, whose people it would join."""
    if folder is not None and folder.resolve().is_relative_to(photos.resolve()):
        raise UsageError(f"{flag} {folder} lies among the photos in {photos}: choose a folder that does not")


def portraits(*, quiet: bool) -> Path:
    """Return the folder of the portraits; draw them if they are missing, with a summary on stderr unless quiet."""
    if not (PORTRAITS / "report.json").exists():
        report = draw_portraits(PORTRAITS, DownloadSettings(), quiet=quiet)
        assert report.run is not None, "a download reads a list"
        if not quiet:
            with redirect_stdout(sys.stderr):
                print_summary(PORTRAITS, report, report.run)
    return PORTRAITS


def draw_portraits(
    folder: Path,
    settings: DownloadSettings,
    *,
    people: Iterable[str] | None = None,
    limit: int | None = None,
    retry_failed: bool = False,
    quiet: bool = False,
    on_outcome: Callable[["Outcome"], None] = lambda outcome: None,
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
            processes=cores(),
            retry_failed=retry_failed,
            on_drawn=lambda: advance(""),
            on_outcome=on_outcome,
        )
