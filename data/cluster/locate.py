"""Find a Ray cluster, or an error within seconds, where Ray itself would try for minutes."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from data.cluster.connection import Located, import_quietly, require, stderr_closed
from errors import UsageError

AUTO = "auto"  # in place of an address: the cluster that this machine is part of
PROBE_TIMEOUT = 4.0  # seconds for a first answer, and again for proof that it is a Ray cluster
# The HTTP/2 greeting, which every gRPC server answers.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def locate(address: str | None) -> Located:
    """Find the cluster at "auto" or HOST:PORT; None: one to start. UsageError, within seconds, when there is none."""
    require("ray", "pyarrow")
    if address is None:
        return Located("local", True)
    found = _address_of_this_machine() if address == AUTO else address
    if found is None:
        raise UsageError("--address auto: no Ray cluster runs on this machine; start one: ray start --head")
    host, _, port = found.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--address: expected auto or HOST:PORT, got {found!r}")
    host = host.strip("[]")
    located = Located(address, host in _LOOPBACK)
    problem = _with_timeout(PROBE_TIMEOUT, lambda: _check_grpc(host, int(port)))
    if problem is None:
        ray = import_quietly(located)
        with stderr_closed():
            problem = _with_timeout(PROBE_TIMEOUT, lambda: _check_ray(ray, found))
    if problem:
        raise UsageError(f"no Ray cluster at {found} ({problem}): start one, ray start --head, or name another")
    if not ray._private.services.find_node_ids():
        raise UsageError(
            f"this machine is no part of the cluster at {found}: run the command on one that is, or join, "
            f"ray start --address {found}"
        )
    return located


def _address_of_this_machine() -> str | None:
    """The address that `ray start` has noted on this machine, or that RAY_ADDRESS names."""
    named = os.environ.get("RAY_ADDRESS")
    if named:
        return named
    try:
        folder = Path(os.environ.get("RAY_TMPDIR") or "/tmp", "ray")
        return (folder / "ray_current_cluster").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _with_timeout(seconds: float, work: Callable[[], str | None]) -> str | None:
    """The result of `work`, "no answer" if it takes longer: looking up a name has no time limit of its own."""
    result: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=lambda: result.put(work()), daemon=True).start()
    try:
        return result.get(timeout=seconds)
    except Empty:
        return "no answer"


def _check_grpc(host: str, port: int) -> str | None:
    """Why no cluster can be there; None if a gRPC server answers. Ray itself would try for over a minute."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_TIMEOUT) as connection:
            if os.environ.get("RAY_USE_TLS", "0") not in ("", "0"):
                return None
            connection.sendall(_PREFACE)
            return None if connection.recv(9)[3:4] == b"\x04" else "something else answers there"
    except TimeoutError:
        return "no answer"
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)


def _check_ray(ray: Any, address: str) -> str | None:
    """Why the gRPC server is not a Ray cluster; None if it is one, also if it refuses access.

    Asks for the cluster's id, as `ray.init` does, which would wait for half a minute or more.
    """
    try:
        ray._raylet.GcsClient(address=address)
    except ray.exceptions.RpcError:
        return "something else answers there"
    except Exception:
        pass  # a missing token, for example: `ray.init` fails too, and says what to do
    return None
