"""The page of a comparison: several runs on the same test photos, one self-contained HTML file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from report.comparison import AnsweredRun, Comparison, Said
from report.page.content import Words
from report.page.render import filled

MOST_PHOTOS = 24  # of a run, that it alone got right: four rows on a wide screen


@dataclass(frozen=True)
class ComparedPhoto:
    """A photo as JPEG or PNG, and what each run said of it."""

    picture: bytes
    file: str
    true: str
    said: Mapping[str, Said]


@dataclass(frozen=True)
class ComparedPhotos:
    """Photos that are shown, and how many more there are."""

    shown: Sequence[ComparedPhoto]
    more: int


def render_comparison(
    compared: Comparison, runs: Sequence[AnsweredRun], picture: Callable[[str], bytes], words: Words | None = None
) -> str:
    """Return the page as HTML, to be written as UTF-8; `picture` gives a photo's JPEG or PNG, for those shown alone.

    All text is escaped.
    """
    said = {run.name: run.said for run in runs}

    def photo(key: str, name: str) -> ComparedPhoto:
        own = said[name][key]
        return ComparedPhoto(picture(key), own.file, own.true, {run: answers[key] for run, answers in said.items()})

    only = {
        name: ComparedPhotos([photo(key, name) for key in keys[:MOST_PHOTOS]], max(0, len(keys) - MOST_PHOTOS))
        for name, keys in compared.only.items()
    }
    return filled("comparison.html", title="Which run is better?", compared=compared, only=only, words=words or Words())
