"""The frozen networks by the names that `--model` takes."""

from collections.abc import Callable

from faces.backbones.alexnet.alexnet import load_alexnet
from faces.backbones.backbone import Backbone
from faces.settings import check_backbone


def load_backbone(
    model: str, weights: str | None = None, accept: Callable[[str], None] = lambda sha256: None
) -> Backbone:
    """Return the network `model` with these weights, None for its own.

    `accept` is called with the SHA-256 of the weights before they are read. Raises RunError when there are no such
    weights, UsageError for another model, or when a package that is needed is not installed.
    """
    check_backbone(model)
    return load_alexnet(weights or "imagenet", accept=accept)
