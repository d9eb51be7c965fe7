"""Networks of torchvision: the numbers before their last linear layer, with weights from wherever they are."""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from errors import RunError, UsageError
from faces.backbones.torchvision_network import TorchvisionNetwork, load_torchvision

models = pytest.importorskip("torchvision.models")
NAMES = ["resnet18", "mobilenet_v3_small", "convnext_tiny"]


def crops(count: int, size: int = 224) -> Tensor:
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))


def before_the_last_layer(model: nn.Module, x: Tensor) -> Tensor:
    """What reaches the last linear layer of a whole network of torchvision."""
    seen: list[Tensor] = []
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model.eval()(x)
    return seen[0]


@pytest.fixture(scope="module")
def resnet18() -> TorchvisionNetwork:
    return load_torchvision("torchvision:resnet18", "random")


@pytest.fixture
def state() -> dict[str, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(8)
        whole: dict[str, Tensor] = models.resnet18(weights=None).state_dict()
    return whole


@pytest.mark.parametrize("name", NAMES)
def test_torchvisions_own_numbers(name: str, tmp_path: Path) -> None:
    model = models.get_model(name, weights=None)
    torch.save(model.state_dict(), tmp_path / "a.pth")
    backbone = load_torchvision(name, str(tmp_path / "a.pth"))
    pixels = crops(2, backbone.size)
    mean, deviation = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    x = (pixels / 255 - mean[:, None, None]) / deviation[:, None, None]
    expected = before_the_last_layer(model, x)
    features = backbone.network(precision="float32")(pixels)
    assert features.shape == (2, backbone.numbers)
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("name", NAMES)
def test_random_weights_are_the_same_every_time(name: str) -> None:
    state = torch.random.get_rng_state()
    first, again = (load_torchvision(name, "random") for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (first.name, first.source, first.has_roots) == (f"torchvision:{name}", "random", False)
    assert first.identity() == again.identity()
    assert first.sha256 != load_torchvision("shufflenet_v2_x0_5", "random").sha256


def test_a_network_takes_crops_of_the_size_of_its_own_weights() -> None:
    backbone = load_torchvision("efficientnet_b1", "random")
    assert backbone.size == 240
    assert backbone.network()(crops(1, 240)).shape == (1, 1280)


def test_a_crop_and_its_mirror_image(resnet18: TorchvisionNetwork) -> None:
    network, pixels = resnet18.network(precision="float32"), crops(2)
    both = network.both_ways(pixels)
    torch.testing.assert_close(both[:, 0], network(pixels))
    torch.testing.assert_close(both[:, 1], network(pixels.flip(3)))


def test_bfloat16_points_the_same_way(resnet18: TorchvisionNetwork) -> None:
    exact, rounded = (resnet18.network(precision=how)(crops(2)) for how in ("float32", "bfloat16"))
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert F.cosine_similarity(exact, rounded).min() > 0.999


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_computes_the_same(resnet18: TorchvisionNetwork) -> None:
    exact, on_cuda = (resnet18.network(device=device, precision="float32")(crops(2)) for device in ("cpu", "cuda"))
    assert F.cosine_similarity(exact, on_cuda.cpu()).min() > 0.9999
    assert next(resnet18.model.parameters()).is_cpu


def test_its_filters_are_pictures(resnet18: TorchvisionNetwork) -> None:
    assert [picture.shape for picture in resnet18.filters()] == [(7, 7, 3)] * 64


def test_it_pickles(resnet18: TorchvisionNetwork) -> None:
    again = pickle.loads(pickle.dumps(resnet18))
    assert again.identity() == resnet18.identity()
    assert torch.equal(again.network()(crops(1)), resnet18.network()(crops(1)))


@pytest.mark.parametrize(
    ("file", "write"),
    [
        ("a.pth", torch.save),
        ("a.pt", lambda state, path: torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, path)),
        ("a.safetensors", safetensors.torch.save_file),
    ],
)
def test_a_state_dict_for_other_classes(
    file: str, write: Callable[[Any, Path], None], state: dict[str, Tensor], tmp_path: Path, monkeypatch: Any
) -> None:
    write({**state, "fc.weight": torch.zeros(7, 512), "fc.bias": torch.zeros(7)}, tmp_path / file)
    monkeypatch.chdir(tmp_path)
    backbone = load_torchvision("resnet18", file)
    assert backbone.source == str(tmp_path / file)
    assert backbone.sha256 == hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
    loaded = backbone.model.state_dict()
    assert all(torch.equal(loaded[key], tensor) for key, tensor in state.items() if not key.startswith("fc."))


@pytest.mark.parametrize("change", ["missing", "shape", "more", "infinite"])
def test_a_file_of_another_network(change: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    path, words = tmp_path / "a.pth", f"{tmp_path / 'a.pth'} holds another network .*conv1"
    if change == "missing":
        del state["conv1.weight"]
    elif change == "shape":
        state["conv1.weight"] = state["conv1.weight"][:1]
    elif change == "more":
        state["conv10.weight"] = torch.zeros(1)
    else:
        state["conv1.weight"][0, 0, 0, 0] = torch.inf
        words = "conv1.weight holds what is no finite number"
    torch.save(state, path)
    with pytest.raises(RunError, match=words) as error:
        load_torchvision("resnet18", str(path))
    assert "\n" not in str(error.value)


def test_densenets_old_names(tmp_path: Path) -> None:
    new: dict[str, Tensor] = models.densenet121(weights=None).state_dict()
    old = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): tensor for key, tensor in new.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "a.pth")
    loaded = load_torchvision("densenet121", str(tmp_path / "a.pth")).model.state_dict()
    assert all(torch.equal(loaded[key], tensor) for key, tensor in new.items() if not key.startswith("classifier."))


def test_its_own_weights_with_their_normalisation(
    state: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(state, tmp_path / "a.pth")
    sha256 = hashlib.sha256((tmp_path / "a.pth").read_bytes()).hexdigest()
    usual = SimpleNamespace(crop_size=[64], mean=[0.5, 0.4, 0.3], std=[0.2, 0.2, 0.1])
    entry = SimpleNamespace(
        url=f"https://example.org/resnet18-{sha256[:8]}.pth", transforms=lambda: usual, get_state_dict=pytest.fail
    )
    monkeypatch.setattr(models, "get_model_weights", lambda name: SimpleNamespace(DEFAULT=entry))
    file = folder / f"resnet18-{sha256[:8]}.pth"
    (tmp_path / "a.pth").rename(file)
    accepted: list[str] = []
    backbone = load_torchvision("resnet18", None, accepted.append)
    assert accepted == [backbone.sha256] == [sha256]
    assert (backbone.source, backbone.size) == ("imagenet", 64)
    assert backbone.identity()["preprocessing"] == {"mean": usual.mean, "deviation": usual.std}
    file.write_bytes(b"another")
    with pytest.raises(RunError, match="is damaged"):
        load_torchvision("resnet18", "imagenet", accepted.append)
    assert len(accepted) == 1


def test_nothing_is_read_before_its_sha256_is_accepted(tmp_path: Path) -> None:
    def refuse(sha256: str) -> None:
        raise RunError(f"not {sha256}")

    (tmp_path / "a.pth").write_bytes(b"mine")
    for weights in ("random", str(tmp_path / "a.pth")):
        with pytest.raises(RunError, match=r"not [0-9a-f]{64}"):
            load_torchvision("resnet18", weights, refuse)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet5", r"no classification network 'resnet5': .*torchvision:resnet50"),
        ("torchvision:ConvNext_tini", r"no classification network .*torchvision:convnext_tiny"),
        ("fcn_resnet50", "no classification network"),
        ("zzz", r"such as torchvision:resnet50"),
        ("squeezenet1_0", "squeezenet1_0 cannot be used: .*last linear layer, and it has none"),
    ],
)
def test_a_name_that_cannot_be_used(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_torchvision(name, "random")


def test_weights_that_are_none() -> None:
    with pytest.raises(RunError, match=r"no weights in nowhere: expected imagenet, random, or the path"):
        load_torchvision("resnet18", "nowhere")
