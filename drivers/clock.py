"""The clock that a driver uses when its host brings none."""

from __future__ import annotations

import time


class MonotonicClock:
    """Real time of this machine, as ``drivers.api.Clock``."""

    __slots__ = ()

    def now(self) -> float:
        """Seconds since an arbitrary origin."""
        return time.monotonic()


SYSTEM = MonotonicClock()
