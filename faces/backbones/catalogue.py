"""`load_backbone`: the backbone that --model names, with the weights that --weights names."""

from collections.abc import Callable

from faces.backbones.backbone import Backbone
from faces.settings import check_model


def load_backbone(
    model: str, weights: str | None = None, accept: Callable[[str], None] = lambda sha256: None
) -> Backbone:
    """Return the backbone "alexnet", "face" or "torchvision:NAME".

    `weights` None: the network's own, trained ones. `accept` is called with the SHA-256 before a file is read as
    weights. Raises UsageError for a model that there is not, or what it needs is not installed; RunError when there are
    no such weights.
    """
    check_model(model)
    if model == "alexnet":
        from faces.backbones.alexnet.alexnet import load_alexnet
        from faces.backbones.torchvision_weights import IMAGENET

        return load_alexnet(weights or IMAGENET, accept=accept)
    if model == "face":
        from faces.backbones.face.face import load_face

        return load_face(weights, accept)
    from faces.backbones.torchvision_network import load_torchvision

    return load_torchvision(model, weights, accept)
