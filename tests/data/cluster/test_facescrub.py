"""The real list on a real cluster, beside one machine: the same files byte for byte, also when a worker is killed.

`FACES_KILLS=3` makes three runs, each with a worker killed at a random moment; it takes about ten seconds a run.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from data.download import download, read_list
from data.settings import DownloadSettings

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
from data.cluster.download import download_on_ray

KILLS = int(os.environ.get("FACES_KILLS", "0"))
SETTINGS = DownloadSettings(size=48, gray=True)


@pytest.mark.skipif(not KILLS, reason="FACES_KILLS is not set: the number of kills of the real list")
def test_the_real_list_with_and_without_a_killed_worker(
    shared: Path,
    tmp_path: Path,
    mirror: Path,
    ray_cluster: str,
    snapshot: Callable[[Path], dict[str, bytes]],
    worker_of: Callable[[Path], int],
) -> None:
    source, generator = shared / "facescrub" / "list.tsv", random.Random(0)

    def requests() -> Counter[str]:
        asked = Counter(line.split("\t")[2] for line in mirror.read_text().splitlines())
        mirror.write_text("")
        return asked

    started = time.monotonic()
    report = download(read_list(source), tmp_path / "alone", settings=SETTINGS)
    print(f"one machine: {report.ok} photos, {time.monotonic() - started:.1f} s")
    alone, once = snapshot(tmp_path / "alone"), requests()
    for kill in range(KILLS + 1):
        folder = tmp_path / f"ray-{kill}"

        def kill_one(folder: Path = folder) -> None:
            worker_of(folder)
            time.sleep(generator.uniform(0.1, 3))
            os.kill(worker_of(folder), signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        if kill:
            killer.start()
        started = time.monotonic()
        on_ray = download_on_ray(read_list(source), folder, address=ray_cluster, settings=SETTINGS)
        if kill:
            killer.join()
        repeated = (requests() - once).total()
        print(f"Ray, {kill and 1} killed: {time.monotonic() - started:.1f} s, {repeated} requests repeated")
        assert {**vars(on_ray), "seconds": 0} == {**vars(report), "seconds": 0}
        assert snapshot(folder) == alone
        assert len([name for name in alone if name.endswith(".jpg")]) == 726
        assert repeated <= (SETTINGS.workers if kill else 0)
