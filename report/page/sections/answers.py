"""Answers as pictures: the worst mistakes, where the model is surest and where it hesitates."""

from collections.abc import Sequence

from report.page.content import Answer, Page, Words
from report.page.markup import Html, data_uri, join, person, tag
from report.page.sections.section import Section, bar, lede, note
from report.page.wording import about, count

MOST_MISTAKES = 24  # four rows at a desk; the worst come first, the rest teaches little more
MOST_OTHERS = 12  # two rows each of the surest and the least sure


def mistakes(page: Page) -> Section | None:
    """Return the section of the worst mistakes."""
    if not page.mistakes:
        return None
    words = page.words
    about = lede(
        f"{words.photos.capitalize()} it had never seen and named wrongly, those first where it was most certain of "
        f"the wrong {words.name}. Below each: {words.who} it really is, and the two {words.names} that it found most "
        "probable."
    )
    left = len(page.mistakes) - MOST_MISTAKES
    more = note(f"{count(left, 'more mistake')} of which it was less certain.") if left > 0 else ""
    return Section("mistakes", "Its worst mistakes", join(about, _cards(page.mistakes[:MOST_MISTAKES], words), more))


def certainty(page: Page) -> Section | None:
    """Return the section of the surest and the least sure answers."""
    if not page.surest and not page.least_sure:
        return None
    parts: list[Html] = []
    if page.surest:
        parts += [tag("h3", "Surest"), _cards(page.surest[:MOST_OTHERS], page.words)]
    if page.least_sure:
        parts += [tag("h3", "Least sure"), lede(_undecided(page.words))]
        parts += [_cards(page.least_sure[:MOST_OTHERS], page.words)]
    return Section("certainty", "Where it is sure, and where it hesitates", join(*parts))


def _undecided(words: Words) -> str:
    return f"{words.photos.capitalize()} for which two {words.names} were almost equally probable."


def _cards(answers: Sequence[Answer], words: Words) -> Html:
    return tag("ul", *(tag("li", _card(answer, words)) for answer in answers), class_="cards")


def _card(answer: Answer, words: Words) -> Html:
    wrong = answer.predicted != answer.true
    seen = f"{words.photo.capitalize()} of {answer.true}"
    seen = f"{seen}, taken for {answer.predicted}" if wrong else seen
    caption = [
        tag("p", "Really ", tag("b", person(answer.true)), class_="truth") if wrong else "",
        _vote(answer.predicted, answer.probability, "wrong" if wrong else "right"),
        _vote(answer.runner_up, answer.runner_up_probability, "right" if answer.runner_up == answer.true else "other"),
        tag("p", answer.file.rpartition("/")[2], title=answer.file, class_="file"),
    ]
    return tag("figure", tag("img", src=data_uri(answer.photo_jpeg), alt=seen), tag("figcaption", *caption))


def _vote(name: str, probability: float, colour: str) -> Html:
    line = tag("p", tag("span", person(name)), tag("span", about(probability), class_="number"))
    return tag("div", line, bar((probability, colour)), class_=f"vote vote-{colour}")
