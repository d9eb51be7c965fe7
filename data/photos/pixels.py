"""Images of any kind - paths, Pillow's, arrays - as one array of pixels, resized as the photos of a training are.

A whole image is used, upright by its EXIF orientation, on white where it is transparent.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from data.photos.cutting import Mode, cut
from data.photos.images import FILTER, open_photo, read_photo
from data.reasons import Failure
from errors import ImageError

OneImage = str | Path | Image.Image | NDArray[Any]
Images = OneImage | Iterable[OneImage]

_EXPECTED = "expected paths, Pillow images, or arrays (height, width[, 3]) of uint8 in 0..255 or floats in [0, 1]"


def pixels_of(images: Images, size: int, mode: Mode) -> NDArray[np.uint8]:
    """Return (N, C, size, size) in 0..255, C = 1 for mode L and 3 for RGB, in the order of `images`.

    `images` is one path or Pillow image, an iterable of paths, Pillow images and arrays (H, W) or (H, W, C), or an
    array (N, H, W) or (N, H, W, C); C is 1, 3 or 4 (with transparency). Raises ImageError naming the image that is
    none, or has the wrong dtype, range or shape.
    """
    listed = [images] if isinstance(images, str | Path | Image.Image) else images
    if isinstance(listed, np.ndarray) and listed.ndim < 3 and listed.dtype != object:
        raise ImageError(
            f"images are an array of the shape {listed.shape}: expected (N, height, width) or (N, height, width, "
            "channels); put a single image into a list"
        )
    pixels = [_one(image, place, size, mode) for place, image in enumerate(listed)]
    return np.stack(pixels) if pixels else np.empty((0, len(mode) if mode == "RGB" else 1, size, size), np.uint8)


def _one(image: object, place: int, size: int, mode: Mode) -> NDArray[np.uint8]:
    if isinstance(image, str | Path):
        picture = _opened(Path(image), size, mode)
    elif isinstance(image, Image.Image):
        picture = _whole(_upright(image), size, mode)
    elif isinstance(image, np.ndarray):
        picture = _whole(_from_array(image, place), size, mode)
    else:
        raise ImageError(f"image {place} is a {type(image).__name__}: {_EXPECTED}")
    return np.asarray(picture).reshape(size, size, -1).transpose(2, 0, 1)  # (C, size, size)


def _opened(path: Path, size: int, mode: Mode) -> Image.Image:
    data = read_photo(path)
    try:
        if isinstance(data, Failure):
            raise ValueError(f"{data.reason}: {data.detail}")
        return open_photo(data, size, mode)
    except ValueError as error:
        raise ImageError(f"{path} is not an image that can be read ({error})") from error


def _upright(image: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(image)


def _whole(image: Image.Image, size: int, mode: Mode) -> Image.Image:
    return cut(image, None, size, mode, FILTER)


def _from_array(array: NDArray[Any], place: int) -> Image.Image:
    """An array (H, W) or (H, W, C) as an image; floats are rounded to 256 steps."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise ImageError(f"image {place} has the shape {array.shape}: expected (height, width) or (height, width, 3)")
    if np.issubdtype(array.dtype, np.floating):
        if not (array.min() >= 0 and array.max() <= 1):  # also when there are NaNs
            raise ImageError(
                f"image {place} has values from {array.min():g} to {array.max():g}: floats are expected in [0, 1]; "
                "divide by 255, or convert to uint8"
            )
        array = (array * 255).round().astype(np.uint8)
    if array.dtype != np.uint8:
        raise ImageError(f"image {place} is an array of {array.dtype}: {_EXPECTED}")
    return Image.fromarray(array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array)
