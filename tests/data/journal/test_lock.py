"""One process works in a folder at a time, and a process that ends in any way gives the folder back."""

import subprocess
import sys
from pathlib import Path

import pytest

from data.journal import Journal
from data.settings import DownloadSettings
from errors import StorageError

REPOSITORY = Path(__file__).parents[3]
CROP_SETTINGS = DownloadSettings().crop_settings
HOLD = """
import sys
from pathlib import Path
from data.journal import Journal
from data.settings import DownloadSettings
with Journal(Path(sys.argv[1]), DownloadSettings().crop_settings):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_journal_of_a_folder_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    with Journal(tmp_path, CROP_SETTINGS), pytest.raises(StorageError, match=f"is working in {tmp_path}"):
        Journal(tmp_path, CROP_SETTINGS)
    with Journal(tmp_path, CROP_SETTINGS):
        pass


def test_a_killed_process_holds_the_folder_no_longer(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StorageError, match="another download"):
            Journal(tmp_path, CROP_SETTINGS)
        holder.kill()
    with Journal(tmp_path, CROP_SETTINGS):
        pass


def test_the_program_starts_without_the_modules_that_windows_does_not_have(tmp_path: Path) -> None:
    program = """
import sys
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
import cli, data.cluster.partition_result, data.download.forget, data.download.verify
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0
