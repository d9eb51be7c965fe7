"""Files of photos -> features, batch by batch, on all cores.

On a processor a few workers share the cores; each opens and computes batches of its own. This is faster than all cores
on one batch: those wait for each other many times per layer, and while one worker decodes photos the others compute.
With CUDA all cores open photos, a few batches ahead of the GPU.
Memory holds one batch per worker, with CUDA a few, however many files there are.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from data.in_order import in_order
from data.photos.crop_batches import crop_batches, open_crops
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo
from faces.backbones.backbone import Backbone, FrozenNetwork
from faces.backbones.precision import Precision
from faces.features.on_gpu import CudaCopies, compute_ahead
from nn.threads import worker_pool

_BATCH_SIZE = 64  # photos
_CUDA_BATCH_SIZE = 256  # photos: enough work for all of a GPU
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
    batch_size: int | None = None,
    max_pixels: int | None = None,
    align: bool = False,
    on_photo: OnPhoto = lambda: None,
) -> Generator[Features, None, None]:
    """Yield the features of the photos of `folder`, in order, a batch at a time: (n, 1, numbers).

    With `mirror`, of each photo and of its mirror image: (n, 2, numbers); with `align`, of aligned faces. `batch_size`
    None: the device's own. `on_photo` is called once for each photo, from any thread. Raises UsageError for a size that
    the network does not take, DatasetError naming a photo that is not an image, or is no longer the one that was read.
    """
    batch_size = batch_size or default_batch_size(device)
    network = backbone.network(device=device, precision=precision, batch_size=min(batch_size, len(photos)))
    margin = backbone.margin if align else None
    if network.device.type == "cuda":
        compute = network.both_ways if mirror else network
        crops = crop_batches(folder, photos, network.size, batch_size, max_pixels=max_pixels, margin=margin)
        with closing(crops):
            for numbers in compute_ahead(compute, crops, CudaCopies(network.device)):
                for _ in range(len(numbers)):
                    on_photo()
                yield numbers.view(len(numbers), -1, numbers.shape[-1]).numpy()
        return

    def features(batch: slice) -> Features:
        return batch_features(
            network, folder, photos[batch], mirror=mirror, max_pixels=max_pixels, margin=margin, on_photo=on_photo
        )

    batches = (slice(start, start + batch_size) for start in range(0, len(photos), batch_size))
    workers, threads = workers_and_threads()
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
    opened = np.empty((len(photos), network.size, network.size, 3), np.uint8)
    open_crops(opened, photos, folder=folder, max_pixels=max_pixels, margin=margin, on_photo=on_photo)
    crops = torch.from_numpy(opened).permute(0, 3, 1, 2)  # (n, 3, size, size), channels last in memory
    compute = network.both_ways if mirror else network
    numbers = compute(crops.pin_memory() if network.device.type == "cuda" else crops)
    return numbers.view(len(photos), -1, numbers.shape[-1]).cpu().numpy()  # (n, 1 or 2, numbers)


def default_batch_size(device: str) -> int:
    """Return how many photos are computed together on "cpu" or "cuda"."""
    return _CUDA_BATCH_SIZE if device == "cuda" else _BATCH_SIZE


def workers_and_threads() -> tuple[int, int]:
    """Return how many batches this machine's cores compute at the same time, and with how many torch threads each."""
    threads = torch.get_num_threads()
    workers = min(threads, _MOST_WORKERS)
    return workers, max(1, threads // workers)
