"""What answers come to: accuracies, scores of each class, the last line, and predictions.csv."""

import numpy as np
import pytest
from numpy.typing import NDArray

from report.results import (
    ClassAccuracy,
    ConfusedPair,
    Labels,
    accuracy_line,
    by_accuracy,
    class_by_class,
    confused_pairs,
    confusion_of,
    macro_f1,
    predictions_csv,
    results_of,
)

CONFUSION = np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]])  # nobody asked for Cy, nobody was taken for Cy
NONE: Labels = np.array([], dtype=int)


def labels(*pairs: str) -> tuple[Labels, Labels]:
    """labels("01"): a sample of class 0 that was taken for 1."""
    read: NDArray[np.int_] = np.array([[int(digit) for digit in pair] for pair in pairs])
    return read[:, 0], read[:, 1]


def test_accuracies_are_of_each_part_and_all_else_of_the_test() -> None:
    answers = {"train": labels("00", "11"), "validation": (NONE, NONE), "test": labels("00", "01", "11", "11")}
    results = results_of(answers, ["Ada", "Bo"], "people")
    assert (results["train_accuracy"], results["validation_accuracy"], results["test_accuracy"]) == (1.0, None, 0.75)
    assert results["confusion"] == [[1, 1], [0, 2]]
    assert results["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert results["people"]["Ada"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "n": 2}


def test_precision_is_of_the_times_said_and_recall_of_the_times_asked() -> None:
    scores = class_by_class(CONFUSION, ["Ada", "Bo", "Cy"])
    assert scores["Ada"] == {"precision": 1.0, "recall": 0.75, "f1": pytest.approx(6 / 7), "n": 4}
    assert scores["Bo"] == {"precision": pytest.approx(2 / 3), "recall": 1.0, "f1": pytest.approx(4 / 5), "n": 2}


def test_what_was_never_asked_nor_said_has_no_scores() -> None:
    scores = class_by_class(CONFUSION, ["Ada", "Bo", "Cy"])
    assert scores["Cy"] == {"precision": None, "recall": None, "f1": None, "n": 0}


def test_macro_f1_counts_every_class_alike() -> None:
    assert macro_f1(np.array([[8, 0], [0, 2]])) == 1
    # class 0: precision 8/9, recall 1; class 1: precision 1, recall 1/2
    assert macro_f1(np.array([[8, 0], [1, 1]])) == pytest.approx((16 / 17 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("confusion", "tested", "mean"),
    [
        ([[4, 0], [0, 0]], 1, 1.0),  # Bo was not asked for
        ([[3, 1], [0, 0]], 1, 6 / 7),  # nor here, but answered
        ([[4, 0], [4, 0]], 2, 1 / 3),  # Bo was asked for and never answered
        ([[0, 0], [0, 0]], 0, None),
    ],
)
def test_macro_f1_is_the_mean_over_the_classes_asked_for(
    confusion: list[list[int]], tested: int, mean: float | None
) -> None:
    counts = np.array(confusion)
    true, predicted = (index.repeat(counts.ravel()) for index in np.indices(counts.shape).reshape(2, -1))
    results = results_of({"test": (true, predicted)}, ["Ada", "Bo"], "people")
    assert results["macro_f1"] == (mean if mean is None else pytest.approx(mean))
    assert results["tested_classes"] == tested
    f1 = [scores["f1"] for scores in results["people"].values() if scores["f1"] is not None]
    assert len(f1) == tested
    assert not f1 or np.mean(f1) == pytest.approx(mean)


def test_pairs_and_classes_are_ranked_and_classes_not_asked_for_are_left_out() -> None:
    assert confused_pairs(np.array([[8, 0, 1], [3, 5, 0], [0, 0, 9]]), ["Ann", "Bob", "Cy"]) == [
        ConfusedPair("Bob", "Ann", 3, 8),
        ConfusedPair("Ann", "Cy", 1, 9),
    ]
    counts = np.array([[2, 2, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 5]])
    assert by_accuracy(counts, ["Ann", "Bob", "Cy", "Di"]) == [
        ClassAccuracy("Ann", 2, 4),
        ClassAccuracy("Cy", 1, 2),
        ClassAccuracy("Di", 5, 5),
    ]


@pytest.mark.parametrize(("classes", "row"), [(3, [0, 0, 1]), (100, [0] * 99 + [1]), (101, {"100": 1})])
def test_of_more_than_a_hundred_classes_the_counts_that_are_0_are_not_written(classes: int, row: object) -> None:
    true: Labels = np.arange(classes)
    predicted = true[::-1]
    results = results_of({"test": (true, predicted)}, [str(number) for number in true], "people")
    assert results["confusion"][0] == row
    assert (confusion_of(results) == np.eye(classes)[::-1]).all()


@pytest.mark.parametrize(
    "confusion",
    [
        None,
        {},
        [],
        [7],
        [None],
        [[1, 0], [1]],
        [{"0": 1}, {"2": 1}],
        [{"-1": 1}, {}],
        [{"01": 1}, {}],
        [{"0": -1}, {}],
        [{"0": 1.0}, {}],
        [{"0": True}, {}],
        [{"0": None}, {}],
        [{"0": 10**30}, {}],
        [[1, -1], [0, 1]],
        [[1, "x"], [0, 1]],
        [{}] * 1_000_000,
    ],
)
def test_what_is_no_confusion_is_an_error(confusion: object) -> None:
    with pytest.raises(ValueError, match="expected "):
        confusion_of({"confusion": confusion})


def test_the_last_line_is_the_test_accuracy() -> None:
    assert accuracy_line({"confusion": CONFUSION.tolist()}) == "test accuracy 0.8333 (5 of 6)"
    assert accuracy_line({"confusion": [[0, 0], [0, 0]]}) == "no test data, no test accuracy"


def test_floats_have_six_digits_and_text_is_quoted_where_it_must_be() -> None:
    written = predictions_csv(("file", "probability"), [("Ada/1.png", 1 / 3), ("a,b/2.png", 1.0)])
    assert written == b'file,probability\nAda/1.png,0.333333\n"a,b/2.png",1.000000\n'
