"""Who hears what happens at a station: those who subscribed, its log, and a file of frames. Part of ``Host``.

A base of it and no object of its own: thousands of stations have nobody who listens.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from station.clock import Clock, utc_text
from station.host.station_log import StationLog
from station.host.tracing import Tracer

if TYPE_CHECKING:
    from station.host.runner import Runner

Listener = Callable[[dict[str, Any]], None]
WIRE: Final = "wire"


class Audience:
    """See the module. ``log`` are the station's lines."""

    __slots__ = ("_listeners", "_tracer", "log", "runner")

    runner: Runner

    def _open_log(self, clock: Clock, *, in_files: bool, trace: Path | None) -> None:
        self._listeners: tuple[tuple[Listener, frozenset[str] | None], ...] = ()
        self._tracer = Tracer(self._wire, trace) if trace is not None else None
        self.log = StationLog(clock, self, self._logs if in_files else None)

    async def _close_log(self) -> None:
        await self.log.flush()
        if self._tracer is not None:
            self._tracer.close()

    def subscribe(self, listener: Listener, types: frozenset[str] | None = None) -> Callable[[], None]:
        """Hear events; ``wire`` only when it is named. Answers how to end that."""
        entry = (listener, types)
        self._listeners = (*self._listeners, entry)
        if self._tracer is None and self._wire_is_heard():
            self._tracer = Tracer(self._wire, None)
        self._heard()

        def end() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not entry)
            if self._tracer is not None and not self._tracer.keeps and not self._wire_is_heard():
                self._tracer = None
            self._heard()

        return end

    def _heard(self) -> None:
        """Nobody puts into words what nobody hears."""
        runner = self.runner
        runner.traced = runner.kind.frames or self._tracer is not None
        runner.sampled = bool(self._listeners)

    def told(self, event: str, data: dict[str, Any]) -> None:
        """Tell everybody who listens."""
        self.log.event(event, data)
        made: dict[str, Any] | None = None
        for listener, types in self._listeners:
            if (types is None and event != WIRE) or (types is not None and event in types):
                made = made or {"event": event, "data": data, "timestamp": utc_text(self.runner.utc())}
                listener(made)

    def frame(self, direction: str, text: str | bytes) -> None:
        """A frame was sent (``>``) or came (``<``)."""
        self.log.frame(direction, text)
        if self._tracer is not None:
            self._tracer.frame(direction, text)

    def utc(self) -> datetime:
        """What time it is for the station."""
        return self.runner.utc()

    def _logs(self) -> Path:
        return self.runner.state.path("logs")

    def _wire_is_heard(self) -> bool:
        return any(types is not None and WIRE in types for _, types in self._listeners)

    def _wire(self, frame: dict[str, Any]) -> None:
        self.told(WIRE, frame)
