"""Checks that no single row allows: pictures under several names, and lists that look wrong.

perceptual_hash   a hash of what a crop shows, 256 bits
near_duplicates   groups of crops that show one picture under different names
list_warnings     what is suspicious about a list as a whole
"""

from data.quality.list_warnings import ListWarnings
from data.quality.near_duplicates import find_near_duplicates
from data.quality.perceptual_hash import close_pairs, perceptual_hash, picture_hash

__all__ = ["ListWarnings", "close_pairs", "find_near_duplicates", "perceptual_hash", "picture_hash"]
