"""The figures of CSC411: curves, weights, the cost over two weights, times, hidden units."""

from collections.abc import Mapping, Sequence

from experiments import csc411_efficiency as efficiency
from experiments.csc411_digits import MOMENTUM
from experiments.csc411_faces import PORTIONS
from experiments.csc411_two_weights import CENTRAL, FIRST, LR, MOMENTA, PUBLISHED, START, SUMMED_OVER
from experiments.experiment import Measurement, Outcomes, ReportedRow
from experiments.figures import beside, line
from mnist.cost_surface import Weight
from report.figures.cells import Cell
from report.figures.contour import Path, contour_picture
from report.figures.series import Curve, Panel, series_picture
from report.figures.sheets import SheetRow, sheet

UNITS_A_ROW = 5


def figures(outcomes: Outcomes, rows: Sequence[ReportedRow]) -> Mapping[str, bytes]:
    """Return the figures of the report as PNGs, by name."""
    plain, momentum, faces = (outcomes[name][0] for name in ("softmax regression", "momentum", "faces"))
    accuracy = [row for row in rows if row.measure.endswith("_accuracy") and row.reported]
    return {
        "accuracy": beside(accuracy, outcomes, "CSC411: accuracy, reported beside measured"),
        "learning-curves": _digit_curves({"no momentum": plain, f"momentum {MOMENTUM:g}": momentum}),
        "weights": _weights({"no momentum": plain, f"momentum {MOMENTUM:g}": momentum}),
        "two-weights": _contour(momentum, "central", CENTRAL),
        "two-weights-as-published": _contour(momentum, "published", PUBLISHED),
        "efficiency": _efficiency(outcomes["efficiency"][0]),
        "faces": _face_curves({"faces": faces, "AlexNet": outcomes["AlexNet"][0]}),
        "hidden-units": _units(faces),
    }


def _digit_curves(runs: Mapping[str, Measurement]) -> bytes:
    panels = [
        Panel(
            part,
            "iterations",
            "accuracy",
            [line(run, f"{column}_accuracy", name) for name, run in runs.items()],
            percent=True,
            ylim=(0.7, 0.95),
        )
        for part, column in (("training", "train"), ("validation", "validation"))
    ]
    note = "The rate is at the edge of stability: where the cost is steepest, descent leaps away, and returns."
    return series_picture(panels, "CSC411: softmax regression, all 60,000 images per step", note)


def _weights(runs: Mapping[str, Measurement]) -> bytes:
    rows = [SheetRow(name, list(run.arrays["weights"])) for name, run in runs.items()]
    note = "Red speaks for the digit, blue against it. Pixels that are never inked keep their start, U(0, 1)."
    return sheet(rows, "CSC411: the weights into each digit", note, columns=[str(digit) for digit in range(10)])


def _contour(run: Measurement, pair: str, second: Weight) -> bytes:
    images, arrays = SUMMED_OVER[0], run.arrays
    paths = []
    for momentum in MOMENTA:
        u, v = arrays[f"{pair}: path, {images}, momentum {momentum:g}"].T
        paths.append(Path(f"momentum {momentum:g}", u.tolist(), v.tolist()))
    ink = run.measures[f"ink, {pair}"]
    return contour_picture(
        arrays["grid"],
        arrays["grid"],
        arrays[f"{pair}: cost"],
        paths,
        "CSC411: the cost over two weights, and descent on these two alone",
        *(f"pixel {weight.pixel} to digit {weight.digit}, from its trained value" for weight in (FIRST, second)),
        note=f"{len(paths[0].u) - 1} steps of {LR:g} from {START}, a mark every ten, cost of {images:,} images; "
        f"pixel {second.pixel} is inked in {ink:,.0f} training images",
        cost_label="cost, mean per image",
        star=(0.0, 0.0),
    )


def _efficiency(run: Measurement) -> bytes:
    def curve(name: str, shown: str, dashed: bool = False) -> Curve:
        return Curve(shown, run.series[f"{name}: x"], run.series[f"{name}: y"], dashed=dashed, marker=True)

    over_k = [curve(name, name) for name in map(efficiency.one_at_a_time, efficiency.LAYERS)]
    over_k += [curve(name, name, dashed=True) for name in (efficiency.BATCH, efficiency.ONE)]
    over_n = [
        curve(efficiency.OVER_N, "one at a time"),
        curve(efficiency.VECTORISED_OVER_N, efficiency.ONE, dashed=True),
    ]
    panels = [
        Panel(
            f"over K (backpropagation: N = {efficiency.DEEPEST})",
            "units per layer, K",
            "seconds",
            over_k,
            log_x=True,
            log_y=True,
        ),
        Panel(f"over N (K = {efficiency.UNITS})", "layers, N", "seconds of the processor", over_n, log_y=True),
    ]
    return series_picture(
        panels, "CSC411: all gradients of N layers of K units", "Each point is the least of several times."
    )


def _face_curves(runs: Mapping[str, Measurement]) -> bytes:
    panels = []
    for name, run in runs.items():
        if run.series:
            batches = [epoch / PORTIONS for epoch in run.series["epoch"]]
            lines = [
                Curve("the mini-batch in use", batches, run.series["train_accuracy"]),
                Curve("validation", batches, run.series["validation_accuracy"]),
            ]
            panels.append(Panel(name, "mini-batches, six an epoch", "accuracy", lines, percent=True, ylim=(0, 1.02)))
    note = "Training falls with each new mini-batch, and rises while it is stayed with."
    return series_picture(panels, "CSC411: six people, many steps on each mini-batch", note)


def _units(run: Measurement) -> bytes:
    cells = [Cell(unit, str(name)) for unit, name in zip(run.arrays["units"], run.arrays["votes"], strict=True)]
    rows = [
        SheetRow(f"{start + 1} to {start + UNITS_A_ROW}", cells[start : start + UNITS_A_ROW])
        for start in range(0, len(cells), UNITS_A_ROW)
    ]
    note = (
        "Under each: whom the network takes the picture for when it is shown its own weights. Training moves them "
        "little from their start, N(0, 1): most of what is seen is that."
    )
    return sheet(rows, "CSC411: the weights into the 25 hidden units", note)
