"""The networks by the settings that ask for them. A further one is a line here and one in `commands/train_faces`."""

from pathlib import Path

from faces.backbones.alexnet.weights import load_weights
from faces.classifier import Classifier
from faces.hidden import HiddenClassifier
from faces.settings import HiddenSettings, TrainingOptions, TransferSettings
from faces.transfer import TransferClassifier


def make_classifier(settings: TrainingOptions, weights: str, seed: int, device: str) -> Classifier:
    """Return an untrained classifier; `weights` is what `load_weights` takes. RunError when AlexNet's cannot be had."""
    if isinstance(settings, TransferSettings):
        found = load_weights(weights)
        spec = str(Path(weights).resolve()) if Path(weights).is_file() else weights
        return TransferClassifier(settings, weights=found, weights_from=spec, seed=seed, device=device)
    assert isinstance(settings, HiddenSettings)
    return HiddenClassifier(settings, seed=seed, device=device)
