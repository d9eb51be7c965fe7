"""Random small changes to whole batches of images, so that a network sees more photos than there are.

The only module of `data` that needs torch. A batch is (N, C, H, W) of float values. A generator on another
device than the batch draws there, and what it draws is copied.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How much a photo may be changed; each change is drawn uniformly for each image of each batch."""

    mirror: float = 0.5  # probability of a left-right mirror image
    rotation: float = 10.0  # degrees, either way
    shift: float = 0.04  # fraction of the width and of the height, either way
    zoom: float = 0.1  # 0.1: from 1/1.1 to 1.1 times as large
    crop: int | None = None  # first cut a square of so many pixels out at random, and put it into the middle
    beyond: Literal["border", "zeros"] = "border"  # pixels from outside the photo: its nearest pixel, or 0

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return a changed copy of the batch `x` (N, C, H, W)."""
        if self.crop is not None:
            x = random_crop(x, self.crop, generator)
        return grid_sample(x, self._drawn(x, generator), padding_mode=self.beyond, align_corners=False)

    def _drawn(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Draw a change for each image of the batch; return where its pixels are taken from."""

        def spread(limit: float) -> Tensor:
            draws = torch.rand(len(x), generator=generator, dtype=x.dtype, device=generator.device)
            return (2 * draws.to(x.device) - 1) * limit  # (N,) in [-limit, limit]

        angle = spread(math.radians(self.rotation))
        scale = torch.exp(spread(math.log1p(self.zoom)))
        mirror = 1 - 2 * (spread(0.5) + 0.5 < self.mirror).to(x.dtype)  # -1: mirrored
        right, down = spread(2 * self.shift), spread(2 * self.shift)
        return _grid(x, angle, scale, right, down, mirror)


def _grid(x: Tensor, angle: Tensor, scale: Tensor, right: Tensor, down: Tensor, mirror: Tensor) -> Tensor:
    """Return where each pixel of the changed images is taken from: (N, H, W, 2), x and y in [-1, 1].

    One affine map an image: mirror (1 or -1), zoom (the factor by which what is seen widens), rotate (radians), shift
    (of what is seen, half sides), each (N,). Written out because `affine_grid` multiplies matrices for what are two
    additions a pixel, and takes four times as long.
    """
    n, _, height, width = x.shape
    angle, scale, right, down, mirror = (change[:, None, None] for change in (angle, scale, right, down, mirror))
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    aspect = height / width  # a rotation turns pixels, and [-1, 1] is not as many pixels high as wide
    column, row = _centres(width, x)[None, None, :], _centres(height, x)[None, :, None]
    places = x.new_empty(n, height, width, 2)
    torch.add(mirror * cosine * column, right - aspect * sine * row, out=places[..., 0])
    torch.add(mirror * sine / aspect * column, down + cosine * row, out=places[..., 1])
    return places


def random_crop(x: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Return (N, C, H, W) with a random square of `side` pixels of each image, in the middle of zeros.

    `side` is at most the height and the width.
    """
    n, channels, height, width = x.shape
    top, left = (
        torch.randint(rest + 1, (n, 1, 1, 1), generator=generator, device=generator.device).to(x.device)
        for rest in (height - side, width - side)
    )
    reach = torch.arange(side, device=x.device)
    image, channel = (torch.arange(count, device=x.device) for count in (n, channels))
    row, column = top + reach[:, None], left + reach
    cut = x[image[:, None, None, None], channel[:, None, None], row, column]  # (N, C, side, side)
    above, before = (height - side) // 2, (width - side) // 2
    return torch.constant_pad_nd(cut, (before, width - side - before, above, height - side - above))


def _centres(pixels: int, like: Tensor) -> Tensor:
    """Return the coordinates of the pixels' centres, in [-1, 1]."""
    return (2 * torch.arange(pixels, dtype=like.dtype, device=like.device) + 1) / pixels - 1
