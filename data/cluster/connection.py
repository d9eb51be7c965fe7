"""The one place that finds or starts Ray: with an error of one line when it is not there, and without its noise.

Without an address Ray runs on this machine alone, reachable from nowhere else, and ends with the command. Nothing of it
is imported before `cluster` is entered. Neighbours: `engine`, and `faces.alexnet.cluster`, which compute on it.
"""

import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from errors import ClusterError, StorageError, UsageError

AUTO = "auto"  # in the place of an address: the cluster that this machine is a node of
INSTALL = "pip install -e '.[ray]'"
_PROBE = 4.0  # seconds that a cluster has to answer, and once more to say that it is one
_LONGEST_SCRATCH = 24  # characters of the temporary folder: Ray adds 77, and a socket's path has at most 103 on macOS
_STORE = 256 << 20  # bytes for objects in flight on this machine: only small tables are
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # what every gRPC server answers
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # of the parts in C++, which write to stderr themselves
    "RAY_NUM_REDIS_GET_RETRIES": "1",  # how often a cluster that turns us away is asked
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # leaves CUDA_VISIBLE_DEVICES as it is, and warns of nothing
}
_LOOPBACK_ONLY = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # at 0, Ray listens on 127.0.0.1 and nowhere else, on Linux too
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def require(*packages: str) -> None:
    """UsageError unless all of the packages are installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise UsageError(f"{' and '.join(missing)} is not installed: {INSTALL}")


class Located(NamedTuple):
    """A cluster that answers, or is still to be started: what Ray is told as its address, and whether it is here."""

    address: str
    is_here: bool


def locate(address: str | None) -> Located:
    """Find the cluster at "auto" or HOST:PORT; None: one of our own. UsageError, within seconds, when there is none."""
    require("ray", "pyarrow")
    if address is None:
        return Located("local", True)
    found = _running() if address == AUTO else address
    if found is None:
        raise UsageError("--address auto: no Ray cluster runs on this machine; start one: ray start --head")
    host, _, port = found.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--address: expected auto or HOST:PORT, got {found!r}")
    host = host.strip("[]")
    located = Located(address, host in _LOOPBACK)
    problem = _within(_PROBE, lambda: _greeted(host, int(port)))
    if problem is None:
        ray = _import_quietly(located)
        with _stderr_closed():
            problem = _within(_PROBE, lambda: _numbered(ray, found))
    if problem:
        raise UsageError(f"no Ray cluster at {found} ({problem}): start one, ray start --head, or name another")
    if not ray._private.services.find_node_ids():
        raise UsageError(
            f"this machine is no part of the cluster at {found}: run the command on one that is, or join, "
            f"ray start --address {found}"
        )
    return located


@contextmanager
def cluster(located: Located, *, gpus: float | None = None) -> Iterator[Any]:
    """The module `ray`, connected to the cluster, or to one of our own that lives as long as this.

    `gpus` are those of a cluster of our own, None for all there are. UsageError when it does not let us in.
    """
    _import_quietly(located)
    import ray
    import ray.data

    _silence("ray.data")
    with _connected(ray, located, gpus):
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        yield ray


def _import_quietly(located: Located) -> Any:
    """The module `ray`, told to be quiet, and to listen no further than it has to."""
    os.environ.update(_QUIET)
    if located.is_here:
        os.environ[_LOOPBACK_ONLY] = "0"  # this and the next are read when Ray is imported
    if located.address == "local" and "RAY_AUTH_MODE" not in os.environ:
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))  # other users here stay out
    import ray

    ray._private.worker._worker_logs_enabled = False  # of lost processes, which it would print among our results
    _silence("ray")
    return ray


def _silence(logger: str) -> None:
    """Each is given a level of its own by its import, so this comes after."""
    logging.getLogger(logger).setLevel(logging.CRITICAL)


@contextmanager
def _connected(ray: Any, located: Located, gpus: float | None) -> Iterator[None]:
    ended_by = signal.getsignal(signal.SIGTERM)
    with ExitStack() as undo:
        own: dict[str, Any] = {}
        if located.address == "local":
            where = None if len(tempfile.gettempdir()) <= _LONGEST_SCRATCH else "/tmp"
            scratch = undo.enter_context(_scratch(where))
            own = {"include_dashboard": False, "object_store_memory": _STORE, "num_gpus": gpus, "_temp_dir": scratch}
        undo.callback(ray.shutdown)
        try:
            with _stderr_closed():
                ray.init(address=located.address, log_to_driver=False, logging_level=logging.CRITICAL, **own)
        except (Exception, SystemExit) as error:  # as many kinds as there are reasons not to let us in
            raise UsageError(f"Ray at {located.address} cannot be used: {_said(error)}") from error
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, ended_by or signal.SIG_DFL)  # Ray put its own in the place
        yield


@contextmanager
def _scratch(where: str | None) -> Iterator[str]:
    try:
        folder = tempfile.mkdtemp(prefix="ray-", dir=where)
    except OSError as error:
        raise StorageError(f"Ray needs a temporary folder ({error}): set TMPDIR to one that can be written") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cpus(ray: Any) -> list[int]:
    """The CPUs of each machine of the cluster, of those that have any, ascending. UsageError if none has."""
    found = sorted(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])
    if not found or not found[-1]:
        raise UsageError("the cluster has no CPU to work with: add a machine, ray start --address HOST:PORT")
    return [n for n in found if n]


@contextmanager
def _stderr_closed() -> Iterator[None]:
    """Ray's parts in C++ write what they try to stderr themselves, whatever they are told."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def losses(ray: Any) -> Iterator[None]:
    """What Ray gives up at, as one line: a process lost again and again, a cluster that is gone."""
    try:
        yield
    except (ray.exceptions.RayTaskError, ray.exceptions.UserCodeException):
        raise  # a fault of ours, with its trace
    except (ray.exceptions.RayError, _stuck(ray)) as error:
        raise ClusterError(f"the cluster lost the work ({_first_line(error)}): run again, and it goes on") from error


def _stuck(ray: Any) -> type[Exception]:
    """What Ray Data raises when nothing has gone on for half an hour; earlier versions wait for ever."""
    found: type[Exception] = getattr(ray.data.exceptions, "ExecutionTimeoutError", ray.exceptions.RayError)
    return found


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _said(error: BaseException) -> str:
    """Why Ray does not let us in, in a line."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    if any("AuthToken" in str(cause) for cause in causes):
        return "it asks for its token; set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN unless ~/.ray/auth_token holds it"
    return _first_line(error)


def _running() -> str | None:
    """The cluster that `ray start` noted on this machine, or that RAY_ADDRESS names."""
    named = os.environ.get("RAY_ADDRESS")
    if named:
        return named
    try:
        folder = Path(os.environ.get("RAY_TMPDIR") or "/tmp", "ray")
        return (folder / "ray_current_cluster").read_text().strip() or None
    except OSError:
        return None


def _within(seconds: float, work: Callable[[], str | None]) -> str | None:
    """What `work` finds to be wrong, "no answer" when it takes longer: names and connections know no limit in all."""
    said: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=lambda: said.put(work()), daemon=True).start()
    try:
        return said.get(timeout=seconds)
    except Empty:
        return "no answer"


def _greeted(host: str, port: int) -> str | None:
    """Why no cluster can be there, None when something answers as gRPC does: Ray itself would try for over a minute."""
    try:
        with socket.create_connection((host, port), timeout=_PROBE) as connection:
            if os.environ.get("RAY_USE_TLS", "0") not in ("", "0"):
                return None
            connection.sendall(_PREFACE)
            return None if connection.recv(9)[3:4] == b"\x04" else "something else answers there"
    except TimeoutError:
        return "no answer"
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)


def _numbered(ray: Any, address: str) -> str | None:
    """Why what answers as gRPC does is no cluster, None when it is one, or turns us away as one would.

    It is asked for the cluster's number, as `ray.init` asks, which would wait for half a minute and more.
    """
    try:
        ray._raylet.GcsClient(address=address)
    except ray.exceptions.RpcError:
        return "something else answers there"
    except Exception:
        pass  # a token that is missing, say: `ray.init` meets it too, and says what to do
    return None
