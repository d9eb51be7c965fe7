"""Files of MNIST are looked for in a folder and below it, but not among very many others."""

from pathlib import Path

import pytest

from data.mnist import names
from data.mnist.names import found_as

IMAGES = "train-images-idx3-ubyte"


@pytest.mark.parametrize(("others", "found"), [(0, 1), (2, 1), (3, 0)])
def test_of_as_many_files_as_are_looked_at_all_are(
    others: int, found: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_MOST_FILES", 3)
    for name in (IMAGES, *map(str, range(others))):
        (tmp_path / name).touch()
    assert len(found_as(tmp_path, IMAGES)) == found


def test_what_is_found_in_the_first_folders_stays_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_MOST_FILES", 3)
    (tmp_path / "raw").mkdir()
    for name in (IMAGES, "raw/1", "raw/2", "raw/3"):
        (tmp_path / name).touch()
    assert [one.path for one in found_as(tmp_path, IMAGES)] == [tmp_path / IMAGES]
