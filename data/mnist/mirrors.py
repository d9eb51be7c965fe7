"""A file that several servers have, asked of one after another until the caller is content with what came.

The web is asked as for photos (`fetch`): the same rules for addresses, redirects, times and sizes, and the same
patience with what can pass. What the right file is, is not known here.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings
from data.web.client import Web
from data.web.robots import Robots

Answers = Iterator[tuple[str, bytes | Failure]]  # a place, and the file there or why there is none


@contextmanager
def mirrors(bases: Sequence[str], settings: DownloadSettings) -> Iterator[Callable[[str], Answers]]:
    """Yield what asks the servers for a file by its name, first for its `.gz`; `bases` are URLs of folders.

    A server is asked when the next answer is wanted. One whose answer was not the last that was wanted comes last for
    the files that follow.
    """
    order = [base if base.endswith("/") else f"{base}/" for base in bases]
    with Web(settings, Robots() if settings.respect_robots else None) as web:

        def ask(name: str) -> Answers:
            for base in tuple(order):
                answer = _patiently(web, f"{base}{name}.gz", settings)
                yield f"{base}{name}.gz", answer
                if isinstance(answer, Failure) and answer.reason is Reason.HTTP_404:
                    yield f"{base}{name}", _patiently(web, f"{base}{name}", settings)
                order.remove(base)
                order.append(base)

        yield ask


def _patiently(web: Web, url: str, settings: DownloadSettings) -> bytes | Failure:
    """What the web answers, after as many further attempts at what can pass as the settings allow."""
    end, attempts = time.monotonic() + settings.deadline, 0
    while True:
        answer = web(Row(1, "", url, None, None), end - time.monotonic())
        if not isinstance(answer, Failure) or not answer.passing or attempts == settings.retries:
            return answer
        pause = answer.pause(attempts)
        if time.monotonic() + pause >= end:
            return answer
        time.sleep(pause)
        attempts += 1
