"""Who may ask the page's server: the browser that opened the printed link, and no other page in it.

The link has a token, which becomes a cookie; every request needs one of them. A page of the web that leads its reader's
browser here is refused by its Origin, and a name of the web that was pointed at this machine by the Host (DNS
rebinding). Nothing that comes from here may be shown within another page, or fetch from elsewhere.
"""

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Passes on the requests that are allowed, and answers the others in one line."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token, self._cookie = app, token, f"faces-{port}"
        self._hosts = {f"{HOST}:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        app = self._refused(request) or self._entered(request) or self._app

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_with_headers)

    def _refused(self, request: Request) -> Response | None:
        """Return the answer to a request that is not allowed."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if host not in self._hosts:
            return _line(f"this page is at http://{min(self._hosts)} alone, and was asked for as another host")
        if origin not in (None, f"http://{host}") or (request.method == "POST" and origin is None):
            return _line("a page of another origin may not ask here")
        if request.method == "POST" and not _is_json(request.headers):
            return _line("expected Content-Type application/json", 415)
        given = (request.cookies.get(self._cookie), request.query_params.get("token"))
        if not any(one is not None and secrets.compare_digest(one.encode(), self._token.encode()) for one in given):
            return _line("open the link that `faces name` has printed: it has the token of this start")
        return None

    def _entered(self, request: Request) -> Response | None:
        """Return the answer to the printed link: its token becomes a cookie, and leaves the address."""
        if "token" not in request.query_params:
            return None
        rest = urlencode([(key, value) for key, value in parse_qsl(request.url.query) if key != "token"])
        answer = RedirectResponse("/" + request.url.path.lstrip("/") + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="lax")
        return answer


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(24)


def _is_json(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _line(text: str, status: int = 403) -> Response:
    return PlainTextResponse(f"{text}\n", status)
