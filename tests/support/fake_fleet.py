"""A `FleetCommandable` that does nothing but remember: for tests of the control face and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from station.control.commandable import CommandRefused


class FakeFleet:
    """`done` holds what was asked; `refusals` what is refused; `slow_s` how long a command takes."""

    def __init__(self, name: str = "town", count: int = 250, template: str = "LT-{:05d}") -> None:
        self.id = name
        self.ids = [template.format(number) for number in range(1, count + 1)]
        self.done: list[tuple[Any, ...]] = []
        self.refusals: dict[str, str] = {}
        self.slow_s = 0.0

    def _note(self, *what: Any) -> None:
        if what[0] in self.refusals:
            raise CommandRefused(self.refusals[what[0]], "wait")
        self.done.append(what)

    async def pause(self) -> None:
        self._note("pause")

    async def resume(self) -> None:
        self._note("resume")

    async def scale(self, stations: int, ramp_s: float) -> None:
        self._note("scale", stations, ramp_s)

    async def inject(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        self._note("inject", dict(wish))
        return {"event": wish["do"]}

    async def stop(self) -> None:
        self._note("stop")

    async def report(self) -> dict[str, Any]:
        return {"stations": len(self.ids)}

    async def metrics(self) -> str:
        return "station_fleet_up 1\n"

    async def stations(self, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        return len(self.ids), [{"id": name, "group": "all"} for name in self.ids[offset : offset + limit]]

    def knows(self, station: str) -> bool:
        return station in self.ids

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._note(command, station, dict(params))
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        if command == "heartbeat":
            raise ZeroDivisionError("fell over")
        return {"id": station, "online": True} if command == "status" else {"result": "USED_TO_START"}
