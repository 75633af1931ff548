"""A station that drives an OpenEVSE controller over a serial line, as its CSMS and its car see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from tests.support.openevse import FakeOpenEvse
from tests.support.serial_line import SerialLine, serial_line
from tests.support.station_process import StationProcess
from tests.support.strict_csms import StrictCsms

CARD = "04A1B2C3"
VERSIONS = ["1.6", "2.0.1"]

PROFILE = """
station: {{id: CP-1, vendor: Acme, model: Wallbox}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s, doubles: 1}}}}
store: {where}/station.db
control: off
evses:
  - id: 1
    max_current: 16A
    connectors: [{{cable: fixed}}]
    hardware: {{pilot: {{driver: openevse, port: {port}, heartbeat: 2s}}}}
"""


def station(where: Path, csms: StrictCsms, version: str, line: SerialLine) -> StationProcess:
    path = where / "station.yaml"
    path.write_text(PROFILE.format(url=csms.url, version=version, where=where, port=line.path))
    return StationProcess(where, str(path), "--control", "stdio")


async def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def charge(cp: StationProcess, box: FakeOpenEvse) -> None:
    """A car comes, and the card lets it charge."""
    box.plug_in()
    await cp.holds(lambda s: s["evses"][0]["plugged"])
    await cp.do("tap", tagId=CARD)
    await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed")


def play(where: Path, box: FakeOpenEvse, scenario: Callable[[SerialLine], Coroutine[None, None, None]]) -> None:
    """Run it with the controller at a line."""
    with serial_line(where) as line:
        line.serve(box.respond)
        asyncio.run(scenario(line))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_on_a_real_pilot(tmp_path: Path, version: str) -> None:
    """The car comes, the card starts, the car pauses and goes on, the cable ends it."""
    box = FakeOpenEvse()

    async def scenario(line: SerialLine) -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version, line) as cp:
            await cp.do("connect")
            box.plug_in()
            await cp.holds(lambda s: s["evses"][0]["plugged"])
            assert not box.offers
            tapped = await cp.do("tap", tagId=CARD)
            assert tapped["result"] == "USED_TO_START"
            await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed" and s["evses"][0]["state"] == "charging")
            assert box.relay_closed
            assert box.limit_a == 16
            box.ask(False)
            await cp.holds(lambda s: s["evses"][0]["pilot"] == "B" and s["evses"][0]["contactor"] == "open")
            assert box.offers
            box.ask(True)
            await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed")
            assert "real hardware" in await cp.refused("plug_in", connector=1)
            box.unplug()
            await until(lambda: any(transaction.ended for transaction in csms.transactions))
            assert csms.transactions[0].reason == "EVDisconnected"
            assert not box.offers

    play(tmp_path, box, scenario)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_trip_of_the_controller_ends_the_session_and_clears(tmp_path: Path, version: str) -> None:
    box = FakeOpenEvse()

    async def scenario(line: SerialLine) -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version, line) as cp:
            await cp.do("connect")
            await charge(cp, box)
            box.fault = 0x06
            await cp.holds(lambda s: s["evses"][0]["faults"] == ["GroundFailure"])
            await until(lambda: any(transaction.ended for transaction in csms.transactions))
            assert (await cp.evse())["status"] == "Faulted"
            box.fault = None
            await cp.holds(lambda s: not s["evses"][0]["faults"] and s["evses"][0]["status"] != "Faulted")
            assert not box.offers

    play(tmp_path, box, scenario)


def test_a_line_that_is_pulled_is_a_fault_and_opened_again(tmp_path: Path) -> None:
    box = FakeOpenEvse()

    async def scenario(line: SerialLine) -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, "2.0.1", line) as cp:
            await cp.do("connect")
            await cp.holds(lambda s: s["evses"][0]["status"] == "Available")
            line.unplug()
            await cp.holds(lambda s: s["evses"][0]["status"] == "Faulted")
            line.plug_in()
            await cp.holds(lambda s: s["evses"][0]["status"] == "Available")
            await charge(cp, box)

    play(tmp_path, box, scenario)


def test_a_stopped_and_a_killed_station(tmp_path: Path) -> None:
    """SIGTERM puts the controller to sleep; after SIGKILL its supervision counts, and the next start sleeps first."""
    box = FakeOpenEvse()

    async def scenario(line: SerialLine) -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, "1.6", line) as cp:
            await cp.do("connect")
            await charge(cp, box)
            await cp.kill()
            assert box.offers
            assert box.supervision == (2, 6)
            await cp.start()
            await until(lambda: not box.relay_closed)
            await until(lambda: any(transaction.ended for transaction in csms.transactions))
            assert csms.transactions[0].reason == "PowerLoss"
            assert await cp.terminate() == 0
            assert box.mode == "asleep"

    play(tmp_path, box, scenario)
