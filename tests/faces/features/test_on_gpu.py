"""Features on a GPU: batches in order, copies that nothing overwrites, and no wait before the next batch is begun.

Without a GPU a stand-in copies: it gives what was sent only when its end is waited for, as a GPU does.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.photos import crop_batches
from data.photos.folder import Folder
from errors import DatasetError
from faces.backbones.alexnet.alexnet import AlexNet
from faces.backbones.alexnet.network import Network
from faces.backbones.alexnet.stage import FrozenStage
from faces.backbones.backbone import Backbone
from faces.features import extract as module
from faces.features.cache import cache_features, features_of
from faces.features.extract import extract
from faces.features.on_gpu import CudaCopies, compute_ahead

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


class StandIn:
    """Copies on the CPU; `events` says in which order things happened."""

    def __init__(self, device: object = None) -> None:
        self.events: list[str] = []
        self._sent = self._fetched = 0

    def send(self, crops: NDArray[np.uint8]) -> Tensor:
        self.events.append(f"send {self._sent}")
        self._sent += 1
        return torch.from_numpy(crops.copy()).permute(0, 3, 1, 2)

    def fetch(self, numbers: Tensor) -> Callable[[], Tensor]:
        number, self._fetched = self._fetched, self._fetched + 1
        locked = torch.full_like(numbers, torch.nan)

        def fetched() -> Tensor:
            self.events.append(f"wait {number}")
            return locked.copy_(numbers)

        return fetched


class AsOnGpu:
    """A backbone whose network computes on the CPU and says that it is on a GPU."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backbone, name)

    def network(self, **settings: Any) -> "AsOnGpu":
        network = self._backbone.network(**settings | {"device": "cpu", "precision": "float32"})
        return AsOnGpu(cast(Backbone, network))

    def __call__(self, crops: Tensor) -> Tensor:
        return cast(Network, self._backbone)(crops)

    device = torch.device("cuda")


@pytest.fixture
def as_on_gpu(original: AlexNet, monkeypatch: pytest.MonkeyPatch) -> Backbone:
    monkeypatch.setattr(module, "CudaCopies", StandIn)
    return cast(Backbone, AsOnGpu(original))


def sums(pixels: Tensor) -> Tensor:
    return pixels.float().sum((2, 3))


def one_buffer(batches: Sequence[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """The batches, each in the memory of the last one."""
    buffer = np.empty_like(batches[0])
    for batch in batches:
        buffer[: len(batch)] = batch
        yield buffer[: len(batch)]
    buffer[:] = 255


def drawn(*sizes: int) -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(2)
    return [generator.integers(0, 256, (n, 9, 9, 3), dtype=np.uint8) for n in sizes]


@pytest.mark.parametrize("sizes", [(), (3,), (3, 1), (4, 4, 4, 4, 4, 2)], ids=str)
def test_batches_come_in_order_also_the_last_ones(sizes: Sequence[int]) -> None:
    batches = drawn(*sizes)
    computed = list(compute_ahead(sums, one_buffer(batches) if batches else [], StandIn()))
    assert [numbers.tolist() for numbers in computed] == [batch.sum((1, 2)).tolist() for batch in batches]


def test_the_next_batch_is_begun_before_one_is_waited_for() -> None:
    copies = StandIn()
    list(compute_ahead(sums, drawn(1, 1, 1), copies))
    assert copies.events == ["send 0", "send 1", "wait 0", "send 2", "wait 1", "wait 2"]


@pytest.mark.parametrize("mirror", [False, True], ids=["one view", "both views"])
def test_features_are_those_of_the_processor(
    photos: Folder, original: AlexNet, as_on_gpu: Backbone, mirror: bool
) -> None:
    seen = list[int]()
    settings: dict[str, Any] = {"mirror": mirror, "batch_size": 3}
    ours = list(
        extract(photos.path, photos.photos, as_on_gpu, device="cuda", on_photo=lambda: seen.append(1), **settings)
    )
    expected = list(extract(photos.path, photos.photos, original, precision="float32", **settings))
    assert [batch.shape for batch in ours] == [batch.shape for batch in expected]
    np.testing.assert_array_equal(np.concatenate(ours), np.concatenate(expected))
    assert len(seen) == len(photos.photos)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_same_bytes(
    photos: Folder, as_on_gpu: Backbone, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(extract(photos.path, photos.photos, as_on_gpu, device="cuda", batch_size=4))
    monkeypatch.setattr(crop_batches, "cores", lambda: workers)
    monkeypatch.setattr(crop_batches, "PROCESSES_FROM", 0)
    ours = list(extract(photos.path, photos.photos, as_on_gpu, device="cuda", batch_size=4))
    assert [batch.tobytes() for batch in ours] == [batch.tobytes() for batch in expected]


def test_shards_are_those_that_one_thread_writes(photos: Folder, original: AlexNet, as_on_gpu: Backbone) -> None:
    how: dict[str, Any] = {"precision": "float32", "batch_size": 2}
    counts = list[int]()
    assert cache_features(photos.path, photos.photos, as_on_gpu, device="cuda", on_photos=counts.append, **how) == 6
    ours = {path.name for path in photos.path.glob(".features-*")}
    assert counts == [1, 2, 2, 2]  # of seven photos one is a copy
    for path in photos.path.glob(".features-*"):
        path.unlink()
    cache_features(photos.path, photos.photos, original, **how)
    assert {path.name for path in photos.path.glob(".features-*")} == ours


def test_a_disk_that_refuses_is_warned_of_once(
    photos: Folder, as_on_gpu: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data.atomic_write.os.fsync", refuse)
    lines = list[str]()
    how: dict[str, Any] = {"device": "cuda", "precision": "float32", "batch_size": 1, "on_warning": lines.append}
    features = features_of(photos.path, photos.photos, as_on_gpu, **how)
    assert features.shape == (7, 2, 9216)
    assert len(lines) == 1
    assert "No space left on device" in lines[0]


def test_a_photo_that_is_no_image_is_named(photos: Folder, as_on_gpu: Backbone) -> None:
    (photos.path / "Bo" / "1.png").unlink()
    with pytest.raises(DatasetError, match=r"Bo/1\.png is not an image"):
        list(extract(photos.path, photos.photos, as_on_gpu, device="cuda", batch_size=2))


def test_a_whole_batch_goes_through_each_stage_at_once(original: AlexNet, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = list[int]()
    stage = FrozenStage.__call__
    monkeypatch.setattr(FrozenStage, "__call__", lambda self, x: (batches.append(len(x)), stage(self, x))[1])
    monkeypatch.setattr("torch.autocast", lambda *_, **settings: nullcontext())  # a device without numbers has none
    network = Network(original.weights, device="meta", precision="float32")
    assert network(torch.empty((40, 3, 227, 227), dtype=torch.uint8, device="meta")).shape == (40, 9216)
    assert batches == [40] * 5


@CUDA
@pytest.mark.parametrize("sizes", [(3,), (64, 64, 64, 64, 64, 7)], ids=str)
def test_cuda_copies_are_not_overwritten(sizes: Sequence[int]) -> None:
    batches = drawn(*sizes)
    copies = CudaCopies(torch.device("cuda"))
    computed = list(compute_ahead(sums, one_buffer(batches), copies))
    assert [numbers.tolist() for numbers in computed] == [batch.sum((1, 2)).tolist() for batch in batches]


@CUDA
def test_cuda_gives_the_features_of_the_processor(photos: Folder, original: AlexNet) -> None:
    how: dict[str, Any] = {"mirror": True, "precision": "float32", "batch_size": 3}
    expected, ours, again = (
        torch.from_numpy(np.concatenate(list(extract(photos.path, photos.photos, original, device=device, **how))))
        for device in ("cpu", "cuda", "cuda")
    )
    assert torch.nn.functional.cosine_similarity(expected, ours, -1).min() > 0.9999
    torch.testing.assert_close(ours, again, rtol=0, atol=0)
