"""Which parts the CSMS, or the owner, has made inoperative. Survives reboots.

Spec: OCPP 2.0.1 G03, G04, B01.FR.07; OCPP 1.6 §5.2. Station, EVSE and connector are independent: a connector is
operative while all three are.
"""

from __future__ import annotations

from collections.abc import Sequence

from station.core.journal import Ledger
from station.core.records import Json

AVAILABILITY = "availability"

_ALL_OPERATIVE: frozenset[tuple[int, int]] = frozenset()
"""One for all stations: every new set takes 216 bytes."""


class Availability:
    """The parts that are inoperative, by address: (0, 0) the station, (evse, 0), (evse, connector)."""

    __slots__ = ("inoperative", "ledger")

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.inoperative = _ALL_OPERATIVE

    def set(self, evse: int, connector: int, operative: bool, *, undoable: bool = False) -> None:
        """Change one part; what is below keeps its own word. ``undoable``: unless the change can be recorded."""
        part, key = (evse, connector), f"{evse}.{connector}"
        if operative is (part not in self.inoperative):
            return
        if operative:
            self.ledger.delete(AVAILABILITY, key)
        else:
            self.ledger.put(AVAILABILITY, key, "Inoperative")
        self._mark(part, operative)
        if undoable:
            self.ledger.undo(lambda: self._mark(part, not operative), AVAILABILITY, key)

    def level(self, places: Sequence[tuple[int, int]], evse: int, connector: int, operative: bool) -> None:
        """Change one part where a change of the station is one of all its connectors (OCPP 1.6 §5.2), undoably.

        A connector that becomes operative in an inoperative station takes the station along, but no other connector.

        Args:
            places: all connectors.
            evse: 0 for the station.
            connector: the connector of the EVSE.
            operative: what it becomes.
        """
        whole = evse == 0
        if not whole and self.station_operative:
            self.set(evse, connector, operative, undoable=True)
            return
        if not whole and operative:
            for place in places:
                self.set(*place, place == (evse, connector), undoable=True)
        elif whole:
            for place in places:
                self.set(*place, operative=True, undoable=True)
        if whole or operative:
            self.set(0, 0, operative, undoable=True)

    def _mark(self, part: tuple[int, int], operative: bool) -> None:
        self.inoperative = self.inoperative - {part} if operative else self.inoperative | {part}

    def operative(self, evse: int, connector: int) -> bool:
        """Whether a connector may be used."""
        return not self.inoperative or not self.inoperative & {(0, 0), (evse, 0), (evse, connector)}

    @property
    def station_operative(self) -> bool:
        """Whether the station as a whole is operative."""
        return (0, 0) not in self.inoperative

    def restore(self, rows: dict[str, Json]) -> None:
        """Read the table back; a row that names no part is ignored."""
        parts = (key.partition(".") for key in rows)
        found = frozenset((int(e), int(c)) for e, _, c in parts if e.isdecimal() and c.isdecimal())
        self.inoperative = found or _ALL_OPERATIVE
