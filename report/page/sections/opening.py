"""The head of the page: the title, the accuracy as a large figure, and how much of it may be luck."""

import math

from report.page.content import Page
from report.page.interval import wilson_interval
from report.page.markup import Html, join, tag
from report.page.sections.section import key
from report.page.wording import count, percent

MANY = 5000  # test photos, with which hundredths of a percent begin to say something
MOST_DOTS = 800  # twenty rows of forty: beyond that a dot per photo is a grey surface
_COLUMNS, _PITCH = 40, 10  # dots per row; units of the drawing from dot to dot


def opening(page: Page) -> Html:
    """Return the `<header>` of the page."""
    titles = join(tag("h1", page.title), tag("p", page.subtitle, class_="subtitle") if page.subtitle else "")
    if page.accuracy.n == 0:
        return tag(
            "header",
            titles,
            tag("p", f"No {page.words.photos} were set aside for testing, so its accuracy is unknown."),
        )
    return tag("header", titles, _headline(page), _dots(page), _scale(page))


def _headline(page: Page) -> Html:
    (right, n), words = (page.accuracy.right, page.accuracy.n), page.words
    low, high = wilson_interval(right, n)
    decimals = 2 if n >= MANY else 1
    figure = tag("p", percent(right / n, decimals), class_="headline-figure")
    asked = count(n, words.photo, words.photos)
    plain = tag("p", f"Right for {right:,} of {asked} it had never seen.", class_="plain")
    bounds = f"{percent(low, decimals)} to {percent(high, decimals)}"
    luck = tag("p", f"Shown many more {words.photos} like these, it would most likely be right for {bounds} of them.")
    terms = tag("p", f"95% interval {bounds}, n = {n:,}{_macro_f1(page)}", class_="note")
    return tag("div", figure, tag("div", plain, luck, terms), class_="headline")


def _macro_f1(page: Page) -> str:
    if page.macro_f1 is None:
        return ""
    return f"; macro F1 {page.macro_f1:.3f}, in which every {page.words.person} counts equally"


def _dots(page: Page) -> Html:
    """Return a dot per test photo, the right answers first."""
    (right, n), photo = (page.accuracy.right, page.accuracy.n), page.words.photo
    if n > MOST_DOTS:
        return Html()
    rows = math.ceil(n / _COLUMNS)
    label = f"{count(n, 'dot')}, one per test {photo}: {right:,} right, {n - right:,} wrong"
    drawing = tag(
        "svg",
        tag("path", d=_dots_path(range(right)), class_="right"),
        tag("path", d=_dots_path(range(right, n)), class_="wrong"),
        viewBox=f"0 0 {_COLUMNS * _PITCH} {rows * _PITCH}",
        role="img",
        aria_label=label,
        class_="dots",
    )
    keys = join(key("right", f"{right:,} right"), key("wrong", f"{n - right:,} wrong"), f"Each dot is one {photo}.")
    return tag("figure", drawing, tag("figcaption", keys, class_="keys"))


def _dots_path(indices: range) -> str:
    """Lines of nearly no length: with round caps they are dots, and a thousand of them are a short text."""
    places = ((index % _COLUMNS * _PITCH + _PITCH // 2, index // _COLUMNS * _PITCH + _PITCH // 2) for index in indices)
    return "".join(f"M{x} {y}h.01" for x, y in places)


def _scale(page: Page) -> Html:
    """Return a line from 0% to 100% with the accuracy, its interval, and what guessing would give."""
    right, n = page.accuracy.right, page.accuracy.n
    (low, high), guess = wilson_interval(right, n), _most_frequent(page)
    marks = [
        tag("rect", y="9", width="100%", height="2", class_="track"),
        tag("rect", x=f"{low:.2%}", width=f"{high - low:.2%}", y="5", height="10", class_="interval"),
        tag("rect", x=f"{right / n:.2%}", width="3", y="1", height="18", class_="right mark"),
    ]
    if guess is not None:
        marks.append(tag("rect", x=f"{guess / n:.2%}", width="3", y="1", height="18", class_="guess mark"))
    ends = tag("p", tag("span", "0%"), tag("span", "100%"), class_="ends")
    keys = [key("right", "accuracy"), key("interval", "95% interval")]
    if guess is not None:
        keys.append(key("guess", f"always naming the most frequent {page.words.person}: {percent(guess / n)}"))
    drawing = tag("svg", *marks, height="20", width="100%", aria_hidden="true")
    return tag("figure", drawing, ends, tag("figcaption", *keys, class_="keys"), class_="scale")


def _most_frequent(page: Page) -> int | None:
    """Return how many test photos are of the person with the most, None when that is not known."""
    tested = page.counts.get("test", {})
    return max(tested.values()) if tested and sum(tested.values()) == page.accuracy.n else None
