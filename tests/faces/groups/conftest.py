"""Folders of groups for tests, whose crops are noise; each is told by its bytes."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.rows import Box
from faces.groups.files import stat_of
from faces.groups.store import Groups
from faces.groups.values import NewFace

MADE_WITH = {"size": 160, "detector": {"settings": {"min_face": 24}}}


def jpeg(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)).save(file, "JPEG")
    return file.getvalue()


def new_face(folder: Path, path: str, data: bytes, features: float = 0.0) -> NewFace:
    """Write a crop, and return its face."""
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_bytes(data)
    vector = np.full(4, features, np.float32)
    sha256 = hashlib.sha256(data).hexdigest()
    return NewFace(path, Box(0, 0, 40, 40), 40, 1.5, vector, sha256, stat_of(folder / path))


def fill(groups: Groups, faces: int, first: int = 0) -> None:
    """Add photos with one face each, unsorted."""
    for number in range(first, first + faces):
        photo = hashlib.sha256(f"photo {number}".encode()).hexdigest()
        path = f"unsorted/photo-{photo[:12]}-1.jpg"
        face = new_face(groups.folder, path, jpeg(number), number + 0.37)
        groups.add_photo(photo, f"/photos/{number}.jpg", 0, [face])


@pytest.fixture
def heap(tmp_path: Path) -> Callable[..., Groups]:
    """heap(): open the groups of a heap in `DIR`, made with six faces when it is new: 1 to 3 in group 1, 4 and 5 in
    group 2, 6 unsorted."""

    def open_groups() -> Groups:
        folder = tmp_path / "DIR"
        is_new = not folder.exists()
        groups = Groups(folder, MADE_WITH)
        if is_new:
            fill(groups, 6)
            groups.regroup({1: 1, 2: 1, 3: 1, 4: 2, 5: 2})
        return groups

    return open_groups


def contents(folder: Path) -> dict[str, bytes]:
    """The photos in the folders of a folder, by path."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.glob("*/**/*.jpg"))}
