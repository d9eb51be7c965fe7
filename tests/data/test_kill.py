"""A run that is killed at any moment: nothing stored is wrong, and only rows in flight are asked for again."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROWS, WORKERS = 120, 6
RUN = """
import sys
from pathlib import Path
from data.download import download
from data.lists import read_list
from data.settings import DownloadSettings
settings = DownloadSettings(size=16, workers=int(sys.argv[3]), per_host=99, allow_private=True)
report = download(read_list(Path(sys.argv[1])), Path(sys.argv[2]), settings=settings)
print(report.ok)
"""


def start(source: Path, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(source), str(folder), str(WORKERS)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


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
    for path in folder.glob("*/*.jpg"):
        with Image.open(path) as image:
            image.load()

    with start(source, folder) as second:
        assert second.stdout is not None
        assert second.stdout.read().strip() == str(ROWS)
    assert site.asked.total() <= ROWS + WORKERS
    assert len(list(folder.glob("*/*.jpg"))) == ROWS
    assert not list(folder.glob("**/*.part-*"))
