"""A button without hardware: whoever simulates a person calls ``press``.

| function | support | remarks |
|---|---|---|
| short press | yes | seen by the next ``read``, once |
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Clock, DriverLost
from drivers.registry import Driver


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonOptions:
    """Nothing to choose."""


class SimButton:
    """See the module."""

    instant = True

    __slots__ = ("_pressed", "_released")

    def __init__(self, options: ButtonOptions, clock: Clock | None = None) -> None:
        del options, clock
        self._pressed = False
        self._released = False

    def press(self) -> None:
        """Press and let go."""
        self._pressed = True

    def read(self) -> bool:
        """Whether it was pressed since the last read. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the button was released")
        pressed, self._pressed = self._pressed, False
        return pressed

    def release(self) -> None:
        """Nothing is left to do."""
        self._released = True


DRIVER = Driver(part="button", name="sim", options=ButtonOptions, open=SimButton)
