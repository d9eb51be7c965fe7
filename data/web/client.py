"""Get the bytes of one URL, or the reason why not: one attempt, within the seconds that the row has left.

Requests are plain GETs of http and https, with this program's own name, without cookies or passwords; redirects are
followed here, each under the same rules. Whether the bytes are the right photo is decided elsewhere, and so is whether
and when to try again: `Failure.temporary` only says that it may help.
"""

import os
import re
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, getproxies_environment

import requests
from requests.models import PreparedRequest, Response
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import exceptions as faults

from data.reasons import Failure, Reason, one_line
from data.rows import Row, without_users
from data.settings import DownloadSettings
from data.web.addresses import is_private_literal
from data.web.body import read_body
from data.web.robots import Robots
from data.web.status import refusal
from data.web.transport import Adapter, Timer, TransportError
from data.web.urls import origin_and_target, sendable, target_of_redirect

_HEADERS = {
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OPT_OUT = frozenset({"noai", "noimageai"})
_WORD = re.compile(r"[a-z0-9_-]+")
_SMALL = 1 << 14  # bytes: reading so few of an unused answer is cheaper than a new connection


class Web:
    """One worker's connections to the web; a context manager that closes them."""

    def __init__(self, settings: DownloadSettings, robots: Robots | None = None) -> None:
        """`robots`: obey each host's robots.txt, read when first needed; None: do not read it."""
        self._settings = settings
        self._robots = robots
        self._headers = {"User-Agent": settings.user_agent, **_HEADERS}
        self._timer = Timer(settings.timeout)
        self._session = _Session()
        self._session.trust_env = False  # proxies and certificates are passed below; no passwords from ~/.netrc
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._adapter = Adapter(self._timer, allow_private=settings.allow_private)
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)
        self._proxies_for = _proxy_rule()
        self._authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def __call__(self, row: Row, seconds: float) -> bytes | Failure:
        """The bytes of `row.url`, or why there are none, after at most about `seconds`."""
        self._timer.start(seconds)
        try:
            url = sendable(row.url)
        except ValueError as error:
            return Failure(Reason.CONNECT, str(error))
        try:
            return self._follow(url, self._robots)
        except TransportError as error:
            return error.failure
        except (requests.RequestException, faults.HTTPError, OSError, ValueError) as error:
            return _failure(error)

    def _follow(self, url: str, robots: Robots | None) -> bytes | Failure:
        """Request `url` and follow its redirects, each of them if the robots.txt of its host allows it."""
        seen: set[str] = set()
        while url not in seen and len(seen) <= self._settings.max_redirects:
            seen.add(url)
            if robots is not None and (refusal := self._forbidden(robots, url)):
                return refusal
            with self._get(url) as response:
                target = _first(response, "Location")
                if response.status_code not in _REDIRECTS or not target:
                    return self._read(response)
                self._drain(response)
                following = _target(url, target)
            if isinstance(following, Failure):
                return following
            url = following
        return Failure(
            Reason.REDIRECT, "a loop" if url in seen else f"more than {self._settings.max_redirects} redirects"
        )

    def _forbidden(self, robots: Robots, url: str) -> Failure | None:
        return robots.check(url, lambda page: self._follow(page, None), self._settings.user_agent)

    def _get(self, url: str) -> Response:
        """Request `url`. Requests is given the host alone, the adapter the rest, which so stays as it is."""
        proxies = self._proxies_for(url)
        origin, self._adapter.target = origin_and_target(url)
        request = PreparedRequest()
        request.prepare(method="GET", url=f"{origin}/", headers=self._headers)
        if select_proxy(url, proxies) and not self._settings.allow_private:
            host = urlsplit(request.url or "").hostname or ""  # as it is sent: "１２７.0.0.1" has become an address
            if is_private_literal(host):
                raise TransportError(Reason.BLOCKED_ADDRESS, f"{host} is not a public address")
        return self._session.send(
            request,
            stream=True,
            allow_redirects=False,
            timeout=self._timer.seconds_to_wait(),
            verify=self._authorities,
            proxies=proxies,
        )

    def _read(self, response: Response) -> bytes | Failure:
        """The body of an answer that is not a redirect; a Failure if its status says so, or if the owner opts out."""
        no_photo = refusal(response.status_code, response.headers.get("Retry-After", ""))
        if no_photo is not None:
            self._drain(response)
            return no_photo
        if not _OPT_OUT.isdisjoint(_WORD.findall(response.headers.get("X-Robots-Tag", "").lower())):
            return Failure(Reason.OPT_OUT, "X-Robots-Tag")
        return read_body(response, self._settings.max_bytes)

    def _drain(self, response: Response) -> None:
        """Read the rest of an answer that is not needed, if it is short: then its connection can be used again."""
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced[:20]) <= _SMALL:
            try:
                response.raw.read(_SMALL, decode_content=False)
            except (TransportError, faults.HTTPError, OSError):
                response.close()


def _proxy_rule() -> Callable[[str], dict[str, str]]:
    """A function from a URL to its proxies. Requests reads the environment for each URL; if no host is exempt, once is
    enough."""
    found = getproxies()
    if found and ("no" in found or found != getproxies_environment()):
        return get_environ_proxies
    return lambda url: found


class _Session(requests.Session):
    """A session that follows no redirects: requests would read their whole bodies, however long they are."""

    def get_redirect_target(self, resp: Response) -> str | None:
        return None


def _first(response: Response, name: str) -> str:
    """The value of a header field, of the first one if there are several; requests would join them."""
    return next(iter(response.raw.headers.getlist(name)), "")


def _target(url: str, location: str) -> str | Failure:
    """The URL that a redirect leads to; a Failure if it is not followed."""
    try:
        target = target_of_redirect(url, location)
    except ValueError:
        return Failure(Reason.REDIRECT, "to something that is not an http or https URL")
    if target.startswith("http:") and url.startswith("https:"):
        return Failure(Reason.REDIRECT, "from https down to http")
    return target


def _failure(error: Exception) -> Failure:
    """The reason for an exception of requests, urllib3 or the system."""
    detail = one_line(without_users(str(error)))
    if isinstance(error, (requests.Timeout, faults.TimeoutError, TimeoutError)):
        return Failure(Reason.TIMEOUT, "no byte in time", temporary=True)
    if isinstance(error, (requests.exceptions.SSLError, faults.SSLError)):
        return Failure(Reason.TLS, detail)
    if isinstance(error, (requests.exceptions.ProxyError, requests.exceptions.InvalidSchema)):
        return Failure(Reason.CONNECT, detail)
    if isinstance(error, faults.HTTPError):  # while the body was read; before it, requests wraps them
        return Failure(Reason.SHORT_BODY, detail, temporary=True)
    if isinstance(error, ValueError) and not isinstance(error, requests.exceptions.InvalidHeader):
        return Failure(Reason.DNS, detail)  # requests' InvalidURL, and names that no resolver can hold
    return Failure(Reason.CONNECT, detail, temporary=True)
