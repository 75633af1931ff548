"""What a fleet measures, and totals of it that can be merged.

``Metrics`` hears everything that happens at the stations of one process (it is their ``station.host.measure.Measure``);
``Snapshot`` is plain data: counts that never fall, histograms, and gauges of the moment. Snapshots of several agents are
merged into one. Nothing here judges (``thresholds``) or words (``report``).

Names of counts: ``call.<Action>`` (ended), ``call.<Action>.error.<cause>``, ``asked.<Action>`` (calls of the CSMS),
``asked.<Action>.error.<code>``, ``dial.failed.<kind>``, ``booted``, ``lost_connections``, ``sessions.started``,
``sessions.finished``, ``sessions.late`` (steps that came late), ``sessions.lost`` (by the generator). Of times, in
seconds: ``call.<Action>``, ``asked.<Action>``, ``connect``, ``tls``, ``upgrade``, ``accepted`` (first dial to Boot
Accepted), ``recovery`` (loss to accepted again), ``drain`` (recovery to an empty queue), ``loop_lag``. Of gauges:
``stations``, ``up``, ``state.<state of an EVSE>``, ``queued``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from station.ocpp.rpc import Answered, Failed


@dataclass(slots=True)
class Snapshot:
    """Totals since the beginning; see the module."""

    counts: dict[str, int] = field(default_factory=dict)
    times: dict[str, Any] = field(default_factory=dict)
    gauges: dict[str, int] = field(default_factory=dict)
    energy_wh: float = 0.0


class Metrics:
    """See the module.

    Args:
        now: seconds of a monotonic clock.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.now = now

    # What a station's conversation tells (``Measure``)

    def answered(self, call: Answered, elapsed_s: float) -> None:
        """A call of a station was answered so long after it was sent."""

    def failed(self, call: Failed, elapsed_s: float) -> None:
        """A call of a station got no usable answer."""

    def replied(self, action: str, elapsed_s: float, code: str) -> None:
        """A call of the CSMS was answered so long after it came; ``code`` of a CALLERROR, or empty."""

    # What the fleet tells

    def count(self, name: str, by: int = 1) -> None:
        """One more of something."""

    def took(self, name: str, elapsed_s: float) -> None:
        """Something took this long."""

    def delivered(self, energy_wh: float) -> None:
        """A session delivered this much energy."""

    def snapshot(self, gauges: dict[str, int]) -> Snapshot:
        """Totals so far, with the gauges of this moment."""
        return Snapshot(gauges=gauges)
