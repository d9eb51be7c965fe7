"""How well faces of whole photos are grouped when nobody's name is known, and how quickly.

    python benchmarks/grouping.py [--shared DIR] [--photos N] [--limits X ...] [--seed N]
    python benchmarks/grouping.py --synthetic N

The photos of a FaceScrub list whose SHA-256 is the listed one, names hidden: every face is found and all are grouped.
Afterwards a face has the name of the listed box of its photo that it overlaps by an IoU of at least 0.35; other faces
have no name. Printed for each way to group, and each limit of the distance:

    precision, recall   of pairs of named faces: of those in one group, how many are one person's, and the reverse
    groups              of five faces or more, for each person that has so many
    others              faces in these groups with another person's name / with none
    alone               named faces that are in no group with another face

dlib's function and scikit-learn's HDBSCAN are left out where they are not installed. HDBSCAN has no limit, but a least
number of faces in a group, and leaves others alone. Then other heaps are grouped: each person's photos halved, photos
on their side, small photos, one person alone, photos without a face, a single photo.

Seconds are those of this process, from its start, with `--threads` threads. `--synthetic N` groups N made-up faces of
N / 25 people and then N of one person, and prints seconds and memory.
"""

import time

STARTED = time.perf_counter()

import argparse
import importlib.util
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.detect import FOUND_AT, SHARED, overlap
from data.download import read_list
from data.photos import flat, quiet_decoding
from data.rows import Box, Row
from faces.detection.detector import FaceDetector
from faces.detection.likeness import FaceFeatures
from faces.groups.clustering import FREE, group_faces
from faces.groups.finding import Searched, find_faces, workers
from faces.settings import FACE_LIMIT

SIZE = 150  # pixels of a face in its crop
BIG = 5  # faces in a group that counts
FEWER = 240  # photos that are turned, or made smaller
SMALL = 300  # pixels of a small photo's longer side

Truth = dict[str, list[tuple[str, Box]]]  # a photo's name -> who is where
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Faces:
    """What was found in photos."""

    features: NDArray[np.float32]  # (N, 128)
    photos: list[str]  # of each face
    names: NDArray[np.str_]  # of each face, "" without one
    searched: int  # photos
    missed: int  # listed boxes where no face was found

    def some(self, chosen: NDArray[np.bool_]) -> "Faces":
        """Return the chosen faces."""
        photos = [photo for photo, is_chosen in zip(self.photos, chosen, strict=True) if is_chosen]
        return Faces(self.features[chosen], photos, self.names[chosen], len(set(photos)), 0)


def listed(folder: Path) -> Truth:
    """Return the photos whose SHA-256 is a listed one, with the names and boxes in each."""
    answers = dict(
        line.split("\t")[:2] for line in (folder / "responses.tsv").read_text(encoding="utf-8").splitlines() if line
    )
    truth: Truth = {}
    for row in read_list(folder / "list.tsv"):
        if isinstance(row, Row) and row.box is not None and answers.get(row.url) == row.sha256:
            boxes = truth.setdefault(answers[row.url], [])
            boxes += [(row.name, row.box)] if (row.name, row.box) not in boxes else []
    return truth


def find(files: Iterable[Path], truth: Truth, detector: FaceDetector, features: FaceFeatures) -> Faces:
    """Return the faces in files, named by the truth about each file's name."""
    numbers: list[NDArray[np.float32]] = []
    photos, names, missed, searched = list[str](), list[str](), 0, 0
    for result in find_faces(files, lambda sha256: False, detector, features, SIZE):
        if not isinstance(result, Searched):
            continue
        searched += 1
        here = [""] * len(result.faces)
        for name, box in truth.get(result.file.stem, []):
            overlaps = [overlap(box, face.box) for face in result.faces]
            if max(overlaps, default=0) >= FOUND_AT:
                here[overlaps.index(max(overlaps))] = name
            else:
                missed += 1
        names += here
        photos += [result.file.stem] * len(here)
        numbers += [face.features for face in result.faces]
    return Faces(np.array(numbers, np.float32).reshape(-1, 128), photos, np.array(names, np.str_), searched, missed)


def chinese_whispers(faces: Faces, limit: float, seed: int) -> Labels:
    """Return the groups that the package makes."""
    free = np.full(len(faces.photos), FREE)
    return group_faces(faces.features, faces.photos, free, limit=limit, generator=np.random.default_rng(seed))


def others() -> Iterator[tuple[str, Callable[[Faces, Any], Labels]]]:
    """Yield other ways to group, those that are installed."""
    if importlib.util.find_spec("dlib"):
        import dlib

        def whispers(faces: Faces, limit: float) -> Labels:
            return np.array(dlib.chinese_whispers_clustering([dlib.vector(row) for row in faces.features], limit))

        yield "dlib", whispers
    if importlib.util.find_spec("sklearn"):
        for least in (2, 3, 5, 10):
            yield f"HDBSCAN {least}", partial(hdbscan, least=least)


def hdbscan(faces: Faces, limit: None, least: int) -> Labels:
    """Return HDBSCAN's clusters of at least so many faces; each face of the noise alone."""
    from sklearn.cluster import HDBSCAN

    clusters = HDBSCAN(min_cluster_size=least, min_samples=1, copy=True).fit_predict(faces.features)
    alone: Labels = clusters.max(initial=-1) + 1 + np.arange(len(clusters))
    return np.where(clusters < 0, alone, clusters)


def quality(faces: Faces, groups: Labels) -> str:
    """Return a row of the table."""
    named = faces.names != ""
    _, people = np.unique(faces.names[named], return_inverse=True)
    _, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    counts = np.zeros((people.max(initial=-1) + 1, len(sizes)), int)  # faces of each person in each group
    np.add.at(counts, (people, numbers[named]), 1)
    together, same, grouped = (int((n * (n - 1) // 2).sum()) for n in (counts, counts.sum(1), counts.sum(0)))
    big = (sizes >= BIG) & counts.any(axis=0) if len(counts) else np.zeros(len(sizes), bool)
    others_named = int((counts.sum(0) - counts.max(axis=0, initial=0))[big].sum())
    nameless = int((sizes - counts.sum(0))[big].sum())
    enough = int((counts.sum(1) >= BIG).sum())
    return (
        f"{_share(together, grouped):>10}{_share(together, same):>10}{big.sum() / max(enough, 1):8.2f}"
        f"{f'{others_named} / {nameless}':>10}{(sizes[numbers[named]] < 2).mean() if named.any() else 0:8.2%}"
        f"{len(sizes):8}"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "-"


def changed(photos: Sequence[Path], folder: Path, change: Callable[[Image.Image], Image.Image]) -> list[Path]:
    """Write changed photos; return their files."""
    with quiet_decoding():
        for photo in photos:
            with Image.open(photo) as stored:
                change(flat(stored).convert("RGB")).save(folder / f"{photo.name}.jpg", quality=95)
    return sorted(folder.iterdir())


def turned_boxes(truth: Truth, folder: Path) -> Truth:
    """Return the boxes of photos that were turned by a quarter, counter-clockwise: x, y is then at y, width - x."""
    result: Truth = {}
    for photo, boxes in truth.items():
        with Image.open(folder / photo) as stored:
            width = stored.width
        result[photo] = [(name, Box(box.y1, width - box.x2, box.y2, width - box.x1)) for name, box in boxes]
    return result


def smaller_boxes(truth: Truth, folder: Path) -> Truth:
    """Return the boxes of photos that were made smaller."""
    result: Truth = {}
    for photo, boxes in truth.items():
        with Image.open(folder / photo) as stored:
            scale = min(1.0, SMALL / max(stored.size))
        result[photo] = [(name, Box(*(round(scale * edge) for edge in box))) for name, box in boxes]
    return result


def smaller(photo: Image.Image) -> Image.Image:
    """Return a photo with at most `SMALL` pixels a side."""
    photo.thumbnail((SMALL, SMALL), Image.Resampling.BOX)
    return photo


def compare(faces: Faces, limits: Sequence[float], seed: int) -> None:
    """Print the table of all ways to group."""
    print(f"{'':24}{'precision':>10}{'recall':>10}{'groups':>8}{'others':>10}{'alone':>8}{'all':>8}  seconds")
    ways: list[tuple[str, Callable[[Faces, Any], Labels]]] = [("ours", partial(chinese_whispers, seed=seed)), *others()]
    for name, way in ways:
        for limit in limits if not name.startswith("HDBSCAN") else (None,):
            started = time.perf_counter()
            groups = way(faces, limit)
            seconds = time.perf_counter() - started
            print(f"{name:16}{limit or '':8}{quality(faces, groups)}{seconds:9.2f}", flush=True)


def in_other_ways(faces: Faces, files: list[Path], truth: Truth, networks: tuple[Any, Any], seed: int) -> None:
    """Print how well heaps of other kinds are grouped."""
    people = sorted(set(faces.names.tolist()) - {""})
    who = {photo: name for photo, name in zip(faces.photos, faces.names.tolist(), strict=True) if name}
    order = {photo: number for number, photo in enumerate(dict.fromkeys(faces.photos))}
    half = np.array([order[photo] % 2 for photo in faces.photos])

    def row(title: str, some: Faces) -> None:
        print(
            f"{title:24}{quality(some, chinese_whispers(some, FACE_LIMIT, seed))}  {some.searched} photos", flush=True
        )

    print(f"ours at {FACE_LIMIT}:")
    for number in (0, 1):
        row(f"half {number + 1} of the photos", faces.some(half == number))
    for name in (people[0], people[-1]):
        row("one person's photos", faces.some(np.array([who.get(photo) == name for photo in faces.photos])))
    row("one photo", faces.some(np.array([photo == faces.photos[0] for photo in faces.photos])))
    fewer = files[:: max(len(files) // FEWER, 1)]
    folder = fewer[0].parent
    kinds: list[tuple[str, Callable[[Image.Image], Image.Image], Callable[[Truth, Path], Truth]]] = [
        ("photos on their side", lambda photo: photo.transpose(Image.Transpose.ROTATE_90), turned_boxes),
        (f"photos of {SMALL} pixels", smaller, smaller_boxes),
        ("photos without a face", lambda photo: photo.crop((0, 0, 8, 8)).resize((300, 200)), lambda truth, _: truth),
    ]
    row("the same photos", faces.some(np.isin(faces.photos, [file.name for file in fewer])))
    for title, change, boxes in kinds:
        with tempfile.TemporaryDirectory() as place:
            some = {file.name: truth[file.name] for file in fewer}
            found = find(changed(fewer, Path(place), change), boxes(some, folder), *networks)
            row(title, found)
            print(f"{'':24}{len(found.photos)} faces, {found.missed} of the listed ones not found")


def synthetic(n: int, seed: int) -> None:
    """Print how long n made-up faces take, and how much memory."""
    generator = np.random.default_rng(seed)
    for people in (n // 25, 1):
        centres = generator.normal(0, 0.9 / 16, (people, 128))
        who = np.arange(n) % people
        features = (centres[who] + generator.normal(0, 0.45 / 16, (n, 128))).astype(np.float32)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        groups = group_faces(features, range(n), np.full(n, FREE), generator=generator)
        seconds = time.perf_counter() - started
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        right = len(set(zip(who.tolist(), groups.tolist(), strict=True)))
        print(f"{n} faces of {people} people: {right} groups, {seconds:.1f} s, {more:.0f} MiB more at most", flush=True)


def main() -> None:
    """Print the table, or what `--synthetic` asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder that holds facescrub")
    parser.add_argument("--photos", type=int, default=10**6, metavar="N", help="at most (default: all)")
    parser.add_argument("--limits", type=float, nargs="+", default=[0.45, 0.5, 0.55, 0.6], metavar="X")
    parser.add_argument("--threads", type=int, default=2, help="of torch (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which faces are looked at")
    parser.add_argument("--synthetic", type=int, metavar="N", help="N made-up faces instead")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.synthetic:
        return synthetic(options.synthetic, options.seed)
    folder = options.shared / "facescrub"
    if not (folder / "list.tsv").is_file():
        parser.error(f"no recorded web in {options.shared}: name the folder that holds facescrub with --shared")
    truth = listed(folder)
    files = [folder / "responses" / photo for photo in sorted(truth)]
    n = min(options.photos, len(files))
    files = [files[number * len(files) // n] for number in range(n)]
    imported = time.perf_counter()
    networks = FaceDetector(at_once=workers()), FaceFeatures()
    read = time.perf_counter()
    faces = find(files, truth, *networks)
    found = time.perf_counter()
    chinese_whispers(faces, FACE_LIMIT, options.seed)
    done = time.perf_counter()
    named = int((faces.names != "").sum())
    print(
        f"{faces.searched} photos, {len(faces.photos)} faces, {named} of them named, {faces.missed} listed ones missed"
    )
    print(
        f"{done - STARTED:.1f} s: start {imported - STARTED:.1f}, networks {read - imported:.1f}, faces "
        f"{found - read:.1f}, groups {done - found:.1f}; processor {time.process_time():.1f} s; "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most"
    )
    compare(faces, options.limits, options.seed)
    in_other_ways(faces, files, truth, networks, options.seed)


if __name__ == "__main__":
    main()
