"""What a runner sees of whoever made it: store, hardware, clocks, and who hears what happens. ``Host`` is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from station.clock import Clock
from station.host.hardware import EvseHardware
from station.host.measure import Measure
from station.host.station_log import StationLog
from station.net.transfer.api import Transfers
from station.store import Store


class Surroundings(Protocol):
    """See the module.

    Attributes:
        store: of the station, over all boots.
        hardware: by EVSE.
        clock: station time.
        url: where to dial in place of the profile's URL.
        seed: of everything that varies; None: unpredictable.
        dialer: makes connections.
        transfers: carry files; None: real ones.
        log: the station's lines.
        measure: hears how calls end.
    """

    store: Store
    hardware: dict[int, EvseHardware]
    clock: Clock
    url: str | None
    seed: str | None
    dialer: Callable[..., Any]
    transfers: Transfers | None
    log: StationLog
    measure: Measure | None

    def told(self, event: str, data: dict[str, Any]) -> None:
        """An event for observers (docs/control.md)."""
        ...

    def frame(self, direction: str, text: str | bytes) -> None:
        """A frame was sent (``>``) or came (``<``)."""
        ...

    def exit(self) -> bool:
        """The process is to end, for a real reboot; False where nobody carries that out."""
        ...

    def status(self) -> dict[str, Any]:
        """What the station shows of itself."""
        ...
