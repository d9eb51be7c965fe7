"""Names as they are written: no markup, other fonts where the first lacks letters, and what no font has is said."""

import logging
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from report.figures import lettering
from report.figures.confusion import confusion_figure
from report.figures.curves import learning_curve_figure
from report.figures.layout import headed
from report.figures.lettering import fonts_for, plain
from report.figures.style import Powers, new_figure, png, styled
from report.figures.tiles import Section, poster_figure

MARKUP = ["Ba$$in", "a_b^c", "\\alpha", "%s 100%", "$x$", "$\\frac", "{x}"]
SCRIPTS = ["王芳", "हिन्दी", "שלום", "مريم", "e\u0301\u0327", "😀", "👩‍👩‍👧", "\ue000"]
CONTROLS = ["a\x00b", "\x1b[31m", "a\tb", "\udcff", "\u2028", "\x85"]
NAMES = [*MARKUP, *SCRIPTS, *CONTROLS, "two\nlines"]
HISTORY: dict[str, list[float]] = {"epoch": [1, 2], "train_loss": [2.0, 1.0], "train_accuracy": [0.2, 0.6]}

FIGURES: dict[str, Callable[[list[str]], Figure]] = {
    "confusion": lambda names: confusion_figure(np.eye(len(names), dtype=int).tolist(), names, " ".join(names)),
    "curve": lambda names: learning_curve_figure(HISTORY, " ".join(names)),
    "poster": lambda names: poster_figure([Section(n, [np.ones((4, 4))], ["1"]) for n in names], names[0], names[-1]),
}


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing here warns or logs."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert [record.message for record in caplog.get_records("call") if record.levelno >= logging.WARNING] == []


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


@pytest.mark.parametrize("kind", FIGURES)
@pytest.mark.parametrize("names", [MARKUP, SCRIPTS, CONTROLS, NAMES], ids=["markup", "scripts", "controls", "all"])
def test_any_name_is_drawn(kind: str, names: list[str]) -> None:
    assert png(FIGURES[kind](names)).startswith(b"\x89PNG")


def test_markup_is_drawn_as_written() -> None:
    figure = FIGURES["confusion"](MARKUP)
    png(figure)
    assert all(name in texts(figure) for name in MARKUP)
    assert not any(text.get_parse_math() for text in figure.findobj(Text) if isinstance(text, Text))


def test_a_font_that_has_the_letters_takes_the_place_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def letters(family: str) -> frozenset[int]:
        return frozenset(map(ord, {"DejaVu Serif": "王芳", "DejaVu Sans Mono": "हिन्दी"}.get(family, "é")))

    monkeypatch.setattr(lettering, "_letters", letters)
    fonts_for.cache_clear()
    try:
        assert fonts_for(frozenset("王芳")) == (("DejaVu Serif",), frozenset())
        assert fonts_for(frozenset("王हि")) == (("DejaVu Sans Mono", "DejaVu Serif"), frozenset())
        assert fonts_for(frozenset("王ゆ"))[1] == frozenset("ゆ")
        figure = FIGURES["curve"](["José 王芳"])
        png(figure)
        (title,) = [text for text in figure.findobj(Text) if isinstance(text, Text) and "王" in text.get_text()]
        assert title.get_fontfamily() == ["DejaVu Sans", "DejaVu Serif"]
        assert "Drawn as boxes" not in texts(figure)
    finally:
        fonts_for.cache_clear()


@pytest.mark.parametrize("name", ["\ue000\ue001", "\U000f0000"])  # of private use: no script's, no font's
def test_letters_that_no_font_has_are_said_once_below(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_letters", lambda family: frozenset(map(ord, "é")))
    fonts_for.cache_clear()
    try:
        figure = FIGURES["confusion"](["Ada", f"José {name}"])
        assert png(figure) == png(figure)
        note = f"Drawn as boxes, as no installed font has their letters: {ascii(name)[1:-1]} (private)."
        assert texts(figure).replace("\n", " ").count(note) == 1
    finally:
        fonts_for.cache_clear()


def test_what_cannot_be_drawn_is_replaced_and_lines_stay() -> None:
    assert plain("a\tb\x00c\udcffd\ne") == "a b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}d\ne"
    assert all(plain(name) == name for name in (*MARKUP, *SCRIPTS))


def test_powers_of_ten_are_written_without_markup() -> None:
    with styled():
        figure = new_figure(4, 3)
        axes = headed(figure, "t").subplots()
        axes.set_yscale("log")
        axes.plot([1, 2], [1e-3, 50])
        axes.yaxis.set_major_formatter(Powers())
        written = [label.get_text() for label in axes.get_yticklabels()]
    assert {"10⁻³", "10⁰", "10¹"} <= set(written)
