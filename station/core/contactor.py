"""The contactor of an EVSE: commanded, seen, supervised.

Opening is commanded at once, always. Closing is commanded only by ``Evse.reconcile`` after everything that allows it is
recorded. What the mirror contact shows decides; a contradiction that lasts ``settle_s`` is a fault (OCPP 1.6 §7.6
PowerSwitchFailure) that stays until the contact agrees again and the fault is cleared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from station.core.blueprint import Blueprint
from station.core.context import Context
from station.core.effects import CloseContactor, OpenContactor
from station.core.values import ContactorState, Fault

HELD: Final = ("closed", "closing")
"""Where the contactor is commanded closed: what opens it means something there only."""
OFF: Final = ("open", "stuck_open")
"""Where surely no current flows."""
CONTRADICTING: Final = ("welded", "stuck_open")
"""Where the contacts did not follow their command in time."""

_open = lru_cache(maxsize=128)(OpenContactor)
_close = lru_cache(maxsize=128)(CloseContactor)

BLUEPRINT = Blueprint(
    "contactor",
    [state.value for state in ContactorState],
    [
        {"trigger": "close", "source": "open", "dest": "closing"},
        {"trigger": "open", "source": list(HELD), "dest": "opening"},
        {"trigger": "seen_closed", "source": "closing", "dest": "closed"},
        {"trigger": "seen_closed", "source": ["open", "stuck_open"], "dest": "opening"},
        {"trigger": "seen_open", "source": ["opening", "welded"], "dest": "open"},
        {"trigger": "seen_open", "source": ["closed"], "dest": "closing"},
        {"trigger": "overdue", "source": "closing", "dest": "stuck_open"},
        {"trigger": "overdue", "source": "opening", "dest": "welded", "conditions": "seen_closed"},
        {"trigger": "overdue", "source": "opening", "dest": "open"},
        {"trigger": "recover", "source": "stuck_open", "dest": "open"},
    ],
    on_enter={"closing": "supervise", "opening": "supervise", "open": "settled", "closed": "settled"},
)

DEADLINE = "contactor"


class Contactor:
    """One contactor. Answers whether it is faulty by ``fault``; the EVSE decides what that means.

    ``seen_closed`` is what the mirror contact showed last, and a condition of the blueprint: what never closed is not
    welded.
    """

    __slots__ = ("ctx", "evse", "seen_closed", "state")

    def __init__(self, ctx: Context, evse: int) -> None:
        self.ctx = ctx
        self.evse = evse
        self.state = BLUEPRINT.initial
        self.seen_closed = False

    @property
    def shown(self) -> ContactorState:
        """The state as docs/control.md names it."""
        return ContactorState(self.state)

    @property
    def passes(self) -> bool:
        """Whether current may flow: everything but surely open."""
        return self.state not in OFF

    @property
    def fault(self) -> Fault | None:
        """The fault that the contacts show at this moment."""
        return Fault.POWER_SWITCH_FAILURE if self.state in CONTRADICTING else None

    def open(self) -> None:
        """Open now. Repeated commands are harmless and cost nothing."""
        if self.state in HELD and BLUEPRINT.fire(self, "open"):
            self.ctx.ledger.out.append(_open(self.evse))

    def close(self) -> None:
        """Close now; the caller has checked everything that allows it."""
        if self.state != "closed" and BLUEPRINT.fire(self, "close"):
            self.ctx.ledger.out.append(_close(self.evse))

    def moved(self, closed: bool) -> None:
        """The mirror contact was seen."""
        self.seen_closed = closed
        BLUEPRINT.fire(self, "seen_closed" if closed else "seen_open")
        if self.state == "opening" and closed:
            self.ctx.ledger.out.append(_open(self.evse))

    def overdue(self) -> None:
        """The contradiction lasted too long."""
        stuck = self.state == "closing"
        BLUEPRINT.fire(self, "overdue")
        if stuck:
            self.ctx.ledger.out.append(_open(self.evse))

    def recover(self) -> bool:
        """Somebody says that the fault is gone. False while the contacts still contradict."""
        BLUEPRINT.fire(self, "recover")
        return self.fault is None

    def supervise(self) -> None:
        """Entry action: the contact has to follow within the settling time."""
        ctx = self.ctx
        ctx.deadlines[DEADLINE, self.evse] = ctx.now + ctx.plan.settle_s

    def settled(self) -> None:
        """Entry action: contact and command agree."""
        self.ctx.deadlines.pop((DEADLINE, self.evse), None)
