"""The pins of one device: outputs that never blip, inputs with a pull-up, errors as ``DriverError``.

Made by the GPIO drivers when they are opened; it knows levels, not contactors. gpiozero's devices are used for one pin
each; their timers and threads are not: a blinking output that is stopped stays as it is at that moment.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from drivers.api import DeviceMissing, DriverBusy, DriverError, DriverLost, DriverUnsupported, vendor
from drivers.gpio import factory as factories
from drivers.gpio.factory import EXTRA, FactoryName

log = logging.getLogger(__name__)

Level = Literal["high", "low"]
Edge = Callable[[float, bool], None]
"""Told of each edge: when it was, in seconds since the first one, and whether the pin is high now."""

PinT = TypeVar("PinT", "Output", "Input")

_HOLDERS: dict[tuple[str, int], str] = {}


class Output:
    """A pin that is driven. ``on`` is what was written last."""

    __slots__ = ("_device", "_pins", "number", "on")

    def __init__(self, pins: Pins, number: int, device: Any) -> None:
        self._pins = pins
        self._device = device
        self.number = number
        self.on = False

    def set(self, on: bool) -> None:
        """Drive it. Raises: DriverLost."""
        with self._pins.losses(self.number):
            self._device.value = on
            self.on = on

    def off(self) -> None:
        """Off, though a pin of the device be lost already. Never raises: a failure is told by ``Pins.check``."""
        try:
            self._device.off()
            self.on = False
        except Exception as error:
            self._pins.lose(self.number, error)

    def release(self) -> None:
        """Off, then an input again. Never raises."""
        self.off()
        self.on = False
        with contextlib.suppress(Exception):
            self._device.close()


class Input:
    """A pin that is read; the Pi's pull-up keeps it high while nothing pulls it low."""

    __slots__ = ("__weakref__", "_at_s", "_device", "_edge", "_pins", "_ticks", "number")

    def __init__(self, pins: Pins, number: int, device: Any) -> None:
        self._pins = pins
        self._device = device
        self.number = number
        self._edge: Edge | None = None
        self._ticks: Any = None
        self._at_s = 0.0

    def listen(self, edge: Edge) -> None:
        """Tell ``edge`` of every change from now on. Raises: DriverLost."""
        self._edge = edge
        with self._pins.losses(self.number):
            self._device.pin.edges = "both"
            self._device.pin.when_changed = self._changed

    @property
    def high(self) -> bool:
        """Its level now. Raises: DriverLost."""
        with self._pins.losses(self.number):
            return bool(self._device.pin.state)

    def _changed(self, ticks: Any, state: Any) -> None:
        edge = self._edge
        if edge is None:
            return
        if self._ticks is not None:
            self._at_s += float(self._device.pin_factory.ticks_diff(ticks, self._ticks))
        self._ticks = ticks
        try:
            edge(self._at_s, bool(state))
        except Exception:
            # It would end lgpio's only thread, and with it every edge of every pin.
            log.exception("an edge of GPIO%d went amiss", self.number)

    def release(self) -> None:
        """Never raises."""
        if self._edge is not None:
            self._edge = None
            # gpiozero's lgpio pins go on reporting when they are closed.
            with contextlib.suppress(Exception):
                self._device.pin.when_changed = None
        with contextlib.suppress(Exception):
            self._device.close()


class Pins:
    """What a device holds of a pin factory. Not for several threads at once, but ``release`` may come from any."""

    def __init__(self, factory: FactoryName, owner: str) -> None:
        """
        Args:
            factory: its name.
            owner: who asks, for messages, such as ``contactor``.

        Raises: DriverMissing, DeviceMissing, DriverUnsupported: as ``factory.acquire``.
        """
        self.factory_name = factory
        self._owner = owner
        self._factory: Any = factories.acquire(factory)
        self._held: list[Output | Input] = []
        self._lock = threading.Lock()
        self._lost = ""
        _OPEN.add(self)

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """While the pins are taken one by one: if one cannot be had, the others are given back."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def output(self, number: int, active: Level) -> Output:
        """A pin as an output, off; it is never on in between.

        Raises:
            DriverBusy: another part or another process has it; the message says who.
            DriverUnsupported: the board has no such pin, or the factory cannot promise that.
        """
        if active == "low" and self.factory_name not in factories.SETS_LEVEL_WITH_DIRECTION:
            raise DriverUnsupported(
                f"factory {self.factory_name}: GPIO{number} is active low and would be on for an instant",
                "factory: lgpio sets level and direction at once",
            )
        device = self._take(number, "OutputDevice", active_high=active == "high", initial_value=False)
        return self._hold(Output(self, number, device))

    def input(self, number: int, edge: Edge | None = None) -> Input:
        """A pin as an input with pull-up; ``edge`` is told of its changes, from the factory's thread.

        Raises: DriverBusy, DriverUnsupported: as ``output``.
        """
        pin = self._hold(Input(self, number, self._take(number, "InputDevice", pull_up=True)))
        if edge is not None:
            pin.listen(edge)
        return pin

    def check(self) -> None:
        """Raises: DriverLost: given back, or a pin failed before."""
        if self._lost:
            raise DriverLost(self._lost)

    @contextlib.contextmanager
    def losses(self, number: int) -> Iterator[None]:
        """Whatever a GPIO library raises means that the pin is lost, until it is opened anew."""
        self.check()
        try:
            yield
        except Exception as error:
            self.lose(number, error)
            raise DriverLost(self._lost) from error

    def lose(self, number: int, error: Exception) -> None:
        """A pin failed: from now on ``check`` raises."""
        self._lost = self._lost or f"the {self._owner}'s GPIO{number} does not answer: {error}"

    def release(self) -> None:
        """Every output off, every pin given back. May be called twice; never raises."""
        with self._lock:
            held, self._held = self._held, []
            factory, self._factory = self._factory, None
        self._lost = f"the {self._owner} was released"
        for pin in sorted(held, key=lambda pin: isinstance(pin, Input)):
            pin.release()
            _HOLDERS.pop((self.factory_name, pin.number), None)
        if factory is not None:
            factories.give_back(self.factory_name)

    def _hold(self, pin: PinT) -> PinT:
        self._held.append(pin)
        _HOLDERS[self.factory_name, pin.number] = self._owner
        return pin

    def _take(self, number: int, kind: str, **how: Any) -> Any:
        self.check()
        make = getattr(vendor("gpiozero", extra=EXTRA), kind)
        try:
            return make(number, pin_factory=self._factory, **how)
        except Exception as error:
            # Its frames hold the half-made device, and that holds the pin, for as long as somebody keeps the error.
            error.__traceback__ = error.__context__ = None
            raise self._explain(number, error) from error

    def _explain(self, number: int, error: Exception) -> DriverError:
        exc = vendor("gpiozero.exc", extra=EXTRA)
        name = f"the {self._owner}'s GPIO{number}"
        if isinstance(error, exc.GPIOPinInUse):
            holder = _HOLDERS.get((self.factory_name, number))
            by = f"in use by the {holder}" if holder else "in use in this process"
            return DriverBusy(f"{name} is {by}", "give each part pins of its own")
        if isinstance(error, (exc.PinInvalidPin, exc.PinFixedPull)):
            return DriverUnsupported(f"{name}: {error}", "pins have BCM numbers, 2 to 27 on the 40-pin header")
        if _busy(error):
            return DriverBusy(
                f"{name} is taken; /dev/gpiochip0 is {factories.chip_holders()}",
                "gpioinfo shows by whom; a dtoverlay in config.txt takes pins too",
            )
        return DeviceMissing(f"{name} cannot be opened: {error}", "gpioinfo shows whether somebody has it")


_OPEN: weakref.WeakSet[Pins] = weakref.WeakSet()


@atexit.register
def release_all() -> None:
    """Outputs off, though the program ends without having released its devices: the kernel may leave them driven."""
    for pins in list(_OPEN):
        pins.release()


def _busy(error: Exception) -> bool:
    lgpio: Any = sys.modules.get("lgpio")
    return (
        lgpio is not None
        and isinstance(error, lgpio.error)
        and getattr(error, "value", None) == lgpio.error_text(lgpio.GPIO_BUSY)
    )
