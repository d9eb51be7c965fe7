"""The content of a page: plain values, without HTML and without knowledge of models.

A new fact about a run gets a field here and a line in one of `templates/sections/`. `ranking` decides which answers and
units are shown, and in what order; the templates limit the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from report.results import ClassAccuracy, ConfusedPair


@dataclass(frozen=True, kw_only=True)
class Words:
    """The nouns of the page; the defaults are those of faces."""

    photo: str = "photo"
    photos: str = "photos"
    person: str = "person"  # what is told apart
    people: str = "people"
    name: str = "name"  # the model's answer
    names: str = "names"
    who: str = "who"
    whom: str = "whom"
    light: str = "light"  # what a pixel of a high value is


@dataclass(frozen=True)
class Accuracy:
    """How many of the `n` test photos were given the right name.

    `interval` has the bounds of a 95% interval from resampling people; None: each photo counts for itself.
    """

    right: int
    n: int
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Answer:
    """What the model said of one test photo: the two most probable names, probabilities in [0, 1]."""

    photo_jpeg: bytes
    file: str
    true: str
    predicted: str
    probability: float
    runner_up: str
    runner_up_probability: float
    link: str = ""  # where its name can be mended


@dataclass(frozen=True)
class Unit:
    """A unit, its class, its weights if they are a picture, and the photos that activate it most."""

    number: int
    name: str
    tile_png: bytes | None
    photos: Sequence[bytes]  # JPEG or PNG, the largest activation first


@dataclass(frozen=True)
class Units:
    """The units that are shown, the strongest of each person first, of the `n` that the network has.

    They are those of the hidden layer; in a network without one, its outputs, one per person.
    """

    shown: Sequence[Unit]
    n: int
    hidden: bool = True


@dataclass(frozen=True)
class Accepted:
    """How many of `n` photos of so many `people` were given a name, and the 95% interval from resampling people."""

    accepted: int
    n: int
    people: int
    interval: tuple[float, float]

    @property
    def share(self) -> float:
        """How many of them, in [0, 1]."""
        return self.accepted / self.n


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """How well a threshold on `quantity` tells known people from strangers, of whom `share` was to pass.

    Without `strangers`, `not_known` says why. `curve_png` shows what other thresholds would let pass. `before_changes`:
    people were added or removed since the threshold was set and strangers were counted.
    """

    quantity: str
    threshold: float
    share: float
    known: Accepted
    strangers: Accepted | None = None
    not_known: str = ""
    curve_png: bytes = b""
    before_changes: bool = False


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are from how often the `n` test answers are right, in [0, 1], before and after."""

    temperature: float
    n: int
    before: float
    after: float
    png: bytes


@dataclass(frozen=True)
class DownloadReport:
    """The `rows` of a list and how many photos arrived; `reasons` counts rows by result, `ok` among them or not."""

    rows: int
    ok: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Page:
    """All content of a page. A section whose content is empty or None is left out."""

    title: str
    subtitle: str
    accuracy: Accuracy
    not_tested: str = ""  # why there is no accuracy, where test photos were set aside
    macro_f1: float | None = None  # over the people with test photos
    people: int = 0  # whom it may name, with test photos or without
    by_person: Sequence[ClassAccuracy] = ()  # those with test photos, the lowest accuracy first
    facts: Sequence[tuple[str, str]] = ()  # what was trained, on what, how: term and value
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # part of the split -> person -> photos
    validation_did: str = "were measured after every epoch, and changed nothing"  # the validation photos
    words: Words = Words()
    curve_png: bytes = b""
    confusion_png: bytes = b""
    confused: Sequence[ConfusedPair] = ()  # the most frequent first
    mistakes: Sequence[Answer] = ()  # the most certain first; how many there are in all, `accuracy` says
    surest: Sequence[Answer] = ()  # right answers, the most certain first
    least_sure: Sequence[Answer] = ()  # right or wrong, the lowest probability first
    weights_png: bytes = b""
    weights_words: str = ""  # what it shows, for those who do not see it
    units: Units | None = None
    calibration: Calibration | None = None
    unknown: Unknown | None = None
    download: DownloadReport | None = None
