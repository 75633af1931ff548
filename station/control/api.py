"""The HTTP face: routes over a `Commandable`.

No sockets here (`station.control.server` has them) and no access control (`station.control.guard`). Imported only where
HTTP is on: its libraries take a while.
"""

from __future__ import annotations

import math
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from station.control import metrics, openapi, registry
from station.control.commandable import EVENT_TYPES, WIRE, Commandable, CommandRefused
from station.control.guard import fell_over
from station.control.metrics import LoopLag
from station.control.params import nearest, shown
from station.control.perform import Answer, Begun, bad, begin
from station.control.problem import problem
from station.control.sse import EventLog
from station.control.writer import to_json

_JSON: Final = "application/json"
_PATHS: Final = "GET /openapi.json lists what there is"
_COMMANDS: Final = "GET /openapi.json lists the commands and their parameters"


class _BadRequest(Exception):
    def __init__(self, detail: str, hint: str = _COMMANDS) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class Api:
    """The routes. `app` is the ASGI application, without its guard."""

    def __init__(self, commandable: Commandable, events: EventLog, lag: LoopLag, *, token: bool) -> None:
        self._commandable = commandable
        self._events = events
        self._lag = lag
        self._openapi = to_json(openapi.document(token=token))
        self.app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        for path, method, endpoint in (
            ("/api/v1/commands/{name}", "POST", self.command),
            ("/api/v1/status", "GET", self.status),
            ("/api/v1/events", "GET", self.events),
            ("/api/v1/variables", "GET", self.variables),
            ("/api/v1/variables", "PATCH", self.patch_variables),
            ("/metrics", "GET", self.metrics),
            ("/healthz", "GET", self.healthz),
            ("/openapi.json", "GET", self.openapi),
        ):
            self.app.add_api_route(path, endpoint, methods=[method], response_model=None)
        self.app.add_exception_handler(HTTPException, _on_http_error)
        self.app.add_exception_handler(_BadRequest, _on_bad_request)
        self.app.add_exception_handler(ClientDisconnect, _on_gone)
        self.app.add_exception_handler(Exception, _on_fall)

    async def command(self, request: Request) -> Response:
        """Run a command; with `?wait=` answer as a line does."""
        name = request.path_params["name"]
        wait_s = _wait_s(request)
        params = await _body(request, may_be_empty=True)
        try:
            begun = begin(self._commandable, name, params)
        except registry.UnknownCommand as error:
            return problem(404, error.message, _COMMANDS)
        except CommandRefused as error:
            return problem(400, error.message, error.hint or _COMMANDS)
        return _json(begun.now() if wait_s is None else await begun.within(wait_s))

    async def status(self) -> Response:
        """The state of the station."""
        return _json(self._commandable.status())

    async def events(self, request: Request) -> Response:
        """Events as they happen."""
        types = _types(request)
        after = self._events.start_after(request.headers.get("last-event-id"))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events.stream(after, types), 200, headers, "text/event-stream")

    async def variables(self) -> Response:
        """Every variable."""
        return _json(self._commandable.variables())

    async def patch_variables(self, request: Request) -> Response:
        """Write variables by name, in the order of the object; null forgets what was written."""
        changes = await _body(request)
        begun: dict[str, Begun | Answer] = {}
        for key, value in changes.items():
            try:
                if value is None:
                    begun[key] = begin(self._commandable, "delete_config", {"key": key})
                else:
                    begun[key] = begin(self._commandable, "set_config", {"key": key, "value": value})
            except CommandRefused as error:
                begun[key] = bad(error.message)
        answers = {key: await one.within() if isinstance(one, Begun) else one for key, one in begun.items()}
        errors = {key: answer["error"] for key, answer in answers.items() if not answer["ok"]}
        data = {key: answer["data"] for key, answer in answers.items() if answer["ok"]}
        if errors:
            detail = "; ".join(f"{key}: {error}" for key, error in errors.items())
            hint = "GET /api/v1/variables lists them; what stands in data was written"
            return problem(422, detail, hint, more={"errors": errors, "data": data})
        return _json({"ok": True, "data": data})

    async def metrics(self) -> Response:
        """Metrics for Prometheus."""
        return Response(metrics.render(self._commandable.status(), self._lag.max_s), 200, None, metrics.MEDIA_TYPE)

    async def healthz(self) -> Response:
        """The control face answers."""
        return _json({"ok": True})

    async def openapi(self) -> Response:
        """What there is."""
        return Response(self._openapi, 200, None, _JSON)


def _json(content: Any) -> Response:
    return Response(to_json(content), 200, {"Cache-Control": "no-store"}, _JSON)


async def _body(request: Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    raw = await request.body()
    if may_be_empty and not raw.strip():
        return {}
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _BadRequest(f"the body is no JSON: {error}") from None
    if content is None and may_be_empty:
        return {}
    if not isinstance(content, dict):
        raise _BadRequest("the body is no JSON object")
    return content


def _wait_s(request: Request) -> float | None:
    text = request.query_params.get("wait")
    if text is None:
        return None
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = math.nan
    if not 0 <= wait_s <= registry.MAX_TIMEOUT_S:
        raise _BadRequest(
            f"wait cannot be {shown(text)}", f"write seconds from 0 to {registry.MAX_TIMEOUT_S:g}: ?wait=10"
        )
    return wait_s


def _types(request: Request) -> frozenset[str] | None:
    texts = request.query_params.getlist("types")
    types = frozenset(name.strip() for text in texts for name in text.split(",") if name.strip())
    known = EVENT_TYPES | {WIRE}
    for name in sorted(types - known):
        raise _BadRequest(
            f"no event is called {shown(name)}{nearest(name, known)}", f"known: {', '.join(sorted(known))}"
        )
    return types or None


async def _on_http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = {404: "there is nothing at this path", 405: "this path has other methods"}.get(status)
    if detail is None:
        detail = str(error.detail) if isinstance(error, HTTPException) else "it failed"
    headers = error.headers if isinstance(error, HTTPException) else None
    return problem(status, detail, "send less" if status == 413 else _PATHS, headers=headers)


async def _on_bad_request(_request: Request, error: Exception) -> Response:
    hint = error.hint if isinstance(error, _BadRequest) else _COMMANDS
    return problem(400, str(error), hint)


async def _on_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


async def _on_fall(_request: Request, _error: Exception) -> Response:
    # The guard, which sees it next, writes the log.
    return fell_over()
