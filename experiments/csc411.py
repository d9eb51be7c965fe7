"""CSC411 project 2, 2018: softmax regression with momentum, backpropagation's cost, and faces by hidden units."""

from dataclasses import replace
from functools import partial

from experiments import csc411_efficiency as efficiency
from experiments.csc411_digits import MOMENTUM, PLAIN, STEP, finite_differences
from experiments.csc411_faces import ALEXNET, FACES
from experiments.csc411_figures import figures
from experiments.csc411_two_weights import CENTRAL, LOOK_AT, MOMENTA, PUBLISHED, START, SUMMED_OVER, two_weights
from experiments.experiment import Experiment, ReportedRow
from nn.optimisers import SGD

TASKS = (
    replace(PLAIN, name="momentum", optimiser=partial(SGD, momentum=MOMENTUM), further=two_weights),
    replace(PLAIN, further=finite_differences),
    FACES,
    ALEXNET,
    efficiency.EFFICIENCY,
)

IMAGES = dict(zip(SUMMED_OVER, ("cost of all images (the sum)", "of 3,000", "of one (the mean)"), strict=True))
ACCURACIES = (
    ("softmax regression", "softmax regression", (92.6, 92.3, 91.9)),
    ("momentum", "softmax regression, momentum .8", (93.4, 92.0, 91.8)),
    ("faces", "faces, 25 hidden units", (99, 81, 83.3)),
    ("AlexNet", "faces, AlexNet's features", (100, 81.7, 80)),
)

GRADIENT = (
    ("largest difference, central", "central_difference", 0.001),
    ("largest difference, forward", "forward_difference", 0.001),
    ("the former, of the largest slope", "relative_difference", None),
)

EFFICIENCY = (
    *(
        (f"one at a time, N = {n}: exponent in K (theory: N)", efficiency.one_at_a_time(n), n)
        for n in efficiency.LAYERS
    ),
    ("backpropagation of K samples: exponent in K (theory: 3)", efficiency.BATCH, 3),
    ("backpropagation: exponent in N (theory: 1)", efficiency.VECTORISED_OVER_N, 1),
    (
        f"one at a time: a further layer costs times (theory: K = {efficiency.UNITS})",
        efficiency.FACTOR,
        efficiency.UNITS,
    ),
)

ROWS = (
    *(
        ReportedRow(title=f"{title}: {part}", task=task, measure=measure, reported=reported, brief=part == "test")
        for task, title, accuracies in ACCURACIES
        for (part, measure), reported in zip(
            (("training", "train_accuracy"), ("validation", "validation_accuracy"), ("test", "test_accuracy")),
            accuracies,
            strict=True,
        )
    ),
    *(
        ReportedRow(title=f"{title}: validation, last iteration", task=task, measure="last_validation_accuracy")
        for task, title, _ in ACCURACIES[:2]
    ),
    *(
        ReportedRow(
            title=f"gradient and finite differences: {what}",
            task=PLAIN.name,
            measure=measure,
            reported=reported,
            unit="",
        )
        for what, measure, reported in GRADIENT
    ),
    *(
        ReportedRow(
            title=f"two weights, {IMAGES[images]}, momentum {momentum:g}: excess cost left after {LOOK_AT} steps",
            task="momentum",
            measure=f"excess, {images}, momentum {momentum:g}",
        )
        for images in SUMMED_OVER
        for momentum in MOMENTA
    ),
    *(
        ReportedRow(
            title=f"training images with ink in pixel {weight.pixel}", task="momentum", measure=f"ink, {pair}", unit=""
        )
        for pair, weight in (("published", PUBLISHED), ("central", CENTRAL))
    ),
    *(
        ReportedRow(title=f"gradients, {title}", task="efficiency", measure=measure, reported=reported, unit="")
        for title, measure, reported in EFFICIENCY
    ),
)


EXPERIMENT = Experiment(
    name="csc411",
    title="CSC411 project 2 (2018): deep neural networks",
    tasks=TASKS,
    rows=ROWS,
    figures=figures,
    faces=True,
    found=(
        "Softmax regression comes out as reported, and the gradient agrees with central differences to 1e-9 of the "
        "largest slope. AlexNet's features, of photos normalised as the network was trained, tell the six people apart "
        "better than reported. The 25 hidden units do not reach the report's 83.3% on FaceScrub's six "
        "people; what was tried is among the choices.",
    ),
    choices=(
        "An iteration is an epoch of the loop, a step on all 60,000 images. Of the 10,000 test digits a random "
        "half, drawn with the seed, is for validation; pixels are in [0, 1]. The rate is at the edge of stability: "
        "the cost leaps away and returns (the report's dips), and the last iteration may be amid a leap. So the "
        "iteration best on validation counts, and what validation was after the last one stands in a row of its "
        "own.",
        "The report's momentum, v = m v + lr g, w = w - v, is ours with lr taken out of v; at a constant rate both "
        "are the same.",
        f"Finite differences have the step {STEP:g}, the cost is the sum over 60,000 images in float64. The report "
        "does not say which differences it took: forward ones are off by half the step times the curvature, central"
        " ones by next to nothing.",
        f"Pixel {PUBLISHED.pixel} (row 16, column 27) lies at the right edge, where there is almost no ink: the cost"
        " does not depend on its weight, as the report itself says of such pixels. Beside the published pair, pixel"
        f" {CENTRAL.pixel} of the same row, in the middle, is measured; the rows about excess cost are of that pair.",
        f"The figure takes the cost summed over all images, and both paths start at {START}, counted from the trained "
        "values: as in the author's published code. There momentum overshoots and swings, and is no faster. On the "
        f"cost of {SUMMED_OVER[1]:,} images it is faster, as the report's text has it; on the mean nothing moves in "
        f"{LOOK_AT} steps. The derivatives are exact instead of finite differences.",
        f"Efficiency: the network has {efficiency.INPUTS} inputs, for which one derivative at a time costs K^N (with"
        " K inputs it is K^(N + 1)). It is timed on one sample, in plain Python; backpropagation on K samples, "
        "whose products are of K x K matrices, and on one. Published is theory; exponents are fitted to the largest"
        " four sizes.",
        "Faces: the people are the first six of the folder with photos enough. The report's own six are in FaceScrub; "
        "by default the folder is that of the generated portraits, which are other people and other photos. Pixels are "
        "scaled to [-1, 1] (not stated). The report's training accuracy is given as above 99. The pictures' votes are "
        "the network's answers to its own weights, as in the report.",
        "On FaceScrub the hidden units had 67.5% on test photos (four splits, 63 to 75). Tried on one or two of these "
        "splits: pixels in [0, 1] 44 and 74%; each photo at mean 0 and deviation 1 67 and 63%; each pixel so over the "
        "training photos 62%; the wider crop around the box 58%; faces aligned by their landmarks 76 and 75%. Split as "
        "in the report (10 photos of each person for validation and 10 for testing, copies of one photo on both "
        "sides), with pixels in [0, 1]: 65, 70, 70 and 82% (four splits, 60 test photos each). So splits alone differ "
        "by 17 points, and one of four comes near the report's; its own photos and splits are not known.",
        "An epoch of the loop is a tenth of the steps on one mini-batch, so that the curves show what happens "
        "within it.",
        "AlexNet: photos are normalised as the network was trained, which the report did not; features are divided "
        "by their deviation over the training photos; weights start from N(0, 1/m), biases from 0, and Adam moves "
        "them (not stated).",
    ),
)
