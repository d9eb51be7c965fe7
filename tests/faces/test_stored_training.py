"""When a training leaves its features on the disk, and what a run says of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.photos.folder import Photo, read_folder
from data.photos.split import Split
from data.settings import SplitSizes
from faces import training_run
from faces.hidden import HiddenClassifier
from faces.photos import Photos
from faces.training_run import FaceTraining, train_faces
from nn.parallel import Ranks
from nn.training import fingerprint_of

SIZES = SplitSizes(train=8, validation=2, test=3)


class Kept(HiddenClassifier):
    """A network whose photos take 1 MiB / 4 each, and which notes how they are opened."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(hidden=4, epochs=2, size=12, **parameters)
        self.opened: list[str] = []

    @property
    def bytes_a_photo(self) -> int:
        return 1 << 18

    def open_stored(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        self.opened.append("stored")
        return super().open(folder, photos, on_photo)

    def open(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        self.opened.append("in memory")
        return super().open(folder, photos, on_photo)

    def cache(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> None:
        self.opened.append("cached")


def task(folder: Path, out: Path, memory_limit: int) -> FaceTraining:
    return FaceTraining(folder=folder, out=out, classifier=Kept(), sizes=SIZES, memory_limit=memory_limit)


def photos(people: Path, n: int) -> tuple[Photo, ...]:
    return read_folder(people).photos[:n]


@pytest.mark.parametrize("sizes", [(3, 3, 2), (8, 0, 0), (0, 8, 0), (0, 0, 8), (5, 2, 1)])
def test_the_limit_holds_for_the_photos_of_all_parts_together(
    people: Path, tmp_path: Path, sizes: tuple[int, int, int]
) -> None:
    parts = Split(*(photos(people, n) for n in sizes))
    eight, nine = parts, replace(parts, train=photos(people, sizes[0] + 1))
    assert not training_run._stay_on_disk(task(people, tmp_path, 2), eight), "exactly the limit"
    assert training_run._stay_on_disk(task(people, tmp_path, 2), nine)
    assert training_run._stay_on_disk(task(people, tmp_path, 1), eight)
    assert not training_run._stay_on_disk(task(people, tmp_path, 3), nine)


@pytest.mark.parametrize(("memory_limit", "how"), [(9, "stored"), (10, "in memory")])
def test_the_39_photos_of_a_run_are_opened_once_and_counted_on_the_bar(
    people: Path, tmp_path: Path, memory_limit: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []

    def note(about: dict[str, Any]) -> str:
        told.append(about)
        return fingerprint_of(about)

    monkeypatch.setattr(training_run, "fingerprint_of", note)
    steps: dict[str, tuple[int | None, list[str]]] = {}

    @contextmanager
    def bar(what: str, total: int | None) -> Iterator[Callable[[str], None]]:
        steps[what] = (total, [])
        yield steps[what][1].append

    training = task(people, tmp_path / "run", memory_limit)
    train_faces(training, bar)
    assert isinstance(training.classifier, Kept)
    assert training.classifier.opened == [how]
    assert steps["opening photos"][0] == 39
    assert len(steps["opening photos"][1]) == 39
    assert "preparing photos" not in steps, "one process alone shares nothing"
    assert {about.get("stored") for about in told} == {True if how == "stored" else None}, "as earlier runs noted it"


@pytest.mark.parametrize(("rank", "size", "own"), [(0, 2, 7), (1, 2, 6), (0, 3, 5), (2, 3, 4), (0, 1, None)])
def test_each_of_several_processes_prepares_its_share_and_only_the_first_opens_test_photos(
    people: Path, tmp_path: Path, rank: int, size: int, own: int | None
) -> None:
    totals: dict[str, int | None] = {}

    @contextmanager
    def bar(what: str, total: int | None) -> Iterator[Callable[[str], None]]:
        totals[what] = total
        yield lambda word: None

    training = replace(task(people, tmp_path, 4096), ranks=Ranks(rank, size))
    parts = Split(photos(people, 8), photos(people, 2), photos(people, 3))
    opened = training_run._open(training, parts, bar)
    assert totals.get("preparing photos") == own
    assert [len(part.names) for part in opened] == [8, 2, 3 if rank == 0 else 0]
    assert [len(part.photos) for part in opened] == [8, 2, 3 if rank == 0 else 0]
