"""The HTTP face of a fleet: routes over a `FleetCommandable`, and each of its stations as a station's own face has it.

No sockets here (`station.control.server` has them) and no access control (`station.control.guard`). Imported only where
a fleet is controlled over HTTP.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from station.config import units
from station.config.errors import ValueRefusedError
from station.control import fleet_openapi
from station.control.commandable import CommandRefused, Execution
from station.control.fleet_commandable import FleetCommandable
from station.control.metrics import MEDIA_TYPE
from station.control.params import nearest, shown
from station.control.problem import problem
from station.control.web import JSON, BadRequest, answer, application, body_of, commanded, health
from station.control.writer import to_json

_AT_ONCE_S: Final = 0.05
"""What a station answers within this counts as known at once: it may be in another process."""
_PAGE: Final = 100
_MOST: Final = 1000
_STATIONS: Final = "GET /api/v1/stations lists them"
_SCALE: Final = frozenset({"stations", "ramp"})


class FleetApi:
    """The routes. `app` is the ASGI application, without its guard."""

    def __init__(self, fleet: FleetCommandable, *, token: bool) -> None:
        self._fleet = fleet
        self._openapi = to_json(fleet_openapi.document(token=token))
        self.app = application(
            (
                ("/api/v1/fleet", "GET", self.report),
                ("/api/v1/fleet/pause", "POST", self.pause),
                ("/api/v1/fleet/resume", "POST", self.resume),
                ("/api/v1/fleet/scale", "POST", self.scale),
                ("/api/v1/fleet/inject", "POST", self.inject),
                ("/api/v1/fleet/stop", "POST", self.stop),
                ("/api/v1/stations", "GET", self.stations),
                ("/api/v1/stations/{id}", "GET", self.station),
                ("/api/v1/stations/{id}/commands/{name}", "POST", self.command),
                ("/metrics", "GET", self.metrics),
                ("/healthz", "GET", health),
                ("/openapi.json", "GET", self.openapi),
            )
        )
        self.app.add_exception_handler(CommandRefused, _on_refused)

    # The fleet

    async def report(self) -> Response:
        """The figures so far."""
        return answer(await self._fleet.report())

    async def pause(self) -> Response:
        """No new session begins."""
        await self._fleet.pause()
        return _done({})

    async def resume(self) -> Response:
        """Sessions begin again."""
        await self._fleet.resume()
        return _done({})

    async def scale(self, request: Request) -> Response:
        """Bring the number of stations to another."""
        body = await body_of(request)
        _only(body, _SCALE)
        stations = body.get("stations")
        if isinstance(stations, bool) or not isinstance(stations, int) or stations < 0:
            raise BadRequest(f"stations cannot be {shown(stations)}", '{"stations": 1000, "ramp": "30s"}')
        ramp_s = _seconds("ramp", body.get("ramp", 0))
        await self._fleet.scale(stations, ramp_s)
        return _done({"stations": stations, "ramp_s": ramp_s})

    async def inject(self, request: Request) -> Response:
        """Let something befall stations."""
        return _done(await self._fleet.inject(await body_of(request)))

    async def stop(self) -> Response:
        """End the run in order."""
        await self._fleet.stop()
        return _done({})

    # Its stations

    async def stations(self, request: Request) -> Response:
        """Who there is."""
        offset = _count(request, "offset", 0, None)
        limit = _count(request, "limit", _PAGE, _MOST)
        total, found = await self._fleet.stations(offset, limit)
        return answer({"total": total, "offset": offset, "stations": found})

    async def station(self, request: Request) -> Response:
        """The state of a station."""
        one = self._one(request)
        return answer(await self._fleet.command(one.id, "status", {}))

    async def command(self, request: Request) -> Response:
        """Have a station carry out a command."""
        return await commanded(request, self._one(request), at_once_s=_AT_ONCE_S)

    def _one(self, request: Request) -> _Station:
        name = request.path_params["id"]
        if not self._fleet.knows(name):
            raise BadRequest(f"this fleet runs no station {shown(name)}", _STATIONS, 404)
        return _Station(self._fleet, name)

    # For programs

    async def metrics(self) -> Response:
        """Metrics for Prometheus."""
        return Response(await self._fleet.metrics(), 200, None, MEDIA_TYPE)

    async def openapi(self) -> Response:
        """What there is."""
        return Response(self._openapi, 200, None, JSON)


class _Station:
    """A station of the fleet as `commanded` wants one."""

    def __init__(self, fleet: FleetCommandable, identity: str) -> None:
        self._fleet = fleet
        self.id = identity

    def execute(self, command: str, params: Mapping[str, Any]) -> Execution:
        """Let a command take effect, in the order of the calls."""
        return Execution(asyncio.ensure_future(self._fleet.command(self.id, command, params)))


def _done(data: Mapping[str, Any]) -> Response:
    return answer({"ok": True, "data": dict(data)})


def _only(body: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in body:
        if name not in known:
            raise BadRequest(
                f"nothing is called {shown(name)} here{nearest(name, known)}", f"known: {', '.join(known)}"
            )


def _seconds(name: str, value: Any) -> float:
    """A text with its unit, or a number of seconds."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    if not (number or isinstance(value, str)):
        raise BadRequest(f"{name} cannot be {shown(value)}", f'"{name}": "30s"')
    try:
        return units.parse_duration(value, bare=False) if isinstance(value, str) else float(value)
    except ValueRefusedError as error:
        raise BadRequest(f"{name} cannot be {shown(value)}: {error.message}", f'"{name}": "30s"') from None


def _count(request: Request, name: str, default: int, most: int | None) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10) or (most is not None and not 1 <= int(text) <= most):
        wanted = f"a number from 1 to {most}" if most is not None else "a number from 0"
        raise BadRequest(f"{name} cannot be {shown(text)}", f"write {wanted}: ?{name}={default}")
    return int(text)


async def _on_refused(_request: Request, error: Exception) -> Response:
    hint = error.hint if isinstance(error, CommandRefused) else None
    return problem(400, str(error), hint or "GET /api/v1/fleet shows how the fleet is")
