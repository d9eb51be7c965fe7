"""Names beside a name: numbers before the ending, in bytes that a disk takes."""

import os
from itertools import islice
from pathlib import Path

import pytest

from data.file_names import numbered


@pytest.mark.parametrize(
    ("name", "next_names"),
    [
        ("1.jpg", ["1-2.jpg", "1-3.jpg"]),
        ("IMG.2024.JPG", ["IMG.2024-2.JPG", "IMG.2024-3.JPG"]),
        ("no ending", ["no ending-2", "no ending-3"]),
        ("1-2.jpg", ["1-2-2.jpg", "1-2-3.jpg"]),
        ("caf\udce9.jpg", ["caf\udce9-2.jpg", "caf\udce9-3.jpg"]),  # no UTF-8
    ],
)
def test_numbers_come_before_the_ending(name: str, next_names: list[str]) -> None:
    names = list(islice(numbered(Path("Ada") / name), 3))
    assert names == [Path("Ada") / each for each in (name, *next_names)]


@pytest.mark.parametrize("letter", ["a", "é", "王", "🎈", "\udce9"])
def test_a_long_name_is_cut_between_letters(letter: str) -> None:
    long = letter * (251 // len(os.fsencode(letter)))
    second = list(islice(numbered(Path(f"{long}.jpg")), 2))[1].name
    assert len(os.fsencode(second)) <= 255
    assert second.removesuffix("-2.jpg") == long[: len(second) - 6]
