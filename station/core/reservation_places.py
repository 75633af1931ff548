"""Which EVSEs could serve which reservations, and how many of them at once.

What is reserved, and how it ends, is ``station.core.reservation``'s, which alone calls this. Nothing here changes
anything.

Spec: OCPP 2.0.1 H01.FR.07, H01.FR.09; OCPP 1.6 §5.13.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from station.core.context import StationPlan
from station.core.evse import Evse
from station.core.values import Reservation


def unused(evse: Evse) -> bool:
    """Whether nobody has been authorised here; a transaction may run that began with the cable (H03, S1)."""
    transaction = evse.transaction
    return evse.grant is None and (transaction is None or transaction.token is None)


class Places:
    """The EVSEs of a station as places that reservations may mean."""

    __slots__ = ("evses", "plan")

    def __init__(self, plan: StationPlan, evses: Sequence[Evse]) -> None:
        self.plan = plan
        self.evses = evses

    def connectors(self, reservation: Reservation, evse: Evse) -> list[int]:
        """The connectors of an EVSE that would do."""
        plan = next(one for one in self.plan.evses if one.id == evse.id)
        return [
            connector.id
            for connector in plan.connectors
            if reservation.connector in (0, connector.id) and reservation.connector_type in ("", connector.type)
        ]

    def fits(self, reservation: Reservation, evse: Evse) -> bool:
        """Whether the EVSE is one that the reservation may mean."""
        return reservation.evse in (None, evse.id) and bool(self.connectors(reservation, evse))

    def state(self, reservation: Reservation, evse: Evse) -> str:
        """Why an EVSE is of no use for a reservation whoever is there; empty where nothing is wrong with it."""
        if evse.faulted():
            return "Faulted"
        usable = any(evse.operative(connector) for connector in self.connectors(reservation, evse))
        return "" if usable else "Unavailable"

    def serves(self, reservation: Reservation, evse: Evse) -> bool:
        """Whether the EVSE could serve it: in service but for a reset that waits, which a reservation survives."""
        if not self.fits(reservation, evse) or evse.faulted():
            return False
        return any(evse.hooks.operative(evse.id, one) for one in self.connectors(reservation, evse))

    def matched(self, wanted: Sequence[Reservation], evses: Sequence[Evse]) -> dict[int, Reservation]:
        """As many reservations as can be served at once, earlier ones first: EVSE -> reservation (augmenting paths)."""
        found: dict[int, Reservation] = {}

        def place(one: Reservation, tried: set[int]) -> bool:
            for evse in evses:
                if evse.id in tried or not self.serves(one, evse):
                    continue
                tried.add(evse.id)
                if evse.id not in found or place(found[evse.id], tried):
                    found[evse.id] = one
                    return True
            return False

        for one in wanted:
            place(one, set())
        return found

    def served(self, wanted: Sequence[Reservation], evses: Sequence[Evse]) -> int:
        """How many of them these EVSEs can serve at once."""
        return len(self.matched(wanted, evses))

    def spares(self, wanted: Sequence[Reservation], evses: Sequence[Evse], evse: Evse) -> bool:
        """Whether as many can be served without ``evse``."""
        rest = [place for place in evses if place is not evse]
        return len(rest) == len(evses) or self.served(wanted, rest) == self.served(wanted, evses)

    def free(self, wanted: Sequence[Reservation], taken: Collection[int]) -> list[Evse]:
        """The EVSEs that can serve those for any EVSE: free ones, and where they are too few, ones kept already.

        A vehicle that was plugged in at an EVSE kept for somebody may be his; it changes nothing (G01.FR.09).
        ``taken`` are the EVSEs that are reserved by their number.
        """
        candidates = [evse for evse in self.evses if unused(evse) and evse.id not in taken]
        found = [evse for evse in candidates if not evse.in_use]
        served = self.served(wanted, found)
        for evse in candidates:
            kept = evse.in_use and evse.reserved and served < len(wanted)
            if kept and self.served(wanted, [*found, evse]) > served:
                found.append(evse)
                served += 1
        return found
