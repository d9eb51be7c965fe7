"""Portraits: a program that draws people, the data set that comes with the package.

    gallery, sheet          people and photos by number or by address; a contact sheet
    portrait                the parts in the order they are painted, and the face's box
    casting, names          who is who: people whose traits are spread out, and what they are called
    camera, variation       exposure, blur and noise; what differs between photos: pose, expression, light, scene
    backdrop, clothes, extras, glasses, head, complexion, nose, mouth, eyes, brows
                            the parts
    styles, styles_short, styles_long, beard, curls, hair
                            the styles of hair and beard, and how any hair is painted
    relief                  light
    sitter, traits          one person in one photo; what a person is
    palette, layer, geometry
                            colours, canvas, curves

A module imports only from lines below its own, or from its own line. A photo depends only on seed, person and number:
it is drawn in whole pixels from its own random numbers, and is the same on every machine up to rounding in libraries.
"""

from data.portraits.gallery import Gallery, PortraitPhoto
from data.portraits.sheet import contact_sheet

__all__ = ["Gallery", "PortraitPhoto", "contact_sheet"]
