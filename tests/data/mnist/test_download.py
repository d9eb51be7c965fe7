"""MNIST's files on loopback servers and in folders: fetched once, verified, never overwritten.

The four files are small ones of the same form; where the real ones are at hand they are verified too.
"""

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.atomic_write import MACHINE
from data.mnist import FILES, MnistFile, download_mnist, load_mnist
from data.mnist import download as mnist_download
from data.settings import DownloadSettings
from errors import DatasetError, FetchError, StorageError

SETTINGS = DownloadSettings(timeout=0.5, deadline=2.0, retries=1, allow_private=True)
NAMES = [file.name for file in FILES]
FIRST = NAMES[0]
Site = Any


def listed(folder: Path) -> tuple[MnistFile, ...]:
    """The folder's own files, as MNIST's are listed."""
    return tuple(
        MnistFile(file.name, file.dimensions, len(data), hashlib.sha256(data).hexdigest())
        for file in FILES
        for data in [(folder / file.name).read_bytes()]
    )


@pytest.fixture(autouse=True)
def _the_small_files_are_listed(small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_download, "FILES", listed(small_mnist))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def contents(small_mnist: Path) -> dict[str, bytes]:
    return {name: (small_mnist / name).read_bytes() for name in NAMES}


def serve(site: Site, contents: dict[str, bytes], base: str = "/mnist/") -> str:
    """Serve the gzipped files; return their base."""
    for name, data in contents.items():
        site.serve(f"{base}{name}.gz", gzip.compress(data))
    return str(site.url(base))


def files(folder: Path) -> dict[str, bytes]:
    """What is stored; no folder is no file."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def complaint(out: Path, source: Path | str | None, kind: type[Exception] = FetchError) -> str:
    with pytest.raises(kind) as caught:
        download_mnist(out, source=source, settings=SETTINGS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_files_come_gzipped_and_are_kept_unpacked(site: Site, contents: dict[str, bytes], out: Path) -> None:
    seen: list[str] = []
    base = serve(site, contents)
    origins = download_mnist(out, source=base, settings=SETTINGS, on_file=seen.append)
    assert origins == {name: f"{base}{name}.gz" for name in NAMES}
    assert seen == NAMES
    assert files(out) == contents
    assert len(load_mnist(out).test_labels) == 50


def test_torchvision_reads_them(site: Site, contents: dict[str, bytes], out: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    download_mnist(out / "MNIST" / "raw", source=serve(site, contents), settings=SETTINGS)
    digits = load_mnist(out / "MNIST" / "raw")
    for train, images, labels in (
        (True, digits.train_images, digits.train_labels),
        (False, digits.test_images, digits.test_labels),
    ):
        theirs = datasets.MNIST(out, train=train)
        np.testing.assert_array_equal(theirs.data.numpy(), images)
        np.testing.assert_array_equal(theirs.targets.numpy(), labels)


def test_what_is_there_is_not_asked_for_again(site: Site, contents: dict[str, bytes], out: Path) -> None:
    base = serve(site, contents)
    download_mnist(out, source=base, settings=SETTINGS)
    (out / NAMES[2]).unlink()
    (out / NAMES[3]).unlink()
    (out / f"{NAMES[3]}.gz").write_bytes(gzip.compress(contents[NAMES[3]]))
    site.asked.clear()
    origins = download_mnist(out, source=base, settings=SETTINGS)
    assert site.asked == {f"/mnist/{NAMES[2]}.gz": 1}
    assert origins == dict.fromkeys(NAMES) | {NAMES[2]: f"{base}{NAMES[2]}.gz"}
    assert NAMES[3] not in files(out)


@pytest.mark.parametrize("address", ["/mnist", "/mnist/"])
def test_a_base_may_end_in_a_slash(site: Site, contents: dict[str, bytes], out: Path, address: str) -> None:
    serve(site, contents)
    download_mnist(out, source=site.url(address), settings=SETTINGS)
    assert files(out) == contents


def test_a_server_may_have_them_unpacked(site: Site, contents: dict[str, bytes], out: Path) -> None:
    for name, data in contents.items():
        site.serve(f"/{name}", data)
    assert download_mnist(out, source=site.url("/"), settings=SETTINGS)[FIRST] == site.url(f"/{FIRST}")
    assert files(out) == contents


def test_a_server_may_unpack_them_on_the_way(site: Site, contents: dict[str, bytes], out: Path) -> None:
    for name, data in contents.items():
        site.serve(f"/{name}.gz", data)
    packed = gzip.compress(contents[FIRST])
    site.serve(f"/{FIRST}.gz", packed, Content_Encoding="gzip")
    download_mnist(out, source=site.url("/"), settings=SETTINGS)
    assert files(out) == contents


def bad_answers(data: bytes) -> dict[str, tuple[bytes, str]]:
    """What may come instead of a file: a body, and what is said of it."""
    packed = gzip.compress(data)
    other = bytes([data[0] ^ 1]) + data[1:]
    return {
        "a web page": (b"<html>please log in</html>", f"hash_mismatch: 26 bytes, expected {len(data)}"),
        "other content": (gzip.compress(other), "hash_mismatch: SHA-256 "),
        "other content, unpacked": (other, "hash_mismatch: SHA-256 "),
        "content cut short": (gzip.compress(data[:-1]), f"hash_mismatch: {len(data) - 1} bytes, expected {len(data)}"),
        "a damaged gzip": (packed[:-8] + bytes(8), "truncated: its gzip packing is damaged"),
        "a gzip cut short": (packed[:-20], "truncated: its gzip packing breaks off"),
        "a bomb": (gzip.compress(data + bytes(5_000_000)), f"too_large: more than {len(data)} bytes"),
        "a large body": (bytes(2_000_000), "too_large: more than "),
        "nothing": (b"", "hash_mismatch: 0 bytes"),
    }


@pytest.mark.parametrize("fault", bad_answers(b"file"))
def test_what_is_wrong_is_not_kept_and_the_next_mirror_is_asked(
    site: Site, contents: dict[str, bytes], out: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    body, said = bad_answers(contents[FIRST])[fault]
    site.serve(f"/bad/{FIRST}.gz", body)
    monkeypatch.setattr(mnist_download, "MIRRORS", [site.url("/bad/")])
    told = complaint(out, None)
    assert told.startswith(f"{FIRST} of MNIST could not be found ({site.url('/bad/')}{FIRST}.gz: {said}")
    assert told.endswith("): copy the four files into a folder, and add --from FOLDER")
    assert files(out) == {}

    monkeypatch.setattr(mnist_download, "MIRRORS", [site.url("/bad/"), serve(site, contents, "/good/")])
    assert download_mnist(out, settings=SETTINGS)[FIRST] == f"{site.url('/good/')}{FIRST}.gz"
    assert files(out) == contents


def test_a_mirror_that_failed_is_asked_last(
    site: Site, contents: dict[str, bytes], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist_download, "MIRRORS", [site.url("/empty/"), serve(site, contents, "/good/")])
    download_mnist(out, settings=SETTINGS)
    asked_in_vain = {f"/empty/{FIRST}.gz": 1, f"/empty/{FIRST}": 1}
    assert site.asked == asked_in_vain | {f"/good/{name}.gz": 1 for name in NAMES}


def test_each_mirror_gives_its_reason(site: Site, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.serve(f"/gone/{FIRST}.gz", status=410)
    monkeypatch.setattr(
        mnist_download, "MIRRORS", [site.url("/gone/"), "http://nowhere.invalid/", "http://127.0.0.1:1"]
    )
    told = complaint(out, None)
    assert f"{FIRST}.gz: http_4xx: status 410; http://nowhere.invalid/{FIRST}.gz: dns: " in told
    assert f"http://127.0.0.1:1/{FIRST}.gz: connect: " in told
    assert "\n" not in told


def test_what_can_pass_is_asked_for_again(site: Site, contents: dict[str, bytes], out: Path) -> None:
    base = serve(site, contents)
    good = site.routes[f"/mnist/{FIRST}.gz"]

    def late(request: BaseHTTPRequestHandler) -> None:
        request.send_response(503)
        request.send_header("Retry-After", "0")
        request.send_header("Content-Length", "0")
        request.end_headers()
        site.routes[f"/mnist/{FIRST}.gz"] = good

    site.routes[f"/mnist/{FIRST}.gz"] = late
    download_mnist(out, source=base, settings=SETTINGS)
    assert files(out) == contents
    assert site.asked[f"/mnist/{FIRST}.gz"] == 2


def test_attempts_have_an_end(site: Site, out: Path) -> None:
    site.serve(f"/{FIRST}.gz", status=503, Retry_After="0")
    assert "http_5xx: status 503" in complaint(out, site.url("/"))
    assert site.asked.total() == SETTINGS.retries + 1
    site.asked.clear()
    site.serve(f"/{FIRST}.gz", status=503, Retry_After="30")  # beyond the deadline
    complaint(out, site.url("/"))
    assert site.asked.total() == 1


def test_private_addresses_are_not_asked(site: Site, contents: dict[str, bytes], out: Path) -> None:
    base = serve(site, contents)
    with pytest.raises(FetchError, match="blocked_address"):
        download_mnist(out, source=base, settings=DownloadSettings(retries=0))
    assert not site.asked


def test_robots_txt_is_respected_if_asked_for(site: Site, contents: dict[str, bytes], out: Path) -> None:
    base = serve(site, contents)
    site.serve("/robots.txt", b"User-agent: *\nDisallow: /")
    with pytest.raises(FetchError, match="opt_out"):
        download_mnist(out, source=base, settings=DownloadSettings(allow_private=True, respect_robots=True))
    assert site.asked == {"/robots.txt": 1}


def test_somebodys_own_file_is_left_and_nothing_is_asked(site: Site, contents: dict[str, bytes], out: Path) -> None:
    base = serve(site, contents)
    out.mkdir()
    (out / NAMES[3]).write_bytes(b"mine")
    told = complaint(out, base, DatasetError)
    assert told.startswith(f"{out / NAMES[3]} is not MNIST's, and is left as it is (hash_mismatch: 4 bytes")
    assert told.endswith("move it away, or choose another folder with --out")
    assert files(out) == {NAMES[3]: b"mine"}
    assert not site.asked


def test_a_wrong_archive_is_left_with_the_right_file_beside_it(
    site: Site, contents: dict[str, bytes], out: Path
) -> None:
    out.mkdir()
    (out / f"{FIRST}.gz").write_bytes(b"mine")
    download_mnist(out, source=serve(site, contents), settings=SETTINGS)
    assert files(out) == contents | {f"{FIRST}.gz": b"mine"}
    assert len(load_mnist(out).train_images) == 200


@pytest.mark.parametrize("packed", [NAMES, NAMES[:1], []], ids=["gzipped", "mixed", "unpacked"])
def test_a_folder_may_have_them_gzipped_or_not(
    small_mnist: Path, contents: dict[str, bytes], out: Path, packed: list[str]
) -> None:
    for name in packed:
        (small_mnist / name).unlink()
        (small_mnist / f"{name}.gz").write_bytes(gzip.compress(contents[name]))
    origins = download_mnist(out, source=small_mnist, settings=SETTINGS)
    assert origins == {name: str(small_mnist / name) + (".gz" if name in packed else "") for name in NAMES}
    assert files(out) == contents


def test_a_folder_may_have_a_wrong_one_beside_the_right_one(
    small_mnist: Path, contents: dict[str, bytes], out: Path
) -> None:
    (small_mnist / FIRST).write_bytes(b"wrong")
    (small_mnist / f"{FIRST}.gz").write_bytes(gzip.compress(contents[FIRST]))
    assert download_mnist(out, source=small_mnist, settings=SETTINGS)[FIRST] == str(small_mnist / f"{FIRST}.gz")


@pytest.mark.parametrize("name", ["{} (1).gz", "{} 2", "raw/{}", "emnist-mnist-{}.gz"])
def test_a_folder_may_have_them_under_other_names(
    small_mnist: Path, contents: dict[str, bytes], out: Path, name: str
) -> None:
    """Beside a wrong one: the SHA-256 decides."""
    (small_mnist / "raw").mkdir()
    for own in NAMES:
        (small_mnist / own).rename(small_mnist / name.format(own))
        if name.endswith(".gz"):
            (small_mnist / name.format(own)).write_bytes(gzip.compress(contents[own]))
    (small_mnist / f"emnist-letters-{FIRST}").write_bytes(b"wrong")
    origins = download_mnist(out, source=small_mnist, settings=SETTINGS)
    assert origins == {own: str(small_mnist / name.format(own)) for own in NAMES}
    assert files(out) == contents


def test_a_folder_without_the_right_files_is_one_line(small_mnist: Path, out: Path, tmp_path: Path) -> None:
    (small_mnist / NAMES[1]).write_bytes(b"wrong")
    told = complaint(out, small_mnist, DatasetError)
    assert told.startswith(f"{NAMES[1]} of MNIST could not be found ({small_mnist / NAMES[1]}: hash_mismatch: 5 bytes")
    assert [*files(out)] == [FIRST]  # what came before stays
    (small_mnist / NAMES[1]).unlink()
    assert f"(not in {small_mnist}): expected it there" in complaint(out, small_mnist, DatasetError)
    assert "nowhere cannot be read: No such file" in complaint(out, tmp_path / "nowhere", DatasetError)


def test_what_the_disk_refuses_is_one_line(small_mnist: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot write" in complaint(tmp_path / "file" / "mnist", small_mnist, StorageError)


def test_a_killed_download_leaves_nothing_false_and_is_continued(
    site: Site, contents: dict[str, bytes], small_mnist: Path, out: Path
) -> None:
    base, half = serve(site, contents), f"/mnist/{NAMES[2]}.gz"
    whole = site.routes[half]

    def stall(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + bytes(4500))
        site.closing.wait(20)

    site.routes[half] = stall
    program = (
        "import sys; from pathlib import Path; from data.mnist import download as m; import data.mnist.files as d;"
        "from data.settings import DownloadSettings as S; m.FILES = eval(sys.argv[1], vars(d));"
        "m.download_mnist(Path(sys.argv[2]), source=sys.argv[3], settings=S(allow_private=True))"
    )
    command = [sys.executable, "-c", program, repr(listed(small_mnist)), str(out), base]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, env=environment) as killed:
        while not site.asked[half] and killed.poll() is None:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    (out / f"{NAMES[3]}.part-{killed.pid}-{MACHINE}00ff").write_bytes(b"half")  # had it been killed while it wrote
    assert {name: data for name, data in files(out).items() if name in NAMES} == {n: contents[n] for n in NAMES[:2]}
    site.routes[half] = whole
    download_mnist(out, source=base, settings=SETTINGS)
    assert files(out) == contents


def test_mnist_itself(shared: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_download, "FILES", FILES)
    download_mnist(out, source=shared / "mnist", settings=SETTINGS)
    assert {path.name: path.stat().st_size for path in out.iterdir()} == {file.name: file.size for file in FILES}
    assert set(download_mnist(out, source=shared / "mnist", settings=SETTINGS).values()) == {None}
