"""Resets: now or when idle, of the station or of one EVSE.

Spec: OCPP 2.0.1 B11, B12; OCPP 1.6 §5.14 (hard and soft).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from station.core.context import Context
from station.core.effects import Outcome, Reboot, Reply
from station.core.events import ResetRequested
from station.core.evse import Evse
from station.core.nothing import NOTHING
from station.core.records import Json
from station.core.values import BootReason, StopReason, TriggerReason

if TYPE_CHECKING:
    from station.core.authorization import AuthDesk
    from station.core.reservation import Reservations

DEADLINE = "reset"
REBOOT = "reboot"
REASON = "reason"
_STOPPING_S = 5.0


class Reset:
    """The resets under way, at most one for each EVSE and one for the station (0), which outdoes the others.

    An EVSE (0: any) that waits for a driver who has reserved it is not idle (errata 2025-09, OnIdle), and he may come.
    Before a reboot what is unfinished gets its end. ``ordered`` is why a reboot was ordered that has not begun yet.
    """

    __slots__ = ("_reservations", "_tokens", "ctx", "evses", "ordered", "rebooting", "waiting")

    def __init__(
        self,
        ctx: Context,
        evses: Sequence[Evse],
        tokens: AuthDesk,
        reservations: Reservations,
    ) -> None:
        self.ctx = ctx
        self.evses = evses
        self._tokens = tokens
        self._reservations = reservations
        self.waiting: Mapping[int, ResetRequested] = NOTHING
        self.rebooting = False
        self.ordered: BootReason | None = None

    def blocks(self, evse: int) -> bool:
        """Whether no session may begin because of one."""
        if self.rebooting or not self.waiting:
            return self.rebooting
        waiting = [one for part, one in self.waiting.items() if part in (0, evse)]
        return any(not one.on_idle for one in waiting) or (bool(waiting) and not self._reservations.expects(evse))

    def request(self, event: ResetRequested) -> None:
        """Take up a reset; it answers at once.

        A later one replaces an earlier one of the same part, but waiting never replaces going on at once.
        """
        known = self.waiting.get(event.evse)
        if event.evse and (0 in self.waiting or all(one.id != event.evse for one in self.evses)):
            self._reply(event, Outcome("Rejected", "ResetPending" if 0 in self.waiting else "UnknownEvse"))
            return
        busy = self._busy(event.evse)
        if known is not None and event.on_idle and not known.on_idle:
            self._reply(event, Outcome("Accepted"))
            return
        before = self.waiting
        later = event.on_idle and (busy or self._reservations.expects(event.evse))
        self._reply(event, Outcome("Scheduled" if later else "Accepted"))
        self.ctx.ledger.undo(lambda: self._take_back(before))
        self.waiting = {0: event} if event.evse == 0 else {**self.waiting, event.evse: event}
        if not event.on_idle:
            for evse in busy:
                evse.stop(event.reason, TriggerReason.RESET_COMMAND)
            self.ctx.at(DEADLINE, 0, _STOPPING_S)
        for evse in self.evses:
            if evse.grant is not None and evse.transaction is None and self.blocks(evse.id):
                evse.end_session(event.reason, TriggerReason.RESET_COMMAND)
        self.check()

    def _reply(self, event: ResetRequested, outcome: Outcome) -> None:
        if event.reply is not None:
            self.ctx.ledger.promise(Reply(event.reply, outcome))

    # Why the next boot

    def _order(self, reason: BootReason) -> None:
        """Keep why: a real reboot is another process, which has to tell it."""
        self.ordered = reason
        self.ctx.ledger.put(REBOOT, REASON, reason.value)
        self.ctx.ledger.undo(self._called_off, REBOOT, REASON)

    def _called_off(self) -> None:
        self.ordered = None

    def restore(self, key: str, row: Json) -> None:
        """The boot that begins was ordered for this reason."""
        del key
        self.ordered = BootReason(row)

    def began(self) -> None:
        """The boot has begun: another one after a power cut is for no such reason."""
        if self.ordered is not None:
            self.ordered = None
            self.ctx.ledger.delete(REBOOT, REASON)

    def _take_back(self, before: Mapping[int, ResetRequested]) -> None:
        self.waiting = before
        self.rebooting = False

    def _busy(self, evse: int) -> list[Evse]:
        return [one for one in self.evses if one.transaction is not None and evse in (0, one.id)]

    def check(self) -> None:
        """Go through with those for which nothing runs any more."""
        for event in list(self.waiting.values()):
            if not self._busy(event.evse) and not (event.on_idle and self._reservations.expects(event.evse)):
                self._carry_out(event)

    def due(self) -> None:
        """A transaction did not come to its end in time: reboot all the same; it is told after the boot."""
        for event in list(self.waiting.values()):
            if not event.on_idle:
                self._carry_out(event)

    def _carry_out(self, event: ResetRequested) -> None:
        if event.evse == 0:
            self.waiting = NOTHING
            self.rebooting = True
            self.ctx.cancel(DEADLINE, 0)
            self._tokens.close(StopReason.REBOOT)
            self._order(event.boot_reason)
            self.ctx.ledger.promise(Reboot(event.boot_reason, event.drain))
            return
        self.waiting = {part: one for part, one in self.waiting.items() if part != event.evse}
        if not any(not waiting.on_idle for waiting in self.waiting.values()):
            self.ctx.cancel(DEADLINE, 0)
        for evse in self.evses:
            if evse.id == event.evse:
                evse.clear_fault(None)
