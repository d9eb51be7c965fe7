"""`features`: AlexNet's features of a folder's photos, beside them, where `train-faces --model alexnet` looks.

Flags that only the cluster has are handed to it alone. Neighbours: `faces/alexnet/cache` computes and keeps them here,
`faces/alexnet/cluster` on many machines; `folders` unpacks what a download put into a storage.
"""

import argparse
from typing import Any

from commands.arguments import folder_or_storage, positive
from commands.console import print_json, progress
from commands.flags import add_engine, add_output, check_engine
from commands.folders import unpacked
from commands.parser import add_command
from faces.settings import DEVICES, HeadSettings

PHOTOS_A_BATCH = 64


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = "compute AlexNet's conv5 features of all photos of a folder, and keep them beside it for train-faces"
    add = add_command(
        commands, "features", features, about, "python cli.py features datasets/six --engine ray --address auto"
    )
    add("folder", type=folder_or_storage, metavar="DIR|URL", help="photos a person, or what download --out URL filled")
    add("--weights", default="imagenet", metavar="W", help="imagenet, random, or a .pth, .safetensors or .npz file")
    add("--size", type=positive, default=HeadSettings.size, metavar="PIXELS", help="side of the crops AlexNet sees")
    add("--batch-size", type=positive, default=PHOTOS_A_BATCH, metavar="N", help="photos computed together")
    add("--device", choices=DEVICES, default="auto", help="where to compute")
    add("--num-gpus", type=float, default=0.0, metavar="X", help="of the ray engine: a GPU's share for each actor")
    add_engine(add)
    add_output(add)


def features(options: argparse.Namespace) -> int:
    """Compute the features that are not kept yet."""
    check_engine(options)
    folder = unpacked(options.folder)
    from data.folder import read_folder
    from faces.alexnet.cache import keep_features
    from faces.alexnet.precision import choose_precision
    from faces.alexnet.weights import load_weights
    from faces.device import choose_device

    device = choose_device(options.device)
    photos, weights = read_folder(folder).photos, load_weights(options.weights)
    told = {"size": options.size, "batch_size": options.batch_size, "precision": choose_precision(device)}
    with progress("computing features", len(photos), quiet=options.quiet) as advance:

        def on_photos(n: int) -> None:
            for _ in range(n):
                advance("")

        if options.engine == "ray":
            from faces.alexnet.cluster import keep_features_on_ray

            told |= {"address": options.address, "num_gpus": options.num_gpus}
            computed = keep_features_on_ray(folder, photos, weights, on_photos=on_photos, **told)
        else:
            computed = keep_features(folder, photos, weights, device=device, on_photos=on_photos, **told)
    if options.json:
        print_json({"folder": str(folder), "photos": len(photos), "computed": computed})
    else:
        print(f"{len(photos)} photos in {folder}: features of {computed} computed now, all are kept there")
    return 0
