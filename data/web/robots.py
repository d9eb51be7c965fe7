"""What hosts ask of robots: a `robots.txt` a host, asked for once for all workers, read by Python's own reader.

As RFC 9309 has it, a host that has no such file (4xx) forbids nothing, and while the file cannot be had (5xx, no
connection) nothing else is asked for.
"""

from collections.abc import Callable
from threading import Lock
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from data.reasons import Failure, Reason

NAME = "faces"  # in a robots.txt, and at the head of our User-Agent
_MOST_HOSTS = 20_000  # whose wishes are remembered
_LONGEST = 500 * 1024  # bytes that are read of it
_UNKNOWN = frozenset({Reason.HTTP_5XX, Reason.RATE_LIMITED, Reason.SHORT_BODY})


class Robots:
    """The wishes of hosts, shared by all workers."""

    def __init__(self) -> None:
        self._wishes: dict[str, RobotFileParser] = {}
        self._asking: dict[str, Lock] = {}
        self._lock = Lock()

    def refuse(self, url: str, ask: Callable[[str], bytes | Failure]) -> Failure | None:
        """Why `url` may not be asked for, None when it may. `ask` gets a URL of the host; what it raises goes up."""
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc.lower()}"
        with self._lock:
            asking = self._asking.setdefault(host, Lock())
        with asking:
            wishes = self._wishes.get(host)
            if wishes is None:
                answer = ask(f"{host}/robots.txt")
                if isinstance(answer, Failure) and answer.reason in _UNKNOWN:
                    return answer
                wishes = self._remember(host, b"" if isinstance(answer, Failure) else answer)
        return None if wishes.can_fetch(NAME, url) else Failure(Reason.OPT_OUT, "robots.txt")

    def _remember(self, host: str, text: bytes) -> RobotFileParser:
        wishes = RobotFileParser()
        wishes.parse(text[:_LONGEST].decode("utf-8", "replace").splitlines())
        with self._lock:
            if len(self._wishes) >= _MOST_HOSTS:
                self._wishes.clear()
                self._asking.clear()
            self._wishes[host] = wishes
        return wishes
