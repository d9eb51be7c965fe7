"""Features on a real cluster: bit for bit those of one machine, an actor killed or not; and found by a training."""

import hashlib
import os
import pickle
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import cli
from data.photos.folder import Folder, Photo, read_folder
from errors import UsageError
from faces.backbones.alexnet.alexnet import AlexNet
from faces.features import cache
from faces.features.cache import cache_features, features_of, kind_of

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
from faces.features.cluster import FeatureActor, actor_count, cache_features_on_ray

BATCH = 32  # enough for the Fourier convolution; the last batch is convolved directly


@pytest.fixture
def many(tmp_path: Path) -> Folder:
    """Seventy photos of two people, two of them one file: batches of 32, 32 and 5."""
    generator = np.random.default_rng(5)
    for number in range(69):
        person = tmp_path / "photos" / "AB"[number % 2]
        person.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(person / f"{number}.png")
    shutil.copy(tmp_path / "photos" / "A" / "0.png", tmp_path / "photos" / "A" / "copy.png")
    return read_folder(tmp_path / "photos")


def shards(folder: Path) -> list[tuple[str, bytes]]:
    return sorted((path.name, path.read_bytes()) for path in folder.glob(".features-*"))


@contextmanager
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_cluster_writes_the_shards_that_one_machine_would(
    many: Folder, original: AlexNet, ray_cluster: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(many.path, alone)
    options: dict[str, Any] = {"precision": "float32", "batch_size": BATCH}
    counted: list[int] = []

    def on_ray() -> int:
        return cache_features_on_ray(
            many.path, many.photos, original, address=ray_cluster, on_photos=counted.append, **options
        )

    with one_thread():
        assert cache_features(alone, many.photos, original, **options) == 69
    expected = shards(alone)
    assert len(expected) == 3

    def kill() -> None:
        """Kill an actor once it has begun, and before it can have ended."""
        at_work = actors_on()
        while not (found := at_work()):
            time.sleep(0.005)
        os.kill(found[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert on_ray() == 69
    killer.join()
    assert shards(many.path) == expected
    assert not list(many.path.glob("*.part-*"))
    assert on_ray() == 0
    assert sum(counted) == 70 + 70
    assert capfd.readouterr() == ("", "")
    computed: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "extract", lambda paths, *rest, **options: computed.append(len(paths)) or iter(()))
        features = features_of(many.path, many.photos, original, precision="float32")
    assert features.shape == (70, 2, 9216)
    assert computed == []


def actors_on() -> Callable[[], list[int]]:
    """Processes of Ray that hold a batch."""

    def find() -> list[int]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                title = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::MapWorker(Map(FeatureActor))") and b"__init__" not in title:
                found.append(int(process.name))
        return found

    return find


def test_what_an_actor_cannot_do_is_handed_back_as_a_line(
    many: Folder, original: AlexNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (many.path / "B" / "67.png").write_bytes(b"<html>404</html>")
    monkeypatch.setattr("ray.get", lambda reference: reference)
    kind = kind_of(original, "float32")
    with one_thread():
        actor = FeatureActor(many.path, [original], kind, 2, "cpu", 1)
    digests = {file: hashlib.sha256((many.path / file).read_bytes()).hexdigest() for file in ("B/67.png", "B/1.png")}

    def batch(file: str, sha256: str) -> dict[str, bytes]:
        return {"photos": pickle.dumps([Photo(file, "B", sha256, 0)])}

    bad = actor(batch("B/67.png", digests["B/67.png"]))
    replaced = actor(batch("B/1.png", "1" * 64))
    good = actor(batch("B/1.png", digests["B/1.png"]))
    assert [(answer["kind"], answer["photos"]) for answer in (bad, replaced)] == [("DatasetError", 0)] * 2
    assert "B/67.png is not an image" in bad["error"]
    assert "B/1.png was replaced while the photos were being read" in replaced["error"]
    assert good == {"photos": 1, "kind": "", "error": ""}
    assert len(shards(many.path)) == 1


def test_an_actor_needs_room() -> None:
    def machine(alive: bool = True, **has: float) -> dict[str, Any]:
        return {"Alive": alive, "Resources": has}

    assert actor_count([machine(CPU=8.0), machine(CPU=2.0), machine(CPU=9.0, alive=False), machine()], 3, 0.0) == 2
    assert actor_count([machine(CPU=8.0, GPU=1.0), machine(CPU=8.0)], 1, 0.25) == 4
    with pytest.raises(UsageError, match=r"no machine of the cluster has 1 CPU and 0.5 GPU for an actor: add one"):
        actor_count([machine(CPU=8.0)], 1, 0.5)


def test_a_training_finds_what_the_command_computed(
    many: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["features", str(many.path), "--weights", "random", "--device", "cpu", "--batch-size", "32"]) == 0
    expected = f"70 photos in {many.path}: features of 69 computed now, all are cached there\n"
    assert capsys.readouterr().out == expected
    monkeypatch.setattr(cache, "extract", None)
    run = [
        "--model",
        "alexnet",
        "--weights",
        "random",
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "run"),
        "--epochs",
        "1",
    ]
    assert cli.main(["train-faces", str(many.path), *run]) == 0
