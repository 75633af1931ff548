"""Whose closing it is, where a controller switches its relay by itself. Pure. For pilots that are contactors too.

Such a relay closes under an offer, a moment before the station learns that the vehicle asks and says *close*. Until
then, for ``UNCLAIMED_S``, that is not held against it; what nobody claims, or closes without an offer, is closed.
"""

from __future__ import annotations

from typing import Final

UNCLAIMED_S: Final = 2.0
"""How long the relay may be closed under an offer before the station has said so itself."""


class Claim:
    """What the station said of the power, and since when the relay is closed; ``claimed``: it said *close*."""

    __slots__ = ("_closed_since_s", "claimed")

    def __init__(self) -> None:
        self.claimed = False
        self._closed_since_s: float | None = None

    def saw(self, closed: bool, now_s: float) -> None:
        """The relay was seen."""
        if not closed:
            self._closed_since_s = None
        elif self._closed_since_s is None:
            self._closed_since_s = now_s

    def counts_as_closed(self, closed: bool, now_s: float, *, offered: bool) -> bool:
        """Whether a relay that is seen closed, or not, is to be told as closed."""
        if not closed or self.claimed or not offered:
            return closed
        return self._closed_since_s is not None and now_s - self._closed_since_s >= UNCLAIMED_S
