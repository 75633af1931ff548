"""Devices that are lost and back in turns: told once, and not with every look. Pure. For ``host.outside``.

A loss is over with the first answer. One that comes again within seconds is over only when the device has answered for
a while: a loose plug is one fault, not five a second for the CSMS to read.
"""

from __future__ import annotations

from typing import Final

AGAIN_S: Final = 10.0
"""A loss so soon after the last one counts as the same trouble."""
STEADY_S: Final = 2.0
"""How long such a device has to answer before it counts as back."""


class Flicker:
    """The losses of an EVSE's parts; times are of any clock that does not fall."""

    __slots__ = ("_back_s", "_failed_s", "_unsteady")

    def __init__(self) -> None:
        self._failed_s: dict[str, float] = {}
        self._back_s: dict[str, float] = {}
        self._unsteady: set[str] = set()

    def failed(self, part: str, now_s: float, *, lost: bool) -> None:
        """A call to a part failed; ``lost`` says whether it counted as lost before."""
        self._failed_s[part] = now_s
        if not lost and part in self._back_s:
            if now_s - self._back_s[part] < AGAIN_S:
                self._unsteady.add(part)
            else:
                self._unsteady.discard(part)

    def back(self, part: str, now_s: float) -> bool:
        """Whether a part that was lost and answers now counts as back."""
        if part in self._unsteady and now_s - self._failed_s[part] < STEADY_S:
            return False
        self._back_s[part] = now_s
        return True
