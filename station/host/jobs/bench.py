"""What a job may use."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from station.config import Profile
from station.host.engine import Engine
from station.host.state_folder import StateFolder
from station.host.station_log import StationLog
from station.net.transfer.api import Transfers


@dataclass(frozen=True, slots=True)
class Bench:
    """The surroundings of a job. ``engine`` is that of the boot that ordered it.

    ``verified_by`` gives the certificates (DER) that verify the CSMS's in the connection that stands, the root last.
    ``status`` is what the station shows of itself, ``log`` its lines.
    """

    profile: Profile
    state: StateFolder
    transfers: Transfers
    engine: Engine
    verified_by: Callable[[], tuple[bytes, ...]] = tuple
    status: Callable[[], dict[str, Any]] = dict
    log: StationLog | None = None

    def now_utc(self) -> datetime:
        """The station's UTC; the host's where the station does not know any."""
        return self.engine.now_utc() if self.engine.station.ctx.timeline.known else datetime.now(UTC)

    def note(self, text: str) -> None:
        """Keep a line in the station's log. It holds no secret."""
        if self.log is not None:
            self.log.note("=", text)

    async def log_lines(self, oldest: datetime | None, latest: datetime | None) -> list[str]:
        """The lines of a time that are kept of the station."""
        return await self.log.lines(oldest, latest) if self.log is not None else []


Report = Callable[[Any], None]
JobRunner = Callable[[Any, Bench, Report], Coroutine[Any, Any, Any]]
