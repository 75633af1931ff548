"""The place of a device: opened by the thread that uses it, given back when it is lost, and opened anew.

Drivers do not re-open by themselves. A slot does: after a loss at once half a second later, then ever more patiently. A
device that a program brings (``Host(drivers=…)``) has no opener here: it stays, and is asked again. Called by
``host.worker`` from its thread; nothing here knows an event loop.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from drivers.api import DriverError, DriverLost, DriverUnsupported, Instant, NoReading

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 5.0
NO_LOSS: Final = (NoReading, DriverUnsupported)
"""What a device says without being gone."""


class Slot:
    """See the module.

    Args:
        opener: opens the device, in its safe state; None where it was brought.
        device: the device that was brought.
        name: the driver's, for messages.

    ``opening`` is True while an opening is under way. ``prepare`` is called with each device before anybody uses it.
    """

    __slots__ = ("_device", "_due_s", "_error", "_fresh", "_opener", "_retry_s", "name", "opening", "prepare")

    def __init__(self, opener: Callable[[], Any] | None, device: Any = None, name: str = "") -> None:
        self.name = name
        self.opening = False
        self.prepare: Callable[[Any], None] = _nothing
        self._opener = opener
        self._device = device
        self._fresh = device is not None
        self._due_s = 0.0
        self._retry_s = FIRST_RETRY_S
        self._error: DriverError = DriverLost("not opened yet")

    @property
    def due(self) -> bool:
        """Whether it makes sense to use the device now: it is there, or the next attempt to open it is due."""
        return self._device is not None or time.monotonic() >= self._due_s

    def device(self) -> Any:
        """The device, opened where that is due.

        Raises:
            DriverError: it cannot be opened, or could not be a moment ago.
        """
        if self._device is None:
            if not self.due:
                raise self._error
            self._open()
        elif self._fresh:
            self.prepare(self._device)
            self._fresh = False
        return self._device

    def _open(self) -> None:
        opener = self._opener
        if opener is None:
            raise DriverLost("the device was given back")
        self.opening = True
        device = None
        try:
            device = opener()
            if self._opener is None:
                raise DriverLost("the device was given back")  # released meanwhile, by another thread
            self.prepare(device)
        except BaseException as error:
            self._error = as_driver_error(error)
            self._wait()
            if device is not None:
                _give_back(device, self.name)
            raise self._error from error
        finally:
            self.opening = False
        self._device = device

    def answered(self) -> None:
        """A call came back in time: after the next loss, patience begins anew."""
        self._retry_s = FIRST_RETRY_S

    def failed(self, error: Exception) -> None:
        """A call failed. What is lost is given back, to be opened anew; other errors change nothing."""
        device = self._device
        if self._opener is None or device is None or isinstance(error, NO_LOSS):
            return
        self._device = None
        self._error = as_driver_error(error)
        self._wait()
        _give_back(device, self.name)

    def release(self) -> None:
        """Give the device back, for good. May be called twice, and from another thread where the own one hangs."""
        device, self._device, self._opener = self._device, None, None
        if device is not None:
            _give_back(device, self.name)

    def rescue(self, calm: Callable[[Any], None]) -> None:
        """Have the device go into its safe state, from another thread: its own one hangs in a call to it.

        Args:
            calm: does so with a device that was brought; one that can be opened anew is given back.
        """
        device = self._device
        if device is not None and self._opener is not None:
            _give_back(device, self.name)
        elif device is not None:
            try:
                calm(device)
            except BaseException:
                log.exception("%s could not be calmed", self.name)

    def _wait(self) -> None:
        self._due_s = time.monotonic() + self._retry_s
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)


def is_instant(device: Any) -> bool:
    """Whether a device may be called on an event loop; one in a slot has a thread, whatever it is."""
    return not isinstance(device, Slot) and isinstance(device, Instant) and device.instant


def as_driver_error(error: BaseException) -> DriverError:
    """Vendor libraries raise anything, SystemExit too; whatever it is, the device is of no use."""
    return error if isinstance(error, DriverError) else DriverLost(f"{type(error).__name__}: {error}")


def _give_back(device: Any, name: str) -> None:
    try:
        device.release()
    except BaseException:
        log.exception("%s could not be given back", name)


def _nothing(device: object) -> None:
    del device
