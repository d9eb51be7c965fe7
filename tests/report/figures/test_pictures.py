"""Pictures: PNGs of the right content, the same for the same numbers, readable for few classes and for many."""

import io
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from report.figures.confusion import confusion_picture, macro_f1
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


def test_macro_f1_counts_every_class_alike() -> None:
    assert macro_f1(np.array([[8, 0], [0, 2]])) == 1
    # class 0: precision 8/9, recall 1; class 1: precision 1, recall 1/2
    assert macro_f1(np.array([[8, 0], [1, 1]])) == pytest.approx((16 / 17 + 2 / 3) / 2)
    assert macro_f1(np.zeros((2, 2), dtype=int)) is None


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
