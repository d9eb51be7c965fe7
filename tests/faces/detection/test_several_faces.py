"""Of several faces in a photo the one is taken that is like the person's other photos; what fits nobody is left out."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.several_faces import tiles
from data.photos.folder import read_folder
from data.portraits import Gallery
from faces.detection.detector import FaceDetector
from faces.detection.folder import detect_folder
from faces.detection.found import Found
from faces.detection.found_folder import Looked
from tests.faces.squares import ADA, BO, CY, DI, Colour, Colours, Squares, photo


def find(folder: Path, detector: FaceDetector | None = None) -> Found:
    return detect_folder(folder, folder.with_name("faces"), 32, detector=detector or Squares(), features=Colours())


def table(folder: Path) -> dict[str, str]:
    with (folder.with_name("faces") / "found.csv").open(newline="") as file:
        return {row["file"]: row["found"] for row in csv.DictReader(file)}


def colour(folder: Path, found: Found, file: str) -> Colour | None:
    """Who is on the crop of a photo; None where there is no crop."""
    (crop,) = [crop for crop, original in found.originals.items() if original == file]
    if not (folder.with_name("faces") / crop).exists():
        return None
    with Image.open(folder.with_name("faces") / crop) as picture:
        middle = np.asarray(picture)[20:30, 20:30].mean((0, 1))
    return min((ADA, BO, CY, DI), key=lambda known: float(np.abs(middle - known).sum()))


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Two people with two photos each in which they are alone."""
    for number in range(2):
        photo(tmp_path / "album" / "Ada" / f"alone-{number}.png", ADA)
        photo(tmp_path / "album" / "Bo" / f"alone-{number}.png", BO)
    return tmp_path / "album"


def test_the_face_like_the_others_is_taken_however_small_it_is(album: Path) -> None:
    photo(album / "Ada" / "second.png", BO, ADA)
    photo(album / "Ada" / "third.png", CY, BO, ADA)
    photo(album / "Bo" / "first.png", BO, ADA)
    found = find(album)
    assert [colour(album, found, file) for file in ("Ada/second.png", "Ada/third.png", "Bo/first.png")] == [
        ADA,
        ADA,
        BO,
    ]
    assert table(album)["Ada/third.png"] == "several faces, the one like the others"
    assert (
        "3 photos with several faces, the one like the person's other photos is taken: "
        "Ada/second.png, Ada/third.png, Bo/first.png" in found.lines
    )


def test_a_photo_in_which_nobody_is_like_the_person_is_left_out_and_listed(album: Path) -> None:
    photo(album / "Ada" / "others.png", BO, CY)
    found = find(album)
    assert found.left_out == ("Ada/others.png",)
    assert colour(album, found, "Ada/others.png") is None
    assert table(album)["Ada/others.png"] == "several faces, none like the others"
    assert (
        "1 photo with several faces, none of which is like the person's other photos, left out: Ada/others.png"
        in found.lines
    )


def test_one_face_unlike_the_others_is_used_and_listed(album: Path) -> None:
    for number in range(2, 6):
        photo(album / "Ada" / f"alone-{number}.png", ADA)
    photo(album / "Ada" / "hard.png", DI)
    found = find(album)
    assert colour(album, found, "Ada/hard.png") == DI
    assert [file for file, what in table(album).items() if what == "one face, unlike the others"] == ["Ada/hard.png"]
    assert (
        "1 photo with one face, unlike those in the person's other photos, and used all the same: Ada/hard.png"
        in found.lines
    )


def test_of_a_person_who_is_never_alone_the_face_that_recurs_most_is_taken(album: Path) -> None:
    for number, others in enumerate([(BO, CY), (DI, ADA, CY), (DI, CY), (ADA, BO)]):
        photo(album / "Cy" / f"{number}.png", *others, seed=number)
    found = find(album)
    assert [colour(album, found, f"Cy/{number}.png") for number in range(4)] == [CY, CY, CY, None]


@pytest.mark.parametrize("photos", [[(BO, CY)], [(BO, CY), (CY, BO), (BO, CY)]])
def test_of_two_who_are_always_together_nobody_is_guessed(album: Path, photos: list[tuple[Colour, ...]]) -> None:
    for number, faces in enumerate(photos):
        photo(album / "Cy" / f"{number}.png", *faces, seed=number)
    found = find(album)
    assert len(found.left_out) == len(photos)
    assert "no face in any photo of Cy is used: left out" in found.lines
    assert read_folder(album.with_name("faces")).people == ("Ada", "Bo")


def test_a_second_run_searches_nothing_and_says_the_same(album: Path) -> None:
    photo(album / "Ada" / "second.png", BO, ADA)
    photo(album / "Ada" / "others.png", BO, CY)
    first, rows = find(album), table(album)
    again = Squares()
    second = find(album, again)
    assert (again.photos, second.fresh) == (0, 0)
    assert second.looked == first.looked
    assert table(album) == rows


def test_new_photos_decide_what_was_open_and_nothing_else(album: Path) -> None:
    shutil.rmtree(album / "Ada")
    photo(album / "Ada" / "0.png", BO, CY)  # nobody recurs
    photo(album / "Ada" / "1.png", DI, ADA)
    photo(album / "Bo" / "2.png", CY, BO)
    photo(album / "Cy" / "0.png", CY)
    assert find(album).left_out == ("Ada/0.png", "Ada/1.png")
    photo(album / "Ada" / "2.png", ADA)
    photo(album / "Bo" / "3.png", CY)
    photo(album / "Bo" / "4.png", CY, seed=4)
    photo(album / "Bo" / "5.png", CY, seed=5)
    detector = Squares()
    found = find(album, detector)
    assert detector.photos == 4 + 2, "the new ones, and Ada's that were open"
    assert found.left_out == ("Ada/0.png",)
    assert colour(album, found, "Ada/1.png") == ADA
    assert colour(album, found, "Bo/2.png") == BO


def test_a_crop_that_was_removed_is_made_again_as_it_was(album: Path) -> None:
    photo(album / "Ada" / "second.png", BO, ADA)
    found = find(album)
    crops = {path: path.read_bytes() for path in album.with_name("faces").glob("*/*.jpg")}
    for path in crops:
        path.unlink()
    assert find(album).looked == found.looked
    assert {path: path.read_bytes() for path in album.with_name("faces").glob("*/*.jpg")} == crops


def beside(*pictures: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", (sum(one.width for one in pictures), max(one.height for one in pictures)), "gray")
    for place, one in enumerate(pictures):
        canvas.paste(one, (sum(before.width for before in pictures[:place]), 0))
    return canvas


def test_the_networks_tell_who_is_who_beside_others(detector: FaceDetector, tmp_path: Path) -> None:
    gallery = Gallery(people=3, photos=4, seed=2)
    pictures = {person: [gallery.picture(person, number)[0] for number in range(4)] for person in range(3)}
    for person, own in pictures.items():
        folder = tmp_path / "album" / str(person)
        folder.mkdir(parents=True)
        for number, face in enumerate(own[:3]):
            face.save(folder / f"{number}.png")
        others = [pictures[(person + n) % 3][0] for n in (1, 2)]
        beside(*(other.resize((320, 320)) for other in others[: 1 + person % 2]), own[3]).save(folder / "group.png")
    found = detect_folder(tmp_path / "album", tmp_path / "faces", 64, detector=detector)
    for person, own in pictures.items():
        looked = found.looked[f"{person}/group.png"]
        with Image.open(tmp_path / "album" / str(person) / "group.png") as picture:
            faces = detector.find(picture)
            assert looked.faces == len(faces) == 2 + person % 2
            assert looked.taken is not None
            assert faces[looked.taken].box.x1 > picture.width - own[3].width, "the last one"


def test_real_faces_of_others_are_left_out(detector: FaceDetector, shared: Path, tmp_path: Path) -> None:
    people = tiles(shared / "facescrub", 4)
    (ada, own), (bo, other), (_, third), *_ = people.items()
    for name, photos in ((ada, own), (bo, other)):
        (tmp_path / "album" / name).mkdir(parents=True)
        for number, one in enumerate(photos[:3]):
            one.save(tmp_path / "album" / name / f"{number}.png")
    beside(other[3], own[3].resize((200, 200))).save(tmp_path / "album" / ada / "both.png")
    beside(third[0], other[3].resize((200, 200))).save(tmp_path / "album" / ada / "others.png")
    found = detect_folder(tmp_path / "album", tmp_path / "faces", 64, detector=detector)
    assert found.looked[f"{ada}/both.png"] == Looked(2, 1)
    assert found.looked[f"{ada}/others.png"] == Looked(2, None)
    assert not any(looked.unlike for looked in found.looked.values())
