"""One EVSE's hardware as a program would bring it, over a simulated bay, with everything that can be wrong with it.

`FaultyBay` is the world: what stands in it is true whatever the devices say. Each device does what its `Mood` says; the
record of commands and of answers is the devices' own.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from drivers.api import ContactorState, DriverLost, LockState, NoReading, PilotState, Reading
from drivers.sim.bay import Bay
from drivers.sim.config import BayOptions
from station.host.slot import Slot
from tests.support.lockstep import Lockstep

PARTS = ("contactor", "pilot", "meter", "lock")
MOODS = ("lost", "hang", "hang_after", "slow", "error", "exit", "nonsense")
"""What can be wrong with any device: gone; a call that does not come back, and what it was to do is done when it does,
or was done before; calls that take 0.4 s; exceptions of a library, and such that end programs; answers of no part."""
READINGS: dict[str, Callable[[float], Any]] = {
    "nan": lambda wh: math.nan,
    "inf": lambda wh: math.inf,
    "falls": lambda wh: max(0.0, wh - 700.0),
    "zero": lambda wh: 0.0,
    "jumps": lambda wh: wh + 90_000.0,
    "negative": lambda wh: -1.0,
    "huge": lambda wh: 10**400,
    "none": lambda wh: None,
    "text": lambda wh: "1000",
}
"""What a meter may answer in place of its register."""
_SLOW_S = 0.4


class BayClock:
    """The virtual loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return self._loop.time()


@dataclass
class Mood:
    """What is wrong with one device; empty: nothing."""

    kind: str = ""


class FaultyBay:
    """See the module.

    Args:
        loop: the virtual loop.
        step: the threads of the devices.
        options: of the simulated world.

    Attributes:
        letter: what the pilot shows in place of the truth; empty: the truth.
        alarms: by part, what stands.
        reading: a key of `READINGS`, or empty.
        shown_wh: every register that the meter showed and that is one.
        judge: asked when a device is about to be commanded to close or to offer; gives what is wrong with that.
        boot: the number of the boot; ``seen_open_boot`` is that of the last one in which the contacts showed open.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, step: Lockstep, options: BayOptions | None = None) -> None:
        self.loop = loop
        self.step = step
        self.bay = Bay(options or BayOptions(), BayClock(loop))
        self.moods = {part: Mood() for part in PARTS}
        self.letter = ""
        self.alarms: dict[str, tuple[str, ...]] = {}
        self.reading = ""
        self.shown_wh: list[float] = []
        self.coil = False
        self.offered_a: float | None = None
        self.commands: list[tuple[float, str, Any]] = []
        self.released: dict[str, int] = dict.fromkeys(PARTS, 0)
        self.wrong: list[str] = []
        self.judge: Callable[[str], str | None] = lambda part: None
        self.boot: Callable[[], int] = lambda: 0
        self.seen_open_boot = -1

    def devices(self, wiring: str) -> dict[tuple[int, str], Any]:
        """By (EVSE, part): ``slots`` (opened anew after losses), ``controller`` (in one), ``brought``, ``instant``."""
        if wiring == "controller":
            whole = Slot(lambda: self._opened(_Controller(self), "pilot"), name="controller")
            rest = {(1, part): self._slot(part) for part in ("meter", "lock")}
            return {(1, "pilot"): whole, (1, "contactor"): whole, **rest}
        if wiring == "slots":
            return {(1, part): self._slot(part) for part in PARTS}
        made = {(1, part): _KINDS[part](self) for part in PARTS}
        if wiring == "instant":
            for device in made.values():
                device.instant = True
        return made

    def _slot(self, part: str) -> Slot:
        return Slot(lambda: self._opened(_KINDS[part](self), part), name=part)

    def _opened(self, device: Any, part: str) -> Any:
        """A driver that is opened puts its device into its safe state first."""
        self.enter(part)
        if isinstance(device, (_Contactor, _Controller)):
            self.drive(False)
        self.leave(part)
        return device

    # Moods

    def enter(self, part: str) -> None:
        """A call to this device begins."""
        mood = self.moods[part]
        if mood.kind == "lost":
            raise DriverLost("no answer")
        if mood.kind == "error":
            raise ValueError("a library's own")
        if mood.kind == "exit":
            raise SystemExit(3)
        if mood.kind == "slow":
            due_s = self.loop.time() + _SLOW_S
            self.step.pause(lambda: self.loop.time() >= due_s, _SLOW_S)
        self._hang(part, "hang")

    def leave(self, part: str) -> None:
        """It comes to its end."""
        self._hang(part, "hang_after")

    def _hang(self, part: str, kind: str) -> None:
        mood = self.moods[part]
        if mood.kind == kind and self.step.running is None:
            raise DriverLost("on a loop nothing may hang")
        self.step.pause(lambda: mood.kind != kind)

    # What devices do

    def command(self, part: str, value: Any) -> None:
        """A device was told something; what allows and what forbids is judged before it is done."""
        self.commands.append((self.loop.time(), part, value))
        if part != "lock" and value not in (False, None):
            wrong = self.judge(part)
            if wrong is not None:
                self.wrong.append(f"{self.loop.time():.2f} {part} {value}: {wrong}")

    def drive(self, on: bool) -> None:
        """The coil."""
        self.coil = on
        self.bay.contactor.set_power(on)

    def offer(self, current_a: float | None) -> None:
        """The pilot's duty cycle."""
        self.offered_a = current_a
        self.bay.pilot.offer(current_a)

    @property
    def energy_wh(self) -> float:
        """The true register."""
        energy_wh = self.bay.meter.read().energy_wh
        assert energy_wh is not None
        return energy_wh

    @property
    def plugged(self) -> bool:
        """Whether a vehicle is there."""
        return self.bay.plugged


class _Device:
    """What all have in common."""

    instant = False
    part = ""

    def __init__(self, world: FaultyBay) -> None:
        self.world = world

    def _answer(self, answer: Callable[[], Any]) -> Any:
        self.world.enter(self.part)
        if self.world.moods[self.part].kind == "nonsense":
            return "42"
        made = answer()
        self.world.leave(self.part)
        return made

    def _obey(self, value: Any, do: Callable[[Any], None], *, safe: bool) -> None:
        if not safe:
            self.world.command(self.part, value)
        self.world.enter(self.part)
        do(value)
        if safe:
            self.world.command(self.part, value)
        self.world.leave(self.part)

    def release(self) -> None:
        self.world.released[self.part] += 1


class _Contactor(_Device):
    part = "contactor"

    def set_power(self, on: bool) -> None:
        self._obey(on, self.world.drive, safe=not on)

    def read(self) -> Any:
        return self._answer(self._state)

    def _state(self) -> ContactorState:
        state = self.world.bay.contactor.read()
        if not state.closed:
            self.world.seen_open_boot = self.world.boot()
        return replace(state, alarms=self.world.alarms.get("contactor", ()))

    def release(self) -> None:
        super().release()
        if self.world.moods["contactor"].kind not in ("lost", "error", "exit"):
            self.world.command("contactor", False)
            self.world.drive(False)


class _Pilot(_Device):
    part = "pilot"

    def offer(self, current_a: float | None) -> None:
        self._obey(current_a, self.world.offer, safe=current_a is None)

    def read(self) -> Any:
        return self._answer(self._state)

    def _state(self) -> PilotState:
        state: Any = self.world.bay.pilot.read()
        alarms: Any = self.world.alarms.get("pilot", ())
        letter: Any = self.world.letter or state.state
        return replace(state, state=letter, alarms=alarms)

    def release(self) -> None:
        super().release()
        if self.world.moods["pilot"].kind not in ("lost", "error", "exit"):
            self.world.command("pilot", None)
            self.world.offer(None)


class _Controller(_Pilot):
    def __init__(self, world: FaultyBay) -> None:
        super().__init__(world)
        self._half = _Half(world)

    @property
    def contactor(self) -> _Contactor:
        return self._half

    def release(self) -> None:
        self._half.let_go()
        super().release()


class _Half(_Contactor):
    def release(self) -> None:
        raise AssertionError("half of a controller is not given back")

    def let_go(self) -> None:
        _Contactor.release(self)


class _Meter(_Device):
    part = "meter"

    def read(self) -> Any:
        return self._answer(self._reading)

    def _reading(self) -> Reading:
        world = self.world
        true = world.bay.meter.read()
        if world.reading == "skipped":
            raise NoReading("not this time")
        assert true.energy_wh is not None
        energy_wh = READINGS.get(world.reading, lambda wh: wh)(true.energy_wh)
        if type(energy_wh) is float and math.isfinite(energy_wh):
            world.shown_wh.append(energy_wh)
        return Reading(energy_wh=energy_wh, power_w=true.power_w)


class _Lock(_Device):
    part = "lock"

    def set_locked(self, locked: bool) -> None:
        self._obey(locked, self.world.bay.lock.set_locked, safe=True)

    def read(self) -> Any:
        return self._answer(lambda: self._state())

    def _state(self) -> LockState:
        return self.world.bay.lock.read()


_KINDS: dict[str, Any] = {"contactor": _Contactor, "pilot": _Pilot, "meter": _Meter, "lock": _Lock}
