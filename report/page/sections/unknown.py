"""People it does not know: how often they are turned away, and what that costs the people it knows."""

from report.page.content import Page
from report.page.interval import wilson_interval
from report.page.markup import Html, join, tag
from report.page.sections.section import Section, bar, head, lede, note, number, table
from report.page.wording import percent


def unknown(page: Page) -> Section | None:
    """Return the section of true and false accepts."""
    measured = page.unknown
    if measured is None or not (measured.known or measured.strangers):
        return None
    words = lede(
        "A face is given a name only if the model is sure enough of it; otherwise the answer is “none of these”. "
        "To see how well that works, people were left out of the training and then shown as strangers."
    )
    heads = [head("Photos of"), head("Given a name", class_="number"), head("Share", class_="wide")]
    rows = [
        _row("people it knows", "true accepts: the more, the better", measured.true_accepts, measured.known, "right"),
        _row("strangers", "false accepts: the fewer, the better", measured.false_accepts, measured.strangers, "wrong"),
    ]
    accepts = table("Photos that were given a name", heads, [row for row in rows if row], "accepts")
    line = note("How sure it is: ", measured.quantity, f". The threshold is {measured.threshold:.4g}.")
    return Section("strangers", "People it does not know", join(words, accepts, line))


def _row(who: str, term: str, accepts: int, n: int, colour: str) -> Html:
    if n == 0:
        return Html()
    low, high = wilson_interval(accepts, n)
    share = tag(
        "td", bar((accepts / n, colour)), tag("small", f"95% interval {percent(low)} to {percent(high)}"), class_="wide"
    )
    name = tag("th", who, tag("small", term), scope="row")
    figure = number(tag("b", percent(accepts / n)), tag("small", f"{accepts:,} of {n:,}"))
    return tag("tr", name, figure, share)
