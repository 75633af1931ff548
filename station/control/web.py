"""What the HTTP faces of a station and of a fleet have in common: bodies, answers, and what becomes of errors.

No routes (``api`` and ``fleet_api`` have them) and no access control (``guard``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from station.control import registry
from station.control.commandable import CommandRefused
from station.control.guard import fell_over
from station.control.params import shown
from station.control.perform import Executes, begin
from station.control.problem import problem
from station.control.writer import to_json

JSON: Final = "application/json"
COMMANDS: Final = "GET /openapi.json lists the commands and their parameters"
_PATHS: Final = "GET /openapi.json lists what there is"

Route = tuple[str, str, Any]
"""Path, method, endpoint."""


class BadRequest(Exception):
    """A request that cannot be understood, or not be served; becomes a problem document.

    Args:
        detail: what is wrong, one line.
        hint: what to do next.
        status: 400 to 499.
    """

    def __init__(self, detail: str, hint: str = COMMANDS, status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.status = status


def application(routes: Iterable[Route]) -> FastAPI:
    """The ASGI application, without its guard."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for path, method, endpoint in routes:
        app.add_api_route(path, endpoint, methods=[method], response_model=None)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(BadRequest, _on_bad_request)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    app.add_exception_handler(Exception, _on_fall)
    return app


def answer(content: Any) -> Response:
    """A JSON answer that nobody keeps."""
    return Response(to_json(content), 200, {"Cache-Control": "no-store"}, JSON)


async def health() -> Response:
    """The control face answers."""
    return answer({"ok": True})


async def body_of(request: Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        BadRequest: it has none.
    """
    raw = await request.body()
    if may_be_empty and not raw.strip():
        return {}
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is no JSON: {error}") from None
    if content is None and may_be_empty:
        return {}
    if not isinstance(content, dict):
        raise BadRequest("the body is no JSON object")
    return content


async def commanded(request: Request, commandable: Executes, *, at_once_s: float = 0.0) -> Response:
    """Run the command that a request names in its path; with `?wait=` answer as a line does.

    Args:
        at_once_s: how long an answer counts as known at once.
    """
    name = request.path_params["name"]
    wait_s = _wait_s(request)
    params = await body_of(request, may_be_empty=True)
    try:
        begun = begin(commandable, name, params)
    except registry.UnknownCommand as error:
        return problem(404, error.message, COMMANDS)
    except CommandRefused as error:
        return problem(400, error.message, error.hint or COMMANDS)
    if wait_s is not None:
        return answer(await begun.within(wait_s))
    if at_once_s:
        await begun.settled(at_once_s)
    return answer(begun.now())


def _wait_s(request: Request) -> float | None:
    text = request.query_params.get("wait")
    if text is None:
        return None
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = math.nan
    if not 0 <= wait_s <= registry.MAX_TIMEOUT_S:
        raise BadRequest(
            f"wait cannot be {shown(text)}", f"write seconds from 0 to {registry.MAX_TIMEOUT_S:g}: ?wait=10"
        )
    return wait_s


async def _on_http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = {404: "there is nothing at this path", 405: "this path has other methods"}.get(status)
    if detail is None:
        detail = str(error.detail) if isinstance(error, HTTPException) else "it failed"
    headers = error.headers if isinstance(error, HTTPException) else None
    return problem(status, detail, "send less" if status == 413 else _PATHS, headers=headers)


async def _on_bad_request(_request: Request, error: Exception) -> Response:
    if not isinstance(error, BadRequest):
        return problem(400, str(error), COMMANDS)
    return problem(error.status, error.detail, error.hint)


async def _on_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


async def _on_fall(_request: Request, _error: Exception) -> Response:
    # The guard, which sees it next, writes the log.
    return fell_over()
