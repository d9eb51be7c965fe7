"""train-faces: folders of photos, one per person, in; a run folder out.

Reads and splits the photos, trains, measures on the test photos, and writes the run. With several ranks, all read and
train, but only the first measures and writes.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data.photos.folder import Folder, read_folder
from data.photos.split import Split, split
from data.settings import SplitSizes
from data.wording import count
from errors import UsageError
from faces.classifier import Classifier
from faces.detection.landmarks import align_photos
from faces.open_set import OpenedPart, measure_unknown, rounds
from faces.pictures import PHOTOS_A_UNIT
from faces.run_files import measured, run_files
from faces.settings import MEMORY_LIMIT, STRANGERS
from nn.parallel import ALONE, Ranks
from nn.training import StateKeeper, fingerprint_of, left_behind
from report import run_folder as files
from report.hidden_units import most_exciting
from report.progress import Bar, no_bar
from report.unfinished_run import begin, finished_before, publish_run, save_state, saved_states, training_in

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class FaceTraining:
    """The settings of one run."""

    folder: Path
    out: Path
    classifier: Classifier
    """Not trained yet; `train_faces` trains it."""
    sizes: SplitSizes = field(default_factory=SplitSizes)
    min_photos: int | None = None
    """People with fewer different photos are left out; None: as few as leave one in each part."""
    align: bool | None = None
    """Whether faces are aligned; None: if their points are known, or what finds them is installed."""
    strict: bool = False
    """Whether a photo that cannot be read is an error; else it is left out."""
    source: Path | None = None
    """Where the faces in `folder` were found, if it was made of whole photos."""
    notes: Sequence[str] = ()
    """Lines about what was passed over when `folder` was made."""
    originals: Mapping[str, str] = field(default_factory=dict)
    """For photos in `folder` that were cut out of others: what the page calls each, file -> file in `source`."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """What the command was given, as JSON: kept in the run, so that `--resume` needs no flag again."""
    resume: bool = False
    overwrite: bool = False
    """Whether a run that is in `out` is replaced."""
    strangers: float = STRANGERS
    """The share of strangers that may be given a name, above 0 and below 1: it sets the threshold for "unknown"."""
    memory_limit: int = MEMORY_LIMIT
    """MiB. Features of which a training would hold more stay on the disk and are read a window at a time."""
    ranks: Ranks = ALONE

    def __post_init__(self) -> None:
        if not 0 < self.strangers < 1:
            raise UsageError(f"strangers must be above 0 and below 1, a share of them, got {self.strangers}")


def train_faces(
    task: FaceTraining, bar: Bar = no_bar, on_note: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Train, measure, and write `task.out`; return the content of metrics.json, {} on all ranks but the first.

    `on_note` is called with each line about what was left out of the folder, joined or recognised, and about what
    `resume` finds. KeyboardInterrupt saves what `resume` goes on from, and says in its text how far it was.

    Raises UsageError when `task.out` cannot be a run folder, or holds a run that is not to be replaced, DatasetError
    when the photos cannot be used, RunError when what is to be resumed is another training, or damaged.
    """
    if not task.ranks.is_first:
        return _train(task, bar, on_note)
    with training_in(task.out, resume=task.resume, overwrite=task.overwrite):
        return _train(task, bar, on_note)


def _train(task: FaceTraining, bar: Bar, on_note: Callable[[str], None]) -> dict[str, Any]:
    started = time.monotonic()
    ranks, classifier = task.ranks, task.classifier
    folder, aligned = ranks.rank_zero_first(lambda: _aligned(task, _read(task, bar), bar))
    if ranks.is_first:
        for line in (*folder.notes, aligned):
            on_note(line)
    parts = split(folder.photos, task.sizes, np.random.default_rng(classifier.seed))
    ranks.check_samples(len(parts.train), "photos")
    asked = _asked(task, parts)
    ranks.check_same(fingerprint_of(asked), "the photos or settings")
    state = None
    if task.resume:
        found = (partial(saved_states, task.out), partial(finished_before, task.out))
        state, finished = left_behind(task.out, *found, asked, ranks, on_note)
        if finished is not None:
            return finished
    train, validation, test = _open(task, parts, bar)
    watched = (validation.photos, validation.names) if validation.names else None
    if not ranks.is_first:
        classifier.fit(train.photos, train.names, watched, ranks=ranks)
        return {}
    if state is None:
        if task.resume:
            on_note(f"{task.out} has no saved epoch to go on from: beginning with the first")
        begin(task.out, task.request)
    with StateKeeper(partial(save_state, task.out), asked, classifier.epochs, started, resumed=state) as keeper:
        with bar("training", classifier.epochs - keeper.done) as advance:
            on_epoch = keeper.showing(advance)
            classifier.fit(train.photos, train.names, watched, on_epoch=on_epoch, resume=state, ranks=ranks)
        keeper.save()  # what comes now may fail too, or be stopped
        metrics = {
            "format": FORMAT,
            "model": classifier.kind,
            "data": str(task.folder.resolve()),
            "source": None if task.source is None else str(task.source.resolve()),
            "seed": classifier.seed,
            "classes": classifier.classes_.tolist(),
            "counts": parts.counts(),
            **measured(classifier, {"train": train, "validation": validation, "test": test}),
            "unknown": _unknown(classifier, train, validation, test, task.strangers, bar),
            "seconds": round(keeper.seconds, 2),
            "training_seconds": round(sum(classifier.history.column("seconds")), 2),
            **classifier.identity(),
            "split_sizes": asdict(task.sizes),
            "left_out": [*task.notes, *folder.notes],
            "aligned": aligned,
            "device": str(classifier.torch_device),
            "processes": ranks.size,
            "guard": fingerprint_of(asked),
            "asked": asked,
            "request": task.request,
            "versions": files.versions(),
        }
        with bar("writing the report", None):
            return publish_run(task.out, _contents(task, parts, train, test, metrics), metrics)


def _read(task: FaceTraining, bar: Bar) -> Folder:
    """Read the folder, and leave out who has too few photos for all parts."""
    least = 1 + bool(task.sizes.validation) + bool(task.sizes.test)
    with bar("reading photos", None) as advance:
        return read_folder(
            task.folder,
            min_photos=least if task.min_photos is None else task.min_photos,
            strict=task.strict,
            max_pixels=task.classifier.max_pixels,
            on_photo=lambda: advance(""),
            advice=partial(_advice, task),
        )


def _aligned(task: FaceTraining, folder: Folder, bar: Bar) -> tuple[Folder, str]:
    """Return the folder with the points of the faces, if they are to be aligned, and a line about that.

    Sets `align` of the classifier.
    """
    with bar("finding eyes, nose and mouth", len(folder.photos)) as advance:
        device, max_pixels = task.classifier.torch_device.type, task.classifier.max_pixels
        options: dict[str, Any] = {"device": device, "max_pixels": max_pixels, "on_photo": lambda: advance("")}
        photos, align, line = align_photos(folder.path, folder.photos, task.align, **options)
    task.classifier.set_params(align=align)
    return replace(folder, photos=tuple(photos)), line


def _advice(task: FaceTraining, photos: Mapping[str, int]) -> str:
    """Return what could be asked for with so many photos of each person, as the end of a message."""
    second = sorted((0, 0, *photos.values()))[-2]  # two people have so many, or more
    if task.min_photos is not None and second:
        return f"; with --min-photos {min(second, task.min_photos)} it works"
    if second == 2 and task.sizes.validation and task.sizes.test:
        return "; without validation photos it works: --validation 0"
    if second == 1:
        return "; without validation and test photos it works, but nothing is measured: --validation 0 --test 0"
    return "; add photos"


def _asked(task: FaceTraining, parts: Split) -> dict[str, Any]:
    """Return, as JSON, all that decides what is trained: photos, model, settings; the classifier is not trained yet."""
    classifier = task.classifier
    training = {"people": _people(parts), "model": classifier.kind, "seed": classifier.seed, **classifier.identity()}
    stored = {"stored": True} if _stay_on_disk(task, parts) else {}
    strangers = {} if task.strangers == STRANGERS else {"strangers": task.strangers}
    return training | stored | strangers | task.ranks.identity()


def _people(parts: Split) -> dict[str, str]:
    """Return for each person how many photos there are, and a digest of their bytes and of what each is used for."""
    uses: dict[str, list[str]] = {}
    for name in ("train", "validation", "test"):
        for photo in getattr(parts, name):
            uses.setdefault(photo.name, []).append(f"{name} {photo.sha256}")
    return {
        name: f"{count(len(own), 'photo')} ({hashlib.sha256(' '.join(own).encode()).hexdigest()[:16]})"
        for name, own in sorted(uses.items())
    }


def _open(task: FaceTraining, parts: Split, bar: Bar) -> list[OpenedPart]:
    """Return the photos of the three parts; test photos only on the first rank, which measures."""
    ranks, classifier = task.ranks, task.classifier
    groups = [parts.train, parts.validation, parts.test if ranks.is_first else ()]
    if ranks.size > 1:
        own = [*parts.train, *parts.validation, *parts.test][ranks.rank :: ranks.size]
        with bar("preparing photos", len(own)) as advance:
            classifier.cache(task.folder, own, lambda: advance(""))
        ranks.barrier()
    open_photos = classifier.open_stored if _stay_on_disk(task, parts) else classifier.open
    photos = [photo for group in groups for photo in group]
    with bar("opening photos", len(photos)) as advance:
        opened = open_photos(task.folder, photos, lambda: advance(""))
    ends = np.cumsum([len(group) for group in groups])
    parts_of = [opened.take(slice(end - len(group), end)) for group, end in zip(groups, ends, strict=True)]
    ranks.check_same(parts_of[0].layout() + parts_of[1].layout(), "the files of the features")
    return [OpenedPart(part, [photo.name for photo in group]) for part, group in zip(parts_of, groups, strict=True)]


def _stay_on_disk(task: FaceTraining, parts: Split) -> bool:
    """Whether the photos' features need more memory than the limit."""
    photos = len(parts.train) + len(parts.validation) + len(parts.test)
    return photos * task.classifier.bytes_a_photo > task.memory_limit << 20


def _unknown(
    classifier: Classifier, train: OpenedPart, validation: OpenedPart, test: OpenedPart, share: float, bar: Bar
) -> dict[str, Any]:
    """Set the threshold for unknown people; return what it does."""
    with bar("leaving people out", len(rounds(train, classifier.rounds))) as advance:
        return measure_unknown(classifier, train, validation, test, share, lambda: advance(""))


def _contents(
    task: FaceTraining, parts: Split, train: OpenedPart, test: OpenedPart, metrics: dict[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of the run."""
    with_most = most_exciting(task.classifier.activations(train.photos), PHOTOS_A_UNIT)
    units = [[(photo.file, photo.sha256) for photo in map(parts.train.__getitem__, unit)] for unit in with_most]
    return run_files(
        task.classifier,
        metrics,
        task.folder,
        _split_lists(task, parts),
        parts.test,
        test.photos,
        units,
        task.originals,
    )


def _split_lists(task: FaceTraining, parts: Split) -> dict[str, Any]:
    lists = {name: [photo.file for photo in getattr(parts, name)] for name in ("train", "validation", "test")}
    digests = {photo.file: photo.sha256 for name in lists for photo in getattr(parts, name)}
    return {"seed": task.classifier.seed, "sizes": asdict(task.sizes), **lists, "sha256": digests}
