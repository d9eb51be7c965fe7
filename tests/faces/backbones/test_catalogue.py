"""Backbones by the name that --model gives them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.photos.folder import Folder
from errors import RunError, UsageError
from faces.backbones.alexnet import imagenet
from faces.backbones.backbone import Backbone
from faces.backbones.catalogue import load_backbone
from faces.features import cache
from faces.features.cache import cache_features, features_of
from faces.settings import check_model

REPOSITORY = Path(__file__).resolve().parents[3]


def backbone(model: str) -> Backbone:
    try:
        return load_backbone(model, None if model == "face" else "random")
    except UsageError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("model", ["alexnet", "face", "torchvision:mobilenet_v3_small"])
def test_features_of_photos_with_each(model: str, photos: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    network = backbone(model)
    assert network.name == model
    assert len(network.sha256) == 64
    features = features_of(photos.path, photos.photos, network, precision="float32", batch_size=4)
    assert features.shape == (7, 2, network.numbers)
    assert np.isfinite(features).all()
    assert len(np.unique(features[:, 0], axis=0)) == 6  # two of the photos are one file
    assert (features[:, 0] != features[:, 1]).any()
    monkeypatch.setattr(cache, "extract", lambda *arguments, **options: pytest.fail("they were computed again"))
    again = load_backbone(model, network.source)
    assert cache_features(photos.path, photos.photos, again, precision="float32") == 0
    assert (features_of(photos.path, photos.photos, again, precision="float32") == features).all()


def test_features_of_one_network_are_not_anothers(photos: Folder) -> None:
    for model in ("torchvision:mobilenet_v3_small", "torchvision:shufflenet_v2_x0_5"):
        assert cache_features(photos.path, photos.photos, backbone(model), precision="float32") == 6


@pytest.mark.parametrize("model", ["alexnet", "torchvision:shufflenet_v2_x0_5"])
def test_weights_are_accepted_first(model: str) -> None:
    def refuse(sha256: str) -> None:
        raise RunError("not these")

    with pytest.raises(RunError, match="not these"):
        load_backbone(model, "random", refuse)


def test_alexnets_own_weights_are_imagenets(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*arguments: object) -> None:
        raise RunError("asked for imagenet")

    monkeypatch.setattr(imagenet, "fetched", fetched)
    with pytest.raises(RunError, match="asked for imagenet"):
        load_backbone("alexnet")


@pytest.mark.parametrize("model", ["alexnet", "face", "torchvision:resnet50"])
def test_names_that_are_taken(model: str) -> None:
    assert check_model(model) == model


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("hidden", r"must be alexnet, face or torchvision:NAME.*got 'hidden'"),
        ("AlexNet", "did you mean alexnet"),
        ("torchvision:", "got 'torchvision:'"),
        ("", "got ''"),
        ("resnet50", "such as torchvision:resnet50, got 'resnet50'"),
    ],
)
def test_names_that_are_refused(model: str, words: str) -> None:
    for check in (check_model, load_backbone):
        with pytest.raises(UsageError, match=words):
            check(model)


def test_a_name_is_checked_without_torch() -> None:
    program = "import sys, faces.settings; faces.settings.check_model('face'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0
