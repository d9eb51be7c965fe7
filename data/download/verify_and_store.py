"""From the bytes of a row to a stored crop, or the reason why there is none: verify, crop, write, in this order.

Nothing is decoded or stored before the listed SHA-256 and MD5 have been compared. Photos from the web and drawn
portraits are treated alike.
"""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from data.atomic_write import atomic_write
from data.inside import inside
from data.journal import Outcome
from data.photos import crop
from data.photos.cutting import FindPoints
from data.photos.kinds import FORMATS, HEAD, kind_of
from data.photos.landmarks import Landmarks
from data.portraits.gallery import PORTRAIT, Gallery
from data.quality import perceptual_hash
from data.reasons import Failure, Reason, StillPacked
from data.rows import Row
from data.settings import DownloadSettings
from errors import StorageError

_WHOLE = 68  # pixels a side of a whole photo that is looked at: the same for every size of crop


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
    if row.sha256 not in (None, photo) or not _has_md5(data, row.md5):
        return Outcome(row, Reason.HASH_MISMATCH, photo=photo, detail=_describe(data) + _packing(data))
    with decoding:
        picture = crop(data, row.box, settings, _points_of(row, settings))
        whole = _whole_hash(data, row, settings) if isinstance(picture, bytes) else None
    if isinstance(picture, Failure):
        return Outcome(row, picture.reason, photo=photo, detail=picture.detail + _packing(data))
    file = f"{person}/{photo[:12]}-{row.key.hex()[:8]}.jpg"
    path = inside(folder, file)
    if path is None:
        raise StorageError(f"{folder / person} is a link out of {folder}: replace it by a folder")
    atomic_write(path, picture)
    digest, look = hashlib.sha256(picture).hexdigest(), perceptual_hash(picture)
    return Outcome(row, Reason.OK, file, photo, digest, perceptual_hash=look, whole_hash=whole)


def _points_of(row: Row, settings: DownloadSettings) -> FindPoints | None:
    """What finds the points of the row's face: those of a drawn portrait are known."""
    if row.url.startswith(PORTRAIT):
        return lambda picture, box, scale: Landmarks(*Gallery.landmarks_url(row.url)).moved(1 / scale, 0, 0)
    return settings.find_points


def _whole_hash(data: bytes, row: Row, settings: DownloadSettings) -> str | None:
    """The perceptual hash of the whole photo, by which a host's placeholder is found; None if a digest is listed."""
    if not row.is_trusted:
        return None
    picture = crop(data, None, replace(settings, size=_WHOLE))
    return perceptual_hash(picture) if isinstance(picture, bytes) else None


def _has_md5(data: bytes, md5: str | None) -> bool:
    """Whether the bytes have the listed MD5, if one is listed: against what changed by itself, not against forgery."""
    return md5 is None or hashlib.md5(data, usedforsecurity=False).hexdigest() == md5


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
