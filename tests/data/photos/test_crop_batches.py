"""Crops of many photos: the same in order however they are opened, and nothing is left of what opened them."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.photos import crop_batches as module
from data.photos.crop_batches import crop_batches
from data.photos.folder import Folder, read_folder
from data.photos.images import load_images
from errors import DatasetError

REPOSITORY = Path(__file__).resolve().parents[3]
SECONDS = 30  # more than a busy machine needs
needs_memory = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory alone are of Linux")
HOW = ["threads", pytest.param("processes", marks=needs_memory)]

PHOTOS_FOR_EVER = """
import itertools, signal, sys
from pathlib import Path
from data.photos import crop_batches as module
from data.photos.folder import read_folder

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what is in the background with it ignored
module.PROCESSES_FROM, module.cores = 0, lambda: 2
folder = read_folder(Path(sys.argv[1]))
try:
    for batch in itertools.count():
        for crops in module.crop_batches(folder.path, folder.photos * 40, 32, 8):
            print("started", flush=True) if not batch else None
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Twenty-one photos of two people, of different sizes, some of them on their side."""
    path = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(5)
    for number in range(21):
        file = path / "AB"[number % 2] / f"{number:02}.jpg"
        file.parent.mkdir(exist_ok=True)
        pixels = generator.integers(0, 256, (30 + number, 50 - number, 3), dtype=np.uint8)
        exif = Image.Exif()
        exif[0x0112] = 1 + number % 8
        Image.fromarray(pixels).save(file, exif=exif)
    return read_folder(path)


@pytest.fixture(params=HOW)
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Opened by threads, and by processes; without a file that is left open."""
    before = open_files()
    use(monkeypatch, request.param, workers=2)
    yield request.param
    gc.collect()  # an error keeps what raised it
    assert open_files() == before


def use(monkeypatch: pytest.MonkeyPatch, how: str, workers: int) -> None:
    monkeypatch.setattr(module, "PROCESSES_FROM", 0 if how == "processes" else sys.maxsize)
    monkeypatch.setattr(module, "cores", lambda: workers)


def open_files() -> int:
    """How many files in memory alone are open."""
    links = Path("/proc/self/fd").glob("*")  # none where there is no such folder
    return sum("memfd:crops" in str(link.readlink()) for link in links if link.is_symlink())


def crops_of(folder: Folder, batch_size: int, **settings: float) -> list[np.ndarray]:
    batches = crop_batches(folder.path, folder.photos, 24, batch_size, **settings)  # type: ignore[arg-type]
    return [crops.copy() for crops in batches]


@pytest.mark.parametrize("batch_size", [1, 2, 9, 20, 21, 64])
def test_they_are_those_of_each_photo_in_order(folder: Folder, how: str, batch_size: int) -> None:
    batches = crops_of(folder, batch_size)
    assert [len(crops) for crops in batches] == [min(batch_size, 21 - start) for start in range(0, 21, batch_size)]
    expected = load_images([folder.path / photo.file for photo in folder.photos], 24, "RGB")
    np.testing.assert_array_equal(np.concatenate(batches).transpose(0, 3, 1, 2), expected)


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_gives_the_same(folder: Folder, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "threads", 1)
    expected = crops_of(folder, 8)
    for how in ("threads", "processes"):
        use(monkeypatch, how, workers)
        np.testing.assert_array_equal(np.concatenate(crops_of(folder, 8)), np.concatenate(expected))


def test_no_photo_at_all(tmp_path: Path, how: str) -> None:
    assert list(crop_batches(tmp_path, [], 24, 8)) == []


def test_the_first_photo_that_is_no_image_is_named(folder: Folder, how: str, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_bytes(b"<html>404</html>")
    photos = [replace(photo, file=str(folder.path / photo.file)) for photo in folder.photos]
    sha256 = "1d7e3f0a3d6ff8ca8fbb2eeb1a9ef6d4d10a1f3dd2b0e7fb5b2c3cf0c2b2d4ad"  # of other bytes
    photos[13] = replace(photos[13], sha256=sha256)
    photos[17] = replace(photos[17], file=str(tmp_path / "page.jpg"))
    batches = crop_batches(Path(), photos, 24, 4)
    assert [len(next(batches)) for _ in range(3)] == [4, 4, 4]
    with pytest.raises(DatasetError, match=rf"{photos[13].file} was replaced") as error:
        next(batches)
    assert "\n" not in str(error.value)


def test_a_photo_of_too_many_pixels_is_named(folder: Folder, how: str) -> None:
    with pytest.raises(DatasetError, match=r"A/00\.jpg .*more than 9: --max-pixels"):
        crops_of(folder, 8, max_pixels=9)


def test_a_reader_may_stop_early(folder: Folder, how: str) -> None:
    batches = crop_batches(folder.path, folder.photos, 24, 2)
    next(batches)
    batches.close()


@needs_memory
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=lambda signal: signal.name)
def test_however_the_program_ends_so_do_its_processes(folder: Folder, end: signal.Signals) -> None:
    before = set(Path("/dev/shm").iterdir())
    command = [sys.executable, "-c", PHOTOS_FOR_EVER, str(folder.path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "started\n"
        os.killpg(program.pid, end) if end is signal.SIGINT else program.kill()
        try:
            _, stderr = program.communicate(timeout=SECONDS)  # all processes hold its stderr
        finally:
            program.kill()
    assert (program.returncode, stderr) == (130 if end is signal.SIGINT else -9, "")
    assert set(Path("/dev/shm").iterdir()) <= before
