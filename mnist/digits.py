"""MNIST as tensors: subsets, splits, and the normalisations its networks are given. `data.mnist` has the files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor

from data.mnist.files import load_mnist
from errors import DatasetError


@dataclass(frozen=True, eq=False)
class Digits:
    """Images and their labels."""

    x: Tensor
    """(N, 1, 28, 28) float32; as loaded in [0, 1], 0 is paper and 1 is ink."""
    labels: Tensor
    """(N,) int64, 0 to 9."""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def pair(self) -> tuple[Tensor, Tensor]:
        """Images and labels, as a classifier takes them."""
        return self.x, self.labels

    @property
    def identity(self) -> str:
        """How many there are, and a digest of images and labels, in words: `10,000 (0123456789abcdef)`."""
        digest = hashlib.sha256(self.x.numpy().data)
        digest.update(self.labels.numpy().data)
        return f"{len(self):,} ({digest.hexdigest()[:16]})"

    def at(self, indices: Tensor) -> "Digits":
        """Return the digits with these indices."""
        return Digits(self.x[indices], self.labels[indices])

    def of_classes(self, classes: Sequence[int], each: int) -> "Digits":
        """Return the first `each` digits of each class, in the order of the set. DatasetError when there are fewer."""
        places = [(self.labels == digit).nonzero()[:each, 0] for digit in classes]
        for digit, found in zip(classes, places, strict=True):
            if len(found) < each:
                raise DatasetError(f"MNIST has {len(found)} images of the digit {digit}, expected at least {each}")
        return self.at(torch.cat(places).sort().values)

    def numbered(self, classes: Sequence[int]) -> "Digits":
        """Return the same digits with the index in `classes` as label."""
        return Digits(self.x, torch.tensor([classes.index(int(label)) for label in self.labels]))


def load_digits(folder: Path) -> tuple[Digits, Digits]:
    """Return MNIST's training and test digits. DatasetError when `folder` does not have them."""
    files = load_mnist(folder)
    return (
        _digits(torch.from_numpy(files.train_images), torch.from_numpy(files.train_labels)),
        _digits(torch.from_numpy(files.test_images), torch.from_numpy(files.test_labels)),
    )


def _digits(images: Tensor, labels: Tensor) -> Digits:
    return Digits(images[:, None].float().div_(255), labels.long())


def together(first: Digits, second: Digits) -> Digits:
    """Return the digits of both, those of `first` first."""
    return Digits(torch.cat((first.x, second.x)), torch.cat((first.labels, second.labels)))


def split_off(digits: Digits, part: float, generator: Generator) -> tuple[Digits, Digits]:
    """Split the digits at random: return the others, and a part of the digits.

    `part` is a number of digits, or below 1 a fraction. Raises DatasetError when no others would be left.
    """
    n = int(part) if part >= 1 else round(part * len(digits))
    if not n < len(digits):
        raise DatasetError(f"cannot hold out {n} of {len(digits)} digits: expected fewer than there are")
    order = torch.randperm(len(digits), generator=generator)
    return digits.at(order[n:]), digits.at(order[:n])


def standardised(train: Digits, *others: Digits) -> list[Digits]:
    """Return all sets with each pixel at mean 0 and deviation 1 over the training set; a constant pixel is 0."""
    mean, deviation = train.x.mean(0), train.x.std(0)
    deviation = deviation.where(deviation > 0, 1.0)
    return [Digits((part.x - mean).div_(deviation), part.labels) for part in (train, *others)]


def standardised_one_by_one(digits: Digits) -> Digits:
    """Return the digits with each image at mean 0 and deviation 1 over its own pixels."""
    mean, deviation = digits.x.mean((2, 3), keepdim=True), digits.x.std((2, 3), keepdim=True)
    return Digits((digits.x - mean) / deviation.where(deviation > 0, 1.0), digits.labels)


def padded(digits: Digits, side: int) -> Digits:
    """Return the images padded with 0 to `side` x `side` pixels, in the middle."""
    rest = side - digits.x.shape[2]
    before, after = rest // 2, rest - rest // 2
    return Digits(torch.constant_pad_nd(digits.x, (before, after, before, after)), digits.labels)
