"""What a crop looks like, in 256 bits, and which crops look alike: one picture under two names is wrong under one.

The bits say, for a picture brought down to 17 x 16 grey pixels, whether each is brighter than its right neighbour:
a difference hash, which a change of size, of quality or of brightness leaves nearly as it is (N. Krawetz, "Kind of Like
That", 2013, with 64 bits: too few for faces that all look out of their boxes in the same way). Of 726 faces of six
people those of different ones differ in 40 bits or more; halved in size and badly compressed, nine in ten differ from
themselves in 10 or fewer. The rule changes only together with the journal's format.
"""

import io
from collections.abc import Iterable, Iterator
from itertools import pairwise

from PIL import Image

CLOSE = 15  # bits in which the looks of one picture may differ
_WIDTH, _HEIGHT = 17, 16
_BLOCKS = [0xFFFF << 16 * place for place in range(16)]  # the 256 bits in sixteen parts
_REACH = 16  # neighbours that a look is compared with where very many have a part in common


def perceptual_hash(jpeg: bytes) -> str:
    """The look of a stored crop: 64 hexadecimal digits."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as photo:
        photo.draft("L", (4 * _WIDTH, 4 * _HEIGHT))
        small = photo.convert("L").resize((_WIDTH, _HEIGHT), Image.Resampling.BOX).tobytes()
    bits = 0
    for place, (left, right) in enumerate(pairwise(small), start=1):
        if place % _WIDTH:  # no pixel is compared with the first of the next line
            bits = bits << 1 | (left > right)
    return f"{bits:064x}"


def close_pairs(looks: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs of different looks that differ in at most `CLOSE` bits, the smaller first.

    Fifteen differing bits leave one of sixteen blocks as it is: looks are sorted by each block in turn, and only those
    that agree in it are compared - n log n for n looks. A sort leaves looks that agree in a block in the order of the
    blocks before, so that of a long run (flat pictures make them) the likeliest `_REACH` neighbours are compared.
    """
    order = sorted(set(looks))
    return {pair for block in _BLOCKS for pair in _pairs(order, block)}


def _pairs(looks: list[int], block: int) -> Iterator[tuple[int, int]]:
    """The close pairs among neighbours that agree in the bits of `block`; sorts `looks`."""
    looks.sort(key=block.__and__)
    for place, look in enumerate(looks):
        for other in looks[place + 1 : place + 1 + _REACH]:
            if (look ^ other) & block:
                break
            if (look ^ other).bit_count() <= CLOSE:
                yield min(look, other), max(look, other)
