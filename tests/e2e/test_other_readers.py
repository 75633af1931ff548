"""Cards on the other kinds of reader charge a car: replay, the control face, PC/SC, a keyboard; both versions."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from station.config import from_mapping
from station.csms import EmbeddedCsms
from station.host.host import Host
from tests.support import virtual_card
from tests.support.doubles.reader_hid import PATH, FakeKeyboard, keyboards
from tests.support.reader_desk import charging, desk, until
from tests.support.virtual_card import VirtualCard

CARD = "04A1B2C3"
VERSIONS = ["1.6", "2.0.1"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recording_is_played(tmp_path: Path, version: str) -> None:
    """The same card every 1.5 s: whenever the station is ready, one begins a session and the next one ends it."""

    async def scenario() -> None:
        file = tmp_path / "cards.jsonl"
        file.write_text(
            "".join(f'{{"at": "{1.5 * turn}s", "for": "0.2s", "uid": "{CARD}"}}\n' for turn in range(1, 20))
        )
        async with desk(tmp_path, version, f"driver: replay, file: {file}") as rig:
            await rig.cp.do("plug_in", connector=1)
            await rig.cp.event("transaction_stopped")
            await until(lambda: rig.transactions and rig.transactions[0].ended, "the end is told")
            assert (rig.transactions[0].token, rig.transactions[0].reason) == (CARD, "Local")

    asyncio.run(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_control_face_is_a_reader(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        async with desk(tmp_path, version, "driver: http, evses: [2]") as rig:
            cp = rig.cp
            await cp.do("plug_in", connector=2)
            assert (await cp.do("tap", tagId=CARD, connector=2))["result"] == "USED_TO_START"
            await cp.holds(lambda status: charging(status["evses"][1]))
            assert (await cp.do("tap", tagId=CARD, connector=2))["result"] == "USED_TO_STOP"
            await cp.do("reader_fault", connector=2, kind="lost")
            await cp.holds(lambda status: [evse["faults"] for evse in status["evses"]] == [[], ["ReaderFailure"]])
            await cp.do("reader_fault", connector=2, kind="none")
            await cp.holds(lambda status: [evse["faults"] for evse in status["evses"]] == [[], []])

    asyncio.run(scenario())


@pytest.mark.skipif(not virtual_card.available(), reason="needs pcscd, vsmartcard-vpcd and root")
def test_a_card_on_a_pcsc_reader_and_the_service_that_ends_meanwhile(tmp_path: Path) -> None:
    pytest.importorskip("smartcard.scard")

    async def scenario(service: virtual_card.Service) -> None:
        for version in VERSIONS:
            where = tmp_path / version
            where.mkdir()
            async with desk(where, version, "driver: pcsc, reader: Virtual PICC 00 00, gap: 300ms") as rig:
                cp = rig.cp
                await cp.do("plug_in", connector=1)
                card = VirtualCard(service.port, CARD)
                await cp.holds(lambda status: charging(status["evses"][0]))
                card.take_away()
                service.stop()
                status = await cp.holds(lambda status: "ReaderFailure" in status["evses"][0]["faults"])
                assert charging(status["evses"][0])
                service.start()
                await cp.holds(lambda status: status["evses"][0]["faults"] == [])
                card = VirtualCard(service.port, CARD)
                await cp.event("transaction_stopped")
                card.take_away()
                await until(lambda: rig.transactions and rig.transactions[0].ended, "the end is told")
                assert (rig.transactions[0].token, rig.transactions[0].reason) == (CARD, "Local")

    with virtual_card.service() as running:
        asyncio.run(scenario(running))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_card_that_is_typed(tmp_path: Path, version: str) -> None:
    """In this process, where the library can be given a keyboard; the rest is the host as it runs."""

    async def scenario(keyboard: FakeKeyboard) -> None:
        csms = EmbeddedCsms()
        await csms.start()
        profile = {
            "station": {"id": "CP-1"},
            "csms": {"url": csms.base_url, "versions": [f"ocpp{version}"]},
            "auth": {"readers": [{"driver": "hid", "device": PATH, "gap": "200ms"}]},
            "store": "memory",
            "control": "off",
        }
        host = Host(from_mapping(profile, tmp_path, env={}).profile)
        host.start()
        try:
            await host.execute("connect", {}).done
            await host.execute("plug_in", {"connector": 1}).done
            keyboard.type("0012345678\n")
            await until(lambda: charging(host.status()["evses"][0]), "it charges")
            assert host.status()["evses"][0]["transaction"]["token"] == "0012345678"
            await asyncio.sleep(0.4)
            keyboard.type("0012345678\n")
            await until(lambda: [one.ended for one in csms.stations["CP-1"].transactions] == [True], "it has ended")
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(host.stop(), 10)
            await csms.stop()

    keyboard = FakeKeyboard()
    with keyboards(event7=keyboard):
        asyncio.run(scenario(keyboard))
        assert keyboard.opened == 0
