"""A hash of what a crop shows, 256 bits, and pairs of close hashes: one picture under two names is wrong under one.

For the crop at 17 x 16 grey pixels, each bit says whether a pixel is brighter than its right neighbour: a difference
hash, which a change of size, quality or brightness hardly changes (N. Krawetz, "Kind of Like That", 2013, with 64 bits,
which are too few for faces in similar poses). Measured on 726 faces of six people: different ones differ in 40 bits or
more; nine in ten differ from their own copy at half the size and low quality in 10 or fewer. The journal stores these
hashes, so this rule changes only together with its format.
"""

import io
from collections.abc import Iterable, Iterator
from itertools import pairwise

from PIL import Image

CLOSE = 15  # bits in which hashes of one picture may differ
_WIDTH, _HEIGHT = 17, 16
_BLOCKS = [0xFFFF << 16 * place for place in range(16)]  # the 256 bits in sixteen parts
_NEIGHBOURS = 16  # that a hash is compared with, if many have a block in common


def perceptual_hash(jpeg: bytes) -> str:
    """The hash of a JPEG: 64 hexadecimal digits."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as photo:
        photo.draft("L", (4 * _WIDTH, 4 * _HEIGHT))
        return f"{picture_hash(photo):064x}"


def picture_hash(picture: Image.Image) -> int:
    """The hash of a picture of any size and mode, as a number of 256 bits."""
    small = picture.convert("L").resize((_WIDTH, _HEIGHT), Image.Resampling.BOX).tobytes()
    bits = 0
    for place, (left, right) in enumerate(pairwise(small), start=1):
        if place % _WIDTH:  # the last pixel of a row has no right neighbour
            bits = bits << 1 | (left > right)
    return bits


def close_pairs(hashes: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs of different hashes that differ in at most `CLOSE` bits, the smaller first.

    Fifteen different bits leave at least one of sixteen blocks equal. So the hashes are sorted by each block in turn,
    and only those with an equal block are compared: O(n log n) for n hashes. Hashes with an equal block keep the order
    of the sorts before, so that in a long run of them (of flat pictures) the most similar are neighbours.
    """
    order = sorted(set(hashes))
    return {pair for block in _BLOCKS for pair in _pairs(order, block)}


def _pairs(hashes: list[int], block: int) -> Iterator[tuple[int, int]]:
    """The close pairs among neighbours with equal bits in `block`; sorts `hashes`."""
    hashes.sort(key=block.__and__)
    for place, value in enumerate(hashes):
        for other in hashes[place + 1 : place + 1 + _NEIGHBOURS]:
            if (value ^ other) & block:
                break
            if (value ^ other).bit_count() <= CLOSE:
                yield min(value, other), max(value, other)
