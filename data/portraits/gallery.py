"""The gallery: people and their photos by number or by address, one by one or all of them on several processes.

An address holds all that is needed to draw a photo again: `portrait://1/seed-0/mira-okafor/017` is photo 17 of Mira
Okafor among the people of seed 0, drawn by version 1 of this code.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
from PIL import Image

from data.portraits.camera import develop
from data.portraits.casting import name_of, traits_of
from data.portraits.layer import Box
from data.portraits.names import slug
from data.portraits.portrait import landmarks, paint, seat
from data.portraits.variation import Variation, draw_variation
from data.process_pool import in_processes
from errors import UsageError

VERSION: Final = 1
"""Raised when the same address would give another picture."""
MOST_PEOPLE: Final = 10_000
STREAM: Final = 3
"""Separates the random numbers of photos from those of names and casting."""
CHUNK: Final = 16
"""Photos that a process draws before it returns them."""

_DIED: Final = "a process that drew portraits died, most likely out of memory: end other programs, and run it again"
PORTRAIT: Final = "portrait://"
"""How the address of a portrait begins."""
_ADDRESS: Final = re.compile(r"portrait://(\d+)/seed-(\d+)/([a-z-]+)/(\d+)")


@dataclass(frozen=True)
class PortraitPhoto:
    """A JPEG photo of a person: her name, its address, its bytes, and the face's box (x1, y1, x2, y2) in pixels."""

    name: str
    url: str
    jpeg: bytes
    box: Box


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """`people` invented people with `photos` photos each; the same for a `seed` on every machine."""

    seed: int = 0
    people: int = 12
    photos: int = 100

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"a gallery's seed is a number from 0, got {self.seed}")
        if not 1 <= self.people <= MOST_PEOPLE:
            raise UsageError(f"a gallery has 1 to {MOST_PEOPLE} people, got {self.people}")
        if self.photos < 1:
            raise UsageError(f"a gallery has at least 1 photo per person, got {self.photos}")

    @property
    def names(self) -> tuple[str, ...]:
        """Everyone's full name, in order; all differ."""
        return tuple(name_of(self.seed, person) for person in range(self.people))

    def url(self, person: int, photo: int) -> str:
        """The address of a photo."""
        return f"portrait://{VERSION}/seed-{self.seed}/{slug(name_of(self.seed, person))}/{photo:03d}"

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of all photos, person after person."""
        return tuple(self.url(person, photo) for person, photo in self._numbers())

    def _numbers(self) -> Iterator[tuple[int, int]]:
        return product(range(self.people), range(self.photos))

    def variation(self, person: int, photo: int) -> Variation:
        """What is particular about one photo."""
        return draw_variation(np.random.Generator(np.random.PCG64(self._sequence(person, photo))))

    def _sequence(self, person: int, photo: int) -> np.random.SeedSequence:
        return np.random.SeedSequence((self.seed, STREAM, person, photo))

    def picture(self, person: int, photo: int) -> tuple[Image.Image, Box]:
        """A photo's pixels (RGB) before they become a JPEG file, and the face's box."""
        return paint(traits_of(self.seed, person), self.variation(person, photo))

    def draw(self, person: int, photo: int) -> PortraitPhoto:
        """Photo number `photo` of the `person`-th (both from 0)."""
        if not (0 <= person < self.people and 0 <= photo < self.photos):
            size = f"{self.people} people with {self.photos} photos each"
            raise UsageError(f"no photo {photo} of person {person} in a gallery of {size}")
        picture, box = self.picture(person, photo)
        quality = self.variation(person, photo).camera.quality
        return PortraitPhoto(name_of(self.seed, person), self.url(person, photo), develop(picture, quality), box)

    @staticmethod
    def draw_url(url: str) -> PortraitPhoto:
        """Draws the photo of an address again; `UsageError` when there is none."""
        gallery, person, photo = Gallery._find(url)
        return gallery.draw(person, photo)

    @staticmethod
    def landmarks_url(url: str) -> list[tuple[float, float]]:
        """The five points of the face in the photo of an address (`portrait.landmarks`), without drawing it."""
        gallery, person, photo = Gallery._find(url)
        return landmarks(seat(traits_of(gallery.seed, person), gallery.variation(person, photo)))

    @staticmethod
    def _find(url: str) -> tuple["Gallery", int, int]:
        match = _ADDRESS.fullmatch(url)
        if not match or int(match[1]) != VERSION:
            expected = f"portrait://{VERSION}/seed-0/mira-okafor/017"
            raise UsageError(f"not the address of a portrait of this version: expected one like {expected}, got {url}")
        seed, photo = int(match[2]), int(match[4])
        person = _index(seed, match[3])
        return Gallery(seed=seed, people=person + 1, photos=photo + 1), person, photo

    def draw_all(self, processes: int = 1) -> Generator[PortraitPhoto, None, None]:
        """Every photo, person after person, drawn by so many processes; in order and the same for any number."""
        numbers = list(self._numbers())
        if processes <= 1:
            yield from (self.draw(person, photo) for person, photo in numbers)
            return
        chunks = [(numbers[start : start + CHUNK],) for start in range(0, len(numbers), CHUNK)]
        drawn: dict[int, list[PortraitPhoto]] = {}
        following = 0
        with in_processes(self._draw_each, chunks, processes, died=_DIED) as ended:
            for chunk, photos in ended:
                drawn[chunk] = photos
                while following in drawn:
                    yield from drawn.pop(following)
                    following += 1

    def _draw_each(self, numbers: Sequence[tuple[int, int]]) -> list[PortraitPhoto]:
        return [self.draw(person, photo) for person, photo in numbers]


@lru_cache(maxsize=256)
def _index(seed: int, wanted: str) -> int:
    """The number of the person with a name's slug among the people of a seed."""
    for person in range(MOST_PEOPLE):
        if slug(name_of(seed, person)) == wanted:
            return person
    raise UsageError(f"no person {wanted} among the first {MOST_PEOPLE} of seed {seed}")
