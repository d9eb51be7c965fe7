"""Fixtures every room's tests may use."""

import io
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from faces.detection import extra
from faces.detection.extra import can_find_faces

REPOSITORY = Path(__file__).resolve().parent.parent
os.environ.update(  # Ray reads these when it is imported: it stays on loopback, and has a token for these tests alone
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32)
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

if "PYTEST_XDIST_WORKER" in os.environ:  # two processes share the cores: each computes on one
    os.environ.setdefault("OMP_NUM_THREADS", "1")

Process = subprocess.Popen[str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several processes (`-n 2`) a file's tests run in one of them, and so do all that share the Ray cluster.

    The long ones, of whole commands, begin: at the end one process would be left with them.
    """
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)
    for item in items:
        file = item.nodeid.partition("::")[0]
        group = "ray" if file.startswith("tests/data/cluster/") or "ray_cluster" in item.fixturenames else file  # type: ignore[attr-defined]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True, scope="session")
def without_extra() -> Iterator[None]:
    """Faces are not looked for in pictures of patterns, unless a test asks for `with_extra`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extra, "can_find_faces", lambda: False)
        yield


@pytest.fixture
def with_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds faces is installed, else the test is skipped."""
    if not can_find_faces():
        pytest.skip("the extra `face` is not installed")
    monkeypatch.setattr(extra, "can_find_faces", can_find_faces)


@pytest.fixture(scope="session")
def without_pictures() -> Callable[[pytest.MonkeyPatch], None]:
    """without_pictures(patch): the pictures of photos' runs are empty."""

    def patched(patch: pytest.MonkeyPatch) -> None:
        file = io.BytesIO()
        Image.new("L", (9, 9)).save(file, "PNG")
        drawings = ("run_files.learning_curve", "run_files.confusion_picture", "run_files.weights_picture")
        for drawing in (*drawings, "run_page.reliability_picture", "pictures.weights_picture"):
            patch.setattr(f"faces.{drawing}", lambda *_, **__: file.getvalue())

    return patched


@pytest.fixture
def empty_pictures(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    without_pictures: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """The pictures of photos' runs are empty, but in a test with `drawn`: to draw them takes longer than a training."""
    if "drawn" in request.fixturenames:
        return
    without_pictures(monkeypatch)


@pytest.fixture
def drawn() -> None:
    """Pictures are drawn, in spite of `empty_pictures`."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real lists, photos, digits and weights beside the checkout; absent on a user's machine."""
    folder = Path(os.environ.get("FACES_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"real data is not on this machine: no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program of the system's browser; skips where there is none."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser on this machine: none of {', '.join(BROWSERS)} is on the PATH")
    return program


@pytest.fixture(scope="session")
def write_idx() -> Callable[[Path, NDArray[np.uint8]], None]:
    """write_idx(path, array): an IDX file of bytes."""

    def write(path: Path, array: NDArray[np.uint8]) -> None:
        path.write_bytes(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())

    return write


@pytest.fixture(scope="session")
def mnist_files(tmp_path_factory: pytest.TempPathFactory, write_idx: Callable[[Path, NDArray[np.uint8]], None]) -> Path:
    """A folder with MNIST's four files, small: 200 training and 50 test digits, each class a pattern under noise.

    No test may change them: `small_mnist` is a copy.
    """
    folder, generator = tmp_path_factory.mktemp("mnist"), np.random.default_rng(0)
    patterns = np.kron(generator.random((10, 7, 7)) < 0.4, np.ones((4, 4)))  # (10, 28, 28)
    for part, n in (("train", 200), ("t10k", 50)):
        labels = generator.permutation(np.arange(n) % 10)
        ink = patterns[labels] * generator.uniform(120, 220, (n, 1, 1)) + generator.normal(0, 40, (n, 28, 28))
        write_idx(folder / f"{part}-images-idx3-ubyte", ink.clip(0, 255).astype(np.uint8))
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels.astype(np.uint8))
    return folder


@pytest.fixture
def small_mnist(mnist_files: Path, tmp_path: Path) -> Path:
    """A copy of `mnist_files` that a test may change."""
    return shutil.copytree(mnist_files, tmp_path / "small-mnist")


@pytest.fixture(scope="module")
def start_ranks() -> Iterator[Callable[..., list[Process]]]:
    """start_ranks(n, *command, cwd=...): n processes of `python command`, told what torchrun would tell them.

    torchrun itself takes seconds more. Processes that a test leaves behind are killed.
    """
    started: list[Process] = []

    def start(n: int, *command: object, cwd: Path = REPOSITORY) -> list[Process]:
        told = {"WORLD_SIZE": n, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "OMP_NUM_THREADS": 1}
        ranks = []
        for rank in range(n):
            own = told | {"RANK": rank, "LOCAL_RANK": rank, "PYTHONPATH": REPOSITORY}
            environment = os.environ | {name: str(value) for name, value in own.items()}
            line = [sys.executable, *map(str, command)]
            process = subprocess.Popen(
                line,
                cwd=cwd,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=hear_ctrl_c,
            )
            ranks.append(process)
        started.extend(ranks)
        return ranks

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def ends() -> Callable[[list[Process]], list[tuple[int, str, str]]]:
    """ends(processes): wait for all; exit code, stdout and stderr of each."""

    def wait(processes: list[Process]) -> list[tuple[int, str, str]]:
        printed = [process.communicate(timeout=120) for process in processes]
        return [(process.returncode, *texts) for process, texts in zip(processes, printed, strict=True)]

    return wait


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[str]:
    """The address of a Ray cluster of two processors, `ray start --head` on loopback; skips where Ray is missing.

    Its files lie under a short name: sockets have no room for a long one. On a busy machine a first start may take
    longer than Ray waits for its own parts, so there is a second one.
    """
    pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
    for last in (False, True):
        with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as scratch:
            port = free_port()
            with ray_head(port, scratch) as said:
                if said[-1:] == ["started"]:
                    yield f"127.0.0.1:{port}"
                    return
                assert not last, "".join(said)


@contextmanager
def ray_head(port: int, scratch: str) -> Iterator[list[str]]:
    """`ray start --head --block`; yields what it said until it had started, the word "started" last, or had not."""
    flags = "--head --block --num-cpus 2 --object-store-memory 99000000 --include-dashboard=false --disable-usage-stats"
    ray = Path(sys.executable).with_name("ray")
    command = [str(ray), "start", *flags.split(), "--port", str(port), "--temp-dir", scratch]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    said: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as head:
        assert head.stdout is not None
        for line in head.stdout:
            said.append(line)
            if "Ray runtime started" in line:
                said.append("started")
                break
        yield said
        for number in processes_of(scratch):  # by itself it takes half a minute to end
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)
        head.kill()


def processes_of(scratch: str) -> set[int]:
    """The processes of the cluster in this folder: those whose command names it, and their children."""
    commands: dict[int, bytes] = {}
    parents: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            commands[int(process.name)] = (process / "cmdline").read_bytes()
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    named = {number for number, command in commands.items() if scratch.encode() in command}
    return named | {number for number, parent in parents.items() if parent in named}


@pytest.fixture(scope="session")
def killed_at() -> Callable[..., bool]:
    """killed_at(moment, folder, *arguments): run a command of the program in a child that is killed at so many changes
    of files in or of `folder`; whether it got so far. Nothing that Python does at an end is done: it is a kill -9."""
    if not hasattr(os, "fork"):
        pytest.skip("processes cannot be forked here")

    def run(moment: int, folder: Path, *arguments: object) -> bool:
        import cli

        child = os.fork()
        if not child:
            try:
                die_at(moment, folder.name)
                cli.main([str(argument) for argument in arguments])
            finally:
                os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    return run


def die_at(moment: int, name: str) -> None:
    """Kill this process at so many changes of files whose path has `name` in it."""
    changes = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "sqlite3.connect"}
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (event in changes or writes) and name in str(arguments[0]):
            seen += 1
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hear_ctrl_c() -> None:
    """Undo that a shell has its background processes, and all that they start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
