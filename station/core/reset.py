"""Resets: now or when idle, of the station or of one EVSE.

Spec: OCPP 2.0.1 B11, B12; OCPP 1.6 §5.14 (hard and soft).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from station.core.context import Context
from station.core.effects import Outcome, Reboot, Reply
from station.core.events import ResetRequested
from station.core.evse import Evse
from station.core.values import TriggerReason

DEADLINE = "reset"
_STOPPING_S = 5.0


class Reset:
    """The resets under way, at most one for each EVSE and one for the station (0), which outdoes the others.

    ``closing`` is called before a reboot: what is unfinished gets its end.
    """

    __slots__ = ("_rebooting", "_waiting", "closing", "ctx", "evses")

    def __init__(self, ctx: Context, evses: Sequence[Evse], closing: Callable[[], None]) -> None:
        self.ctx = ctx
        self.evses = evses
        self.closing = closing
        self._waiting: dict[int, ResetRequested] = {}
        self._rebooting = False

    @property
    def pending(self) -> ResetRequested | None:
        """The reset that waits for transactions to end, the station's first."""
        if not self._waiting:
            return None
        return self._waiting.get(0) or next(iter(self._waiting.values()))

    @property
    def rebooting(self) -> bool:
        """Whether the reboot was ordered: what changes from here on is told after it."""
        return self._rebooting

    def blocks(self, evse: int) -> bool:
        """Whether no session may begin because of one."""
        return self._rebooting or (bool(self._waiting) and (0 in self._waiting or evse in self._waiting))

    def request(self, event: ResetRequested) -> None:
        """Take up a reset; it answers at once.

        A later one replaces an earlier one of the same part, but waiting never replaces going on at once.
        """
        known = self._waiting.get(event.evse)
        if event.evse and (0 in self._waiting or all(one.id != event.evse for one in self.evses)):
            self._reply(event, Outcome("Rejected", "ResetPending" if 0 in self._waiting else "UnknownEvse"))
            return
        busy = self._busy(event.evse)
        if known is not None and event.on_idle and not known.on_idle:
            self._reply(event, Outcome("Accepted"))
            return
        before = dict(self._waiting)
        self._reply(event, Outcome("Scheduled" if event.on_idle and busy else "Accepted"))
        self.ctx.ledger.undo(lambda: self._take_back(before))
        self._waiting = {0: event} if event.evse == 0 else {**self._waiting, event.evse: event}
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

    def _take_back(self, before: dict[int, ResetRequested]) -> None:
        self._waiting = before
        self._rebooting = False

    def _busy(self, evse: int) -> list[Evse]:
        return [one for one in self.evses if one.transaction is not None and evse in (0, one.id)]

    def check(self) -> None:
        """Go through with those for which nothing runs any more."""
        for event in list(self._waiting.values()):
            if not self._busy(event.evse):
                self._carry_out(event)

    def due(self) -> None:
        """A transaction did not come to its end in time: reboot all the same; it is told after the boot."""
        for event in list(self._waiting.values()):
            if not event.on_idle:
                self._carry_out(event)

    def _carry_out(self, event: ResetRequested) -> None:
        if event.evse == 0:
            self._waiting.clear()
            self._rebooting = True
            self.ctx.cancel(DEADLINE, 0)
            self.closing()
            self.ctx.ledger.promise(Reboot(event.boot_reason, event.drain))
            return
        del self._waiting[event.evse]
        if not any(not waiting.on_idle for waiting in self._waiting.values()):
            self.ctx.cancel(DEADLINE, 0)
        for evse in self.evses:
            if evse.id == event.evse:
                evse.clear_fault(None)
