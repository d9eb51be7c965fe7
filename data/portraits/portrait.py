"""A portrait: the parts in the order in which they are painted, the light on them, and the box around the face."""

from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image

from data.portraits.backdrop import paint_backdrop
from data.portraits.brows import paint_brows
from data.portraits.camera import expose
from data.portraits.clothes import GARMENTS
from data.portraits.complexion import paint_face
from data.portraits.extras import EXTRAS, HATS
from data.portraits.eyes import eye_centres, paint_eyes
from data.portraits.geometry import Pose
from data.portraits.glasses import paint_glasses
from data.portraits.hair import HairBrush
from data.portraits.head import face_outline, paint_ears, paint_neck
from data.portraits.layer import OVERSAMPLE, Box, PaintLayer
from data.portraits.mouth import mouth_corners, paint_mouth
from data.portraits.nose import nose_tip, paint_nose
from data.portraits.palette import darker
from data.portraits.relief import light
from data.portraits.sitter import Sitter
from data.portraits.styles import BEARDS, STYLES
from data.portraits.traits import Traits
from data.portraits.variation import Variation

FACE_HEIGHT: Final = 1.86
"""From hairline to chin of an average face, in head units."""


def seat(traits: Traits, variation: Variation) -> Sitter:
    """The person in the photo: pose and stance in pixels of the canvas."""
    width, height = variation.size
    scale = variation.face * min(width, height) * OVERSAMPLE / FACE_HEIGHT
    x, y = variation.place[0] * width * OVERSAMPLE, variation.place[1] * height * OVERSAMPLE
    pose = Pose(yaw=variation.yaw, pitch=variation.pitch, roll=variation.roll, scale=scale, x=x, y=y - 0.17 * scale)
    # The body follows the head a little: the neck does the rest.
    stance = replace(pose, yaw=pose.yaw * 0.35, pitch=0.0, roll=pose.roll * 0.2, x=pose.x - 0.9 * scale * pose.roll)
    return Sitter(traits=traits, pose=pose, stance=stance, expression=variation.expression, light=variation.light)


def _grain(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _paint_body(layer: PaintLayer, sitter: Sitter, variation: Variation) -> None:
    style, hair = STYLES[sitter.traits.hair_style], darker(sitter.traits.hair, 0.2)
    if style.back:
        style.back(HairBrush(layer, sitter, hair, _grain(sitter.traits.grain + 1)))
    paint_neck(layer, sitter)
    GARMENTS[variation.garment](layer, sitter, variation.cloth, variation.second_cloth)


def _paint_head(layer: PaintLayer, sitter: Sitter, variation: Variation) -> None:
    traits = sitter.traits
    brush = HairBrush(layer, sitter, traits.hair, _grain(traits.grain))
    paint_ears(layer, sitter)
    paint_face(layer, sitter)
    if traits.beard in BEARDS:
        BEARDS[traits.beard](replace(brush, colour=darker(traits.hair, 0.1)))
    paint_nose(layer, sitter)
    paint_mouth(layer, sitter)
    with layer.inside(face_outline(sitter)) as face:  # the far eye of a turned head ends where the face does
        paint_eyes(face, sitter)
        paint_brows(face, sitter)
    if traits.glasses != "none" and variation.extra != "sunglasses":
        paint_glasses(layer, sitter, traits.glasses, traits.glasses_colour)
    style = STYLES[traits.hair_style]
    style.front(brush)
    if variation.extra in EXTRAS and not (style.tall and variation.extra in HATS):
        EXTRAS[variation.extra](HairBrush(layer, sitter, variation.extra_colour, _grain(variation.grain)))


def face_box(sitter: Sitter, variation: Variation) -> Box:
    """The box x1, y1, x2, y2 around the face, about square, inside the photo, a bit off as boxes on the web are."""
    t = sitter.traits
    marks = [(0.0, t.length, 0.45), (0.0, -0.70, 0.5), (t.cheek, 0.1, 0.1), (-t.cheek, 0.1, 0.1)]
    points = sitter.pose.project(marks) / OVERSAMPLE
    low, high = points.min(axis=0), points.max(axis=0)
    off = np.array(variation.jitter)
    side = float((high - low).max()) * (1.0 + off[2])
    middle = (low + high) / 2 + off[:2] * side
    limit = np.array(variation.size)
    start = np.clip(np.round(middle - side / 2), 0, limit - 2).astype(int)
    end = np.clip(np.round(middle + side / 2), start + 1, limit).astype(int)
    return int(start[0]), int(start[1]), int(end[0]), int(end[1])


def landmarks(sitter: Sitter) -> list[tuple[float, float]]:
    """The two eyes, the tip of the nose and the corners of the mouth, in pixels of the photo; the left ones first."""
    points = np.concatenate([eye_centres(sitter), [nose_tip(sitter)], mouth_corners(sitter)]) / OVERSAMPLE
    return [(float(x), float(y)) for x, y in points]


def paint(traits: Traits, variation: Variation) -> tuple[Image.Image, Box]:
    """The photo before it is put into a JPEG file, and the face's box in it."""
    sitter, size = seat(traits, variation), variation.size
    scene = paint_backdrop(size, variation.backdrop, variation.wall, variation.grain)
    body = PaintLayer(size)
    _paint_body(body, sitter, variation)
    head = body.above()
    _paint_head(head, sitter, variation)
    light(scene, body, head, sitter)
    return expose(scene, variation.camera, variation.grain), face_box(sitter, variation)
