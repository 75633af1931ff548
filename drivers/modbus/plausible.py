"""Doubt about an energy register: a jump has to be seen twice, a zero after something is none.

A foreign answer, a meter that is still starting or a wrong byte that the checksum missed show values that no energy
explains. A register that falls and stays there is passed on: it is the host that knows what was reported before.
Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MARGIN: Final = 10.0
"""So many times the meter's maximum may have flowed; less would doubt overloads and clocks."""


class Guard:
    """Remembers the register that was believed last, and the one that is doubted."""

    def __init__(self, max_power_w: float, step: Callable[[float], float]) -> None:
        """
        Args:
            max_power_w: the most that the meter can measure.
            step: the smallest change that the register can show at a value.
        """
        self._max_power_w = max_power_w
        self._step = step
        self._believed: tuple[float, float] | None = None
        self._doubted: tuple[float, float] | None = None

    def believes(self, energy_wh: float, now_s: float) -> bool:
        """Whether the register may be shown."""
        last = self._believed
        if last is not None and energy_wh == 0 and last[0] > 0:
            self._doubted = None
            return False
        if last is None or self._explains(last, energy_wh, now_s) or self._confirms(last[0], energy_wh, now_s):
            self._believed, self._doubted = (energy_wh, now_s), None
            return True
        self._doubted = (energy_wh, now_s)
        return False

    def _explains(self, before: tuple[float, float], energy_wh: float, now_s: float) -> bool:
        flowed_wh = MARGIN * self._max_power_w * max(0.0, now_s - before[1]) / 3600
        return 0 <= energy_wh - before[0] <= flowed_wh + 2 * self._step(energy_wh)

    def _confirms(self, believed_wh: float, energy_wh: float, now_s: float) -> bool:
        """A second reading that goes on where the doubted one was, at most as fast as that one went."""
        doubted = self._doubted
        if doubted is None:
            return False
        jump_wh = doubted[0] - believed_wh
        return self._explains(doubted, energy_wh, now_s) or (jump_wh > 0 and 0 <= energy_wh - doubted[0] <= jump_wh)
