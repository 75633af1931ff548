"""A clock for tests of drivers: it stands until it is told to go on."""

from __future__ import annotations


class HandClock:
    """``drivers.api.Clock`` moved by hand."""

    def __init__(self, at_s: float = 1000.0) -> None:
        self.at_s = at_s

    def now(self) -> float:
        return self.at_s

    def advance(self, seconds: float) -> None:
        self.at_s += seconds
