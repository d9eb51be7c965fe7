"""Folders of groups made without a detector, the page's server as a process of its own, and Chromium before it."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from faces.groups.files import take_over
from faces.groups.store import Groups

Heap = Callable[..., Path]
REPOSITORY = Path(__file__).resolve().parents[3]


def crop(person: int, number: int) -> Image.Image:
    """A picture of 64 x 64 pixels: a pattern for each person, under noise."""
    pattern = np.random.default_rng(person).integers(40, 215, (4, 4, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(pattern).resize((64, 64)), dtype=int)
    noise = np.random.default_rng((person, number)).integers(-15, 15, (64, 64, 3))
    return Image.fromarray((large + noise).clip(0, 255).astype(np.uint8))


def make_heap(folder: Path, sizes: Sequence[int], unsorted: int = 0) -> Path:
    """Make a folder as `group` leaves it: groups of so many faces, without names, and faces that are unsorted.

    Group n is of person n, counted from 1; the faces are counted through, those that are unsorted last.
    """
    who = [f"group-{person:03}" for person, size in enumerate(sizes, 1) for _ in range(size)] + ["unsorted"] * unsorted
    folder.mkdir(parents=True, exist_ok=True)
    for number, group in enumerate(who, 1):
        (folder / group).mkdir(exist_ok=True)
        crop(int(group[-3:]) if group != "unsorted" else 0, number).save(folder / group / f"{number:03}.png")
    with Groups(folder) as groups:
        take_over(groups)
    return folder


@pytest.fixture
def heap(tmp_path: Path) -> Heap:
    """heap(sizes, unsorted=0): a folder as `make_heap` makes it."""
    return lambda *arguments, **settings: make_heap(tmp_path / "heap", *arguments, **settings)


@pytest.fixture(scope="module")
def heap_of_module(tmp_path_factory: pytest.TempPathFactory) -> Heap:
    """The same for a module; each call makes another folder."""
    return lambda *arguments, **settings: make_heap(tmp_path_factory.mktemp("heaps") / "heap", *arguments, **settings)


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Served:
    """`faces name` as a process; a client that has its token, and says what a browser would say."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, str(REPOSITORY / "cli.py"), "name", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            cwd=Path(str(arguments[0])).parent,  # a training makes its run there
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._said = ""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("open http://127.0.0.1:"), line + self.process.communicate()[1]
        self.link = line.removeprefix("open ").strip()
        address = urlsplit(self.link)
        self.host, self.port = address.netloc, int(address.port or 0)
        self.token = address.query.removeprefix("token=")

    def ask(self, method: str, path: str, body: object = None, **headers: str | None) -> Answer:
        """Send one request; a header None is left out, `_` in a header's name stands for `-`."""
        sent: dict[str, str | None] = {"host": self.host, "cookie": f"faces-{self.port}={self.token}"}
        if method == "POST":
            sent |= {"origin": f"http://{self.host}", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if data or method == "POST":
                connection.putheader("content-length", str(len(data)))
            connection.endheaders(data or None)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def state(self, **headers: str | None) -> Any:
        return self.ask("GET", "/state", **headers).json

    def decide(self, **wanted: Any) -> Answer:
        """Send a decision about groups or faces as the page does, with the versions that they have now."""
        if "seen" not in wanted:
            wanted["seen"] = {card["group"]: card["version"] for card in self.state()["cards"]}
        return self.ask("POST", "/steps", wanted)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it by a signal; return its exit code and what it has said on stderr."""
        if self.process.returncode is None:
            self.process.send_signal(number)
            self._said = self.process.communicate(timeout=20)[1]
        return self.process.returncode, self._said


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., Served]]:
    """serve(folder, *flags): the page's server, at a port that is free, to the end of the module's tests."""
    pytest.importorskip("starlette", reason="the extra `app` is not installed")
    pytest.importorskip("uvicorn", reason="the extra `app` is not installed")
    started: list[Served] = []

    def start(*arguments: object) -> Served:
        started.append(Served(*arguments, "--port", 0))
        return started[-1]

    yield start
    for one in started:
        assert one.process.returncode is not None or one.process.poll() is None, one.process.communicate()[1]
        assert "Traceback" not in one.end(signal.SIGKILL)[1]


@pytest.fixture
def serve_here(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """serve_here(folder, run=None): the link to a server in a thread of this process, which starts sooner."""
    pytest.importorskip("starlette", reason="the extra `app` is not installed")
    pytest.importorskip("uvicorn", reason="the extra `app` is not installed")
    from faces.app.serving import served

    with ExitStack() as stack:

        def start(folder: Path, run: Path | None = None) -> str:
            runs = tmp_path / "runs"
            link, _ = stack.enter_context(served(folder, run, 0, lambda: runs, "hidden", lambda line: None))
            return link

        yield start


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """The system's browser, driven by Playwright; skips where one of the two is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """open_page(link, **settings of a context): a page that has loaded. Nothing that it says on its console is left
    unseen: it must be what `page.expected` has."""
    contexts, said = [], list[tuple[Any, str]]()

    def start(link: str, width: int = 1280, height: int = 900, **settings: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.expected = []
        page.on("console", lambda message: said.append((page, message.text)))
        page.on("pageerror", lambda error: said.append((page, str(error))))
        page.goto(link)
        page.wait_for_selector("#cards > *")
        return page

    yield start
    for context in contexts:
        context.close()
    assert [text for page, text in said if not any(one in text for one in page.expected)] == []
