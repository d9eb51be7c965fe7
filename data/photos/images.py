"""Open the photos of a folder as one array, or a single photo for a prediction.

Photos are turned upright first, as EXIF says. A photo that cannot be opened is an error that names it; none is skipped
silently.
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.cores import cores
from data.photos.cutting import Mode, open_face
from data.photos.decoding import quiet_decoding
from data.photos.placed import Placed, placed_in
from data.reasons import Failure, Reason, one_line
from data.settings import DownloadSettings
from errors import DatasetError

FILTER = DownloadSettings.filter  # the name of the resize filter, written into every checkpoint


ANY_SIZE = sys.maxsize  # as `max_pixels`: for photos that a training was allowed to open
MOST_BYTES = 1 << 28  # of a file: beyond, it is not read into memory


def load_images(
    paths: Sequence[Path],
    size: int,
    mode: Mode,
    on_photo: Callable[[], None] = lambda: None,
    max_pixels: int | None = DownloadSettings.max_pixels,
    digests: Sequence[str] | None = None,
    faces: Sequence[Placed] | None = None,
    margin: float | None = None,
) -> NDArray[np.uint8]:
    """Return (N, C, size, size) in 0..255, C = 1 for mode L and 3 for RGB, in the order of `paths`.

    Decoding runs on all cores. `faces` and `margin` are as in `open_photo`, for each photo. Raises DatasetError naming
    the first photo that is not a readable image, or has another SHA-256 than that of `digests`.
    """
    channels = len(mode) if mode == "RGB" else 1
    images = np.empty((len(paths), channels, size, size), np.uint8)

    def load(index: int) -> None:
        sha256, face = None if digests is None else digests[index], None if faces is None else faces[index]
        picture = load_photo(paths[index], size, mode, max_pixels, sha256, face, margin)
        images[index] = np.asarray(picture).reshape(size, size, channels).transpose(2, 0, 1)  # (C, size, size)
        on_photo()

    with quiet_decoding(), ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(load, range(len(paths))):
            pass
    return images


def load_photo(
    path: Path,
    size: int,
    mode: Mode,
    max_pixels: int | None = DownloadSettings.max_pixels,
    sha256: str | None = None,
    face: Placed | None = None,
    margin: float | None = None,
) -> Image.Image:
    """Do as `open_photo` does with a file.

    Raises DatasetError naming one that is not a readable image, or no longer the photo with this SHA-256.
    """
    data = read_photo(path, sha256)
    if isinstance(data, Failure) and data.reason is Reason.HASH_MISMATCH:
        raise DatasetError(f"{path} {data.detail}: run again")
    try:
        if isinstance(data, Failure):
            raise ValueError(f"{data.reason}: {data.detail}")
        return open_photo(data, size, mode, max_pixels, face, margin)
    except ValueError as error:
        raise DatasetError(f"{path} is not an image that can be read ({error}): replace or remove it") from error


def read_photo(path: Path, sha256: str | None = None) -> bytes | Failure:
    """Return the bytes of a file. A Failure, and no exception, for what cannot be read or has too many of them.

    With `sha256`, the digest that the photo had before, also for other bytes: what is made of the bytes that are
    returned belongs to that digest.
    """
    try:
        if path.exists() and not path.is_file():
            return Failure(Reason.NOT_AN_IMAGE, "a folder" if path.is_dir() else "no file, but a device or a pipe")
        with path.open("rb") as source:
            data = source.read(MOST_BYTES + 1)
    except OSError as error:
        return Failure(Reason.NOT_AN_IMAGE, one_line(error.strerror or error))
    except ValueError as error:  # a NUL in the name
        return Failure(Reason.NOT_AN_IMAGE, one_line(error))
    if len(data) > MOST_BYTES:
        return Failure(Reason.TOO_LARGE, f"more than {MOST_BYTES} bytes")
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        return Failure(Reason.HASH_MISMATCH, "was replaced while the photos were being read")
    return data


def open_photo(
    data: bytes,
    size: int,
    mode: Mode,
    max_pixels: int | None = DownloadSettings.max_pixels,
    face: Placed | None = None,
    margin: float | None = None,
) -> Image.Image:
    """Return the face in the photo, upright, flattened on white, as size x size pixels: the whole photo, unless the
    file says where in it the face lies, or `face` does. ValueError when it is no image.

    With a `margin` it is aligned, if its points are known.
    """
    picture = open_face(data, face or placed_in(data), size, mode, margin, max_pixels=max_pixels)
    if isinstance(picture, Failure):
        raise ValueError(f"{picture.reason}: {picture.detail}")
    return picture
