"""The contract of a layer, over all layers: adding a layer adds a row to `CASES`.

Autograd is the oracle. It differentiates the same function written with torch's own operations, in float64.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Generator, Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from errors import LayerError
from nn.gradient_check import layer_errors
from nn.initialisers import normal
from nn.kernels import RankOneGradient
from nn.layers import (
    AvgPool2d,
    BatchNorm,
    Columns,
    Conv2d,
    ConvTranspose2d,
    Dropout,
    Flatten,
    GradientMeter,
    L2Pool2d,
    Layer,
    LeakyReLU,
    Linear,
    MapDropout,
    MaxPool2d,
    Operation,
    Permute,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    UnitLength,
)

Oracle = Callable[[Tensor, dict[str, Tensor]], Tensor]


@dataclass(frozen=True)
class LayerCase:
    """A layer, the shape of a sample, and the same function in torch's words."""

    name: str
    make: Callable[[], Layer]
    sample: tuple[int, ...]
    oracle: Oracle

    def x(self, n: int, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(n, *self.sample, generator=seeded(1), dtype=dtype)


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def linear(inputs: int, outputs: int) -> Linear:
    return Linear(inputs, outputs, generator=seeded(2), bias_initialiser=normal(1), dtype=torch.float64)


def conv(channels: int, outputs: int, kernel: int | tuple[int, int], **how: Any) -> Conv2d:
    return Conv2d(
        channels, outputs, kernel, generator=seeded(2), bias_initialiser=normal(1), dtype=torch.float64, **how
    )


def convolved(**how: Any) -> Oracle:
    return lambda x, p: functional.conv2d(x, p["weight"], p.get("bias"), **how)


def transposed(channels: int, outputs: int, kernel: int | tuple[int, int], **how: Any) -> ConvTranspose2d:
    bias = normal(1)
    return ConvTranspose2d(
        channels, outputs, kernel, generator=seeded(2), bias_initialiser=bias, dtype=torch.float64, **how
    )


def convolved_back(**how: Any) -> Oracle:
    return lambda x, p: functional.conv_transpose2d(x, p["weight"], p["bias"], **how)


def root_of_squares(x: Tensor, kernel: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    return functional.avg_pool2d(x**2, kernel, stride, padding, divisor_override=1) ** 0.5


def batch_norm(features: int) -> BatchNorm:
    layer = BatchNorm(features, dtype=torch.float64)
    for parameter in layer.parameters().values():
        parameter.value.normal_(generator=seeded(2))
    return layer


def normalised(x: Tensor, p: dict[str, Tensor]) -> Tensor:
    return functional.batch_norm(x, None, None, p["weight"], p["bias"], training=True)


def dropped(x: Tensor) -> Tensor:
    """What a Dropout(0.4) with a generator seeded 3 does in its first forward."""
    return x * (torch.rand(x.shape, generator=seeded(3)) >= 0.4) / 0.6


def maps_dropped(x: Tensor) -> Tensor:
    return x * dropped(torch.ones(*x.shape[:2], 1, 1, dtype=x.dtype))


def two_columns() -> Columns:
    left = Sequential(Flatten(), linear(6, 3), Tanh())
    return Columns((left, Permute(torch.tensor([4, 0, 5, 2, 1, 3]))), (Sequential(Flatten(), linear(6, 2)), None))


def two_columns_oracle(x: Tensor, p: dict[str, Tensor]) -> Tensor:
    rows = x.flatten(1)
    left = functional.linear(rows[:, [4, 0, 5, 2, 1, 3]], p["0.1.weight"], p["0.1.bias"]).tanh()
    return torch.cat([left, functional.linear(rows, p["1.1.weight"], p["1.1.bias"])], 1)


def network(x: Tensor, p: dict[str, Tensor]) -> Tensor:
    h = functional.leaky_relu(functional.linear(x.flatten(1), p["1.weight"], p["1.bias"]), 0.1)
    return functional.linear(dropped(h), p["4.0.weight"], p["4.0.bias"]).tanh()


CASES = [
    LayerCase("linear", lambda: linear(7, 3), (7,), lambda x, p: functional.linear(x, p["weight"], p["bias"])),
    LayerCase("linear onto one", lambda: linear(5, 1), (5,), lambda x, p: functional.linear(x, p["weight"], p["bias"])),
    LayerCase("conv", lambda: conv(2, 3, 3), (2, 5, 7), convolved()),
    LayerCase("conv of many windows", lambda: conv(2, 3, 3), (2, 35, 37), convolved()),
    LayerCase("conv onto one", lambda: conv(1, 1, 1), (1, 3, 2), convolved()),
    LayerCase("conv as large as the image", lambda: conv(3, 4, (5, 4)), (3, 5, 4), convolved()),
    LayerCase("conv with stride", lambda: conv(2, 3, 3, stride=2), (2, 8, 7), convolved(stride=2)),
    LayerCase("conv with padding", lambda: conv(2, 3, (3, 2), padding=(2, 1)), (2, 5, 4), convolved(padding=(2, 1))),
    LayerCase(
        "conv with both, of many windows",
        lambda: conv(2, 3, (5, 4), stride=(2, 3), padding=(2, 0)),
        (2, 72, 95),
        convolved(stride=(2, 3), padding=(2, 0)),
    ),
    LayerCase("conv same", lambda: conv(2, 3, 3, padding="same"), (2, 5, 4), convolved(padding="same")),
    LayerCase(
        "conv same, even",
        lambda: conv(2, 3, (2, 4), padding="same"),
        (2, 5, 4),
        lambda x, p: functional.conv2d(functional.pad(x, (1, 2, 0, 1)), p["weight"], p["bias"]),
    ),
    LayerCase("conv without bias", lambda: conv(2, 3, 3, bias=False), (2, 5, 7), convolved()),
    LayerCase("conv transpose", lambda: transposed(2, 3, 3), (2, 5, 7), convolved_back()),
    LayerCase("conv transpose with stride", lambda: transposed(3, 2, 3, stride=2), (3, 4, 3), convolved_back(stride=2)),
    LayerCase(
        "conv transpose with all, of many windows",
        lambda: transposed(2, 3, (5, 4), stride=(2, 3), padding=(2, 1), output_padding=(1, 2)),
        (2, 36, 31),
        convolved_back(stride=(2, 3), padding=(2, 1), output_padding=(1, 2)),
    ),
    LayerCase("max pool", lambda: MaxPool2d(2), (3, 5, 7), lambda x, p: functional.max_pool2d(x, 2)),
    LayerCase(
        "max pool that overlaps", lambda: MaxPool2d(3, 2), (2, 7, 9), lambda x, p: functional.max_pool2d(x, 3, 2)
    ),
    LayerCase(
        "max pool with padding",
        lambda: MaxPool2d((3, 2), (1, 2), (1, 0)),
        (2, 5, 4),
        lambda x, p: functional.max_pool2d(x, (3, 2), (1, 2), (1, 0)),
    ),
    LayerCase("average pool", lambda: AvgPool2d(2), (3, 5, 7), lambda x, p: functional.avg_pool2d(x, 2)),
    LayerCase(
        "average pool that overlaps, with padding",
        lambda: AvgPool2d((3, 2), 2, 1),
        (2, 7, 6),
        lambda x, p: functional.avg_pool2d(x, (3, 2), 2, 1),
    ),
    LayerCase("l2 pool", lambda: L2Pool2d(2), (3, 5, 7), lambda x, p: root_of_squares(x, 2)),
    LayerCase(
        "l2 pool that overlaps, with padding",
        lambda: L2Pool2d((3, 2), 2, 1),
        (2, 7, 6),
        lambda x, p: root_of_squares(x, (3, 2), 2, 1),
    ),
    LayerCase("batch norm", lambda: batch_norm(3), (3, 5, 4), normalised),
    LayerCase("batch norm of one map", lambda: batch_norm(1), (1, 1, 7), normalised),
    LayerCase("permute", lambda: Permute(torch.tensor([2, 0, 3, 1])), (4,), lambda x, p: x[:, [2, 0, 3, 1]]),
    LayerCase(
        "permute images",
        lambda: Permute(torch.randperm(30, generator=seeded(3))),
        (2, 3, 5),
        lambda x, p: x.flatten(1)[:, torch.randperm(30, generator=seeded(3))].view(x.shape),
    ),
    LayerCase("columns", two_columns, (2, 1, 3), two_columns_oracle),
    LayerCase("flatten", Flatten, (2, 3, 5), lambda x, p: x.flatten(1)),
    LayerCase("reshape", lambda: Reshape(2, 5, 3), (30,), lambda x, p: x.reshape(-1, 2, 5, 3)),
    LayerCase("relu", ReLU, (3, 5), lambda x, p: x.relu()),
    LayerCase("leaky relu", lambda: LeakyReLU(0.2), (7,), lambda x, p: functional.leaky_relu(x, 0.2)),
    LayerCase("leaky relu that does not leak", lambda: LeakyReLU(0.0), (7,), lambda x, p: x.relu()),
    LayerCase("sigmoid", Sigmoid, (7,), lambda x, p: x.sigmoid()),
    LayerCase("sigmoid with slope", lambda: Sigmoid(0.7), (2, 3, 5), lambda x, p: (0.7 * x).sigmoid()),
    LayerCase("tanh", Tanh, (7,), lambda x, p: x.tanh()),
    LayerCase("tanh with slope", lambda: Tanh(0.5), (2, 3, 5), lambda x, p: (0.5 * x).tanh()),
    LayerCase("softmax", Softmax, (6,), lambda x, p: x.softmax(1)),
    LayerCase("softmax with beta", lambda: Softmax(2.5), (6,), lambda x, p: (2.5 * x).softmax(1)),
    LayerCase("softmax of images", lambda: Softmax(2.5), (4, 3, 5), lambda x, p: (2.5 * x).softmax(1)),
    LayerCase("unit length", UnitLength, (6,), lambda x, p: functional.normalize(x, dim=1)),
    LayerCase("dropout", lambda: Dropout(0.4, generator=seeded(3)), (3, 5), lambda x, p: dropped(x)),
    LayerCase("dropout of nothing", lambda: Dropout(0.0, generator=seeded(3)), (7,), lambda x, p: x * 1),
    LayerCase("map dropout", lambda: MapDropout(0.4, generator=seeded(3)), (4, 2, 3), lambda x, p: maps_dropped(x)),
    LayerCase("gradient meter", GradientMeter, (7,), lambda x, p: x * 1),
    LayerCase("sequential of nothing", Sequential, (7,), lambda x, p: x * 1),
    LayerCase(
        "sequential",
        lambda: Sequential(
            Flatten(), linear(6, 5), LeakyReLU(0.1), Dropout(0.4, generator=seeded(3)), Sequential(linear(5, 4), Tanh())
        ),
        (1, 2, 3),
        network,
    ),
]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
operations = pytest.mark.parametrize(
    "case", [c for c in CASES if c.name != "sequential of nothing"], ids=lambda c: c.name
)


def same(a: Tensor | None, b: Tensor | None) -> None:
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def expected(case: LayerCase, layer: Layer, x: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor], Tensor]:
    """Return y, dx, the parameters' gradients and the dy they belong to, by autograd."""
    x = x.detach().clone().requires_grad_()
    p = {name: parameter.value.clone().requires_grad_() for name, parameter in layer.parameters().items()}
    y = case.oracle(x, p)
    dy = torch.randn(y.shape, generator=seeded(4), dtype=y.dtype)
    dx, *gradients = torch.autograd.grad(y, [x, *p.values()], dy)
    return y.detach(), dx, dict(zip(p, gradients, strict=True)), dy


@each
@pytest.mark.parametrize("n", [1, 5])
def test_output_and_every_gradient_are_those_of_autograd(case: LayerCase, n: int) -> None:
    layer, x = case.make(), case.x(n)
    y, dx, gradients, dy = expected(case, layer, x)
    same(layer.forward(x, training=True), y)
    same(layer.backward(dy), dx)
    for name, parameter in layer.parameters().items():
        same(parameter.grad, gradients[name])


@each
def test_strides_do_not_matter(case: LayerCase) -> None:
    layer, x = case.make(), case.x(5)
    y, dx, gradients, dy = expected(case, layer, x)
    apart_x, apart_dy = (torch.stack([t, t], dim=-1)[..., 0] for t in (x, dy))
    assert not apart_x.is_contiguous()
    same(layer.forward(apart_x, training=True), y)
    same(layer.backward(apart_dy), dx)
    for name, parameter in layer.parameters().items():
        same(parameter.grad, gradients[name])


@each
def test_finite_differences_agree(case: LayerCase) -> None:
    assert max(layer_errors(case.make(), case.x(3), generator=seeded(5), at_most=20).values()) < 1e-6


@each
def test_backward_adds_to_the_gradients(case: LayerCase) -> None:
    layer, x = case.make(), case.x(4)
    y = layer.forward(x, training=True)
    layer.backward(torch.ones_like(y))
    once = {name: p.grad.clone() for name, p in layer.parameters().items() if p.grad is not None}
    assert once.keys() == layer.parameters().keys()
    for generator in layer.generators().values():
        generator.manual_seed(3)
    layer.forward(x, training=True)
    layer.backward(torch.ones_like(y))
    for name, parameter in layer.parameters().items():
        same(parameter.grad, 2 * once[name])


@each
def test_without_dx_the_gradients_are_the_same(case: LayerCase) -> None:
    layer, x = case.make(), case.x(4)
    _, _, gradients, dy = expected(case, layer, x)
    layer.forward(x, training=True)
    layer.backward_parameters(dy)
    for name, parameter in layer.parameters().items():
        same(parameter.grad, gradients[name])


@each
def test_x_and_dy_are_left_as_they_were_and_no_graph_is_recorded(case: LayerCase) -> None:
    layer, x = case.make(), case.x(4)
    before = x.clone()
    y = layer.forward(x.requires_grad_(), training=True)
    dy = torch.ones_like(y)
    tensors = [y.detach(), layer.backward(dy), *(p.grad for p in layer.parameters().values() if p.grad is not None)]
    assert torch.equal(x, before)
    assert torch.equal(dy, torch.ones_like(dy))
    assert not any(tensor.requires_grad for tensor in tensors)


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_the_dtype_stays(case: LayerCase, dtype: torch.dtype) -> None:
    layer = case.make().to(dtype=dtype)
    y = layer.forward(case.x(3, dtype), training=True)
    dx = layer.backward(torch.ones_like(y))
    assert {t.dtype for t in (y, dx, *layer.state().values()) if t.is_floating_point()} == {dtype}


@pytest.mark.parametrize("case", [c for c in CASES if not c.make().generators()], ids=lambda c: c.name)
def test_everything_is_on_the_device_of_x(case: LayerCase) -> None:
    """On tensors without numbers, which torch checks as those of a GPU, without one: a CPU tensor among them raises."""
    layer, x = case.make(), case.x(4)
    with FakeTensorMode(allow_non_fake_inputs=True):
        y = layer.to("cuda").forward(x.to("cuda"), training=True)
        if isinstance(layer, GradientMeter):  # it reads a number, and these have none
            return
        tensors = [y, layer.backward(torch.ones_like(y)), *(p.grad for p in layer.parameters().values())]
    assert {tensor.device.type for tensor in tensors if tensor is not None} == {"cuda"}


@pytest.mark.parametrize("case", [c for c in CASES if not c.make().generators()], ids=lambda c: c.name)
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_computes_the_same(case: LayerCase) -> None:
    layer, x = case.make(), case.x(4)
    y, dx, gradients, dy = expected(case, layer, x)
    layer.to("cuda")
    same(layer.forward(x.cuda(), training=True).cpu(), y)
    same(layer.backward(dy.cuda()).cpu(), dx)
    for name, parameter in layer.parameters().items():
        assert parameter.grad is not None
        same(parameter.grad.cpu(), gradients[name])


@operations
def test_backward_needs_a_training_forward_of_its_own(case: LayerCase) -> None:
    layer, x = case.make(), case.x(2)
    dy = torch.ones_like(layer.forward(x))
    with pytest.raises(LayerError, match=r"needs a forward\(x, training=True\)"):
        layer.backward(dy)
    layer.forward(x, training=True)
    layer.backward(dy)
    with pytest.raises(LayerError, match=r"needs a forward\(x, training=True\)"):
        layer.backward(dy)
    layer.forward(x, training=True)
    layer.forward(x)
    with pytest.raises(LayerError, match=r"needs a forward\(x, training=True\)"):
        layer.backward(dy)


@operations
def test_a_dy_of_another_shape_is_refused_with_both_shapes(case: LayerCase) -> None:
    layer = case.make()
    y = layer.forward(case.x(2), training=True)
    last = list(getattr(layer, "layers", [layer]))[-1]
    name = type(last.layers[-1] if isinstance(last, Sequential) else last).__name__
    with pytest.raises(LayerError) as error:
        layer.backward(torch.ones(3, *y.shape[1:], dtype=y.dtype))
    assert name in str(error.value)
    assert str((3, *y.shape[1:])) in str(error.value)
    assert str(tuple(y.shape)) in str(error.value)


OTHERS: list[tuple[str, Callable[[Tensor], Any], str]] = [  # than a float64 on the CPU; and what is said of it
    ("dtype", lambda t: t.float(), r"is torch\.float32, .* torch\.float64; convert one: .*\.to\(dtype\)"),
    ("device", lambda t: t.to("meta"), r"is on meta, .* on cpu; move one: .*\.to\(device\)"),
    ("integer", lambda t: t.long(), r"is torch\.int64, expected a floating dtype"),
    ("array", lambda t: t.numpy(), "is of the type ndarray, expected a tensor"),
]
of_another = pytest.mark.parametrize(
    ("change", "message"), [(f, text) for _, f, text in OTHERS], ids=[n for n, *_ in OTHERS]
)


@operations
@of_another
@pytest.mark.parametrize("backward", ["backward", "backward_parameters"])
def test_a_dy_of_another_kind_is_refused_by_name(
    case: LayerCase, backward: str, change: Callable[[Tensor], Any], message: str
) -> None:
    layer = case.make()
    y = layer.forward(case.x(2), training=True)
    with pytest.raises(LayerError, match=rf"^\w+\(.*\): dy {message}"):
        getattr(layer, backward)(change(torch.ones_like(y)))


@pytest.mark.parametrize("case", [c for c in CASES if c.make().parameters()], ids=lambda c: c.name)
@of_another
def test_an_x_of_another_kind_than_the_weights_is_refused_by_name(
    case: LayerCase, change: Callable[[Tensor], Any], message: str
) -> None:
    with pytest.raises(LayerError, match=rf"^\w+\(.*\): x {message}"):
        case.make().forward(change(case.x(2)))


def test_an_x_on_another_device_than_a_permutation_is_refused() -> None:
    with pytest.raises(LayerError, match=r"Permute\(4\): x is on meta, the permutation on cpu; move one"):
        Permute(torch.arange(4)).forward(torch.ones(2, 4, device="meta"))


@operations
def test_what_forward_kept_is_dropped_by_a_move(case: LayerCase) -> None:
    layer = case.make()
    y = layer.forward(case.x(2), training=True)
    with pytest.raises(LayerError, match=r"needs a forward\(x, training=True\)"):
        layer.to(dtype=torch.float32).backward(torch.ones_like(y))


def test_evaluation_keeps_nothing() -> None:
    layer = linear(3, 2)
    kept = []
    for training in (True, False):
        x = torch.ones(1, 3, dtype=torch.float64)
        memory = weakref.ref(x.untyped_storage())
        layer.forward(x, training=training)
        del x
        kept.append(memory() is not None)
    assert kept == [True, False]


@each
def test_calling_a_layer_is_forward(case: LayerCase) -> None:
    x = case.x(2)
    assert torch.equal(case.make()(x), case.make().forward(x))


@each
def test_repr_is_one_line_with_the_kind(case: LayerCase) -> None:
    layer = case.make()
    assert repr(layer).startswith(f"{type(layer).__name__}(")
    assert "\n" not in repr(layer)
    assert len(repr(layer)) <= 120


def test_repr_says_the_shapes() -> None:
    assert list(
        map(
            repr,
            [
                *(conv(2, 3, (5, 4)), conv(2, 3, 3, stride=(2, 1), padding=1), conv(2, 3, (2, 4), padding="same")),
                *(transposed(3, 2, 3), MaxPool2d(2), AvgPool2d(3, 2, 1), linear(7, 3), Reshape(2, 5), batch_norm(3)),
                *(BatchNorm(3, momentum=0.2), Permute(torch.arange(4)), Dropout(0.4, generator=seeded(0)), Flatten()),
                Columns((linear(2, 3), Permute(torch.arange(2))), (linear(2, 3), None)),
            ],
        )
    ) == [
        *(
            "Conv2d(2, 3, 5 x 4)",
            "Conv2d(2, 3, 3 x 3, stride 2 x 1, padding 1 x 1)",
            "Conv2d(2, 3, 2 x 4, padding same)",
        ),
        *("ConvTranspose2d(3, 2, 3 x 3)", "MaxPool2d(2 x 2)", "AvgPool2d(3 x 3, stride 2 x 2, padding 1 x 1)"),
        *("Linear(7, 3)", "Reshape(2, 5)", "BatchNorm(3)", "BatchNorm(3, momentum=0.2)", "Permute(4)"),
        *("Dropout(0.4)", "Flatten()", "Columns((Linear(2, 3), Permute(2)), Linear(2, 3))"),
    ]
    assert repr(linear(7, 3).weight) == "Parameter((3, 7), float64)"
    assert repr(Permute(torch.arange(4)).permutation) == "Buffer((4,), int64)"
    assert repr(RankOneGradient(torch.ones(1, 3), torch.ones(1, 7))) == "RankOneGradient((3, 7))"


def test_a_layer_of_ones_own_says_what_it_was_made_with() -> None:
    class Scale(Operation):
        def __init__(self, factor: float, start: Tensor, *, limit: float = 1.0, name: str = "") -> None:
            self.factor, self.start, self.limit = factor, start, limit  # and not the name

        def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, None]:
            return x * self.factor, None

        def _backward(self, dy: Tensor, kept: None) -> Tensor:
            return dy * self.factor

    assert repr(Scale(2.0, torch.ones(3), name="a")) == "Scale(2.0, Tensor((3,), float32))"
    assert repr(Scale(2.0, torch.ones(3), limit=0.5)) == "Scale(2.0, Tensor((3,), float32), limit=0.5)"


def test_the_middle_of_a_long_network_is_left_out() -> None:
    layers = [layer for _ in range(20) for layer in (linear(30, 30), ReLU())]
    assert repr(Sequential(*layers[:6])) == f"Sequential({', '.join(['Linear(30, 30), ReLU()'] * 3)})"
    assert repr(Sequential(*layers)) == (
        f"Sequential({', '.join(['Linear(30, 30), ReLU()'] * 3)}, ... 33 more ..., ReLU())"
    )
    nested = Sequential(Columns((Sequential(*layers), None), (Sequential(linear(30, 30)), None)), Flatten())
    assert repr(nested) == "Sequential(Columns(Sequential(...), Sequential(Linear(30, 30))), Flatten())"


def test_a_wrong_equation_is_found_at_its_first_use() -> None:
    class Narrow(Linear):
        def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
            return dy

    class Transposed(Linear):
        def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor | RankOneGradient]:
            return {"weight": x.T @ dy}

    x, dy = torch.ones(4, 3), torch.ones(4, 2)
    narrow, transposed = Narrow(3, 2, generator=seeded(0)), Transposed(3, 2, generator=seeded(0))
    narrow.forward(x, training=True)
    with pytest.raises(LayerError, match=r"Narrow\(3, 2\): dx has the shape \(4, 2\), expected \(4, 3\)"):
        narrow.backward(dy)
    transposed.forward(x, training=True)
    with pytest.raises(LayerError, match=r"the gradient of weight has the shape \(3, 2\), expected \(2, 3\)"):
        transposed.backward(dy)


def test_an_equation_of_another_dtype_is_found_at_its_first_use() -> None:
    class Wide(Linear):
        def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
            return super()._backward(dy, x).double()

    class WideGradient(Linear):
        def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor | RankOneGradient]:
            return {"bias": dy.sum(0).double()}

    x, dy = torch.ones(4, 3), torch.ones(4, 2)
    wide, wide_gradient = Wide(3, 2, generator=seeded(0)), WideGradient(3, 2, generator=seeded(0))
    wide.forward(x, training=True)
    with pytest.raises(LayerError, match=r"Wide\(3, 2\): dx is torch\.float64, x torch\.float32"):
        wide.backward(dy)
    wide_gradient.forward(x, training=True)
    with pytest.raises(LayerError, match=r"WideGradient\(3, 2\): the gradient of bias is torch\.float64, bias torch"):
        wide_gradient.backward(dy)


@pytest.mark.parametrize(
    ("layer", "x", "message"),
    [
        (
            linear(3, 2),
            torch.ones(4, 5, dtype=torch.float64),
            r"Linear\(3, 2\): x has the shape \(4, 5\), expected \(N, 3\)",
        ),
        (linear(3, 2), torch.ones(4, 3), "x is torch.float32, the weights torch.float64"),
        (Reshape(2, 2), torch.ones(4, 5), r"Reshape\(2, 2\): x has the shape \(4, 5\), expected 4 numbers a sample"),
    ],
)
def test_an_x_of_another_shape_or_dtype_is_refused(layer: Layer, x: Tensor, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        layer.forward(x)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(LayerError, match=r"Dropout\(1\.0\): p must be in \[0, 1\), got 1\.0"):
        Dropout(1.0, generator=seeded(0))
    with pytest.raises(LayerError, match="leak must be in"):
        LeakyReLU(-0.1)
    with pytest.raises(LayerError, match="outputs must be at least 1"):
        linear(3, 0)


def test_softmax_does_not_overflow() -> None:
    y = Softmax(3.0).forward(torch.tensor([[1e4, 1e4 - 1.0, -1e30]]))
    same(y, torch.tensor([[3.0, 0.0, -torch.inf]]).softmax(1))


def test_dropout_drops_p_keeps_the_mean_and_evaluation_is_the_identity() -> None:
    layer, x = Dropout(0.3, generator=seeded(0)), torch.ones(200, 500)
    y = layer.forward(x, training=True)
    assert (y == 0).double().mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1.0, abs=0.01)
    assert torch.equal(layer.forward(x), x)


def test_dropout_drops_the_same_units_in_every_dtype() -> None:
    masks = [
        Dropout(0.5, generator=seeded(0)).forward(torch.ones(50, dtype=d), training=True)
        for d in (torch.float32, torch.float64)
    ]
    same(masks[0].double(), masks[1])


def test_map_dropout_drops_whole_maps_and_keeps_the_mean() -> None:
    layer, x = MapDropout(0.3, generator=seeded(0)), torch.ones(100, 200, 2, 3)
    y = layer.forward(x, training=True)
    assert torch.equal(y, y[:, :, :1, :1].expand_as(y))
    assert (y[:, :, 0, 0] == 0).double().mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1.0, abs=0.01)
    assert torch.equal(layer.forward(x), x)
    with pytest.raises(LayerError, match=r"MapDropout\(0\.3\): x has the shape \(4, 3\), expected \(N, C, H, W\)"):
        layer.forward(torch.ones(4, 3))


def test_a_network_names_its_parameters_and_generators_by_position() -> None:
    layer = CASES[-1].make()
    assert list(layer.parameters()) == ["1.weight", "1.bias", "4.0.weight", "4.0.bias"]
    assert list(layer.generators()) == ["3.generator"]


def test_a_layer_at_two_places_is_refused() -> None:
    shared = ReLU()
    with pytest.raises(LayerError, match="one layer stands at two places"):
        Sequential(shared, linear(2, 2), shared)


def test_the_lowest_layer_with_parameters_is_spared_its_dx() -> None:
    class Spared(Linear):
        def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
            raise AssertionError("this dx is not needed")

    bottom = Spared(6, 4, generator=seeded(0))
    layer = Sequential(Flatten(), Sequential(bottom), ReLU(), Linear(4, 2, generator=seeded(0)))
    y = layer.forward(torch.ones(3, 2, 3), training=True)
    layer.backward_parameters(torch.ones_like(y))
    assert bottom.weight.grad is not None


def test_one_seed_is_one_network() -> None:
    a, b = linear(4, 3), linear(4, 3)
    assert torch.equal(a.weight.value, b.weight.value)
    assert torch.equal(a.bias.value, b.bias.value)
