"""Rows in files by host, and what is left of a run that was killed: no cluster is needed for either."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.download import download
from data.download.forget import forget
from data.download.partitions import merge_partitions
from data.journal import PARTITIONS, Journal, Outcome
from data.reasons import Reason
from data.rows import Box, Row
from data.settings import DownloadSettings
from errors import UsageError

SETTINGS = DownloadSettings(size=16, workers=4, allow_private=True)


def row(number: int, host: str = "x", name: str = "Ann") -> Row:
    box = Box(0, 0, number, 9) if number % 2 else None
    return Row(number, name, f"http://{host}/{number}", box, None if number % 3 else "0" * 64)


def test_all_rows_of_a_host_are_in_one_file_in_the_lists_order(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install -e '.[ray]'")
    from data.cluster.rows import OpenRow, RowFiles, read_rows
    from data.cluster.storage import Storage

    storage = Storage(tmp_path)
    given = [OpenRow(row(n, f"host{n % 50}", f"P{n % 7}"), f"folder of P{n % 7}") for n in range(1, 5001)]
    with RowFiles(storage, 8) as files:
        for one in given:
            files.add(one)
    read = [[one for batch in read_rows(storage, n) for one in batch] for n in range(8)]
    assert [len(rows) for rows in read] == files.counts
    assert min(files.counts) > 0
    assert sorted((one for rows in read for one in rows), key=lambda one: one.row.number) == given
    for rows in read:
        assert rows == sorted(rows, key=lambda one: one.row.number)
    where = [{one.row.url.split("/")[2] for one in rows} for rows in read]
    assert sum(map(len, where)) == 50


def test_a_host_is_one_however_its_name_is_written(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install -e '.[ray]'")
    from data.cluster.rows import OpenRow, RowFiles
    from data.cluster.storage import Storage

    with RowFiles(Storage(tmp_path), 64) as files:
        for host in ("Example.org", "example.ORG?id=1", "EXAMPLE.org#x", "ann:word@example.org"):
            files.add(OpenRow(row(1, host), "Ann"))
    assert max(files.counts) == 4


def killed(folder: Path, numbers: range) -> None:
    """Leave a partition as a killed run does: its journal knows of some rows."""
    partition = folder / PARTITIONS / "00003"
    with Journal(partition, SETTINGS.crop_settings, alone=True) as journal:
        journal.assign_folders({("Ann", "Ann")})
        journal.begin_list()
        journal.list_rows([(n, row(n).key, True) for n in numbers])
        journal.record([(row(n).key, Outcome(row(n), Reason.HTTP_404, detail="404")) for n in numbers])
    (partition / "rows.parquet").write_bytes(b"rows")


def test_what_a_killed_run_did_is_taken_over_by_any_engine(tmp_path: Path) -> None:
    killed(tmp_path, range(1, 40))
    asked: list[int] = []

    def fetch(wanted: Row) -> bytes:
        asked.append(wanted.number)
        return b""

    report = download((row(n) for n in range(1, 51)), tmp_path, settings=SETTINGS, fetch=fetch)
    assert sorted(asked) == list(range(40, 51))
    assert report.reasons["http_404"] == 39
    assert not (tmp_path / PARTITIONS).exists()


def test_nobody_is_left_in_a_partition_after_forgetting(tmp_path: Path) -> None:
    download([row(1, name="Bo")], tmp_path, settings=SETTINGS, fetch=lambda row: b"")
    killed(tmp_path, range(1, 40))
    assert forget(tmp_path, "Ann").rows == 39
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"Ann" in path.read_bytes()]


def test_a_partition_of_other_crops_is_refused(tmp_path: Path) -> None:
    killed(tmp_path, range(1, 3))
    with Journal(tmp_path / PARTITIONS / "00003", SETTINGS.crop_settings) as journal:
        journal.record([(b"k" * 16, Outcome(row(9), Reason.OK, "Ann/1.jpg", "0" * 64, "0" * 64))])
    other = DownloadSettings(size=17).crop_settings
    with Journal(tmp_path, other) as journal, pytest.raises(UsageError, match="was made with size 16"):
        merge_partitions(journal, tmp_path)


def test_a_partition_that_always_loses_its_process_is_given_up(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install -e '.[ray]'")
    from data.cluster.places import FolderPlace
    from data.cluster.worker import LOST_AT_MOST, PartitionWork

    class Dying(FolderPlace):
        def work(self, partition: int, settings: DownloadSettings) -> Any:
            raise KeyboardInterrupt

    work = PartitionWork(Dying(tmp_path), SETTINGS, {})
    for _ in range(1 + LOST_AT_MOST):
        with pytest.raises(KeyboardInterrupt):
            work({"partition": 3})
    given_up = work({"partition": 3})
    assert given_up["kind"] == "ClusterError"
    assert given_up["error"].startswith(f"a part of the list lost its process {LOST_AT_MOST} times: ")
    with pytest.raises(KeyboardInterrupt):
        work({"partition": 4})


def test_after_a_killed_first_run_the_folder_keeps_its_size(tmp_path: Path) -> None:
    Journal(tmp_path, SETTINGS.crop_settings).__exit__(None, None, None)
    killed(tmp_path, range(1, 3))
    with pytest.raises(UsageError, match=f"^{tmp_path} was made with size 16; asked for size 17"):
        download([], tmp_path, settings=DownloadSettings(size=17))
    assert forget(tmp_path, "Ann").rows == 2


def test_outcomes_come_back_as_they_were(tmp_path: Path, picture: Callable[..., Any]) -> None:
    rows = [row(n) for n in range(1, 30)]
    given = [
        (r.key, Outcome(r, Reason.OK, f"Ann/{r.number}.jpg", "1" * 64, "2" * 64, perceptual_hash="a" * 64))
        for r in rows
    ]
    with Journal(tmp_path, SETTINGS.crop_settings) as journal:
        journal.begin_list()
        journal.list_rows([(r.number, r.key, True) for r in rows])
        journal.list_rows([(99, rows[0].key, True)])
        journal.record(given)
        read = list(journal.outcomes())
    assert len(read) == 30
    assert {number for key, o in read if key == rows[0].key for number in [o.row.number]} == {1, 99}
    assert sorted(read, key=lambda pair: pair[1].row.number)[:29] == given
