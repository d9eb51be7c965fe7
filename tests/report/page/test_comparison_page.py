"""The page of several runs: what it says, shows and escapes."""

import re
from html import unescape

from report.comparison import AnsweredRun, Said, compare
from report.page.comparison import MOST_PHOTOS, render_comparison

HTML = "<script>alert(1)</script>"
PNG = b"\x89PNG\r\n\x1a\n"
PHOTOS = 40


def answered(name: str, right: int) -> AnsweredRun:
    """A run that is right about so many photos, of two people in turn."""
    said = {
        str(number): Said(f"{HTML}/{number}.jpg", true, true if number < right else HTML, 0.7)
        for number in range(PHOTOS)
        for true in (("Ann", "Bob")[number % 2],)
    }
    return AnsweredRun(name=name, model=HTML, classes=("Ann", "Bob"), said=said)


def page(*right: int, names: tuple[str, ...] = ("one", "two", "three")) -> str:
    runs = [answered(name, n) for name, n in zip(names, right, strict=False)]
    return render_comparison(compare(runs), runs, lambda photo: PNG + photo.encode())


def words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())


def test_it_begins_with_which_run_is_better_and_whether_that_is_chance() -> None:
    text = words(page(40, 10))
    assert "40 photos of 2 people, test photos of both runs." in text
    assert "one is right more often than two, and the difference is hardly chance." in text
    assert "Photos of one person hang together" in text
    assert "p, chi-squared with continuity correction <0.0001" in text


def test_photos_that_one_alone_got_right_are_shown_with_what_each_said() -> None:
    html = page(40, 10)
    assert html.count("<img ") == MOST_PHOTOS
    assert "6 more photos" in words(html)
    assert words(html).count("Actually") == MOST_PHOTOS
    assert "Only two is right There is no such photo." in words(html)


def test_three_runs_have_a_matrix_and_the_correction_is_said() -> None:
    assert "All pairs" not in words(page(40, 10))
    text = words(page(40, 10, 38))
    assert "one two three one – +75.0%" in text
    assert "after Holm's correction for 3 pairs" in text
    assert "before the correction" in text


def test_whatever_a_stranger_wrote_is_text() -> None:
    html = page(40, 10, names=(HTML, "two"))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > MOST_PHOTOS
    assert "\ud800" not in page(40, 10, names=("\ud800", "two"))


def test_it_fetches_and_runs_nothing() -> None:
    html = page(40, 10, 20)
    assert "default-src 'none'" in html
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)


def test_the_same_runs_give_the_same_page() -> None:
    assert page(40, 10, 20) == page(40, 10, 20)
