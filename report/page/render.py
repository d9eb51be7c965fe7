"""The page as HTML: the templates filled with the content."""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from report.interval import wilson_interval
from report.page import derived
from report.page.content import Page
from report.page.embedding import css_size, data_uri
from report.page.wording import REASONS, about, count, hundredths, p_value, percent, signed_percent

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")  # no HTML may


def render(page: Page) -> str:
    """Return the page as HTML, to be written as UTF-8. The same content gives the same text, without time or path.

    All text is escaped; characters that HTML does not allow are replaced. Raises ValueError when a PNG of the page is
    none, or when `accuracy` counts more than there were.
    """
    return filled("page.html", title=page.title, page=page, words=page.words, sections=sections(page))


def filled(template: str, **content: Any) -> str:
    """Return a page made of a template and its content."""
    html = _environment().get_template(template).render(style_sheet=style_sheet(), **content)
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", html)


def style_sheet() -> str:
    """Return the CSS of the page."""
    return resources.files("report.page").joinpath("page.css").read_text(encoding="utf-8")


def sections(page: Page) -> dict[str, str]:
    """Return the titles of the sections that have content, in their order, by the names of their templates."""
    kind = "hidden unit" if page.units and page.units.hidden else "output"
    unknown, download = page.unknown, page.download
    titles = {
        "data": (page.facts or any(page.counts.values()), "What it learned from"),
        "learning": (page.curve_png, "How it learned"),
        "confusion": (page.confusion_png or page.confused, f"{page.words.whom.capitalize()} it confuses"),
        "mistakes": (page.mistakes, "Its worst mistakes"),
        "certainty": (page.surest or page.least_sure, "Where it is sure, and where it hesitates"),
        "weights": (page.weights_png, "What it looks for"),
        "units": (page.units and derived.units_by_class(page.units), f"What its {kind}s look for"),
        "calibration": (page.calibration, "Whether its probabilities mean what they say"),
        "strangers": (unknown, "People it does not know"),
        "download": (download and download.rows, "The photos that arrived"),
    }
    return {name: title for name, (content, title) in titles.items() if content}


@cache
def _environment() -> Environment:
    """Return the templates with their filters and functions. Text is escaped, a name that does not exist raises."""
    environment = Environment(
        loader=PackageLoader("report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    numbers: tuple[Callable[..., Any], ...] = (about, count, hundredths, p_value, percent, signed_percent)
    filters = (*numbers, css_size, csp_hash, data_uri)
    functions = (
        derived.dots,
        derived.lowest,
        derived.most_frequent,
        derived.photo_counts,
        derived.reasons_by_count,
        derived.units_by_class,
        wilson_interval,
    )
    environment.filters |= {filter.__name__: filter for filter in filters}
    environment.globals |= {function.__name__: function for function in functions} | {"reasons": REASONS}
    return environment


def csp_hash(text: str) -> str:
    """Return the SHA-256 of a style sheet as the page's Content-Security-Policy writes it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
