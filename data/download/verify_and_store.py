"""From the bytes of a row to a stored crop, or the reason why there is none: verify, crop, write, in this order.

Nothing is decoded or stored before the listed SHA-256 and MD5 have been compared. Photos from the web and drawn
portraits are treated alike.
"""

import hashlib
from contextlib import AbstractContextManager
from pathlib import Path

from data.atomic_write import atomic_write
from data.journal import Outcome
from data.photos import crop
from data.quality import perceptual_hash
from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings


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
        return Outcome(row, Reason.HASH_MISMATCH, photo=photo, detail=_describe(data))
    with decoding:
        picture = crop(data, row.box, settings)
    if isinstance(picture, Failure):
        return Outcome(row, picture.reason, photo=photo, detail=picture.detail)
    file = f"{person}/{photo[:12]}-{row.key.hex()[:8]}.jpg"
    atomic_write(folder / file, picture)
    return Outcome(
        row, Reason.OK, file, photo, hashlib.sha256(picture).hexdigest(), perceptual_hash=perceptual_hash(picture)
    )


def _has_md5(data: bytes, md5: str | None) -> bool:
    """Whether the bytes have the listed MD5, if one is listed: against what changed by itself, not against forgery."""
    return md5 is None or hashlib.md5(data, usedforsecurity=False).hexdigest() == md5


def _describe(data: bytes) -> str:
    """What kind of bytes came in place of the listed photo."""
    if not data:
        return "an empty body"
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "a web page"
    is_picture = data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM"))
    return "another picture" if is_picture else "other bytes"
