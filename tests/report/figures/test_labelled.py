"""Boxes with labels on a photo: seen on any background, never outside the picture, beside each other."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from data.rows import Box
from report.figures.labelled import Mark, labelled
from report.figures.style import FAINT, INK, PALETTE

GREEN = "#00ff00"  # no mark has it


def changed(marks: Sequence[Mark], size: tuple[int, int] = (800, 600), background: str = GREEN) -> NDArray[np.bool_]:
    """Which pixels of an empty picture are not as they were."""
    picture = np.asarray(labelled(Image.new("RGB", size, background), marks, size))
    different: NDArray[np.bool_] = np.any(picture != np.array(ImageColor.getrgb(background)), axis=2)
    return different


def brightness(colour: Sequence[int]) -> float:
    red, green, blue = colour
    return 0.3 * red + 0.59 * green + 0.11 * blue


@pytest.mark.parametrize("colour", [*PALETTE, FAINT])
@pytest.mark.parametrize("background", ["#ffffff", "#000000", "#808080", *PALETTE, FAINT, INK])
def test_line_and_label_differ_from_any_background(colour: str, background: str) -> None:
    for mark in (Mark(Box(100, 100, 300, 300), "", colour), Mark(None, "Ada 98%", colour)):
        picture = labelled(Image.new("RGB", (400, 400), background), [mark], (400, 400))
        behind = brightness(ImageColor.getrgb(background)[:3])
        counted = picture.getcolors(maxcolors=10**6) or []
        seen = [abs(brightness(pixel) - behind) for n, pixel in counted if n > 20]  # type: ignore[arg-type]
        assert max(seen) > 60


@pytest.mark.parametrize("left", [20, 350, 680])
@pytest.mark.parametrize("top", [20, 250, 480])
def test_a_label_is_whole_wherever_its_box_is(left: int, top: int) -> None:
    middle = changed([Mark(Box(350, 250, 450, 350), "Ada Lovelace 98%", PALETTE[0])])
    there = changed([Mark(Box(left, top, left + 100, top + 100), "Ada Lovelace 98%", PALETTE[0])])
    assert abs(int(there.sum()) - int(middle.sum())) < 20, "no more than a corner of the line"


def test_labels_of_neighbours_lie_beside_each_other() -> None:
    marks = [Mark(Box(x, 200, x + 90, 290), "Augusta Ada King 98%", PALETTE[n]) for n, x in enumerate((200, 310, 420))]
    apart = sum(changed([mark]).sum() for mark in marks)
    assert changed(marks).sum() > 0.95 * apart, "no more than ends of lines lie under a label"


def test_a_dashed_line_has_gaps() -> None:
    colours = [
        labelled(Image.new("RGB", (400, 400)), [Mark(Box(99, 99, 300, 300), "", PALETTE[0], dashed=dashed)], (400, 400))
        for dashed in (False, True)
    ]
    solid, gaps = (
        sum((np.asarray(picture) == ImageColor.getrgb(PALETTE[0])).all(axis=2).ravel()) for picture in colours
    )
    assert 0.4 * solid < gaps < 0.7 * solid


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((4000, 3000), (2560, 1920)),
        ((200, 150), (320, 240)),
        ((800, 600), (800, 600)),
        ((5000, 2), (2560, 1)),
        ((1, 1), (320, 320)),
    ],
)
def test_a_large_photo_becomes_smaller_and_a_small_one_larger(size: tuple[int, int], drawn: tuple[int, int]) -> None:
    mark = Mark(Box(size[0] // 4, size[1] // 4, size[0] // 2 + 1, size[1] // 2 + 1), "Ada 98%", PALETTE[0])
    assert labelled(Image.new("RGB", size), [mark, Mark(None, "", FAINT)], size).size == drawn


def test_a_box_counts_pixels_of_the_photo_though_it_was_decoded_smaller() -> None:
    mark = Mark(Box(1000, 1000, 3000, 2000), "", PALETTE[0])
    picture = np.asarray(labelled(Image.new("RGB", (1000, 750), GREEN), [mark], (4000, 3000)))
    is_line = (picture == ImageColor.getrgb(PALETTE[0])).all(axis=2)
    rows, columns = np.flatnonzero(is_line.sum(1) > 900), np.flatnonzero(is_line.sum(0) > 500)
    np.testing.assert_allclose([columns[0], rows[0], columns[-1], rows[-1]], [640, 640, 1920, 1280], atol=8)


@pytest.mark.parametrize(
    "label",
    [
        *(
            "",
            " ",
            "Мария Кюри",
            "Ἀριστοτέλης",
            "王芳",
            "דוד",
            "محمد علي",
            "🎈",
            "e" + 200 * "\u0301",
            "two\nlines\x00",
        ),
        *("half\udc80", "\u202edesrever", 100 * "Wolfeschlegelstein", 100_000 * "王"),
    ],
)
@pytest.mark.parametrize("size", [(800, 600), (60, 40), (3, 400)])
def test_any_name_is_drawn(label: str, size: tuple[int, int]) -> None:
    assert changed([Mark(None, f"{label} 98%", PALETTE[0])], size).any()


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    """And so the probability: the left half is drawn as that of the beginning alone, the right end differs by it."""
    names = [f"{'Wolfeschlegelsteinhausenbergerdorff ' * 9}{percent}%" for percent in (11, 99)]
    pictures = [
        np.asarray(labelled(Image.new("RGB", (400, 300)), [Mark(None, name, PALETTE[0])], (400, 300))) for name in names
    ]
    different = (pictures[0] != pictures[1]).any(axis=(0, 2))
    assert different.any()
    assert not different[:200].any()


def test_no_direction_mark_turns_a_label_around() -> None:
    plain, turned = (
        labelled(Image.new("RGB", (400, 300)), [Mark(None, name, PALETTE[0])], (400, 300)).tobytes()
        for name in ("Ada 98%", "\u202eAda\u2066 98%")
    )
    assert plain == turned
