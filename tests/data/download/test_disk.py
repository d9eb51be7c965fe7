"""A disk that refuses, for real: files may not grow beyond a limit of the process, as on a full disk none could."""

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def photo_list(site: Any, photo: Callable[..., bytes], tmp_path: Path) -> Path:
    lines = ["name,url,sha256"]
    for number in range(12):
        data = photo(number)
        lines.append(f"Ann,{site.serve(f'/{number}', data)},{hashlib.sha256(data).hexdigest()}")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    return tmp_path / "list.csv"


def run(source: Path, folder: Path, most_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it; no file that it writes may be larger than `most_bytes`."""

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = [sys.executable, str(REPOSITORY / "cli.py"), "download", str(source), "--out", str(folder)]
    options = ["--allow-private", "--size", "128", "--quiet"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*command, *options], capture_output=True, text=True, env=environment, preexec_fn=limit)


@pytest.mark.parametrize("most_bytes", [1_000, 5_000, 40_000])
def test_a_full_disk_is_one_line_and_the_next_run_goes_on(photo_list: Path, tmp_path: Path, most_bytes: int) -> None:
    """1,000 bytes stop the journal, 5,000 the crops; 40,000 hold crops, but not the journal's log."""
    folder = tmp_path / "crops"
    ended = run(photo_list, folder, most_bytes)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("faces download: cannot ")
    assert not list(folder.rglob("*.part-*"))
    for path in folder.rglob("*.jpg"):
        with Image.open(path) as image:
            image.load()
    assert run(photo_list, folder).returncode == 0
    assert len(list(folder.rglob("*.jpg"))) == 12


def test_a_folder_that_may_not_be_written_to(photo_list: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    folder = tmp_path / "crops"
    folder.mkdir(mode=0o500)
    ended = run(photo_list, folder)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
