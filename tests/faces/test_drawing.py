"""Photos with the names drawn on them: upright, without metadata, beside the originals and never over another file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from data.photos.photo_files import PhotoFiles
from data.reasons import Reason
from data.rows import Box
from errors import StorageError
from faces.drawing import Drawings
from faces.predictions import Prediction, Status
from report.figures.style import PALETTE

BOX = Box(40, 60, 240, 260)


def photo(file: Path, colour: str = "#00ff00", size: tuple[int, int] = (400, 300), **options: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(file, **options)  # type: ignore[arg-type]
    return file


def answer(file: Path, name: str = "Ada", box: Box | None = BOX) -> Prediction:
    return Prediction(file, box, name, 0.98, Status.OK, 1.0)


def drawn(out: Path, *predictions: Prediction, walk: PhotoFiles | None = None) -> Drawings:
    drawings = Drawings(out, ["Ada", "Bo"], (walk or PhotoFiles([])).below)
    assert list(drawings.follow(predictions)) == list(predictions)
    return drawings


def pixels(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as picture:
        assert picture.format == "JPEG"
        return np.asarray(picture.convert("RGB"))


def line_of(name: str, picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a picture has the colour of a person, as far as a JPEG keeps it."""
    colour = ImageColor.getrgb(PALETTE[["Ada", "Bo"].index(name)])
    near: NDArray[np.bool_] = np.all(np.abs(picture.astype(int) - np.array(colour)) < 40, axis=2)
    return near


def test_the_picture_is_upright_and_says_nothing_of_place_and_camera(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Ada"
    exif.get_ifd(0x8825)[1] = "N"
    file = photo(tmp_path / "a.jpg", size=(300, 400), exif=exif, comment=b"at home")
    before = file.read_bytes()
    drawn(tmp_path / "out", answer(file))
    with Image.open(tmp_path / "out" / "a.jpg") as picture:
        assert picture.size == (400, 300)
        assert not picture.getexif()
        assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "comment"}
    written = (tmp_path / "out" / "a.jpg").read_bytes()
    assert b"Camera" not in written
    assert b"at home" not in written
    assert file.read_bytes() == before


@pytest.mark.parametrize(("size", "scale"), [((400, 300), 1), ((5120, 3840), 0.5)])
def test_the_line_is_where_the_box_is(tmp_path: Path, size: tuple[int, int], scale: float) -> None:
    box = Box(*(edge * size[0] // 400 for edge in BOX))
    drawn(tmp_path / "out", answer(photo(tmp_path / "a.jpg", size=size), box=box))
    line = line_of("Ada", pixels(tmp_path / "out" / "a.jpg"))
    long = (box.x2 - box.x1) * scale
    columns = np.flatnonzero(line.sum(0) > 0.9 * long)
    np.testing.assert_allclose([columns[0], columns[-1]], [box.x1 * scale, box.x2 * scale], atol=9)


def test_a_person_has_one_colour_in_all_photos_and_others_have_theirs(tmp_path: Path) -> None:
    first, second = photo(tmp_path / "1.png"), photo(tmp_path / "2.png")
    drawn(tmp_path / "out", answer(first, "Bo"), answer(first, "Ada", Box(250, 60, 390, 200)), answer(second, "Ada"))
    both, one = pixels(tmp_path / "out" / "1.jpg"), pixels(tmp_path / "out" / "2.jpg")
    assert line_of("Ada", both).sum() > 500
    assert line_of("Bo", both).sum() > 500
    assert line_of("Ada", one).sum() > 500
    assert line_of("Bo", one).sum() < 50


def test_the_best_name_of_several_is_drawn(tmp_path: Path) -> None:
    file = photo(tmp_path / "1.png")
    drawn(tmp_path / "one", answer(file, "Bo"))
    drawn(tmp_path / "two", answer(file, "Bo"), answer(file, "Ada"))
    assert (tmp_path / "one" / "1.jpg").read_bytes() == (tmp_path / "two" / "1.jpg").read_bytes()


def test_unknown_faces_photos_without_a_face_and_whole_photos_look_different(tmp_path: Path) -> None:
    file = photo(tmp_path / "1.png")
    answers = {
        "known": answer(file),
        "unknown": Prediction(file, BOX, "Ada", 0.5, Status.UNKNOWN, 0.1),
        "none": Prediction(file, None, None, None, Status.NO_FACE),
        "whole": answer(file, box=None),
    }
    for name, each in answers.items():
        drawn(tmp_path / name, each)
    different = {name: (tmp_path / name / "1.jpg").read_bytes() for name in answers}
    assert len(set(different.values())) == 4
    assert line_of("Ada", pixels(tmp_path / "unknown" / "1.jpg")).sum() < 50, "the best guess has no part in it"
    assert (pixels(tmp_path / "none" / "1.jpg")[100:] == pixels(photo(tmp_path / "p.jpg"))[100:]).all()


def test_a_transparent_photo_is_drawn_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (400, 300), (0, 0, 0, 0)).save(tmp_path / "1.png")
    drawn(tmp_path / "out", answer(tmp_path / "1.png"))
    assert (pixels(tmp_path / "out" / "1.jpg")[150, 150] > 250).all()


def test_a_photo_that_cannot_be_used_is_not_drawn_and_one_that_has_gone_is_named(tmp_path: Path) -> None:
    good, torn, gone = photo(tmp_path / "1.png"), tmp_path / "torn.jpg", tmp_path / "gone.png"
    torn.write_bytes(b"<html>")
    bad = Prediction(torn, None, None, None, Reason.NOT_AN_IMAGE)
    drawings = drawn(tmp_path / "out", bad, answer(gone), answer(good))
    assert (drawings.drawn, drawings.failed) == (1, {gone: "unreadable"})
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["1.jpg"]


def test_folders_below_what_was_given_stay_and_equal_names_are_numbered(tmp_path: Path) -> None:
    files = [photo(tmp_path / name) for name in ("a/1.png", "a/trip/1.png", "b/1.png", "b/1.jpg")]
    no_ending = photo(tmp_path / "b" / "notes.of.ada", format="PNG")
    walk = PhotoFiles([tmp_path / "a", tmp_path / "b"])
    found = list(walk)
    assert set(found) == {*files, no_ending}
    drawn(tmp_path / "out", *map(answer, found), walk=walk)
    written = sorted(file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.*"))
    assert written == ["1-2.jpg", "1-3.jpg", "1.jpg", "notes.of.ada.jpg", "trip/1.jpg"]


def test_a_second_time_the_picture_of_the_same_photo_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    mine, other = photo(tmp_path / "a" / "1.png"), photo(tmp_path / "b" / "1.png", "#0000ff")
    out = tmp_path / "out"
    own = photo(out / "1.jpg", "#ff0000").read_bytes()
    (out / "1-2.jpg").symlink_to("nowhere")
    (out / "1-3.jpg").mkdir()
    drawn(out, answer(mine))
    first = (out / "1-4.jpg").read_bytes()
    drawn(out, answer(other))
    drawn(out, answer(mine, "Bo"), answer(mine, "Ada", Box(0, 0, 30, 30)))
    assert (out / "1.jpg").read_bytes() == own
    assert (out / "1-4.jpg").read_bytes() != first
    assert sorted(file.name for file in out.iterdir()) == ["1-2.jpg", "1-3.jpg", "1-4.jpg", "1-5.jpg", "1.jpg"]


def test_a_photo_is_drawn_before_the_next_prediction_is_asked_for(tmp_path: Path) -> None:
    files = [photo(tmp_path / f"{number}.png") for number in range(3)]

    def predictions() -> Iterator[Prediction]:
        for number, file in enumerate(files):
            assert len(list((tmp_path / "out").glob("*"))) == max(0, number - 1), "the last one may have more faces"
            yield answer(file)

    drawings = Drawings(tmp_path / "out", ["Ada"], PhotoFiles([]).below)
    assert len(list(drawings.follow(predictions()))) == 3
    assert drawings.drawn == 3


@pytest.mark.parametrize("name", ["a" * 251 + ".png", "é" * 125 + ".png", "=cmd.png", "🎈 caf\udce9.png"])
def test_any_name_of_a_photo_is_taken(tmp_path: Path, name: str) -> None:
    file = photo(tmp_path / name, format="PNG")
    drawn(tmp_path / "out", answer(file))
    drawn(tmp_path / "out", answer(file))
    (written,) = (tmp_path / "out").iterdir()
    assert written.suffix == ".jpg"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(StorageError, match=r"cannot write .*1\.jpg: "):
        drawn(tmp_path / "out", answer(photo(tmp_path / "1.png")))
