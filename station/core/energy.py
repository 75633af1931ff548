"""Whether an EVSE may offer current and close its contactor: pure readings of its state.

Nothing here changes anything; ``station.core.evse`` acts on the answers. Spec: IEC 61851-1 (pilot); OCPP 2.0.1
E (TxStartPoint).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from station.core.pilot import ASKING, MINIMUM_CURRENT_A

if TYPE_CHECKING:
    from station.core.evse_state import EvseState

GRACE: Final = "grace"
"""The deadline until which a car may take its time to answer a first offer."""


def offer_a(evse: EvseState) -> float | None:
    """The current that may be offered by the pilot: the least of what EVSE, limits from outside and cable allow.

    None: none may. A transaction that is recorded allows it. So does a session without one, where the transaction is to
    start by what only an offer can bring about (TxStartPoint EnergyTransfer); such an offer stands while the start is
    recorded.
    """
    connector = evse.connector
    if evse.state != "active" or evse.grant is None or not evse.ev or not connector.secured:
        return None
    faults = evse.fault_table
    if faults.own.serious or faults.shared.serious or evse.contactor.state == "welded":
        return None
    limit_a, cable_a = evse.limit_a, connector.limit_a
    if cable_a is not None and cable_a < limit_a:
        limit_a = cable_a
    if limit_a < MINIMUM_CURRENT_A or evse.ctx.closing_down:
        return None
    desk = evse.desk
    transaction = desk.transaction
    if transaction is not None:
        goes_on = desk.ending is None and not transaction.suspended
        may = goes_on and (desk.recorded or evse.offered_a is not None)
    elif evse.offered_a is None and (desk.starting is not None or evse.conditions() & evse.ctx.rules.start):
        may = False
    else:
        may = evse.serviceable
    return limit_a if may else None


def may_close(evse: EvseState) -> bool:
    """Whether the contactor may be closed, where current may be offered: the car asks, the transaction is recorded."""
    desk = evse.desk
    return desk.recorded and desk.transaction is not None and desk.ending is None and evse.pilot in ASKING
