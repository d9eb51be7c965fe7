"""CSC411, parts 8 to 10: six people told apart, from grey pixels and from AlexNet's features.

Each mini-batch is used for many steps before the next.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from data.photos.folder import Photo, read_folder
from data.photos.images import load_images
from data.photos.split import split
from data.program import command
from data.settings import SplitSizes
from errors import DatasetError, RunError, UsageError
from experiments.experiment import Budget, Budgeted, Measurement
from experiments.recipe import Pair, Parts, Recipe
from experiments.sources import Sources
from faces.backbones.alexnet.alexnet import load_alexnet
from faces.backbones.alexnet.architecture import FEATURES
from faces.features.cache import features_of
from nn.initialisers import Initialiser, fan_in, normal, zeros
from nn.layers import Layer, Linear, ReLU, Sequential
from nn.losses import CrossEntropy
from nn.optimisers import Adam
from nn.schedules import Constant
from nn.training import TensorBatches, TrainingSettings

PEOPLE, SIDE = 6, 32
SIZES = SplitSizes(train=70, validation=10, test=20, proportional=False)
BATCHES, EPOCHS = 6, 5  # mini-batches an epoch; epochs
PORTIONS = 10  # an epoch of the loop is a tenth of the steps on a mini-batch: curves have points within one
FEWEST = 20  # photos per person to train on, where there are no 70
LR = 1e-3


class LingeringBatches:
    """Each batch `steps` times in a row, without end; each epoch of the loop gets the next `portion` of them."""

    def __init__(self, source: TensorBatches, steps: int, portion: int) -> None:
        self._source, self._steps, self._portion = source, steps, portion
        self._sequence: Iterator[Pair] | None = None

    def __len__(self) -> int:
        return len(self._source)

    def batches(self, size: int, shuffle: Generator | None) -> Iterator[Pair]:
        """Yield the next portion. The samples are shuffled again after all of them were used."""
        if self._sequence is None:
            self._sequence = self._forever(size, shuffle)
        yield from islice(self._sequence, self._portion)

    def _forever(self, size: int, shuffle: Generator | None) -> Iterator[Pair]:
        while True:
            for batch in self._source.batches(size, shuffle):
                yield from repeat(batch, self._steps)


@dataclass(frozen=True, kw_only=True)
class OnWeights(Recipe):
    """A training on features of a network. Without the weights of that network it measures nothing."""

    def run(self, sources: Sources, seed: int, budget: Budget) -> Measurement:
        """Train and measure; without weights return a Measurement with a note only."""
        try:
            return super().run(sources, seed, budget)
        except (RunError, UsageError) as error:
            return Measurement(note=str(error))


def six_people(sources: Sources, generator: Generator) -> tuple[tuple[str, ...], list[Sequence[Photo]]]:
    """Return the first six people by name who have enough photos, and their photos: training, validation, test.

    DatasetError if there are fewer than six.
    """
    folder = read_folder(sources.faces)
    counts = Counter(photo.name for photo in folder.photos)
    needed = FEWEST + SIZES.validation + SIZES.test
    people = tuple(name for name in folder.people if counts[name] >= needed)[:PEOPLE]
    if len(people) < PEOPLE:
        raise DatasetError(
            f"{sources.faces} has {len(people)} people with {needed} photos, expected {PEOPLE}: "
            f"run {command('download')}, or add photos"
        )
    seed = int(torch.randint(2**31, (1,), generator=generator))
    photos = [photo for photo in folder.photos if photo.name in people]
    parts = split(photos, SIZES, np.random.default_rng(seed))
    return people, [parts.train, parts.validation, parts.test]


def _pixels(sources: Sources, generator: Generator) -> Parts:
    """Grey crops, in [-1, 1]."""
    people, parts = six_people(sources, generator)
    crops = [load_images([sources.faces / photo.file for photo in part], SIDE, "L") for part in parts]
    return _parts([torch.from_numpy(part).float().flatten(1) / 127.5 - 1 for part in crops], parts, people)


def _features(sources: Sources, generator: Generator) -> Parts:
    """conv5 features of colour crops, divided by their deviation over the training part."""
    backbone = load_alexnet(sources.weights)
    people, parts = six_people(sources, generator)
    photos = [photo for part in parts for photo in part]
    whole = torch.from_numpy(features_of(sources.faces, photos, backbone)[:, 0])  # [:, 1] is the mirror image
    features = torch.split(whole, [len(part) for part in parts])
    return _parts([part / features[0].std() for part in features], parts, people)


def _parts(x: Sequence[Tensor], parts: Sequence[Sequence[Photo]], people: tuple[str, ...]) -> Parts:
    labels = [torch.tensor([people.index(photo.name) for photo in part]) for part in parts]
    train, validation, test = zip(x, labels, strict=True)
    return Parts(train, validation, test, classes=people)


def votes(network: Layer, parts: Parts) -> Measurement:
    """Classify the weights of the hidden units as if they were photos, as the report did."""
    pictures = network.parameters()["0.weight"].value  # (units, pixels)
    voted = network.forward(pictures).argmax(1)
    names = np.array([parts.classes[int(person)] for person in voted])
    return Measurement(arrays={"votes": names, "units": pictures.view(-1, SIDE, SIDE).cpu().numpy()})


def _settings(
    data: Callable[[Sources, Generator], Parts],
    inputs: int,
    hidden: int,
    steps: int,
    weights: Initialiser,
    bias: Initialiser,
) -> dict[str, Any]:
    """Return the settings of both networks: a hidden layer of ReLU units, Adam, and repeated mini-batches."""

    def network(generator: Generator) -> Sequential:
        start: dict[str, Any] = {"generator": generator, "initialiser": weights, "bias_initialiser": bias}
        return Sequential(Linear(inputs, hidden, **start), ReLU(), Linear(hidden, PEOPLE, **start))

    return {
        "data": data,
        "network": network,
        "loss": CrossEntropy,
        "optimiser": Adam,
        "schedule": Constant(LR),
        "training": TrainingSettings(epochs=1, batch_size=-(-PEOPLE * SIZES.train // BATCHES)),
        "batches": lambda pair: LingeringBatches(TensorBatches(*pair), steps, steps // PORTIONS),
    }


FACES = Recipe(
    name="faces",
    epochs=Budgeted(EPOCHS * BATCHES * PORTIONS, EPOCHS * BATCHES * PORTIONS),
    seeds=Budgeted(1, 4),
    further=votes,
    **_settings(_pixels, SIDE * SIDE, 25, 1000, normal(1), normal(1)),
)
ALEXNET = OnWeights(
    name="AlexNet",
    epochs=Budgeted(2 * BATCHES * PORTIONS, EPOCHS * BATCHES * PORTIONS),
    seeds=Budgeted(1, 4),
    **_settings(_features, FEATURES, 100, 100, fan_in, zeros),
)
