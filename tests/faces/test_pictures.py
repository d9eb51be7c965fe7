"""The poster and the page of a run: one colour scale for both, and words that are right for any network."""

import base64
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from errors import UsageError
from faces import pictures
from faces.classifier import Classifier
from faces.hidden import HiddenClassifier
from faces.photos import PhotoArray
from faces.pictures import weights_figure, weights_picture
from faces.run_page import page_of_run
from faces.run_photo import RunPhoto
from faces.transfer import TransferClassifier
from report.figures.tiles import Section

NAMES = ["Ada", "Ada", "Bo", "Bo", "Cy", "Cy"]


def hidden(units: int) -> HiddenClassifier:
    photos = np.random.default_rng(0).random((6, 1, 12, 12)).astype(np.float32)
    return HiddenClassifier(hidden=units, epochs=1, size=12).fit(PhotoArray(photos), NAMES)


def head(units: int) -> TransferClassifier:
    features = np.random.default_rng(0).random((6, 2, 20)).astype(np.float32)
    return TransferClassifier(weights="random", hidden=units, epochs=1).fit(PhotoArray(features), NAMES)


def page(classifier: Classifier, photos: Sequence[RunPhoto] = ()) -> str:
    """The page of a run without test photos."""
    metrics = {
        "model": classifier.kind,
        "data": "people",
        "seed": 0,
        "classes": classifier.classes_.tolist(),
        "confusion": np.zeros((3, 3), dtype=int).tolist(),
        "macro_f1": None,
        "counts": {},
        "test_interval": None,
        "calibration": {"n": 0},
        "unknown": {},
        "seconds": 1.0,
        "training_seconds": 1.0,
        "device": "cpu",
        "versions": {},
        **classifier.identity(),
    }
    exciting_photos = {unit_class.unit: list(photos) for unit_class in classifier.unit_classes()}
    no_probabilities = np.empty((0, 3), np.float32)
    return page_of_run(
        Path("people"), classifier, metrics, [], no_probabilities, {}, exciting_photos, b"", b""
    ).decode()


def subtitle(classifier: Classifier, monkeypatch: pytest.MonkeyPatch, units: Sequence[int] | None = None) -> str:
    """The subtitle of the poster."""
    subtitles: list[str] = []

    def poster(sections: Sequence[Section], title: str, subtitle: str, limit: float | None = None) -> None:
        subtitles.append(subtitle)

    monkeypatch.setattr(pictures, "poster_figure", poster)
    weights_figure(classifier, "t", {}, units)
    return subtitles[0]


def pixels(picture: bytes) -> NDArray[np.int_]:
    with Image.open(io.BytesIO(picture)) as opened:
        return np.asarray(opened.convert("RGB")).reshape(-1, 3).astype(int)


def test_a_unit_has_the_same_colour_on_the_page_and_on_the_poster() -> None:
    classifier = hidden(3)
    weights = torch.tensor([0.5, -0.4, 0.2]).repeat_interleave(12 * 12).reshape(3, -1)
    weights[0, 0] = 3.0  # one extreme, which is to pale nothing
    classifier.network.parameters()["0.weight"].value.copy_(weights)
    tiles = re.findall('data:image/png;base64,([^"]+)" alt="Weights', page(classifier))
    assert len(tiles) == 3
    poster = pixels(weights_picture(classifier, "t", {}))
    colours = [np.median(pixels(base64.b64decode(tile)), axis=0) for tile in tiles]
    for colour in colours:
        assert (np.abs(poster - colour).max(axis=1) <= 2).sum() > 1000  # a tile: the scale has fewer of each colour
    assert max(np.ptp(colour) for colour in colours) > 100  # full colour or near it, in spite of the extreme


@pytest.mark.parametrize(
    ("make", "size", "units", "says"),
    [
        (hidden, 5, None, "5 hidden units: weights on 12 x 12 pixels, under the person whose output they raise most"),
        (hidden, 1, None, "1 hidden unit: weights on 12 x 12 pixels, under the person whose output they raise most"),
        (hidden, 5, [4, 0], "2 of 5 hidden units: "),
        (head, 4, None, "4 hidden units: the 4 training photos that excite each most, under the person it raises most"),
        (head, 0, None, "3 outputs: the 4 training photos that excite each most, under the person it raises most"),
        (head, 0, [2], "1 of 3 outputs: "),
    ],
)
def test_the_poster_says_what_its_units_are(
    make: Callable[[int], Classifier], size: int, units: list[int] | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subtitle(make(size), monkeypatch, units).startswith(says)


@pytest.mark.parametrize("people", [500, 700])
def test_the_poster_of_many_people_says_how_many_are_not_shown(people: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features = np.random.default_rng(0).random((people, 2, 20)).astype(np.float32)
    names = [f"Person {number}" for number in range(people)]
    classifier = TransferClassifier(weights="random", head="softmax", epochs=1).fit(PhotoArray(features), names)
    all_of_them = rf"(\d\d\d) of {people} outputs, the strongest, of \1 of {people} people "
    assert re.match(all_of_them + r"\(others: show-weights --unit\): the 4", subtitle(classifier, monkeypatch))
    assert subtitle(classifier, monkeypatch, [3, people - 1]).startswith(f"2 of {people} outputs: the 4")


def test_an_output_that_is_not_there_is_called_an_output() -> None:
    with pytest.raises(UsageError, match="there is no output 3: expected 0 to 2"):
        weights_picture(head(0), "t", {}, [3])
    with pytest.raises(UsageError, match="there is no hidden unit 4: expected 0 to 3"):
        weights_picture(head(4), "t", {}, [4])


def test_the_page_of_softmax_regression_speaks_of_outputs_and_of_no_hidden_unit(people: Path) -> None:
    photos = [RunPhoto(path) for path in sorted((people / "Ada").iterdir())]
    html = page(head(0), photos)
    assert "What its outputs look for" in html
    assert "<dt>hidden units</dt><dd>none</dd>" in html
    assert "a layer of hidden units" not in html.lower()
    assert html.count('<img src="data:image/jpeg') == 3 * 4  # at most four per output, though more photos are given


def test_the_page_says_how_many_hidden_units_there_are_in_all(people: Path) -> None:
    html = page(hidden(40), [RunPhoto(path) for path in sorted((people / "Ada").iterdir())])
    assert "<dt>hidden units</dt><dd>40</dd>" in html
    shown = re.search(r"The strongest of each person shown: (\d+) of 40 hidden units\.", html)
    assert shown
    assert int(shown[1]) == html.count('alt="Weights of hidden unit') <= 3 * 6
