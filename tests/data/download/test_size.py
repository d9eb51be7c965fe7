"""A long list costs time and disk, not memory."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

# Two runs of one list in a process of its own, with answers from memory; prints the peak after each, in MiB, and rows.
# Where the system has it, the peak is of the program alone: `ru_maxrss` goes back to the process that started it.
PROGRAM = """
import re
import resource
import sys
from pathlib import Path
from data.download import download
from data.download import list_fingerprint, read_list
from data.settings import DownloadSettings

def peak():
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s*([0-9]+) kB", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

path, folder = Path(sys.argv[1]), Path(sys.argv[2])
for run in range(2):
    settings, fingerprint = DownloadSettings(), list_fingerprint(path)
    report = download(read_list(path), folder, settings=settings, fetch=lambda row: b"gone", fingerprint=fingerprint)
    print(peak(), report.rows, report.reasons["hash_mismatch"])
"""


def peak_mib(folder: Path, rows: int) -> float:
    path = folder / f"{rows}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("name,url,sha256\n")
        file.writelines(f"Ann {n % 50},http://host{n % 97}.example/{n},{n:064x}\n" for n in range(rows))
    command = [sys.executable, "-c", PROGRAM, str(path), str(folder / str(rows))]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split()
    assert found[1:3] == found[4:6] == [str(rows)] * 2
    return float(found[3])


def test_ten_times_the_rows_need_hardly_more_memory(tmp_path: Path) -> None:
    """The journal's own cache of pages is bounded, and not yet full here: a few MiB."""
    few, many = peak_mib(tmp_path, 3_000), peak_mib(tmp_path, 30_000)
    assert many - few < 24
    assert many < 150
