"""Connections for a row: to public addresses only, and never longer than the row's time.

Requests and urllib3 check only the host's name, which may lead to any address, and their time limit starts again with
each byte, so a server that sends a byte a second is never late. Here the address that was checked is the one that is
connected to, and a read waits no longer than the row has time left. They also rewrite URLs; here a request asks for
exactly the `target` it is given. Errors are raised as `TransportError`, which requests and urllib3 pass on.
"""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from data.reasons import Failure, Reason, one_line
from data.web.addresses import is_private_literal, is_public
from data.web.head import Answer
from data.web.lookup import look_up

Pools = dict[str, type[HTTPConnectionPool]]  # by scheme, as urllib3 keeps them


class TransportError(Exception):
    """No connection, or one that had to be closed: `failure` says why."""

    def __init__(self, reason: Reason, detail: str, temporary: bool = False) -> None:
        super().__init__(detail)
        self.failure = Failure(reason, one_line(detail), temporary)


class Timer:
    """How long a worker's connections may wait: `timeout` seconds for the next byte, but no longer than the row has."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._end = float("inf")

    def start(self, seconds: float) -> None:
        """Start a row that may take `seconds`."""
        self._end = time.monotonic() + seconds

    def seconds_to_wait(self) -> float:
        """Seconds to wait for the next byte. TransportError when the row's time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TransportError(Reason.DEADLINE, "the row took too long")
        return min(self._timeout, left)


class _TimedSocket(socket.socket):
    """A connection whose reads obey the timer."""

    timer: Timer

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        return _read(self, self.timer, super().recv_into, *args, **kwargs)


class _TimedTlsSocket(ssl.SSLSocket):
    """The same, encrypted. It has no timer during the TLS handshake: Python limits the time of that as a whole."""

    timer: Timer | None = None

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        if self.timer is None:
            return super().recv_into(*args, **kwargs)
        return _read(self, self.timer, super().recv_into, *args, **kwargs)


def _read(connection: socket.socket, timer: Timer, receive: Callable[..., int], *args: Any, **kwargs: Any) -> int:
    connection.settimeout(timer.seconds_to_wait())
    try:
        return receive(*args, **kwargs)
    except TimeoutError:
        timer.seconds_to_wait()
        raise


def connect(host: str, port: int, timer: Timer, *, public_only: bool) -> socket.socket:
    """Connect to the first address of `host` that is allowed and answers; TransportError when there is none."""
    try:
        found = look_up(host, port, timer.seconds_to_wait())
    except (OSError, UnicodeError) as error:
        timer.seconds_to_wait()
        if public_only and is_private_literal(host):  # in a spelling that this machine does not know
            raise TransportError(Reason.BLOCKED_ADDRESS, f"{host} is not a public address") from error
        raise TransportError(Reason.DNS, f"{host}: {error}", temporary=isinstance(error, TimeoutError)) from error
    allowed = [entry for entry in found if not public_only or is_public(str(entry[4][0]))]
    if not allowed:
        raise TransportError(Reason.BLOCKED_ADDRESS, f"{host} is {found[0][4][0]}, not a public address")
    problem: OSError | None = None
    for family, kind, protocol, _, address in allowed:
        connection = _TimedSocket(family, kind, protocol)
        connection.timer = timer
        try:
            connection.settimeout(timer.seconds_to_wait())
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(address)
        except (OSError, TransportError) as error:
            connection.close()
            if isinstance(error, TransportError):
                raise
            problem = error
        else:
            return connection
    timer.seconds_to_wait()
    late = isinstance(problem, TimeoutError)
    raise TransportError(Reason.TIMEOUT if late else Reason.CONNECT, f"{host}: {problem}", temporary=late)


class Adapter(HTTPAdapter):
    """Requests' transport with such connections. A proxy from the environment is trusted, and may have any address.

    `target` is the path and query of the next request, as sent: requests itself is to ask for `/` of the host.
    """

    def __init__(self, timer: Timer, *, allow_private: bool) -> None:
        self.timer = timer
        self.target = "/"
        self._allow_private = allow_private
        self._context = create_urllib3_context()
        self._context.sslsocket_class = _TimedTlsSocket
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """The pools of direct connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self, public_only=not self._allow_private)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """The pools of connections through `proxy`."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **proxy_kwargs)
        if not known and proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _exact(self, manager.pool_classes_by_scheme)
        elif not known:
            manager.pool_classes_by_scheme = _pools(self, public_only=False)
        return manager


class _Exact(HTTPConnection):
    """A connection whose requests ask for the adapter's target, and whose answers may be untidy."""

    adapter: Adapter
    response_class = Answer

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Take `url`, which is `/`, or for a proxy `http://host/`, up to where the target begins."""
        super().putrequest(method, url[:-1] + self.adapter.target, *args, **kwargs)


def _exact(adapter: Adapter, pools: Pools) -> Pools:
    """The pools, with such connections."""
    made: Pools = {}
    for scheme, pool in pools.items():
        connection = type("Exact", (_Exact, pool.ConnectionCls), {"adapter": adapter})
        made[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": connection})
    return made


def _pools(adapter: Adapter, *, public_only: bool) -> Pools:
    """Urllib3's pools for http and https, with connections made by `connect`."""

    class Http(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port or 80, adapter.timer, public_only=public_only)

    class Https(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port or 443, adapter.timer, public_only=public_only)

        def connect(self) -> None:
            super().connect()
            if isinstance(self.sock, _TimedTlsSocket):
                self.sock.timer = adapter.timer

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = Https

    return _exact(adapter, {"http": HttpPool, "https": HttpsPool})
