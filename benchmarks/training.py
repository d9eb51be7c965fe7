"""One training step of the hand-written core beside the same step in torch.nn with autograd and torch.optim.

    python benchmarks/training.py [--pairs 200] [--mnist DIR]

Same layers, same parameters to start from, same batch, same optimiser. The torch side is written as its tutorials write
it, and its optimiser runs with torch's default settings; rows of their own show it with `fused=True`. Before a row is
timed both sides take a few steps and must arrive at the same loss. The last row trains on the 60,000 images of MNIST,
or on random numbers of their shape where no folder holds them, and says which.
"""

import argparse
import gzip
import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Generator, Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.pairs import time_pairs
from nn.layers import Layer, Linear, ReLU, Sequential, Sigmoid
from nn.losses import CrossEntropy
from nn.optimisers import SGD, Adam, Optimiser
from nn.parameter import Parameter
from nn.training import training_step

LR = 1e-3
SHARED = Path(os.environ.get("FACES_SHARED", Path(__file__).resolve().parents[2] / "shared"))

Data = tuple[Tensor, Tensor]
Step = Callable[[], Tensor]
MakeOurs = Callable[[dict[str, Parameter]], Optimiser]
MakeTheirs = Callable[[list[Tensor]], torch.optim.Optimizer]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison: a fully connected network, its batch, and one optimiser on either side."""

    title: str
    widths: tuple[int, ...]
    batch: Callable[[], Data]
    ours: MakeOurs
    theirs: MakeTheirs
    activation: tuple[type[Layer], type[torch.nn.Module]] = (ReLU, torch.nn.ReLU)
    at_most: float | None = None
    share: float = 1.0
    """Of the pairs asked for: slow rows need fewer."""


def random_batch(n: int, inputs: int, classes: int) -> Data:
    """Return numbers in [0, 1) and classes."""
    generator = Generator().manual_seed(1)
    return torch.rand(n, inputs, generator=generator), torch.randint(classes, (n,), generator=generator)


def mnist(folder: Path) -> Data | None:
    """Return the training images (60000, 784) in [0, 1] and their digits; None where the folder lacks them."""
    images, labels = (folder / f"train-{name}-ubyte.gz" for name in ("images-idx3", "labels-idx1"))
    if not (images.is_file() and labels.is_file()):
        return None
    pixels = torch.frombuffer(bytearray(gzip.decompress(images.read_bytes())[16:]), dtype=torch.uint8)
    digits = torch.frombuffer(bytearray(gzip.decompress(labels.read_bytes())[8:]), dtype=torch.uint8)
    return pixels.view(-1, 784) / 255, digits.long()


def our_step(network: Layer, optimiser: Optimiser, data: Data) -> Step:
    """Return a step of the core, as its loop makes it for a batch."""
    loss = CrossEntropy()
    return lambda: training_step(network, loss, optimiser, LR, *data)[0]


def their_step(network: torch.nn.Module, optimiser: torch.optim.Optimizer, data: Data) -> Step:
    """Return the same step as torch's tutorials write it."""
    criterion = torch.nn.CrossEntropyLoss()
    x, target = data

    def step() -> Tensor:
        optimiser.zero_grad()
        loss: Tensor = criterion(network(x), target)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss.detach()

    return step


def networks(row: Row) -> tuple[Layer, torch.nn.Module]:
    """Return the row's network as ours and as torch's, with the same parameters."""
    generator = Generator().manual_seed(0)
    ours: list[Layer] = []
    theirs: list[torch.nn.Module] = []
    for inputs, outputs in itertools.pairwise(row.widths):
        ours += [Linear(inputs, outputs, generator=generator), row.activation[0]()]
        theirs += [torch.nn.Linear(inputs, outputs), row.activation[1]()]
    network, module = Sequential(*ours[:-1]), torch.nn.Sequential(*theirs[:-1])
    module.load_state_dict(network.state())
    return network, module


def measure(row: Row, pairs: int) -> str:
    """Check that both sides learn the same, time them, and return the row of the table."""
    data = row.batch()
    network, module = networks(row)
    ours = our_step(network, row.ours(network.parameters()), data)
    theirs = their_step(module, row.theirs(list(module.parameters())), data)
    for _ in range(5):
        torch.testing.assert_close(ours(), theirs(), rtol=1e-4, atol=1e-4)
    return time_pairs(ours, theirs, pairs=max(5, int(pairs * row.share))).line(row.title, row.at_most)


def rows(mnist_folder: Path) -> list[Row]:
    """Return the comparisons, in the order they are printed."""
    faces = Row(
        title="1024-300-6 ReLU, batch 64, Adam",
        widths=(1024, 300, 6),
        batch=lambda: random_batch(64, 1024, 6),
        ours=Adam,
        theirs=lambda p: torch.optim.Adam(p, LR),
        at_most=1.0,
    )
    digits = Row(
        title="784-256-10 sigmoid, batch 100, SGD",
        widths=(784, 256, 10),
        batch=lambda: random_batch(100, 784, 10),
        ours=SGD,
        theirs=lambda p: torch.optim.SGD(p, LR),
        activation=(Sigmoid, torch.nn.Sigmoid),
        at_most=1.0,
    )
    images = mnist(mnist_folder)
    full_batch = Row(
        title=f"784-10 softmax regression, 60,000 {'random rows' if images is None else 'of MNIST'}, SGD",
        widths=(784, 10),
        batch=lambda: images or random_batch(60_000, 784, 10),
        ours=SGD,
        theirs=lambda p: torch.optim.SGD(p, LR),
        at_most=0.8,
        share=0.1,
    )
    fused_adam = replace(
        faces, title="the same beside fused Adam", theirs=lambda p: torch.optim.Adam(p, LR, fused=True)
    )
    fused_sgd = replace(digits, title="the same beside fused SGD", theirs=lambda p: torch.optim.SGD(p, LR, fused=True))
    return [faces, replace(fused_adam, at_most=None), digits, replace(fused_sgd, at_most=None), full_batch]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Time a training step of the hand-written core beside autograd's.",
        epilog="example: python benchmarks/training.py --pairs 400",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--pairs", type=int, default=200, help="pairs of steps a row; the last row takes a tenth")
    parser.add_argument("--mnist", type=Path, default=SHARED / "mnist", help="folder of MNIST's gzipped IDX files")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; medians, and the median of the pairs' ratios")
    for row in rows(arguments.mnist):
        print(measure(row, arguments.pairs), flush=True)


if __name__ == "__main__":
    main()
