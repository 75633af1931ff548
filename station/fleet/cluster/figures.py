"""The totals of a distributed fleet: the last figures of every incarnation that ever was, added up.

What an incarnation had begun and not delivered when it ended without a farewell is lost by the generator, and is
counted as that: ``sessions.lost`` (begun, not finished) and ``messages.lost`` (queued, not told). Its gauges are gone.
Counts never fall: an incarnation's figures only grow, and what arrives after its end is not looked at.
"""

from __future__ import annotations

from station.fleet.metrics import Snapshot, merged_all

SESSIONS_LOST = "sessions.lost"
MESSAGES_LOST = "messages.lost"


class Figures:
    """See the module. Keys are workers' incarnations."""

    def __init__(self) -> None:
        self._past = Snapshot()
        self._closed: set[str] = set()
        self._live: dict[str, Snapshot] = {}
        self._whole: Snapshot | None = None

    def update(self, key: str, snapshot: Snapshot) -> None:
        """The newest figures of an incarnation, in the order in which it made them."""
        if key not in self._closed:
            self._live[key] = snapshot
            self._whole = None

    def lost(self, key: str) -> dict[str, int]:
        """An incarnation ended without a farewell; what it had not delivered."""
        self._closed.add(key)
        last = self._live.pop(key, None)
        if last is None:
            return {}
        counts = last.counts
        begun = counts.get("sessions.started", 0)
        ended = counts.get("sessions.finished", 0) + counts.get(SESSIONS_LOST, 0)
        lost = {SESSIONS_LOST: max(0, begun - ended), MESSAGES_LOST: max(0, last.gauges.get("queued", 0))}
        lost = {name: count for name, count in lost.items() if count}
        self._past = merged_all((self._past, Snapshot(last.counts, last.times, {}, last.energy_wh), Snapshot(lost)))
        self._whole = None
        return lost

    def whole(self) -> Snapshot:
        """The totals."""
        if self._whole is None:
            self._whole = merged_all((self._past, *self._live.values()))
        return self._whole
