"""A download to a URL: shards there that are their own journal, and a folder made of them again."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from data.atomic_write import MACHINE
from data.download import download, read_list
from data.download.verify import verify
from data.journal import Journal
from data.settings import DownloadSettings
from errors import DatasetError, StorageError, UsageError

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
import pyarrow
from pyarrow import parquet

import data.cluster.download as cluster_download
from data.cluster import shards
from data.cluster.download import download_on_ray
from data.cluster.lists import LISTS
from data.cluster.shards import SHARDS, Packer, read_shard
from data.cluster.storage import Storage
from data.cluster.unpack import unpack
from data.journal import Outcome
from data.reasons import Reason
from data.rows import Box, Origin, Row

SETTINGS = DownloadSettings(size=16, workers=4, per_host=4, allow_private=True)
List = tuple[Path, list[Any]]
Snapshot = Callable[[Path], dict[str, bytes]]


def url_of(folder: Path) -> str:
    return folder.as_uri()


def requests(sites: list[Any]) -> int:
    return sum(site.asked.total() for site in sites)


def test_a_url_holds_what_a_folder_would_and_is_unpacked_to_it(
    photo_list: List,
    ray_cluster: str,
    tmp_path: Path,
    snapshot: Snapshot,
    workers_on: Callable[[Iterable[Path]], list[int]],
) -> None:
    source, sites = photo_list
    download(read_list(source), tmp_path / "alone", settings=SETTINGS)
    before, url = requests(sites), url_of(tmp_path / "store")
    for site in sites:
        for path, route in site.routes.items():
            site.routes[path] = lambda request, route=route: (time.sleep(0.1), route(request))

    def kill() -> None:
        while not (at_work := workers_on(Path(tempfile.gettempdir()).glob("faces-*"))) or requests(sites) < before + 9:
            time.sleep(0.005)
        os.kill(at_work[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    report = download_on_ray(read_list(source), url, address=ray_cluster, settings=SETTINGS)
    killer.join()
    assert report.reasons == {"ok": 85, "http_404": 24, "hash_mismatch": 12, "bad_box": 1, "bad_row": 1}
    stored = {path.name for path in (tmp_path / "store").iterdir()}
    assert stored == {SHARDS, LISTS, "manifest.csv", "report.json"}
    alone = snapshot(tmp_path / "alone")
    assert (tmp_path / "store" / "manifest.csv").read_bytes() == alone["manifest.csv"]

    asked = requests(sites)
    again = download_on_ray(read_list(source), url, address=ray_cluster, settings=SETTINGS)
    assert (again.reasons, requests(sites)) == (report.reasons, asked)
    download_on_ray(read_list(source), url, address=ray_cluster, settings=SETTINGS, retry_failed=True)
    assert requests(sites) == asked + 36

    folder = unpack(url, tmp_path / "unpacked")
    crops = {name: data for name, data in alone.items() if name.endswith(".jpg")}
    assert {name: data for name, data in snapshot(folder).items() if name.endswith(".jpg")} == crops
    assert verify(folder).is_right
    assert requests(sites) == asked + 36


def test_a_url_that_two_lists_fill_holds_what_a_folder_would(
    photo_list: List, ray_cluster: str, tmp_path: Path, snapshot: Snapshot
) -> None:
    source, _ = photo_list
    header, *lines = source.read_text().splitlines()
    lists = []
    for name, part in (("a.csv", lines[:50]), ("b.csv", lines[40:])):  # the last rows are bad, or have an empty box
        lists.append(tmp_path / name)
        lists[-1].write_text("\n".join([header, *part]))
    for path in lists:
        origin = Origin(str(path), path.name, is_file=True)
        alone = download(read_list(path), tmp_path / "alone", settings=SETTINGS, origin=origin)
        for out in (tmp_path / "shared", url_of(tmp_path / "store")):
            report = download_on_ray(read_list(path), out, address=ray_cluster, settings=SETTINGS, origin=origin)
            assert {**vars(report), "seconds": 0} == {**vars(alone), "seconds": 0}
    assert alone.lists.keys() == {"a.csv", "b.csv"}
    assert snapshot(tmp_path / "shared") == snapshot(tmp_path / "alone")
    assert (tmp_path / "store" / "manifest.csv").read_bytes() == (tmp_path / "alone" / "manifest.csv").read_bytes()
    assert snapshot(unpack(url_of(tmp_path / "store"), tmp_path / "unpacked")) == snapshot(tmp_path / "alone")


@pytest.mark.parametrize("content", [b"no database, but as long as one" * 99, b"short"])
def test_lists_that_are_damaged_are_one_line(store: Storage, tmp_path: Path, content: bytes) -> None:
    store.atomic_write(LISTS, content)
    with pytest.raises(DatasetError, match=r"lists\.sqlite: .*; remove the file and download again") as caught:
        unpack(store.place, tmp_path / "unpacked")
    assert "/tmp" not in str(caught.value).replace(str(tmp_path), "")
    assert "\n" not in str(caught.value)


def test_placeholders_are_left_out_of_a_folder_and_of_a_url_and_asked_for_again(
    site_factory: Callable[[], Any],
    photo: Callable[..., bytes],
    ray_cluster: str,
    tmp_path: Path,
    snapshot: Snapshot,
) -> None:
    site, url = site_factory(), url_of(tmp_path / "store")
    rows = [Row(n, "Ann", site.serve(f"/{n}", photo(n if n < 5 else 99)), None, None) for n in range(1, 13)]
    alone = download(rows, tmp_path / "alone", settings=SETTINGS)
    assert alone.reasons == {"ok": 4, "placeholder": 8}
    for out in (tmp_path / "shared", url):
        report = download_on_ray(rows, out, address=ray_cluster, settings=SETTINGS)
        assert (report.reasons, report.warnings) == (alone.reasons, alone.warnings)
    assert snapshot(tmp_path / "shared") == snapshot(tmp_path / "alone")
    assert (tmp_path / "store" / "manifest.csv").read_bytes() == (tmp_path / "alone" / "manifest.csv").read_bytes()
    assert snapshot(unpack(url, tmp_path / "unpacked")).keys() == snapshot(tmp_path / "alone").keys()

    asked = site.asked.total()
    site.serve("/12", photo(12))
    again = download_on_ray(rows, url, address=ray_cluster, settings=SETTINGS, retry_failed=True)
    assert again.reasons == {"ok": 5, "placeholder": 7}
    assert site.asked.total() == asked + 8


@pytest.fixture
def store(tmp_path: Path, photo: Callable[..., bytes]) -> Storage:
    """Two shards of twenty outcomes each, as a worker packs them."""
    storage, scratch = Storage(url_of(tmp_path / "store")), tmp_path / "scratch"
    for run in (1, 2):
        packer = Packer(storage, scratch, f"{run:04d}-00000-", SETTINGS.crop_settings)
        for number in range(20):
            packer.add(packed(scratch, 100 * run + number, photo(number)))
        packer.flush()
    assert not list(scratch.rglob("*.jpg"))
    return storage


def packed(scratch: Path, number: int, data: bytes) -> Outcome:
    """The outcome of a row whose crop lies in `scratch`, or of one that failed."""
    import hashlib

    row = Row(number, "Ann", f"http://x/{number}", Box(1, 2, 3, 4) if number % 2 else None, None)
    if number % 5 == 0:
        return Outcome(row, Reason.HTTP_404, detail="404")
    digest = hashlib.sha256(data).hexdigest()
    file = f"Ann/{digest[:12]}-{row.key.hex()[:8]}.jpg"
    (scratch / "Ann").mkdir(parents=True, exist_ok=True)
    (scratch / file).write_bytes(data)
    return Outcome(row, Reason.OK, file, digest, digest, perceptual_hash="0" * 64)


def test_a_shard_gives_back_what_was_packed(store: Storage, tmp_path: Path, photo: Callable[..., bytes]) -> None:
    first, _ = store.names(SHARDS)
    lines = list(read_shard(store, first, with_crops=True))
    assert [line.outcome for line in lines] == [packed(tmp_path / "x", 100 + n, photo(n)) for n in range(20)]
    assert [line.jpeg for line in lines] == [photo(n) if n % 5 else None for n in range(20)]
    assert all(line.key == line.outcome.row.key for line in lines)
    assert {line.jpeg for line in read_shard(store, first)} == {None}


def test_a_full_shard_is_published_and_the_next_begun(
    tmp_path: Path, photo: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "MOST_ROWS", 4)
    storage, scratch = Storage(tmp_path / "store"), tmp_path / "scratch"
    packer = Packer(storage, scratch, "0001-00000-", SETTINGS.crop_settings)
    for number in range(10):
        outcome = packed(scratch, number, photo(number))
        packer.add(outcome)
        packer.add(outcome)  # the list has the row twice
    packer.flush()
    numbers = [[line.outcome.row.number for line in read_shard(storage, name)] for name in packer.shards]
    assert numbers == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def rewritten(store: Storage, change: Callable[[dict[str, list[Any]]], object]) -> None:
    """Change the columns of the first shard."""
    path = Path(store.path(store.names(SHARDS)[0]))
    table = parquet.read_table(path)
    columns = table.to_pydict()
    change(columns)
    parquet.write_table(pyarrow.Table.from_pydict(columns, schema=table.schema), path)


def test_a_shard_of_the_version_before_is_read_on(store: Storage) -> None:
    """As it was before listed MD5s and whole photos were noted: two columns less."""
    first = store.names(SHARDS)[0]
    before = list(read_shard(store, first, with_crops=True))
    path = Path(store.path(first))
    table = parquet.read_table(path)
    about = {b"faces": table.schema.metadata[b"faces"].replace(b'"version": 2', b'"version": 1')}
    parquet.write_table(table.drop_columns(["md5", "whole"]).replace_schema_metadata(about), path)
    assert list(read_shard(store, first, with_crops=True)) == before


@pytest.mark.parametrize("name", ["../evil.jpg", "/tmp/evil.jpg", "Bo/0123456789ab-01234567.jpg", "Ann/.ssh", ""])
def test_no_crop_leaves_its_persons_folder(store: Storage, tmp_path: Path, name: str) -> None:
    rewritten(store, lambda columns: columns["file"].__setitem__(3, name))
    with pytest.raises(DatasetError, match="names a crop"):
        unpack(store.place, tmp_path / "unpacked")
    assert not list(tmp_path.rglob("*evil*"))


def test_a_damaged_crop_is_noticed(store: Storage, tmp_path: Path) -> None:
    rewritten(store, lambda columns: columns["jpeg"].__setitem__(3, b"other bytes"))
    with pytest.raises(DatasetError, match="has not the SHA-256 that its line says"):
        unpack(store.place, tmp_path / "unpacked")


def test_what_is_no_shard_is_one_line(store: Storage, tmp_path: Path) -> None:
    first = Path(store.path(store.names(SHARDS)[0]))
    for content in (b"no parquet", first.read_bytes()[:-100]):
        first.write_bytes(content)
        with pytest.raises(DatasetError, match="is no Parquet file"):
            unpack(store.place, tmp_path / "unpacked")
    parquet.write_table(pyarrow.table({"a": [1]}), first)
    with pytest.raises(DatasetError, match="is no shard of this version"):
        unpack(store.place, tmp_path / "unpacked")
    with pytest.raises(DatasetError, match="holds no shards"):
        unpack(url_of(tmp_path), tmp_path / "unpacked")


@pytest.mark.parametrize(("column", "value"), [("reason", "whatever"), ("box", "0,0"), ("name", None)])
def test_a_line_that_tells_of_nothing_is_one_line(store: Storage, tmp_path: Path, column: str, value: Any) -> None:
    rewritten(store, lambda columns: columns[column].__setitem__(3, value))
    with pytest.raises(DatasetError, match=r"is damaged: .*; remove it and download again"):
        unpack(store.place, tmp_path / "unpacked")


def test_what_a_killed_worker_or_a_file_manager_left_is_no_shard(store: Storage, tmp_path: Path) -> None:
    folder = Path(store.path(SHARDS))
    left = folder / f"0002-00000-{'0' * 16}.parquet.part-999999999-{MACHINE}cdef"
    for path in (left, folder / ".DS_Store"):
        path.write_bytes(b"no parquet")
    assert len(read_folder_of(unpack(store.place, tmp_path / "unpacked"))) == 32
    with pytest.raises(UsageError, match="choose another URL"):
        download_on_ray([], store.place, address=None, settings=DownloadSettings(size=17))
    assert not left.exists()


def read_folder_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jpg"))


def test_a_url_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(UsageError, match="a s3:// URL with a password in it") as disk_error:
        Storage("s3://key:secret@bucket/six").names(SHARDS)
    assert "secret" not in str(disk_error.value)


def test_other_crops_are_refused_before_anything_is_asked(store: Storage, tmp_path: Path) -> None:
    other = DownloadSettings(size=17)
    with pytest.raises(UsageError, match="choose another URL"):
        download_on_ray([], store.place, address=None, settings=other)
    Journal(tmp_path / "unpacked", other.crop_settings).__exit__(None, None, None)


def test_a_url_of_an_earlier_version_goes_on_with_nothing_around_its_boxes(
    store: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: value for name, value in SETTINGS.crop_settings.items() if name != "around"}
    asked: list[DownloadSettings] = []

    def note(*rows: Any, settings: DownloadSettings, **rest: Any) -> Any:
        asked.append(settings)
        raise InterruptedError

    monkeypatch.setattr(cluster_download, "crop_settings_of", lambda storage, name: before)
    monkeypatch.setattr(cluster_download, "download", note)
    with pytest.raises(InterruptedError):
        download_on_ray([], store.place, address=None, settings=SETTINGS)
    assert [settings.crop_settings for settings in asked] == [before]


def test_a_second_unpacking_reads_nothing(
    store: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    folder = unpack(store.place, tmp_path / "unpacked")
    before = snapshot(folder)
    assert len(before) == 32 + 1
    with monkeypatch.context() as patch:
        patch.setattr(shards, "read_shard", None)
        unpack(store.place, folder)
    next(folder.rglob("*.jpg")).unlink()
    assert snapshot(unpack(store.place, folder)) == before


@pytest.mark.parametrize("url", ["nonsense://x", "s3:///", "file://"])
def test_a_url_that_leads_nowhere_is_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, StorageError, DatasetError)) as caught:
        unpack(url, tmp_path / "unpacked")
    assert "\n" not in str(caught.value)
