"""Reading a folder of photos: who is in it, which photos show one picture, what is left out and how that is said."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.photos import Folder, read_folder
from data.photos.folder import parts_of, person_key
from data.unnamed import GROUPS
from errors import DatasetError


def picture(seed: int, side: int = 60) -> Image.Image:
    """Soft blobs, different for each seed."""
    blobs = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((240, 240), Image.Resampling.BICUBIC).resize((side, side))


def photo(seed: int, kind: str = "PNG", side: int = 60, **options: int) -> bytes:
    file = io.BytesIO()
    picture(seed, side).save(file, kind, **options)
    return file.getvalue()


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Folder]:
    """make(files, **options): read a folder with these files, and with two photos of Zoe and two of Yan."""
    others = {
        f"{name}/{number}.png": photo(1000 + 10 * number + ord(name[0])) for name in ("Zoe", "Yan") for number in (1, 2)
    }

    def read(files: dict[str, bytes], **options: bool | int) -> Folder:
        return read_folder(fill(tmp_path, {**others, **files}), **options)  # type: ignore[arg-type]

    return read


def files_of(folder: Folder, name: str = "Ada") -> list[str]:
    return [photo.file for photo in folder.photos if photo.name == name]


def test_people_and_photos_come_in_order_of_name(tmp_path: Path) -> None:
    folder = read_folder(fill(tmp_path, {"b/2.jpg": photo(2), "b/1.PNG": photo(1), "a/x.webp": photo(3, "WEBP")}))
    assert folder.people == ("a", "b")
    assert [photo.file for photo in folder.photos] == ["a/x.webp", "b/1.PNG", "b/2.jpg"]
    assert [photo.name for photo in folder.photos] == ["a", "b", "b"]
    assert folder.notes == ()


LEFTOVERS = [
    "__MACOSX/Ada/._0.jpg", "Ada/._1.jpg", "Ada/.DS_Store", "Ada/Thumbs.db", "Ada/desktop.ini", "@eaDir/Ada/1.jpg",
    "Ada/@eaDir/1.jpg@SynoEXIF.jpg", "$RECYCLE.BIN/1.jpg", "System Volume Information/1", ".git/x.jpg",
    "lost+found/1.jpg", "Ada/Picasa.ini", "Ada/1.jpg.crdownload", "Ada/1.jpg.part-1-ab", "Ada/1.jpg~", "Ada/Icon\r",
    "Ada/~$1.docx", ".Trashes/Ada/1.jpg", "Ada/1.jpg.tmp", "#recycle/Ada/1.jpg", "Ada/.picasaoriginals/1.jpg",
]  # fmt: skip


@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_what_systems_leave_behind_is_skipped_and_counted(make: Callable[..., Folder], leftover: str) -> None:
    folder = make({"Ada/1.png": photo(1), leftover: photo(7)})
    assert folder.people == ("Ada", "Yan", "Zoe")
    assert files_of(folder) == ["Ada/1.png"]
    (note,) = folder.notes
    assert note.startswith("skipped 1 file that systems leave behind or hide (")


@pytest.mark.parametrize("place", ["Ada/2019/1.png", "Ada/a/b/c/1.png", "Ada/ spaced /1.png"])
def test_photos_are_found_however_deep_they_lie(make: Callable[..., Folder], place: str) -> None:
    assert files_of(make({place: photo(1)})) == [place]


def test_links_are_followed_but_never_in_a_circle(make: Callable[..., Folder], tmp_path: Path) -> None:
    fill(tmp_path, {"Ada/1.png": photo(1)})
    (tmp_path / "Ada" / "loop").symlink_to(tmp_path / "Ada", target_is_directory=True)
    (tmp_path / "Ada" / "itself.png").symlink_to(tmp_path / "Ada" / "itself.png")
    elsewhere = fill(tmp_path.parent / f"{tmp_path.name}-elsewhere", {"2.png": photo(2)})
    (tmp_path / "Ada" / "more").symlink_to(elsewhere, target_is_directory=True)
    folder = make({})
    assert files_of(folder) == ["Ada/1.png", "Ada/more/2.png"]
    assert any("a link that leads back" in note for note in folder.notes)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("1.jfif", photo(1, "JPEG")), ("1.JPE", photo(1, "JPEG")), ("1", photo(1, "JPEG")), ("1.dat", photo(1, "GIF")),
        ("1.jpg", photo(1, "PNG")), ("1.png", photo(1, "JPEG")), ("1.bmp", photo(1, "WEBP")),
        ("1.txt", photo(1, "BMP")),
    ],
)  # fmt: skip
def test_the_content_decides_what_is_a_photo(make: Callable[..., Folder], name: str, data: bytes) -> None:
    folder = make({f"Ada/{name}": data})
    assert files_of(folder) == [f"Ada/{name}"]
    assert folder.notes == ()


def test_what_is_no_photo_is_counted_by_kind(make: Callable[..., Folder]) -> None:
    folder = make({"Ada/1.png": photo(1), "Ada/a.txt": b"x", "Ada/b.txt": b"y", "Ada/README": b"z", "notes.txt": b"n"})
    assert folder.notes == ("skipped what is no photo: 2 .txt, 1 no extension",)


@pytest.mark.parametrize("empty", ["Cy/notes.txt", "Cy/sub/Thumbs.db"])
def test_an_empty_person_is_named_and_left_out(make: Callable[..., Folder], tmp_path: Path, empty: str) -> None:
    (tmp_path / "Bo").mkdir()
    folder = make({empty: b""})
    assert folder.people == ("Yan", "Zoe")
    assert {"no photo of Bo: left out", "no photo of Cy: left out"} <= set(folder.notes)


BAD = {
    "empty.jpg": b"",
    "cut.jpg": photo(1, "JPEG", side=200)[:900],
    "page.jpg": b"<html>404</html>",
    "cut.png": photo(1)[:-300],
}


def test_every_bad_photo_is_named_and_the_others_are_used(make: Callable[..., Folder]) -> None:
    folder = make({"Ada/1.png": photo(1), **{f"Ada/{name}": data for name, data in BAD.items()}})
    assert files_of(folder) == ["Ada/1.png"]
    for name in BAD:
        assert sum(name in note for note in folder.notes) == 1
    assert all(note.startswith("cannot be read, left out: ") for note in folder.notes)


@pytest.mark.parametrize("name", BAD)
def test_strict_stops_at_a_bad_photo(make: Callable[..., Folder], name: str) -> None:
    with pytest.raises(DatasetError, match=rf"1 photo of .* cannot be read, the first is .*Ada/{name}: "):
        make({"Ada/1.png": photo(1), f"Ada/{name}": BAD[name]}, strict=True)


@pytest.mark.skipif(os.name != "posix", reason="names of bytes")
def test_a_name_that_is_not_utf8_is_named_and_left_out(make: Callable[..., Folder], tmp_path: Path) -> None:
    fill(tmp_path, {"Ada/1.png": photo(1)})
    Path(os.fsdecode(os.fsencode(tmp_path / "Ada") + b"/Jos\xe9.png")).write_bytes(photo(2))
    folder = make({})
    assert files_of(folder) == ["Ada/1.png"]
    assert any("a name that is not UTF-8" in note for note in folder.notes)


@pytest.mark.parametrize(
    "spellings",
    [
        ("ada", "Ada"),
        ("Ada", "Ada "),
        ("Jos\u00e9", "Jose\u0301"),
        ("Ada  Lovelace", "ada lovelace"),
        ("STRASSE", "Straße"),
    ],
)
def test_spellings_of_one_name_are_one_person(make: Callable[..., Folder], spellings: tuple[str, str]) -> None:
    folder = make({f"{name}/{number}.png": photo(number) for number, name in enumerate(spellings)})
    assert len(folder.people) == 3
    assert len({person_key(name) for name in spellings}) == 1
    (note,) = folder.notes
    assert note.startswith("taken for one person, ")
    assert len(folder.photos) == 6


def test_people_with_few_photos_are_left_out_by_name(make: Callable[..., Folder]) -> None:
    copies = {f"Bo/{number}.jpg": photo(5, "JPEG", quality=70 + number) for number in range(4)}  # one picture
    folder = make({"Ada/1.png": photo(1), "Ada/2.png": photo(2), **copies}, min_photos=2)
    assert folder.people == ("Ada", "Yan", "Zoe")
    assert folder.notes == ("left out, as fewer than 2 different photos are usable (--min-photos): Bo (1 photo)",)


@pytest.mark.parametrize(
    "copy",
    [photo(1), photo(1, "JPEG"), photo(1, "JPEG", quality=40), photo(1, side=120), photo(1, "WEBP", side=200)],
)
def test_near_copies_of_a_photo_are_one_group(make: Callable[..., Folder], copy: bytes) -> None:
    folder = make({"Ada/1.png": photo(1), "Ada/copy": copy, "Ada/other.png": photo(2)})
    first, other, again = (photo.group for photo in folder.photos if photo.name == "Ada")
    groups = dict(zip(files_of(folder), (first, other, again), strict=True))
    assert groups["Ada/1.png"] == groups["Ada/copy"] != groups["Ada/other.png"]


@pytest.mark.parametrize("copy", [photo(1), photo(1, "JPEG", quality=60), photo(1, side=130)])
def test_one_picture_under_two_people_is_left_out_of_both(make: Callable[..., Folder], copy: bytes) -> None:
    folder = make({"Ada/1.png": photo(1), "Ada/2.png": photo(2), "Bo/3.png": photo(3), "Bo/4": copy})
    assert files_of(folder) == ["Ada/2.png"]
    assert files_of(folder, "Bo") == ["Bo/3.png"]
    assert folder.notes == ("one picture under several people, left out of all: Ada/1.png = Bo/4",)


def test_flat_pictures_are_not_taken_for_one(make: Callable[..., Folder]) -> None:
    def flat(grey: int) -> bytes:
        file = io.BytesIO()
        Image.new("L", (50, 50), grey).save(file, "PNG")
        return file.getvalue()

    folder = make({"Ada/1.png": flat(10), "Ada/2.png": flat(20), "Bo/1.png": flat(30), "Bo/2.png": flat(40)})
    assert len(folder.photos) == 8
    assert len({photo.group for photo in folder.photos}) == 8


def test_crops_of_one_original_are_one_group(make: Callable[..., Folder]) -> None:
    manifest = (
        "row,name,url,box,sha256,reason,file\n"
        "1,a,http://h/1,,aa,ok,a/1.jpg\n"
        "2,b,http://h/2,,aa,ok,b/1.jpg\n"  # the same photo by another address
        "3,b,http://h/1,,bb,ok,b/2.jpg\n"  # the same address, so joined with row 1
        "4,b,http://h/3,,cc,ok,b/3.jpg\n"
        "5,b,http://h/3,,,http_404,\n"
    )
    files = {"a/1.jpg": photo(1), "b/1.jpg": photo(2), "b/2.jpg": photo(3), "b/3.jpg": photo(4)}
    folder = make({"manifest.csv": manifest.encode(), **files})
    groups = {photo.file: photo.group for photo in folder.photos}
    assert groups["a/1.jpg"] == groups["b/1.jpg"] == groups["b/2.jpg"] != groups["b/3.jpg"]


@pytest.mark.parametrize("manifest", [b"\xff\xfe\x00", b"name;what\n1;2\n", b""])
def test_somebody_elses_manifest_does_no_harm(make: Callable[..., Folder], manifest: bytes) -> None:
    folder = make({"manifest.csv": manifest})
    assert len({photo.group for photo in folder.photos}) == 4


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "valid", "Testing"), ("train", "test"), ("TRAIN", "dev", "eval")]
)
def test_parts_of_a_split_are_recognised(tmp_path: Path, names: tuple[str, ...]) -> None:
    fill(
        tmp_path,
        {f"{part}/{who}/1.png": photo(10 * i + j) for i, part in enumerate(names) for j, who in enumerate("AB")},
    )
    fill(tmp_path, {".DS_Store": b"", "labels.txt": b""})
    folder = read_folder(tmp_path)
    assert folder.people == ("A", "B")
    assert {photo.part for photo in folder.photos} <= {"train", "validation", "test"}
    assert len({photo.part for photo in folder.photos}) == len(names)
    assert "are taken as the parts of the split" in folder.notes[0]


def test_a_person_called_test_is_a_person(make: Callable[..., Folder]) -> None:
    folder = make({"Test/1.png": photo(1), "train/1.png": photo(2)})
    assert folder.people == ("Test", "Yan", "Zoe", "train")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "two people, got nobody"),
        ({"a/1.png": photo(1)}, "got only 'a'"),
        (
            {"a/1.png": photo(1), "b/notes.txt": b""},
            r"got only 'a' \(no photo of b: left out; skipped what is no photo",
        ),
        ({"1.png": photo(1), "2.png": photo(2)}, r"nobody \(2 photos in no person's folder: left out\)"),
    ],
)
def test_too_little_is_an_error_that_says_what_is_missing(tmp_path: Path, files: dict[str, bytes], says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        read_folder(fill(tmp_path, files))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is not a folder"):
        read_folder(tmp_path / "nowhere")


def test_folders_of_nobody_are_left_out_where_a_heap_of_photos_was_grouped(tmp_path: Path) -> None:
    people = {f"{name}/1.png": photo(number) for number, name in enumerate(("Ada", "Bo", "unsorted", "group-001"))}
    folder = fill(tmp_path, people)
    assert read_folder(folder).people == ("Ada", "Bo", "group-001", "unsorted")
    (folder / GROUPS).write_bytes(b"")
    found = read_folder(folder)
    assert found.people == ("Ada", "Bo")
    (note,) = found.notes
    assert note.startswith("2 folders of groups without a name: left out; to name them: ")


@pytest.mark.parametrize(
    ("folders", "parts"),
    [
        (["Train", "test"], ["train", "test"]),
        (["training", "val ", "eval"], ["train", "validation", "test"]),
        (["Val", "Ada"], []),
        (["test", "Train", "Ada"], []),
        (["test"], []),
        ([], []),
    ],
)
def test_folders_are_the_parts_of_a_split_where_all_are_and_one_is_for_training(
    folders: list[str], parts: list[str]
) -> None:
    assert parts_of(folders) == parts
