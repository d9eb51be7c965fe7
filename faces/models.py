"""The networks by the settings that ask for them. A further one is a line here and one in `commands/train_faces`."""

from pathlib import Path

from faces.alexnet.weights import load_weights
from faces.classifier import Classifier
from faces.head import HeadClassifier
from faces.hidden import HiddenClassifier
from faces.settings import HeadSettings, HiddenSettings, TrainingOptions


def make_classifier(settings: TrainingOptions, weights: str, seed: int, device: str) -> Classifier:
    """Return an untrained classifier; `weights` is what `load_weights` takes. RunError when AlexNet's cannot be had."""
    if isinstance(settings, HeadSettings):
        found = load_weights(weights)
        spec = str(Path(weights).resolve()) if Path(weights).is_file() else weights
        return HeadClassifier(settings, weights=found, weights_from=spec, seed=seed, device=device)
    assert isinstance(settings, HiddenSettings)
    return HiddenClassifier(settings, seed=seed, device=device)
