"""A long list on a Ray cluster of this machine beside the same list in one process: rows per second, memory, overhead.

    python benchmarks/cluster.py [--rows 100000] [--workers 16]

A server in its own process answers every URL with 404 from memory; it is used as a proxy for many hosts. So the time of
the engines themselves is measured: reading rows, requests, writing results, the summary. The start of Ray is included,
and is also timed alone. A Ray run over a quarter of the rows shows how memory grows. The driver's computing time is a
limit for any number of machines.
Server, driver and workers share the cores of this machine; with cores of their own, the rates would be higher.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.rates import serving

ROOT = Path(__file__).resolve().parent.parent
HOSTS = 64  # one worker has all rows of a host: with many hosts, all workers get about as many rows
RUN = """
import json, os, resource, sys, time
from pathlib import Path
from data.download import download
from data.download import read_list
from data.settings import DownloadSettings
source, folder, workers, engine = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
settings = DownloadSettings(workers=workers, per_host=workers)
peaks, started = {}, time.perf_counter()
if engine == "ray":
    from data.cluster.download import download_on_ray

    def on_partition(done):
        peaks.setdefault(done.process, []).append(done.peak_bytes)

    report = download_on_ray(read_list(source), folder, address=None, settings=settings, on_partition=on_partition)
else:
    report = download(read_list(source), folder, settings=settings)
used = resource.getrusage(resource.RUSAGE_SELF)
driver = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"rows": report.rows, "reasons": report.reasons, "seconds": time.perf_counter() - started,
                  "driver": driver, "busy": used.ru_utime + used.ru_stime, "peaks": list(peaks.values())}))
"""


def main() -> None:
    """Print a line for each run, and the ratio of the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the list (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=16, help="requests at a time per process (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, serving(b"") as address:
        folder = Path(scratch)
        os.environ["http_proxy"] = address
        start = _run(_list(folder, 1), folder / "start", options.workers, "ray")["seconds"]
        print(f"Ray starts, does one row and stops in {start:.1f} s", flush=True)
        seconds = {}
        for engine, rows in (("one process", options.rows), ("ray", options.rows // 4), ("ray", options.rows)):
            source = _list(folder, rows)
            done = _run(source, folder / f"{engine}-{rows}", options.workers, engine)
            if done["reasons"] != {"http_404": rows}:
                raise RuntimeError(f"{engine}: {done['reasons']}")
            seconds[engine] = done["seconds"]
            print(_line(engine, rows, done), flush=True)
    theirs, ours = seconds["one process"], seconds["ray"]
    print(f"Ray / one process {ours / theirs:.2f}; without its start {(ours - start) / theirs:.2f}")


def _list(folder: Path, rows: int) -> Path:
    """Write a list of so many rows, at HOSTS hosts."""
    source = folder / f"{rows}.csv"
    with source.open("w") as file:
        file.write("name,url\n")
        for n in range(rows):
            file.write(f"Person {n % 1000},http://host{n % HOSTS}.example/gone/{n}\n")
    return source


def _run(source: Path, folder: Path, workers: int, engine: str) -> dict[str, Any]:
    """Run the download in a new process, so that its memory is measured alone; return what it prints."""
    command = [sys.executable, "-c", RUN, str(source), str(folder), str(workers), engine]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.stderr[-2000:])
    done: dict[str, Any] = json.loads(ended.stdout)
    return done


def _line(engine: str, rows: int, done: dict[str, Any]) -> str:
    workers = ", ".join(f"{peaks[0] >> 20} -> {peaks[-1] >> 20}" for peaks in done["peaks"])
    peak = f"driver at most {done['driver'] >> 20} MiB" + (f", workers {workers} MiB" if workers else "")
    busy = f"computing {done['busy']:.1f} s of it"
    return f"{engine:<12} {rows:>9} rows {done['seconds']:8.1f} s {rows / done['seconds']:7.0f} rows/s, {peak}, {busy}"


if __name__ == "__main__":
    main()
