"""Features on a Ray cluster: the batches that `cache.cache_features` computes here, by actors on several machines.

The driver divides the photos without features into batches, in order. An actor receives the backbone once, then
computes batch after batch and writes each as a shard beside the photos, in a folder that all machines share. The same
batches and the same arithmetic give the same shards, named by their SHA-256: a batch that is computed again after an
actor was lost gives the same file.
"""

import pickle
import socket
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

import errors
from data.atomic_write import remove_leftovers
from data.cluster.connection import cluster, cluster_errors, cpus
from data.cluster.locate import locate
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo
from errors import FacesError, UsageError
from faces.backbones.backbone import Backbone, FrozenNetwork
from faces.backbones.precision import Precision
from faces.features.cache import kind_of, missing_photos
from faces.features.extract import batch_features, default_batch_size, workers_and_threads
from faces.features.shards import Shard, add_shard


def cache_features_on_ray(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    *,
    address: str | None,
    precision: Precision,
    num_gpus: float = 0.0,
    batch_size: int | None = None,
    max_pixels: int | None = None,
    align: bool = False,
    on_photos: Callable[[int], None] = lambda n: None,
) -> int:
    """Do as `cache.cache_features` does, on the cluster at `address`: "auto", HOST:PORT, or None to start one here.

    Each actor computes on `num_gpus` GPUs, which may be a fraction; 0: on processors. `precision` must be the one of
    the machine that trains: a training reads only features of its own precision. Raises as `cache_features`, UsageError
    when there is no such cluster, ClusterError when the connection to it is lost.
    """
    kind = kind_of(backbone, precision, align=align)
    device = "cuda" if num_gpus else "cpu"
    batch_size = batch_size or default_batch_size(device)
    located = locate(address)
    missing = missing_photos(folder, photos, backbone, kind)
    on_photos(len(photos) - len(missing))
    if not missing:
        return 0
    remove_leftovers(folder)
    batches = [missing[start : start + batch_size] for start in range(0, len(missing), batch_size)]
    lines = [{"photos": pickle.dumps(batch)} for batch in batches]  # as Ray itself sends objects
    with cluster(located) as ray, cluster_errors(ray):
        threads = 1 if num_gpus else min(cpus(ray)[0], workers_and_threads()[1])
        arguments = {
            "folder": folder.absolute(),
            "kind": kind,
            "batch_size": min(batch_size, len(missing)),
            "device": device,
            "threads": threads,
            "max_pixels": max_pixels,
        }
        actors = min(actor_count(ray.nodes(), threads, num_gpus), len(lines))
        items = ray.data.from_items(lines, override_num_blocks=len(lines)).map(
            FeatureActor,
            fn_constructor_kwargs={**arguments, "backbone": [ray.put(backbone)]},  # sent once
            compute=ray.data.ActorPoolStrategy(size=actors),
            num_cpus=threads,
            num_gpus=num_gpus or None,
        )
        for line in items.iter_rows():
            if line["error"]:
                raise getattr(errors, line["kind"])(line["error"])
            on_photos(line["photos"])
    remove_leftovers(folder)
    return len(missing)


class FeatureActor:
    """An actor of Ray: it holds the backbone and computes one batch after the other.

    `backbone` is a list with one Ray reference: a bare reference would be replaced by the backbone itself.
    """

    def __init__(
        self,
        folder: Path,
        backbone: list[Any],
        kind: dict[str, Any],
        batch_size: int,
        device: str,
        threads: int,
        max_pixels: int | None = None,
    ) -> None:
        torch.set_num_threads(threads)
        self._folder, self._kind, self._backbone = folder, kind, backbone[0]
        self._device, self._batch_size, self._max_pixels = device, batch_size, max_pixels

    def __call__(self, line: dict[str, Any]) -> dict[str, Any]:
        """Compute a batch and write its shard; return the number of photos, or the class and the text of the error."""
        photos: list[Photo] = pickle.loads(line["photos"])
        margin = self._kind["alignment"]["margin"] if "alignment" in self._kind else None
        how: dict[str, Any] = {"max_pixels": self._max_pixels, "margin": margin}
        try:
            with quiet_decoding():
                features = batch_features(self._network, self._folder, photos, mirror=True, **how)
            keys = tuple(photo.key for photo in photos)
            add_shard(self._folder, Shard(self._kind, keys, torch.from_numpy(features)))
        except FacesError as error:
            return {"photos": 0, "kind": type(error).__name__, "error": str(error)}
        return {"photos": len(photos), "kind": "", "error": ""}

    @cached_property
    def _network(self) -> FrozenNetwork:
        """The network, made for the first batch: the result of a batch can report an error, the start cannot."""
        import ray

        if self._device == "cuda" and not torch.cuda.is_available():
            raise UsageError(
                f"--num-gpus: torch on {socket.gethostname()} finds no CUDA GPU; install its CUDA build there, or "
                "leave --num-gpus out"
            )
        backbone: Backbone = ray.get(self._backbone)
        return backbone.network(device=self._device, precision=self._kind["precision"], batch_size=self._batch_size)


def actor_count(nodes: Sequence[dict[str, Any]], threads: int, num_gpus: float) -> int:
    """Return how many actors of `threads` CPUs and `num_gpus` GPUs fit on the nodes, as `ray.nodes()` lists them.

    Raises UsageError when none fits.
    """
    actors = 0
    for node in nodes:
        has = node["Resources"] if node["Alive"] else {}
        room = has.get("CPU", 0.0) / threads
        actors += int(min(room, has.get("GPU", 0.0) / num_gpus if num_gpus else room) + 1e-9)
    if actors < 1:
        wanted = f"{threads} CPU" + (f" and {num_gpus:g} GPU" if num_gpus else "")
        raise UsageError(f"no machine of the cluster has {wanted} for an actor: add one, or ask for less")
    return actors
