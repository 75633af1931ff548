"""`Host(profile, drivers=…)`: devices that programs bring, with calls that block, hang or fail, in real time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.api import ContactorState, DriverLost, PilotState, Reading
from station.config import from_mapping
from station.host.execution import CommandRefused
from station.host.host import Host

PROFILE = {
    "station": {"id": "CP-1"},
    "csms": "none",
    "auth": {"local": {"allow": ["04A1B2C3"]}},
    "store": "memory",
    "control": "off",
}


class Contactor:
    """Blocks a little with each call, and notes who calls."""

    def __init__(self) -> None:
        self.on = False
        self.welded = False
        self.broken: Exception | None = None
        self.orders: list[bool] = []
        self.threads: set[int] = set()
        self.released = 0

    def set_power(self, on: bool) -> None:
        self.threads.add(threading.get_ident())
        time.sleep(0.01)
        self.orders.append(on)
        if self.broken is not None:
            raise self.broken
        self.on = on or self.welded

    def read(self) -> ContactorState:
        self.threads.add(threading.get_ident())
        if self.broken is not None:
            raise self.broken
        return ContactorState(self.orders[-1] if self.orders else False, self.on)

    def release(self) -> None:
        self.on = False
        self.released += 1


class Meter:
    """Answers, fails, or hangs until it is let go."""

    def __init__(self) -> None:
        self.energy_wh = 1000.0
        self.broken: Exception | None = None
        self.hangs = threading.Event()
        self.hangs.set()
        self.released = 0

    def read(self) -> Reading:
        self.hangs.wait(20)
        if self.broken is not None:
            raise self.broken
        self.energy_wh += 1.0
        return Reading(energy_wh=self.energy_wh, power_w=3600.0)

    def release(self) -> None:
        self.released += 1


class Pilot:
    """An instant one: read on the loop."""

    instant = True

    def __init__(self) -> None:
        self.state = PilotState("A", None, False)
        self.broken: Exception | None = None
        self.offered: list[float | None] = []

    def read(self) -> PilotState:
        if self.broken is not None:
            raise self.broken
        return self.state

    def offer(self, current_a: float | None) -> None:
        self.offered.append(current_a)

    def release(self) -> None:
        pass


def run(drivers: dict[tuple[int, str], Any], scenario: Callable[[Host], Any]) -> None:
    async def main() -> None:
        host = Host(from_mapping(PROFILE, Path("/nonexistent"), env={}).profile, drivers)
        host.start()
        try:
            await scenario(host)
        finally:
            await host.stop()

    asyncio.run(main())


async def until(condition: Callable[[], Any], timeout_s: float = 6.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def evse(host: Host) -> dict[str, Any]:
    entry: dict[str, Any] = host.status()["evses"][0]
    return entry


async def charge(host: Host) -> None:
    await host.execute("plug_in", {}).done
    await host.execute("tap", {"tagId": "04A1B2C3"}).done
    await until(lambda: evse(host)["contactor"] == "closed")


def test_a_contactor_that_blocks() -> None:
    contactor = Contactor()

    async def scenario(host: Host) -> None:
        with pytest.raises(CommandRefused, match="real hardware"):
            host.execute("contactor_fault", {"kind": "weld"})
        await charge(host)
        assert contactor.on
        await host.execute("unplug", {}).done
        await until(lambda: not contactor.on)
        assert evse(host)["transaction"] is None
        assert threading.get_ident() not in contactor.threads

    run({(1, "contactor"): contactor}, scenario)
    assert contactor.released == 1
    assert not contactor.on


def test_a_meter_that_hangs_holds_up_no_opening() -> None:
    contactor, meter = Contactor(), Meter()

    async def scenario(host: Host) -> None:
        await charge(host)
        meter.hangs.clear()
        await asyncio.sleep(1.2)  # its next poll begins, and does not end
        began_s = time.monotonic()
        await host.execute("unplug", {}).done
        await until(lambda: not contactor.on, 1.0)
        assert time.monotonic() - began_s < 1.0
        await until(lambda: evse(host)["transaction"] is None)

    began_s = time.monotonic()
    run({(1, "contactor"): contactor, (1, "meter"): meter}, scenario)
    assert time.monotonic() - began_s < 12
    meter.hangs.set()


def test_devices_that_fail_and_come_back() -> None:
    contactor, meter = Contactor(), Meter()
    told: list[dict[str, Any]] = []

    async def scenario(host: Host) -> None:
        host.subscribe(told.append, frozenset({"connector_status"}))
        await until(lambda: evse(host)["meter_wh"])
        # What a driver raises beyond its contract ends no thread either.
        for error in (DriverLost("gone"), ValueError("a mistake of the driver")):
            contactor.broken = meter.broken = error
            await until(lambda: {"PowerSwitchFailure", "PowerMeterFailure"} <= set(evse(host)["faults"]))
            assert evse(host)["status"] in ("Faulted", "")
            contactor.broken = meter.broken = None
            await until(lambda: not evse(host)["faults"])
        await asyncio.sleep(0.5)
        assert len([event for event in told if event["data"]["status"] == "Faulted"]) <= 4
        await charge(host)

    run({(1, "contactor"): contactor, (1, "meter"): meter}, scenario)
    assert meter.released == 1


def test_a_contactor_that_did_not_open_is_told_again() -> None:
    contactor = Contactor()

    async def scenario(host: Host) -> None:
        await charge(host)
        contactor.broken = DriverLost("the bus is busy")
        await host.execute("unplug", {}).done
        await asyncio.sleep(0.3)
        assert contactor.on
        contactor.broken = None
        await until(lambda: not contactor.on, 2.0)

    run({(1, "contactor"): contactor}, scenario)


def test_an_instant_pilot() -> None:
    pilot = Pilot()

    async def scenario(host: Host) -> None:
        with pytest.raises(CommandRefused, match="real hardware"):
            host.execute("plug_in", {})
        pilot.state = PilotState("B", 20.0, True)
        await until(lambda: evse(host)["plugged"])
        await host.execute("tap", {"tagId": "04A1B2C3"}).done
        await until(lambda: pilot.offered and pilot.offered[-1])
        assert pilot.offered[-1] == 16.0
        pilot.state = PilotState("C", 20.0, True)
        await until(lambda: evse(host)["contactor"] == "closed")
        pilot.broken = DriverLost("gone")
        await until(lambda: evse(host)["contactor"] == "open")
        pilot.broken = None
        await until(lambda: not evse(host)["faults"])

    run({(1, "pilot"): pilot}, scenario)
