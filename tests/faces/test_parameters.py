"""What the classifiers' parameters mean at their limits and defaults: views, schedule, seed, settings."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import faces.classifier
from errors import UsageError
from faces.backbones.alexnet.architecture import Stage
from faces.backbones.alexnet.weights import random_weights
from faces.detection.detector import DetectorSettings
from faces.detection.folder import detect_folder
from faces.features.cluster import cache_features_on_ray
from faces.features.extract import extract
from faces.folder import PhotoFolder, load_folder
from faces.hidden import HiddenClassifier
from faces.photos import PhotoArray
from faces.predict import PredictSettings
from faces.settings import ClassifierSettings, HiddenSettings, TransferSettings
from faces.training_run import FaceTraining
from faces.transfer import READ_AT_ONCE, TransferClassifier
from nn.schedules import Cosine

NAMES = ["Ada", "Ada", "Ada", "Bo", "Bo", "Bo", "Bo"]


def photos(n: int = len(NAMES), side: int = 6) -> PhotoArray:
    return PhotoArray(np.random.default_rng(0).random((n, 1, side, side), np.float32))


def hidden(**parameters: Any) -> HiddenClassifier:
    return HiddenClassifier(**{"hidden": 3, "epochs": 2, "batch_size": 3, "size": 6, **parameters})


def test_answers_average_a_photo_its_mirror_image_and_both_a_pixel_towards_each_corner() -> None:
    photo = torch.arange(30.0).view(1, 1, 5, 6)
    views = list(hidden()._views(photo))
    expected = []
    for seen in (photo[0, 0], photo[0, 0].flip(1)):
        expected.append(seen)
        for down in (-1, 1):
            for right in (-1, 1):
                rows = (torch.arange(5) + down).clamp(0, 4)
                columns = (torch.arange(6) + right).clamp(0, 5)
                expected.append(seen[rows][:, columns])
    assert [view[0, 0].tolist() for view in views] == [view.tolist() for view in expected]


@pytest.mark.parametrize(("batch_size", "epochs", "steps"), [(3, 2, 2 * 3), (7, 2, 2), (8, 5, 5), (6, 1, 2), (1, 1, 7)])
def test_the_rate_falls_to_0_at_the_last_step(
    batch_size: int, epochs: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Cosine] = []

    def cosine(lr: float, **settings: Any) -> Cosine:
        made.append(Cosine(lr, **settings))
        return made[-1]

    monkeypatch.setattr(faces.classifier, "Cosine", cosine)
    hidden(batch_size=batch_size, epochs=epochs, lr=0.25).fit(photos(), NAMES)
    assert made == [Cosine(0.25, steps=steps)]


def test_without_a_seed_it_is_0() -> None:
    assert hidden().fit(photos(), NAMES).to_bytes() == hidden(seed=0).fit(photos(), NAMES).to_bytes()


def test_balanced_classes_weigh_the_same_in_sum() -> None:
    classifier = hidden(class_weight="balanced").fit(photos(), NAMES)
    weights = classifier._class_weights(classifier._targets(np.array(NAMES)))
    assert weights is not None
    assert weights.tolist() == pytest.approx([7 / (2 * 3), 7 / (2 * 4)])


@pytest.mark.parametrize("n", [1, READ_AT_ONCE, READ_AT_ONCE + 1])
def test_every_photo_is_given_to_the_network_once_and_in_order(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = TransferClassifier(weights="random")
    seen: list[int] = []

    class Network:
        def both_ways(self, pixels: torch.Tensor) -> torch.Tensor:
            seen.append(len(pixels))
            return pixels[:, :1, 0, :2].float().transpose(1, 2)

    monkeypatch.setattr(type(classifier.backbone), "network", lambda self, **options: Network())
    pixels = np.zeros((n, 3, 63, 63), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(n)
    assert classifier.read(pixels)[:][:, 0, 0].tolist() == list(range(n))
    assert max(seen) <= READ_AT_ONCE


SETTINGS: dict[type[ClassifierSettings], dict[str, Any]] = {
    HiddenSettings: {
        **{"hidden": 300, "epochs": 300, "batch_size": 64, "lr": 1e-3, "weight_decay": 1e-4, "dropout": 0.5},
        **{"label_smoothing": 0.1, "start": 0.001, "patience": None, "class_weight": "none", "size": 48, "seed": 0},
        **{
            "device": "auto",
            "capture": True,
            "rotation": 6.0,
            "shift": 0.03,
            "zoom": 0.06,
            "align": False,
            "margin": 0.05,
        },
    },
    TransferSettings: {
        **{"hidden": 0, "epochs": 60, "batch_size": 64, "lr": 5e-4, "weight_decay": 1.0, "dropout": 0.5},
        **{"label_smoothing": 0.1, "start": 0.001, "patience": 10, "class_weight": "none", "seed": 0},
        **{"device": "auto", "capture": True, "model": "alexnet", "weights": None, "head": "auto", "align": False},
    },
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_the_measured_numbers_of_the_documentation_are_of_these_defaults(kind: type[ClassifierSettings]) -> None:
    assert vars(kind()) == SETTINGS[kind]  # type: ignore[call-arg]  # each class gives what the base leaves open


LEAST = {
    **dict.fromkeys(("epochs", "batch_size", "size"), (1, 0)),
    **dict.fromkeys(
        ("weight_decay", "start", "dropout", "label_smoothing", "margin", "rotation", "shift", "zoom"), (0.0, -1e-9)
    ),
    **{"lr": (1e-300, 0.0), "hidden": (1, 0), "seed": (0, -1)},
}


@pytest.mark.parametrize("name", LEAST)
def test_the_least_value_is_allowed_and_what_is_below_is_not(name: str) -> None:
    least, below = LEAST[name]
    assert vars(HiddenClassifier(**{name: least}))[name] == least  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"{name} must be"):
        HiddenClassifier(**{name: below})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["dropout", "label_smoothing"])
def test_a_fraction_is_below_1(name: str) -> None:
    HiddenClassifier(**{name: 1 - 1e-9})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"{name} must be from 0 to below 1"):
        HiddenClassifier(**{name: 1.0})  # type: ignore[arg-type]


def test_a_head_may_have_no_hidden_layer() -> None:
    assert TransferClassifier(hidden=0).hidden == 0
    with pytest.raises(UsageError, match="hidden must be"):
        TransferClassifier(hidden=-1)


DEFAULTS: dict[Callable[..., Any], dict[str, Any]] = {
    DetectorSettings: {"side": 1280, "threshold": 0.5, "overlap": 0.3, "min_face": 24},
    detect_folder: {"several": "fit", "strict": False},
    cache_features_on_ray: {"num_gpus": 0.0},
    extract: {"mirror": False, "batch_size": None},
    load_folder: {"min_photos": 1, "strict": False},
    PhotoFolder.split: {"seed": 0},
    PredictSettings: {"top": 1, "batch_size": 64},
    FaceTraining: {"strict": False, "resume": False, "memory_limit": 4096, "strangers": 0.01, "min_photos": None},
    random_weights: {"seed": 0},
    Stage: {"stride": 1, "padding": 0, "groups": 1, "normalised": False, "pooled": False},
}


@pytest.mark.parametrize("function", DEFAULTS, ids=lambda function: function.__qualname__)
def test_a_default_is_as_documented(function: Callable[..., Any]) -> None:
    parameters = inspect.signature(function).parameters
    assert {name: parameters[name].default for name in DEFAULTS[function]} == DEFAULTS[function]


def test_the_transfer_head_is_trained_more_often_with_people_left_out_and_the_hidden_layer_on_one_thread() -> None:
    assert (HiddenClassifier.rounds, HiddenClassifier.one_thread) == (3, True)
    assert (TransferClassifier.rounds, TransferClassifier.one_thread) == (12, False)


@pytest.mark.parametrize("name", ["top", "batch_size", "threads"])
def test_a_prediction_has_at_least_one_of_each(name: str) -> None:
    assert vars(PredictSettings(**{name: 1}))[name] == 1
    with pytest.raises(UsageError, match=f"{name} must be at least 1, got 0"):
        PredictSettings(**{name: 0})
