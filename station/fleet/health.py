"""Whether the generator itself keeps up: how late its event loop is, its share of a processor, its garbage collector.

A process that is late sees answers late; what it measures then says nothing about the CSMS. Rule: a process is
**saturated** while, of the last 5 seconds, its loop was more than 100 ms late for more than 5 % of the time. Of a whole
run it is said once that happened (``timeline`` tells from when to when), or where the lag's p99 of the run is above
100 ms.

The lag is looked at every 20 ms; for a long block every look that fell into it counts, with what was left of the block.
Nothing is measured in virtual time. Called by the agent of each process; what it finds is in its snapshots: times
``loop_lag`` and ``gc_pause``, count ``generator.saturated_s``, gauges ``worst.saturated``, ``worst.lag_us``,
``worst.cpu_percent``.
"""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any, Final, Literal

from station.fleet.metrics import WORST, Metrics, Snapshot

Verdict = Literal["ok", "saturated"]

EVERY_S: Final = 0.02
LATE_S: Final = 0.1
_WINDOW: Final = 5
"""Seconds, looked back on."""
_LATE_SHARE: Final = 0.05
_MOST_LOOKS: Final = 500
"""Looks of one block that are counted: ten seconds of it."""

SATURATED: Final = f"{WORST}saturated"
LAG_US: Final = f"{WORST}lag_us"
CPU_PERCENT: Final = f"{WORST}cpu_percent"
SATURATED_S: Final = "generator.saturated_s"
LOOP_LAG: Final = "loop_lag"
GC_PAUSE: Final = "gc_pause"


def verdict(totals: Snapshot) -> Verdict:
    """Of a whole run; see the module."""
    lag = totals.times.get(LOOP_LAG)
    late = lag is not None and lag.percentile_s(99) > LATE_S
    return "saturated" if late or totals.counts.get(SATURATED_S) else "ok"


class Health:
    """See the module. Measures from ``start`` to ``stop``, in the running loop."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lag = metrics.times(LOOP_LAG)
        self._gc = metrics.times(GC_PAUSE)
        self._handle: asyncio.TimerHandle | None = None
        self._looked_s = 0.0
        self._second_s = 0.0
        self._cpu_s = 0.0
        self._late_s = [0.0] * _WINDOW
        """Of each of the last seconds, how much of it the loop was too late; the present one is the last."""
        self._worst_s = 0.0
        self._gc_began_s = 0.0
        self.saturated = False
        self.lag_s = 0.0
        """The greatest lag of the last full second."""
        self.cpu_share = 0.0
        """Of one processor, in the last full second; more than 1 where threads share the work."""

    def start(self) -> None:
        """Measure from now on."""
        self._loop = asyncio.get_running_loop()
        self._looked_s = self._second_s = time.perf_counter()
        self._cpu_s = time.process_time()
        gc.callbacks.append(self._collected)
        self._handle = self._loop.call_later(EVERY_S, self._tick)

    def stop(self) -> None:
        """Measure no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
            gc.callbacks.remove(self._collected)

    def gauges(self) -> dict[str, int]:
        """Of this moment, for a snapshot."""
        return {
            SATURATED: int(self.saturated),
            LAG_US: round(self.lag_s * 1e6),
            CPU_PERCENT: round(self.cpu_share * 100),
        }

    def _tick(self) -> None:
        now_s = time.perf_counter()
        self.look(now_s)
        self._handle = self._loop.call_later(EVERY_S, self._tick)

    def look(self, now_s: float) -> None:
        """A look that was due ``EVERY_S`` after the last one comes at this time (``time.perf_counter``)."""
        lag_s = max(0.0, now_s - self._looked_s - EVERY_S)
        self._looked_s = now_s
        looks = 0
        left_s = lag_s
        while left_s >= 0 and looks < _MOST_LOOKS:
            self._lag.record(left_s)
            left_s -= EVERY_S
            looks += 1
        self._worst_s = max(self._worst_s, lag_s)
        self._late_s[-1] += max(0.0, lag_s - LATE_S)
        if now_s - self._second_s >= 1.0:
            self._next_second(now_s)

    def _next_second(self, now_s: float) -> None:
        cpu_s = time.process_time()
        length_s = now_s - self._second_s
        self.cpu_share = (cpu_s - self._cpu_s) / length_s
        self.saturated = sum(self._late_s) > _LATE_SHARE * _WINDOW
        if self.saturated:
            self._metrics.count(SATURATED_S, max(1, round(length_s)))
        self.lag_s, self._worst_s = self._worst_s, 0.0
        # After a long block the seconds that it took are gone too.
        gone = min(_WINDOW, max(1, int(length_s)))
        self._late_s = [*self._late_s[gone:], *[0.0] * gone] if gone < _WINDOW else [0.0] * _WINDOW
        self._second_s, self._cpu_s = now_s, cpu_s

    def _collected(self, phase: str, info: dict[str, Any]) -> None:
        if info.get("generation") != 2:
            return  # the others take microseconds, and come often
        if phase == "start":
            self._gc_began_s = time.perf_counter()
        elif self._gc_began_s:
            self._gc.record(time.perf_counter() - self._gc_began_s)
