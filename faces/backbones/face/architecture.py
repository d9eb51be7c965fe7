"""The ResNet with 29 convolutions for aligned RGB faces of 150 x 150, as a table.

Source: King, "High quality face recognition with deep metric learning", 2017, as dlib defines and trained it.
"""

from dataclasses import dataclass

SIZE = 150  # side of a crop, in pixels
FEATURES = 128  # numbers of a crop
MEAN = (122.782, 117.001, 104.298)  # of red, green and blue; the network's input is (pixel - mean) / 256
SCALE = 1 / 256
FIRST = (32, 3, 7, 7)  # (outputs, inputs, kernel, kernel); stride 2, then max pooling 3 x 3 of stride 2


@dataclass(frozen=True)
class Block:
    """Two convolutions 3 x 3 and the block's input added; `halves`: the first has stride 2, the input is averaged."""

    inputs: int
    outputs: int
    halves: bool

    @property
    def weight_shapes(self) -> tuple[tuple[int, int, int, int], ...]:
        """(outputs, inputs, kernel, kernel) of both convolutions."""
        return (self.outputs, self.inputs, 3, 3), (self.outputs, self.outputs, 3, 3)


BLOCKS = (
    *(Block(32, 32, False),) * 3,
    Block(32, 64, True),
    *(Block(64, 64, False),) * 3,
    Block(64, 128, True),
    *(Block(128, 128, False),) * 2,
    Block(128, 256, True),
    *(Block(256, 256, False),) * 2,
    Block(256, 256, True),
)
SHAPES = (FIRST, *(shape for block in BLOCKS for shape in block.weight_shapes))  # of the 29 convolutions' weights
