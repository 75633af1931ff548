"""A `Commandable` that does nothing but remember: for tests of the control face and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from station.control.commandable import WIRE, CommandRefused, Execution, Listener, make_event

STATUS = {
    "id": "CP-1",
    "version": "1.6",
    "online": True,
    "boot": "Accepted",
    "queue": 2,
    "time": "2026-01-01T00:00:00.000Z",
    "evses": [
        {
            "evse": 1,
            "connector": 1,
            "plugged": True,
            "pilot": "C",
            "state": "charging",
            "status": "Charging",
            "contactor": "closed",
            "locked": True,
            "meter_wh": 12345.0,
            "power_w": 10900.0,
            "limit_a": 16.0,
            "faults": [],
            "reservation": None,
            "transaction": {
                "id": "9f0c",
                "transactionId": 7,
                "token": "04A1B2C3",
                "started": "2026-01-01T00:00:00.000Z",
                "energy_wh": 30.0,
            },
        }
    ],
}


class FakeCommandable:
    """`executed` holds what came; what is in `stays_open` ends with `finish`; what is in `refusals` is refused."""

    def __init__(self, identity: str = "CP-1") -> None:
        self.id = identity
        self.executed: list[tuple[str, dict[str, Any]]] = []
        self.open_: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.refusals: dict[str, str] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.stays_open: set[str] = set()
        self.stopped = False
        self.listeners: list[tuple[Listener, frozenset[str] | None]] = []

    def execute(self, command: str, params: Mapping[str, Any]) -> Execution:
        self.executed.append((command, dict(params)))
        if command in self.refusals:
            raise CommandRefused(self.refusals[command])
        if command == "heartbeat":
            raise ZeroDivisionError("fell over")
        done: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if command in self.stays_open:
            self.open_[command] = done
        else:
            done.set_result(self.status() if command == "status" else self.results.get(command, {}))
        return Execution(done, {"known": "now"})

    def finish(self, command: str, data: dict[str, Any] | None = None, error: str | None = None) -> None:
        done = self.open_[command]
        if error is not None:
            done.set_exception(CommandRefused(error))
        else:
            done.set_result(data or {})

    def status(self) -> dict[str, Any]:
        return {**STATUS, "id": self.id}

    def subscribe(self, listener: Listener, types: frozenset[str] | None) -> Callable[[], None]:
        entry = (listener, types)
        self.listeners.append(entry)
        return lambda: self.listeners.remove(entry) if entry in self.listeners else None

    def emit(self, name: str, **data: Any) -> None:
        for listener, types in tuple(self.listeners):
            if (types is None and name != WIRE) or (types is not None and name in types):
                listener(make_event(name, data))

    def variables(self) -> list[dict[str, Any]]:
        return [{"name": "HeartbeatInterval", "value": "300", "mutability": "ReadWrite"}]

    async def stop(self) -> None:
        self.stopped = True
