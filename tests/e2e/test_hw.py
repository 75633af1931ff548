"""`station hw` as a program: a signal opens the contactor, and a station that runs is left alone."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from station.cli.signals import ordered_ends
from tests.support.awaited import awaited
from tests.support.station_process import ROOT, StationProcess, environment, verb

PROFILE = """
station: {id: HW-E2E}
csms: none
store: STORE
auth: {local: {allow: [04A1B2C3]}}
evses: [{hardware: {contactor: {driver: gpio, pin: 17, factory: mock}}}]
"""


def write(where: Path) -> str:
    path = where / "station.yaml"
    path.write_text(PROFILE.replace("STORE", str(where / "s.db")))
    return str(path)


@pytest.mark.parametrize("number", ordered_ends())
@awaited
async def test_a_signal_opens_the_contactor(tmp_path: Path, number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "station", "hw", "relay", write(tmp_path), "--close", "10s", "--yes", "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment(tmp_path), cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    closed = json.loads(await asyncio.wait_for(process.stdout.readline(), 15))
    process.send_signal(number)
    rest, _ = await asyncio.wait_for(process.communicate(), 5)
    assert closed["event"] == "closed"
    assert json.loads(rest.splitlines()[-1])["event"] == "opened"
    assert process.returncode == 0


@awaited
async def test_who_signals_again_and_again_does_not_leave_it_closed(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "station", "hw", "relay", write(tmp_path), "--close", "10s", "--yes", "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment(tmp_path), cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 15)
    # What the end of a session is: the terminal goes, and whoever tidies up insists.
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGTERM):
        process.send_signal(number)
    rest, _ = await asyncio.wait_for(process.communicate(), 5)
    assert json.loads(rest.splitlines()[-1])["event"] == "opened"
    assert process.returncode == 0


@awaited
async def test_parts_of_a_running_station_are_not_touched(tmp_path: Path) -> None:
    profile = write(tmp_path)
    async with StationProcess(tmp_path, profile, "--control", "stdio") as station:
        await station.do("status")
        relay = await verb(tmp_path, "hw", "relay", profile)
        doctor = await verb(tmp_path, "doctor", profile)
        assert await station.stop() == 0
    assert (relay.returncode, "runs" in relay.stderr) == (5, True), relay
    assert "its parts are in use" in doctor.stdout, doctor
    free = await verb(tmp_path, "hw", "relay", profile, "--json")
    assert json.loads(free.stdout)["closed"] is False
