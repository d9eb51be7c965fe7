"""One operation written four ways: the convolution, its matrix, the matrix transposed, and the adjoint as a layer."""

from dataclasses import dataclass

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from errors import LayerError
from nn.kernels import Pair, Windows
from nn.kernels.convolution import adjoint, correlate
from nn.kernels.toeplitz import toeplitz
from nn.layers import Conv2d, ConvTranspose2d


@dataclass(frozen=True)
class ConvolutionCase:
    """Outputs, channels and kernel; the image; the windows."""

    weight: tuple[int, int, int, int]
    image: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)

    @property
    def windows(self) -> Windows:
        return Windows(self.weight[2:], self.stride, self.padding)

    def w(self) -> Tensor:
        return drawn(0, *self.weight)

    def x(self, n: int = 1) -> Tensor:
        return drawn(1, n, self.weight[1], *self.image)

    def dy(self, n: int = 1) -> Tensor:
        return drawn(2, n, self.weight[0], *self.windows.output("test", *self.image))

    def matrix(self) -> Tensor:
        return toeplitz(self.w(), *self.image, self.stride, self.padding)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


CASES = [
    ConvolutionCase((1, 1, 1, 1), (3, 2)),
    ConvolutionCase((2, 3, 3, 3), (5, 7)),
    ConvolutionCase((3, 1, 5, 4), (5, 4)),
    ConvolutionCase((2, 2, 3, 2), (6, 5), stride=(2, 2)),
    ConvolutionCase((2, 3, 3, 3), (8, 7), stride=(2, 3), padding=(1, 2)),
    ConvolutionCase((1, 2, 2, 3), (4, 9), stride=(3, 4)),
    ConvolutionCase((2, 1, 3, 5), (1, 3), padding=(2, 1)),
]
each = pytest.mark.parametrize("case", CASES, ids=str)


def same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@each
def test_the_convolution_is_the_matrix(case: ConvolutionCase) -> None:
    x = case.x(3)
    y = correlate(x, case.w(), None, case.windows)
    same(y.flatten(1), x.flatten(1) @ case.matrix().T)
    same(y, functional.conv2d(x, case.w(), None, case.stride, case.padding))


@each
def test_the_adjoint_is_the_matrix_transposed(case: ConvolutionCase) -> None:
    dy = case.dy(3)
    dx = adjoint(dy, case.w(), case.image, case.windows)
    same(dx.flatten(1), dy.flatten(1) @ case.matrix())


@each
def test_a_product_with_y_is_a_product_with_x(case: ConvolutionCase) -> None:
    """<conv(x), dy> = <x, adjoint(dy)>: what makes it the adjoint."""
    x, dy = case.x(), case.dy()
    there = (correlate(x, case.w(), None, case.windows) * dy).sum()
    back = (x * adjoint(dy, case.w(), case.image, case.windows)).sum()
    same(there, back)


@each
def test_the_adjoint_of_the_adjoint_is_the_convolution(case: ConvolutionCase) -> None:
    """The columns of the adjoint's matrix, one unit image each, make T transposed; transposed again it convolves."""
    outputs = case.dy()[0]
    units = torch.eye(outputs.numel(), dtype=torch.float64).view(-1, *outputs.shape)
    twice = adjoint(units, case.w(), case.image, case.windows).flatten(1)  # row q: adjoint of the unit q
    x = case.x(2)
    same(correlate(x, case.w(), None, case.windows).flatten(1), x.flatten(1) @ twice.T)


def layers(case: ConvolutionCase) -> tuple[Conv2d, ConvTranspose2d]:
    """Return the convolution, and its adjoint as a layer with the same weight."""
    outputs, channels, *_ = case.weight
    (kh, kw), (sh, sw), (ph, pw) = case.windows.kernel, case.stride, case.padding
    generator = Generator().manual_seed(0)
    more = ((case.image[0] + 2 * ph - kh) % sh, (case.image[1] + 2 * pw - kw) % sw)
    conv = Conv2d(
        channels, outputs, (kh, kw), generator=generator, stride=(sh, sw), padding=(ph, pw), dtype=torch.float64
    )
    back = ConvTranspose2d(
        outputs,
        channels,
        (kh, kw),
        generator=generator,
        stride=(sh, sw),
        padding=(ph, pw),
        output_padding=more,
        dtype=torch.float64,
    )
    conv.weight.value.copy_(case.w())
    back.weight.value.copy_(case.w())
    return conv, back


@each
def test_the_layer_forward_is_the_convolutions_backward_and_the_other_way_round(case: ConvolutionCase) -> None:
    conv, back = layers(case)
    x, dy = case.x(2), case.dy(2)
    y = conv.forward(x, training=True)
    z = back.forward(dy, training=True)
    same(z, conv.backward(dy))
    same(back.backward(x), y)
    assert conv.weight.grad is not None
    assert back.weight.grad is not None
    same(conv.weight.grad, back.weight.grad)


@each
def test_the_layer_is_the_matrix_transposed_and_a_bias(case: ConvolutionCase) -> None:
    _, back = layers(case)
    bias = back.parameters()["bias"].value
    bias.copy_(drawn(3, case.weight[1]))
    expected = (case.dy(2).flatten(1) @ case.matrix()).view(2, case.weight[1], *case.image)
    same(back.forward(case.dy(2)), expected + bias[:, None, None])


def test_a_matrix_by_hand() -> None:
    w = torch.tensor([[[[1.0, 2.0]]]])
    assert toeplitz(w, 1, 3).tolist() == [[1, 2, 0], [0, 1, 2]]
    assert toeplitz(w, 1, 3, stride=2, padding=(0, 1)).tolist() == [[2, 0, 0], [0, 1, 2]]


def test_it_is_doubly_blocked() -> None:
    """Blocks along a diagonal are equal, and so are the numbers along a diagonal of each block."""
    t = toeplitz(drawn(0, 2, 3, 3, 2), 6, 5, padding=1).view(2, 6, 6, 3, 6, 5)  # (o, i, j, c, h, v)
    assert torch.equal(t[:, 1:, :, :, 1:], t[:, :-1, :, :, :-1])
    assert torch.equal(t[:, :, 1:, :, :, 1:], t[:, :, :-1, :, :, :-1])


def test_its_dtype_is_the_kernels() -> None:
    assert toeplitz(torch.ones(1, 1, 2, 2), 3, 3).dtype == torch.float32


def test_a_matrix_too_large_to_look_at_is_refused_with_its_size() -> None:
    message = r"32 kernels on 16 x 28 x 28 make a matrix of 1,035 MiB, expected at most 256"
    with pytest.raises(LayerError, match=message):
        toeplitz(torch.ones(32, 16, 3, 3), 28, 28)


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LayerError, match="toeplitz: a window of 4 x 1 does not fit into an image of 3 x 3"):
        toeplitz(torch.ones(1, 1, 4, 1), 3, 3)


def test_the_layer_refuses_what_cannot_be() -> None:
    generator = Generator().manual_seed(0)
    with pytest.raises(LayerError, match=r"output_padding must be in \[0, stride\), got \(2, 2\), stride \(2, 2\)"):
        ConvTranspose2d(1, 1, 3, generator=generator, stride=2, output_padding=2)
    with pytest.raises(LayerError, match=r"x of the shape \(1, 1, 1, 1\) leaves no pixel of y"):
        ConvTranspose2d(1, 1, 2, generator=generator, padding=1).forward(torch.ones(1, 1, 1, 1))
    with pytest.raises(LayerError, match=r"x has the shape \(1, 3, 2, 2\), expected \(N, 2, H, W\)"):
        ConvTranspose2d(2, 1, 2, generator=generator).forward(torch.ones(1, 3, 2, 2))
