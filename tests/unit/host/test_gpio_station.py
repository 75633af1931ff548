"""A whole station on simulated GPIO pins: contactor with mirror contact, S0 meter, lamps, a button; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from drivers import registry
from drivers.locks import gpio as lock_gpio
from tests.support import gpio_physics
from tests.support.gpio_physics import Contactor, DrivenPin, Lock, TimedPin
from tests.support.rig import Rig, virtual
from tests.support.virtual_loop import LoopClock

CARD = "04A1B2C3"
EMERGENCY_STOP, RCD = 22, 23
WIRED: dict[str, dict[str, Any]] = {
    "contactor": {"pin": 17, "feedback_pin": 27, "emergency_stop_pin": EMERGENCY_STOP, "rcd_pin": RCD},
    "meter": {"pin": 18, "pulses_per_kwh": 1000},
    "indicator": {"green_pin": 20, "blue_pin": 21, "patterns": {"charging": "blue", "preparing": "green"}},
    "button": {"pin": 25},
}
NAMES = {"meter": "pulse"}


EVSE = {"id": 1, "max_current": "16A", "connectors": [{"id": 1, "cable": "socket", "lock": "on"}]}


class LoopTimer:
    """``threading.Timer`` on the test's loop."""

    def __init__(self, wait_s: float, ring: Callable[[], None]) -> None:
        self.wait_s, self.ring = wait_s, ring
        self.handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.handle = asyncio.get_running_loop().call_later(self.wait_s, self.ring)

    def cancel(self) -> None:
        if self.handle is not None:
            self.handle.cancel()


class Bench:
    """The station, and what its pins are connected to."""

    def __init__(self, version: str = "1.6") -> None:
        clock = LoopClock(asyncio.get_running_loop())
        self.contactor = Contactor(clock)
        factory = gpio_physics.mock_factory()
        self.s0 = factory.pin(18, pin_class=TimedPin, clock=clock)
        self.green = factory.pin(20, pin_class=DrivenPin)
        self.blue = factory.pin(21, pin_class=DrivenPin)
        drivers = {}
        for part, options in WIRED.items():
            driver = registry.find(part, NAMES.get(part, "gpio"))
            drivers[1, part] = driver.open(driver.parse(options | {"factory": "mock"}), clock)
        self.lock = Lock(clock, beside=True)
        options = lock_gpio.DRIVER.parse({"lock_pin": 5, "unlock_pin": 6, "feedback_pin": 13, "factory": "mock"})
        drivers[1, "lock"] = lock_gpio.GpioLock(options, clock, timer=LoopTimer)
        self.rig = Rig(version, {"evses": [EVSE]}, drivers=drivers)

    async def __aenter__(self) -> Bench:
        await self.rig.boot()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rig.host.stop()
        history = self.contactor.coil.history
        assert history[0] is False and history[-1] is None
        await self.rig.wait(1)
        assert self.lock.driving is None and not self.lock.both
        gpio_physics.fresh()

    async def charge(self) -> None:
        await self.rig.do("plug_in", connector=1)
        await self.rig.do("tap", tagId=CARD)
        await self.rig.until(lambda: self.contactor.closed and self.rig.status["contactor"] == "closed")

    async def pulses(self, count: int) -> None:
        for _ in range(count):
            self.s0.drive_low()
            await self.rig.wait(0.05)
            self.s0.drive_high()
            await self.rig.wait(0.31)


@virtual
async def test_a_card_closes_the_contactor_and_pulses_are_what_is_charged() -> None:
    async with Bench() as bench:
        assert bench.green.driven(True)
        await bench.charge()
        assert bench.lock.locked
        await bench.rig.until(lambda: bench.blue.driven(True))
        await bench.pulses(100)
        await bench.rig.do("tap", tagId=CARD)
        await bench.rig.until(lambda: bench.rig.heard_all("StopTransaction"))
        assert not bench.contactor.energised
        start, stop = bench.rig.heard_all("StartTransaction")[0], bench.rig.heard_all("StopTransaction")[0]
        assert stop["meterStop"] - start["meterStart"] == 100
        await bench.rig.until(lambda: not bench.lock.locked)


@virtual
async def test_a_bolt_that_jams_gives_no_power() -> None:
    async with Bench() as bench:
        bench.lock.jammed = True
        await bench.rig.do("plug_in", connector=1)
        await bench.rig.do("tap", tagId=CARD)
        await bench.rig.until(
            lambda: any(
                told["errorCode"] == "ConnectorLockFailure" for told in bench.rig.heard_all("StatusNotification")
            )
        )
        assert not bench.contactor.ever_energised


@virtual
async def test_a_weld_is_told_as_a_power_switch_failure() -> None:
    async with Bench() as bench:
        await bench.charge()
        bench.contactor.welded = True
        await bench.rig.do("tap", tagId=CARD)
        await bench.rig.until(
            lambda: any(
                told["errorCode"] == "PowerSwitchFailure" and told["status"] == "Faulted"
                for told in bench.rig.heard_all("StatusNotification")
            )
        )
        assert not bench.contactor.energised


@virtual
async def test_a_weld_at_the_start_is_never_given_power() -> None:
    bench = Bench()
    bench.contactor.welded = True
    async with bench:
        await bench.rig.until(lambda: "Faulted" in bench.rig.statuses())
        await bench.rig.do("plug_in", connector=1)
        await bench.rig.wait(10)
        assert not bench.contactor.ever_energised
        assert bench.rig.status["contactor"] == "welded"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_the_emergency_stop_opens_within_a_look_and_closes_nothing_afterwards(version: str) -> None:
    @virtual
    async def run() -> None:
        async with Bench(version) as bench:
            await bench.charge()
            bench.contactor.pressed.add(EMERGENCY_STOP)
            await bench.rig.wait(0.25)
            assert not bench.contactor.energised
            await bench.rig.until(lambda: "Faulted" in bench.rig.statuses())
            await bench.rig.wait(30)
            assert not bench.contactor.energised

    run()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_residual_current_ends_the_session_and_its_reset_allows_another(version: str) -> None:
    @virtual
    async def run() -> None:
        async with Bench(version) as bench:
            await bench.charge()
            bench.contactor.pressed.add(RCD)
            await bench.rig.until(lambda: bench.rig.status["faults"] == ["GroundFailure"])
            assert not bench.contactor.energised
            await bench.rig.until(lambda: bench.rig.statuses()[-1] == "Faulted")
            await bench.rig.do("clear_fault", connector=1)
            assert bench.rig.status["faults"] == ["GroundFailure"], "nobody talks it away"
            bench.contactor.pressed.clear()
            await bench.rig.until(lambda: not bench.rig.status["faults"])
            await bench.rig.do("unplug", connector=1)
            await bench.charge()

    run()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_contactor_that_does_not_close_is_a_fault_until_it_agrees_and_somebody_clears_it(version: str) -> None:
    @virtual
    async def run() -> None:
        async with Bench(version) as bench:
            bench.contactor.stuck = True
            await bench.rig.do("plug_in", connector=1)
            bench.rig.host.execute("tap", {"tagId": CARD})
            await bench.rig.until(lambda: bench.rig.status["faults"] == ["PowerSwitchFailure"])
            await bench.rig.until(lambda: bench.rig.statuses()[-1] == "Faulted")
            assert not bench.contactor.energised
            bench.contactor.stuck = False
            await bench.rig.wait(5)
            assert bench.rig.status["faults"] == ["PowerSwitchFailure"]
            await bench.rig.do("clear_fault", connector=1)
            await bench.rig.until(lambda: not bench.rig.status["faults"])
            await bench.rig.do("unplug", connector=1)
            await bench.charge()

    run()


@virtual
async def test_a_bolt_that_a_power_cut_left_locked_is_drawn_at_the_start() -> None:
    bench = Bench()
    bench.lock._locked = True
    async with bench:
        await bench.rig.until(lambda: not bench.lock.locked, 5)


@virtual
async def test_an_ordered_stop_opens_and_lets_the_cable_go() -> None:
    bench = Bench()
    async with bench:
        await bench.charge()
        assert bench.lock.locked
    assert not bench.lock.locked
    assert bench.lock.unlock.history == [False, True, False, None]
    assert bench.rig.heard_all("StopTransaction")
