"""How many rows per second the download does with a server without delay, and how long decoding alone takes.

A server in its own process answers from memory, in three ways: always 404, first 500 and then a photo, or a photo at
once. Decoding alone means: hashing the photos, and decoding and cropping those with the right hash, on all cores, with
everything in memory. A download cannot be faster.
"""

import asyncio
import hashlib
import io
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image

from data.cores import cores
from data.download import download, read_list
from data.photos import crop
from data.rows import Row
from data.settings import DownloadSettings

ROWS = 2000
WORKERS = 32
KINDS = {"gone": "404s", "again": "retries (500, then a photo)", "photo": "hits (640 x 480)"}


def rates() -> Iterator[str]:
    """Yield a line for each kind of response: rows per second of the whole download."""
    data = _photo()
    digest = hashlib.sha256(data).hexdigest()
    settings = DownloadSettings(workers=WORKERS, per_host=WORKERS, allow_private=True)
    with serving(data) as address, tempfile.TemporaryDirectory() as scratch:
        for kind, title in KINDS.items():
            rows = (Row(n, "Ann", f"{address}/{kind}/{n}", None, digest) for n in range(ROWS))
            started = time.perf_counter()
            report = download(rows, Path(scratch) / kind, settings=settings)
            seconds = time.perf_counter() - started
            if report.ok != (0 if kind == "gone" else ROWS):
                raise RuntimeError(f"{kind}: {report.reasons}")
            yield f"{title:<30} {ROWS / seconds:7.0f} rows/s"


def decoding_seconds(folder: Path) -> float:
    """Return the seconds that decoding alone takes for the recorded list in `folder`."""
    answers = {unquote(url): folder / "responses" / name for url, name in _lines(folder / "responses.tsv")}
    rows = [row for row in read_list(folder / "list.tsv") if isinstance(row, Row) and unquote(row.url) in answers]
    work = [(row, answers[unquote(row.url)].read_bytes()) for row in rows]
    started = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(_verify_and_crop, *zip(*work, strict=True)):
            pass
    return time.perf_counter() - started


def _verify_and_crop(row: Row, data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() == row.sha256:
        crop(data, row.box, DownloadSettings())


def _lines(path: Path) -> Iterator[list[str]]:
    return (line.split("\t") for line in path.read_text().splitlines())


def _photo() -> bytes:
    blobs = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(blobs).resize((640, 480), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


@contextmanager
def serving(photo: bytes) -> Iterator[str]:
    """Start the server in a process; yield its address."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(photo, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(photo: bytes, parent: Connection) -> None:
    asyncio.run(_serve_forever(photo, parent))


async def _serve_forever(photo: bytes, parent: Connection) -> None:
    asked: set[bytes] = set()
    gone, failed = (b"HTTP/1.1 %s No\r\nContent-Length: 0\r\n\r\n" % status for status in (b"404", b"500"))
    good = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(photo), photo)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
                first = path not in asked
                asked.add(path)
                writer.write(gone if b"gone" in path else failed if first and b"again" in path else good)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0, backlog=256)
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
