"""CSC411, part 6: the cost over two weights, and the paths of gradient descent on these two alone."""

from collections.abc import Mapping

import torch
from torch import Tensor

from experiments.csc411_digits import MOMENTUM
from experiments.experiment import Measurement
from experiments.recipe import Parts
from mnist.cost_surface import CostSurface, Weight, descend
from nn.layers import Layer

FIRST, PUBLISHED, CENTRAL = Weight(375, 2), Weight(475, 4), Weight(465, 4)
REACH, LATTICE = 8.0, 33  # of the surface: to either side of the trained values; points along either weight
START = (7.0, 7.0)  # of the paths, counted from the trained values: as in the author's code
LR, STEPS = 0.01, 80
LOOK_AT = 40  # steps: where the paths are compared
SUMMED_OVER = (60_000, 3000, 1)  # images: the scales of cost that are tried, the author's first, which is drawn
MOMENTA = (0.0, MOMENTUM)


def two_weights(network: Layer, parts: Parts) -> Measurement:
    """Measure the cost over both pairs of weights and the paths on it; for the central pair also the excess cost."""
    x, labels = parts.train
    grid = torch.linspace(-REACH, REACH, LATTICE, dtype=torch.float64)
    measures, arrays = {}, {"grid": grid.numpy()}
    for pair, second in (("published", PUBLISHED), ("central", CENTRAL)):
        surface = CostSurface(network, x, labels, FIRST, second)
        arrays[f"{pair}: cost"] = surface.costs(grid, grid).numpy() / len(x)
        paths = {
            f"{images}, momentum {momentum:g}": descend(
                surface, START, lr=LR * images / len(x), momentum=momentum, steps=STEPS
            )
            for images in (SUMMED_OVER if second is CENTRAL else SUMMED_OVER[:1])
            for momentum in MOMENTA
        }
        arrays |= {f"{pair}: path, {name}": path.numpy() for name, path in paths.items()}
        measures[f"ink, {pair}"] = float((x.flatten(1)[:, second.pixel] > 0).sum())
    return Measurement(measures | _excess(surface, paths), arrays=arrays)


def _excess(surface: CostSurface, paths: Mapping[str, Tensor]) -> dict[str, float]:
    """Return (cost after LOOK_AT steps - lowest cost) / (cost at the start - lowest cost), in per cent."""

    def cost(at: Tensor) -> float:
        return float(surface.costs(at[:1], at[1:]))

    start, lowest = cost(torch.tensor(START).double()), min(cost(path[-1]) for path in paths.values())
    left = {name: (cost(path[LOOK_AT]) - lowest) / (start - lowest) for name, path in paths.items()}
    return {f"excess, {name}": 100 * share for name, share in left.items()}
