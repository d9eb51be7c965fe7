"""What the page asks for: itself, the groups, crops, decisions, a training and its report.

Only crops of the folder, and the report of the run, are ever read. A crop is asked for by its number in the database,
never by a path.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
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

from data.reasons import one_line
from errors import ConflictError, FacesError, UsageError
from faces.app.decisions import decided, whole
from faces.app.naming import Naming
from faces.groups.steps import MOST_LETTERS
from faces.groups.store import Groups, Step
from report.page.render import style_sheet

Endpoint = Callable[[Request], Awaitable[Response]]

_STATIC = Path(__file__).parent / "static"
_REPORT_POLICY = (  # a run may come from anybody: nothing of its page runs, and it is another origin than this page
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
_MOST_BYTES, _MOST_DIGITS = 1 << 20, 19  # of a request; of a number in an address


def routes(naming: Naming) -> Starlette:
    """Return the application, to be put behind the guard."""

    def page(worst: bool) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            html = _templates().get_template("name.html")
            return HTMLResponse(
                html.render(folder=naming.groups.folder.resolve().name, worst=worst, most_letters=MOST_LETTERS)
            )

        return answer

    def state(asked: Mapping[str, Any]) -> dict[str, Any]:
        return naming.state(worst=bool(asked.get("worst")), known=str(asked.get("known", "")))

    def crop(request: Request) -> Response:
        crop = naming.crop(_number(request, "face"))
        if crop is None:
            return PlainTextResponse("this crop is no longer there\n", 404)
        kept = {"cache-control": "private, max-age=86400, immutable"}
        return Response(crop[0], media_type=crop[1], headers=kept)

    def page_of_run(request: Request) -> Response:
        return HTMLResponse(naming.report(), headers={"content-security-policy": _REPORT_POLICY})

    def after(change: Callable[[dict[str, Any]], object]) -> Endpoint:
        """Return an endpoint that makes a change, and answers with the state behind it."""

        async def answer(request: Request) -> Response:
            wanted = await _json(request)

            def run() -> dict[str, Any]:
                done = change(wanted)
                about = done.about if isinstance(done, Step) else None
                return {"about": about, "state": state(wanted)}

            return JSONResponse(await run_in_threadpool(run))

        return answer

    def change(how: Callable[[Groups, dict[str, Any]], Step]) -> Endpoint:
        return after(lambda wanted: naming.change(lambda groups: how(groups, wanted)))

    return Starlette(
        routes=[
            Route("/", page(False)),
            Route("/worst", page(True)),
            Route("/state", lambda request: JSONResponse(state(request.query_params))),
            Route("/groups/{group}", lambda request: JSONResponse(naming.group(_number(request, "group")))),
            Route("/crops/{face}", crop),
            Route("/report", page_of_run),
            Route("/page.css", lambda request: Response(style_sheet(), media_type="text/css")),
            Route("/steps", change(lambda groups, wanted: decided(groups, wanted)), methods=["POST"]),
            Route("/undo", change(lambda groups, wanted: groups.undo(whole(wanted, "number"))), methods=["POST"]),
            Route("/redo", change(lambda groups, wanted: groups.redo(whole(wanted, "number"))), methods=["POST"]),
            Route("/train", after(lambda wanted: naming.train()), methods=["POST"]),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={FacesError: _error, Exception: _fault},
    )


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("faces.app"), autoescape=True, undefined=StrictUndefined)


def _number(request: Request, name: str) -> int:
    text: str = request.path_params[name]
    if not (text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS):
        raise UsageError(f"{text[:40]!r} is no number of a {name}")
    return int(text)


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


def _fault(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"a fault of this program: {type(error).__name__}: {one_line(error)}"}, 500)
