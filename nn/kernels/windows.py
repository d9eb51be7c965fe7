"""Where a kernel is laid over an image: the geometry that convolutions and poolings share.

A window of `kernel` pixels is laid on the image, with `padding` pixels of border added on every side, and moved by
`stride` pixels; each place makes one pixel of the output. All are (vertical, horizontal).
"""

from dataclasses import dataclass
from typing import Self

from errors import LayerError
from nn.checks import at_least

Pair = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """Kernel, stride and padding, checked."""

    kernel: Pair
    stride: Pair
    padding: Pair

    @classmethod
    def of(cls, owner: object, kernel: int | Pair, stride: int | Pair, padding: int | Pair) -> Self:
        """Return the windows of a layer, one number standing for both directions; LayerError names `owner`."""
        windows = cls(_pair(kernel), _pair(stride), _pair(padding))
        for name, pair, least in (("kernel", windows.kernel, 1), ("stride", windows.stride, 1)):
            for value in pair:
                at_least(owner, name, value, least)
        for value in windows.padding:
            at_least(owner, "padding", value, 0)
        return windows

    def output(self, owner: object, height: int, width: int) -> Pair:
        """Return the height and width of the output: floor((side + 2 padding - kernel) / stride) + 1 each."""
        (kh, kw), (sh, sw), (ph, pw) = self.kernel, self.stride, self.padding
        if height + 2 * ph < kh or width + 2 * pw < kw:
            raise LayerError(
                f"{owner}: a window of {kh} x {kw} does not fit into an image of {height} x {width}"
                + (f" padded by {ph} and {pw}" if ph or pw else "")
            )
        return (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
