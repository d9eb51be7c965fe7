"""Where a kernel lies on an image: the geometry that convolutions and poolings share."""

from typing import NamedTuple, Self

from errors import LayerError
from nn.checks import at_least

Pair = tuple[int, int]


class Windows(NamedTuple):
    """Kernel, stride and padding in pixels, each (vertical, horizontal); in the order in which torch takes them.

    A window of `kernel` pixels moves over the image by `stride` pixels, with `padding` pixels of border on every
    side. Each position makes one pixel of the output.
    """

    kernel: Pair
    stride: Pair
    padding: Pair

    @classmethod
    def of(cls, owner: object, kernel: int | Pair, stride: int | Pair, padding: int | Pair) -> Self:
        """Return the windows of a layer, one number standing for both directions; LayerError names `owner`."""
        windows = cls(pair(kernel), pair(stride), pair(padding))
        for name, least in (("kernel", 1), ("stride", 1), ("padding", 0)):
            at_least(owner, name, min(getattr(windows, name)), least)
        return windows

    def in_words(self, usual_stride: Pair) -> list[str]:
        """Return the kernel, the stride unless it is the usual one, and the padding if there is some: `3 x 3`."""
        words = ["{} x {}".format(*self.kernel)]
        words += ["stride {} x {}".format(*self.stride)] if self.stride != usual_stride else []
        return words + (["padding {} x {}".format(*self.padding)] if any(self.padding) else [])

    def output(self, owner: object, height: int, width: int) -> Pair:
        """Return the height and width of the output: floor((side + 2 padding - kernel) / stride) + 1 each."""
        (kh, kw), (sh, sw), (ph, pw) = self
        if height + 2 * ph < kh or width + 2 * pw < kw:
            raise LayerError(
                f"{owner}: a window of {kh} x {kw} does not fit into an image of {height} x {width}"
                + (f" padded by {ph} and {pw}" if ph or pw else "")
            )
        return (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1


def pair(value: int | Pair) -> Pair:
    """Return one number twice, a pair as it is."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])
