"""The whole page, put together: head, sections, foot. It forbids itself to fetch or run anything."""

import base64
import hashlib

from report.page.content import Page
from report.page.markup import Html, join, tag
from report.page.sections.answers import certainty, mistakes
from report.page.sections.download import download
from report.page.sections.opening import opening
from report.page.sections.people import people
from report.page.sections.pictures import confusion, learning, weights
from report.page.sections.section import Section
from report.page.sections.units import units
from report.page.sections.unknown import unknown
from report.page.style_sheet import STYLE_SHEET

_ORDER = (people, learning, confusion, mistakes, certainty, weights, units, unknown, download)
_ICON = (  # a browser that is given none asks for one
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'%3E"
    "%3Ccircle cx='5' cy='5' r='4.4' fill='%232f6f9f'/%3E%3C/svg%3E"
)


def render(page: Page) -> str:
    """Return the page as HTML, to be written as UTF-8. Same content, same text; no time and no path in it.

    Raises ValueError when a PNG of the page is none, or when more is right than was asked.
    """
    sections = [section for build in _ORDER if (section := build(page)) is not None]
    main = tag("main", opening(page), _contents(sections), *(section.html() for section in sections))
    foot = tag("footer", tag("p", "This page is a single file: it fetches nothing and runs nothing."))
    body = tag("body", main, foot)
    return f"<!DOCTYPE html>\n{tag('html', _head(page), body, lang='en')}\n"


def _head(page: Page) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", page.title),
        tag("link", rel="icon", href=_ICON),
        tag("style", Html(STYLE_SHEET)),
    )


def _policy() -> str:
    """Pictures within the page and this one style sheet, known by its digest; all else is forbidden."""
    digest = base64.b64encode(hashlib.sha256(STYLE_SHEET.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _contents(sections: list[Section]) -> Html:
    links = (tag("li", tag("a", section.title, href=f"#{section.anchor}")) for section in sections)
    return tag("nav", tag("ul", *links), aria_label="Contents") if sections else join()
