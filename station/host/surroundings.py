"""What a runner is given: store, hardware, clocks and observers. Made by the host, and by rigs that need others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from station.clock import Clock, SystemClock
from station.host.hardware import EvseHardware
from station.host.measure import Measure
from station.host.station_log import StationLog
from station.net import dial
from station.net.transfer.api import Transfers
from station.store import Store

Told = Callable[[str, dict[str, Any]], None]
Traced = Callable[[str, str | bytes], None]


@dataclass(slots=True)
class Surroundings:
    """See the module. ``told`` hears events (docs/control.md), ``traced`` every frame ('>' or '<', text).

    ``transfers`` carry files; left out: real ones. ``status`` is what the station shows of itself, ``log`` its lines,
    ``measure`` hears how calls end.
    """

    store: Store
    hardware: dict[int, EvseHardware]
    told: Told
    traced: Traced | None = None
    clock: Clock = field(default_factory=SystemClock)
    url: str | None = None
    seed: str | None = None
    dialer: Callable[..., Any] = dial
    exits: Callable[[], None] | None = None
    transfers: Transfers | None = None
    status: Callable[[], dict[str, Any]] = dict
    log: StationLog | None = None
    measure: Measure | None = None
