"""Look up a host's addresses within a row's time.

The system's resolver cannot be told when to stop, and may be silent for minutes; so it is asked in a thread of its
own, which is left behind when it is late.
"""

import socket
from functools import partial
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

Addresses = list[tuple[Any, ...]]  # as `socket.getaddrinfo` returns them


def look_up(host: str, port: int, seconds: float) -> Addresses:
    """The addresses of `host`, at least one. TimeoutError when there is no answer in time; OSError, UnicodeError."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    if _is_address(host):
        return ask()
    answers: SimpleQueue[Addresses | Exception] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except Exception as error:
            answers.put(error)

    Thread(target=answer, daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError("its name is not looked up in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
