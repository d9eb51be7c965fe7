"""Which hair there is: the table of styles."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from data.portraits import beard
from data.portraits import styles_long as long
from data.portraits import styles_short as short
from data.portraits.hair import HairBrush

Lay = Callable[[HairBrush], None]


@dataclass(frozen=True)
class Style:
    """How hair is laid around the face and, before neck and head are painted, behind them."""

    front: Lay
    back: Lay | None = None
    tall: bool = False
    """Whether it stands up too high for a hat."""


STYLES: Final[dict[str, Style]] = {
    "side part": Style(short.side_part),
    "crop": Style(short.crop),
    "quiff": Style(short.quiff, tall=True),
    "buzz": Style(short.buzz),
    "bald": Style(short.bald),
    "receding": Style(short.receding),
    "slick": Style(short.slick),
    "curly top": Style(short.curly_top, tall=True),
    "short afro": Style(short.short_afro, tall=True),
    "shag": Style(long.shag, partial(long.behind, width=0.85, length=1.05)),
    "pixie": Style(short.pixie),
    "bun": Style(long.tied, long.bun, tall=True),
    "ponytail": Style(long.tied, long.ponytail),
    "straight": Style(long.straight, partial(long.behind, width=0.92, length=2.1)),
    "wavy": Style(long.wavy, partial(long.behind, width=0.98, length=1.9, wave=0.06)),
    "bob": Style(long.bob, partial(long.behind, width=0.84, length=0.92)),
    "fringe": Style(long.fringe, partial(long.behind, width=0.92, length=2.1)),
    "fringe bob": Style(long.fringe_bob, partial(long.behind, width=0.86, length=0.9)),
    "curls": Style(long.curls, partial(long.behind, width=0.98, length=1.25)),
    "afro": Style(long.afro, tall=True),
    "plaits": Style(long.plaits, partial(long.behind, width=0.98, length=1.9)),
    "headscarf": Style(long.headscarf, long.scarf_behind, tall=True),
}
BEARDS: Final[dict[str, Lay]] = {
    "stubble": beard.stubble,
    "short": beard.short_beard,
    "full": beard.full_beard,
    "moustache": beard.moustache,
    "goatee": beard.goatee,
}
HERS: Final = (
    "pixie", "bun", "ponytail", "straight", "wavy", "bob", "fringe", "fringe bob", "curls", "afro", "plaits",
    "headscarf",
)  # fmt: skip
HIS: Final = (
    "side part", "crop", "quiff", "buzz", "bald", "receding", "slick", "curly top", "short afro", "shag",
)  # fmt: skip
