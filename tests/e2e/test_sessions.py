"""Charging sessions of the program itself, as a strict central system sees them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.station_process import StationProcess
from tests.support.strict_csms import StrictCsms

CARD = "04A1B2C3"
VERSIONS = ["1.6", "2.0.1"]

PROFILE = """
station: {{id: {id}, vendor: Acme, model: Wallbox}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s, doubles: 1}}}}
store: {store}
control: off
reboot: {{takes: 300ms}}
evses:
  - {{id: 1, max_current: 16A, phases: 3, connectors: [{{id: 1, cable: {cable}}}]}}
metering: {{record: 1s}}
variables: {{MeterValueSampleInterval: 1{more}}}
"""


def profile(where: Path, csms: StrictCsms, version: str, **options: Any) -> str:
    """A profile's path."""
    content = {"id": "CP-1", "store": where / "station.db", "cable": "socket", "more": ""} | options
    path = where / f"{content['id']}.yaml"
    path.write_text(PROFILE.format(url=csms.url, version=version, **content))
    return str(path)


def station(where: Path, csms: StrictCsms, version: str, *flags: str, **options: Any) -> StationProcess:
    return StationProcess(where, profile(where, csms, version, **options), "--control", "stdio", *flags)


async def ended(csms: StrictCsms, count: int = 1) -> None:
    """Wait until so many transactions have ended."""
    async with asyncio.timeout(15):
        while sum(transaction.ended for transaction in csms.transactions) < count:
            await asyncio.sleep(0.02)


async def charge(cp: StationProcess) -> None:
    await cp.do("start_transaction", connector=1, tagId=CARD)


def remote(version: str) -> tuple[str, dict[str, Any]]:
    if version == "1.6":
        return "RemoteStartTransaction", {"connectorId": 1, "idTag": CARD}
    token = {"idToken": CARD, "type": "ISO14443"}
    return "RequestStartTransaction", {"remoteStartId": 7, "evseId": 1, "idToken": token}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_afternoon_of_sessions(tmp_path: Path, version: str) -> None:
    """Plug first, tap first, remote, stopped by card, by cable, by the CSMS; one process, one connection."""

    async def scenario() -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version) as cp:
            assert (await cp.do("connect"))["version"] == version
            assert (await cp.evse())["status"] == "Available"

            await cp.do("plug_in", connector=1)
            tapped = await cp.do("tap", tagId=CARD)
            assert (tapped["result"], tapped["reason"]) == ("USED_TO_START", "Accepted")
            now = await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed")
            assert now["evses"][0]["state"] == "charging"
            assert now["evses"][0]["transaction"]["token"] == CARD
            stopped = await cp.do("tap", tagId=CARD)
            assert stopped["result"] == "USED_TO_STOP"
            await ended(csms, 1)
            await cp.do("unplug", connector=1)
            assert csms.transactions[0].reason == "Local"

            await cp.holds(lambda s: s["evses"][0]["status"] == "Available")
            waiting = await cp.do("tap", tagId=CARD)
            assert waiting["result"] == "ACCEPTED"
            await cp.do("plug_in", connector=1)
            await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed")
            await cp.do("unplug", connector=1)
            await ended(csms, 2)
            assert csms.transactions[1].reason == "EVDisconnected"

            await cp.holds(lambda s: s["evses"][0]["status"] == "Available")
            await cp.do("plug_in", connector=1)
            action, payload = remote(version)
            assert (await csms.call("CP-1", action, payload))["status"] == "Accepted"
            status = await cp.holds(
                lambda s: s["evses"][0]["transaction"] and s["evses"][0]["transaction"]["transactionId"] is not None
            )
            wire_id = status["evses"][0]["transaction"]["transactionId"]
            stop = "RemoteStopTransaction" if version == "1.6" else "RequestStopTransaction"
            assert (await csms.call("CP-1", stop, {"transactionId": wire_id}))["status"] == "Accepted"
            await ended(csms, 3)
            assert csms.transactions[2].reason == "Remote"
            assert await cp.stop() == 0
            csms.assert_clean()
            assert len(csms.transactions) == 3
            assert {t.token for t in csms.transactions} == {CARD}

    asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_what_happened_offline_is_told_later(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version) as cp:
            await cp.do("connect")
            await charge(cp)
            await cp.do("stop_transaction", connector=1)
            await ended(csms)
            await cp.do("go_offline")
            await cp.do("unplug", connector=1)
            await charge(cp)
            await asyncio.sleep(1.2)
            await cp.do("stop_transaction", connector=1)
            status = await cp.do("status")
            assert status["online"] is False
            assert status["queue"] >= 2
            await cp.do("come_online")
            await ended(csms, 2)
            await cp.holds(lambda s: s["queue"] == 0 and s["online"])
            assert await cp.stop() == 0
            csms.assert_clean()
            assert len(csms.requests("BootNotification")) == 1
            if version == "2.0.1":
                assert all(event["offline"] for event in csms.transactions[1].events)

    asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_power_cut_ends_the_transaction(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version) as cp:
            await cp.do("connect")
            await charge(cp)
            await cp.do("power_cycle")
            csms.rules["CP-1"].restarted()
            await ended(csms)
            assert csms.transactions[0].reason == "PowerLoss"
            await cp.do("unplug", connector=1)
            await charge(cp)
            await cp.do("reboot", type="Soft")
            await ended(csms, 2)
            csms.rules["CP-1"].restarted()
            await cp.do("connect")
            assert csms.transactions[1].reason in ("SoftReset", "ImmediateReset")
            assert await cp.stop() == 0
            csms.assert_clean()

    asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_transaction_that_is_resumed_goes_on(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version) as cp:
            await cp.do("connect")
            await charge(cp)
            await cp.do("power_cycle", keepTransactions=True)
            csms.rules["CP-1"].restarted()
            await cp.do("connect")
            await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed")
            await cp.do("tap", tagId=CARD)
            await ended(csms)
            assert await cp.stop() == 0
            csms.assert_clean()
            assert [t.reason for t in csms.transactions] == ["Local"]

    asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_killed_while_charging(tmp_path: Path, version: str) -> None:
    """SIGKILL, and the same store again: one start, one stop, no energy lost or invented."""

    async def scenario() -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, version) as cp:
            await cp.do("connect")
            await charge(cp)
            samples = "MeterValues" if version == "1.6" else "TransactionEvent"
            mark = csms.mark()
            await csms.wait_for(samples, since=mark)
            seen_wh = (await cp.evse())["meter_wh"]
            await cp.kill()
            csms.rules["CP-1"].restarted()
            await cp.start()
            await cp.do("connect")
            await ended(csms)
            assert csms.transactions[0].reason == "PowerLoss"
            assert csms.transactions[0].readings_wh[-1] >= int(seen_wh)  # 1.6 counts whole Wh
            assert (await cp.evse())["meter_wh"] >= seen_wh
            assert await cp.stop() == 0
            csms.assert_clean()
            assert len(csms.transactions) == 1

    asyncio.run(scenario())


def test_an_ordered_stop_ends_what_runs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms, station(tmp_path, csms, "2.0.1") as cp:
            await cp.do("connect")
            await charge(cp)
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            assert await cp.terminate() == 0
            assert loop.time() - began_s < 5
            csms.assert_clean()
            assert [t.reason for t in csms.transactions] == ["Reboot"]
            assert not [line for line in cp.errors if "Traceback" in line]

    asyncio.run(scenario())


def test_the_stores_of_two_stations(tmp_path: Path) -> None:
    """Two stations side by side; a third on a store in use says so and ends; its owner does not mind."""

    async def scenario() -> None:
        async with (
            StrictCsms() as csms,
            station(tmp_path, csms, "1.6") as one,
            station(tmp_path, csms, "2.0.1", id="CP-2", store=tmp_path / "two.db", cable="fixed") as two,
        ):
            await asyncio.gather(one.do("connect"), two.do("connect"))
            assert csms.online("CP-1") and csms.online("CP-2")
            async with station(tmp_path, csms, "1.6", id="CP-3") as third:
                assert await third.ended() == 1
                said = "\n".join(third.errors)
                assert "station.db" in said and "in use" in said, said
                assert "Traceback" not in said
            await asyncio.gather(charge(one), charge(two))
            await asyncio.gather(one.do("unplug", connector=1), two.do("unplug", connector=1))
            await ended(csms, 2)
            assert await asyncio.gather(one.stop(), two.stop()) == [0, 0]
            csms.assert_clean()
            assert sorted(csms.rules) == ["CP-1", "CP-2"]

    asyncio.run(scenario())
