"""What came of the list of photos: how many arrived, and why the others did not."""

from report.page.content import Page
from report.page.markup import Html, join, tag
from report.page.sections.section import Section, bar, head, lede, number, table
from report.page.wording import count, percent

_OK = "ok"
_IN_WORDS = {  # what the one-word reasons of the download's report mean; a word that is not here stands for itself
    _OK: "verified and kept",
    "http_404": "no longer there",
    "http_4xx": "refused by the server",
    "http_5xx": "the server failed",
    "rate_limited": "too many requests for the server",
    "dns": "the server cannot be found",
    "tls": "the connection is not trusted",
    "connect": "no connection",
    "timeout": "no answer in time",
    "deadline": "took too long",
    "short_body": "cut off on the way",
    "too_large": "too large",
    "redirect": "too many redirects",
    "not_an_image": "not a picture",
    "truncated": "a damaged picture",
    "bomb": "too many pixels to open safely",
    "hash_mismatch": "no longer the listed photo",
    "bad_box": "no face at the listed place",
    "bad_row": "a line that cannot be read",
    "blocked_address": "a private address",
    "opt_out": "the owner asked to be left out",
}


def download(page: Page) -> Section | None:
    """Return the section of reasons."""
    report = page.download
    if report is None or not report.rows:
        return None
    words = lede(
        f"Of {count(report.rows, 'photo')} on the list, {report.ok:,} arrived ({percent(report.ok / report.rows)})."
    )
    failed = {reason: n for reason, n in report.reasons.items() if reason != _OK and n}
    counted = [(_OK, report.ok), *sorted(failed.items(), key=lambda item: (-item[1], item[0]))]
    heads = [head("What became of it"), head("Photos", class_="number"), head("Share", class_="wide")]
    rows = (_row(reason, n, report.rows) for reason, n in counted)
    return Section("download", "The photos that arrived", join(words, table("Rows by reason", heads, rows, "reasons")))


def _row(reason: str, n: int, rows: int) -> Html:
    words = _IN_WORDS.get(reason, "")
    name = tag("th", words or reason, tag("small", tag("code", reason)) if words else "", scope="row")
    share = tag("td", bar((n / rows, "right" if reason == _OK else "wrong")), class_="wide")
    return tag("tr", name, number(f"{n:,}"), share)
