"""Who is on these photos: answers in order, boxes in the upright photo, and a line for every photo that has none."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.photos.box_table import BoxTable
from data.photos.folder import read_folder
from data.photos.images import load_images
from data.photos.photo_files import PhotoFiles
from data.photos.placed import Placed
from data.reasons import Reason
from data.rows import Box
from errors import UsageError
from faces.hidden import HiddenClassifier
from faces.predict import FaceSource, PredictSettings, predict
from faces.predictions import ANSWERED, FORMATS, Prediction, Status, csv_line, json_line

FEW = PredictSettings(batch_size=4, threads=2)


@pytest.fixture(scope="module")
def classifier(people: Path) -> HiddenClassifier:
    """Knows the three people; no threshold of its own, so that everybody is taken for known."""
    photos = read_folder(people).photos
    fitted = HiddenClassifier(hidden=12, epochs=25, batch_size=16, size=16)
    images = load_images([people / photo.file for photo in photos], 16, "L")
    return fitted.fit(fitted.read(images), [photo.name for photo in photos])


@pytest.fixture
def group(people: Path, tmp_path: Path) -> Path:
    """A photo of Bo and Cy, taken with a phone held sideways: upright it is 300 x 200, Bo at 20,40 and Cy at 200,90."""
    picture = Image.new("L", (300, 200), 255)
    for name, place in (("Bo", (20, 40)), ("Cy", (200, 90))):
        with Image.open(people / name / "00.png") as face:
            picture.paste(face, place)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "group.jpg", quality=95, exif=exif)
    return tmp_path / "group.jpg"


BO, CY = Box(20, 40, 68, 88), Box(200, 90, 248, 138)


def test_whole_photos_are_named_as_the_classifier_names_them(classifier: HiddenClassifier, people: Path) -> None:
    answers = list(predict(classifier, PhotoFiles([str(people)]), settings=FEW))
    photos = read_folder(people).photos
    assert [answer.file for answer in answers] == [people / photo.file for photo in photos]
    images = load_images([people / photo.file for photo in photos], 16, "L")
    probabilities = classifier.predict_proba(classifier.read(images))
    assert [answer.name for answer in answers] == classifier.classes_[probabilities.argmax(1)].tolist()
    np.testing.assert_allclose([answer.probability or 0 for answer in answers], probabilities.max(1), rtol=1e-4)
    assert {(answer.box, answer.status) for answer in answers} == {(None, Status.OK)}


def test_the_batch_and_the_threads_do_not_change_the_answers(classifier: HiddenClassifier, people: Path) -> None:
    files = sorted(people.glob("*/*.png"))
    one = list(predict(classifier, files, settings=PredictSettings(batch_size=1, threads=1)))
    many = list(predict(classifier, files, settings=PredictSettings(batch_size=64, threads=4)))
    assert [(answer.file, answer.name) for answer in one] == [(answer.file, answer.name) for answer in many]


def test_a_box_counts_pixels_of_the_upright_photo(classifier: HiddenClassifier, group: Path) -> None:
    for box, name in ((BO, "Bo"), (CY, "Cy")):
        (answer,) = predict(classifier, [group], FaceSource(box=box), FEW)
        assert (answer.name, answer.box, answer.status) == (name, box, Status.OK)


def test_a_table_names_several_faces_of_a_photo_and_the_box_is_for_the_others(
    classifier: HiddenClassifier, group: Path, people: Path, tmp_path: Path
) -> None:
    (tmp_path / "boxes.csv").write_text(f'file,box\n{group},"{CY}"\n{group},"{BO}"\n')
    source = FaceSource(table=BoxTable(tmp_path / "boxes.csv"), box=Box(0, 0, 99, 99))
    answers = list(predict(classifier, [group, people / "Ada" / "01.png"], source, FEW))
    assert [(answer.name, answer.box) for answer in answers] == [
        ("Cy", CY), ("Bo", BO), ("Ada", Box(0, 0, 48, 48)),
    ]  # fmt: skip


def test_faces_that_are_found_are_named_in_the_order_of_finding(classifier: HiddenClassifier, group: Path) -> None:
    answers = list(predict(classifier, [group], FaceSource(find=lambda photo, scale: [Placed(CY), Placed(BO)]), FEW))
    assert [(answer.name, answer.box) for answer in answers] == [("Cy", CY), ("Bo", BO)]
    (answer,) = predict(classifier, [group], FaceSource(find=lambda photo, scale: []), FEW)
    assert answer == Prediction(group, None, None, None, Status.NO_FACE)


def test_a_bad_photo_is_a_line_with_its_reason_and_never_a_stop(
    classifier: HiddenClassifier, people: Path, tmp_path: Path
) -> None:
    good = people / "Bo" / "03.png"
    (tmp_path / "page.jpg").write_bytes(b"<html>404</html>")
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:300])
    (tmp_path / "empty").mkdir()
    names = [tmp_path / "page.jpg", good, tmp_path / "cut.png", tmp_path / "gone.jpg", tmp_path / "empty", good]
    answers = list(predict(classifier, PhotoFiles(names), settings=FEW))
    assert [answer.file for answer in answers] == names
    assert [answer.status for answer in answers] == [
        Reason.NOT_AN_IMAGE, Status.OK, Reason.TRUNCATED, Status.UNREADABLE, Status.NO_PHOTO, Status.OK,
    ]  # fmt: skip
    assert [answer.name for answer in answers] == [None, "Bo", None, None, None, "Bo"]
    assert [answer.status in ANSWERED for answer in answers] == [False, True, False, False, False, True]


def test_a_box_outside_the_photo_is_a_bad_box(classifier: HiddenClassifier, people: Path) -> None:
    (answer,) = predict(classifier, [people / "Bo" / "03.png"], FaceSource(box=Box(90, 90, 99, 99)), FEW)
    assert answer == Prediction(people / "Bo" / "03.png", Box(90, 90, 99, 99), None, None, Reason.BAD_BOX)


def test_a_file_too_large_for_memory_is_not_read(
    classifier: HiddenClassifier, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.predict.MOST_BYTES", 100)
    (answer,) = predict(classifier, [people / "Bo" / "03.png"], settings=FEW)
    assert answer.status is Reason.TOO_LARGE


def test_a_photo_of_more_pixels_than_may_be_opened_is_told_in_words(classifier: HiddenClassifier, people: Path) -> None:
    photo = people / "Bo" / "03.png"
    few = replace(FEW, max_pixels=48 * 48 - 1)
    for source in (FaceSource(), FaceSource(find=lambda photo, scale: [])):
        (answer,) = predict(classifier, [photo], source, few)
        assert answer.status is Reason.BOMB
        assert "2304 pixels, more than 2303: --max-pixels" in answer.detail
    (answer,) = predict(classifier, [photo], settings=replace(FEW, max_pixels=48 * 48))
    assert (answer.status, answer.detail) == (Status.OK, "")


def test_top_gives_the_most_probable_names_first(classifier: HiddenClassifier, people: Path) -> None:
    answers = list(predict(classifier, [people / "Cy" / "05.png"], settings=replace(FEW, top=9)))
    assert answers[0].name == "Cy"
    assert {answer.name for answer in answers} == {"Ada", "Bo", "Cy"}
    probabilities = [answer.probability or 0 for answer in answers]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert len(list(predict(classifier, [people / "Cy" / "05.png"], settings=replace(FEW, top=2)))) == 2


def test_below_the_threshold_a_face_is_unknown_and_keeps_the_best_guess(
    classifier: HiddenClassifier, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(people.glob("*/*.png"))
    images = load_images(files, 16, "L")
    known_scores = classifier.known_scores(classifier.read(images))
    middle = float(np.median(known_scores))
    expected = [Status.OK if value >= middle else Status.UNKNOWN for value in known_scores]
    by_setting = list(predict(classifier, files, settings=PredictSettings(batch_size=64, threshold=middle)))
    assert [answer.status for answer in by_setting] == expected
    assert all(answer.name for answer in by_setting)
    monkeypatch.setattr(classifier, "threshold_", middle)
    own = list(predict(classifier, files, settings=PredictSettings(batch_size=64)))
    assert [answer.status for answer in own] == expected
    accepted = predict(classifier, files, settings=PredictSettings(batch_size=64, threshold=-1e9))
    assert {answer.status for answer in accepted} == {Status.OK}


def test_photos_are_opened_a_few_ahead_of_what_is_asked_for(classifier: HiddenClassifier, people: Path) -> None:
    taken = 0

    def endless() -> Iterator[Path]:
        nonlocal taken
        while True:
            taken += 1
            yield people / "Bo" / "03.png"

    answers = predict(classifier, endless(), settings=FEW)
    assert next(answers).name == "Bo"
    assert taken <= FEW.batch_size + 2 * FEW.threads + 1


@pytest.mark.parametrize("wrong", [{"top": 0}, {"batch_size": 0}, {"threads": 0}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be at least 1, got 0"):
        PredictSettings(**wrong)


SEEN = Prediction(Path("a, b.jpg"), Box(1, 2, 3, 4), 'Ann "A" Lee', 0.98765, Status.UNKNOWN, 1.23456)
UNSEEN = Prediction(Path("é.jpg"), None, None, None, Reason.BOMB)


def test_csv_has_the_promised_columns() -> None:
    heading, line = FORMATS["csv"]
    rows = list(csv.DictReader(io.StringIO(heading + line(SEEN) + line(UNSEEN))))
    assert heading == "file,box,name,probability,status,score\n"
    assert rows[0] == {
        "file": "a, b.jpg", "box": "1,2,3,4", "name": 'Ann "A" Lee', "probability": "0.9877", "status": "unknown",
        "score": "1.2346",
    }  # fmt: skip
    assert csv_line(UNSEEN) == "é.jpg,,,,bomb,\n"


def test_json_is_an_object_a_line_with_the_same_keys() -> None:
    heading, _ = FORMATS["json"]
    assert heading == ""
    assert json.loads(json_line(SEEN)) == {
        "file": "a, b.jpg", "box": [1, 2, 3, 4], "name": 'Ann "A" Lee', "probability": 0.9877, "status": "unknown",
        "score": 1.2346,
    }  # fmt: skip
    assert json.loads(json_line(UNSEEN)) == {
        "file": "é.jpg", "box": None, "name": None, "probability": None, "status": "bomb",
        "score": None,
    }  # fmt: skip


@pytest.mark.parametrize("line", [csv_line, json_line])
def test_an_answer_is_one_line(line: Callable[[Prediction], str]) -> None:
    assert line(SEEN).count("\n") == 1


def test_what_is_printed_is_a_table_of_boxes(tmp_path: Path) -> None:
    heading, line = FORMATS["csv"]
    (tmp_path / "found.csv").write_text(heading + line(SEEN) + line(UNSEEN))
    table = BoxTable(tmp_path / "found.csv")
    assert table.of(SEEN.file) == [SEEN.box]
    assert table.of(UNSEEN.file) == [None]
