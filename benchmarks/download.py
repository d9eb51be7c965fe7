"""A real list downloaded, verified and cropped here beside the same list downloaded and verified by img2dataset.

    python benchmarks/download.py [--pairs 5] [--latency-ms 300] [--img2dataset PYTHON] [--shared DIR]

Whole processes are timed, from start to end, in turns, each into a new folder. Both use the recorded web of
`shared/facescrub` through its proxy on this machine, and a pair counts only if both store the same number of photos.
img2dataset runs with 2 processes of 16 threads, checks each SHA-256 and stores the photos as files, without resizing;
ours also crops every photo to its box. With `--latency-ms` the web waits before each response, and ours has the same
number of connections (32). First it prints the rows per second of our download from a server without any delay; at the
end, the time that decoding and hashing alone take on all cores, relative to our time.
"""

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.pairs import time_pairs
from benchmarks.rates import decoding_seconds, rates
from data.download import read_list
from data.rows import Row

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FACES_SHARED", ROOT.parent / "shared"))
AT_MOST, AT_MOST_WITH_LATENCY = 0.7, 0.8
PROCESSES, THREADS = 2, 16
IMG2DATASET = """
import sys
from img2dataset import download

if __name__ == "__main__":
    download(
        url_list=sys.argv[1], input_format="csv", url_col="url", caption_col="name", verify_hash=["sha256", "sha256"],
        output_folder=sys.argv[2], output_format="files", resize_mode="no",
        processes_count=int(sys.argv[3]), thread_count=int(sys.argv[4]),
    )
"""


def main() -> int:
    """Print the rates and both times; return 1 when the ratio of the times is above its limit."""
    options = _options()
    for line in rates():
        print(line, flush=True)
    with tempfile.TemporaryDirectory() as scratch, _web(options.shared / "facescrub", options.latency_ms) as web:
        commands = Commands(Path(scratch), options.shared / "facescrub" / "list.tsv", web, options)
        pairs = time_pairs(commands.ours, commands.theirs, pairs=options.pairs, warm_up=1)
        at_most = AT_MOST_WITH_LATENCY if options.latency_ms else AT_MOST
        print(pairs.line(f"{commands.photos} photos kept, {options.latency_ms:g} ms latency", at_most))
        limit = decoding_seconds(options.shared / "facescrub")
        share = limit / statistics.median(pairs.ours)
        print(f"decoding and hashing alone {limit:.2f} s: {share:.0%} of the decode-bound limit reached")
        return 0 if pairs.ratio <= at_most else 1


class Commands:
    """The two commands; each call downloads into a new folder."""

    def __init__(self, scratch: Path, source: Path, web: str, options: argparse.Namespace) -> None:
        self._scratch = scratch
        self._source = source
        self._environment = {**os.environ, "http_proxy": web, "https_proxy": web, "NO_ALBUMENTATIONS_UPDATE": "1"}
        self._python = options.img2dataset
        self._workers = ["--workers", str(PROCESSES * THREADS)] if options.latency_ms else []
        self._calls = count()
        self.photos: int | None = None
        self._script = scratch / "theirs.py"
        self._script.write_text(IMG2DATASET)
        self._table = scratch / "list.csv"
        _write_table(source, self._table)

    def ours(self) -> None:
        """`python cli.py download LIST`."""
        folder = self._scratch / f"ours{next(self._calls)}"
        command = ["download", self._source, "--out", folder, *self._workers, "--quiet", "--json"]
        self._run([sys.executable, ROOT / "cli.py", *command], folder)

    def theirs(self) -> None:
        """`img2dataset` on the same rows."""
        folder = self._scratch / f"theirs{next(self._calls)}"
        self._run([self._python, self._script, self._table, folder, PROCESSES, THREADS], folder)

    def _run(self, command: list[object], folder: Path) -> None:
        done = subprocess.run([*map(str, command)], env=self._environment, capture_output=True, text=True)
        photos = sum(1 for _ in folder.glob("*/*.jpg"))
        if done.returncode or photos != (self.photos or photos):
            sys.exit(f"{command[1]} kept {photos} photos, the other {self.photos}:\n{done.stderr[-2000:]}")
        self.photos = photos


@contextmanager
def _web(folder: Path, latency_ms: float) -> Iterator[str]:
    """Serve the recorded web at a free port; yield the proxy's URL."""
    command = [sys.executable, str(folder / "mirror.py"), "--port", "0", "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def _write_table(source: Path, target: Path) -> None:
    """Write the list as img2dataset reads it."""
    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "url", "sha256"))
        writer.writerows((row.name, row.url, row.sha256) for row in read_list(source) if isinstance(row, Row))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pairs", type=int, default=5, help="pairs timed after one that warms up (default: %(default)s)"
    )
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait before each answer (default: %(default)s)")
    parser.add_argument("--img2dataset", default=sys.executable, help="the Python that has it (default: this one)")
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="the folder that holds facescrub (default: %(default)s)"
    )
    options = parser.parse_args()
    if not (options.shared / "facescrub" / "mirror.py").is_file():
        parser.error(f"no recorded web in {options.shared}: name the folder that holds facescrub with --shared")
    if (
        shutil.which(options.img2dataset) is None
        or subprocess.run(
            [
                options.img2dataset,
                "-c",
                "import importlib.util, sys; sys.exit(importlib.util.find_spec('img2dataset') is None)",
            ]
        ).returncode
    ):
        parser.error(
            "img2dataset is missing: python -m venv V; V/bin/pip install img2dataset; then --img2dataset V/bin/python"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
