"""Answers as pictures: the worst mistakes, where the model is surest and where it hesitates."""

from collections.abc import Sequence

from report.page.content import Answer, Page, Words
from report.page.markup import Html, data_uri, join, person, tag
from report.page.sections.section import Section, bar, lede, note
from report.page.wording import about, count


def mistakes(page: Page) -> Section | None:
    """Return the section of the worst mistakes."""
    if not page.mistakes:
        return None
    words = page.words
    beginning = lede(
        f"{words.photos.capitalize()} it had never seen and got wrong, starting with those where it was most certain "
        f"of the wrong {words.name}. Below each: {words.who} it actually is, and the two {words.names} it found most "
        "probable."
    )
    left = page.accuracy.n - page.accuracy.right - len(page.mistakes)
    more = note(f"{count(left, 'more mistake')}, made with less certainty.") if left > 0 else ""
    return Section("mistakes", "Its worst mistakes", join(beginning, _cards(page.mistakes, words), more))


def certainty(page: Page) -> Section | None:
    """Return the section of the surest and the least sure answers."""
    if not page.surest and not page.least_sure:
        return None
    parts: list[Html] = []
    if page.surest:
        parts += [tag("h3", "Surest right answers"), _cards(page.surest, page.words)]
    if page.least_sure:
        parts += [tag("h3", "Least sure answers"), lede(_least_sure(page.words)), _cards(page.least_sure, page.words)]
    return Section("certainty", "Where it is sure, and where it hesitates", join(*parts))


def _least_sure(words: Words) -> str:
    return f"The {words.photos} whose most probable {words.name} had the lowest probability, right or wrong."


def _cards(answers: Sequence[Answer], words: Words) -> Html:
    return tag("ul", *(tag("li", _card(answer, words)) for answer in answers), class_="cards")


def _card(answer: Answer, words: Words) -> Html:
    wrong = answer.predicted != answer.true
    seen = f"{words.photo.capitalize()} of {answer.true}"
    seen = f"{seen}, taken for {answer.predicted}" if wrong else seen
    caption = [
        tag("p", "Actually ", tag("b", person(answer.true)), class_="truth") if wrong else "",
        _vote(answer.predicted, answer.probability, "wrong" if wrong else "right"),
        _vote(answer.runner_up, answer.runner_up_probability, "right" if answer.runner_up == answer.true else "other"),
        tag("p", answer.file.rpartition("/")[2], title=answer.file, class_="file"),
    ]
    return tag("figure", tag("img", src=data_uri(answer.photo_jpeg), alt=seen), tag("figcaption", *caption))


def _vote(name: str, probability: float, colour: str) -> Html:
    line = tag("p", tag("span", person(name)), tag("span", about(probability), class_="number"))
    return tag("div", line, bar((probability, colour)), class_=f"vote vote-{colour}")
