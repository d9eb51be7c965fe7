"""The photos that a run was trained on: where they were, and whether they still are what they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.inside import inside
from data.photos.images import read_photo
from data.reasons import Failure


@dataclass(frozen=True)
class RunPhoto:
    """A photo that a run was trained on, where it was then."""

    path: Path
    sha256: str | None = None
    """Of its bytes; runs of earlier versions do not say."""

    def read(self) -> bytes | None:
        """Return its bytes, None if it is gone or has been replaced since."""
        data = read_photo(self.path, self.sha256)
        return None if isinstance(data, Failure) else data


def photos_of(unit: Mapping[str, Any], data: Path) -> list[RunPhoto]:
    """Return the photos of a unit, an entry of units.json."""
    digests = unit.get("sha256") or [None] * len(unit["photos"])
    placed = [(inside(data, file, links=True), sha256) for file, sha256 in zip(unit["photos"], digests, strict=True)]
    return [RunPhoto(path, sha256) for path, sha256 in placed if path is not None]
