"""Portraits: a program that draws people, the data set that comes with the package.

    gallery, sheet          people and photos by number or by address; a contact sheet
    portrait                the parts in the order they are painted, and the face's box
    casting, names          who is who: people whose traits are spread out, and what they are called
    camera, variation       what a lens does to a picture; what a photo is: pose, expression, light, scene
    backdrop, clothes, extras, glasses, head, complexion, nose, mouth, eyes, brows
                            the parts
    styles, styles_short, styles_long, beard, curls, hair
                            which hair there is, how each is laid, and how any hair is painted
    relief                  light
    sitter, traits          one person in one photo; what a person is
    palette, layer, geometry
                            colours, canvas, curves

Arrows point downwards, or along a line. A photo is a pure function of seed, person and number: drawn in whole pixels
from random streams of its own, it is the same on every machine up to the rounding of libraries.
"""

from data.portraits.gallery import Gallery, PortraitPhoto
from data.portraits.sheet import contact_sheet

__all__ = ["Gallery", "PortraitPhoto", "contact_sheet"]
