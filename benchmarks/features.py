"""From crop files on disk to features: AlexNet beside the report's code and a plain loop, the face network beside dlib.

    python benchmarks/features.py [FOLDER] [--weights W] [--photos N] [--pairs 3] [--precision float32]
    python benchmarks/features.py [FOLDER] --model face
    python benchmarks/features.py [FOLDER] --device cuda [--photos N] [--model face]

The report's code computes one photo at a time, the plain loop 64; both in float32, with torch's own layers and all of
its threads, and open each photo just before it is needed. Ours is `extract` as a training calls it, including its
preparation. Before the timing, our features are compared with those of the plain loop. FOLDER has a folder of crops per
person; without it, pictures are drawn into a temporary folder.

dlib's own code for the face network computes one face at a time, from crops that are in memory as it takes them.

On a GPU, ours is beside what limits it: the network alone, on crops in memory, and opening the photos alone, on all
cores, the start of the processes included. The photos are repeated until there are N.
"""

import argparse
import functools
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.pairs import time_pairs
from data.cores import cores
from data.photos import Folder, crop, open_photo, read_folder
from data.photos.crop_batches import crop_batches
from data.portraits import Gallery
from data.rows import Box
from data.settings import DEVICES, DownloadSettings
from errors import UsageError
from faces.backbones.alexnet.alexnet import AlexNet
from faces.backbones.alexnet.architecture import SIZE, Architecture
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.weights import load_weights
from faces.backbones.backbone import Backbone
from faces.backbones.face.face import installed_file, load_face
from faces.backbones.precision import Precision, choose_precision
from faces.detection.landmarks import KEPT, with_landmarks
from faces.features.extract import default_batch_size, extract
from faces.features.on_gpu import CudaCopies, compute_ahead
from nn.device import choose_device

BATCH = 64  # photos, of the plain loop
DRAWN = 256  # photos
PHOTOS_ON_GPU = 20_000  # a second or two, beside which the start of processes is short
WANTED = 0.8  # of the smaller rate of the two that limit ours


def plain_loop(paths: Sequence[Path], weights: Weights, batch_size: int) -> Tensor:
    """Return the features by the simplest code: open, normalise, stack, run layer after layer."""
    with torch.no_grad():
        starts = range(0, len(paths), batch_size)
        batches = (torch.stack([_normalised(path, weights) for path in paths[at : at + batch_size]]) for at in starts)
        return torch.cat([_forward(batch, weights) for batch in batches])


def _normalised(path: Path, weights: Weights) -> Tensor:
    """Return a photo as the network's input: (3, size, size)."""
    how = weights.preprocessing
    pixels = torch.from_numpy(np.array(open_photo(path.read_bytes(), SIZE, "RGB"))).permute(2, 0, 1)
    x = (pixels if how.channels == "RGB" else pixels.flip(0)) * how.scale
    return (x - torch.tensor(how.mean)[:, None, None]) / torch.tensor(how.deviation)[:, None, None]


def _forward(x: Tensor, weights: Weights) -> Tensor:
    """Return the features of x (N, 3, size, size) by torch's own layers: (N, 9216)."""
    for stage, (weight, bias) in zip(weights.architecture.stages, weights.convolutions, strict=True):
        x = F.relu(F.conv2d(x, weight, bias, stage.stride, stage.padding, groups=stage.groups))
        if stage.normalised:
            x = F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)
        if stage.pooled:
            x = F.max_pool2d(x, 3, 2, ceil_mode=weights.architecture.ceil_pooling)
    return x.flatten(1)


def operations(architecture: Architecture) -> float:
    """Return the multiplications and additions of the five direct convolutions for one photo."""
    total = 0
    for stage, (side, _) in zip(architecture.stages, pairwise(architecture.sides(SIZE)), strict=True):
        maps = (side + 2 * stage.padding - stage.kernel) // stage.stride + 1
        total += 2 * maps**2 * stage.outputs * (stage.inputs // stage.groups) * stage.kernel**2
    return float(total)


def matrix_rate(side: int = 1024, times: int = 20) -> float:
    """Return the floating-point operations per second of the fastest of `times` float32 matrix products."""
    a, b = torch.rand(2, side, side)
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / min(seconds)


def draw(folder: Path, photos: int, side: int) -> None:
    """Write JPEGs for two people, of the size and about the detail of crops of faces."""
    generator = np.random.default_rng(0)
    for number in range(photos):
        coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=float)
        pixels = (smooth + generator.normal(0, 6, smooth.shape)).clip(0, 255).astype(np.uint8)
        person = folder / "AB"[number % 2]
        person.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(person / f"{number}.jpg", quality=90, subsampling=0)


def compare(folder: Folder, weights: Weights, arguments: argparse.Namespace) -> None:
    """Print the two comparisons and the rate of our convolutions."""
    paths = [folder.path / photo.file for photo in folder.photos]

    def ours() -> Tensor:
        batches = extract(folder.path, folder.photos, AlexNet(weights), precision=arguments.precision)
        return torch.cat([torch.from_numpy(f) for f in batches])[:, 0]

    expected, got = plain_loop(paths[:BATCH], weights, BATCH), ours()[:BATCH]
    print(f"cosine similarity with the plain loop's features: at least {F.cosine_similarity(expected, got).min():.6f}")
    rate = matrix_rate()
    for title, batch_size, at_least in (("one photo at a time", 1, 2.5), (f"batches of {BATCH}", BATCH, 1.5)):
        theirs = functools.partial(plain_loop, paths, weights, batch_size)
        pairs = time_pairs(ours, theirs, pairs=arguments.pairs, warm_up=1)
        print(pairs.line(f"{len(paths)} photos, beside {title}", 1 / at_least))
        print(f"    {1 / pairs.ratio:.2f} times its photos per second, wanted {at_least}")
        seconds = min(pairs.ours)
    reached = operations(weights.architecture) * len(paths) / seconds
    print(f"matrix products in float32 reach {rate / 1e9:.0f} GFLOP/s on {torch.get_num_threads()} threads")
    print(
        f"ours: {len(paths) / seconds:.0f} photos/s, at best; their convolutions, computed directly, would be "
        f"{reached / 1e9:.0f} GFLOP/s: {reached / rate:.0%} of that"
    )
    print_opening(opening_rate(folder, SIZE, BATCH))


def opening_rate(folder: Folder, size: int, batch_size: int) -> float:
    """Return how many photos a second all cores open, without a network."""
    started = time.perf_counter()
    for _ in crop_batches(folder.path, folder.photos, size, batch_size):
        pass
    return len(folder.photos) / (time.perf_counter() - started)


def print_opening(rate: float) -> None:
    """Print what `opening_rate` returned."""
    print(f"opening the photos alone, on all {cores()} cores: {rate:.0f} photos/s")


def compare_with_limits(folder: Folder, backbone: Backbone, precision: Precision, times: int) -> None:
    """Print how many photos a second come out on a GPU, beside what the network and the cores could do alone."""
    n, batch_size = len(folder.photos), default_batch_size("cuda")
    network = backbone.network(device="cuda", precision=precision, batch_size=batch_size)
    in_memory = next(crop_batches(folder.path, folder.photos, backbone.size, batch_size))
    rates: dict[str, list[float]] = {"ours": [], "network": [], "opening": []}
    for _ in range(times + 1):
        started = time.perf_counter()
        for _ in extract(folder.path, folder.photos, backbone, device="cuda", precision=precision):
            pass
        rates["ours"].append(n / (time.perf_counter() - started))
        batches = (in_memory for _ in range(n // len(in_memory)))
        started = time.perf_counter()
        computed = sum(len(numbers) for numbers in compute_ahead(network, batches, CudaCopies(network.device)))
        rates["network"].append(computed / (time.perf_counter() - started))
        rates["opening"].append(opening_rate(folder, backbone.size, batch_size))
    ours, alone, opening = (statistics.median(each[1:]) for each in rates.values())  # the first ones warm up
    print(f"{n} photos from disk on {torch.cuda.get_device_name()}: {ours:.0f} photos/s")
    print(f"the network alone, on crops in memory: {alone:.0f} photos/s")
    print_opening(opening)
    share = ours / min(alone, opening)
    print(f"ours is {share:.0%} of the smaller of the two, wanted {WANTED:.0%}: {'yes' if share >= WANTED else 'NO'}")


def compare_with_dlib(folder: Folder, arguments: argparse.Namespace) -> None:
    """Print the comparison of the face network with dlib's own code, from crops on disk, alignment included."""
    import dlib

    backbone, file = load_face(), installed_file()
    model = dlib.face_recognition_model_v1(str(file))
    predictor = dlib.shape_predictor(str(file.parent / "shape_predictor_5_face_landmarks.dat"))
    paths = [folder.path / photo.file for photo in folder.photos]

    def ours() -> NDArray[np.float32]:
        (folder.path / KEPT).unlink(missing_ok=True)  # else the points are found once
        placed = with_landmarks(folder.path, folder.photos)
        batches = extract(folder.path, placed, backbone, precision=arguments.precision, batch_size=BATCH, align=True)
        return np.concatenate(list(batches))[:, 0]

    def theirs() -> NDArray[np.float64]:
        return np.array([described(np.asarray(Image.open(path).convert("RGB"))) for path in paths])

    chip, side = dlib.get_face_chip, backbone.size

    def described(photo: NDArray[np.uint8]) -> NDArray[np.float64]:
        points = predictor(photo, dlib.rectangle(0, 0, photo.shape[1] - 1, photo.shape[0] - 1))
        return np.array(model.compute_face_descriptor(chip(photo, points, side, backbone.margin)))

    squares = [np.array(open_photo(path.read_bytes(), backbone.size, "RGB")) for path in paths[:BATCH]]
    same = backbone.network(precision="float32")(np.stack([square.transpose(2, 0, 1) for square in squares])).numpy()
    off = np.abs(same - [model.compute_face_descriptor(square) for square in squares]).max()
    print(f"float32, the same squares: at most {off:.1e} from dlib's numbers")
    pairs = time_pairs(ours, theirs, pairs=arguments.pairs, warm_up=1)
    print(pairs.line(f"{len(paths)} faces on {torch.get_num_threads()} threads, beside dlib's code", 1 / 10))
    ours_rate, theirs_rate = (len(paths) / statistics.median(times) for times in (pairs.ours, pairs.theirs))
    print(f"    {ours_rate:.0f} faces/s beside {theirs_rate:.1f}: {1 / pairs.ratio:.1f} times, wanted 10")


def draw_faces(folder: Path, photos: int) -> None:
    """Write crops of drawn portraits, two people's, as `download` does."""
    gallery = Gallery(people=2, photos=-(-photos // 2))
    for number in range(photos):
        portrait = gallery.draw(number % 2, number // 2)
        person = folder / portrait.name
        person.mkdir(exist_ok=True)
        cut = crop(portrait.jpeg, Box(*portrait.box), DownloadSettings())
        assert isinstance(cut, bytes)
        (person / f"{number}.jpg").write_bytes(cut)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--model", choices=("alexnet", "face"), default="alexnet")
    parser.add_argument("--weights", default="random", help="AlexNet's")
    parser.add_argument("--photos", type=int, help=f"default: {DRAWN}, on a GPU {PHOTOS_ON_GPU}")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), help="default: what the device computes faster")
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    arguments = parser.parse_args()
    try:
        device = choose_device(arguments.device)
    except UsageError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    arguments.precision = arguments.precision or choose_precision(device)
    n = arguments.photos or (PHOTOS_ON_GPU if device == "cuda" else DRAWN)
    with tempfile.TemporaryDirectory() as drawn:
        if arguments.folder is None:
            to_draw = min(n, DRAWN) if device == "cuda" else n
            if arguments.model == "face":
                draw_faces(Path(drawn), to_draw)
            else:
                draw(Path(drawn), to_draw, SIZE)
        read = read_folder(arguments.folder or Path(drawn))
        folder = replace(read, photos=read.photos[:n])
        if device == "cuda":
            folder = replace(read, photos=(read.photos * -(-n // len(read.photos)))[:n])
            backbone = load_face() if arguments.model == "face" else AlexNet(load_weights(arguments.weights))
            print(f"{backbone.name}, weights {backbone.source}, in {arguments.precision}")
            return compare_with_limits(folder, backbone, arguments.precision, arguments.pairs)
        if arguments.model == "face":
            print(f"face network, ours in {arguments.precision}")
            return compare_with_dlib(folder, arguments)
        weights = load_weights(arguments.weights)
        print(f"{weights.architecture.name} AlexNet, weights {weights.source}, ours in {arguments.precision}")
        compare(folder, weights, arguments)


if __name__ == "__main__":
    main()
