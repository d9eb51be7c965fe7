"""Features on a Ray cluster: the batches that `cache.keep_features` would compute here, by actors on many machines.

The driver cuts the photos without features into batches, in order; an actor takes the weights once, then computes batch
after batch and keeps each beside the photos, in a folder that all machines share. Same batches and same arithmetic make
the same shards, whose names are digests of their bytes: one that is computed again after a loss is the same file.
Neighbours: `cache`, `extract`; `data.cluster.connection` finds the cluster.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import errors
from data.cluster.connection import cluster, locate, losses
from data.crop import quiet_decoding
from data.folder import Photo
from data.publish import sweep
from errors import FacesError, UsageError
from faces.alexnet.architecture import SIZE
from faces.alexnet.cache import kind_of, missing_of
from faces.alexnet.extract import BATCH_SIZE, batch_features, workers_and_threads
from faces.alexnet.frozen import Weights
from faces.alexnet.network import Network
from faces.alexnet.precision import Precision
from faces.alexnet.shards import Shard, add_shard


def keep_features_on_ray(
    folder: Path,
    photos: Sequence[Photo],
    weights: Weights,
    *,
    address: str | None,
    precision: Precision,
    size: int = SIZE,
    num_gpus: float = 0.0,
    batch_size: int = BATCH_SIZE,
    on_photos: Callable[[int], None] = lambda n: None,
) -> int:
    """Do as `cache.keep_features` does, on the cluster at `address` ("auto", HOST:PORT, None: one of our own, here).

    With `num_gpus` each actor has so much of a GPU, a fraction too, and computes there; without, on processors.
    `precision` is said by the caller: what trains on the features looks for those of its own machine's.
    Raises as `keep_features`, UsageError when there is no such cluster, ClusterError when it is lost.
    """
    kind = kind_of(weights, size, precision)
    located = locate(address)
    missing = missing_of(folder, photos, kind)
    on_photos(len(photos) - len(missing))
    if not missing:
        return 0
    sweep(folder)
    batches = [missing[start : start + batch_size] for start in range(0, len(missing), batch_size)]
    lines = [{"files": [p.file for p in batch], "photos": [p.sha256 for p in batch]} for batch in batches]
    threads = 1 if num_gpus else workers_and_threads("cpu")[1]
    told = {
        "folder": folder.absolute(),
        "kind": kind,
        "batch_size": min(batch_size, len(missing)),
        "device": "cuda" if num_gpus else "cpu",
        "threads": threads,
    }
    with cluster(located) as ray, losses(ray):
        actors = min(_actors(ray.cluster_resources(), threads, num_gpus), len(lines))
        items = ray.data.from_items(lines, override_num_blocks=len(lines)).map(
            _Computer,
            fn_constructor_kwargs={**told, "weights": [ray.put(weights)]},  # once, for all actors
            compute=ray.data.ActorPoolStrategy(size=actors),
            num_cpus=threads,
            num_gpus=num_gpus or None,
        )
        for line in items.iter_rows():
            if line["error"]:
                raise getattr(errors, line["kind"])(line["error"])
            on_photos(line["photos"])
    sweep(folder)
    return len(missing)


class _Computer:
    """An actor: it has the weights, and takes one batch after the other."""

    def __init__(
        self, folder: Path, weights: list[Any], kind: dict[str, Any], batch_size: int, device: str, threads: int
    ) -> None:
        import ray

        torch.set_num_threads(threads)
        self._folder, self._kind = folder, kind
        loaded: Weights = ray.get(weights[0])
        self._network = Network(
            loaded, size=kind["size"], device=device, precision=kind["precision"], batch_size=batch_size
        )

    def __call__(self, line: dict[str, Any]) -> dict[str, Any]:
        """Compute and keep a batch; say of how many photos, or what is wrong."""
        paths = [self._folder / file for file in line["files"]]
        try:
            with quiet_decoding():
                features = batch_features(self._network, paths, mirror=True)
            add_shard(self._folder, Shard(self._kind, tuple(line["photos"]), torch.from_numpy(features)))
        except FacesError as error:
            return {"photos": 0, "kind": type(error).__name__, "error": str(error)}
        return {"photos": len(paths), "kind": "", "error": ""}


def _actors(resources: dict[str, float], threads: int, num_gpus: float) -> int:
    """As many as the cluster has room for. UsageError when it is for none."""
    rooms = [resources.get("CPU", 0.0) / threads]
    if num_gpus:
        rooms.append(resources.get("GPU", 0.0) / num_gpus)
    actors = int(min(rooms) + 1e-9)
    if actors < 1:
        wanted = f"{threads} CPU" + (f" and {num_gpus:g} GPU" if num_gpus else "")
        has = f"{resources.get('CPU', 0.0):g} CPU and {resources.get('GPU', 0.0):g} GPU"
        raise UsageError(f"the cluster has {has}: expected at least {wanted}; add a machine, or ask for less")
    return actors
