"""Cards on serial readers charge a car: the program, pyserial on pseudo-terminals, the embedded CSMS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.doubles.reader_serial import rdm6300
from tests.support.reader_desk import charging, count, desk, until
from tests.support.serial_line import SerialLine, serial_line

EM_CARD = "0600123456"
LINE_CARD = "CARD-77"
FRAMES = {"rdm6300": rdm6300(EM_CARD), "line": f"{LINE_CARD}\r\n".encode()}
TOKENS = {"rdm6300": EM_CARD, "line": LINE_CARD}
GAP_S = 0.3
VERSIONS = ["1.6", "2.0.1"]


def reader(line: SerialLine, kind: str, more: str = "") -> str:
    """Its line in the profile."""
    return f"driver: serial, port: {line.path}, gap: 300ms, format: {kind}{more}"


async def hold(line: SerialLine, frame: bytes, seconds: float) -> None:
    """As an RDM6300 repeats the frame of a card that lies there."""
    for _ in range(round(seconds / 0.1)):
        line.write(frame)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["rdm6300", "line"])
def test_a_card_starts_a_session_and_stops_it(tmp_path: Path, kind: str, version: str) -> None:
    async def scenario(line: SerialLine) -> None:
        async with desk(tmp_path, version, reader(line, kind)) as rig:
            cp = rig.cp
            await cp.do("plug_in", connector=1)
            line.write(b"\xff\x02noise")
            line.write(b"\r")
            await hold(line, FRAMES[kind], 0.1 if kind == "line" else 1.0)
            await cp.holds(lambda status: charging(status["evses"][0]))
            card = await cp.event("card", lambda seen: seen["tagId"] == TOKENS[kind])
            assert (card["technology"], card["random"]) == ("EM4100" if kind == "rdm6300" else "", False)
            assert count(cp, "transaction_stopped") == 0, "a card that is held stops nothing"
            await asyncio.sleep(2 * GAP_S)
            line.write(FRAMES[kind])
            await cp.event("transaction_stopped")
            await until(lambda: rig.transactions and rig.transactions[0].ended, "the end is told")
            assert [(one.token, one.reason) for one in rig.transactions] == [(TOKENS[kind], "Local")]
            assert await cp.terminate() == 0

    with serial_line() as line:
        asyncio.run(scenario(line))


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unplugged_line_is_a_fault_of_its_evses_and_charging_goes_on(tmp_path: Path, version: str) -> None:
    async def scenario(line: SerialLine) -> None:
        async with desk(
            tmp_path, version, f"driver: serial, port: {line.path}, gap: 300ms, format: rdm6300, evses: [1]"
        ) as rig:
            cp = rig.cp
            await cp.do("plug_in", connector=1)
            line.write(FRAMES["rdm6300"])
            await cp.holds(lambda status: charging(status["evses"][0]))

            await asyncio.sleep(2 * GAP_S)  # a card that lies there while the reader is gone counts once
            line.unplug()
            status = await cp.holds(lambda status: "ReaderFailure" in status["evses"][0]["faults"])
            assert charging(status["evses"][0]) and status["evses"][1]["faults"] == []
            await until(lambda: (1, True) in rig.failures(version), "the central system knows")

            line.plug_in()
            status = await cp.holds(lambda status: status["evses"][0]["faults"] == [])
            assert charging(status["evses"][0])
            await until(lambda: rig.failures(version)[-1] == (1, False), "the central system knows that it is back")
            line.write(FRAMES["rdm6300"])
            await cp.event("transaction_stopped")
            assert {evse for evse, failed in rig.failures(version) if failed} == {1}

    with serial_line() as line:
        asyncio.run(scenario(line))


@pytest.mark.parametrize("version", VERSIONS)
def test_two_readers_at_two_evses(tmp_path: Path, version: str) -> None:
    async def scenario(first: SerialLine, second: SerialLine) -> None:
        readers = (
            reader(first, "rdm6300", ", evses: [1], uid: {format: decimal, bytes: 4, length: 10}"),
            reader(second, "line", ", evses: [2]"),
        )
        async with desk(tmp_path, version, *readers) as rig:
            cp, token = rig.cp, "0001193046"
            await cp.do("plug_in", connector=1)
            await cp.do("plug_in", connector=2)
            second.write(FRAMES["line"])
            status = await cp.holds(lambda status: charging(status["evses"][1]))
            assert not charging(status["evses"][0])
            first.write(FRAMES["rdm6300"])
            status = await cp.holds(lambda status: charging(status["evses"][0]))
            assert [evse["transaction"]["token"] for evse in status["evses"]] == [token, LINE_CARD]

            await asyncio.sleep(2 * GAP_S)
            first.write(FRAMES["rdm6300"])
            stopped = await cp.event("transaction_stopped")
            assert stopped["connector"] == 1
            assert charging(await cp.evse(1))
            second.write(FRAMES["line"])
            await cp.event("transaction_stopped", lambda ended: ended["connector"] == 2)
            assert await cp.terminate() == 0

    with serial_line(name="first") as first, serial_line(name="second") as second:
        asyncio.run(scenario(first, second))


def test_a_station_starts_without_its_reader_and_finds_it_later(tmp_path: Path) -> None:
    async def scenario(line: SerialLine) -> None:
        line.unplug()
        async with desk(tmp_path, "1.6", reader(line, "line")) as rig:
            cp = rig.cp
            await cp.holds(lambda status: all("ReaderFailure" in evse["faults"] for evse in status["evses"]))
            line.plug_in()
            await cp.holds(lambda status: all(evse["faults"] == [] for evse in status["evses"]))
            await cp.do("plug_in", connector=2)
            line.write(FRAMES["line"])
            await cp.holds(lambda status: charging(status["evses"][1]))
            assert await cp.terminate() == 0

    with serial_line() as line:
        asyncio.run(scenario(line))
