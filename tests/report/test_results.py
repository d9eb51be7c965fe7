"""What answers come to: accuracies, scores of each class, the last line, and predictions.csv."""

import numpy as np
import pytest
from numpy.typing import NDArray

from report.figures.confusion import macro_f1
from report.results import Labels, accuracy_line, class_by_class, predictions_csv, results_of

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


def test_macro_f1_is_the_mean_of_the_classes() -> None:
    f1 = [scores["f1"] or 0.0 for scores in class_by_class(CONFUSION, ["Ada", "Bo", "Cy"]).values()]
    assert macro_f1(CONFUSION) == pytest.approx(np.mean(f1))


def test_the_last_line_is_the_test_accuracy() -> None:
    assert accuracy_line({"confusion": CONFUSION.tolist()}) == "test accuracy 0.8333 (5 of 6)"
    assert accuracy_line({"confusion": [[0, 0], [0, 0]]}) == "no test data, no test accuracy"


def test_floats_have_six_digits_and_text_is_quoted_where_it_must_be() -> None:
    written = predictions_csv(("file", "probability"), [("Ada/1.png", 1 / 3), ("a,b/2.png", 1.0)])
    assert written == b'file,probability\nAda/1.png,0.333333\n"a,b/2.png",1.000000\n'
