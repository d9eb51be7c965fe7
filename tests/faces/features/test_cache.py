"""The cache: computed once, and only what changed; what is damaged is noticed; a kill breaks nothing."""

import dataclasses
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.atomic_write import MACHINE
from data.photos.folder import Folder, Photo, read_folder
from errors import DatasetError, StorageError, UsageError
from faces.backbones.alexnet.alexnet import AlexNet
from faces.features import cache
from faces.features.cache import features_of, forget

REPOSITORY = Path(__file__).resolve().parents[3]
Computed = list[str]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Computed:
    """The files that went through the network, which here is a stand-in: features that tell file, weights and size."""
    files: Computed = []

    def extract(
        folder: Path, photos: Sequence[Photo], backbone: AlexNet, *, batch_size: int | None, **rest: Any
    ) -> Iterator[NDArray[np.float32]]:
        paths = [folder / photo.file for photo in photos]
        batch_size = batch_size or len(paths)
        for start in range(0, len(paths), batch_size):
            batch = paths[start : start + batch_size]
            files.extend(f"{path.parent.name}/{path.name}" for path in batch)
            marks = [sum(path.read_bytes()) + int(backbone.sha256[:4], 16) + backbone.size for path in batch]
            yield np.full((2, 9216, len(batch)), marks, np.float32).transpose(2, 0, 1)

    monkeypatch.setattr(cache, "extract", extract)
    return files


def run(folder: Folder, backbone: AlexNet, **options: Any) -> NDArray[np.float32]:
    usual: dict[str, Any] = {"batch_size": 2, "precision": "float32"}
    return features_of(folder.path, folder.photos, backbone, **(usual | options))


def shards(folder: Folder) -> list[Path]:
    return sorted(folder.path.glob(".features-*"))


def test_a_second_run_computes_nothing(photos: Folder, original: AlexNet, computed: Computed) -> None:
    first = run(photos, original)
    assert first.shape == (7, 2, 9216)
    assert first.dtype == np.float32
    assert len(computed) == 6  # the copy shares the features of its twin
    seen: list[int] = []
    second = run(photos, original, on_photo=lambda: seen.append(1))
    assert (first == second).all()
    assert len(computed) == 6
    assert len(seen) == 7


def test_the_order_is_that_of_the_photos(photos: Folder, original: AlexNet, computed: Computed) -> None:
    first = run(photos, original)
    backwards = features_of(photos.path, photos.photos[::-1], original, precision="float32")
    assert (backwards == first[::-1]).all()
    assert len(computed) == 6


def test_the_real_network_through_the_cache(photos: Folder, original: AlexNet) -> None:
    first = run(photos, original)
    assert (first[:, 0] != first[:, 1]).any()
    assert (run(photos, original) == first).all()
    assert len(shards(photos)) == 3


def test_only_what_changed_is_computed(photos: Folder, original: AlexNet, computed: Computed) -> None:
    run(photos, original)
    computed.clear()
    Image.new("RGB", (20, 20), "red").save(photos.path / "Ada" / "new.png")
    (photos.path / "Bo" / "0.png").rename(photos.path / "Bo" / "renamed.png")
    run(read_folder(photos.path), original)
    assert computed == ["Ada/new.png"]


def test_other_weights_another_size_another_precision_are_kept_apart(
    photos: Folder, original: AlexNet, computed: Computed
) -> None:
    weights = original.weights
    shifted = dataclasses.replace(weights.preprocessing, mean=(0.0, 0.0, 0.0))
    ways: list[Callable[[], NDArray[np.float32]]] = [
        lambda: run(photos, original),
        lambda: run(photos, AlexNet(dataclasses.replace(weights, sha256="f" * 64))),
        lambda: run(photos, AlexNet(dataclasses.replace(weights, preprocessing=shifted))),
        lambda: run(photos, AlexNet(weights, size=224)),
        lambda: run(photos, original, precision="bfloat16"),
    ]
    results = [way() for way in ways]
    assert len(computed) == 6 * len(ways)
    assert all((way() == result).all() for way, result in zip(ways, results, strict=True))
    assert len(computed) == 6 * len(ways)


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: flip(data, 3),
        lambda data: flip(data, 60),
        lambda data: flip(data, len(data) // 2),
        lambda data: flip(data, len(data) - 1),
        lambda data: data[: len(data) // 2],
        lambda data: data + b"x",
        lambda data: b"",
        lambda data: b"<html>",
    ],
)
def test_damage_is_noticed_and_only_its_photos_computed(
    photos: Folder, original: AlexNet, computed: Computed, damage: Callable[[bytes], bytes]
) -> None:
    first = run(photos, original)
    before, broken = shards(photos), shards(photos)[1]
    computed.clear()
    broken.write_bytes(damage(broken.read_bytes()))
    assert (run(photos, original) == first).all()
    assert len(computed) == 2
    assert shards(photos) == before  # the same batch, so the same file


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ESTALE, errno.EACCES])
def test_a_shard_that_cannot_be_read_now_is_left_alone_and_said(
    photos: Folder,
    original: AlexNet,
    computed: Computed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    first = run(photos, original)
    before, refused, read = shards(photos), shards(photos)[1], Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == refused:
            raise OSError(number, os.strerror(number))
        return read(path)

    content = refused.read_bytes()
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(cache, "add_shard", lambda folder, shard: None)
    computed.clear()
    assert (run(photos, original) == first).all()
    assert len(computed) == 2, "its photos are computed again"
    assert caplog.messages == [
        f"cannot read {refused}: {os.strerror(number)}; it is left as it is, try again",
    ]
    with pytest.raises(StorageError, match="left as it is, try again"):
        forget(photos.path, {photos.photos[0].sha256})
    monkeypatch.undo()
    assert shards(photos) == before
    assert refused.read_bytes() == content


def test_a_shard_under_anothers_name_is_no_use(photos: Folder, original: AlexNet, computed: Computed) -> None:
    first = run(photos, original)
    run(photos, AlexNet(original.weights, size=224))
    computed.clear()
    mine, others = sorted({path.name.split("-")[1] for path in shards(photos)})
    for path in shards(photos):
        path.rename(path.with_name(path.name.replace(mine, others)))
    for size in (227, 224):
        run(photos, AlexNet(original.weights, size=size))
    assert len(computed) == 6
    assert (run(photos, original) == first).all()


def test_a_newer_programs_and_a_strangers_files_are_left_alone(
    photos: Folder, original: AlexNet, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = photos.path / ".features-mine.safetensors"
    stranger.write_bytes(b"something else")
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    run(photos, original)
    monkeypatch.undo()
    newer = shards(photos)
    assert len(newer) == 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "extract", lambda paths, *rest, **options: iter([np.zeros((6, 2, 9216), np.float32)]))
        assert not run(photos, original).any()
    assert set(newer) < set(shards(photos))


def test_readers_of_a_folder_a_person_see_no_cache(photos: Folder, original: AlexNet, computed: Computed) -> None:
    run(photos, original)
    assert read_folder(photos.path) == photos
    datasets = pytest.importorskip("torchvision.datasets")
    assert datasets.ImageFolder(photos.path).classes == ["Ada", "Bo"]


def test_forgetting_leaves_nothing_of_a_photo_and_all_of_the_others(
    photos: Folder, original: AlexNet, computed: Computed
) -> None:
    run(photos, original)
    run(photos, AlexNet(original.weights, size=224))
    of_ada = [photo.sha256 for photo in photos.photos if photo.name == "Ada"][1:4]
    assert forget(photos.path, of_ada) == 4
    assert not any(digest.encode() in path.read_bytes() for path in shards(photos) for digest in of_ada)
    computed.clear()
    run(photos, original)
    assert computed == ["Ada/1.png", "Ada/2.png", "Ada/3.png"]
    assert forget(photos.path, []) == 0


def test_forgetting_takes_damaged_files_and_a_dead_runs_too(
    photos: Folder, original: AlexNet, computed: Computed
) -> None:
    run(photos, original)
    broken = shards(photos)[0]
    broken.write_bytes(b"half of it")
    part = broken.with_name(f"{broken.name}.part-4194304-{MACHINE}abcd")  # more than any process's number
    part.write_bytes(b"half of it")
    forget(photos.path, ["0" * 64])
    assert not broken.exists()
    assert not part.exists()
    assert len(shards(photos)) == 2


def test_a_disk_that_refuses_costs_the_cache_alone(
    photos: Folder, original: AlexNet, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    lines: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        first = run(photos, original, on_warning=lines.append)
    assert shards(photos) == []
    assert len(lines) == 1
    assert "No space left on device" in lines[0]
    assert (run(photos, original) == first).all()


def test_what_cannot_be_computed_is_an_error_and_what_was_stays(photos: Folder, original: AlexNet) -> None:
    again = read_folder(photos.path)
    (photos.path / "Bo" / "1.png").write_bytes(b"<html>404</html>")
    with pytest.raises(DatasetError, match=r"Bo/1\.png was replaced while"):
        run(again, original)
    assert len(shards(photos)) == 2
    with pytest.raises(UsageError, match="expected a size from"):
        run(again, AlexNet(original.weights, size=100))


SLOW = """
import sys
from pathlib import Path
from data.photos.folder import read_folder
from faces.features.cache import features_of
from faces.backbones.alexnet.alexnet import load_alexnet
folder = read_folder(Path(sys.argv[1]))
on_photo = lambda: print("photo", flush=True)
features_of(folder.path, folder.photos, load_alexnet("random"), precision="float32", batch_size=1, on_photo=on_photo)
"""


def test_a_kill_leaves_whole_batches_and_the_same_result(photos: Folder, original: AlexNet) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(photos.path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout
        for _ in range(3):
            assert process.stdout.readline() == b"photo\n"
        process.send_signal(signal.SIGKILL)
    survived = [path for path in shards(photos) if path.suffix == ".safetensors"]
    assert survived
    features = run(photos, original, batch_size=1)
    assert set(survived) <= set(shards(photos))
    for path in shards(photos):
        path.unlink()
    assert (run(photos, original, batch_size=1) == features).all()


def test_photos_need_not_be_those_of_a_folder(photos: Folder, original: AlexNet, computed: Computed) -> None:
    chosen: Sequence[Photo] = [photos.photos[5], photos.photos[0]]
    assert features_of(photos.path, chosen, original).shape == (2, 2, 9216)
    assert features_of(photos.path, [], original).shape == (0, 2, 9216)
    assert computed == [photo.file for photo in chosen]
