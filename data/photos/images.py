"""Open the photos of a folder as one array, or a single photo for a prediction.

Photos are turned upright first, as EXIF says. A photo that cannot be opened is an error that names it; none is skipped
silently.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.photos.cutting import Mode, open_regions
from data.photos.decoding import quiet_decoding
from data.reasons import Failure
from data.settings import DownloadSettings
from errors import DatasetError

FILTER = DownloadSettings.filter  # the name of the resize filter, written into every checkpoint


def load_images(
    paths: Sequence[Path], size: int, mode: Mode, on_photo: Callable[[], None] = lambda: None
) -> NDArray[np.uint8]:
    """Return (N, C, size, size) in 0..255, C = 1 for mode L and 3 for RGB, in the order of `paths`.

    Decoding runs on all cores. Raises DatasetError naming the first photo that is not a readable image.
    """
    channels = len(mode) if mode == "RGB" else 1
    images = np.empty((len(paths), channels, size, size), np.uint8)

    def load(index: int) -> None:
        try:
            picture = open_photo(paths[index].read_bytes(), size, mode)
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"{paths[index]} is not an image that can be read ({error}): expected JPEG, PNG, GIF, WebP or BMP; "
                "replace or remove it"
            ) from error
        images[index] = np.asarray(picture).reshape(size, size, channels).transpose(2, 0, 1)  # (C, size, size)
        on_photo()

    with quiet_decoding(), ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(load, range(len(paths))):
            pass
    return images


def open_photo(data: bytes, size: int, mode: Mode) -> Image.Image:
    """Return the whole photo, upright, flattened on white, resized to size x size. ValueError when it is no image."""
    opened = open_regions(data, [None], size, mode)
    region = opened if isinstance(opened, Failure) else opened[0]
    if isinstance(region, Failure):
        raise ValueError(f"{region.reason}: {region.detail}")
    return region.picture
