"""Images of any kind - paths, Pillow's, arrays - as one array of pixels, resized as the photos of a training are.

A whole image is used, upright by its EXIF orientation, on white where it is transparent.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from data.photos.cutting import Mode, cut_face, find_regions
from data.photos.images import open_photo, read_photo
from data.photos.placed import WHOLE, Placed, placed_in
from data.reasons import Failure
from errors import ImageError

OneImage = str | Path | Image.Image | NDArray[Any]
Images = OneImage | Iterable[OneImage]

_EXPECTED = "expected paths, Pillow images, or arrays (height, width[, 3]) of uint8 in 0..255 or floats in [0, 1]"


def pixels_of(
    images: Images,
    size: int,
    mode: Mode,
    margin: float | None = None,
    place: Callable[[Image.Image], Placed] = lambda picture: WHOLE,
) -> NDArray[np.uint8]:
    """Return (N, C, size, size) in 0..255, C = 1 for mode L and 3 for RGB, in the order of `images`.

    `images` is one path or Pillow image, an iterable of paths, Pillow images and arrays (H, W) or (H, W, C), or an
    array (N, H, W) or (N, H, W, C); C is 1, 3 or 4 (with transparency). With a `margin` faces are aligned: `place` says
    where a face lies in a picture whose file does not say it. Raises ImageError naming the image that is none, or has
    the wrong dtype, range or shape.
    """
    listed = [images] if isinstance(images, str | Path | Image.Image) else images
    if isinstance(listed, np.ndarray) and listed.ndim < 3 and listed.dtype != object:
        raise ImageError(
            f"images are an array of the shape {listed.shape}: expected (N, height, width) or (N, height, width, "
            "channels); put a single image into a list"
        )

    def picture_of(image: object, index: int) -> Image.Image:
        if isinstance(image, str | Path):
            return _opened(Path(image), size, mode, margin, place)
        picture = _picture(image, index)
        return cut_face(picture, WHOLE if margin is None else place(picture), size, mode, margin)

    pictures = [np.asarray(picture_of(image, index)) for index, image in enumerate(listed)]
    pixels = [picture.reshape(size, size, -1).transpose(2, 0, 1) for picture in pictures]  # (C, size, size) each
    return np.stack(pixels) if pixels else np.empty((0, len(mode) if mode == "RGB" else 1, size, size), np.uint8)


def _picture(image: object, index: int) -> Image.Image:
    if isinstance(image, Image.Image):
        return ImageOps.exif_transpose(image)
    if isinstance(image, np.ndarray):
        return _from_array(image, index)
    raise ImageError(f"image {index} is a {type(image).__name__}: {_EXPECTED}")


def _opened(
    path: Path, size: int, mode: Mode, margin: float | None, place: Callable[[Image.Image], Placed]
) -> Image.Image:
    data = read_photo(path)
    try:
        if isinstance(data, Failure):
            raise ValueError(f"{data.reason}: {data.detail}")
        face = placed_in(data)
        if margin is None or face.points is not None:
            return open_photo(data, size, mode, face=face, margin=margin)
        regions = find_regions(data, lambda picture, scale: [place(picture)], size, mode, margin=margin)
        if isinstance(regions, Failure):
            raise ValueError(f"{regions.reason}: {regions.detail}")
        return regions[0].picture
    except ValueError as error:
        raise ImageError(f"{path} is not an image that can be read ({error})") from error


def _from_array(array: NDArray[Any], index: int) -> Image.Image:
    """An array (H, W) or (H, W, C) as an image; floats are rounded to 256 steps."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise ImageError(f"image {index} has the shape {array.shape}: expected (height, width) or (height, width, 3)")
    if np.issubdtype(array.dtype, np.floating):
        if not (array.min() >= 0 and array.max() <= 1):  # also when there are NaNs
            raise ImageError(
                f"image {index} has values from {array.min():g} to {array.max():g}: floats are expected in [0, 1]; "
                "divide by 255, or convert to uint8"
            )
        array = (array * 255).round().astype(np.uint8)
    if array.dtype != np.uint8:
        raise ImageError(f"image {index} is an array of {array.dtype}: {_EXPECTED}")
    return Image.fromarray(array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array)
