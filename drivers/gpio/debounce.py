"""Steady levels of a contact that bounces, from the times of its edges.

A level counts once it has lasted; it is known to have lasted when the next edge comes, or when somebody who looks says
how long ago the last one was. Times are those of the edges (the kernel's), so a thread that is late loses nothing. No
I/O, no clock; used by the button and the pulse meter.
"""

from __future__ import annotations


class Debounce:
    """One contact. Not for several threads at once."""

    __slots__ = ("_at_s", "_lasts_s", "_raw", "steady")

    def __init__(self, lasts_s: float) -> None:
        """
        Args:
            lasts_s: a level counts when it lasted that long. One that was there before the first edge never does.
        """
        self._lasts_s = lasts_s
        self._raw = False
        self._at_s: float | None = None
        self.steady = False

    def edge(self, at_s: float, active: bool) -> float | None:
        """An edge. Answers when the contact became active, if it is known only now that it did.

        ``at_s`` has any origin; the difference of two must be seconds.
        """
        began_s = None
        if self._at_s is None or at_s - self._at_s >= self._lasts_s:
            began_s = self._settle()
        if active != self._raw or self._at_s is None:
            self._raw = active
            self._at_s = at_s
        return began_s

    def look(self, since_edge_s: float) -> float | None:
        """The last edge was so long ago. Answers as ``edge``."""
        return self._settle() if since_edge_s >= self._lasts_s else None

    def _settle(self) -> float | None:
        became_active = self._raw and not self.steady
        self.steady = self._raw
        return self._at_s if became_active else None
