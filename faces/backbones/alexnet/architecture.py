"""The two AlexNets up to conv5, as tables: the original, and torchvision's.

A table has all that the forward pass needs, except the weights.

Sources: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, as
released for Caffe; Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014, as torchvision
has it.
"""

from dataclasses import dataclass
from typing import Literal

from errors import UsageError

MAP_SIDE = 6  # side of conv5's maps after pooling
FEATURES = 256 * MAP_SIDE * MAP_SIDE  # numbers per photo: 9,216
SIZE = 227  # default side of a crop, in pixels
_SIDES = range(64, 513)  # of crops, tried when a size is refused, to name those that fit


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a network's input is made of pixels x in 0..255: channels in this order, (x * scale - mean) / deviation."""

    channels: Literal["RGB", "BGR"]
    scale: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A convolution and a ReLU; then, if set, local response normalisation and max pooling (3 x 3, stride 2)."""

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    normalised: bool = False
    pooled: bool = False

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """(outputs, inputs of a group, kernel, kernel)."""
        return self.outputs, self.inputs // self.groups, self.kernel, self.kernel

    @property
    def keeps_side(self) -> bool:
        """Whether the convolution's output has the height and width of its input."""
        return self.stride == 1 and 2 * self.padding == self.kernel - 1


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Five stages and the preprocessing. `ceil_pooling`: a pooling window may extend beyond the map, as in Caffe."""

    name: str
    stages: tuple[Stage, ...]
    preprocessing: Preprocessing
    ceil_pooling: bool

    def sides(self, size: int) -> list[int]:
        """Return, for crops of `size`, the side of each stage's input, and of the last stage's output."""
        sides = [size]
        for stage in self.stages:
            side = (sides[-1] + 2 * stage.padding - stage.kernel) // stage.stride + 1
            sides.append((side - 3 + int(self.ceil_pooling)) // 2 + 1 if stage.pooled else side)
        return sides

    def check_size(self, size: int) -> None:
        """Raise UsageError unless crops of `size` x `size` give maps of 6 x 6."""
        if self.sides(size)[-1] != MAP_SIDE:
            fit = [side for side in _SIDES if self.sides(side)[-1] == MAP_SIDE]
            raise UsageError(
                f"crops of {size} x {size} pixels do not give the {self.name} AlexNet maps of {MAP_SIDE} x {MAP_SIDE}: "
                f"expected a size from {fit[0]} to {fit[-1]}, best {SIZE}"
            )


ORIGINAL = Architecture(
    name="original",
    stages=(
        Stage(inputs=3, outputs=96, kernel=11, stride=4, normalised=True, pooled=True),
        Stage(inputs=96, outputs=256, kernel=5, padding=2, groups=2, normalised=True, pooled=True),
        Stage(inputs=256, outputs=384, kernel=3, padding=1),
        Stage(inputs=384, outputs=384, kernel=3, padding=1, groups=2),
        Stage(inputs=384, outputs=256, kernel=3, padding=1, groups=2, pooled=True),
    ),
    preprocessing=Preprocessing(channels="BGR", scale=1.0, mean=(104.0, 117.0, 123.0), deviation=(1.0, 1.0, 1.0)),
    ceil_pooling=True,
)

TORCHVISION = Architecture(
    name="torchvision",
    stages=(
        Stage(inputs=3, outputs=64, kernel=11, stride=4, padding=2, pooled=True),
        Stage(inputs=64, outputs=192, kernel=5, padding=2, pooled=True),
        Stage(inputs=192, outputs=384, kernel=3, padding=1),
        Stage(inputs=384, outputs=256, kernel=3, padding=1),
        Stage(inputs=256, outputs=256, kernel=3, padding=1, pooled=True),
    ),
    preprocessing=Preprocessing(
        channels="RGB", scale=1 / 255, mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225)
    ),
    ceil_pooling=False,
)
