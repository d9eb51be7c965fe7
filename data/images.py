"""Open the photos of a folder as one array, or a single photo for a prediction.

Here a photo is shown as its owner sees it: a phone's EXIF rotation is applied (`crop`, whose boxes count raw pixels,
does not). A photo that cannot be opened is an error that names it; nothing is skipped silently.
"""

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from data.crop import FORMATS, flat, quiet_decoding
from data.settings import DownloadSettings
from errors import DatasetError

Mode = Literal["L", "RGB"]
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
    try:
        with Image.open(io.BytesIO(data), formats=(*FORMATS, "BMP")) as photo:
            if photo.width * photo.height > DownloadSettings.max_pixels:
                raise ValueError(f"{photo.width} x {photo.height} pixels, the limit is {DownloadSettings.max_pixels}")
            photo.draft(photo.mode, (2 * size, 2 * size))  # a JPEG decoder need not decode what a crop cannot show
            upright = ImageOps.exif_transpose(photo)
            return flat(upright).convert(mode).resize((size, size), Image.Resampling[FILTER.upper()])
    except ValueError:
        raise
    except Exception as error:  # a decoder raises anything on hostile bytes: OSError, SyntaxError, struct.error ...
        raise ValueError(f"{type(error).__name__}: {error}"[:120].replace("\n", " ")) from error
