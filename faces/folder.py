"""A folder of photos for the Python API: its images and names, split as `train-faces` splits them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.photos import Folder, Photo, read_folder, split
from data.settings import SplitSizes, check_seed


@dataclass(frozen=True)
class Part:
    """Some photos of a folder, as `fit`, `predict` and `score` take them."""

    images: list[Path]
    """Their files."""
    names: list[str]
    """Who is on each, in the same order."""

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class SplitFolder:
    """Three parts of a folder. Photos made from one original are all in one part."""

    train: Part
    validation: Part
    test: Part


@dataclass(frozen=True)
class PhotoFolder:
    """A folder with a folder of photos for each person."""

    folder: Folder

    @property
    def people(self) -> tuple[str, ...]:
        """The people, in alphabetical order."""
        return self.folder.people

    @property
    def images(self) -> list[Path]:
        """The files of all photos, in order of person and file name."""
        return _part(self.folder, self.folder.photos).images

    @property
    def names(self) -> list[str]:
        """Who is on each of them."""
        return _part(self.folder, self.folder.photos).names

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines that say what was left out, joined or recognised."""
        return self.folder.notes

    def split(
        self,
        *,
        train: int = SplitSizes.train,
        validation: int = SplitSizes.validation,
        test: int = SplitSizes.test,
        seed: int = 0,
    ) -> SplitFolder:
        """Return three parts with at most so many photos of each person; test and validation are filled first.

        The same seed gives the parts that `train-faces --seed` trains on. Raises DatasetError naming a person who has
        no photo left to train on, UsageError for what is no seed.
        """
        check_seed(seed)
        sizes = SplitSizes(train=train, validation=validation, test=test)
        parts = split(self.folder.photos, sizes, np.random.default_rng(seed))
        return SplitFolder(*(_part(self.folder, photos) for photos in (parts.train, parts.validation, parts.test)))


def load_folder(path: str | Path, *, min_photos: int = 1, strict: bool = False) -> PhotoFolder:
    """Read `path/<person>/.../<photo>`; what cannot be used is left out, and said in `notes`.

    People with fewer than `min_photos` different photos are left out; with `strict` a photo that cannot be read is an
    error. Raises DatasetError when the folder is missing, or has fewer than two people.
    """
    return PhotoFolder(read_folder(Path(path), min_photos=min_photos, strict=strict))


def _part(folder: Folder, photos: Sequence[Photo]) -> Part:
    return Part([folder.path / photo.file for photo in photos], [photo.name for photo in photos])
