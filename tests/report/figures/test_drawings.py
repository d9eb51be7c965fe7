"""Figures of experiments: lines, sheets, maps, pairs. Same bytes, nothing cut, and no number that breaks a picture."""

import io
import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend
from numpy.typing import NDArray
from PIL import Image

from report.figures.acceptance import acceptance_figure, acceptance_picture
from report.figures.bars import Pair, reported_beside_measured, reported_beside_measured_figure
from report.figures.cells import Cell, limit_of, painted
from report.figures.confusion import confusion_picture
from report.figures.contour import Path, contour_picture
from report.figures.layout import fitted, wrapped
from report.figures.reliability import reliability_figure, reliability_picture
from report.figures.series import Curve, Panel, series_picture
from report.figures.sheets import Scale, SheetRow, sheet
from report.figures.style import PAGE, PALETTE, percent_tick
from report.reliability import reliability

LONG = "a title so long that no page holds it on one line, and so it has to be broken between two of its many words"
EPOCHS = [1.0, 2.0, 3.0, 4.0]


def opened(data: bytes) -> NDArray[np.int_]:
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def uncut(data: bytes) -> NDArray[np.int_]:
    """Return the picture, its edge found to be empty page: whatever is cut there would have left ink."""
    page = opened(data)
    assert 700 < page.shape[1] < 2000
    assert len(data) < 400_000
    for edge in (page[:4], page[-4:], page[:, :4], page[:, -4:]):
        assert (edge == np.round(255 * np.array(to_rgb(PAGE)))).all()
    return page


def panel(title: str = "loss", y: list[float] | None = None, names: str = "ab", log: bool = False) -> Panel:
    lines = [Curve(name, EPOCHS, y or [4.0 / (index + k + 1) for k in range(4)]) for index, name in enumerate(names)]
    return Panel(title, "epoch", "loss", lines, log_y=log)


def bowl(title: str = "bowl", paths: list[Path] | None = None, height: float = 1.0) -> bytes:
    u = np.linspace(-2, 2, 21)
    cost = height * (u**2 + 2 * u[:, None] ** 2)
    return contour_picture(u, u, cost, paths or [], title, "w1", "w2", note=LONG, star=(0, 0))


def weights(n: int, side: int) -> list[NDArray[np.float64]]:
    return list(np.random.default_rng(0).normal(size=(n, side, side)))


PICTURES: dict[str, Callable[[float], bytes]] = {
    "series": lambda x: series_picture([panel(y=[3, 2, x, 1])], LONG, LONG),
    "sheet": lambda x: sheet([SheetRow("row", [np.array([[x, -1.0]])])], LONG, LONG),
    "contour": lambda x: bowl(LONG, [Path("path", [1, 0, x], [1, 1, 0])]),
    "pairs": lambda x: reported_beside_measured([Pair(LONG, 3, x, 0.5), Pair("b", 2, 1)], LONG, "error, %", True),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_the_same_numbers_give_the_same_bytes_and_others_do_not(picture: Callable[[float], bytes]) -> None:
    first = picture(0.5)
    assert picture(0.5) == first
    assert picture(0.25) != first


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("number", [math.nan, math.inf, 1e300])
@pytest.mark.filterwarnings("error")
def test_nothing_is_cut_whatever_the_number(picture: Callable[[float], bytes], number: float) -> None:
    uncut(picture(number))


@pytest.mark.parametrize("panels", [1, 3, 8])
def test_panels_of_any_number_fit_their_page(panels: int) -> None:
    uncut(series_picture([panel(f"alpha {index}, a long name of a panel") for index in range(panels)], "t"))


def test_panels_that_name_the_same_lines_share_a_legend() -> None:
    shared = opened(series_picture([panel(names="abcdefgh"), panel(names="hgfedcba")], "t"))
    apart = opened(series_picture([panel(names="abcdefgh"), panel(names="abcdefg")], "t"))
    assert apart.shape[0] > shared.shape[0]


def test_a_run_that_diverged_leaves_the_others_their_scale() -> None:
    calm = Curve("calm", EPOCHS, [1.0, 0.8, 0.6, 0.5], colour=0)
    wild = Curve("wild", EPOCHS, [1.0, 1e6, 1e30, math.nan], colour=1)
    page = opened(series_picture([Panel("", "epoch", "loss", [calm, wild])], "t"))[200:]
    blue = np.flatnonzero((np.abs(page - 255 * np.array(to_rgb(PALETTE[0]))).sum(axis=2) < 12).any(axis=1))
    assert np.ptp(blue) > 200  # the calm line falls over a good part of the picture


def test_a_gap_in_a_line_is_no_divergence() -> None:
    gap = series_picture([panel(y=[3, math.nan, 2, 1], names="a")], "t")
    without = series_picture([Panel("loss", "epoch", "loss", [Curve("a", [1, 3, 4], [3, 2, 1])])], "t")
    assert gap == without


def test_a_panel_without_a_finite_number_says_so() -> None:
    uncut(series_picture([panel(y=[math.nan] * 4, log=True), Panel("", "x", "y", [Curve("a", [], [])])], "t"))


def test_colours_of_lines_differ_for_colour_blind_readers_too() -> None:
    confusions = {  # Machado, Oliveira and Fernandes 2009, on linear RGB, severity 1
        "protanopia": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
        "deuteranopia": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
        "tritanopia": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
    }
    for matrix in confusions.values():
        seen = [np.clip(np.array(matrix) @ np.array(to_rgb(colour)) ** 2.2, 0, 1) ** (1 / 2.2) for colour in PALETTE]
        assert min(np.abs(a - b).max() for a, b in combinations(seen, 2)) > 0.08


@pytest.mark.parametrize(
    ("rows", "columns", "side", "scale"),
    [(1, 2, 28, "all"), (3, 2, 32, "cell"), (6, 3, 7, "row"), (10, 17, 22, "row"), (2, 16, 7, "all")],
)
def test_a_sheet_of_any_shape_fits_its_page(rows: int, columns: int, side: int, scale: Scale) -> None:
    grid = [SheetRow(f"epoch {row}, of network A", weights(columns, side)) for row in range(rows)]
    uncut(sheet(grid, "t", LONG, columns=[f"filter {column}" for column in range(columns)], scale=scale))


def test_captions_and_empty_places() -> None:
    cells = [Cell(picture, "4 read as 9, 100%", kind="grey") for picture in weights(12, 28)]
    with_captions = uncut(sheet([SheetRow("", cells), SheetRow("", [None, cells[0]])], "t", kind="grey"))
    without = uncut(sheet([SheetRow("", weights(12, 28)), SheetRow("", [])], "t", kind="grey"))
    assert with_captions.shape[0] > without.shape[0]


def test_one_scale_for_all_pales_the_weaker_row_and_a_scale_a_row_does_not() -> None:
    rows = [SheetRow("strong", [np.full((7, 7), 1.0)]), SheetRow("weak", [np.full((7, 7), 0.1)])]
    foot = slice(-80, -60)  # within the weak row's cell
    colour = {scale: opened(sheet(rows, "t", scale=scale))[foot, 200].mean(axis=0) for scale in ("all", "row")}
    assert colour["row"][1] < 60 < 180 < colour["all"][1]


def test_positive_is_red_negative_blue_and_what_is_not_finite_neither() -> None:
    red, blue, nothing = np.asarray(painted(np.array([[1.0, -1.0, np.nan]]), 1.0, 3)).astype(int)[0]
    assert red[0] > red[2] + 60
    assert blue[2] > blue[0] + 60
    assert np.ptp(nothing) < 30


def test_grey_runs_from_the_darkest_to_the_brightest_number() -> None:
    assert np.asarray(painted(np.array([[100.0, 150.0, 200.0]]), None, 3))[0, :, 0].tolist() == [0, 128, 255]
    assert np.asarray(painted(np.full((2, 2), 7.0), None, 2)).max() == 0


def test_small_pictures_are_enlarged_to_sharp_squares_and_large_ones_averaged() -> None:
    sharp = np.asarray(painted(np.array([[1.0, -1.0]]), 1.0, 21))
    assert sharp.shape == (10, 20, 3)
    assert len(np.unique(sharp.reshape(-1, 3), axis=0)) == 2
    assert painted(np.zeros((227, 200)), None, 50).size == (44, 50)


def test_the_numbers_of_a_cell_are_squares_of_equally_many_dots() -> None:
    checkered = np.indices((7, 7)).sum(axis=0) % 2 * 2.0 - 1
    page = opened(sheet([SheetRow("", [checkered])], "t"))[-60:]  # within the cell
    red = page[:, :, 0] > page[:, :, 2] + 60
    edges = np.flatnonzero(np.diff(red[0].astype(int)))
    assert len(edges) >= 6
    assert len(set(np.diff(edges))) == 1


def test_full_colour_is_what_all_but_one_of_two_hundred_weights_stay_below() -> None:
    weights = np.arange(-1000.0, 1001.0)
    assert limit_of([weights]) == limit_of([weights[:1000], weights[1000:]]) == 995.0
    assert limit_of([np.array([[1.0, -1.0], [np.nan, np.inf]])]) == 1.0
    assert limit_of([np.zeros((2, 2))]) == 1.0
    assert limit_of([]) == 0.0


def test_a_path_that_leaves_the_map_is_cut_there() -> None:
    inside = opened(bowl(paths=[Path("p (leaves the map)", [0, 1, 1.5], [1, 1, 1])]))
    leaves = uncut(bowl(paths=[Path("p", [0, 1, 100], [1, 1, 1])]))
    assert leaves.shape == inside.shape
    assert np.abs(leaves[-120:] - inside[-120:]).max() < 30  # the numbers on the axis: the window is the same


@pytest.mark.parametrize("height", [0.0, 1e5, math.nan])
def test_a_map_of_any_height_has_its_levels(height: float) -> None:
    uncut(bowl(height=height))


@pytest.mark.parametrize("rows", [3, 20])
def test_pairs_of_any_number_with_values_missing(rows: int) -> None:
    pairs = [Pair(f"network {index}", 90, 91.5, 0.5) for index in range(rows - 3)]
    odd = [Pair("not reported", None, 90), Pair("not measured", 91, None), Pair("diverged", 91, math.nan)]
    uncut(reported_beside_measured([*pairs, *odd], "t", "accuracy, %", False))


def test_worse_than_reported_has_its_own_colour() -> None:
    rows = [Pair("a", 2.0, 1.0)]
    assert reported_beside_measured(rows, "t", "%", True) != reported_beside_measured(rows, "t", "%", False)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([Pair("a", 2.0, 3.0)], {"reported", "measured, worse than reported"}),
        ([Pair("a", 2.0, 1.0)], {"reported", "measured"}),
        ([Pair("a", 2.0, 1.0, 0.1)], {"reported", "measured", "± deviation over seeds"}),
        ([Pair("a", 2.0, 1.0), Pair("b", 2.0, 3.0)], {"reported", "measured", "measured, worse than reported"}),
        ([Pair("a", None, 1.0)], {"measured"}),
        ([Pair("a", 2.0, math.nan)], {"reported"}),
        ([Pair("a", None, None)], set()),
    ],
)
def test_the_legend_names_the_markers_that_are_drawn_and_no_others(rows: list[Pair], named: set[str]) -> None:
    figure = reported_beside_measured_figure(rows, "t", "error, %", True)
    legends = [artist for artist in figure.findobj(Legend) if isinstance(artist, Legend)]
    assert {text.get_text() for legend in legends for text in legend.get_texts()} == named


def test_a_note_stands_above_the_pairs() -> None:
    rows = [Pair("a", 2.0, 1.0)]
    plain, noted = (uncut(reported_beside_measured(rows, "t", "%", True, note=note)) for note in ("", "shortened"))
    assert noted.shape[0] > plain.shape[0]


def test_an_axis_writes_shares_with_no_more_decimals_than_they_need() -> None:
    assert [percent_tick(share) for share in (0, 0.05, 0.3, 0.995, 1)] == ["0%", "5%", "30%", "99.5%", "100%"]


def test_a_text_breaks_between_words_and_a_word_too_wide_within() -> None:
    lines = wrapped(LONG, 3.0, 10).split("\n")
    assert " ".join(lines) == LONG
    assert len(lines) == 3
    assert wrapped("w" * 100, 1.0, 10).replace("\n", "") == "w" * 100


def test_a_label_is_set_in_the_largest_size_that_fits() -> None:
    assert fitted(["1", "2"], 0.5, (10, 8, 6), 1) == (10, ["1", "2"])
    assert fitted(["filter 16"], 0.45, (10, 8, 6), 1) == (6, ["filter 16"])


def test_a_word_wider_than_the_page_is_broken() -> None:
    uncut(series_picture([panel()], "n" * 300, "n" * 300))


def test_the_scale_of_a_confusion_matrix_says_what_is_counted() -> None:
    digits = confusion_picture([[3, 1], [0, 4]], ["1", "3"], "t", of="the digit's images")
    assert digits != confusion_picture([[3, 1], [0, 4]], ["1", "3"], "t")


@pytest.mark.parametrize("chosen", [(0.0, 0.0), (0.01, 0.62), (0.9, 1.0), (1.0, 1.0)])
def test_the_chosen_point_is_labelled_and_nothing_of_it_is_cut(chosen: tuple[float, float]) -> None:
    curve = sorted({(0.0, 0.0), chosen, (1.0, 1.0)})
    uncut(acceptance_picture(curve, chosen, LONG))
    axes = acceptance_figure(curve, chosen, "t").axes[0]
    (label,) = axes.texts
    assert label.get_text() == f"{percent_tick(chosen[1])} of known photos,\n{percent_tick(chosen[0])} of strangers"
    drawn, box = label.get_window_extent(), axes.get_window_extent()
    assert box.x0 <= drawn.x0 < drawn.x1 <= box.x1
    assert box.y0 <= drawn.y0 < drawn.y1 <= box.y1


@pytest.mark.parametrize("n", [1, 5000])
def test_every_bin_of_answers_is_a_point_with_their_number(n: int) -> None:
    probability = np.tile([0.05, 0.4, 0.99], n)
    bins = reliability(probability, probability > 0.3)
    uncut(reliability_picture(bins, bins, LONG))
    for axes in reliability_figure(bins, bins, "t").axes:
        assert [text.get_text() for text in axes.texts] == [f"{n:,}"] * 3
        assert "the temperature: 22.0% apart" in axes.get_title(loc="left")


def test_without_answers_a_reliability_diagram_has_no_point() -> None:
    none = reliability([], [])
    uncut(reliability_picture(none, none, "t"))
    assert not reliability_figure(none, none, "t").axes[0].texts
