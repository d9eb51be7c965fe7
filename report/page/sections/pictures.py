"""The pictures that are drawn elsewhere: learning curve, confusion matrix with its most confused pairs, weights."""

from report.page.content import ConfusedPair, Page
from report.page.markup import Html, data_uri, join, person, png_size, tag
from report.page.sections.section import Section, bar, head, lede, number, table
from report.page.wording import count

MOST_PAIRS = 12  # a dozen is read, more is a list
_DOTS_AN_INCH, _CSS_AN_INCH = 150, 96  # of `report.style.png`; of the web
_SMALL = 760  # CSS pixels: up to here the type of a picture can still be read when a phone shows it somewhat smaller


def learning(page: Page) -> Section | None:
    """Return the section of the learning curve."""
    if not page.curve_png:
        return None
    words = lede(
        "How far off the answers were (loss) and how many were right (accuracy), after each pass over the training "
        f"{page.words.photos}. Where training keeps improving and validation does not, it has begun to learn them by "
        "heart."
    )
    return Section("learning", "How it learned", join(words, _plate(page.curve_png, "Loss and accuracy by epoch")))


def confusion(page: Page) -> Section | None:
    """Return the section of the confusion matrix and of the pairs."""
    if not page.confusion_png and not page.confused:
        return None
    parts: list[Html] = []
    words = page.words
    if page.confusion_png:
        about = (
            f"Each row is the true {words.person}, each column the {words.name} predicted: on the diagonal the two "
            "agree."
        )
        shown = f"Confusion matrix: test {words.photos} by true and predicted {words.person}"
        parts += [lede(about), _plate(page.confusion_png, shown)]
    if page.confused:
        parts += [_pairs(page)]
    return Section("confusion", f"{words.whom.capitalize()} it confuses", join(*parts))


def weights(page: Page) -> Section | None:
    """Return the section of the weights."""
    if not page.weights_png:
        return None
    return Section("weights", "What it looks for", _plate(page.weights_png, page.weights_words))


def _plate(picture: bytes, words: str) -> Html:
    """Return a picture on a card of its own colour; on a phone it is moved sideways rather than made unreadable."""
    width, height = (round(side * _CSS_AN_INCH / _DOTS_AN_INCH) for side in png_size(picture))
    image = tag("img", src=data_uri(picture), width=width, height=height, alt=words)
    sized = "scroll small" if width <= _SMALL else "scroll"
    plate = tag("div", image, class_=sized, tabindex="0", role="region", aria_label=words)
    swipe = tag("figcaption", "Swipe the picture sideways to see all of it.", class_="swipe")
    return tag("figure", plate, swipe, class_="plate")


def _pairs(page: Page) -> Html:
    heads = [head(page.words.person.capitalize()), head("Taken for")]
    heads += [head(page.words.photos.capitalize(), class_="number"), head("Share", class_="wide")]
    listed = table("Most confused pairs", heads, map(_pair, page.confused[:MOST_PAIRS]), "pairs")
    left = len(page.confused) - MOST_PAIRS
    more = tag("p", f"{count(left, 'more pair')}, none of them more frequent.", class_="note") if left > 0 else ""
    return join(tag("h3", "Most confused pairs"), listed, more)


def _pair(pair: ConfusedPair) -> Html:
    share = pair.n / pair.of if pair.of else 0.0
    cells = [tag("td", person(pair.predicted)), number(f"{pair.n:,} of {pair.of:,}")]
    wide = tag("td", bar((share, "wrong")), class_="wide")
    return tag("tr", tag("th", person(pair.true), scope="row"), *cells, wide)
