"""torchvision's own weights: found, damaged, or not to be downloaded, all without a network."""

import hashlib
import sys
import urllib.error
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from errors import RunError, UsageError
from faces.backbones.alexnet.weights import load_weights

URL = "https://example.org/models/alexnet-{}.pth"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where torchvision keeps weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("torch.hub.urlopen", refuse)


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """offered(name): torchvision has weights of this name, with a normalisation of their own."""
    models = pytest.importorskip("torchvision.models")

    def offer(name: str) -> None:
        normalisation = SimpleNamespace(mean=[0.1, 0.2, 0.3], std=[0.4, 0.5, 0.6])
        entry = SimpleNamespace(url=URL.format(name), transforms=lambda: normalisation)
        monkeypatch.setattr(models, "AlexNet_Weights", SimpleNamespace(IMAGENET1K_V1=entry))

    return offer


def test_a_file_that_is_there_is_not_downloaded(
    home: Path, no_network: None, state: dict[str, Tensor], offered: Callable[[str], None]
) -> None:
    home.mkdir(parents=True)
    torch.save(state, home / "new.pth")
    sha256 = hashlib.sha256((home / "new.pth").read_bytes()).hexdigest()
    (home / "new.pth").rename(home / f"alexnet-{sha256[:8]}.pth")
    offered(sha256[:8])
    weights = load_weights("imagenet")
    assert (weights.source, weights.sha256) == ("imagenet", sha256)
    assert (weights.preprocessing.mean, weights.preprocessing.deviation) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def test_a_file_that_is_damaged_is_named(
    home: Path, no_network: None, state: dict[str, Tensor], offered: Callable[[str], None]
) -> None:
    home.mkdir(parents=True)
    torch.save(state, home / "alexnet-0123abcd.pth")
    offered("0123abcd")
    with pytest.raises(RunError, match=r"alexnet-0123abcd\.pth is damaged.*remove it, and it is fetched again"):
        load_weights("imagenet")


def test_no_network_and_no_file_says_what_to_put_where(home: Path, no_network: None) -> None:
    models = pytest.importorskip("torchvision.models")
    url = models.AlexNet_Weights.IMAGENET1K_V1.url
    with pytest.raises(RunError) as error:
        load_weights("imagenet")
    line = str(error.value)
    assert "\n" not in line
    assert f"fetch {url} where there is a network and put it into {home}" in line
    assert "Name or service not known" in line
    assert not list(home.glob("*.pth"))


def test_a_torchvision_of_another_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "torchvision"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist\\nand more')")
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError) as error:
        load_weights("imagenet")
    line = str(error.value)
    assert "\n" not in line
    assert f"torch {torch.__version__}" in line
    assert "operator torchvision::nms does not exist" in line
    assert "pip install --force-reinstall torch torchvision" in line


def test_no_torchvision_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(UsageError, match="torch and torchvision do not belong together"):
        load_weights("imagenet")
    assert load_weights("random").source == "random"


def test_what_is_downloaded_is_checked_and_runs_no_code(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = pytest.importorskip("torchvision.models")
    told: dict[str, object] = {}

    def fetch(**options: object) -> None:
        told.update(options)
        raise OSError("no network")

    normalisation = SimpleNamespace(mean=[0.1, 0.2, 0.3], std=[0.4, 0.5, 0.6])
    entry = SimpleNamespace(url=URL.format("0"), transforms=lambda: normalisation, get_state_dict=fetch)
    monkeypatch.setattr(models, "AlexNet_Weights", SimpleNamespace(IMAGENET1K_V1=entry))
    with pytest.raises(RunError, match="cannot be fetched"):
        load_weights("imagenet")
    assert (told["check_hash"], told["weights_only"], told["map_location"]) == (True, True, "cpu")
