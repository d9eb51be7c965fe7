"""The commands as a person meets them: what they print, where, and what they exit with."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli

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
    assert run("download", photo_list, "--out", crops, "--allow-private", "--size", 48) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"16 of 19 rows verified, cropped and stored in {crops}\n")
    for line in ("reason  bad_row", "reason  hash_mismatch", "reason  http_404", "person  Ada"):
        assert line in printed.out
    assert f"{photo_list}:20: bad row: " in printed.err
    assert len(list(crops.glob("*/*.jpg"))) == 16
    sizes = ("--train", 4, "--validation", 1, "--test", 2)
    assert run("train-faces", crops, "--out", out, "--epochs", 2, "--hidden", 6, *sizes) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    right = round(json.loads((out / "metrics.json").read_text())["test_accuracy"] * 4)
    assert last == f"test accuracy {right / 4:.4f} ({right} of 4)"
    assert run("show-weights", out, "--unit", 0, 5) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].startswith("unit 0 speaks for ")
    assert printed.out.splitlines()[-1] == str(out / "weights-0-5.png")
    assert (out / "weights-0-5.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_one_object_on_stdout(photo_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--allow-private", "--json", "--person", "Ada")
    assert run("download", photo_list, "--out", tmp_path / "crops", *options) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["ok"], report["reasons"]["http_404"]) == (9, 8, 1)
    assert report["people"]["Ada"] == 8


def test_too_many_failed_rows_are_exit_code_1(photo_list: Path, tmp_path: Path) -> None:
    arguments = ("download", photo_list, "--out", tmp_path / "crops", "--allow-private", "--max-failed")
    assert run(*arguments, "0.1") == 1
    assert run(*arguments, "0.2") == 0  # 3 of 19


def test_nothing_verified_is_exit_code_1(photo_list: Path, tmp_path: Path) -> None:
    assert run("download", photo_list, "--out", tmp_path / "crops") == 1  # loopback addresses are private
    with (tmp_path / "crops" / "manifest.csv").open() as lines:
        assert {row["reason"] for row in csv.DictReader(lines)} == {"blocked_address", "bad_row"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["download", "missing.tsv"], "missing.tsv"),
        (["download", "nul"], "nul"),
        (["download", "prose.txt"], "no row of it can be read"),
        (["download", "--workers", "0"], "workers must be at least 1"),
        (["download", "--max-failed", "2"], "expected a number from 0 to 1"),
        (["train-faces", "nowhere"], "nowhere is not a folder"),
        (["train-faces", "lonely"], "at least two people, got only 'Ada'"),
        (["train-faces", "lonely", "--lr", "-1"], "lr must be a number above 0"),
        (["train-faces", "lonely", "--train", "0"], "expected a whole number from 1 on"),
        (["train-faces", "lonely", "--model", "magic"], "invalid choice: 'magic'"),
        (["show-weights", "nowhere"], "nowhere is not a folder"),
        (["show-weights", "lonely"], "model.safetensors cannot be read"),
        (["show-weights", "damaged"], "model.safetensors: not a whole checkpoint"),
        (["show-weights", "damaged", "--unit", "-1"], "--unit"),
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


@pytest.mark.parametrize("command", ["download", "train-faces", "show-weights"])
def test_help_shows_every_default_and_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    text = capsys.readouterr().out
    assert f"example:\n  python cli.py {command}" in text
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
