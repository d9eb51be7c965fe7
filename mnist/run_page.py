"""The page of a run on digits, report.html: puts the run's measurements into a `report.page.Page`.

`report.page` renders it; `training_run` measures.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist.classifier import DigitClassifier
from mnist.digits import Digits
from mnist.pictures import digit_png, weights_picture, weights_words
from report.figures.cells import limit_of
from report.figures.tiles import tile_png
from report.hidden_units import most_exciting
from report.page import (
    PHOTOS_A_UNIT,
    Accuracy,
    Page,
    Unit,
    Units,
    Words,
    answer,
    ranked,
    render,
    strongest,
)
from report.page.wording import count
from report.results import by_accuracy, confused_pairs, confusion_of

WORDS = Words(
    photo="image",
    photos="images",
    person="digit",
    people="digits",
    name="digit",
    names="digits",
    who="what",
    whom="what",
    light="ink",
)
NETWORKS = {
    "softmax": "softmax regression, a weight for each pixel and digit",
    "fc": "a fully connected network with one hidden layer of sigmoid units",
    "cnn": "two convolutions and a linear layer",
    "best": "four columns of six convolutions, with batch normalisation",
}
MOST_IMAGES = 10_000  # training images that are searched for those that excite a unit most


def page_of_run(
    classifier: DigitClassifier,
    metrics: dict[str, Any],
    train: Digits,
    test: Digits,
    probabilities: NDArray[np.float32],
    curve: bytes,
    confusion: bytes,
) -> bytes:
    """Return report.html; `probabilities` (N, 10) are those of the N test digits."""
    classes, counts = metrics["classes"], confusion_of(metrics)
    images = {f"test image {number}": x for number, x in enumerate(test.x)}
    answers = [
        answer(row, classes, true=classes[label], file=name)
        for name, row, label in zip(images, probabilities, test.labels.tolist(), strict=True)
    ]
    shown = ranked(answers, lambda answer: digit_png(images[answer.file]))
    units = _units(classifier, train)
    page = Page(
        title="Which digit is this?",
        subtitle=f"{NETWORKS[classifier.model]}, seed {classifier.seed}",
        words=WORDS,
        facts=_facts(classifier, metrics),
        accuracy=Accuracy(int(counts.trace()), int(counts.sum())),
        macro_f1=metrics["macro_f1"],
        people=len(classes),
        by_person=by_accuracy(counts, classes),
        counts=metrics["counts"],
        curve_png=curve,
        confusion_png=confusion,
        confused=confused_pairs(counts, classes),
        mistakes=shown.mistakes,
        surest=shown.surest,
        least_sure=shown.least_sure,
        weights_png=weights_picture(classifier, "") if units is None else b"",
        weights_words=weights_words(classifier),
        units=units,
    )
    return render(page).encode()


def _facts(classifier: DigitClassifier, metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Return titles and values: the data, the settings, the time and the versions."""
    s = classifier.settings
    rule = "Muon" if s.momentum is None else f"SGD with momentum {s.momentum}"
    facts = [
        ("digits", str(metrics["data"])),
        ("network", f"{metrics['parameters']:,} parameters"),
        ("trained for", f"{count(s.epochs, 'epoch')}, in batches of {s.batch_size}"),
        ("optimiser", f"{rule}, learning rate up to {s.lr}"),
        (
            "computed in",
            f"{metrics['seconds']} s, {metrics['training_seconds']} s of it training, on {metrics['device']}",
        ),
        ("versions", ", ".join(f"{name} {version}" for name, version in metrics["versions"].items())),
    ]
    if metrics["peak_memory_mib"] is not None:
        facts.insert(5, ("memory", f"{metrics['peak_memory_mib']:,} MiB at most"))
    return facts


def _units(classifier: DigitClassifier, train: Digits) -> Units | None:
    """Return the strongest hidden units of each digit, None for a network without one hidden layer."""
    units = classifier.unit_classes()
    if not units:
        return None
    weights, images = classifier.first_weights.numpy(), train.x[:MOST_IMAGES]
    exciting = most_exciting(classifier.responses(images).numpy(), PHOTOS_A_UNIT)
    limit = limit_of(weights)
    shown = [
        Unit(
            unit_class.unit,
            unit_class.name,
            tile_png(weights[unit_class.unit], limit),
            [digit_png(images[at]) for at in exciting[unit_class.unit].tolist()],
        )
        for unit_class in strongest(units)
    ]
    return Units(shown, len(units))
