"""A long list costs time and disk, not memory: rows are read as they are worked through, and nothing grows with them."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Two runs of one list in a process of its own, with answers from memory; prints the peak after each, in KiB, and the rows.
PROGRAM = """
import resource
import sys
from pathlib import Path
from data.download import download
from data.lists import mark_of, read_list
from data.settings import DownloadSettings

path, folder = Path(sys.argv[1]), Path(sys.argv[2])
for run in range(2):
    report = download(
        read_list(path), folder, settings=DownloadSettings(), fetch=lambda row: b"gone", mark=mark_of(path)
    )
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, report.rows, report.reasons["hash_mismatch"])
"""


def peak_mib(folder: Path, rows: int) -> float:
    path = folder / f"{rows}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("name,url,sha256\n")
        file.writelines(f"Ann {n % 50},http://host{n % 97}.example/{n},{n:064x}\n" for n in range(rows))
    command = [sys.executable, "-c", PROGRAM, str(path), str(folder / str(rows))]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split()
    assert found[1:3] == found[4:6] == [str(rows)] * 2
    unit = 1 << (20 if sys.platform == "darwin" else 10)
    return int(found[3]) / unit


def test_ten_times_the_rows_need_hardly_more_memory(tmp_path: Path) -> None:
    """The journal's own cache of pages is bounded, and not yet full here: a few MiB."""
    few, many = peak_mib(tmp_path, 3_000), peak_mib(tmp_path, 30_000)
    assert many - few < 24
    assert many < 150
