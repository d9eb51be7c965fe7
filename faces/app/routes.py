"""What the page asks for: itself, the groups, crops, decisions, a training and its report.

Only crops of the folder, and the report of the run, are ever read. A crop is asked for by its number in the database,
never by a path.
"""

import json
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from data.photos.kinds import kind_of
from errors import ConflictError, FacesError, UsageError
from faces.app.decisions import decided, whole
from faces.app.naming import Naming
from faces.groups.store import Groups, Step
from report.page.render import style_sheet

Endpoint = Callable[[Request], Awaitable[Response]]

_STATIC = Path(__file__).parent / "static"
_REPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MOST_BYTES = 1 << 20  # of a request


def routes(naming: Naming) -> Starlette:
    """Return the application, to be put behind the guard."""

    def page(worst: bool) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            html = _templates().get_template("name.html")
            return HTMLResponse(html.render(folder=naming.groups.folder.resolve().name, worst=worst))

        return answer

    def state(request: Request) -> Response:
        if request.query_params.get("known") == str(naming.groups.revision) and not naming.is_busy:
            return JSONResponse(None)
        return JSONResponse(naming.state(worst="worst" in request.query_params))

    def crop(request: Request) -> Response:
        data = naming.crop(request.path_params["face"])
        if data is None:
            return PlainTextResponse("this crop is no longer there\n", 404)
        kept = {"cache-control": "private, max-age=86400, immutable"}
        return Response(data, media_type=_media_type(data), headers=kept)

    def report(request: Request) -> Response:
        return HTMLResponse(naming.report(), headers={"content-security-policy": _REPORT_POLICY})

    def after(change: Callable[[dict[str, Any]], object]) -> Endpoint:
        """Return an endpoint that makes a change, and answers with the state behind it."""

        async def answer(request: Request) -> Response:
            wanted = await _json(request)

            def run() -> dict[str, Any]:
                done = change(wanted)
                about = done.about if isinstance(done, Step) else None
                return {"about": about, "state": naming.state(worst=bool(wanted.get("worst")))}

            return JSONResponse(await run_in_threadpool(run))

        return answer

    def change(how: Callable[[Groups, dict[str, Any]], Step]) -> Endpoint:
        return after(lambda wanted: naming.change(lambda groups: how(groups, wanted)))

    return Starlette(
        routes=[
            Route("/", page(False)),
            Route("/worst", page(True)),
            Route("/state", state),
            Route("/groups/{group:int}", lambda request: JSONResponse(naming.group(request.path_params["group"]))),
            Route("/crops/{face:int}", crop),
            Route("/report", report),
            Route("/page.css", lambda request: Response(style_sheet(), media_type="text/css")),
            Route("/steps", change(lambda groups, wanted: decided(groups, wanted)), methods=["POST"]),
            Route("/undo", change(lambda groups, wanted: groups.undo(whole(wanted, "number"))), methods=["POST"]),
            Route("/redo", change(lambda groups, wanted: groups.redo(whole(wanted, "number"))), methods=["POST"]),
            Route("/train", after(lambda wanted: naming.train()), methods=["POST"]),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={FacesError: _error},
    )


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("faces.app"), autoescape=True, undefined=StrictUndefined)


def _media_type(data: bytes) -> str:
    return f"image/{(kind_of(data[:4096]) or 'jpeg').lower()}"


async def _json(request: Request) -> dict[str, Any]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise UsageError(f"expected at most {_MOST_BYTES} bytes")
    try:
        wanted = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError("expected JSON") from error
    if not isinstance(wanted, dict):
        raise UsageError("expected a JSON object")
    return wanted


def _error(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 409 if isinstance(error, ConflictError) else 400)
