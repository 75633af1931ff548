"""A station process with card readers, its embedded central system, and what that heard. For end-to-end tests."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from station.csms import EmbeddedCsms
from tests.support.station_process import StationProcess

PROFILE = """
station: {{id: CP-1, vendor: Acme, model: Wallbox}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s, doubles: 1}}}}
store: {where}/station.db
evses: [{{id: 1}}, {{id: 2}}]
auth: {{readers: [{readers}]}}
variables: {{MeterValueSampleInterval: 1}}
"""


class Desk:
    """A station with its readers, and what the central system heard."""

    def __init__(self, cp: StationProcess, csms: EmbeddedCsms, heard: list[tuple[str, dict[str, Any]]]) -> None:
        self.cp = cp
        self._csms = csms
        self._heard = heard

    def told(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self._heard if name == action]

    @property
    def transactions(self) -> list[Any]:
        return list(self._csms.stations["CP-1"].transactions)

    def failures(self, version: str) -> list[tuple[int, bool]]:
        """Connector and whether its reader fails, as the central system was told, in order."""
        if version == "1.6":
            statuses = self.told("StatusNotification")
            return [(one["connector_id"], one["error_code"] == "ReaderFailure") for one in statuses]
        events = [data for payload in self.told("NotifyEvent") for data in payload["event_data"]]
        return [
            (data["component"].get("evse", {}).get("id", 0), data["actual_value"] == "true")
            for data in events
            if data["component"]["name"] == "TokenReader"
        ]


@contextlib.asynccontextmanager
async def desk(where: Path, version: str, *readers: str) -> AsyncIterator[Desk]:
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(kind: str, station: str, detail: dict[str, Any]) -> None:
        if kind == "message":
            heard.append((detail["action"], detail["payload"]))

    csms = EmbeddedCsms(on_event=hear)
    await csms.start()
    try:
        path = where / "CP-1.yaml"
        listed = ", ".join(f"{{{reader}}}" for reader in readers)
        path.write_text(PROFILE.format(url=csms.base_url, version=version, where=where, readers=listed))
        async with StationProcess(where, str(path), "--control", "stdio") as cp:
            await cp.event("connected")
            yield Desk(cp, csms, heard)
    finally:
        await csms.stop()


async def until(check: Callable[[], Any], what: str, timeout_s: float = 10.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < end_s, f"it did not come about: {what}"
        await asyncio.sleep(0.02)


def charging(evse: dict[str, Any]) -> bool:
    """With a card; in 2.0.1 a transaction without one begins at the plug."""
    transaction = evse["transaction"]
    return evse["contactor"] == "closed" and transaction is not None and transaction["token"] is not None


def count(cp: StationProcess, event: str) -> int:
    return sum(made["event"] == event for made in cp.events)
