"""Who the faces of a group may be: what a run says of each, put together."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from faces.classifier import Classifier
from faces.groups.suggestions import Suggestion, Suggestions
from faces.groups.values import Face
from faces.predictions import Prediction, Status

UNKNOWN = [("Ada", 0.9, Status.UNKNOWN)]
FACE = Face(1, "", 1, False, False, "", "", None, 0, 0.0, "", "")


class Known:
    """In the place of a classifier: what it says of each crop, by its name."""

    classes_ = ("Ada", "Bo", "Cy")

    def __init__(self) -> None:
        self.says: dict[str, list[tuple[str | None, float | None, Status]]] = {}
        self.asked: list[str] = []


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Known:
    def predict(classifier: Known, files: Any, settings: Any) -> Iterator[Prediction]:
        for file in files:
            classifier.asked.append(file.name)
            for name, probability, status in classifier.says[file.name]:
                yield Prediction(file, None, name, probability, status)

    monkeypatch.setattr("faces.predict.predict", predict)
    return Known()


def faces(*names: str) -> list[Face]:
    return [replace(FACE, number=n, path=f"group-001/{name}", sha256=name) for n, name in enumerate(names, 1)]


def learnt(known: Known, **says: Any) -> Suggestions:
    known.says = says
    suggestions = Suggestions(cast(Classifier, known))
    suggestions.learn(Path("heap"), faces(*says))
    return suggestions


def ok(ada: float, bo: float) -> list[tuple[str, float, Status]]:
    return [("Ada", ada, Status.OK), ("Bo", bo, Status.OK)]


def test_the_name_with_the_largest_mean_probability_is_suggested(known: Known) -> None:
    suggestions = learnt(known, a=ok(0.6, 0.4), b=ok(0.5, 0.5), c=ok(0.1, 0.9))
    assert suggestions.of(faces("a", "b"), {}) == Suggestion("Ada", 0.55)
    assert suggestions.of(faces("a", "b", "c"), {}) == Suggestion("Bo", 1.8 / 3)


def test_a_rejected_name_counts_for_that_face_no_more(known: Known) -> None:
    suggestions = learnt(known, a=ok(0.6, 0.4), b=ok(0.6, 0.4))
    assert suggestions.of(faces("a", "b"), {1: {"ada"}, 2: {"ada"}}) == Suggestion("Bo", 0.4)
    assert suggestions.of(faces("a", "b"), {1: {"ada", "bo"}, 2: {"ada", "bo"}}) is None


def test_nobody_is_suggested_whom_the_run_does_not_know(known: Known) -> None:
    suggestions = learnt(known, a=UNKNOWN, b=UNKNOWN, c=ok(0.9, 0.1))
    assert suggestions.of(faces("a", "b", "c"), {}) is None
    assert suggestions.of(faces("c"), {}) is not None


def test_an_unlikely_name_is_not_suggested(known: Known) -> None:
    suggestions = learnt(known, a=ok(0.9, 0.1), b=[(None, None, Status.NO_FACE)])
    assert suggestions.of(faces("a"), {1: {"ada"}}) is None
    assert suggestions.of(faces("b"), {}) is None


def test_a_group_has_a_suggestion_when_each_face_was_asked_about(known: Known) -> None:
    suggestions = learnt(known, a=ok(0.9, 0.1))
    assert suggestions.of(faces("a", "b"), {}) is None


def test_a_face_is_asked_about_once_but_for_a_crop_that_is_just_being_moved(known: Known) -> None:
    known.says = {"a": [*ok(0.9, 0.1)], "b": [(None, None, Status.UNREADABLE)]}
    suggestions, counted = Suggestions(cast(Classifier, known)), list[int]()
    for last in (False, False, True, True):
        suggestions.learn(Path("heap"), faces("a", "b"), lambda: counted.append(1), last=last)
    assert known.asked == ["a", "b", "b", "b"]
    assert len(counted) == 2


def test_a_path_out_of_the_folder_is_not_asked_about(known: Known) -> None:
    suggestions = Suggestions(cast(Classifier, known))
    suggestions.learn(Path("heap"), [replace(FACE, path="../secret.png", sha256="s")])
    assert known.asked == []
