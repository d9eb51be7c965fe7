"""A download waits for its workers; it does not ask them again and again."""

import time
from pathlib import Path

import pytest

from data.download import download
from data.download.worker_pool import WorkerPool
from data.rows import Row
from data.settings import DownloadSettings


def test_while_a_row_is_slow_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    results = WorkerPool.results

    def counted(self: WorkerPool, seconds: float | None) -> object:
        waits.append(seconds)
        return results(self, seconds)

    def slow(row: Row) -> bytes:
        time.sleep(0.2)
        return b"no photo"

    monkeypatch.setattr(WorkerPool, "results", counted)
    rows = [Row(number, "Ann", f"http://a.example/{number}", None, None) for number in range(3)]
    report = download(rows, tmp_path, settings=DownloadSettings(workers=1), fetch=slow)
    assert report.reasons == {"not_an_image": 3}
    assert len(waits) < 12
