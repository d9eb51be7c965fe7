"""`features`: a frozen network's features of a folder's photos, cached beside them for `train-faces`."""

import argparse
import math
from typing import Any

from commands.arguments import folder_or_storage, positive
from commands.console import log, print_json, progress
from commands.flags import add_device, add_engine, add_frozen, add_max_pixels, add_output, check_engine
from commands.folders import unpacked
from commands.parser import add_command
from commands.stopping import going_on, stopped_after
from data.wording import count
from errors import UsageError


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "compute a frozen network's features of all photos of a folder, and cache them beside it for train-faces"
    add = add_command(commands, "features", features, about, "features datasets/six --engine ray --address auto")
    add(
        "folder",
        type=folder_or_storage,
        metavar="DIR|URL",
        help="one folder of photos per person, or what download --out URL filled",
    )
    add_frozen(add, "alexnet")
    add("--batch-size", type=positive, metavar="N", help="photos computed together (default: 64, on a GPU 256)")
    add_device(add, "local only: where to compute")
    add("--num-gpus", type=float, default=0.0, metavar="X", help="ray only: GPUs for each actor, 0.5 is half a GPU")
    add_max_pixels(add)
    add_engine(add)
    add_output(add)


def features(options: argparse.Namespace) -> int:
    """Compute the features that are not in the cache."""
    check_engine(options)
    if options.engine == "local" and options.num_gpus != 0:
        raise UsageError("--num-gpus is for --engine ray: here --device says where to compute")
    if options.engine != "local" and options.device != "auto":
        raise UsageError("--device is for this machine: with --engine ray, --num-gpus says where to compute")
    if not 0 <= options.num_gpus < math.inf:
        raise UsageError(f"--num-gpus: expected a number from 0 on, got {options.num_gpus:g}")
    if options.engine == "ray":
        from data.cluster.connection import require

        require("ray")  # said before thousands of photos are read
    folder = unpacked(options.folder)
    from data.photos.folder import read_folder
    from faces.backbones.catalogue import load_backbone
    from faces.backbones.precision import choose_precision
    from faces.detection.landmarks import align_photos
    from faces.features.cache import cache_features
    from nn.device import choose_device

    device = choose_device(options.device)
    backbone = load_backbone(options.model, options.weights)
    read = read_folder(folder, max_pixels=options.max_pixels)
    with progress("finding eyes, nose and mouth", len(read.photos), quiet=options.quiet) as on_photo:
        where: dict[str, Any] = {"device": device, "max_pixels": options.max_pixels, "on_photo": lambda: on_photo("")}
        photos, align, aligned = align_photos(folder, read.photos, options.align, **where)
    for note in () if options.quiet else (*read.notes, aligned):
        log(note)
    arguments: dict[str, Any] = {"batch_size": options.batch_size, "precision": choose_precision(device)}
    arguments |= {"max_pixels": options.max_pixels, "align": align}
    done: list[int] = []  # photos: first those whose features an earlier run has cached, then each batch
    with (
        going_on(lambda: stopped_after(sum(done), len(photos), "photo")),
        progress("computing features", len(photos), quiet=options.quiet) as advance,
    ):

        def on_photos(n: int) -> None:
            for _ in range(n):
                advance("", fresh=bool(done))
            done.append(n)

        if options.engine == "ray":
            from faces.features.cluster import cache_features_on_ray

            arguments |= {"address": options.address, "num_gpus": options.num_gpus}
            computed = cache_features_on_ray(folder, photos, backbone, on_photos=on_photos, **arguments)
        else:
            computed = cache_features(folder, photos, backbone, device=device, on_photos=on_photos, **arguments)
    if options.json:
        print_json({"folder": str(folder), "photos": len(photos), "computed": computed})
    else:
        print(f"{count(len(photos), 'photo')} in {folder}: features of {computed} computed now, all are cached there")
    return 0
