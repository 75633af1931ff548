"""Real parts of an EVSE without threads and without time: fakes of each part, and a world in which they are looked at.

def test_something(no_threads: None) -> None:
    world = World(contactor=Slot(Contactor))
    world.attach()
    events = world.look("contactor")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drivers.api import ContactorState, LockState, PilotState, Reading
from drivers.sim.bay import Bay
from drivers.sim.config import BayOptions
from station.core import effects
from station.host import outside as outside_module
from station.host.outside import OutsideHardware
from station.host.slot import Slot
from station.host.worker import Look, Order
from tests.support.driver_clock import HandClock


class Contactor:
    def __init__(self) -> None:
        self.orders: list[bool] = []
        self.closed = False
        self.stays = False
        self.fault: str | None = None
        self.alarms: tuple[Any, ...] = ()
        self.broken: Exception | None = None
        self.released = 0

    def set_power(self, on: bool) -> None:
        if self.broken is not None:
            raise self.broken
        self.orders.append(on)
        self.closed = self.closed if self.stays else on

    def read(self) -> ContactorState:
        if self.broken is not None:
            raise self.broken
        return ContactorState(bool(self.orders and self.orders[-1]), self.closed, self.fault, self.alarms)

    def release(self) -> None:
        self.released += 1


class Pilot:
    def __init__(self) -> None:
        self.state: Any = PilotState("A")
        self.offered: list[float | None] = []
        self.released = 0

    def read(self) -> Any:
        return self.state

    def offer(self, current_a: float | None) -> None:
        self.offered.append(current_a)

    def release(self) -> None:
        self.released += 1


class Controller(Pilot):
    def __init__(self) -> None:
        super().__init__()
        self.contactor = Contactor()


class Meter:
    def __init__(self) -> None:
        self.energy_wh: float | None = 1000.0
        self.broken: Exception | None = None

    def read(self) -> Reading:
        if self.broken is not None:
            raise self.broken
        return Reading(energy_wh=self.energy_wh, power_w=100.0)

    def release(self) -> None:
        pass


class PulseMeter(Meter):
    """Begins at zero whenever it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.energy_wh = None

    def preset(self, energy_wh: float) -> None:
        self.energy_wh = energy_wh


class Indicator:
    def __init__(self) -> None:
        self.shown: list[str] = []
        self.broken: Exception | None = None

    def show(self, state: str) -> None:
        if self.broken is not None:
            raise self.broken
        self.shown.append(state)

    def release(self) -> None:
        pass


class Button:
    pressed = False

    def read(self) -> bool:
        pressed, self.pressed = self.pressed, False
        return pressed

    def release(self) -> None:
        pass


class Lock:
    def __init__(self) -> None:
        self.state = LockState(False, False)
        self.jammed: Exception | None = None

    def set_locked(self, locked: bool) -> None:
        if self.jammed is not None:
            raise self.jammed
        self.state = LockState(locked, locked)

    def read(self) -> LockState:
        return self.state

    def release(self) -> None:
        pass


class AtOnce:
    """A worker without a thread: orders are done when they are given, looks when the test says so."""

    made: list[AtOnce]

    def __init__(self, name: str, hand_over: Callable[[Callable[[], None]], None], slot: Slot) -> None:
        self.looks: list[Look] = []
        self.slot = slot
        self.limit_s = 0.0
        self.hung = False
        self.rescued = 0
        self.name = name
        self._hand_over = hand_over
        AtOnce.made.append(self)

    def start(self) -> None:
        pass

    def submit(self, order: Order, *, urgent: bool = False) -> None:
        if self.hung:
            return
        try:
            result = order.act(self.slot.device())
        except Exception as error:
            problem = error
            self._hand_over(lambda: order.failed(problem))
            self.slot.failed(error)
        else:
            self._hand_over(lambda: order.then(result))

    def look_now(self) -> None:
        pass

    def look(self) -> None:
        for look in self.looks:
            self.submit(look.order)

    def hangs(self) -> bool:
        return self.hung

    def rescue(self, calm: Callable[[Any], None]) -> None:
        self.rescued += 1
        self.slot.rescue(calm)

    def stop(self) -> None:
        self.slot.release()

    def end_by(self, end_s: float) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers do everything at once; a test module imports this by name."""
    AtOnce.made = []
    monkeypatch.setattr(outside_module, "Worker", AtOnce)


class World:
    def __init__(self, register_wh: float | None = None, **given: Any) -> None:
        self.events: list[Any] = []
        self.clock = HandClock(0.0)
        bay = Bay(BayOptions(), self.clock)
        self.hardware = OutsideHardware(1, bay, (1,), given, lambda call: call(), register_wh)
        self.workers = {worker.name.removeprefix("evse-1-"): worker for worker in AtOnce.made}

    def attach(self) -> None:
        self.hardware.attach(lambda *happened: self.events.extend(happened))

    def look(self, part: str) -> list[Any]:
        self.events.clear()
        self.workers[part].look()
        return list(self.events)

    def do(self, effect: Any) -> list[Any]:
        self.events.clear()
        self.hardware.carry_out(effect)
        return list(self.events)


OPEN, CLOSE = effects.OpenContactor(1), effects.CloseContactor(1)
