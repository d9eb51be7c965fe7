"""Portraits as a list: drawn by several processes, and whole again after a kill at any moment."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SECONDS = 60
MOMENTS = 20
DRAW = """
import sys
from pathlib import Path
from data.download.portrait_source import download_portraits
from data.portraits import Gallery
from data.settings import DownloadSettings

print("started", flush=True)
report = download_portraits(
    Gallery(people=2, photos=9), Path(sys.argv[1]), settings=DownloadSettings(size=16), processes=2
)
print(report.ok, flush=True)
"""


def draw(folder: Path) -> subprocess.Popen[str]:
    """The script in a process of its own; it and all its processes hold its stderr."""
    command = [sys.executable, "-c", DRAW, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def draw_all(folder: Path) -> float:
    """Draw without interruption; return the seconds."""
    began = time.monotonic()
    with draw(folder) as process:
        assert process.communicate(timeout=SECONDS) == ("18\n", "")
    return time.monotonic() - began


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.suffix in (".jpg", ".csv"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.mark.skipif(sys.platform == "win32", reason="the end of a pipe tells of the last process on Unix")
def test_a_kill_at_any_moment_leaves_no_process_and_the_same_command_goes_on(tmp_path: Path) -> None:
    seconds = draw_all(tmp_path / "unbroken")
    expected = files(tmp_path / "unbroken")
    assert len(expected) == 18 + 2
    for moment in range(MOMENTS):
        folder = tmp_path / f"killed-{moment}"
        with draw(folder) as process:
            time.sleep(seconds * moment / MOMENTS)
            process.kill()
            _, err = process.communicate(timeout=SECONDS)
            assert err == ""
        if folder.exists():  # else nothing is there to go on with
            draw_all(folder)
            assert files(folder) == expected
            assert not list(folder.rglob("*.part-*"))
