"""Fixtures of this room: a site on loopback with photos of two people, the list of it, commands as processes."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).parents[2]
ROWS = 40
Process = subprocess.Popen[str]


def jpeg(seed: int) -> bytes:
    pixels, file = np.random.default_rng(seed).integers(0, 255, (24, 24, 3), dtype=np.uint8), io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def face(file: Path, person: int, number: int, size: int = 48) -> Path:
    """Write a pattern of the person under noise of the number."""
    pattern = np.kron(np.random.default_rng(person).integers(40, 215, (4, 4)), np.ones((12, 12)))
    noisy = pattern + np.random.default_rng(number).integers(-40, 40, (48, 48))
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).resize((size, size)).save(file)
    return file


@pytest.fixture(scope="session")
def draw_face() -> Callable[..., Path]:
    """draw_face(file, person, number): a photo of one of the people 0 (Ada), 1 (Bo), 2 (Cy), or of a stranger."""
    return face


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that knows Ada, Bo and Cy. No test may change it."""
    from data.settings import SplitSizes
    from faces.hidden import HiddenClassifier
    from faces.training_run import FaceTraining, train_faces

    place = tmp_path_factory.mktemp("three")
    for person, name in enumerate(("Ada", "Bo", "Cy")):
        for number in range(10):
            face(place / "photos" / name / f"{number}.png", person, 10 * person + number)
    classifier = HiddenClassifier(hidden=12, epochs=25, batch_size=16, size=16)
    sizes = SplitSizes(train=8, validation=1, test=1)
    train_faces(FaceTraining(folder=place / "photos", out=place / "run", classifier=classifier, sizes=sizes))
    return place / "run"


class Site(ThreadingHTTPServer):
    """Photos by number; `asked` counts the requests, and those after the first `free` wait for `released`."""

    daemon_threads = True
    photos = tuple(jpeg(number) for number in range(ROWS))

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hold(ROWS)

    def hold(self, free: int) -> None:
        self.asked, self.free, self.released = 0, free, threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.asked > self.server.free:
            self.server.released.wait(20)
        body = self.server.photos[int(self.path.strip("/"))]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield site
        site.released.set()
        site.shutdown()


@pytest.fixture(scope="module")
def listed(site: Site) -> Callable[..., Path]:
    """listed(folder, rows, name): a list of the site's first photos, in turn of two people, as a file in the folder."""

    def write(folder: Path, rows: int = ROWS, name: str = "two people.csv") -> Path:
        lines = ["name,url,sha256"]
        for number, photo in enumerate(site.photos[:rows]):
            url = f"http://127.0.0.1:{site.server_port}/{number}"
            lines.append(f"{('王芳', 'Zoë')[number % 2]},{url},{hashlib.sha256(photo).hexdigest()}")
        file = folder / name
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines), encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def start() -> Callable[..., Process]:
    """start(*command, cwd=..., NAME=value): a process with these environment variables too."""

    def start_process(*command: object, cwd: Path, **environment: str) -> Process:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )

    return start_process


@pytest.fixture(scope="session")
def download(start: Callable[..., Process]) -> Callable[..., Process]:
    """download(list, *flags, NAME=value): the command in the list's folder."""
    flags = ("--allow-private", "--size", 16, "--workers", 4, "--per-host", 4)

    def start_download(people: Path, *more: object, **environment: str) -> Process:
        command = (sys.executable, REPOSITORY / "cli.py", "download", people.name, *flags, *more)
        return start(*command, cwd=people.parent, **environment)

    return start_download
