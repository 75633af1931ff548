"""Every profile that is shipped is run: a car comes, a card is shown, the contactor closes; its parts are counterparts.

The host as it runs, in this process, where pins and USB can be simulated; lines are pseudo-terminals, the central
system is the embedded one. Of a profile only names of devices and the CSMS's address are replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from station.config import Overrides, load
from station.csms import EmbeddedCsms
from station.host.host import Host
from station.host.parts import slots_of
from station.store import MemoryStore
from tests.support import gpio_physics
from tests.support.acr122u_usb import acr122u
from tests.support.doubles.reader_serial import rdm6300
from tests.support.evse_din import EvseDin
from tests.support.modbus_servers import Units, rtu_server, sdm
from tests.support.openevse import FakeOpenEvse
from tests.support.pn532_chip import TypeA, pn532_line
from tests.support.reader_desk import charging, until
from tests.support.serial_line import serial_line

PROFILES = Path(__file__).parents[2] / "profiles" / "stations"
CARD, EM_CARD = "04A1B2C3D4E5F6", "0F00A1B2C3"

Act = Callable[[Host], Any]


@dataclass
class Site:
    """What hangs on a profile: what stands in it for which text, how a car and a card come, what they did."""

    instead: dict[str, str]
    plug_in: Act
    unplug: Act
    show: Act
    closed: Callable[[], bool] = lambda: True


def _plug(host: Host) -> Any:
    return host.execute("plug_in", {"connector": 1}).done


def _unplug(host: Host) -> Any:
    return host.execute("unplug", {"connector": 1}).done


@contextlib.contextmanager
def simulated() -> Iterator[Site]:
    yield Site({}, _plug, _unplug, lambda host: host.readers.simulated[0].show(CARD))


@contextlib.contextmanager
def desk() -> Iterator[Site]:
    with acr122u() as reader:
        yield Site({}, _plug, _unplug, lambda host: reader.chip.put(TypeA(CARD)))


@contextlib.contextmanager
def pi_openevse() -> Iterator[Site]:
    box = FakeOpenEvse()
    meter = Units({1: {"input": sdm()}})
    with pn532_line() as (chip, reader), serial_line() as pilot, rtu_server(meter) as line:
        pilot.serve(box.respond)
        contactor = gpio_physics.Contactor()
        yield Site(
            {
                "/dev/ttyAMA1": pilot.path,
                "/dev/ttyAMA0": reader.path,
                "/dev/ttyUSB1": line.port,
                "factory: lgpio": "factory: mock",
            },
            lambda host: box.plug_in(),
            lambda host: box.unplug(),
            lambda host: chip.put(TypeA(CARD)),
            lambda: contactor.energised and contactor.closed,
        )
        gpio_physics.fresh()


@contextlib.contextmanager
def pi_evse_din() -> Iterator[Site]:
    first, second = EvseDin(), EvseDin()
    line = first.units
    line._units |= {2: second.units[1], 11: {"input": sdm(), "holding": {}}, 12: {"input": sdm(), "holding": {}}}
    line.on_write = lambda unit, address, value: {1: first, 2: second}[unit].settle()
    with rtu_server(line) as server, serial_line() as reader:
        yield Site(
            {"/dev/ttyUSB0": server.port, "/dev/serial0": reader.path},
            lambda host: first.plug_in(),
            lambda host: first.unplug(),
            lambda host: reader.write(rdm6300(EM_CARD)),
            lambda: first.closed and not second.closed,
        )


@contextlib.contextmanager
def garage() -> Iterator[Site]:
    board = EvseDin()
    gpio_physics.fresh()
    with rtu_server(board.units) as server, serial_line() as reader:
        yield Site(
            {
                "/dev/ttyUSB0": server.port,
                "/dev/serial0": reader.path,
                "pulses_per_kwh: 1000": "pulses_per_kwh: 1000, factory: mock",
            },
            lambda host: board.plug_in(),
            lambda host: board.unplug(),
            lambda host: reader.write(rdm6300(EM_CARD)),
            lambda: board.closed,
        )
    gpio_physics.fresh()


SITES: dict[str, Callable[[], contextlib.AbstractContextManager[Site]]] = {
    "desk": desk,
    "desk-reader": desk,
    "dual": simulated,
    "offline-private": garage,
    "pi-evse-din": pi_evse_din,
    "pi-openevse": pi_openevse,
    "wallbox": simulated,
}


def test_none_is_left_out() -> None:
    assert sorted(SITES) == sorted(path.stem for path in PROFILES.glob("*.yaml"))


@pytest.mark.parametrize("name", list(SITES))
def test_a_card_closes_the_contactor(name: str, tmp_path: Path) -> None:
    async def scenario(site: Site) -> None:
        text = (PROFILES / f"{name}.yaml").read_text()
        for written, path in site.instead.items():
            assert written in text
            text = text.replace(written, path)
        (tmp_path / "station.yaml").write_text(text)
        csms = EmbeddedCsms()
        await csms.start()
        flags = Overrides(csms=None if "csms: none" in text else csms.base_url, control="off")
        env = {"HOME": str(tmp_path), "CSMS_PASSWORD": "0123456789abcdef"}
        profile = load(tmp_path / "station.yaml", flags, env=env).profile
        host = Host(profile, slots_of(profile), store=MemoryStore())
        try:
            assert await host.open_hardware() == []
            host.start()
            if profile.csms.mode != "none":
                await host.execute("connect", {}).done
            await host.hardware_read()
            await _done(site.plug_in(host))
            await until(lambda: host.status()["evses"][0]["plugged"], "a car is there")
            site.show(host)
            await until(lambda: charging(host.status()["evses"][0]) and site.closed(), "it charges")
            assert host.status()["evses"][0]["faults"] == []
            await _done(site.unplug(host))
            await until(lambda: host.status()["evses"][0]["transaction"] is None, "the session is over")
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(host.stop(), 10)
            await csms.stop()

    with SITES[name]() as site:
        asyncio.run(scenario(site))


async def _done(waited_for: Any) -> None:
    if asyncio.isfuture(waited_for):
        await waited_for
