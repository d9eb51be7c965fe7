"""A person more, a person less, without a training: the head on made-up features of a few numbers, and a run."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from data.atomic_write import atomic_write
from data.folder_lock import LOCK
from data.photos.placed import Placed
from data.rows import Box
from data.settings import SplitSizes
from errors import RunError, StorageError, UsageError
from faces import enrolment
from faces.enrolment import enroll, remove_person
from faces.hidden import HiddenClassifier
from faces.photos import PhotoArray
from faces.run import load_faces
from faces.training_run import FaceTraining, train_faces
from faces.transfer import TransferClassifier
from nn import checkpoint
from report import run_folder as files
from report.run_folder import read_json
from report.unfinished_run import changing, training_in

NAMES = ("Ada", "Cy", "Dee", "Bo", "Eve")  # in the order of their directions


def features(names: tuple[str, ...], each: int, seed: int) -> tuple[PhotoArray, list[str]]:
    """A person is a direction in 20 numbers; a photo and its mirror image lie around it."""
    centres = np.random.default_rng(1).gamma(1.0, 3.0, (len(NAMES), 20))[[NAMES.index(name) for name in names]]
    noise = np.random.default_rng(seed).normal(0, 0.7, (each * len(names), 2, 20))
    photos = np.repeat(centres, each, 0)[:, None] + noise
    return PhotoArray(photos.clip(0).astype(np.float32)), [name for name in names for _ in range(each)]


def of(name: str, photos: int, seed: int = 9) -> PhotoArray:
    return features((name,), photos, seed)[0]


def fitted(*names: str, each: int = 8, **parameters: Any) -> TransferClassifier:
    photos = features(names or NAMES[:3], each, seed=2)
    return TransferClassifier(weights="random", **{"head": "lda", **parameters}).fit(*photos, photos)


def test_a_person_who_was_enrolled_is_recognised_and_the_others_still_are() -> None:
    classifier = fitted().enroll("Bo", of("Bo", 5))
    assert classifier.classes_.tolist() == ["Ada", "Bo", "Cy", "Dee"]
    assert classifier.score(*features(NAMES[:4], 6, seed=3)) > 0.9


def test_one_photo_is_enough() -> None:
    classifier = fitted().enroll("Bo", of("Bo", 1))
    assert set(classifier.predict(of("Bo", 6, seed=4))) == {"Bo"}
    assert classifier.known_scores(of("Bo", 6, seed=4)).min() > classifier.known_scores(of("Eve", 6)).max()


def test_enrolling_is_computing_the_head_of_all_vectors_at_once_with_the_centre_of_before() -> None:
    """All photos in one training, with the centre of the first set: the same head, however they came."""
    before = fitted()
    together = fitted(*NAMES[:4])
    together.centre = before.centre
    photos, names = features(NAMES[:3], 8, seed=2)
    more, of_bo = of("Bo", 8), ["Bo"] * 8
    together._keep_neighbours(
        PhotoArray(np.concatenate([photos[:], more[:]])), together._targets(np.array(names + of_bo))
    )
    enrolled = before.enroll("Bo", more)
    for name, weights in together.network.state().items():
        assert torch.equal(weights, enrolled.network.state()[name]), name
    assert torch.equal(together.neighbours, enrolled.neighbours)


@pytest.mark.parametrize("name", ["Bo", "Aaron", "Zoe"])
@pytest.mark.parametrize("loaded", [False, True])
def test_removing_who_was_enrolled_gives_the_classifier_of_before_bit_for_bit(name: str, loaded: bool) -> None:
    classifier = fitted()
    before = classifier.to_bytes()
    classifier.enroll(name, of("Bo", 3))
    assert classifier.to_bytes() != before
    if loaded:
        classifier = TransferClassifier.from_checkpoint(*checkpoint.load(classifier.to_bytes()))
    assert classifier.remove(name).to_bytes() == before


def test_nothing_of_a_person_is_left_in_the_checkpoint_but_their_part_in_the_mean() -> None:
    classifier = fitted(*NAMES[:4])
    theirs = {row.numpy().tobytes() for row in classifier.neighbours[classifier.neighbour_classes == 1].half()}
    tensors, metadata = checkpoint.load(classifier.remove("Bo").to_bytes())
    assert metadata["classes"] == ["Ada", "Cy", "Dee"]
    assert len(theirs) == 8
    assert not theirs & {row.numpy().tobytes() for row in tensors["neighbours"]}
    others = fitted()
    assert not torch.equal(tensors["centre"], others.centre), "it stays the mean of all training photos, as documented"


def test_a_spelling_of_a_known_name_adds_photos_to_the_person() -> None:
    classifier = fitted("Ada", "Cy")
    classifier.enroll("  ADA ", of("Ada", 2)).enroll("Zoe\u0308 Li", of("Bo", 2)).enroll("zo\u00eb  li", of("Bo", 1))
    assert classifier.classes_.tolist() == ["Ada", "Cy", "Zoë Li"]
    assert classifier.neighbour_classes.bincount().tolist() == [10, 8, 3]
    assert classifier.remove("ZOË LI").classes_.tolist() == ["Ada", "Cy"]


def test_the_scores_of_others_hardly_change_by_a_new_person() -> None:
    """The threshold stays; the covariance, and so the cosines, change a little."""
    classifier = fitted()
    photos = of("Ada", 6, seed=4)

    def similar(classifier: TransferClassifier) -> Any:
        return classifier.known_scores(photos) - classifier.predict_proba(photos).max(1)

    classifier.temperature_ = 1.0  # the score has the probability before it
    before = similar(classifier)
    np.testing.assert_allclose(similar(classifier.enroll("Bo", of("Bo", 1))), before, atol=0.01)


def test_threshold_and_temperature_stay_those_of_the_training() -> None:
    classifier = fitted()
    before = classifier.threshold_, classifier.temperature_, classifier.thresholds_
    classifier.enroll("Bo", of("Bo", 4)).remove("Cy")
    assert (classifier.threshold_, classifier.temperature_, classifier.thresholds_) == before
    assert before[0] is not None


def test_two_people_must_stay_and_who_is_not_there_cannot_go() -> None:
    classifier = fitted("Ada", "Cy")
    with pytest.raises(UsageError, match="without 'Cy' one person would be left: expected two"):
        classifier.remove("cy")
    with pytest.raises(UsageError, match="'Bo' is none of the people Ada, Cy"):
        classifier.remove("Bo")
    assert classifier.classes_.tolist() == ["Ada", "Cy"]


@pytest.mark.parametrize("name", ["", " \t"])
def test_an_empty_name_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="enroll needs a name and at least one image"):
        fitted().enroll(name, of("Bo", 1))


def test_no_images_enroll_nobody() -> None:
    with pytest.raises(UsageError, match="got 'Bo' and 0 images"):
        fitted().enroll("Bo", of("Bo", 1).take(slice(0)))


@pytest.mark.parametrize("parameters", [{"head": "softmax"}, {"head": "auto", "hidden": 4}])
def test_a_head_that_was_trained_cannot_be_changed(parameters: dict[str, Any]) -> None:
    classifier = fitted(epochs=1, **parameters)
    with pytest.raises(UsageError, match="train again with head lda"):
        classifier.enroll("Bo", of("Bo", 1))
    with pytest.raises(UsageError, match="train again with head lda"):
        classifier.remove("Ada")


def test_the_hidden_network_has_no_such_thing() -> None:
    assert not hasattr(HiddenClassifier, "enroll")
    assert not hasattr(HiddenClassifier, "remove")


SIZES = SplitSizes(train=8, validation=2, test=3)


@pytest.fixture(autouse=True)
def undrawn(empty_pictures: None) -> None:
    """Pictures are empty, in all tests but those with `drawn`."""


def trained(folder: Path, out: Path, **parameters: Any) -> Path:
    classifier = TransferClassifier(weights="random", **{"head": "lda", "device": "cpu", **parameters})
    notes = ("cannot be read, left out: Cyril Zed/9.png: gone", "skipped 1 file")
    task = FaceTraining(folder=folder, out=out, classifier=classifier, sizes=SIZES, align=False, notes=notes)
    train_faces(task)
    return out


@pytest.fixture(scope="module")
def original(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `photos` of Ada, Bo and Cyril Zed, and a `run` of them; `more` are photos of the three too."""
    place = tmp_path_factory.mktemp("place")
    for name, some in (("photos", slice(0, 13)), ("more", slice(13, None))):
        for person in ("Ada", "Bo", "Cy"):
            own = place / name / person.replace("Cy", "Cyril Zed")
            own.mkdir(parents=True)
            for photo in sorted((people / person).iterdir())[some]:
                shutil.copy(photo, own)
    for number in range(3):
        picture = np.random.default_rng(number).normal(128, 9, (48, 48)) + np.mgrid[:48, :48][0] * 2 - 48
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(place / "more" / f"dee-{number}.png")
    trained(place / "photos", place / "run")
    return place


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original / "run", tmp_path / "run")


def dee(original: Path) -> list[Path]:
    return sorted((original / "more").glob("dee-*.png"))


def content(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir() if path.name != LOCK}


def words(run: Path) -> str:
    return " ".join((run / files.PAGE).read_text().split())


def test_a_run_with_a_person_more_names_them_and_says_what_was_done(original: Path, run: Path, drawn: None) -> None:
    done = enroll(run, "Dee", dee(original))
    assert (done.name, done.is_new, done.added, done.repeated, done.left_out) == ("Dee", True, 3, 0, {})
    classifier = load_faces(run)
    assert classifier.predict(dee(original)).tolist() == ["Dee"] * 3
    metrics = files.read_metrics(run)
    assert metrics == done.metrics
    assert metrics["classes"] == ["Ada", "Bo", "Cyril Zed", "Dee"]
    assert metrics["enrolled"] == {"Dee": 3}
    assert metrics["changes"] == [{"command": "enroll", "name": "Dee", "photos": 3}]
    assert "Dee enrolled with 3 photos; 9 of 9 test photos are still there and were measured again" in words(run)
    assert "The enrolled photos were added later, without a training" in words(run)
    assert content(run).keys() == content(original / "run").keys()
    assert {name: len(read_json(run, files.SPLIT)[name]) for name in ("train", "test", "enrolled")} == {
        "train": 24, "test": 9, "enrolled": 1,
    }  # fmt: skip


def test_the_figures_are_those_of_the_new_head_on_the_test_photos_of_before(original: Path, run: Path) -> None:
    before = files.read_metrics(run)
    metrics = enroll(run, "Dee", dee(original)).metrics
    classifier = load_faces(run)
    test = read_json(run, files.SPLIT)["test"]
    answers = classifier.predict([original / "photos" / file for file in test])
    right = sum(name == file.split("/")[0] for name, file in zip(answers, test, strict=True))
    assert metrics["test_accuracy"] == pytest.approx(right / 9)
    assert [len(row) for row in metrics["confusion"]] == [4] * 4
    assert (metrics["people"]["Dee"]["n"], metrics["calibration"]["n"]) == (0, 9)
    assert (metrics["train_accuracy"], metrics["validation_accuracy"]) == (None, None)
    unknown, was = metrics["unknown"], before["unknown"]
    assert unknown["threshold"] == was["threshold"] == classifier.threshold_
    assert (unknown["rule"], unknown["before_changes"], unknown["known"]["n"]) == ("validation", True, 9)
    assert "The threshold is from the training, before people were added or removed without one." in words(run)


def test_without_the_test_photos_there_are_no_figures_and_the_page_says_why(
    original: Path, run: Path, tmp_path: Path
) -> None:
    metrics = files.read_metrics(run)
    (run / files.METRICS).write_bytes(files.as_json({**metrics, "data": str(tmp_path / "gone")}))
    metrics = dict(enroll(run, "Dee", dee(original)).metrics)
    assert (metrics["test_accuracy"], metrics["test_interval"], metrics["calibration"]["n"]) == (None, None, 0)
    assert "known" not in metrics["unknown"]
    why = f"None of the 9 test photos is in {tmp_path / 'gone'} as it was in the training, so its accuracy is unknown."
    assert why in words(run)


def test_test_photos_that_have_other_bytes_now_are_not_measured(original: Path, run: Path, tmp_path: Path) -> None:
    shutil.copytree(original / "photos", tmp_path / "photos")
    (run / files.METRICS).write_bytes(files.as_json({**files.read_metrics(run), "data": str(tmp_path / "photos")}))
    gone, other = read_json(run, files.SPLIT)["test"][:2]
    (tmp_path / "photos" / gone).unlink()
    shutil.copy(dee(original)[0], tmp_path / "photos" / other)
    metrics = enroll(run, "Dee", dee(original)).metrics
    assert metrics["measured_again"] == "7 of 9 test photos are still there and were measured again"
    assert sum(map(sum, metrics["confusion"])) == 7


def test_a_photo_counts_once_and_never_for_two_people_or_for_a_test_too(original: Path, run: Path) -> None:
    lists = read_json(run, files.SPLIT)
    known, asked = (
        next(original / "photos" / file for file in lists[part] if file.startswith("Bo/")) for part in ("train", "test")
    )
    done = enroll(run, " bo", [known, asked, original / "more" / "Bo" / "13.png", original / "more" / "Bo" / "13.png"])
    assert (done.name, done.is_new, done.added, done.repeated) == ("Bo", False, 1, 2)
    assert done.left_out == {str(asked): "the run has it already, as a photo of Bo (test)"}
    before = content(run)
    assert enroll(run, "Bo", [original / "more" / "Bo" / "13.png"]).added == 0
    assert content(run) == before
    with pytest.raises(
        UsageError, match=r"none of 1 photo of Dee can be used: .*: the run has it already, as a photo of Bo \(train\)"
    ):
        enroll(run, "Dee", [known])
    assert content(run) == before


def test_photos_that_cannot_be_used_are_named_and_the_others_are(original: Path, run: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0torn")
    given = [tmp_path / "torn.jpg", tmp_path / "missing.jpg", *dee(original)]
    done = enroll(run, "Dee", given)
    assert done.added == 3
    assert [Path(file).name for file in done.left_out] == ["torn.jpg", "missing.jpg"]
    assert done.left_out[str(given[1])] == "missing, or may not be read"


def test_with_whole_photos_the_one_face_is_taken(original: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many faces as the photo's number: none, one, two."""
    numbers = iter(range(3))

    def find(picture: Image.Image, scale: int) -> list[Placed]:
        return [Placed(Box(4, 4, 40, 40))] * next(numbers)

    monkeypatch.setattr(enrolment, "face_detector", lambda device: device)
    monkeypatch.setattr(enrolment, "face_finder", lambda detector: find)
    done = enroll(run, "Dee", dee(original), detect=True)
    assert done.added == 1
    assert list(done.left_out.values()) == [
        "no face was found",
        "2 faces: it does not say which is this person's",
    ]


def test_nothing_of_a_person_who_was_removed_is_in_any_file(original: Path, run: Path) -> None:
    classifier = load_faces(run)
    row = classifier.classes_.tolist().index("Cyril Zed")
    theirs = [each.numpy().tobytes() for each in classifier.neighbours[classifier.neighbour_classes == row].half()]
    split = read_json(run, files.SPLIT)
    digests = [sha256.encode() for file, sha256 in split["sha256"].items() if file.startswith("Cyril Zed/")]
    (run / "weights-1.png").write_bytes(b"a picture of Cyril Zed")
    found = {name: data for name, data in content(run).items() if b"Cyril Zed" in data}
    assert found.keys() >= {files.MODEL, files.METRICS, files.SPLIT, files.PREDICTIONS, files.UNITS, files.PAGE}
    metrics = remove_person(run, "cyril  ZED")
    assert len(theirs) == 8
    assert len(digests) == 13
    for name, data in content(run).items():
        assert b"cyril" not in data.lower(), name
        assert not any(vector in data for vector in theirs), name
        assert not any(digest in data for digest in digests), name
    assert metrics["classes"] == ["Ada", "Bo"]
    assert metrics["left_out"] == ["skipped 1 file"]
    assert metrics["counts"]["test"] == {"Ada": 3, "Bo": 3}
    assert sum(map(sum, metrics["confusion"])) == 6
    assert "1 person removed; 6 of 6 test photos" in words(run)


def test_who_was_enrolled_and_removed_leaves_the_network_of_before_and_no_name(original: Path, run: Path) -> None:
    before = checkpoint.load((run / files.MODEL).read_bytes())[0]
    enroll(run, "Dee Name", dee(original))
    remove_person(run, "Dee Name")
    after = checkpoint.load((run / files.MODEL).read_bytes())[0]
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not [name for name, data in content(run).items() if b"Dee Name" in data or b"dee-" in data]
    assert files.read_metrics(run)["changes"] == [{"command": "enroll", "photos": 3}, {"command": "enroll --remove"}]


def test_two_people_must_stay_in_a_run(run: Path) -> None:
    remove_person(run, "Bo")
    before = content(run)
    for name, why in (("Ada", "one person would be left"), ("Bo", "is none of the people Ada, Cyril Zed")):
        with pytest.raises(UsageError, match=why):
            remove_person(run, name)
    assert content(run) == before


@pytest.mark.parametrize("at", [1, 5, 10, 11])
def test_an_error_in_between_leaves_the_run_as_it_was(
    original: Path, run: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the first file, the second, ...; an lda run has ten, and no learning curve."""
    before, written = content(run), 0

    def full(path: Path, data: bytes) -> None:
        nonlocal written
        written += 1
        if written == at:
            raise StorageError(f"cannot write {path}: No space left on device")
        atomic_write(path, data)

    monkeypatch.setattr("report.unfinished_run.atomic_write", full)
    if at < len(before) + 1:
        with pytest.raises(StorageError, match="No space left"):
            enroll(run, "Dee", dee(original))
        assert content(run) == before
        assert [path.name for path in run.parent.iterdir()] == ["run"]
    else:
        assert enroll(run, "Dee", dee(original)).added == 3


def test_one_process_at_a_time(original: Path, run: Path) -> None:
    with changing(run), pytest.raises(StorageError, match="a training or a change of people is working in"):
        enroll(run, "Dee", dee(original))
    with (
        changing(run),
        pytest.raises(StorageError, match="another training is working in"),
        training_in(run, overwrite=True),
    ):
        pass


def test_where_there_is_no_run_none_is_made(original: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="expected a run folder"):
        enroll(tmp_path / "nowhere", "Dee", dee(original))
    assert not list(tmp_path.iterdir())


def test_a_training_that_has_not_ended_is_left_alone(original: Path, run: Path) -> None:
    (run / files.REQUEST).write_text("{}")
    with pytest.raises(RunError, match="holds a training that has not ended: go on with --resume"):
        enroll(run, "Dee", dee(original))


def test_a_run_that_was_trained_as_a_whole_says_what_to_train(original: Path, tmp_path: Path) -> None:
    runs = [trained(original / "photos", tmp_path / "softmax", head="softmax", epochs=1)]
    classifier = HiddenClassifier(hidden=4, epochs=1, size=12)
    train_faces(FaceTraining(folder=original / "photos", out=tmp_path / "hidden", classifier=classifier, sizes=SIZES))
    for run in (*runs, tmp_path / "hidden"):
        before = content(run)
        with pytest.raises(UsageError, match=r"trained as a whole.*train-faces DIR --model face"):
            enroll(run, "Dee", dee(original))
        with pytest.raises(UsageError, match="trained as a whole"):
            remove_person(run, "Bo")
        assert content(run) == before


def test_resume_does_not_pass_a_changed_run_off_as_what_was_trained(original: Path, run: Path) -> None:
    enroll(run, "Dee", dee(original))
    classifier = TransferClassifier(weights="random", head="lda", device="cpu")
    task = FaceTraining(
        folder=original / "photos", out=run, classifier=classifier, sizes=SIZES, align=False, resume=True
    )
    with pytest.raises(RunError, match="was changed by enroll since its training"):
        train_faces(task)
    train_faces(replace(task, resume=False, overwrite=True))
    assert "changes" not in files.read_metrics(run)


MOMENTS = (5, 6, 7, 16, 25, 26, 27, 28)  # the lock, the new folder, two files in it, the two renames, what is removed


def test_killed_at_any_moment_the_run_is_the_one_before_or_the_new_one(
    original: Path, run: Path, tmp_path: Path, killed_at: Callable[..., bool]
) -> None:
    before = content(run)
    whole = shutil.copytree(run, tmp_path / "whole")
    enroll(whole, "Dee", dee(original))
    after, found = content(whole), []
    asked = ("Dee", *dee(original), "--quiet", "--device", "cpu")
    for moment in MOMENTS:
        own = shutil.copytree(original / "run", tmp_path / f"killed-{moment:02}")
        assert killed_at(moment, own, "enroll", own, *asked), f"moment {moment}: it had ended"
        with changing(own):  # ends what was begun
            found.append(content(own))
        assert found[-1] in (before, after), f"moment {moment}"
    assert found[0] == before
    assert found[-1] == after
