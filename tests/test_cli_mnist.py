"""`download mnist` as a person meets it: what it prints, where, and what it exits with."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

import cli
from data.mnist import download as mnist_download
from data.mnist.files import FILES, MnistFile

NAMES = [file.name for file in FILES]


def run(*arguments: object) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as end:  # argparse's own way out
        return int(end.code or 0)


@pytest.fixture
def digits(small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder's `digits`: small files, gzipped, listed as MNIST's are."""
    files = []
    for file in FILES:
        data = (small_mnist / file.name).read_bytes()
        files.append(MnistFile(file.name, file.dimensions, len(data), hashlib.sha256(data).hexdigest()))
        (small_mnist / f"{file.name}.gz").write_bytes(gzip.compress(data))
        (small_mnist / file.name).unlink()
    monkeypatch.setattr(mnist_download, "FILES", tuple(files))
    monkeypatch.setattr(mnist_download, "MIRRORS", ("http://127.0.0.1:1/mnist/",))
    monkeypatch.chdir(tmp_path)
    small_mnist.rename("digits")
    return Path("digits")


def test_the_files_go_to_the_default_folder(digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("download", "mnist", "--from", digits) == 0
    printed = capsys.readouterr()
    lines = [f"{name:<24} from digits/{name}.gz" for name in NAMES]
    assert printed.out.splitlines() == [*lines, "MNIST's 4 files verified in datasets/mnist"]
    assert printed.err == ""
    assert sorted(path.name for path in Path("datasets/mnist").iterdir()) == sorted(NAMES)
    assert run("download", "mnist") == 0  # no mirror is asked
    assert f"{NAMES[0]:<24} was there\n" in capsys.readouterr().out


def test_json_is_one_object(digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("download", "mnist", "--from", digits, "--out", "here", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == {"folder": "here", "files": {name: f"digits/{name}.gz" for name in NAMES}}


def test_quiet_prints_nothing_but_what_json_asks_for(digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("download", "mnist", "--from", digits, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert run("download", "mnist", "--quiet", "--json") == 0
    printed = capsys.readouterr()
    assert (json.loads(printed.out)["folder"], printed.err) == ("datasets/mnist", "")


def test_no_mirror_is_one_line_and_exit_code_1(digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("download", "mnist", "--json", "--retries", 0) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    place = f"http://127.0.0.1:1/mnist/{NAMES[0]}.gz"
    assert printed.err.startswith(f"faces download: {NAMES[0]} of MNIST could not be found ({place}: blocked_address: ")
    assert printed.err.endswith("): copy the four files into a folder, and add --from FOLDER\n")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["mnist", "--from", "nowhere"],
            "nowhere cannot be read: No such file or directory; expected a folder with MNIST's four files",
        ),
        (["mnist", "--from", "."], "train-images-idx3-ubyte of MNIST could not be found (not in .)"),
        (["mnist", "--from", "ftp://host/mnist"], "expected a folder or an http or https URL, got 'ftp://host/mnist'"),
        (["mnist", "--person", "Ada"], "--person is for photos"),
        (["mnist", "--max-bytes", "9"], "--max-bytes is for photos"),
        (["mnist", "--max-pixels", "9"], "--max-pixels is for photos"),
        (["mnist", "--deadline", "0"], "deadline must be a number of seconds above 0"),
        (["mnist", "--out", "o" * 300], "cannot be read: File name too long"),
        (["mnist", "--out", "mine"], "mine/t10k-labels-idx1-ubyte is not MNIST's, and is left as it is"),
        (["list.csv", "--from", "digits"], "--from is for `download mnist` alone"),
        (["--from", "digits"], "--from is for `download mnist` alone"),
        (["./mnist"], "mnist"),  # a list of that name, which is not there
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    digits: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    Path("mine").mkdir()
    Path("mine", NAMES[3]).write_bytes(b"mine")
    before = sorted(Path().rglob("*"))
    assert run("download", *arguments) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert sorted(Path().rglob("*")) == before, "something was left behind"


def test_a_list_named_mnist_is_dot_slash_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mnist").write_text("name,url\nAda,http://127.0.0.1:1/a.jpg\n")
    assert run("download", "./mnist", "--out", "crops") == 1  # its one row is at a private address
    assert Path("crops/manifest.csv").exists()
