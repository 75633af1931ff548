"""Who measures a station's conversation with its CSMS: the Protocol of a listener, and nothing else.

A fleet gives one listener to thousands of stations; a station of its own has none. It hears within the turn, so it must
be quick and must not feed the station.
"""

from __future__ import annotations

from typing import Protocol

from station.ocpp.rpc import Answered, Failed


class Measure(Protocol):
    """Hears how calls ended, and how long they took by its own clock: a loop's time may be milliseconds coarse."""

    def now(self) -> float:
        """Seconds of a monotonic clock."""
        ...

    def answered(self, call: Answered, elapsed_s: float, sent_s: float, ended: int) -> None:
        """A call of the station was answered.

        Args:
            call: its reference says when the station wanted to make it (``station.ocpp.outbox.Wish``).
            elapsed_s: so long after it was sent.
            sent_s: when that was, in seconds of ``now``.
            ended: how many calls of the station had ended before.
        """
        ...

    def failed(self, call: Failed, elapsed_s: float) -> None:
        """A call of the station got no usable answer for so long, or none of any use."""
        ...

    def replied(self, action: str, elapsed_s: float, code: str) -> None:
        """A call of the CSMS was answered so long after it came; with this error code, or with none (empty)."""
        ...
