"""A card on a reader starts and stops real sessions: the program, its reader through nfcpy, the embedded CSMS.

The PN532 lives at the far end of a pseudo-terminal in the test's process, so it survives the station's death as a chip
does. The other reader is nfcpy's card over UDP.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from station.csms import EmbeddedCsms
from tests.support.pn532_chip import Chip, TypeA, pn532_line
from tests.support.station_process import StationProcess
from tests.support.udp_card import UdpField, udp_card

CARD = TypeA("04A1B2C3D4E5F6")
GAP_S = 0.3
VERSIONS = ["1.6", "2.0.1"]

PROFILE = """
station: {{id: CP-1, vendor: Acme, model: Wallbox}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s, doubles: 1}}}}
store: {where}/station.db
auth: {{readers: [{{driver: {driver}, device: "{device}", gap: 300ms}}]}}
variables: {{MeterValueSampleInterval: 1}}
"""


class Central:
    """The embedded central system and what it heard."""

    def __init__(self) -> None:
        self.csms = EmbeddedCsms(on_event=self._hear)
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def _hear(self, kind: str, station: str, detail: dict[str, Any]) -> None:
        if kind == "message":
            self.heard.append((detail["action"], detail["payload"]))

    def told(self, action: str, since: int = 0) -> list[dict[str, Any]]:
        return [payload for name, payload in self.heard[since:] if name == action]


@contextlib.asynccontextmanager
async def central() -> AsyncIterator[Central]:
    made = Central()
    await made.csms.start()
    try:
        yield made
    finally:
        await made.csms.stop()


@contextlib.contextmanager
def reader(driver: str) -> Iterator[tuple[Chip | UdpField, str]]:
    """Where cards are put, and the `device` of the profile."""
    if driver == "udp":
        with udp_card() as field:
            yield field, field.address
    else:
        with pn532_line() as (chip, line):
            yield chip, line.path


def station(where: Path, csms: EmbeddedCsms, version: str, driver: str, device: str) -> StationProcess:
    path = where / "CP-1.yaml"
    path.write_text(PROFILE.format(url=csms.base_url, version=version, where=where, driver=driver, device=device))
    return StationProcess(where, str(path), "--control", "stdio")


async def until(check: Any, timeout_s: float = 10.0) -> Any:
    end_s = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < end_s, "it did not come about"
        await asyncio.sleep(0.02)
    return found


async def charge(cp: StationProcess, chip: Chip) -> None:
    """A car comes, and the card on the reader lets it charge."""
    await cp.event("connected")
    await cp.do("plug_in", connector=1)
    chip.put(CARD)
    await cp.holds(lambda status: charging(status["evses"][0]))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("driver", ["pn532", "udp"])
def test_a_card_starts_a_session_and_stops_it_and_a_held_card_does_not(
    tmp_path: Path, driver: str, version: str
) -> None:
    async def scenario() -> None:
        with reader(driver) as (field, device):
            async with central() as middle, station(tmp_path, middle.csms, version, driver, device) as cp:
                await cp.event("connected")
                await cp.do("plug_in", connector=1)
                field.put(CARD)
                await cp.holds(lambda status: charging(status["evses"][0]))
                await asyncio.sleep(4 * GAP_S)
                assert not [event for event in cp.events if event["event"] == "transaction_stopped"]
                assert len([event for event in cp.events if event["event"] == "card"]) == 1
                field.lift()
                await asyncio.sleep(2 * GAP_S)
                field.put(CARD)
                await cp.event("transaction_stopped")
                card = await cp.event("card")
                assert (card["tagId"], card["technology"], card["random"]) == (CARD.uid, "106A", False)
                [transaction] = await until(lambda: middle.csms.stations["CP-1"].transactions)
                await until(lambda: transaction.ended)
                assert (transaction.token, transaction.reason) == (CARD.uid, "Local")
                assert await cp.terminate() == 0
                if isinstance(field, Chip):
                    assert (field.asleep, field.baud, field.field_on) == (True, 115200, False)

    asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_killed_with_the_chip_at_another_speed_it_needs_no_power_cycle(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        with pn532_line() as (chip, line):
            async with central() as middle, station(tmp_path, middle.csms, version, "pn532", line.path) as cp:
                await charge(cp, chip)
                await until(lambda: middle.csms.stations["CP-1"].transactions)
                await cp.kill()
                assert not chip.asleep
                chip.baud = 921600  # as a program with plain nfcpy would have left it
                chip.lift()
                await cp.start()
                await cp.event("connected")
                await until(lambda: chip.baud == 115200)
                [cut] = middle.csms.stations["CP-1"].transactions
                await until(lambda: cut.ended)
                assert cut.reason == "PowerLoss"
                await cp.do("plug_in", connector=1)
                chip.put(CARD)
                await cp.holds(lambda status: charging(status["evses"][0]))
                assert await cp.terminate() == 0
                assert (chip.asleep, chip.baud) == (True, 115200)

    asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unplugged_reader_is_a_fault_while_charging_goes_on_until_it_is_back(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        with pn532_line() as (chip, line):
            async with central() as middle, station(tmp_path, middle.csms, version, "pn532", line.path) as cp:
                await charge(cp, chip)
                chip.lift()
                told = faults(middle, version)
                line.unplug()
                began_s = time.monotonic()
                await until(lambda: len(faults(middle, version)) > len(told), 5.0)
                assert time.monotonic() - began_s < 5
                assert faults(middle, version)[-1]
                evse = await cp.evse()
                assert (evse["state"], evse["faults"]) == ("charging", ["ReaderFailure"])
                energy_wh = evse["transaction"]["energy_wh"]
                chip.baud = 115200
                line.plug_in()
                await until(lambda: not faults(middle, version)[-1], 6.0)
                evse = (await cp.holds(lambda status: status["evses"][0]["transaction"]["energy_wh"] > energy_wh))[
                    "evses"
                ][0]
                assert (evse["state"], evse["faults"]) == ("charging", [])
                await asyncio.sleep(2 * GAP_S)  # nobody saw that the card was lifted before the reader went
                chip.put(CARD)
                await cp.event("transaction_stopped")
                [shown] = (await cp.do("status"))["readers"]
                assert (shown["lost"], shown["losses"], shown["cards"]) == (False, 1, 2)

    asyncio.run(scenario())


def charging(evse: dict[str, Any]) -> bool:
    """With the card's transaction; in 2.0.1 one without a token begins at the plug."""
    transaction = evse["transaction"]
    return evse["state"] == "charging" and transaction is not None and transaction["token"] == CARD.uid


def faults(middle: Central, version: str) -> list[bool]:
    """What the CSMS was told of the reader, in order: True for the fault, False for its end."""
    if version == "1.6":
        told = [entry for entry in middle.told("StatusNotification") if entry["connector_id"] == 1]
        assert all(entry["status"] == "Charging" for entry in told if entry["error_code"] == "ReaderFailure")
        return [entry["error_code"] == "ReaderFailure" for entry in told]
    told = [event for entry in middle.told("NotifyEvent") for event in entry["event_data"]]
    return [event["actual_value"] == "true" for event in told if event["component"]["name"] == "TokenReader"]
