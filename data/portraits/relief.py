"""Light: the head and the body as low reliefs, lit from a side on a coarse grid.

A relief is a dome with bumps `h / (1 + (x/rx)^2 + (y/ry)^2)^2`, whose slopes are rational: no exponential that differs
between machines. Its normals meet the direction of the light (Lambert, wrapped a little around, as skin does) and
the bisector of light and view (Blinn's highlight, power 16). The result is 8-bit: a multiplier a channel, from
the tint of shadow to white, and a gloss to add.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from data.portraits.geometry import Points
from data.portraits.layer import CELL, OVERSAMPLE, Box, PaintLayer, grey, reduced
from data.portraits.sitter import Sitter

WRAP: Final = 0.28
GLOSS: Final = 30
HEAD_SHADOW: Final = (0.44, 0.32, 0.35)
BODY_SHADOW: Final = (0.42, 0.36, 0.42)

Grid = NDArray[np.float64]
Normals = tuple[Grid, Grid, Grid]


def _bumps(sitter: Sitter) -> Points:
    """(n, 6): centre x, y, z, radius across, radius along, height - in head units."""
    t, smile = sitter.traits, max(sitter.expression.smile, 0.0)
    middle = [
        (0.0, 0.10, 0.74, 0.13, 0.22, 0.085 * t.nose_bridge),
        (0.0, t.nose_length - 0.08, 0.95, t.nose_width * 0.95, 0.13, 0.13),
        (0.0, t.length - 0.11, 0.60, 0.22, 0.13, 0.06),
        (0.0, t.mouth_height + 0.20, 0.66, 0.24, 0.07, -0.035),
        (0.0, t.mouth_height, 0.68, 0.32, 0.17, 0.05),
        (0.0, -0.55, 0.60, 0.50, 0.22, 0.05),
    ]
    sides = [
        (t.eye_gap * 0.92, -0.02, 0.58, 0.24, 0.15, -0.07),
        (t.eye_gap, -t.brow_height, 0.60, 0.27, 0.09, 0.035),
        (0.42, 0.30, 0.46, 0.27, 0.20, 0.06 + 0.05 * smile + 0.03 * t.cheekbones),
        (0.36, 0.60, 0.45, 0.12, 0.22, -0.02 - 0.03 * t.age),
    ]
    return np.array(middle + [(side * x, *rest) for side in (-1, 1) for x, *rest in sides])


def _upright(sitter: Sitter, extent: Box, lean: float) -> tuple[Grid, Grid]:
    """Where the cells of a part of a photo lie, in head units from the head's origin, with the lean taken out."""
    pose, step = sitter.pose, CELL * OVERSAMPLE
    columns = np.arange(extent[0] // CELL, -(-extent[2] // CELL)) + 0.5
    rows = np.arange(extent[1] // CELL, -(-extent[3] // CELL)) + 0.5
    x, y = (columns[None, :] * step - pose.x) / pose.scale, (rows[:, None] * step - pose.y) / pose.scale
    cos, sin = math.cos(lean), math.sin(lean)
    return x * cos + y * sin, y * cos - x * sin


def _head_normals(sitter: Sitter, extent: Box) -> Normals:
    pose = sitter.pose
    u, v = _upright(sitter, extent, pose.roll)
    du, dv = u / 0.90, v / 1.26
    deep = np.sqrt(1.0 - np.minimum(du * du + dv * dv, 0.95))
    slope_u, slope_v = du / 0.90, dv / 1.26
    bumps = _bumps(sitter)
    centres = (pose.project(bumps[:, :3]) - (pose.x, pose.y)) / pose.scale
    cos, sin = math.cos(pose.roll), math.sin(pose.roll)
    for (x, y), (rx, ry, height) in zip(centres, bumps[:, 3:], strict=True):
        across, along = (u - (x * cos + y * sin)) / rx, (v - (y * cos - x * sin)) / ry
        fall = 1.0 / (1.0 + across * across + along * along)
        steep = fall * fall * fall * deep * (4.0 * height)
        slope_u += steep * across / rx
        slope_v += steep * along / ry
    return slope_u, slope_v, deep


def _body_normals(sitter: Sitter, extent: Box) -> Normals:
    """A column for the neck that widens into the shoulders."""
    u, v = _upright(sitter, extent, 0.0)
    width = np.interp(v, (1.35, 1.80), (sitter.traits.neck * 1.25, 1.9))
    slope_u = np.clip(u / width, -0.96, 0.96)
    slope_v = np.interp(v, (1.2, 1.5, 1.8, 2.6), (0.1, -0.15, -0.35, 0.0))
    return slope_u, slope_v, np.sqrt(1.0 - slope_u * slope_u)


def _lit(normals: Normals, sitter: Sitter) -> tuple[Grid, Grid]:
    """Brightness and gloss of normals under the sitter's light, each in 0..1."""
    x, y, z = normals
    length = np.sqrt(x * x + y * y + z * z)
    light = sitter.light.direction
    half = np.array((light[0], light[1], light[2] + 1.0))
    half /= math.sqrt(float((half * half).sum()))
    facing = (x * light[0] + y * light[1] + z * light[2]) / length
    gloss = np.clip((x * half[0] + y * half[1] + z * half[2]) / length, 0.0, 1.0)
    for _ in range(4):
        gloss = gloss * gloss
    return np.clip((facing + WRAP) / (0.92 + WRAP), 0.0, 1.0), gloss


def _enlarged(cells: Grid, extent: Box) -> Image.Image:
    size = (extent[2] - extent[0], extent[3] - extent[1])
    picture = Image.fromarray(np.round(np.clip(cells, 0.0, 1.0) * 255).astype(np.uint8))
    # The last cells reach past the photo where its size is no multiple of a cell: take the photo's part of them.
    return picture.resize(size, Image.Resampling.BILINEAR, box=(0.0, 0.0, size[0] / CELL, size[1] / CELL))


def _shade(
    layer: PaintLayer, extent: Box, brightness: Grid, strength: float, tint: tuple[float, float, float]
) -> Image.Image:
    """The multiplier of each pixel: the light, and the layer's stains."""
    shade = (1.0 - brightness[..., None]) * ((1.0 - np.array(tint)) * strength)
    left, top, right, bottom = (-(-side // CELL) for side in extent)
    stains = np.asarray(layer.stains)[top:bottom, left:right] / 255.0
    return _enlarged((1.0 - shade) * stains, extent)


def light(scene: Image.Image, body: PaintLayer, head: PaintLayer, sitter: Sitter) -> None:
    """Puts a body and the head above it (layers of one picture) into their light and over the scene (RGB)."""
    above, strength = head.extent(), sitter.light.strength
    whole = _union(above, body.extent())
    brightness, _ = _lit(_body_normals(sitter, whole), sitter)
    lamp = _shade(body, whole, brightness, strength, BODY_SHADOW)
    brightness, gloss = _lit(_head_normals(sitter, above), sitter)
    skin = reduced(head.coverage, above)
    corner = (above[0] - whole[0], above[1] - whole[1])
    lamp.paste(_shade(head, above, brightness, strength, HEAD_SHADOW), corner, skin)
    lit = ImageChops.multiply(reduced(body.image, whole), lamp)
    shine = ImageChops.multiply(_enlarged(gloss * (strength * GLOSS / 255), above), skin)
    lit.paste(ImageChops.add(lit.crop((*corner, *_far(corner, skin))), grey(shine)), corner)
    coverage = reduced(body.coverage, whole)
    coverage.paste(ImageChops.screen(coverage.crop((*corner, *_far(corner, skin))), skin), corner)
    # A colour above its coverage comes from glazes that reached past the edge: cut it off.
    lit = ImageChops.darker(lit, grey(coverage))
    behind = ImageChops.multiply(scene.crop(whole), grey(ImageChops.invert(coverage)))
    scene.paste(ImageChops.add(behind, lit), whole[:2])


def _far(corner: tuple[int, int], picture: Image.Image) -> tuple[int, int]:
    """The corner opposite to where a picture is put."""
    return corner[0] + picture.width, corner[1] + picture.height


def _union(first: Box, second: Box) -> Box:
    low, high = np.minimum(first, second)[:2].tolist(), np.maximum(first, second)[2:].tolist()
    return low[0], low[1], high[0], high[1]
