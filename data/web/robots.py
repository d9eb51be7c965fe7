"""Each host's `robots.txt`: read once for all workers, with the parser of Python's library.

By RFC 9309, a host without the file (status 4xx) forbids nothing; while the file cannot be read (5xx, no connection),
nothing else of the host is requested.
"""

import re
from collections.abc import Callable
from threading import Lock
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from data.reasons import Failure, Reason

_NAME = "faces"  # of this program in a robots.txt, whatever its User-Agent says
_MOST_HOSTS = 20_000  # whose rules are kept in memory
_LONGEST = 500 * 1024  # bytes that are read of it
_UNREADABLE = frozenset({Reason.HTTP_5XX, Reason.RATE_LIMITED, Reason.SHORT_BODY})


class Robots:
    """The rules of all hosts, shared by the workers."""

    def __init__(self) -> None:
        self._rules: dict[str, RobotFileParser] = {}
        self._reading: dict[str, Lock] = {}
        self._lock = Lock()

    def check(self, url: str, get: Callable[[str], bytes | Failure], user_agent: str = _NAME) -> Failure | None:
        """Why `url` may not be requested, None if it may. `get` returns the bytes of a URL of the same host.

        The rules for this program hold, and those for the name that `user_agent` begins with.
        """
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc.lower()}"
        with self._lock:
            reading = self._reading.setdefault(host, Lock())
        with reading:
            rules = self._rules.get(host)
            if rules is None:
                answer = get(f"{host}/robots.txt")
                if isinstance(answer, Failure) and answer.reason in _UNREADABLE:
                    return answer
                rules = self._remember(host, b"" if isinstance(answer, Failure) else answer)
        names = (_NAME, re.split(r"[/ (;]", user_agent)[0] or _NAME)
        return None if all(rules.can_fetch(name, url) for name in names) else Failure(Reason.OPT_OUT, "robots.txt")

    def _remember(self, host: str, text: bytes) -> RobotFileParser:
        rules = RobotFileParser()
        rules.parse(text[:_LONGEST].decode("utf-8", "replace").splitlines())
        with self._lock:
            if len(self._rules) >= _MOST_HOSTS:
                self._rules.clear()
                self._reading.clear()
            self._rules[host] = rules
        return rules
