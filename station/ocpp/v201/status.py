"""The status of a connector in the five words of OCPP 2.0.1, derived from what the EVSE is at this moment.

Not here: when a status is told (the engine compares, and applies MinimumStatusDuration).

Spec: OCPP 2.0.1 G01, part 2, 3.23 ConnectorStatusEnumType.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from station.ocpp.dialect import EvseView, OutCall, Told, View
from station.ocpp.times import timestamp_of

AVAILABLE: Final = Told("Available")
OCCUPIED: Final = Told("Occupied")
RESERVED: Final = Told("Reserved")
UNAVAILABLE: Final = Told("Unavailable")
FAULTED: Final = Told("Faulted")

_UNPLUGGED_STATES: Final = ("idle", "awaiting")
"""Without a cable these leave the connector Available: E03 tells Occupied when the cable comes, not with the token."""


def told(evse: EvseView, connector: int, view: View) -> Told:
    """The status of a connector.

    A running transaction keeps its connector Occupied: Inoperative is scheduled (G03.FR.05). A reservation outlasts
    the cable until a token that matches is presented (G01.FR.09 of the errata, G03.FR.09). The other connectors of an
    EVSE keep their status while one is in use (G01.FR.08).
    """
    used = connector == evse.active_connector
    transaction = evse.transaction if used else None
    if evse.faulted():
        return FAULTED
    if transaction is None and not evse.operative(connector):
        return UNAVAILABLE
    if evse.reserved and (transaction is None or transaction.token is None):
        return RESERVED
    if used and (evse.in_use or (transaction is not None and evse.state not in _UNPLUGGED_STATES)):
        return OCCUPIED
    return AVAILABLE


def targets(view: View) -> Sequence[tuple[int, int]]:
    """EVSE and connector of every status that is told; the station itself has none in this version."""
    return [(evse.id, connector) for evse in view.evses for connector in evse.connector_ids]


def status_call(evse: int, connector: int, status: Told, view: View) -> OutCall:
    """The StatusNotification that tells a status.

    Spec: OCPP 2.0.1 G01.FR.03 to G01.FR.07.
    """
    return OutCall(
        "StatusNotification",
        {
            "timestamp": timestamp_of(view.turn_utc_s()),
            "connectorStatus": status.status,
            "evseId": evse,
            "connectorId": connector,
        },
    )
