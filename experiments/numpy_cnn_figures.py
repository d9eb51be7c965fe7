"""The figures of `numpy_cnn`: which trainings are compared and whose filters are shown, with their titles.

They are drawn by `convergence`, `filter_sheets` and `activation_plots`. Tasks without an outcome are left out, and so
are figures without any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from experiments.activation_plots import activation_picture
from experiments.convergence import Tasks, convergence
from experiments.experiment import Outcomes, ReportedRow
from experiments.figures import beside
from experiments.filter_sheets import deconvolution_sheet, enlarged_sheet, filter_sheet, learned_sheet, training_sheet
from report.figures.confusion import confusion_picture

FIRST = 8  # filters a network, where not all sixteen are shown
BEST = "all, B, tanh"

ACTIVATIONS = {
    "ReLU": "part 2, ReLU, alpha 0.01",
    "tanh": "part 2, tanh, alpha .01",
    "sigmoid": "part 2, sigmoid, alpha .01",
}
SHUFFLED = {f"alpha {rate}": f"part 2, ReLU, alpha {rate}" for rate in ("0.1", "0.01", "0.001")}
PART2_ORDERS = {"shuffled": SHUFFLED, "fixed order": {name: f"{task}, fixed order" for name, task in SHUFFLED.items()}}
LEAKS = {
    f"alpha {rate}": {
        "leak 0.01": f"part 2, ReLU, alpha {rate}",
        "leak 0.05": f"part 2, ReLU, alpha {rate}, leak 0.05",
        "leak 0.1": f"part 2, ReLU, alpha {rate}, leak 0.1",
    }
    for rate in ("0.01", "0.001")
}


def _networks(part: str, trainings: Tasks) -> dict[str, Tasks]:
    """The same trainings of either network."""
    return {
        f"network {network}": {name: f"{part}, {network}, {task}" for name, task in trainings.items()}
        for network in "AB"
    }


PART3 = _networks("part 3", {"ReLU": "ReLU, alpha .001", "tanh": "tanh", "sigmoid": "sigmoid"})
RATES = {f"alpha {rate}": f"part 3, B, ReLU, alpha {rate}" for rate in (".0005", ".001", ".005")}
OVERFLOWED = {"network A, alpha .005": "part 3, A, ReLU, alpha .005"}
ORDERS = _networks("part 3", {"random order": "ReLU, alpha .001", "fixed order": "ReLU, fixed order"})
ALL = _networks("all", {"tanh": "tanh", "sigmoid": "sigmoid"})


def figures(outcomes: Outcomes, rows: Sequence[ReportedRow]) -> Mapping[str, bytes]:
    """Return PNGs by name, those that can be drawn."""
    drawn = {"activations": activation_picture(), **_part2(outcomes), **_part3(outcomes), **_all(outcomes)}
    for how in ("as published", "right"):
        for part, what in (
            ("part 2", "Part 2, ones and threes"),
            ("part 3", "Part 3, 100 images of each digit"),
            ("all", "500 images of each digit"),
        ):
            name = f"{part}-accuracy-{how}".replace(" ", "-")
            drawn[name] = _beside(outcomes, rows, f"{part}, ", f", {how}", f"{what}, {how}: test accuracy")
    return {name: png for name, png in drawn.items() if png is not None}


def _part2(outcomes: Outcomes) -> dict[str, bytes | None]:
    """Ones and threes, two filters."""
    return {
        "part2-activations": convergence(outcomes, {"": ACTIVATIONS}, "Part 2, alpha .01: three activations"),
        "part2-learning-rates": convergence(
            outcomes, PART2_ORDERS, "Part 2, ReLU: learning rates, images shuffled and in fixed order"
        ),
        "part2-leaks": convergence(outcomes, LEAKS, "Part 2, ReLU: leaks at two learning rates"),
        "part2-filters": learned_sheet(outcomes, ACTIVATIONS, "Part 2, alpha .01: the filters of each network"),
        "part2-filters-through-training": training_sheet(
            outcomes, SHUFFLED, "Part 2, ReLU: the filters through training, by learning rate"
        ),
    }


def _part3(outcomes: Outcomes) -> dict[str, bytes | None]:
    """Ten digits, 100 images of each, sixteen filters."""
    return {
        "part3-activations": convergence(outcomes, PART3, "Part 3, alpha .001: three activations in networks A and B"),
        "part3-learning-rates": convergence(
            outcomes, {"": RATES | OVERFLOWED}, "Part 3, ReLU: learning rates of network B, and A at .005"
        ),
        "part3-orders": convergence(outcomes, ORDERS, "Part 3, ReLU: images in random and in fixed order"),
        "part3-filters": filter_sheet(outcomes, _flat(PART3), "Part 3: the sixteen filters of each network"),
        "part3-filters-learning-rates": filter_sheet(
            outcomes, RATES, "Part 3, network B, ReLU: first filters by learning rate", FIRST
        ),
        "part3-filters-orders": filter_sheet(
            outcomes, _flat(ORDERS), "Part 3, ReLU: first filters by the order of images", FIRST
        ),
    }


def _all(outcomes: Outcomes) -> dict[str, bytes | None]:
    """Ten digits, 500 images of each."""
    drawn = {"all-activations": convergence(outcomes, ALL, "500 images of each digit: tanh and sigmoid")}
    if outcomes.get(BEST):
        counts = outcomes[BEST][0].arrays["confusion"].astype(int).tolist()
        title = "Network B, tanh, trained on 500 images of each digit: test images"
        drawn["all-confusion"] = confusion_picture(
            counts, [str(digit) for digit in range(10)], title, "the digit's images"
        )
    for activation in ("tanh", "sigmoid"):
        task, title = f"all, B, {activation}", f"Network B, {activation}, 500 images of each digit"
        drawn[f"all-filters-{activation}"] = enlarged_sheet(outcomes, task, f"{title}: its filters")
        drawn[f"all-deconvolution-{activation}"] = deconvolution_sheet(outcomes, task, f"{title}: deconvolution")
    return drawn


def _flat(groups: Mapping[str, Tasks]) -> dict[str, str]:
    """The trainings of all groups."""
    return {f"{group}, {name}": task for group, tasks in groups.items() for name, task in tasks.items()}


def _beside(outcomes: Outcomes, rows: Sequence[ReportedRow], part: str, how: str, title: str) -> bytes | None:
    """The accuracies of a part beside what was reported; their names need not repeat the figure's title."""
    shown = [
        replace(row, title=row.title.removeprefix(part).removesuffix(how))
        for row in rows
        if row.measure == "test_accuracy" and row.title.startswith(part) and row.title.endswith(how)
    ]
    return beside(shown, outcomes, title) if shown else None
