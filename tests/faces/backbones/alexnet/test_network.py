"""The forward pass: both architectures against independent ones, at both sizes, one by one and in batches."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from errors import LayerError, UsageError
from faces.backbones.alexnet.architecture import ORIGINAL, TORCHVISION, Architecture
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.network import Network
from faces.backbones.alexnet.stage import FOURIER_FROM
from faces.backbones.alexnet.weights import load_weights
from faces.backbones.precision import choose_precision

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def crops(count: int, size: int) -> Tensor:
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))


def original(weights: Weights, pixels: Tensor) -> Tensor:
    """The network as the release for Caffe describes it, in float64."""
    (w1, b1), (w2, b2), (w3, b3), (w4, b4), (w5, b5) = ((w.double(), b.double()) for w, b in weights.convolutions)
    x = pixels.double()[:, [2, 1, 0]] - torch.tensor([104.0, 117.0, 123.0])[:, None, None]
    x = F.local_response_norm(F.relu(F.conv2d(x, w1, b1, stride=4)), 5, alpha=1e-4, beta=0.75, k=1.0)
    x = F.max_pool2d(x, 3, 2, ceil_mode=True)
    x = F.local_response_norm(F.relu(F.conv2d(x, w2, b2, padding=2, groups=2)), 5, alpha=1e-4, beta=0.75, k=1.0)
    x = F.max_pool2d(x, 3, 2, ceil_mode=True)
    x = F.relu(F.conv2d(x, w3, b3, padding=1))
    x = F.relu(F.conv2d(x, w4, b4, padding=1, groups=2))
    x = F.relu(F.conv2d(x, w5, b5, padding=1, groups=2))
    return F.max_pool2d(x, 3, 2, ceil_mode=True).flatten(1)


def torchvisions(state: dict[str, Tensor], pixels: Tensor) -> Tensor:
    """torchvision's own features, through its own pooling to 6 x 6, in float32."""
    models = pytest.importorskip("torchvision.models")
    model = models.alexnet(weights=None).eval()
    model.load_state_dict(state, strict=False)
    mean, deviation = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_DEVIATION)
    with torch.no_grad():
        x = (pixels / 255 - mean[:, None, None]) / deviation[:, None, None]
        features: Tensor = model.avgpool(model.features(x)).flatten(1)
    return features


@pytest.mark.parametrize("size", [224, 227])
def test_torchvisions_features(torchvision_weights: Weights, state: dict[str, Tensor], size: int) -> None:
    pixels = crops(FOURIER_FROM, size)
    expected = torchvisions(state, pixels[:4])
    alone = Network(torchvision_weights, size=size, precision="float32")(pixels[:4])
    among = Network(torchvision_weights, size=size, precision="float32", batch_size=len(pixels))(pixels)[:4]
    for features in (alone, among):
        assert (features.shape, features.dtype) == ((4, 9216), torch.float32)
        torch.testing.assert_close(features, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [224, 227])
def test_the_original_network(original_weights: Weights, size: int) -> None:
    pixels = crops(FOURIER_FROM, size)
    expected = original(original_weights, pixels[:3])
    alone = Network(original_weights, size=size, precision="float32")(pixels[:3])
    among = Network(original_weights, size=size, precision="float32", batch_size=len(pixels))(pixels)[:3]
    for features in (alone, among):
        torch.testing.assert_close(features.double(), expected, rtol=0, atol=1e-5 * float(expected.max()))


def test_the_trained_weights(shared: Path) -> None:
    weights = load_weights(str(shared / "weights" / "bvlc_alexnet_conv_int8.npz"))
    pixels = crops(2, 227)
    features = Network(weights, precision="float32")(pixels).double()
    torch.testing.assert_close(features, original(weights, pixels), rtol=1e-4, atol=1e-4)


def test_bfloat16_points_the_same_way(original_weights: Weights, torchvision_weights: Weights) -> None:
    pixels = crops(2, 227)
    for weights in (original_weights, torchvision_weights):
        exact, rounded = (Network(weights, precision=how)(pixels) for how in ("float32", "bfloat16"))
        assert rounded.dtype == torch.float32
        assert not torch.equal(exact, rounded)
        assert F.cosine_similarity(exact, rounded).min() > 0.9999


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_computes_the_same(original_weights: Weights) -> None:
    pixels = crops(2, 227)
    exact, on_cuda = (
        Network(original_weights, device=device, precision="float32")(pixels) for device in ("cpu", "cuda")
    )
    assert F.cosine_similarity(exact, on_cuda.cpu()).min() > 0.9999


def test_a_photo_and_its_mirror_image(original_weights: Weights) -> None:
    network, pixels = Network(original_weights), crops(2, 227)
    both = network.both_ways(pixels)
    assert both.shape == (2, 2, 9216)
    torch.testing.assert_close(both[:, 0], network(pixels))
    torch.testing.assert_close(both[:, 1], network(pixels.flip(3)))


def test_features_are_ordinary_tensors(original_weights: Weights) -> None:
    features = Network(original_weights)(crops(1, 227))
    features.mul_(2)  # what inference mode makes refuses this
    assert not features.requires_grad


@pytest.mark.parametrize("architecture", [ORIGINAL, TORCHVISION])
@pytest.mark.parametrize("size", [64, 192, 256])
def test_a_size_that_gives_other_maps_is_refused(architecture: Architecture, size: int) -> None:
    assert architecture.sides(224)[-1] == architecture.sides(227)[-1] == 6
    with pytest.raises(UsageError, match=rf"{size} x {size}.*expected a size from \d+ to \d+, best 227") as error:
        architecture.check_size(size)
    least, most = map(int, re.findall(r"from (\d+) to (\d+)", str(error.value))[0])
    assert least <= 224 < 227 <= most


def test_crops_of_another_kind_are_refused(original_weights: Weights) -> None:
    network = Network(original_weights)
    for wrong in (crops(1, 224), crops(1, 227).float(), crops(1, 227)[:, :1]):
        with pytest.raises(LayerError, match=r"expected torch.uint8 \(N, 3, 227, 227\)"):
            network(wrong)


def test_precision_is_what_the_processor_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr("faces.backbones.precision.CPUINFO", cpuinfo)
    assert choose_precision("cpu") == "float32"
    for flags, expected in (("avx2 fma", "float32"), ("avx2 avx512_bf16", "bfloat16"), ("amx_bf16 fma", "bfloat16")):
        cpuinfo.write_text(f"model name\t: avx512_bf16\nflags\t\t: {flags}\n", encoding="utf-8")
        assert choose_precision("cpu") == expected
