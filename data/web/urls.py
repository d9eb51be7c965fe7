"""URLs as they are sent: what a list or a server wrote, without user and fragment, and otherwise as it is.

Libraries bring URLs into one form (%7E becomes ~, `/a/../b` becomes `/b`, an empty query is lost); a signature over
the URL does not survive that. Here only what no URL may contain is encoded: blanks, control characters, `"<>\\^`{|}`
and what is not ASCII (RFC 3986). A `%` is never touched, so nothing is encoded twice.
"""

import re
from urllib.parse import quote, urlsplit

_URL = re.compile(r"(https?)://([^/?#\\]+)((?:[/?][^#]*)?)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_AS_LISTED = "!#$%&'()*+,/:;=?@[]~"  # beside letters, digits and -._


def sendable(url: str) -> str:
    """The URL as it is requested. ValueError unless it is http or https with a host and, if it names one, a port."""
    match = _URL.fullmatch(url.partition("#")[0])
    if match is None:
        raise ValueError("not an http or https URL with a host")
    scheme, authority, target = match.groups()
    authority = authority.rpartition("@")[2]  # no user, no password
    parts = urlsplit(f"{scheme}://{authority}")  # ValueError for brackets that do not match
    if not parts.hostname or parts.port == 0:
        raise ValueError("its host or port cannot be read")
    if not target.startswith("/"):
        target = f"/{target}"
    return f"{scheme.lower()}://{authority}{quote(target.encode('utf-8', 'surrogateescape'), safe=_AS_LISTED)}"


def origin_and_target(url: str) -> tuple[str, str]:
    """A sendable URL, cut where its host ends: `http://host:port` and `/path?query`."""
    end = url.index("/", url.index("://") + 3)
    return url[:end], url[end:]


def target_of_redirect(url: str, location: str) -> str:
    """The URL that a `Location`, its bytes read as Latin-1, leads to from a sendable `url`; ValueError if to none.

    A whole URL and a path are taken as written; only what is relative to the last folder is resolved (RFC 3986, 5.2).
    """
    location = location.encode("latin-1", "replace").decode("utf-8", "surrogateescape").strip()
    location = location.partition("#")[0]
    origin, target = origin_and_target(url)
    if _SCHEME.match(location):
        return sendable(location)
    if location.startswith("//"):
        return sendable(origin.partition("//")[0] + location)
    if location.startswith("/"):
        return sendable(origin + location)
    path = target.partition("?")[0]
    if location[:1] in ("", "?"):
        return sendable(origin + (path + location if location else target))
    relative, mark, query = location.partition("?")
    return sendable(origin + _without_dots(path[: path.rindex("/") + 1] + relative) + mark + query)


def _without_dots(path: str) -> str:
    """The path with `.` and `..` resolved."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept[-1:] = []
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
