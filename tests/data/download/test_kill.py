"""A run that is killed at any moment: nothing stored is wrong, and only rows in flight are asked for again.

A few kills by default; `FACES_KILLS=20` makes twenty of the real list, each followed by a run to the end.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROWS, WORKERS = 120, 6
KILLS = int(os.environ.get("FACES_KILLS", "0"))
RUN = """
import sys
from pathlib import Path
from data.download import download
from data.download import read_list
from data.settings import DownloadSettings
settings = DownloadSettings(size=int(sys.argv[4]), workers=int(sys.argv[3]), per_host=99, allow_private=True)
report = download(read_list(Path(sys.argv[1])), Path(sys.argv[2]), settings=settings)
print(report.ok)
"""


def start(
    source: Path, folder: Path, workers: int = WORKERS, size: int = 16, **environment: str
) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(source), str(folder), str(workers), str(size)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def finish(process: subprocess.Popen[str]) -> int:
    with process:
        assert process.stdout is not None
        return int(process.stdout.read())


def check_that_every_file_is_whole(folder: Path) -> None:
    for path in folder.glob("*/*.jpg"):
        with Image.open(path) as image:
            image.load()


def snapshot(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix in (".jpg", ".csv"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("after", [1, 30, 90])
def test_a_killed_run_is_continued(site: Any, photo: Callable[..., bytes], tmp_path: Path, after: int) -> None:
    lines = ["name,url,sha256"]
    for number in range(ROWS):
        data = photo(number)
        lines.append(f"Ann,{site.serve(f'/{number}', data)},{hashlib.sha256(data).hexdigest()}")
    source, folder = tmp_path / "list.csv", tmp_path / "photos"
    source.write_text("\n".join(lines))

    with start(source, folder) as killed:
        while site.asked.total() < after and killed.poll() is None:
            time.sleep(0.002)
        killed.send_signal(signal.SIGKILL)
    check_that_every_file_is_whole(folder)

    assert finish(start(source, folder)) == ROWS
    assert site.asked.total() <= ROWS + WORKERS
    assert len(list(folder.glob("*/*.jpg"))) == ROWS
    assert not list(folder.glob("**/*.part-*"))


@contextmanager
def mirror(shared: Path, log: Path) -> Iterator[str]:
    """The recorded web as a proxy; yields its address."""
    command = [sys.executable, str(shared / "facescrub" / "mirror.py"), "--port", "0", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.mark.skipif(not KILLS, reason="FACES_KILLS is not set: the number of kills of the real list")
def test_kills_at_random_moments_of_the_real_list_leave_the_same_files(shared: Path, tmp_path: Path) -> None:
    """Each kill is followed by a run to the end; of all requests at most `workers` are repeated ones."""
    source, log, generator = shared / "facescrub" / "list.tsv", tmp_path / "log", random.Random(0)
    repeated = []
    with mirror(shared, log) as web:
        proxies = {"http_proxy": web, "https_proxy": web}
        started = time.monotonic()
        assert finish(start(source, tmp_path / "unbroken", 16, 48, **proxies)) == 726
        seconds = time.monotonic() - started
        unbroken = snapshot(tmp_path / "unbroken")
        once = Counter(line.split("\t")[2] for line in log.read_text().splitlines())
        for kill in range(KILLS):
            log.write_text("")
            folder = tmp_path / f"killed-{kill}"
            with start(source, folder, 16, 48, **proxies) as killed:
                time.sleep(generator.uniform(0.2, 0.95) * seconds)
                killed.send_signal(signal.SIGKILL)
            check_that_every_file_is_whole(folder)
            done = len(snapshot(folder))
            assert finish(start(source, folder, 16, 48, **proxies)) == 726
            assert snapshot(folder) == unbroken
            asked = Counter(line.split("\t")[2] for line in log.read_text().splitlines())
            repeated.append((asked - once).total())
            print(f"kill {kill + 1}: {done} files at the kill, {repeated[-1]} requests repeated")
    assert max(repeated) <= 16
