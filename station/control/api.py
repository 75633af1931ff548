"""The HTTP face: routes over a `Commandable`.

No sockets here (`station.control.server` has them) and no access control (`station.control.guard`). Imported only where
HTTP is on: its libraries take a while.
"""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from station.control import metrics, openapi
from station.control.commandable import EVENT_TYPES, WIRE, Commandable, CommandRefused
from station.control.metrics import LoopLag
from station.control.params import nearest, shown
from station.control.perform import Answer, Begun, bad, begin
from station.control.problem import problem
from station.control.sse import EventLog
from station.control.web import JSON, BadRequest, answer, application, body_of, commanded, health
from station.control.writer import to_json


class Api:
    """The routes. `app` is the ASGI application, without its guard."""

    def __init__(self, commandable: Commandable, events: EventLog, lag: LoopLag, *, token: bool) -> None:
        self._commandable = commandable
        self._events = events
        self._lag = lag
        self._openapi = to_json(openapi.document(token=token))
        self.app = application(
            (
                ("/api/v1/commands/{name}", "POST", self.command),
                ("/api/v1/status", "GET", self.status),
                ("/api/v1/events", "GET", self.events),
                ("/api/v1/variables", "GET", self.variables),
                ("/api/v1/variables", "PATCH", self.patch_variables),
                ("/metrics", "GET", self.metrics),
                ("/healthz", "GET", health),
                ("/openapi.json", "GET", self.openapi),
            )
        )

    async def command(self, request: Request) -> Response:
        """Run a command; with `?wait=` answer as a line does."""
        return await commanded(request, self._commandable)

    async def status(self) -> Response:
        """The state of the station."""
        return answer(self._commandable.status())

    async def events(self, request: Request) -> Response:
        """Events as they happen."""
        types = _types(request)
        after = self._events.start_after(request.headers.get("last-event-id"))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events.stream(after, types), 200, headers, "text/event-stream")

    async def variables(self) -> Response:
        """Every variable."""
        return answer(self._commandable.variables())

    async def patch_variables(self, request: Request) -> Response:
        """Write variables by name, in the order of the object; null forgets what was written."""
        changes = await body_of(request)
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
        errors = {key: one["error"] for key, one in answers.items() if not one["ok"]}
        data = {key: one["data"] for key, one in answers.items() if one["ok"]}
        if errors:
            detail = "; ".join(f"{key}: {error}" for key, error in errors.items())
            hint = "GET /api/v1/variables lists them; what stands in data was written"
            return problem(422, detail, hint, more={"errors": errors, "data": data})
        return answer({"ok": True, "data": data})

    async def metrics(self) -> Response:
        """Metrics for Prometheus."""
        return Response(metrics.render(self._commandable.status(), self._lag.max_s), 200, None, metrics.MEDIA_TYPE)

    async def openapi(self) -> Response:
        """What there is."""
        return Response(self._openapi, 200, None, JSON)


def _types(request: Request) -> frozenset[str] | None:
    texts = request.query_params.getlist("types")
    types = frozenset(name.strip() for text in texts for name in text.split(",") if name.strip())
    known = EVENT_TYPES | {WIRE}
    for name in sorted(types - known):
        raise BadRequest(
            f"no event is called {shown(name)}{nearest(name, known)}", f"known: {', '.join(sorted(known))}"
        )
    return types or None
