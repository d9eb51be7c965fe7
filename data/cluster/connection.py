"""Join a Ray cluster or start one; suppress Ray's own output, and turn its errors into one line.

Without an address, Ray runs on this machine only, cannot be reached from others, and ends with the command. Ray is
imported when `cluster` is entered, not before.
"""

import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from data.program import install
from errors import ClusterError, StorageError, UsageError

_LONGEST_SCRATCH = 24  # characters of the temporary folder: Ray adds 77, and macOS allows 103 in the path of a socket
_STORE = 256 << 20  # bytes for Ray's objects on this machine: only small tables are sent
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no usage statistics are sent
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # of the parts in C++, which write to stderr themselves
    "RAY_NUM_REDIS_GET_RETRIES": "1",  # how often a cluster that refuses is tried
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # leaves CUDA_VISIBLE_DEVICES as it is, without a warning
}
_LOOPBACK_ONLY = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # at 0, Ray listens on 127.0.0.1 and nowhere else, on Linux too


def require(*packages: str) -> None:
    """UsageError unless all of the packages are installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise UsageError(f"{' and '.join(missing)} is not installed: {install('ray')}")


class Located(NamedTuple):
    """A cluster: the address for `ray.init`, "local" for one to start, and whether it is on this machine."""

    address: str
    is_here: bool


@contextmanager
def cluster(located: Located, *, gpus: float | None = None) -> Iterator[Any]:
    """Yield the module `ray`, connected to the cluster, or to a new one that ends with the block.

    `gpus` are those of a new cluster, None for all of this machine. UsageError when the cluster refuses.
    """
    import_quietly(located)
    import ray
    import ray.data

    _silence("ray.data")
    with _connected(ray, located, gpus):
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        yield ray


def import_quietly(located: Located) -> Any:
    """Import and return the module `ray`, without its output, and listening on loopback only if possible."""
    os.environ.update(_QUIET)
    if located.is_here:
        os.environ[_LOOPBACK_ONLY] = "0"  # this and the next are read when Ray is imported
    if located.address == "local" and "RAY_AUTH_MODE" not in os.environ:
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))  # against other users
    import ray

    ray._private.worker._worker_logs_enabled = False  # else it prints messages about lost processes to stdout
    _silence("ray")
    return ray


def _silence(logger: str) -> None:
    """Silence a logger; after its import, which sets its level."""
    logging.getLogger(logger).setLevel(logging.CRITICAL)


@contextmanager
def _connected(ray: Any, located: Located, gpus: float | None) -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    with ExitStack() as undo:
        own: dict[str, Any] = {}
        if located.address == "local":
            where = None if len(tempfile.gettempdir()) <= _LONGEST_SCRATCH else "/tmp"
            scratch = undo.enter_context(_scratch(where))
            own = {"include_dashboard": False, "object_store_memory": _STORE, "num_gpus": gpus, "_temp_dir": scratch}
        undo.callback(ray.shutdown)
        try:
            with stderr_closed():
                ray.init(address=located.address, log_to_driver=False, logging_level=logging.CRITICAL, **own)
        except (Exception, SystemExit) as error:  # Ray raises many different types
            raise UsageError(f"Ray at {located.address} cannot be used: {_reason(error)}") from error
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)  # Ray has installed its own
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
def stderr_closed() -> Iterator[None]:
    """Close stderr during the block: Ray's C++ parts write to it whatever their settings are."""
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
def cluster_errors(ray: Any) -> Iterator[None]:
    """Turn Ray's errors about lost processes or a lost cluster into a ClusterError of one line."""
    try:
        yield
    except (ray.exceptions.RayTaskError, ray.exceptions.UserCodeException):
        raise  # a fault in this program: keep its traceback
    except (ray.exceptions.RayError, _no_progress_error(ray)) as error:
        raise ClusterError(f"the cluster lost the work ({_first_line(error)}): run again, and it goes on") from error


def _no_progress_error(ray: Any) -> type[Exception]:
    """Ray Data's error after half an hour without progress; earlier versions wait for ever."""
    found: type[Exception] = getattr(ray.data.exceptions, "ExecutionTimeoutError", ray.exceptions.RayError)
    return found


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _reason(error: BaseException) -> str:
    """Why Ray refuses, in one line."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    if any("AuthToken" in str(cause) for cause in causes):
        return "it asks for its token; set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN unless ~/.ray/auth_token holds it"
    return _first_line(error)
