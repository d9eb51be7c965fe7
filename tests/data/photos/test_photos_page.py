"""What people have in their folders, and what happens to it: the table in docs/photos.md is written by this test.

WRITE_PHOTOS=1 python -m pytest tests/data/photos/test_photos_page.py
"""

import io
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import cli
from data.photos import Folder, read_folder
from data.photos.kinds import missing

PAGE = Path(__file__).resolve().parents[3] / "docs" / "photos.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->"


def picture(seed: int, width: int = 80, height: int = 80) -> Image.Image:
    blobs = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((width, height), Image.Resampling.BICUBIC)


def encoded(seed: int, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    picture(seed).save(file, kind, **options)
    return file.getvalue()


def with_comment(bytes_of_text: int) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "x" * bytes_of_text, zip=True)
    return encoded(1, "PNG", pnginfo=text)


def grey_16_bits(transparent: bool) -> bytes:
    file = io.BytesIO()
    ramp = (np.arange(80 * 80, dtype=np.uint32).reshape(80, 80) * 10).astype(np.uint16)
    options = {"transparency": 65535} if transparent else {}
    Image.fromarray(ramp).save(file, "PNG", **options)
    return file.getvalue()


class Case(NamedTuple):
    """What somebody has, and the files of it beside two photos of Ada."""

    title: str
    files: dict[str, bytes]
    used: int
    """Photos that are used of those in `files`."""
    says: str
    """What is in the line about it; nothing is said where this is empty."""


PEOPLE = {f"{name}/{n}.jpg": encoded(100 * ord(name[0]) + n) for name in ("Ada", "Zoe") for n in (1, 2, 3)}
CASES = [
    Case("macOS' archives: `__MACOSX/Ada/._0.jpg`", {"__MACOSX/Ada/._0.jpg": b"\0\5\x16\7"}, 0, "skipped 1 file that"),
    Case(
        "`.DS_Store`, `Thumbs.db`, `desktop.ini`",
        {f"Ada/{n}": b"x" for n in (".DS_Store", "Thumbs.db")},
        0,
        "skipped 2",
    ),
    Case(
        "a network drive's `@eaDir`", {"Ada/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg": encoded(1)}, 0, "skipped 1 file that"
    ),
    Case("a half-finished download", {"Ada/9.jpg.crdownload": encoded(1)[:99]}, 0, "skipped 1 file that"),
    Case("photos in sub-folders, `Ada/2019/1.jpg`", {"Ada/2019/1.jpg": encoded(1), "Ada/a/b/2.jpg": encoded(2)}, 2, ""),
    Case("a folder without photos among people", {"Bo/notes.txt": b"hello"}, 0, "no photo of Bo: left out"),
    Case("a PNG called `.jpg`, a JPEG called `.txt`", {"Ada/8.jpg": encoded(1, "PNG"), "Ada/8.txt": encoded(2)}, 2, ""),
    Case(
        "`.jfif`, `.JPE`, no ending at all",
        {f"Ada/{n}": encoded(i) for i, n in enumerate(("8.jfif", "8.JPE", "8"))},
        3,
        "",
    ),
    Case(
        "TIFF, BMP, GIF, WebP", {f"Ada/{k}": encoded(i, k) for i, k in enumerate(("TIFF", "BMP", "GIF", "WEBP"))}, 4, ""
    ),
    Case(
        "PDFs, films and texts",
        {"Ada/a.pdf": b"%PDF-1.7", "Ada/a.txt": b"text"},
        0,
        "skipped what is no photo: 1 PDF, 1 .txt",
    ),
    Case("an empty file, a web page called `.jpg`", {"Ada/e.jpg": b"", "Ada/w.jpg": b"<html>"}, 0, "an empty file"),
    Case(
        "a JPEG or PNG that is cut",
        {"Ada/c.jpg": encoded(1)[:600], "Ada/c.png": encoded(2, "PNG")[:900]},
        0,
        "truncated",
    ),
    Case(
        "a JPEG with a film behind it (motion photo)",
        {"Ada/m.jpg": encoded(1) + b"\0\0\0\x18ftypmp42" + b"\xff\xda" * 9999},
        1,
        "",
    ),
    Case("a PNG with 20 MB of compressed text", {"Ada/x.png": with_comment(20_000_000)}, 1, ""),
    Case(
        "a grey PNG of 16 bits, with a transparent colour or without",
        {f"Ada/{t}.png": grey_16_bits(t) for t in (True, False)},
        2,
        "",
    ),
    Case("`ada/` beside `Ada/`", {"ada/8.jpg": encoded(1)}, 1, "taken for one person, Ada: 'Ada', 'ada'"),
    Case(
        "one photo twice, at another size and quality", {"Ada/s.jpg": encoded(1), "Ada/l.png": encoded(1, "PNG")}, 2, ""
    ),
    Case(
        "one photo in two people's folders",
        {"Ada/8.jpg": encoded(7), "Zoe/8.png": encoded(7, "PNG")},
        0,
        "one picture under several",
    ),
    Case(
        "a person with one photo", {"Bo/1.jpg": encoded(1)}, 0, "left out, as fewer than 3 different photos are usable"
    ),
    Case("photos in no person's folder", {"1.jpg": encoded(1)}, 0, "1 photo in no person's folder"),
]


def read(folder: Path, files: dict[str, bytes]) -> Folder:
    for name, data in {**PEOPLE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return read_folder(folder, min_photos=3)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Case, int, tuple[str, ...]]]:
    """Each case, the photos used of it, and what was said."""
    rows = []
    for case in CASES:
        folder = read(tmp_path_factory.mktemp("case"), case.files)
        rows.append((case, len({photo.file for photo in folder.photos} - set(PEOPLE)), folder.notes))
    return rows


def test_each_case_ends_as_it_should(table: list[tuple[Case, int, tuple[str, ...]]]) -> None:
    for case, used, notes in table:
        assert used == case.used, (case.title, notes)
        assert any(case.says in note for note in notes) if case.says else not notes, (case.title, notes)


def test_the_page_has_the_table(table: list[tuple[Case, int, tuple[str, ...]]]) -> None:
    lines = ["| what you have | photos used | what is said |", "|---|---:|---|"]
    for case, used, notes in table:
        said = "<br>".join(re.sub(r"\|", r"\\|", note) for note in notes)
        lines.append(f"| {case.title} | {used} of {len(case.files)} | {said} |")
    text = PAGE.read_text(encoding="utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0]
    if os.environ.get("WRITE_PHOTOS"):
        before, _, rest = text.partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + rest.partition(END)[2], encoding="utf-8")
    else:
        assert written.splitlines() == lines


@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_phones_other_formats_are_read_or_said(kind: str, tmp_path: Path) -> None:
    if missing(kind):
        pytest.skip(missing(kind))
    if kind == "HEIC":
        import pillow_heif

        pillow_heif.register_heif_opener()
    folder = read(
        tmp_path, {f"Bo/{number}.jpg": encoded(number, "HEIF" if kind == "HEIC" else kind) for number in range(3)}
    )
    assert folder.people == ("Ada", "Bo", "Zoe")
    assert folder.notes == ()


def test_a_folder_with_all_of_it_is_trained_on_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = read(tmp_path / "photos", {name: data for case in CASES for name, data in case.files.items()})
    assert {"Ada", "Zoe"} <= set(folder.people)
    assert cli.main(["train-faces", "photos", "--epochs", "3", "--hidden", "4", "--out", "run"]) == 0
    said = capsys.readouterr().err
    assert [note for note in folder.notes if note not in said] == []
    assert "</html>" in Path("run/report.html").read_text()
    assert cli.main(["predict", "run", "photos"]) == 1  # some photos cannot be read
    printed = capsys.readouterr()
    statuses = [line.split(",")[-2] for line in printed.out.splitlines()[1:]]
    assert statuses.count("ok") + statuses.count("unknown") >= len(folder.photos)
    assert {"truncated", "not_an_image"} <= set(statuses)
