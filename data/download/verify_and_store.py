"""From the bytes of a row to a stored crop, or the reason why there is none: verify, crop, write, in this order.

Nothing is decoded or stored before the SHA-256 has been compared. Photos from the web and drawn portraits are treated
alike.
"""

import hashlib
from contextlib import AbstractContextManager
from pathlib import Path

from data.atomic_write import atomic_write
from data.inside import inside
from data.journal import Outcome
from data.photos import crop
from data.photos.kinds import FORMATS, HEAD, kind_of
from data.quality import perceptual_hash
from data.reasons import Failure, Reason, StillPacked
from data.rows import Row
from data.settings import DownloadSettings
from errors import StorageError


def verify_and_store(
    row: Row,
    data: bytes,
    folder: Path,
    person: str,
    settings: DownloadSettings,
    decoding: AbstractContextManager[object],
) -> Outcome:
    """Store the row's crop as `folder/person/<photo>-<row>.jpg`, named by the digests of photo and row.

    `decoding` limits how many photos are decoded at once: it is held while this one is.
    """
    photo = hashlib.sha256(data).hexdigest()
    if row.sha256 is not None and photo != row.sha256:
        return Outcome(row, Reason.HASH_MISMATCH, photo=photo, detail=_describe(data) + _packing(data))
    with decoding:
        picture = crop(data, row.box, settings)
    if isinstance(picture, Failure):
        return Outcome(row, picture.reason, photo=photo, detail=picture.detail + _packing(data))
    file = f"{person}/{photo[:12]}-{row.key.hex()[:8]}.jpg"
    path = inside(folder, file)
    if path is None:
        raise StorageError(f"{folder / person} is a link out of {folder}: replace it by a folder")
    atomic_write(path, picture)
    return Outcome(
        row, Reason.OK, file, photo, hashlib.sha256(picture).hexdigest(), perceptual_hash=perceptual_hash(picture)
    )


def _describe(data: bytes) -> str:
    """What kind of bytes came in place of the listed photo."""
    if not data:
        return "an empty body"
    kind = kind_of(data[:HEAD])
    if kind in FORMATS:
        return "another picture"
    return "a web page" if kind in ("HTML", "XML") or data[:HEAD].lstrip().startswith(b"<") else "other bytes"


def _packing(data: bytes) -> str:
    """What to add where the bytes may be right, but packed."""
    return f" (Content-Encoding {data.coding} cannot be undone)" if isinstance(data, StillPacked) else ""
