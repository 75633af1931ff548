"""The program with hardware on Modbus: a meter over TCP, an EVSE-WB-DIN on an RTU line, real pymodbus servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.evse_din import EvseDin
from tests.support.modbus_servers import Units, rtu_server, sdm, tcp_server
from tests.support.station_process import StationProcess
from tests.support.strict_csms import StrictCsms

CARD = "04A1B2C3"
VERSIONS = ["1.6", "2.0.1"]
REGISTER_WH = 1_234_500

PROFILE = """
station: {{id: CP-1, vendor: Acme, model: Wallbox}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s, doubles: 1}}}}
store: {store}
control: off
evses:
  - id: 1
    max_current: 16A
    phases: 3
    connectors: [{{id: 1, cable: fixed}}]
    hardware: {{{hardware}}}
metering: {{record: 1s}}
variables: {{MeterValueSampleInterval: 1}}
"""


def station(where: Path, csms: StrictCsms, version: str, hardware: str) -> StationProcess:
    path = where / "station.yaml"
    path.write_text(PROFILE.format(url=csms.url, version=version, store=where / "station.db", hardware=hardware))
    return StationProcess(where, str(path), "--control", "stdio")


async def comes(check: Callable[[], Any], timeout_s: float = 10.0) -> None:
    """Wait for something that no line of the program tells."""
    async with asyncio.timeout(timeout_s):
        while not check():
            await asyncio.sleep(0.02)


def faults(version: str, csms: StrictCsms) -> list[str]:
    """What the central system was told of the meter: error codes of 1.6, problem events of 2.x."""
    calls = [message for message in csms.messages if message.direction == "in" and message.kind == "call"]
    if version == "1.6":
        codes = [m.payload["errorCode"] for m in calls if m.action == "StatusNotification"]
        return [code for before, code in zip(["", *codes], codes, strict=False) if code != before]
    events = [event for m in calls if m.action == "NotifyEvent" for event in m.payload["eventData"]]
    return [f"{event['component']['name']} {event['actualValue']}" for event in events]


def meter(port: str, **more: str) -> str:
    options = {"driver": "modbus", "model": "sdm630", "port": f'"{port}"', "poll": "300ms"} | more
    return "meter: {" + ", ".join(f"{key}: {value}" for key, value in options.items()) + "}"


@pytest.mark.parametrize("version", VERSIONS)
def test_energy_comes_from_the_register(tmp_path: Path, version: str) -> None:
    """Begin, samples and end of a transaction are the SDM630's register, and so is the status."""
    units = Units({1: {"input": sdm(REGISTER_WH / 1000)}})

    async def scenario() -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version, meter(server.port)) as cp:
            await cp.do("connect")
            await cp.holds(lambda s: s["evses"][0]["meter_wh"] == REGISTER_WH)
            await cp.do("start_transaction", connector=1, tagId=CARD)
            units[1]["input"].update(sdm((REGISTER_WH + 50) / 1000))
            shown = await cp.holds(lambda s: s["evses"][0]["meter_wh"] == REGISTER_WH + 50)
            assert shown["evses"][0]["power_w"] == 11_000
            await comes(lambda: REGISTER_WH + 50 in csms.transactions[0].readings_wh)
            units[1]["input"].update(sdm((REGISTER_WH + 120) / 1000))
            await cp.do("stop_transaction", connector=1)
            await comes(lambda: csms.transactions[0].ended)
            assert csms.transactions[0].readings_wh[0] == REGISTER_WH
            assert csms.transactions[0].readings_wh[-1] == REGISTER_WH + 120
            csms.assert_clean()
            assert await cp.stop() == 0

    with tcp_server(units) as server:
        asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_meter_that_falls_silent(tmp_path: Path, version: str) -> None:
    """PowerMeterFailure is told, the transaction ends with the last value; the meter comes back: no error."""
    units = Units({1: {"input": sdm(REGISTER_WH / 1000)}})

    async def scenario() -> None:
        hardware = meter(server.port, silent_after="1s")
        async with StrictCsms() as csms, station(tmp_path, csms, version, hardware) as cp:
            await cp.do("connect")
            await cp.do("start_transaction", connector=1, tagId=CARD)
            units[1]["input"].update(sdm((REGISTER_WH + 50) / 1000))
            await cp.holds(lambda s: s["evses"][0]["meter_wh"] == REGISTER_WH + 50)
            server.stop()
            await cp.holds(lambda s: s["evses"][0]["faults"] == ["PowerMeterFailure"])
            shown = (await cp.evse())["state"], (await cp.evse())["meter_wh"]
            assert shown == ("charging", REGISTER_WH + 50)
            await cp.do("stop_transaction", connector=1)
            await comes(lambda: csms.transactions[0].ended)
            assert csms.transactions[0].readings_wh[-1] == REGISTER_WH + 50
            server.start()
            await cp.holds(lambda s: s["evses"][0]["faults"] == [])
            if version == "1.6":
                await comes(lambda: faults(version, csms)[-2:] == ["PowerMeterFailure", "NoError"])
            else:
                await comes(lambda: len([told for told in faults(version, csms) if "true" in told]) == 1)
                await comes(lambda: "false" in faults(version, csms)[-1])
            csms.assert_clean()
            assert await cp.stop() == 0

    with tcp_server(units) as server:
        asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_at_an_evse_din_with_a_meter_on_the_same_line(tmp_path: Path, version: str) -> None:
    """Pilot and relay of the controller, energy of the meter beside it; limit written, unplugged, left safe."""
    board = EvseDin(boot_a=16)
    board.units._units[5] = {"input": sdm(REGISTER_WH / 1000), "holding": {}}

    async def scenario() -> None:
        port = server.port
        hardware = f'pilot: {{driver: evse_din, port: "{port}", unit: 1}}, {meter(port, unit="5", poll="1s")}'
        async with StrictCsms() as csms, station(tmp_path, csms, version, hardware) as cp:
            await cp.do("connect")
            await comes(lambda: (board.registers[1000], board.registers[2000]) == (0, 0))
            await cp.holds(lambda s: s["evses"][0]["meter_wh"] == REGISTER_WH)
            board.plug_in(cable_a=20)
            await cp.holds(lambda s: s["evses"][0]["pilot"] == "B")
            assert (await cp.do("tap", tagId=CARD))["result"] == "USED_TO_START"
            now = await cp.holds(lambda s: s["evses"][0]["state"] == "charging")
            assert (now["evses"][0]["contactor"], now["evses"][0]["pilot"]) == ("closed", "C")
            assert (board.registers[1000], board.closed) == (16, True)
            board.ask(False)  # the car pauses, and goes on
            await cp.holds(lambda s: s["evses"][0]["contactor"] == "open")
            board.ask(True)
            await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed")
            began_s = time.monotonic()
            board.unplug()
            await comes(lambda: csms.transactions[0].ended)
            assert time.monotonic() - began_s < 5
            await comes(lambda: board.registers[1000] == 0)
            assert csms.transactions[0].readings_wh[0] == REGISTER_WH
            await cp.holds(lambda s: s["evses"][0]["status"] == "Available" and s["evses"][0]["faults"] == [])
            csms.assert_clean()
            board.plug_in()
            assert await cp.stop() == 0
            assert (board.registers[1000], board.closed) == (0, False)

    with rtu_server(board.units) as server:
        asyncio.run(scenario())


def test_a_controller_that_fails_or_falls_silent_ends_what_it_can(tmp_path: Path) -> None:
    """State 5 and a lost line become faults; both mend themselves."""
    board = EvseDin()

    async def scenario() -> None:
        hardware = f'pilot: {{driver: evse_din, port: "{server.port}"}}'
        async with StrictCsms() as csms, station(tmp_path, csms, "1.6", hardware) as cp:
            await cp.do("connect")
            board.plug_in()
            await cp.holds(lambda s: s["evses"][0]["pilot"] == "B")
            board.fail(0x20)
            await cp.holds(lambda s: "GroundFailure" in s["evses"][0]["faults"])
            board.fail(0)
            await cp.holds(lambda s: "EVCommunicationError" not in s["evses"][0]["faults"])
            server.stop()
            await cp.holds(lambda s: "PowerSwitchFailure" in s["evses"][0]["faults"])
            server.start()
            await cp.holds(lambda s: s["evses"][0]["faults"] == [])
            assert await cp.stop() == 0

    with rtu_server(board.units) as server:
        asyncio.run(scenario())
