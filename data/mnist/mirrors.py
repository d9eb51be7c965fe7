"""Fetch a file that several servers have, from one after another, until the caller accepts the answer.

The rules of a download of photos hold: for addresses, redirects, times, sizes, and repeated attempts.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from data.reasons import Failure, Reason
from data.rows import Row, without_user
from data.settings import DownloadSettings
from data.web import Robots, Web

Answers = Iterator[tuple[str, bytes | Failure]]  # a URL, and the file there, or why there is none


@contextmanager
def mirrors(bases: Sequence[str], settings: DownloadSettings) -> Iterator[Callable[[str], Answers]]:
    """Yield a function from a file's name to the answers of the servers; `bases` are URLs of folders.

    Each server is asked for `name.gz`, and on 404 for `name`, when its answer is iterated over. A server after whose
    answer the iteration went on comes last for the next files.
    """
    order = [without_user(base if base.endswith("/") else f"{base}/") for base in bases]
    with Web(settings, Robots() if settings.respect_robots else None) as web:

        def find(name: str) -> Answers:
            for base in tuple(order):
                answer = _get(web, f"{base}{name}.gz", settings)
                yield f"{base}{name}.gz", answer
                if isinstance(answer, Failure) and answer.reason is Reason.HTTP_404:
                    yield f"{base}{name}", _get(web, f"{base}{name}", settings)
                order.remove(base)
                order.append(base)

        yield find


def _get(web: Web, url: str, settings: DownloadSettings) -> bytes | Failure:
    """The answer of the web, with further attempts after temporary failures as the settings allow."""
    end, attempts = time.monotonic() + settings.deadline, 0
    while True:
        answer = web(Row(1, "", url, None, None), end - time.monotonic())
        if not isinstance(answer, Failure) or not answer.temporary or attempts == settings.retries:
            return answer
        pause = answer.delay(attempts)
        if time.monotonic() + pause >= end:
            return answer
        time.sleep(pause)
        attempts += 1
