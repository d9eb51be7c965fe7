"""Files of photos -> features, batch by batch, on all cores.

On a processor a few workers share the cores; each opens and computes batches of its own. This is faster than all cores
on one batch: those wait for each other many times per layer, and while one worker decodes photos the others compute.
With CUDA there are two workers, so that one opens photos while the GPU computes those of the other.
Memory holds one batch per worker, however many files there are.
"""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.in_order import in_order
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo
from data.photos.images import load_photo
from faces.backbones.backbone import Backbone, FrozenNetwork
from faces.backbones.precision import Precision
from nn.threads import worker_pool

BATCH_SIZE = 64  # photos
_MOST_WORKERS = 4  # each takes about 200 MB; with more cores than this, each gets several

OnPhoto = Callable[[], None]
Features = NDArray[np.float32]


def extract(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    *,
    mirror: bool = False,
    device: str = "cpu",
    precision: Precision | None = None,
    batch_size: int = BATCH_SIZE,
    max_pixels: int | None = None,
    align: bool = False,
    on_photo: OnPhoto = lambda: None,
) -> Generator[Features, None, None]:
    """Yield the features of the photos of `folder`, in order, a batch at a time: (n, 1, numbers).

    With `mirror`, of each photo and of its mirror image: (n, 2, numbers); with `align`, of aligned faces. `on_photo` is
    called once for each photo, from several threads. Raises UsageError for a size that the network does not take,
    DatasetError naming a photo that is not an image, or is no longer the one that was read.
    """
    network = backbone.network(device=device, precision=precision, batch_size=min(batch_size, len(photos)))
    margin = backbone.margin if align else None

    def features(batch: slice) -> Features:
        return batch_features(
            network, folder, photos[batch], mirror=mirror, max_pixels=max_pixels, margin=margin, on_photo=on_photo
        )

    batches = (slice(start, start + batch_size) for start in range(0, len(photos), batch_size))
    workers, threads = workers_and_threads(device)
    with quiet_decoding(), worker_pool(workers, threads) as pool:
        yield from in_order(pool, features, batches, workers)


def batch_features(
    network: FrozenNetwork,
    folder: Path,
    photos: Sequence[Photo],
    *,
    mirror: bool = False,
    max_pixels: int | None = None,
    margin: float | None = None,
    on_photo: OnPhoto = lambda: None,
) -> Features:
    """Return the features of one batch, as `extract` yields them, computed with the torch threads of this thread."""
    crops = _opened(folder, photos, network.size, max_pixels, margin, on_photo)
    compute = network.both_ways if mirror else network
    numbers = compute(crops.pin_memory() if network.device.type == "cuda" else crops)
    return numbers.view(len(photos), -1, numbers.shape[-1]).cpu().numpy()  # (n, 1 or 2, numbers)


def workers_and_threads(device: str) -> tuple[int, int]:
    """Return how many batches are computed at the same time on this machine, and with how many torch threads each."""
    threads = torch.get_num_threads()
    workers = 2 if device == "cuda" else min(threads, _MOST_WORKERS)
    return workers, max(1, threads // workers)


def _opened(
    folder: Path,
    photos: Sequence[Photo],
    size: int,
    max_pixels: int | None,
    margin: float | None,
    on_photo: OnPhoto,
) -> Tensor:
    """Return the faces as RGB crops, (n, 3, size, size) uint8, channels last in memory."""
    crops = np.empty((len(photos), size, size, 3), np.uint8)
    for crop, photo in zip(crops, photos, strict=True):
        picture = load_photo(folder / photo.file, size, "RGB", max_pixels, photo.sha256, photo.face, margin)
        crop[:] = np.asarray(picture)
        on_photo()
    return torch.from_numpy(crops).permute(0, 3, 1, 2)
