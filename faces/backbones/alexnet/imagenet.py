"""torchvision's AlexNet as trained on ImageNet."""

from collections.abc import Callable

from faces.backbones.alexnet.architecture import Preprocessing
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.weight_files import read_weights
from faces.backbones.torchvision_weights import IMAGENET, fetched, torchvision_models


def imagenet_weights(accept: Callable[[str], None] = lambda sha256: None) -> Weights:
    """Return AlexNet_Weights.IMAGENET1K_V1, downloaded if the file is not there yet; `accept` is as in `read_weights`.

    Raises RunError when the file is missing and cannot be downloaded, or is damaged; UsageError when torchvision cannot
    be used.
    """
    entry = torchvision_models("; or use --weights PATH").AlexNet_Weights.IMAGENET1K_V1
    file, accept_whole = fetched(entry, accept)
    usual = entry.transforms()
    preprocessing = Preprocessing(channels="RGB", scale=1 / 255, mean=tuple(usual.mean), deviation=tuple(usual.std))
    return read_weights(file, source=IMAGENET, preprocessing=preprocessing, accept=accept_whole)
