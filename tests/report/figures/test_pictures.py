"""Pictures: PNGs of the right content, the same for the same numbers, readable for few classes and for many."""

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray
from PIL import Image

from report.figures.confusion import confusion_figure, confusion_picture
from report.figures.curves import learning_curve, learning_curve_figure
from report.figures.style import FAINT, INK, PAGE, TRAIN, VALIDATION, png, styled
from report.figures.tiles import Section, poster

HISTORY: dict[str, list[float]] = {
    "epoch": [1, 2, 3],
    "train_loss": [2.0, 1.0, 0.5],
    "train_accuracy": [0.2, 0.6, 0.9],
    "validation_loss": [2.1, 1.4, 1.2],
    "validation_accuracy": [0.1, 0.5, 0.7],
}


def opened(data: bytes) -> NDArray[np.int_]:
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def tiles(n: int, value: float) -> Section:
    return Section(f"{n} of {value}", [np.full((8, 8), value, np.float32)] * n, [str(i) for i in range(n)])


def test_same_numbers_same_bytes() -> None:
    assert learning_curve(HISTORY, "t") == learning_curve(HISTORY, "t")
    assert confusion_picture([[3, 1], [0, 4]], ["a", "b"], "t") == confusion_picture([[3, 1], [0, 4]], ["a", "b"], "t")
    assert poster([tiles(3, 0.5)], "t", "s") == poster([tiles(3, 0.5)], "t", "s")


def test_a_curve_without_validation_is_drawn_too() -> None:
    alone = {name: values for name, values in HISTORY.items() if not name.startswith("validation")}
    assert opened(learning_curve(alone, "t")).shape == opened(learning_curve(HISTORY, "t")).shape


def test_a_training_of_one_epoch_is_seen() -> None:
    one = {name: values[:1] for name, values in HISTORY.items()}
    page = opened(learning_curve(one, "t"))
    losses = page[:, : page.shape[1] // 2]  # the legend stands in the other half
    for colour in (TRAIN, VALIDATION):
        assert (np.abs(losses - 255 * np.array(to_rgb(colour))).max(axis=2) < 3).sum() > 20


@pytest.mark.parametrize("classes", [2, 12, 40])
def test_a_confusion_matrix_of_any_size_fits_its_page(classes: int) -> None:
    page = opened(
        confusion_picture((np.eye(classes, dtype=int) * 5).tolist(), [f"Person {i}" for i in range(classes)], "t")
    )
    assert max(page.shape) < 3000
    assert (page.sum(2) < 3 * 110).mean() > 0.002  # dark cells: the diagonal is there


def one_mistake(classes: int) -> tuple[NDArray[np.int_], list[str]]:
    """All right but one photo, the last class's, and the names, the longest as long as a name may be."""
    counts = 5 * np.eye(classes, dtype=int)
    counts[-1, [0, -1]] = (1, 99)
    return counts, [f"Person {number}" for number in range(classes - 1)] + ["Zoë " + "x" * 250]


@pytest.mark.parametrize("classes", [35, 700, 1000])
def test_one_mistake_in_a_hundred_is_seen_among_any_number_of_classes(classes: int) -> None:
    counts, names = one_mistake(classes)
    right = counts * np.eye(classes, dtype=int)
    seen, without = (opened(png(confusion_figure(each, names, "t"))) for each in (counts, right))
    assert seen.shape == without.shape
    assert max(seen.shape) < 3000
    diagonal = np.abs(seen - 255 * np.array(to_rgb("#1f4e79"))).sum(axis=2) < 12
    assert diagonal.sum() > 2000
    matrix = slice(seen.shape[1] // 2)  # its left half; the lists are at the right
    assert (np.abs(seen - without)[:, matrix].sum(axis=2) > 100).sum() >= 9, "three by three dots"


@pytest.mark.parametrize("classes", [2, 30, 61, 700])
def test_no_text_of_a_confusion_lies_on_another_or_outside(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes: dict[Text, Bbox] = {}
    draw = Text.draw

    def noted(text: Text, renderer: RendererAgg) -> None:
        draw(text, renderer)
        if text.get_text() and text.get_visible() and text.get_rotation() in (0, 90):
            boxes[text] = text.get_window_extent(renderer)
            assert renderer.width >= boxes[text].x1
            assert renderer.height >= boxes[text].y1
            assert min(boxes[text].x0, boxes[text].y0) >= 0

    monkeypatch.setattr(Text, "draw", noted)
    names = [f"Wolfgang Amadeus Maria von Hohenberg-Schwarzenfels the {number}th" for number in range(classes)]
    confusion = 50 * np.eye(classes, dtype=int) + np.roll(np.eye(classes, dtype=int), 1, axis=0)
    png(confusion_figure(confusion, names, "a long title of a folder " * 8))
    assert len(boxes) > min(classes, 20)
    less = {text: box.shrunk(0.98, 0.8) for text, box in boxes.items()}  # a box holds room for accents, too
    over = [(a.get_text(), b.get_text()) for a, b in combinations(less, 2) if less[a].overlaps(less[b])]
    assert over == []


def test_the_classes_told_apart_worst_are_named_where_not_all_can_be() -> None:
    counts, names = one_mistake(700)
    counts[3, [3, 8]] = (1, 4)
    figure = confusion_figure(counts, names, "t")
    texts = [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)]
    pairs = texts.index("Most confused pairs, 2 of 2")
    assert texts[pairs + 1 : pairs + 3] == ["4 of 5", "Person 3 → Person 8"]
    lowest = texts.index("Lowest accuracy")
    assert texts[lowest + 1 : lowest + 3] == ["1 of 5", "Person 3"]
    assert "Person 17" not in texts


def test_many_classes_without_any_test_photo_are_drawn() -> None:
    opened(confusion_picture(np.zeros((70, 70), dtype=int), [str(number) for number in range(70)], "t"))


@pytest.mark.filterwarnings("error")
def test_a_class_without_test_photos_is_no_division_by_zero() -> None:
    opened(confusion_picture([[0, 0], [0, 2]], ["a", "b"], "t"))


def test_positive_weights_are_red_and_negative_blue_on_one_scale() -> None:
    red = opened(poster([tiles(6, 0.8)], "t", "s", limit=1.0))
    blue = opened(poster([tiles(6, -0.8)], "t", "s", limit=1.0))
    below = slice(red.shape[0] // 2, None)  # the colour scale itself stands above
    assert (red[below, :, 0] - red[below, :, 2]).max() > 60 > (red[below, :, 2] - red[below, :, 0]).max()
    assert (blue[below, :, 2] - blue[below, :, 0]).max() > 60 > (blue[below, :, 0] - blue[below, :, 2]).max() - 20


def test_weights_that_are_all_zero_are_drawn_pale() -> None:
    page = opened(poster([tiles(2, 0.0)], "t", "s"))
    assert page[page.shape[0] // 2 :].min(axis=2).mean() > 200


def test_a_section_without_tiles_is_left_out() -> None:
    assert poster([tiles(2, 0.5), Section("nobody", [], [])], "t", "s") == poster([tiles(2, 0.5)], "t", "s")


def test_the_axis_of_the_loss_has_its_name_on_the_page() -> None:
    assert learning_curve_figure(HISTORY, "t").axes[0].get_ylabel() == "cross-entropy, mean per photo"
    for loss, a, shown in (
        ("mean squared error", "digit", "mean squared error, mean per digit"),
        ("label-smoothed cross-entropy", "photo", "label-smoothed cross-entropy, mean per\nphoto"),
    ):
        figure = learning_curve_figure(HISTORY, "t", a=a, loss=loss)
        label = figure.axes[0].yaxis.label
        assert label.get_text() == shown
        figure.draw_without_rendering()
        place = label.get_window_extent()
        assert 0 <= place.x0 < place.x1 <= figure.bbox.x1
        assert 0 <= place.y0 < place.y1 <= figure.bbox.y1


def test_a_figure_can_be_had_and_becomes_the_same_png() -> None:
    figure = learning_curve_figure(HISTORY, "t")
    assert isinstance(figure, Figure)
    assert png(figure) == learning_curve(HISTORY, "t")


def test_threads_draw_the_same_and_leave_the_style_of_the_process_alone() -> None:
    before = matplotlib.rcParams["axes.facecolor"], matplotlib.rcParams["legend.frameon"]
    with ThreadPoolExecutor(4) as pool:
        drawn = set(pool.map(lambda _: learning_curve(HISTORY, "t"), range(4)))
    assert drawn == {learning_curve(HISTORY, "t")}
    assert (matplotlib.rcParams["axes.facecolor"], matplotlib.rcParams["legend.frameon"]) == before


def test_the_style_file_has_the_colours_of_the_module() -> None:
    with styled():
        assert to_hex(matplotlib.rcParams["figure.facecolor"]) == PAGE
        assert to_hex(matplotlib.rcParams["axes.facecolor"]) == PAGE
        assert to_hex(matplotlib.rcParams["text.color"]) == INK
        assert to_hex(matplotlib.rcParams["axes.edgecolor"]) == FAINT
