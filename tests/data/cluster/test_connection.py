"""A cluster that is not there, Ray that is not installed: one line each, soon. And who imports Ray at all."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import cli
from data.cluster import connection
from data.cluster import locate as finding
from data.cluster.locate import locate
from errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[3]
HEAVY = ("ray", "pyarrow", "pandas", "torch")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray is taken for installed: none of these tests comes as far as to need it."""
    monkeypatch.setattr(connection, "find_spec", lambda name: name)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.fixture
def small_list(tmp_path: Path) -> Path:
    source = tmp_path / "list.csv"
    source.write_text("name,url\nAnn,http://127.0.0.1:9/1.jpg\n")
    return source


@pytest.mark.parametrize(
    "command",
    [
        ["download", "list.csv", "--engine", "ray", "--out", "photos"],
        ["download", "list.csv", "--engine", "ray", "--address", "auto", "--out", "file:///photos"],
        ["features", "people", "--engine", "ray", "--weights", "random"],
        ["train-faces", "file:///photos"],
    ],
)
def test_without_ray_one_line_says_what_to_install(
    command: list[str],
    small_list: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("Ann", "Bo"):
        (tmp_path / "people" / name).mkdir(parents=True)
        (tmp_path / "people" / name / "1.jpg").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(connection, "find_spec", lambda name: None)
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.endswith("[ray]'\n")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections, and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def web_port() -> Iterator[int]:
    """Answers as a web server would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def answer() -> None:
            while True:
                try:
                    with listener.accept()[0] as connected:
                        connected.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_cluster_that_is_not_there_is_one_line_within_seconds(
    installed: None, silent_port: int, web_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PROBE_TIMEOUT", 0.5)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = closed.getsockname()[1]
    for port, why in ((nobody, "Connection refused"), (silent_port, "no answer"), (web_port, "something else answers")):
        started = time.monotonic()
        with pytest.raises(UsageError, match=f"no Ray cluster at 127.0.0.1:{port} .{why}.*ray start --head"):
            locate(f"127.0.0.1:{port}")
        assert time.monotonic() - started < 2


@pytest.fixture
def grpc_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Greets as gRPC does, and then says nothing, or that it knows no such call: `request.param` is its answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve(connected: socket.socket) -> None:
            with connected, suppress(OSError):
                connected.sendall(bytes(3) + b"\x04" + bytes(5))
                asked = connected.makefile("rb")
                asked.read(24)
                while head := asked.read(9):
                    asked.read(int.from_bytes(head[:3], "big"))
                    if head[3] == 1 and request.param:
                        connected.sendall(
                            len(request.param).to_bytes(3, "big") + b"\x01\x05" + head[5:] + request.param
                        )

        def answer() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("grpc_port", "why"), [(b"", "no answer"), (b"\x8d", "something else answers there")], indirect=["grpc_port"]
)
def test_another_grpc_server_is_no_cluster(grpc_port: int, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
    monkeypatch.setattr(finding, "PROBE_TIMEOUT", 1.0)
    started = time.monotonic()
    with pytest.raises(UsageError, match=f"no Ray cluster at 127.0.0.1:{grpc_port} .{why}"):
        locate(f"127.0.0.1:{grpc_port}")
    assert time.monotonic() - started < 5


def test_the_patience_with_a_cluster_is_within_ten_seconds() -> None:
    assert 2 * finding.PROBE_TIMEOUT < 10  # with two seconds to import Ray


def test_a_name_that_is_none_is_one_line(installed: None) -> None:
    with pytest.raises(UsageError, match=r"no Ray cluster at foo\.\.bar:6379"):
        locate("foo..bar:6379")


@pytest.mark.parametrize("address", ["somewhere", "10.0.0.1", "10.0.0.1:", ":6379", "10.0.0.1:http", "10.0.0.1:99999"])
def test_what_is_no_address_is_one_line(installed: None, address: str) -> None:
    with pytest.raises(UsageError, match="expected auto or HOST:PORT"):
        locate(address)


def test_auto_without_a_cluster_on_this_machine_is_one_line(
    installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    with pytest.raises(UsageError, match="no Ray cluster runs on this machine"):
        locate("auto")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["download", "list.csv", "--address", "auto"], "give --engine ray"),
        (["download", "list.csv", "--out", "s3://bucket/faces"], "a URL is filled by --engine ray"),
        (["download", "--engine", "ray"], "--engine ray is for lists"),
        (["download", "mnist", "--engine", "ray"], "--engine is for photos"),
        (["features", "people", "--address", "auto"], "give --engine ray"),
    ],
)
def test_flags_that_do_not_go_together(
    arguments: list[str],
    says: str,
    small_list: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(small_list.parent)
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("imports", "heavy"),
    [
        (
            "cli, data.download, data.download.verify, data.download.forget, data.download.portrait_source, data.web",
            HEAVY,
        ),
        ("data.cluster.connection, data.cluster.locate, data.download.partitions", HEAVY),
        ("faces.features.cache, faces.features.cluster, faces.training_run", ("ray", "pyarrow")),
        ("data.cluster.download", ("ray", "torch")),
    ],
)
def test_what_is_not_asked_of_a_cluster_imports_nothing_of_it(imports: str, heavy: tuple[str, ...]) -> None:
    if "cluster.download" in imports:
        pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install -e '.[ray]'")
    program = f"import sys, {imports}; print(*[name for name in {heavy} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []


def test_a_cluster_of_our_own_listens_on_loopback_alone_and_leaves_nothing() -> None:
    """In a process of its own, because Ray reads its settings when it is imported."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
    program = """
import os, tempfile
from pathlib import Path
from data.cluster.connection import cluster
from data.cluster.locate import locate
before = set(Path(tempfile.gettempdir()).glob("ray*"))
with cluster(locate(None)) as ray:
    ours = {int(pid) for pid in map(str, os.listdir("/proc")) if pid.isdigit()}
    inodes = set()
    new = set(Path(tempfile.gettempdir()).glob("ray*")) - before
    for pid in ours:
        try:
            mine = any(os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes() for folder in new)
            links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()] if mine else []
        except OSError:
            continue
        inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                print(words[1].rpartition(":")[0])
    print("cores", ray.cluster_resources()["CPU"])
print("left", *(set(Path(tempfile.gettempdir()).glob("ray*")) - before))
"""
    command = [sys.executable, "-c", program]
    with tempfile.TemporaryDirectory(prefix="t-") as alone:  # other tests' clusters have theirs elsewhere
        environment = {**os.environ, "TMPDIR": alone}
        ended = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    *addresses, cores, left = ended.stdout.splitlines()
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert addresses
    assert set(addresses) <= loopback
    assert float(cores.removeprefix("cores ")) >= 1
    assert left == "left"
    assert ended.stderr == ""
