"""The drawn portraits as a list with SHA-256s, downloaded like any other list.

The list is kept in `DIR/portraits.csv`, so that a second run draws only what is missing, from the URL of its row; the
result must have the listed SHA-256, as a photo from the web must.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from data.atomic_write import atomic_write
from data.download.lists import select
from data.download.manifest import Report
from data.download.run import download
from data.journal import Outcome
from data.portraits import Gallery, PortraitPhoto
from data.portraits.gallery import PORTRAIT
from data.rows import Box, Origin, Row
from data.settings import DownloadSettings

LIST = "portraits.csv"


def download_portraits(
    gallery: Gallery,
    folder: Path,
    *,
    settings: DownloadSettings,
    people: Iterable[str] | None = None,
    limit: int | None = None,
    processes: int = 1,
    retry_failed: bool = False,
    on_drawn: Callable[[], None] = lambda: None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> Report:
    """`download` for the gallery's photos. `on_drawn` is called once for each photo of a new list."""
    drawn: dict[str, bytes] = {}
    rows = _read_list(folder / LIST, gallery)
    if rows is None:
        rows = []
        with closing(gallery.draw_all(processes)) as photos:  # its processes end with the block
            for photo in photos:
                drawn[photo.url] = photo.jpeg
                rows.append(_row(len(rows) + 1, photo))
                on_drawn()
        atomic_write(folder / LIST, _list_bytes(rows))
    return download(
        select(rows, people, limit),
        folder,
        settings=settings,
        fetch=lambda row: drawn.pop(row.url, b"") or draw_again(row),
        retry_failed=retry_failed,
        origin=Origin("portraits", LIST, is_file=True),
        on_outcome=on_outcome,
    )


def is_drawn(row: Row) -> bool:
    """Whether the row's photo is a portrait that is drawn, not one on the web."""
    return row.url.startswith(PORTRAIT)


def draw_again(row: Row) -> bytes:
    """The JPEG of such a row. UsageError when this version draws no photo with its URL."""
    return Gallery.draw_url(row.url).jpeg


def _row(number: int, photo: PortraitPhoto) -> Row:
    return Row(number, photo.name, photo.url, Box(*photo.box), hashlib.sha256(photo.jpeg).hexdigest())


def _list_bytes(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("name", "url", "box", "sha256"))
    writer.writerows((row.name, row.url, row.box, row.sha256) for row in rows)
    return text.getvalue().encode()


def _read_list(file: Path, gallery: Gallery) -> list[Row] | None:
    """The rows of an earlier run; None when there is no list, or it is of another gallery."""
    try:
        rows = list(_rows(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError):
        return None
    return rows if [row.url for row in rows] == list(gallery.urls) else None


def _rows(text: str) -> Iterator[Row]:
    for number, line in enumerate(csv.DictReader(io.StringIO(text)), start=1):
        yield Row(number, line["name"], line["url"], Box.parse(line["box"]), line["sha256"])
