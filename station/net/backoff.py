"""How long to wait before dialling again (OCPP 2.0.1 part 4 §5.3 with erratum 4.12; used for 1.6 too).

Pure: no clock, no I/O. The host asks after every failure, whatever its kind, and after every lost connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

SHORTEST_S = 0.5
"""Never less, whatever is configured: a station must not flood its CSMS."""

LONGEST_S = 86_400.0
"""Doubling ends here: a station is heard of once a day at least."""


@dataclass(frozen=True, slots=True)
class BackOffSettings:
    """The three variables of OCPPCommCtrlr.

    Attributes:
        wait_minimum_s: RetryBackOffWaitMinimum, 0 or more.
        random_range_s: RetryBackOffRandomRange, 0 or more; added anew each time, at most this much.
        repeat_times: RetryBackOffRepeatTimes, 0 or more: how often the wait is doubled.
    """

    wait_minimum_s: float = 10.0
    random_range_s: float = 10.0
    repeat_times: int = 5


class BackOff:
    """Counts the failures of a series.

    Args:
        random: the station's own generator; stations that share one seed must not dial in step.
    """

    __slots__ = ("_failures", "_random")

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures = 0

    @property
    def failures(self) -> int:
        """Waits handed out since the last success."""
        return self._failures

    def next_delay_s(self, settings: BackOffSettings) -> float:
        """Seconds to wait now, at least ``SHORTEST_S``; the settings may change between two calls.

        Wait minimum x 2^n + random part, n growing from 0 to the repeat times. What is doubled is the wait without
        its random part.
        """
        doublings = min(self._failures, max(0, settings.repeat_times))
        self._failures += 1
        wait = max(0.0, settings.wait_minimum_s)
        # 2^64 is beyond any bound already and still a float.
        doubled = max(wait, min(wait * 2.0 ** min(doublings, 64), LONGEST_S))
        return max(SHORTEST_S, doubled + self._random.uniform(0.0, max(0.0, settings.random_range_s)))

    def reset(self) -> None:
        """A connection was made: the next wait is the minimum again."""
        self._failures = 0
