"""`station tap` as a program: real driver code on pseudo-terminals and over UDP, a running station, signals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from station.cli.signals import ordered_ends
from tests.support.awaited import awaited
from tests.support.pn532_chip import Chip, TypeA, pn532_line
from tests.support.serial_line import SerialLine, serial_line
from tests.support.station_process import ROOT, StationProcess, environment
from tests.support.udp_card import udp_card

CARD = TypeA("04A1B2C3D4E5F6")
EM4100 = b"\x020F00A1B2C3DF\x03"


class Tap:
    """A running `station tap --json …`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        assert process.stdout is not None and process.stderr is not None
        self.stdout, self.stderr = process.stdout, process.stderr

    async def ready(self, readers: int = 1) -> None:
        """It holds so many readers."""
        said = ""
        async with asyncio.timeout(15):
            while said.count("hold a card") < readers:
                line = await self.stderr.readline()
                assert line, said
                said += line.decode()

    async def seen(self) -> dict[str, Any]:
        """The next card."""
        line = await asyncio.wait_for(self.stdout.readline(), 15)
        assert line, await self.stderr.read()
        data: dict[str, Any] = json.loads(line)
        return data

    async def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Wait for the end, after a signal; exit code, and what it still said."""
        if number is not None:
            self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), 15)
        return code, (await self.stderr.read()).decode()


@contextlib.asynccontextmanager
async def tap(where: Path, *arguments: str) -> AsyncIterator[Tap]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "station", "tap", "--json", *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=environment(where), cwd=ROOT,
    )  # fmt: skip
    try:
        yield Tap(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def line() -> Iterator[SerialLine]:
    with serial_line() as made:
        yield made


@awaited
async def test_a_card_through_nfcpy_starts_a_session_at_a_running_station(tmp_path: Path) -> None:
    async with StationProcess(tmp_path, "--id", "DESK", "--control", "stdio", "--control", "127.0.0.1:0") as station:
        await station.until(lambda: station.plain or station.events or station.errors)
        await _find_control(tmp_path)
        with udp_card() as field:
            field.put(CARD)
            async with tap(tmp_path, "--reader", field.address, "--to", "DESK", "--explain") as desk:
                seen = await desk.seen()
                code, _ = await desk.end()
    assert (code, seen["tagId"], seen["random"]) == (0, "04A1B2C3D4E5F6", False)
    assert seen["answer"]["ok"] is True, seen
    assert seen["answer"]["data"]["result"] in ("ACCEPTED", "USED_TO_START")
    assert seen["answer"]["data"]["trace"]
    assert seen["took_ms"] > 0
    assert any(form["token"] == "F6E5D4C3B2A104" for form in seen["forms"])


async def _find_control(where: Path) -> None:
    """The station can be found from now on."""
    file = where / "run" / "ocpp-station" / "DESK.json"
    async with asyncio.timeout(15):
        while not file.exists():
            await asyncio.sleep(0.05)


@awaited
async def test_a_held_card_counts_once_and_ctrl_c_is_an_ordered_end(tmp_path: Path, line: SerialLine) -> None:
    async with tap(tmp_path, "--reader", f"serial:{line.path}:rdm6300,gap=0.2s", "--watch") as desk:
        await desk.ready()
        for _ in range(5):
            line.write(EM4100)
            await asyncio.sleep(0.05)
        first = await desk.seen()
        await asyncio.sleep(0.6)
        line.write(EM4100)
        second = await desk.seen()
        code, _ = await desk.end(signal.SIGINT)
    assert (first["tagId"], first["technology"]) == ("0F00A1B2C3", "EM4100")
    assert second["tagId"] == first["tagId"]
    assert code == 0
    assert await desk.stdout.read() == b""


@pytest.mark.parametrize("number", ordered_ends())
@awaited
async def test_a_signal_leaves_a_pn532_asleep_at_its_first_speed(tmp_path: Path, number: signal.Signals) -> None:
    chip = Chip(baud=921_600)
    with pn532_line(chip) as (_, wire):
        chip.put(CARD)
        async with tap(tmp_path, "--reader", wire.path, "--watch") as desk:
            seen = await desk.seen()
            code, said = await desk.end(number)
    assert (seen["tagId"], code) == ("04A1B2C3D4E5F6", 0)
    assert "was left at 921600 baud" in said
    assert (chip.baud, chip.asleep) == (115_200, True)


@awaited
async def test_two_readers_side_by_side(tmp_path: Path, line: SerialLine) -> None:
    with udp_card() as field:
        readers = ("--reader", field.address, "--reader", f"serial:{line.path}:rdm6300")
        async with tap(tmp_path, *readers, "--watch") as desk:
            await desk.ready(2)
            field.put(CARD)
            line.write(EM4100)
            seen = {(await desk.seen())["tagId"], (await desk.seen())["tagId"]}
            code, _ = await desk.end(signal.SIGTERM)
    assert (seen, code) == ({"04A1B2C3D4E5F6", "0F00A1B2C3"}, 0)


@awaited
async def test_a_reader_that_is_pulled_comes_back(tmp_path: Path, line: SerialLine) -> None:
    async with tap(tmp_path, "--reader", f"serial:{line.path}:rdm6300", "--watch") as desk:
        await desk.ready()
        line.write(EM4100)
        await desk.seen()
        line.unplug()
        async with asyncio.timeout(15):
            while b"try:" not in await desk.stderr.readline():
                pass
        line.plug_in()
        async with asyncio.timeout(15):
            while b"is back" not in await desk.stderr.readline():
                pass
        # A card that lay there all the time would be no new presentation.
        await asyncio.sleep(0.8)
        line.write(EM4100)
        assert (await desk.seen())["tagId"] == "0F00A1B2C3"
        code, _ = await desk.end(signal.SIGTERM)
    assert code == 0
