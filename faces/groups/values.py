"""A face of a heap of photos, and a group of faces."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data import unnamed
from data.rows import Box

UNSORTED, NOT_FACES = 0, -1  # the numbers of two groups that are always there; any other one is above 0


class Kind(StrEnum):
    """What the faces of a group are."""

    PERSON = "person"  # those of one person, with a name or not yet
    STRANGERS = "strangers"  # those of one person, who is not to be named
    UNSORTED = "unsorted"  # like too few others to be a group
    NOT_FACES = "not-faces"


@dataclass(frozen=True, slots=True)
class Group:
    """A group. `version` grows with each change of its name, its kind or its faces."""

    number: int
    kind: Kind
    name: str | None
    named_folder: str | None  # of a group with a name
    version: int

    @property
    def folder(self) -> str:
        """The folder of its faces."""
        if self.kind is Kind.PERSON:
            return self.named_folder or unnamed.group_folder(self.number)
        return {
            Kind.STRANGERS: unnamed.STRANGERS,
            Kind.UNSORTED: unnamed.UNSORTED,
            Kind.NOT_FACES: unnamed.NOT_FACES,
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Face:
    """A face, and its crop at `path`, relative to the folder of groups."""

    number: int
    path: str
    group: int
    is_placed: bool  # somebody has put it into its group: a grouping leaves it there
    is_decided: bool  # that, or somebody has said who it is not
    photo: str  # SHA-256 of the photo that it was found in; of a crop that is the photo, its own
    file: str  # that photo
    box: Box | None  # in pixels of the upright photo
    side: int  # of the box, in pixels of the photo
    sharpness: float  # as `finding` measures it
    sha256: str  # of the crop
    stat: str  # size and time of the crop when it was hashed


@dataclass(frozen=True, eq=False, slots=True)
class NewFace:
    """A face that is to be stored."""

    path: str
    box: Box | None
    side: int
    sharpness: float
    features: NDArray[np.float32] | None  # (numbers,); None: not computed
    sha256: str
    stat: str
