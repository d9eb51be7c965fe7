"""Checks that no single row allows: pictures under several names, and lists that look wrong.

perceptual_hash   a hash of what a crop shows, 256 bits
near_duplicates   groups of crops that show one picture under different names
placeholders      pictures that a host answers in place of photos that are gone
list_warnings     what is suspicious about a list as a whole
"""

from data.quality.list_warnings import ListWarnings
from data.quality.near_duplicates import find_near_duplicates
from data.quality.perceptual_hash import close_pairs, perceptual_hash, picture_hash
from data.quality.placeholders import Picture, Placeholder, find_placeholders

__all__ = [
    "ListWarnings",
    "Picture",
    "Placeholder",
    "close_pairs",
    "find_near_duplicates",
    "find_placeholders",
    "perceptual_hash",
    "picture_hash",
]
