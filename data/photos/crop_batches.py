"""Photos of a folder -> their faces as crops, batch by batch, on all cores.

Threads help little: between decoding and resizing a photo Python's lock is held for about as long as these take. So
many photos are opened by processes, which write the pixels into memory that this process shares. The memory is a file
without a name: it goes with the last process that has it, however that one ends. It has a few batches, which are used
in turn.
"""

import mmap
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.cores import cores
from data.in_order import in_order
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo
from data.photos.images import load_photo
from data.process_pool import ProcessPool

Pixels = NDArray[np.uint8]
OpenInto = Callable[..., None]
_Chunk = tuple[int, Sequence[Photo]]
"""Photos that are opened together, and the place of the first one in the memory."""

PROCESSES_FROM = 1000  # photos; fewer are opened by threads before processes have started
_CHUNK = 8  # photos
_DIED = "a process that opened photos died: probably too little memory; free some, then run again"


def crop_batches(
    folder: Path,
    photos: Sequence[Photo],
    size: int,
    batch_size: int,
    *,
    max_pixels: int | None = None,
    margin: float | None = None,
) -> Generator[Pixels, None, None]:
    """Yield the faces of the photos of `folder` as RGB crops, in order: (n, size, size, 3), `batch_size` at a time.

    A batch is only there until the next one is asked for. `max_pixels` and `margin` are as in `open_photo`. Raises
    DatasetError naming the first photo that is not an image, or is no longer the one that was read.
    """
    if not photos:
        return
    batch_size = min(batch_size, len(photos))
    a_batch = ceil(batch_size / _CHUNK)  # chunks
    slots = 2 + ceil(cores() / a_batch)  # a batch that is used, one that becomes ready, and work for all cores
    how = partial(open_crops, folder=folder, max_pixels=max_pixels, margin=margin)
    with _opening(len(photos), (slots * batch_size, size, size, 3), how) as (pixels, opened):
        ends = opened(_chunks(photos, batch_size, slots), (slots - 1) * a_batch)
        for number, start in enumerate(range(0, len(photos), batch_size)):
            n, place = min(batch_size, len(photos) - start), number % slots * batch_size
            for _ in range(ceil(n / _CHUNK)):
                next(ends)
            yield pixels[place : place + n]


def open_crops(
    crops: Pixels,
    photos: Sequence[Photo],
    *,
    folder: Path,
    max_pixels: int | None,
    margin: float | None,
    on_photo: Callable[[], None] = lambda: None,
) -> None:
    """Write the faces of the photos into `crops`, (n, size, size, 3), in this thread. Raises as `crop_batches`."""
    for crop, photo in zip(crops, photos, strict=True):
        size = len(crop)
        crop[:] = np.asarray(load_photo(folder / photo.file, size, "RGB", max_pixels, photo.sha256, photo.face, margin))
        on_photo()


def _chunks(photos: Sequence[Photo], batch_size: int, slots: int) -> Iterator[_Chunk]:
    for number, start in enumerate(range(0, len(photos), batch_size)):
        batch = photos[start : start + batch_size]
        for at in range(0, len(batch), _CHUNK):
            yield number % slots * batch_size + at, batch[at : at + _CHUNK]


@contextmanager
def _opening(
    photos: int, shape: tuple[int, ...], how: OpenInto
) -> Iterator[tuple[Pixels, Callable[[Iterator[_Chunk], int], Iterator[None]]]]:
    """Yield memory for crops, and what opens chunks into it, so many ahead: by processes, or threads for few photos."""
    if photos < PROCESSES_FROM or cores() == 1 or not hasattr(os, "memfd_create"):
        pixels = np.empty(shape, np.uint8)
        with quiet_decoding(), ThreadPoolExecutor(cores()) as threads:
            try:
                yield pixels, partial(in_order, threads, partial(_open_into, pixels, how))
            finally:
                threads.shutdown(cancel_futures=True)
        return
    memory = os.memfd_create("crops")
    try:
        os.ftruncate(memory, int(np.prod(shape)))
        with ProcessPool(cores(), died=_DIED, inherited=[memory]) as processes:
            yield _shared(memory, shape), partial(in_order, processes, partial(_open_shared, memory, shape, how))
    finally:
        os.close(memory)


def _open_into(pixels: Pixels, how: OpenInto, chunk: _Chunk) -> None:
    place, photos = chunk
    how(pixels[place : place + len(photos)], photos)


def _open_shared(memory: int, shape: tuple[int, ...], how: OpenInto, chunk: _Chunk) -> None:
    """Open a chunk into the memory of the process that has started this one."""
    with quiet_decoding():
        _open_into(_kept(memory, shape), how, chunk)


def _shared(memory: int, shape: tuple[int, ...]) -> Pixels:
    return np.frombuffer(mmap.mmap(memory, int(np.prod(shape))), np.uint8).reshape(shape)


_kept = cache(_shared)
