"""What all sections share: their frame, tables and bars."""

from collections.abc import Iterable
from dataclasses import dataclass

from report.page.markup import Html, join, tag


@dataclass(frozen=True)
class Section:
    """A titled part of the page; `anchor` is its address within it."""

    anchor: str
    title: str
    body: Html

    def html(self) -> Html:
        """Return the section with its heading."""
        heading = tag("h2", self.title, id=f"{self.anchor}-title")
        return tag("section", heading, self.body, id=self.anchor, aria_labelledby=f"{self.anchor}-title")


def lede(*words: str | int) -> Html:
    """Return the paragraph that says what a section shows and how to read it."""
    return tag("p", *words, class_="lede")


def note(*words: str | int) -> Html:
    """Return a small print."""
    return tag("p", *words, class_="note")


def table(caption: str, heads: Iterable[Html], rows: Iterable[Html], class_: str) -> Html:
    """Return a table of `head` cells and `row`s; the caption is for those who do not see it."""
    head = tag("thead", tag("tr", *heads))
    return tag("table", tag("caption", caption), head, tag("tbody", *rows), class_=class_)


def head(*words: str, class_: str | None = None) -> Html:
    """Return the head of a column."""
    return tag("th", *words, scope="col", class_=class_)


def key(colour: str, words: str) -> Html:
    """Return what a colour stands for."""
    swatch = tag("svg", tag("circle", cx="5", cy="5", r="4", class_=colour), viewBox="0 0 10 10", aria_hidden="true")
    return tag("span", swatch, words, class_="key")


def number(*words: str | int) -> Html:
    """Return a cell that is aligned as a number."""
    return tag("td", *words, class_="number")


def bar(*parts: tuple[float, str]) -> Html:
    """Return a bar of full width and, from its left, each share in [0, 1] of it in the colour class given.

    It only repeats a number that stands beside it, so it says nothing to those who do not see it.
    """
    rectangles, left = [tag("rect", width="100", height="4", class_="track")], 0.0
    for share, colour in parts:
        rectangles.append(tag("rect", x=_hundredth(left), width=_hundredth(share), height="4", class_=colour))
        left += share
    return tag(
        "svg", join(*rectangles), class_="bar", viewBox="0 0 100 4", preserveAspectRatio="none", aria_hidden="true"
    )


def _hundredth(share: float) -> str:
    return f"{100 * share:.2f}"
