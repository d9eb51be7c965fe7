"""Alignment: a face is turned, scaled and moved so that eyes, nose and mouth lie in the same places in every picture.

With points z_k of a face and their places w_k in the aligned picture as complex numbers x + iy, the similarity
transform z -> a z + b that minimises the sum of |a z_k + b - w_k|^2 is

    a = sum conj(z_k - z') (w_k - w') / sum |z_k - z'|^2,    b = w' - a z',    z', w' the means

(Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991, in two dimensions and
without a mirror image: |a| is the scale, its argument the angle).
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.photos.landmarks import Landmarks

VERSION = 1  # to be raised when the same points come to give another picture

# Where the points lie in a face of side 1: medians over 731 faces that dlib's points had aligned, in pixels of the
# square of 150 that dlib's network takes, which has a margin of 0.25 of the face around it.
_PLACES = 1.5 * np.array([(46.0, 47.8), (104.1, 46.7), (75.0, 79.0), (49.7, 103.4), (99.6, 102.3)]) / 150 - 0.25
_MOST_OFF = 0.2  # of the face's side: the mean distance (root of squares) of sensible points from their places
_LEAST = 4.0  # pixels: the side of the smallest face that has sensible points


def is_sensible(points: Landmarks) -> bool:
    """Whether five points may be those of a face: in order, and at distances that a face has."""
    z = _complex(points.array())
    if not np.isfinite(z).all() or np.abs(z - z.mean()).max() < 1e-6:
        return False
    a, b = similarity(points, 1, 0.0)
    off = np.abs(a * z + b - _complex(_PLACES))
    return bool(np.sqrt(np.square(off).mean()) <= _MOST_OFF and 1 / abs(a) >= _LEAST)


def places(size: int, margin: float) -> Landmarks:
    """Return where the points lie in a picture of `size` pixels a side, which shows `margin` of the face's side around
    it; pixels are counted from its upper left corner, the centre of the first one is 0.5, 0.5."""
    return Landmarks(*((x, y) for x, y in (size * (margin + _PLACES) / (1 + 2 * margin)).tolist()))


def similarity(points: Landmarks, size: int, margin: float) -> tuple[complex, complex]:
    """Return a and b that bring the points to their places in a picture of `size` pixels a side.

    `margin` is what the picture shows around the face on each side, as a share of the face's side.
    """
    z, w = _complex(points.array()), _complex(places(size, margin).array())
    centred = z - z.mean()
    a = complex((centred.conj() * (w - w.mean())).sum() / np.square(np.abs(centred)).sum())
    return a, complex(w.mean() - a * z.mean())


def aligned(picture: Image.Image, points: Landmarks, size: int, margin: float) -> Image.Image:
    """Return the aligned face, size x size pixels, in the picture's mode, L or RGB.

    The photo is resampled once, bilinearly, at about its own scale, and then averaged over squares of whole pixels.
    Where it ends its edge is repeated. However large the points say that the face is, no more than the photo's own size
    is computed: they may be a stranger's.
    """
    a, _ = similarity(points, size, margin)
    times = max(1, min(round(1 / abs(a)), ceil(max(picture.size) / size)))
    a, b = similarity(points, times * size, margin)
    picture, left, top = _around(picture, a, b, times * size)
    inverse, shift = 1 / a, -b / a  # z = inverse * w + shift
    to_photo = (
        *(inverse.real, -inverse.imag, shift.real - left),
        *(inverse.imag, inverse.real, shift.imag - top),
    )
    side = times * size
    turned = picture.transform((side, side), Image.Transform.AFFINE, to_photo, Image.Resampling.BILINEAR)
    return turned.reduce(times) if times > 1 else turned


def _around(picture: Image.Image, a: complex, b: complex, side: int) -> tuple[Image.Image, int, int]:
    """Return the part of the picture that the aligned square of `side` pixels shows, and the place of its corner.

    Outside of the picture its edge is repeated, as far as the picture is wide or high; nothing lies beyond.
    """
    width, height = picture.size
    corners = (np.array([0, side, side * 1j, side * (1 + 1j)]) - b) / a
    x1, y1 = (int(part.min().clip(-most, most)) - 2 for part, most in ((corners.real, width), (corners.imag, height)))
    x2 = ceil(corners.real.max().clip(x1 + 1, 2 * width)) + 1
    y2 = ceil(corners.imag.max().clip(y1 + 1, 2 * height)) + 1
    return framed(picture, x1, y1, x2, y2), x1, y1


def framed(picture: Image.Image, x1: int, y1: int, x2: int, y2: int) -> Image.Image:
    """Return these columns and rows of a picture, which may lie outside of it: there its edge is repeated."""
    width, height = picture.size
    left, right = min(max(x1, 0), width - 1), max(min(x2, width), 1)
    top, bottom = min(max(y1, 0), height - 1), max(min(y2, height), 1)
    inside = picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    before, behind = (left - x1, top - y1), (x2 - left - inside.width, y2 - top - inside.height)
    if max(*before, *behind) <= 0:
        return inside
    pixels = np.asarray(inside)
    pads = ((max(before[1], 0), max(behind[1], 0)), (max(before[0], 0), max(behind[0], 0)))
    return Image.fromarray(np.pad(pixels, (*pads, *((0, 0),) * (pixels.ndim - 2)), mode="edge"))


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    z: NDArray[np.complex128] = points[:, 0] + 1j * points[:, 1]
    return z
