"""The camera: exposure, colour cast, blur, noise, and the JPEG file."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from data.portraits.variation import Camera


def _tones(camera: Camera) -> list[int]:
    """The 768 entries of a table, 256 for each channel: from a value to the value after exposure and contrast."""
    levels = np.arange(256)
    table = [(levels * (camera.exposure * cast) - 128.0) * camera.contrast + 128.0 for cast in camera.cast]
    values: list[int] = np.clip(np.round(np.concatenate(table)), 0, 255).astype(np.int64).tolist()
    return values


def expose(scene: Image.Image, camera: Camera, grain: int) -> Image.Image:
    """The scene (RGB) with the camera's exposure, blur and noise."""
    picture = scene.point(_tones(camera))
    if camera.blur:
        picture = picture.filter(ImageFilter.BoxBlur(camera.blur))
    # One random byte a pixel, the same for all channels: whole numbers, so that no machine rounds them differently.
    random = np.random.Generator(np.random.PCG64(grain)).bytes(scene.width * scene.height)
    faces = 2 * camera.noise + 1
    noise = Image.frombytes("L", scene.size, random).point([value * faces >> 8 for value in range(256)])
    picture = ImageChops.add(picture, Image.merge("RGB", (noise, noise, noise)), offset=-camera.noise)
    return picture.convert("L").convert("RGB") if camera.grey else picture


def develop(picture: Image.Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()
