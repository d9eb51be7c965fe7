"""Lists over several hosts on loopback, the processes that work on a folder, and what a folder holds."""

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from data.journal import LOCK, PARTITIONS

Rows = list[str]


@pytest.fixture
def photo_list(site_factory: Callable[[], Any], photo: Callable[..., bytes], tmp_path: Path) -> tuple[Path, list[Any]]:
    """A list of 120 rows and the three hosts it is about: photos, dead links, changed photos, a double, a bad row."""
    sites = [site_factory() for _ in range(3)]
    lines = ["name,url,box,sha256"]
    for number in range(120):
        data, site = photo(number % 40), sites[number % 3]
        digest = hashlib.sha256(data if number % 8 else b"changed").hexdigest()
        url = site.url(f"/gone/{number}") if number % 5 == 4 else site.serve(f"/{number}", data)
        lines.append(f'{("Ann", "ann", "../Bo")[number % 3]},{url},"0,0,40,40",{digest}')
    lines += [lines[2], "Ann,ftp://x/y,,", f'Ann,{sites[0].url("/1")},"5,5,5,5",{"0" * 64}']
    source = tmp_path / "list.csv"
    source.write_text("\n".join(lines))
    return source, sites


@pytest.fixture
def snapshot() -> Callable[[Path], dict[str, bytes]]:
    """snapshot(folder): the bytes of all files but the journal and the report, which says how long it took."""

    def read(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file() and path.suffix in (".jpg", ".csv", ".part"))
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    return read


@pytest.fixture
def workers_on() -> Callable[[Iterable[Path]], list[int]]:
    """workers_on(folders): the processes, but for this one, that hold the lock of one of the folders."""

    def holders(folders: Iterable[Path]) -> list[int]:
        inodes = set()
        for folder in folders:
            try:
                inodes.add((folder / LOCK).stat().st_ino)
            except FileNotFoundError:
                continue
        locks = (line.split() for line in Path("/proc/locks").read_text().splitlines())
        held = {int(words[4]) for words in locks if words[1] == "FLOCK" and int(words[5].split(":")[2]) in inodes}
        return sorted(held - {os.getpid()})  # the driver takes a partition over, and holds its lock meanwhile

    return holders


@pytest.fixture
def worker_of(workers_on: Callable[[Iterable[Path]], list[int]]) -> Callable[[Path], int]:
    """worker_of(folder): waits until a process works on a partition of the folder; its number."""

    def wait(folder: Path) -> int:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = workers_on((folder / PARTITIONS).glob("*"))
            if found:
                return found[0]
            time.sleep(0.005)
        raise AssertionError(f"nobody works in {folder}")

    return wait
