"""A download on a real cluster: what one machine would have made, whatever is killed meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from data.download import Report, download, list_fingerprint, read_list
from data.journal import Outcome
from data.rows import Origin
from data.settings import DownloadSettings

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
from data.cluster.download import download_on_ray
from data.cluster.partition_result import PartitionResult

REPOSITORY = Path(__file__).resolve().parents[3]
WORKERS = 4
SETTINGS = DownloadSettings(size=16, workers=WORKERS, per_host=WORKERS, allow_private=True)
List = tuple[Path, list[Any]]
Snapshot = Callable[[Path], dict[str, bytes]]


def on_ray(source: Path, folder: Path, address: str, **options: Any) -> Report:
    return download_on_ray(
        read_list(source), folder, address=address, settings=SETTINGS, origin=origin(source), **options
    )


def origin(source: Path) -> Origin:
    return Origin(str(source), source.name, is_file=True)


def told(report: Report) -> dict[str, Any]:
    """All that a report says but how long it took."""
    return {**asdict(report), "seconds": None}


def requests(sites: list[Any]) -> Counter[str]:
    return sum((site.asked for site in sites), Counter[str]())


@pytest.fixture
def alone(photo_list: List, tmp_path: Path, snapshot: Snapshot) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What one machine makes of the list: its report and its files. The hosts count anew afterwards."""
    source, sites = photo_list
    report = download(read_list(source), tmp_path / "alone", settings=SETTINGS, origin=origin(source))
    for site in sites:
        site.asked.clear()
    return told(report), snapshot(tmp_path / "alone")


def test_a_cluster_makes_what_one_machine_makes(
    photo_list: List, alone: Any, ray_cluster: str, tmp_path: Path, snapshot: Snapshot
) -> None:
    (source, sites), folder = photo_list, tmp_path / "photos"
    outcomes: list[Outcome] = []
    done: list[PartitionResult] = []
    report = on_ray(source, folder, ray_cluster, on_outcome=outcomes.append, on_partition=done.append)
    assert (told(report), snapshot(folder)) == alone
    assert sorted(outcome.row.number for outcome in outcomes) == list(range(1, 124))
    assert set(requests(sites).values()) == {1}
    assert sum(one.rows for one in done) == 121  # of the others one is no row, and one has an empty box
    assert 1 <= len({one.process for one in done}) <= 2
    assert sorted(path.name for path in folder.iterdir() if not path.is_dir()) == [
        ".journal.lock",
        "journal.sqlite",
        "manifest.csv",
        "report.json",
    ]


def test_a_cluster_requests_nothing_that_has_ended_and_failures_again_when_told(
    photo_list: List, alone: Any, ray_cluster: str, tmp_path: Path, snapshot: Snapshot
) -> None:
    (source, sites), folder = photo_list, tmp_path / "alone"
    assert (told(on_ray(source, folder, ray_cluster)), snapshot(folder)) == alone
    assert requests(sites).total() == 0
    report = on_ray(source, folder, ray_cluster, retry_failed=True, fingerprint=list_fingerprint(source))
    failed = report.rows - report.ok - 2  # a row that cannot be read, and one that could not be in any photo
    assert requests(sites).total() == failed
    assert told(report) == alone[0]


def slow_down(sites: list[Any], seconds: float) -> None:
    """Delay every answer, so that the run can be killed before its end."""
    for site in sites:
        for path, route in site.routes.items():
            site.routes[path] = lambda request, route=route: (time.sleep(seconds), route(request))


def test_a_killed_worker_is_replaced_and_no_row_counts_twice(
    photo_list: List,
    alone: Any,
    ray_cluster: str,
    tmp_path: Path,
    snapshot: Snapshot,
    worker_of: Callable[[Path], int],
    capfd: pytest.CaptureFixture[str],
) -> None:
    (source, sites), folder = photo_list, tmp_path / "photos"
    slow_down(sites, 0.1)

    def kill() -> None:
        worker = worker_of(folder)
        while requests(sites).total() < 12:
            time.sleep(0.005)
        os.kill(worker, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    outcomes: list[Outcome] = []
    report = on_ray(source, folder, ray_cluster, on_outcome=outcomes.append)
    killer.join()
    assert (told(report), snapshot(folder)) == alone
    assert sorted(outcome.row.number for outcome in outcomes) == list(range(1, 124))
    assert not list(folder.rglob("*.part-*"))
    assert 0 < (requests(sites) - Counter(set(requests(sites)))).total() <= WORKERS
    assert capfd.readouterr() == ("", "")


def test_a_killed_driver_leaves_what_was_done_to_the_next_run(
    photo_list: List,
    alone: Any,
    ray_cluster: str,
    tmp_path: Path,
    snapshot: Snapshot,
    worker_of: Callable[[Path], int],
) -> None:
    (source, sites), folder = photo_list, tmp_path / "photos"
    slow_down(sites, 0.1)
    flags = ["--size", "16", "--workers", str(WORKERS), "--per-host", str(WORKERS), "--allow-private", "--json"]
    command = [sys.executable, "cli.py", "download", str(source), "--out", str(folder), *flags]
    command += ["--engine", "ray", "--address", ray_cluster]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as driver:
        worker_of(folder)
        while requests(sites).total() < 20:
            time.sleep(0.005)
        driver.kill()
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    bad, short = ended.stderr.splitlines()
    assert bad.startswith(f"{source}:123: bad row: ")
    assert short == "faces download: short of what was asked: 1 of 123 rows cannot be read"
    assert ({**json.loads(ended.stdout), "seconds": None}, snapshot(folder)) == alone
    assert (requests(sites) - Counter(set(requests(sites)))).total() <= 2 * WORKERS  # two workers were at work
    assert not (folder / ".partitions").exists()
