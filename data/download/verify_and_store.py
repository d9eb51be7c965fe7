"""The bytes that came for a row -> a file in its place, or the reason why not: verify, crop, publish, in this order.

Nothing is decoded or stored before the SHA-256 has been compared. The same code serves photos from the web and
portraits drawn here.
"""

import hashlib
from contextlib import AbstractContextManager
from pathlib import Path

from data.atomic_write import atomic_write
from data.journal.outcomes import Outcome
from data.photos.cutting import crop
from data.quality.perceptual_hash import perceptual_hash
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
    """Store the row's crop as `folder/person/<photo>-<row>.jpg`, named by what the photo and the row are.

    `decoding` is held while the photo stands unpacked in memory.
    """
    photo = hashlib.sha256(data).hexdigest()
    if row.sha256 is not None and photo != row.sha256:
        return Outcome(row, Reason.HASH_MISMATCH, photo=photo, detail=_what_came(data))
    with decoding:
        picture = crop(data, row.box, settings)
    if isinstance(picture, Failure):
        return Outcome(row, picture.reason, photo=photo, detail=picture.detail)
    file = f"{person}/{photo[:12]}-{row.key.hex()[:8]}.jpg"
    atomic_write(folder / file, picture)
    return Outcome(row, Reason.OK, file, photo, hashlib.sha256(picture).hexdigest(), look=perceptual_hash(picture))


def _what_came(data: bytes) -> str:
    """What the bytes look like that are not the listed photo."""
    if not data:
        return "an empty body"
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "a web page"
    return "another picture" if _looks_like_a_picture(data) else "other bytes"


def _looks_like_a_picture(data: bytes) -> bool:
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM"))
