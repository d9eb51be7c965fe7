"""Whether a Ray cluster is where it is said to be: an answer within seconds, where Ray itself would try for minutes."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from data.cluster.connection import Located, import_quietly, require, stderr_closed
from errors import UsageError

AUTO = "auto"  # in the place of an address: the cluster that this machine is a node of
_PROBE = 4.0  # seconds that a cluster has to answer, and once more to say that it is one
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # what every gRPC server answers
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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
        ray = import_quietly(located)
        with stderr_closed():
            problem = _within(_PROBE, lambda: _numbered(ray, found))
    if problem:
        raise UsageError(f"no Ray cluster at {found} ({problem}): start one, ray start --head, or name another")
    if not ray._private.services.find_node_ids():
        raise UsageError(
            f"this machine is no part of the cluster at {found}: run the command on one that is, or join, "
            f"ray start --address {found}"
        )
    return located


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
