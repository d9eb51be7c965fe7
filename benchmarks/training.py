"""One training step of the hand-written core beside the same step in torch.nn with autograd and torch.optim.

    python benchmarks/training.py [--pairs 200] [--mnist DIR] [--only WORD] [--device cuda]

Same layers, same first parameters, same batch, same optimiser. The torch side is written as in torch's tutorials, with
the default settings of its optimisers; some rows show `fused=True`. Before a row is timed, both sides make a few steps
and must have the same loss. One row trains on the 60,000 images of MNIST, or on random numbers of their shape if there
is no folder of MNIST, and says which. The last lines compare with the code of two course reports, timed once on a
similar machine.

With `--device cuda` each row has four sides: our step recorded as a CUDA graph, as the loop makes it there; the same
without a graph; autograd; and autograd with `torch.compile(mode="reduce-overhead")`, which makes graphs too and needs a
C compiler. Blocks of steps are timed in turns, from one synchronisation of the device to the next, on batches in two
places by turns, as a loop has them (one of all samples: in one). Ours has the epoch's sums in each step besides. The
goals beside the ratios are those of the graph. It takes some minutes, most of them to compile; to try it,
`--pairs 50 --only CS559`. Let nothing else use the GPU meanwhile.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from pathlib import Path

import torch
from torch import Generator, Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.pairs import Pairs, time_pairs
from data.mnist import load_mnist
from errors import DatasetError
from mnist.networks import columns, one_convolution, two_convolutions
from nn.layers import Layer, LeakyReLU, Linear, MaxPool2d, ReLU, Sequential, Sigmoid
from nn.losses import CrossEntropy, Loss, SquaredError
from nn.optimisers import SGD, Adam, Optimiser
from nn.parallel import ALONE, SharedGradients
from nn.parameter import Parameter
from nn.schedules import Constant
from nn.training import TrainingSettings, correct, train, training_step
from nn.training.captured import WARM_UP, CapturedStep, graph_for
from nn.training.evaluation import ScoreSums
from nn.training.step import Step as LoopStep

LR = 1e-3
BLOCK = 50  # steps between two looks at the clock, on a GPU
OF_COMPILED = 0.5  # the goal of a graph, as a ratio to torch.compile
SHARED = Path(os.environ.get("FACES_SHARED", Path(__file__).resolve().parents[2] / "shared"))

THEIR_SGD = partial(torch.optim.SGD, lr=LR)

Data = tuple[Tensor, Tensor]
Step = Callable[[], Tensor]
TrainOn = Callable[[Tensor, Tensor], Tensor]
MakeOurs = Callable[[dict[str, Parameter]], Optimiser]
MakeTheirs = Callable[[list[Tensor]], torch.optim.Optimizer]


@dataclass(frozen=True, kw_only=True)
class BenchmarkRow:
    """One comparison: a network, its batch, its loss and an optimiser, on either side."""

    title: str
    network: Callable[[Generator], Layer]
    module: Callable[[], torch.nn.Module]
    """The same layers of torch, with parameters in the same order."""
    batch: Callable[[], Data]
    loss: Callable[[], Loss] = CrossEntropy
    criterion: Callable[[Tensor, Tensor], Tensor] = torch.nn.functional.cross_entropy
    ours: MakeOurs = SGD
    theirs: MakeTheirs = THEIR_SGD
    at_most: float | None = None
    share: float = 1.0
    """Of the pairs asked for: slow rows need fewer."""
    all_samples: bool = False
    """Whether the batch is all there is, so that it lies in the same place in each step."""
    of_eager: float = 0.25
    """The goal of a graph on a GPU, as a ratio to autograd."""


def random_batch(n: int, inputs: int, classes: int) -> Data:
    """Return numbers in [0, 1) and classes."""
    generator = Generator().manual_seed(1)
    return torch.rand(n, inputs, generator=generator), torch.randint(classes, (n,), generator=generator)


def mnist(folder: Path) -> Data | None:
    """Return the training images (60000, 784) in [0, 1] and their digits; None where the folder lacks them."""
    try:
        files = load_mnist(folder)
    except DatasetError:
        return None
    images = torch.from_numpy(files.train_images).flatten(1) / 255
    return images, torch.from_numpy(files.train_labels).long()


def our_step(network: Layer, loss: Loss, optimiser: Optimiser, data: Data) -> Step:
    """Return a step of the hand-written core, as in its loop."""
    return lambda: training_step(network, loss, optimiser, LR, *data)[0]


def their_step(
    module: Callable[[Tensor], Tensor],
    criterion: Callable[[Tensor, Tensor], Tensor],
    optimiser: torch.optim.Optimizer,
    data: Data,
) -> Step:
    """Return the same step as torch's tutorials write it."""
    x, target = data

    def step() -> Tensor:
        optimiser.zero_grad()
        loss = criterion(module(x), target)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss.detach()

    return step


def measure(row: BenchmarkRow, pairs: int) -> str:
    """Check that both sides learn the same, time them, and return the row of the table."""
    data, network, module = row.batch(), row.network(Generator().manual_seed(0)), row.module()
    with torch.no_grad():
        for theirs, ours in zip(module.parameters(), network.parameters().values(), strict=True):
            theirs.copy_(ours.value)
    our = our_step(network, row.loss(), row.ours(network.parameters()), data)
    their = their_step(module, row.criterion, row.theirs(list(module.parameters())), data)
    for _ in range(5):
        torch.testing.assert_close(our(), their(), rtol=1e-3, atol=1e-4)
    return time_pairs(our, their, pairs=max(5, int(pairs * row.share))).line(row.title, row.at_most)


def gpu_sides(row: BenchmarkRow) -> dict[str, TrainOn]:
    """Return a step of each side on a GPU, all from the same parameters."""

    def ours(recorded: bool) -> TrainOn:
        network = row.network(Generator().manual_seed(0)).to("cuda")
        optimiser = row.ours(network.parameters())
        step = LoopStep(
            network, row.loss(), optimiser, ScoreSums(correct), SharedGradients(optimiser.parameters, ALONE)
        )
        if not recorded:
            return partial(step, LR)
        graph = graph_for(step)
        assert graph is not None, f"{row.title}: this step is not recorded as a graph"
        return partial(CapturedStep(step, graph), LR)

    def theirs(compiled: bool) -> TrainOn:
        module = row.module()
        with torch.no_grad():
            own = row.network(Generator().manual_seed(0)).parameters().values()
            for parameter, first in zip(module.parameters(), own, strict=True):
                parameter.copy_(first.value)
        module = module.to("cuda")
        optimiser = row.theirs(list(module.parameters()))
        forward = torch.compile(module, mode="reduce-overhead") if compiled else module
        return lambda x, target: their_step(forward, row.criterion, optimiser, (x, target))()

    return {"graph": ours(True), "plain": ours(False), "eager": theirs(False), "compile": theirs(True)}


def measure_on_gpu(row: BenchmarkRow, blocks: int) -> str:
    """Check that all sides learn the same on a GPU, time blocks of steps in turns, and return the row of the table."""
    data = tuple(tensor.to("cuda") for tensor in row.batch())
    places = [data] if row.all_samples else [data, tuple(tensor.clone() for tensor in data)]
    sides, losses = gpu_sides(row), list[list[float]]()
    for name, step in list(sides.items()):
        try:
            losses.append([float(step(*batch)) for batch, _ in zip(cycle(places), range(WARM_UP + 5), strict=False)])
        except RuntimeError as error:
            if name != "compile":
                raise
            del sides[name]
            print(f"torch.compile is left out: {str(error).partition(chr(10))[0]}", file=sys.stderr)
    for other in losses[1:]:
        torch.testing.assert_close(losses[0], other, rtol=1e-3, atol=1e-4)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for i in range(blocks):
        for name in list(sides) if i % 2 else reversed(sides):
            torch.cuda.synchronize()
            started = time.perf_counter()
            for batch, _ in zip(cycle(places), range(BLOCK), strict=False):
                sides[name](*batch)
            torch.cuda.synchronize()
            times[name].append((time.perf_counter() - started) / BLOCK)
    shown = "  ".join(f"{name} {statistics.median(seconds) * 1e3:6.3f}" for name, seconds in times.items())
    verdicts = [
        Pairs(times["graph"], times[other]).verdict(other, goal)
        for other, goal in (("eager", row.of_eager), ("compile", OF_COMPILED))
        if other in times
    ]
    return f"{row.title:<56} {shown} ms  {'  '.join(verdicts)}"


def beside_the_report(title: str, reported: float, seconds: Callable[[], float], repeats: int) -> str:
    """Return how long ours takes, the median of some repeats, and how many times as long the report's own code took."""
    ours = statistics.median(seconds() for _ in range(repeats))
    return (
        f"{title:<56} ours {ours * 1e3:8.1f} ms  report {reported * 1e3:7.0f} ms  {reported / ours:6.1f} times as fast"
    )


def fully_connected_rows(mnist_folder: Path) -> list[BenchmarkRow]:
    """Return the comparisons of fully connected networks."""
    nn = torch.nn
    faces = BenchmarkRow(
        title="1024-300-6 ReLU, batch 64, Adam",
        network=lambda g: Sequential(Linear(1024, 300, generator=g), ReLU(), Linear(300, 6, generator=g)),
        module=lambda: nn.Sequential(nn.Linear(1024, 300), nn.ReLU(), nn.Linear(300, 6)),
        batch=lambda: random_batch(64, 1024, 6),
        ours=Adam,
        theirs=partial(torch.optim.Adam, lr=LR),
        at_most=1.0,
    )
    digits = BenchmarkRow(
        title="784-256-10 sigmoid, batch 100, SGD",
        network=lambda g: Sequential(Linear(784, 256, generator=g), Sigmoid(), Linear(256, 10, generator=g)),
        module=lambda: nn.Sequential(nn.Linear(784, 256), nn.Sigmoid(), nn.Linear(256, 10)),
        batch=lambda: random_batch(100, 784, 10),
        at_most=1.0,
    )
    images = mnist(mnist_folder)
    full_batch = BenchmarkRow(
        title=f"784-10 softmax regression, 60,000 {'random rows' if images is None else 'of MNIST'}, SGD",
        network=lambda g: Linear(784, 10, generator=g),
        module=lambda: nn.Linear(784, 10),
        batch=lambda: images or random_batch(60_000, 784, 10),
        at_most=0.8,
        share=0.1,
        all_samples=True,
        of_eager=0.4,
    )
    fused = [
        replace(
            faces, title="the same beside fused Adam", theirs=partial(torch.optim.Adam, lr=LR, fused=True), at_most=None
        ),
        replace(
            digits, title="the same beside fused SGD", theirs=partial(torch.optim.SGD, lr=LR, fused=True), at_most=None
        ),
    ]
    return [faces, fused[0], digits, fused[1], full_batch]


def convolution_rows() -> list[BenchmarkRow]:
    """Return the comparisons of convolution networks: those of the reports that `experiments` reproduces."""
    nn = torch.nn
    cs559 = BenchmarkRow(
        title="CS559: conv 16 - conv 32 - 10, batch 100, SGD",
        network=two_convolutions,
        module=lambda: nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(32 * 28 * 28, 10)),
        ),
        batch=lambda: random_images(100, 28),
        at_most=1.15,
        share=0.15,
    )
    one_sample = BenchmarkRow(
        title="NumPy A: conv 7x7 16 - 10, one sample",
        network=one_sample_network(None),
        module=lambda: nn.Sequential(
            *(nn.Conv2d(1, 16, 7), nn.LeakyReLU(0.01), nn.Flatten(), nn.Linear(7744, 10), nn.LeakyReLU(0.01))
        ),
        batch=one_image,
        loss=partial(SquaredError, reduction="sum"),
        criterion=lambda y, target: (y - target).square().sum() / 2,
        at_most=0.7,
        share=5,
    )
    with_hidden = replace(
        one_sample,
        title="NumPy B: conv 7x7 16 - 128 - 10, one sample",
        network=one_sample_network(128),
        module=lambda: nn.Sequential(
            *(nn.Conv2d(1, 16, 7), nn.LeakyReLU(0.01), nn.Flatten(), nn.Linear(7744, 128), nn.LeakyReLU(0.01)),
            *(nn.Linear(128, 10), nn.LeakyReLU(0.01)),
        ),
        share=2,
    )
    lab1 = BenchmarkRow(
        title="Lab 1, model 3: 64-64-128 ReLU max, batch 64, momentum",
        network=partial(columns, maps=(64, 64, 128), activation=ReLU, pool=partial(MaxPool2d, 2)),
        module=lambda: nn.Sequential(
            *(nn.Conv2d(1, 64, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 64, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 128, 5), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10)),
        ),
        batch=lambda: random_images(64, 32),
        ours=partial(SGD, momentum=0.9),
        theirs=partial(torch.optim.SGD, lr=LR, momentum=0.9),
        at_most=1.15,
        share=0.15,
    )
    return [cs559, one_sample, with_hidden, lab1]


def random_images(n: int, side: int) -> Data:
    """Return images (n, 1, side, side) and digits."""
    x, target = random_batch(n, side * side, 10)
    return x.view(n, 1, side, side), target


def one_image() -> Data:
    """Return one image and its target as a row of 0 and 1."""
    return random_images(1, 28)[0], torch.eye(10)[:1]


def one_sample_network(hidden: int | None) -> Callable[[Generator], Layer]:
    """Return what makes the NumPy report's network, as it stands in `experiments`."""
    activations = (partial(LeakyReLU, 0.01),) * (2 if hidden is None else 3)
    return partial(one_convolution, maps=16, kernel=7, classes=10, hidden=hidden, activations=activations)


def report_lines() -> list[str]:
    """Return ours beside the reports' own code: a batch of CS559's network, an epoch of the NumPy report's."""
    network, data = two_convolutions(Generator().manual_seed(0)), random_images(100, 28)
    step = our_step(network, CrossEntropy(), SGD(network.parameters()), data)
    return [
        beside_the_report("CS559: a batch of 100", 2.34, lambda: _timed(step), 20),
        beside_the_report("NumPy A: an epoch of 1,000 + 1,000", 2.7, lambda: _epoch(None), 3),
        beside_the_report("NumPy B: an epoch of 1,000 + 1,000", 4.0, lambda: _epoch(128), 3),
    ]


def _epoch(hidden: int | None) -> float:
    """Return the seconds of learning from 1,000 images one by one, and reading 1,000."""
    generator = Generator().manual_seed(0)
    network, (x, digits) = one_sample_network(hidden)(generator), random_images(1000, 28)
    return (
        train(
            network,
            SquaredError(),
            SGD(network.parameters()),
            Constant(LR),
            (x, torch.eye(10)[digits]),
            settings=TrainingSettings(epochs=1, batch_size=1),
            generator=generator,
            validation=(x, torch.eye(10)[digits]),
        )
        .records[0]
        .seconds
    )


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Time a training step of the hand-written core beside autograd's.",
        epilog="example: python benchmarks/training.py --pairs 400",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--pairs", type=int, default=200, help="pairs of steps per row; slow rows take fewer")
    parser.add_argument("--only", default="", metavar="WORD", help="only the rows with this word in their title")
    parser.add_argument("--mnist", type=Path, default=SHARED / "mnist", help="folder of MNIST's four files")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where both sides compute")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "--device cuda: this torch finds no CUDA device; use --device cpu\n")
    rows = [*fully_connected_rows(arguments.mnist), *convolution_rows()]
    if arguments.device == "cuda":
        print(
            f"torch {torch.__version__}, {torch.cuda.get_device_name()}; medians of a step, medians of blocks' ratios"
        )
        for row in rows:
            if arguments.only in row.title:
                print(measure_on_gpu(row, max(5, arguments.pairs // 10)), flush=True)
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; medians, and the median of the pairs' ratios")
    for row in rows:
        if arguments.only in row.title:
            print(measure(row, arguments.pairs), flush=True)
    if not arguments.only:
        print(*report_lines(), sep="\n")


if __name__ == "__main__":
    main()
