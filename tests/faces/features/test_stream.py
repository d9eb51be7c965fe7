"""Features on the disk: read, shuffled within a window in bounded memory, and trained on as those in memory."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Generator

from data.photos.folder import Folder, Photo
from errors import DatasetError, LayerError
from faces.backbones.alexnet.alexnet import AlexNet
from faces.backbones.precision import choose_precision
from faces.features.cache import VIEWS, features_of, kind_of
from faces.features.shards import Shard, add_shard
from faces.features.stored import StoredFeatures, store_features
from faces.features.stream import FeatureStream
from faces.open_set import OpenedPart, leave_out
from faces.photos import PhotoArray, Photos
from faces.transfer import TransferClassifier

FEATURES = 9216
BYTES = VIEWS * FEATURES * 4  # of a photo's features
PHOTOS, IN_A_SHARD = 60, 8  # the last shard has four


def numbered(n: int) -> list[Photo]:
    """Photos without files: their features are in the cache already."""
    return [Photo(f"p{i % 3}/{i}.png", f"p{i % 3}", f"{i:064x}", i) for i in range(n)]


def write_shards(folder: Path, backbone: AlexNet, n: int, *, symmetric: bool = False) -> None:
    """Photo i's features are random in [0, 1] + i % 3 / 10, so that three people can be learned; the first is i itself.

    `symmetric`: a photo and its mirror image have the same features, so that mirroring at random changes nothing.
    """
    kind = kind_of(backbone, choose_precision("cpu"))
    generator = np.random.default_rng(0)
    for start in range(0, n, IN_A_SHARD):
        own = np.arange(start, min(start + IN_A_SHARD, n))
        features = generator.random((len(own), VIEWS, FEATURES), np.float32) + (own % 3)[:, None, None] / 10
        features[:, :, 0] = own[:, None]
        if symmetric:
            features[:, 1] = features[:, 0]
        photos = tuple(f"{i:064x}" for i in own)
        add_shard(folder, Shard(kind, photos, torch.from_numpy(features.astype(np.float32))))


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory, original: AlexNet) -> Path:
    folder = tmp_path_factory.mktemp("cached")
    write_shards(folder, original, PHOTOS)
    return folder


@pytest.fixture(scope="module")
def stored(cached: Path, original: AlexNet) -> StoredFeatures:
    return store_features(cached, numbered(PHOTOS), original)


@pytest.fixture(scope="module")
def on_disk_and_in_memory(
    tmp_path_factory: pytest.TempPathFactory, original: AlexNet
) -> tuple[StoredFeatures, PhotoArray]:
    """The same symmetric features, read both ways."""
    folder, photos = tmp_path_factory.mktemp("symmetric"), numbered(PHOTOS)
    write_shards(folder, original, PHOTOS, symmetric=True)
    return store_features(folder, photos, original), PhotoArray(features_of(folder, photos, original))


def epoch(stream: FeatureStream, size: int, seed: int | None) -> list[list[int]]:
    """The numbers of the photos in each batch; targets and features are checked to be of the same photos."""
    batches = []
    for x, target in stream.batches(size, None if seed is None else Generator().manual_seed(seed)):
        assert torch.equal(x[:, 0, 0].long(), target)
        batches.append(target.tolist())
    return batches


def flat(batches: list[list[int]]) -> list[int]:
    return [photo for batch in batches for photo in batch]


def stream_of(stored: StoredFeatures, **options: int) -> FeatureStream:
    return FeatureStream(stored, torch.arange(len(stored)), lambda features: torch.from_numpy(features) * 1, **options)


def test_what_is_stored_is_what_is_in_memory(cached: Path, stored: StoredFeatures, original: AlexNet) -> None:
    in_memory = features_of(cached, numbered(PHOTOS), original)
    assert len(stored) == PHOTOS
    assert (stored[0:PHOTOS] == in_memory).all()
    chosen = np.array([41, 3, 3, 59, 0])
    assert (stored[chosen] == in_memory[chosen]).all()
    assert (stored.take(chosen)[1:4] == in_memory[chosen[1:4]]).all()
    assert stored[0:0].shape == (0, VIEWS, FEATURES)


def test_missing_features_are_computed_and_cached_like_any_others(photos: Folder, original: AlexNet) -> None:
    called: list[None] = []
    stored = store_features(photos.path, photos.photos, original, on_photo=lambda: called.append(None))
    assert len(called) == len(stored) == 7
    assert (stored[0:7] == features_of(photos.path, photos.photos, original)).all()


@pytest.mark.parametrize("size", [1, 7, 16, 60, 100])
@pytest.mark.parametrize("window", [1, 10, 1000])
def test_every_photo_comes_once_an_epoch(stored: StoredFeatures, size: int, window: int) -> None:
    batches = epoch(stream_of(stored, window=window), size, seed=1)
    assert [len(batch) for batch in batches] == [size] * (PHOTOS // size) + [PHOTOS % size] * (PHOTOS % size > 0)
    assert sorted(flat(batches)) == list(range(PHOTOS))


def test_the_seed_decides_the_order_and_each_epoch_has_its_own(stored: StoredFeatures) -> None:
    stream, generator = stream_of(stored, window=20), Generator().manual_seed(1)
    first, second = ([t.tolist() for _, t in stream.batches(7, generator)] for _ in range(2))
    assert first == epoch(stream, 7, seed=1)
    assert first != epoch(stream, 7, seed=2)
    assert first != second
    assert epoch(stream, 7, None) == epoch(stream, 7, None)


def test_blocks_are_shuffled_and_photos_within_the_window(stored: StoredFeatures) -> None:
    seen = flat(epoch(stream_of(stored, window=20), 7, seed=3))
    blocks = [photo // IN_A_SHARD for photo in seen]
    assert len(set(blocks[:20])) == 3  # two of eight and the one of four, or three of eight
    assert len(set(blocks[:8])) > 1
    assert list(dict.fromkeys(blocks)) != sorted(set(blocks))


def test_the_head_learns_from_the_disk_what_it_learns_from_memory(
    on_disk_and_in_memory: tuple[StoredFeatures, PhotoArray],
) -> None:
    """The two orders differ; with all photos in one batch, only rounding is left."""
    stored, in_memory = on_disk_and_in_memory
    names = [photo.name for photo in numbered(PHOTOS)]

    def fitted(features: Photos) -> TransferClassifier:
        head = TransferClassifier(weights="random", head="softmax", epochs=3, batch_size=PHOTOS)
        return head.fit(features, names, (features, names))

    disk, memory = fitted(stored), fitted(in_memory)
    torch.testing.assert_close(disk.scale, memory.scale, rtol=1e-5, atol=0)
    torch.testing.assert_close(disk.centre, memory.centre, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(disk.neighbours, memory.neighbours, rtol=1e-3, atol=1e-5)
    for name, value in disk.network.state().items():
        torch.testing.assert_close(value, memory.network.state()[name], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(disk.predict_proba(stored), memory.predict_proba(in_memory), atol=1e-4)
    np.testing.assert_allclose(disk.known_scores(stored), memory.known_scores(in_memory), atol=1e-4)
    np.testing.assert_allclose(disk.activations(stored), memory.activations(in_memory), atol=1e-3)
    assert disk.threshold_ == pytest.approx(memory.threshold_, abs=1e-4)


def test_strangers_are_measured_on_the_disk_as_in_memory(
    on_disk_and_in_memory: tuple[StoredFeatures, PhotoArray],
) -> None:
    stored, in_memory = on_disk_and_in_memory
    names = [photo.name for photo in numbered(PHOTOS)]

    def scores(features: Photos) -> NDArray[np.float32]:
        head = TransferClassifier(weights="random", head="softmax", epochs=3, batch_size=PHOTOS)
        parts = [np.arange(0, 36), np.arange(36, 48), np.arange(48, 60)]
        opened = [OpenedPart(features.take(part), [names[place] for place in part]) for part in parts]
        found = leave_out(head, opened[0], opened[1], opened[2], [{"p0"}, {"p1"}, {"p2"}])
        return np.concatenate([found.before.scores, found.test.scores])

    disk, memory = scores(stored), scores(in_memory)
    assert len(disk) == PHOTOS
    np.testing.assert_allclose(disk, memory, atol=1e-4)


def test_a_shard_that_is_gone_is_one_line(tmp_path: Path, original: AlexNet) -> None:
    write_shards(tmp_path, original, IN_A_SHARD)
    stored = store_features(tmp_path, numbered(IN_A_SHARD), original)
    stored.files[0].unlink()
    with pytest.raises(DatasetError, match=r"cannot be read any more .* run again, and it is computed again") as error:
        stored[0:1]
    assert "\n" not in str(error.value)


def test_targets_that_do_not_fit_are_refused(stored: StoredFeatures) -> None:
    with pytest.raises(LayerError, match="60 samples and 59 targets"):
        FeatureStream(stored, torch.arange(59), torch.from_numpy)


def peak_of(work: Callable[[], object]) -> int:
    """The largest number of bytes that `work` holds at a time, in arrays and in buffers of files."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_holds_a_window_however_many_photos_there_are(tmp_path: Path, original: AlexNet) -> None:
    n, window = 480, 32  # 34 MiB of features, 2.3 MiB of them at a time
    write_shards(tmp_path, original, n)
    stored = store_features(tmp_path, numbered(n), original)
    assert peak_of(lambda: stored[0:n]) > n * BYTES, "the memory of what is read is not measured"
    most = (window + 16 + 2 * IN_A_SHARD) * BYTES  # a window, part of a batch from the last one, a shard being read
    assert peak_of(lambda: epoch(stream_of(stored, window=window), 16, seed=1)) < most + (1 << 20)
