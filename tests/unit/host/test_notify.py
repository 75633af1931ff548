"""What systemd is told, on a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

from station.host.notify import ServiceManager
from tests.support.virtual_loop import run_virtual


def heard(where: Path, seconds: float, more: dict[str, str], sound: Callable[[], bool] | None = None) -> list[str]:
    """What is sent between ready and stopping, so many seconds apart."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(where / "notify"))
        receiver.setblocking(False)

        async def life() -> None:
            environment = {"NOTIFY_SOCKET": str(where / "notify")} | more
            manager = ServiceManager.from_environment(asyncio.get_running_loop(), environment)
            manager.sound = sound or manager.sound
            manager.ready()
            await asyncio.sleep(seconds)
            manager.stopping()
            await asyncio.sleep(seconds)

        run_virtual(life())
        messages = []
        while True:
            try:
                messages.append(receiver.recv(200).decode())
            except BlockingIOError:
                return messages


def test_the_watchdog_is_fed_well_within_half_its_time(tmp_path: Path) -> None:
    messages = heard(tmp_path, 4.1, {"WATCHDOG_USEC": "2000000"})
    assert messages == ["READY=1", *["WATCHDOG=1"] * 6, "STOPPING=1"]


def test_a_station_that_is_not_sound_starves_the_watchdog_until_it_is(tmp_path: Path) -> None:
    asked: list[bool] = []

    def sound() -> bool:
        asked.append(len(asked) not in (1, 2))
        return asked[-1]

    messages = heard(tmp_path, 4.1, {"WATCHDOG_USEC": "2000000"}, sound)
    assert messages == ["READY=1", *["WATCHDOG=1"] * 4, "STOPPING=1"]
    assert asked == [True, False, False, True, True, True]


def test_without_a_watchdog_and_with_somebody_elses(tmp_path: Path) -> None:
    assert heard(tmp_path, 10, {}) == ["READY=1", "STOPPING=1"]
    (tmp_path / "notify").unlink()
    other = {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert heard(tmp_path, 10, other) == ["READY=1", "STOPPING=1"]


def test_nobody_to_tell() -> None:
    async def life(environment: dict[str, str]) -> None:
        manager = ServiceManager.from_environment(asyncio.get_running_loop(), environment)
        manager.ready()
        manager.stopping()

    run_virtual(life({}))
    run_virtual(life({"NOTIFY_SOCKET": "/nonexistent/notify", "WATCHDOG_USEC": "soon"}))
    run_virtual(life({"NOTIFY_SOCKET": "@ocpp-station-nobody", "WATCHDOG_USEC": "0"}))
