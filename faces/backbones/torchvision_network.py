"""Any classification network of torchvision as a backbone: its features are the input of its last linear layer.

Networks without a linear layer (squeezenet1_0 and squeezenet1_1, which end in a convolution) cannot be used.
"""

import copy
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from errors import RunError, UsageError
from faces.backbones.backbone import Backbone, FrozenNetwork, absolute, filter_pictures, in_pieces
from faces.backbones.precision import Precision
from faces.backbones.torchvision_weights import IMAGENET, RANDOM, fetched, torchvision_models
from faces.backbones.weight_files import check_finite, digest, read_tensors
from faces.settings import TORCHVISION as PREFIX

_SUFFIXES = (".pth", ".pt", ".safetensors")
# Files of DenseNet's weights are older than the names that torchvision gives their tensors now.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")


class TorchvisionNetwork(Backbone):
    """Features: what a network of torchvision computes before its last linear layer."""

    margin = 0.2
    has_roots = False  # the last activation differs from network to network

    def __init__(self, name: str, model: nn.Module, numbers: int, usual: Any, *, source: str, sha256: str) -> None:
        """`model` is without its last linear layer, `usual` what torchvision does with the network's photos."""
        self.name, self.numbers, self.source, self.sha256 = PREFIX + name, numbers, source, sha256
        self.model = model
        (self.size,) = usual.crop_size
        self.mean, self.deviation = list(map(float, usual.mean)), list(map(float, usual.std))

    def identity(self) -> dict[str, Any]:
        """Return architecture, weights, preprocessing and size, as JSON."""
        preprocessing = {"mean": self.mean, "deviation": self.deviation}
        return {
            "architecture": self.name,
            "weights": self.sha256,
            "preprocessing": preprocessing,
            "size": self.size,
        }

    def network(self, *, device: str = "cpu", precision: Precision | None = None, batch_size: int = 1) -> "Network":
        """Return the network, ready to compute."""
        return Network(self, device=device, precision=precision)

    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the filters of the first convolution as RGB pictures."""
        first = next(module for module in self.model.modules() if isinstance(module, nn.Conv2d))
        return filter_pictures(first.weight) if first.weight.shape[1] == 3 else []


class Network(FrozenNetwork):
    """A network of torchvision, ready to compute on one device."""

    def __init__(self, backbone: TorchvisionNetwork, *, device: str, precision: Precision | None) -> None:
        super().__init__(backbone.name, backbone.size, device, precision)
        self._model = copy.deepcopy(backbone.model).to(self.device).to(memory_format=torch.channels_last)
        mean, deviation = (torch.tensor(each)[:, None, None] for each in (backbone.mean, backbone.deviation))
        self._mean, self._deviation = (255 * mean).to(self.device), (255 * deviation).to(self.device)

    def _features(self, pixels: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return in_pieces(self._of_piece, pixels)

    def _of_piece(self, pixels: Tensor) -> Tensor:
        x = pixels.to(torch.float32, memory_format=torch.channels_last).sub_(self._mean).div_(self._deviation)
        features: Tensor = self._model(x)
        return features


def load_torchvision(
    name: str, weights: str | None = None, accept: Callable[[str], None] = lambda sha256: None
) -> TorchvisionNetwork:
    """Return the network that torchvision calls `name`, such as "resnet50", with or without "torchvision:" before it.

    `weights` is None or "imagenet": torchvision's default weights, downloaded once into the folder that TORCH_HOME
    names; "random": untrained ones, the same every time; or a state dict, a .pth, .pt or .safetensors file. `accept` is
    called with the SHA-256 before a file is read as weights. Raises UsageError for a name or a torchvision that cannot
    be used, RunError when there are no such weights.
    """
    name, models = name.removeprefix(PREFIX), torchvision_models()
    _check_name(name, models.list_models(module=models))
    entry = models.get_model_weights(name).DEFAULT
    usual, source = entry.transforms(), weights or IMAGENET
    model, last, numbers = _without_last(name, _untrained(name, models, usual))
    if source == RANDOM:
        sha256 = digest(model.state_dict().values())
        accept(sha256)
    else:
        path, accept_file = fetched(entry, accept) if source == IMAGENET else (Path(source), accept)
        sha256, tensors = read_tensors(path, names=f"{IMAGENET}, {RANDOM}", suffixes=_SUFFIXES, accept=accept_file)
        _load(path, name, model, {key: tensor for key, tensor in tensors.items() if not key.startswith(f"{last}.")})
    return TorchvisionNetwork(
        name,
        model.eval().requires_grad_(False),
        numbers,
        usual,
        source=source if source in (IMAGENET, RANDOM) else absolute(source),
        sha256=sha256,
    )


def _check_name(name: str, names: list[str]) -> None:
    """Raise UsageError, with the names most like it, unless torchvision has a network of this name."""
    if name not in names:
        near = get_close_matches(name.lower(), names, cutoff=0.4) or ["resnet50", "convnext_tiny", "vit_b_16"]
        raise UsageError(
            f"torchvision has no classification network {name!r}: expected one of its {len(names)} names, such as "
            f"{', '.join(PREFIX + each for each in near)}"
        )


def _untrained(name: str, models: Any, usual: Any) -> nn.Module:
    """Return the network with random weights, the same every time; it takes crops of the size of its own weights."""
    options: dict[str, Any] = {}
    if name.startswith("vit_"):
        (options["image_size"],) = usual.crop_size
    if name in ("googlenet", "inception_v3"):
        # Trained with other means than those of torchvision's photos, they first change their input.
        options = {"init_weights": False, "transform_input": True}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: nn.Module = models.get_model(name, weights=None, **options)
    return model


def _without_last(name: str, model: nn.Module) -> tuple[nn.Module, str, int]:
    """Return the network without its last linear layer, the layer's name, and how many numbers it took."""
    linear = [(path, module) for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise UsageError(
            f"{PREFIX}{name} cannot be used: its features would be the input of its last linear layer, and it has "
            "none; take another network, such as torchvision:mobilenet_v3_small"
        )
    path, last = linear[-1]
    parent, _, attribute = path.rpartition(".")
    setattr(model.get_submodule(parent), attribute, nn.Identity())
    return model, path, last.in_features


def _load(path: Path, name: str, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put the tensors of a file into the network. RunError unless they are the network's, real and finite."""
    tensors = {_OLD_NAME.sub(r"\1\2.", key): tensor for key, tensor in tensors.items()}
    for key, tensor in tensors.items():
        check_finite(path, key, tensor)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split("\n\t")[-1].split())[:150]
        raise RunError(
            f"{path} holds another network ({reason}): expected the state dict of torchvision's {name}"
        ) from error
