"""What is computed of features that are read a few photos at a time: mean, deviation, the pieces as one."""

from collections.abc import Iterable

import torch
from torch import Tensor


def deviation_and_mean(photos: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the deviation of all numbers, (), and the mean over photos and views, (numbers,).

    `photos` yields tensors (n, views, numbers).
    """
    n, squares, sums = 0, torch.zeros((), dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for x in photos:
        n += x.numel()
        squares = squares.to(x.device) + x.square().sum(dtype=torch.float64)
        sums = sums.to(x.device) + x.sum((0, 1), dtype=torch.float64)
    variance = (squares - sums.sum().square() / n) / (n - 1)
    return variance.sqrt().float(), (sums * len(sums) / n).float()


def first_of_each(target: Tensor, most: int) -> Tensor:
    """Return the indices of the first `most` photos of each class; `target` (N,) has the class of each photo."""
    return torch.cat([(target == label).nonzero()[:most, 0] for label in range(int(target.max()) + 1)])


def together(n: int, pieces: Iterable[Tensor]) -> Tensor:
    """Return the pieces as one tensor (n, ...), filled one after the other: memory never holds all of them twice."""
    at, whole = 0, torch.empty(0)
    for piece in pieces:
        whole = piece.new_empty((n, *piece.shape[1:])) if at == 0 else whole
        whole[at : at + len(piece)] = piece
        at += len(piece)
    return whole
