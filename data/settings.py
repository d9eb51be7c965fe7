"""The settings of a download and of a split, with every default and its unit, and what other settings share.

`commands` shows these values in `--help`, so nothing heavy is imported here. A new setting that changes the crops also
gets an entry in `crop_settings`, which the journal of a folder keeps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, get_args

from errors import UsageError

Filter = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
FILTERS: tuple[str, ...] = get_args(Filter)

MIB = 1 << 20
USER_AGENT = "faces (downloads listed photos, see its README; obeys X-Robots-Tag: noai)"
MOST = (1 << 63) - 1  # of a seed or a number of things: what fits a machine's integers
MNIST_FOLDER = Path("datasets/mnist")
DEVICES = ("auto", "cpu", "cuda")  # where networks are computed; auto: cuda, where there is one


def check_values(settings: object, names: str, is_allowed: Callable[[Any], bool], expected: str) -> None:
    """Raise UsageError for the first attribute of `names`, separated by spaces, whose value is not allowed."""
    for name in names.split():
        value = getattr(settings, name)
        if not is_allowed(value):
            raise UsageError(f"{name} must be {expected}, got {value if _is_plain(value) else repr(value)}")


def _is_plain(value: object) -> bool:
    return str(value) != "" and str(value).isprintable()


def _is_header(text: str) -> bool:
    return _is_plain(text) and text.isascii() and text == text.strip()


def check_device(device: object) -> None:
    """Raise UsageError unless this is one of DEVICES."""
    if device not in DEVICES:
        raise UsageError(f"device must be one of {', '.join(DEVICES)}, got {device!r}")


def check_seed(seed: object) -> None:
    """Raise UsageError unless this is a whole number from 0 to MOST."""
    if not isinstance(seed, Integral) or not 0 <= int(seed) <= MOST:
        raise UsageError(f"seed must be a whole number from 0 to {MOST}, got {seed!r}")


@dataclass(frozen=True, kw_only=True)
class DownloadSettings:
    """How photos are fetched and cropped. UsageError for a value that is not allowed."""

    size: int = 227  # side of a listed box in the crop, in pixels, 1 to 4096
    around: float = 0.3  # what the crop shows around a box on each side, as a share of it: enough to align the face
    gray: bool = False  # one channel instead of three
    filter: Filter = "bicubic"  # how a crop is resized
    workers: int = 16  # rows in progress at once, each with its own connections
    per_host: int = 4  # rows in progress at one host
    timeout: float = 10.0  # seconds without a byte, connecting included
    deadline: float = 120.0  # seconds for a row, including redirects, retries and the waits between them
    retries: int = 2  # further attempts after a temporary failure: timeout, reset, status 408, 425, 429, 5xx
    max_bytes: int = 32 * MIB  # of a body, compressed and decompressed
    max_pixels: int | None = None  # of a photo: width x height; None: 250 million of a JPEG that can be decoded to
    # fewer pixels than it has, 64 million of what is decoded whole
    max_redirects: int = 10  # of one attempt
    give_up_after: int = 5  # successive rows that cannot reach a host before its other rows end without a request
    allow_private: bool = False  # connect to private and local addresses too
    respect_robots: bool = False  # request no photo that its host's robots.txt forbids
    user_agent: str = USER_AGENT  # what a server is told of who asks: ASCII, one line
    find_points: Callable[..., Any] | None = None  # of a face in a box: as `data.photos.cutting.FindPoints`

    def __post_init__(self) -> None:
        check_values(self, "around", lambda share: 0 <= share <= 2, "from 0 to 2")
        check_values(self, "filter", lambda name: name in FILTERS, f"one of {', '.join(FILTERS)}")
        check_values(self, "size", lambda n: 1 <= n <= 4096, "from 1 to 4096 pixels")
        check_values(self, "workers per_host max_bytes give_up_after", lambda n: n >= 1, "at least 1")
        check_values(self, "max_pixels", lambda n: n is None or n >= 1, "at least 1")
        check_values(self, "retries max_redirects", lambda n: n >= 0, "at least 0")
        check_values(self, "timeout deadline", lambda s: 0 < s < math.inf, "a number of seconds above 0")
        check_values(self, "user_agent", _is_header, "one line of ASCII text, such as 'me/1.0 (me@my.example)'")

    @property
    def crop_settings(self) -> dict[str, str]:
        """The settings that decide a crop's pixels: the same for all crops of a folder."""
        around = {"around": str(self.around)} if self.around else {}  # crops of earlier versions have nothing around
        return {"size": str(self.size), "mode": "gray" if self.gray else "RGB", "filter": self.filter, **around}

    def fitting(self, made: dict[str, str]) -> "DownloadSettings":
        """These settings for a place whose crops were made with `made`; {} for a new one.

        Crops of an earlier version have nothing around their boxes, and further ones get nothing either.
        """
        return replace(self, around=0.0) if made and "around" not in made else self

    def cropping_as(self, crop_settings: dict[str, str]) -> "DownloadSettings":
        """These settings with the given `crop_settings`, those of a folder."""
        size, gray = int(crop_settings["size"]), crop_settings["mode"] == "gray"
        how = {"filter": crop_settings["filter"], "around": float(crop_settings.get("around", "0"))}
        return replace(self, size=size, gray=gray, **how)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class SplitSizes:
    """Photos wanted of each person. Test and validation are filled first; training gets at most `train` of the rest."""

    train: int = 70
    validation: int = 10
    test: int = 20
    proportional: bool = True  # a person with fewer photos has the same shares of them; else training alone has fewer
