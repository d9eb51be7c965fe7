"""What a download and a split may be told, with every default: the one place for both.

`commands` shows these values in `--help`, so nothing heavy is imported here. A new setting is added with its unit, its
range and, where it changes the crops, with a line in `crop_settings`, which a folder's journal holds on to.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from errors import UsageError

Filter = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
FILTERS: tuple[str, ...] = get_args(Filter)

MIB = 1 << 20
MNIST_FOLDER = Path("datasets/mnist")


@dataclass(frozen=True, kw_only=True)
class DownloadSettings:
    """How photos are fetched and cropped. UsageError for a value that is not allowed."""

    size: int = 227  # side of a crop in pixels, 1 to 4096
    gray: bool = False  # one channel instead of three
    filter: Filter = "bicubic"  # how a crop is resized
    workers: int = 16  # rows in flight at once, each with its own connections
    per_host: int = 4  # of them at one host
    timeout: float = 10.0  # seconds without a byte, connecting included
    deadline: float = 120.0  # seconds for a row, with its redirects, retries and the waits between them
    retries: int = 2  # further attempts at what can pass: timeouts, resets, 408, 425, 429, 5xx
    max_bytes: int = 32 * MIB  # of a body, and of what it unpacks to
    max_pixels: int = 64_000_000  # of a photo: width x height as its header says
    max_redirects: int = 10  # of one attempt
    give_up_after: int = 5  # rows in a row that find a host out of reach, before its other rows are given up
    allow_private: bool = False  # connect to private and local addresses too
    respect_robots: bool = False  # ask for no photo that its host's robots.txt forbids

    def __post_init__(self) -> None:
        if self.filter not in FILTERS:
            raise UsageError(f"filter {self.filter!r} is not known: expected one of {', '.join(FILTERS)}")
        if not 1 <= self.size <= 4096:
            raise UsageError(f"size must be from 1 to 4096 pixels, got {self.size}")
        for name in ("workers", "per_host", "max_bytes", "max_pixels", "give_up_after"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("retries", "max_redirects"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must be at least 0, got {getattr(self, name)}")
        for name in ("timeout", "deadline"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UsageError(f"{name} must be a number of seconds above 0, got {getattr(self, name)}")

    @property
    def crop_settings(self) -> dict[str, str]:
        """What decides a crop's pixels: a folder holds crops of one such setting only."""
        return {"size": str(self.size), "mode": "gray" if self.gray else "RGB", "filter": self.filter}

    def cropping_as(self, crop_settings: dict[str, str]) -> "DownloadSettings":
        """These settings with crops as those of a folder, whose `crop_settings` are given."""
        size, gray = int(crop_settings["size"]), crop_settings["mode"] == "gray"
        return replace(self, size=size, gray=gray, filter=crop_settings["filter"])  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class SplitSizes:
    """Photos wanted of each person. Test and validation are filled first; training gets at most `train` of the rest."""

    train: int = 70
    validation: int = 10
    test: int = 20
