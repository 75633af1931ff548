"""Registration with the CSMS: BootNotification until it is accepted, then heartbeats.

Spec: OCPP 2.0.1 B01-B04, G02; OCPP 1.6 §4.2, §4.6.
"""

from __future__ import annotations

from datetime import datetime

from station.core import names
from station.core.blueprint import Blueprint
from station.core.context import Context
from station.core.effects import BootQuery, ClockChanged, HeartbeatQuery
from station.core.events import BootAnswered, HeartbeatAnswered, TriggerHeartbeat
from station.core.values import BootReason, RegistrationStatus

BLUEPRINT = Blueprint(
    "registration",
    ["unregistered", "pending", "rejected", "accepted"],
    [
        {"trigger": "Accepted", "source": "*", "dest": "accepted"},
        {"trigger": "Pending", "source": "*", "dest": "pending"},
        {"trigger": "Rejected", "source": "*", "dest": "rejected"},
    ],
)

BOOT = "boot"
HEARTBEAT = "heartbeat"
RETRY_S = 10.0
"""Our own wait before the next BootNotification where the CSMS names none or does not answer."""

_DAY_S = 86400.0


class Registration:
    """Whether the CSMS knows this boot. ``state`` is the machine's."""

    __slots__ = ("asked", "ctx", "due_s", "heard_s", "reason", "state", "synced_s")

    def __init__(self, ctx: Context, reason: BootReason) -> None:
        self.ctx = ctx
        self.state = BLUEPRINT.initial
        self.reason = reason
        self.asked = False
        self.due_s = ctx.now
        self.heard_s = self.synced_s = ctx.now

    @property
    def accepted(self) -> bool:
        """Whether this boot was accepted; a reconnect does not change that (OCPP 2.0.1 B04)."""
        return self.state == "accepted"

    def connected(self) -> None:
        """A connection stands: register, or go on where this boot is accepted already."""
        self.asked = False
        if self.accepted:
            self.heard_s = self.ctx.now
            self._schedule_heartbeat()
        elif self.due_s <= self.ctx.now:
            self._ask(self.reason)
        else:
            self.ctx.at(BOOT, 0, self.due_s - self.ctx.now)

    def disconnected(self) -> None:
        """Nothing can be asked."""
        self.asked = False
        self.ctx.cancel(BOOT, 0)
        self.ctx.cancel(HEARTBEAT, 0)

    def _ask(self, reason: BootReason) -> None:
        if not self.asked:
            self.asked = True
            self.ctx.ask(BootQuery(reason))

    def due(self) -> None:
        """The interval is over: try again."""
        if self.ctx.online and not self.accepted:
            self._ask(self.reason)

    def trigger(self) -> None:
        """The CSMS wants a BootNotification now (OCPP 1.6 §5.17, OCPP 2.0.1 F06)."""
        if self.ctx.online:
            self.ctx.cancel(BOOT, 0)
            self._ask(BootReason.TRIGGERED)

    def answered(self, event: BootAnswered) -> bool:
        """The CSMS answered. True when this boot is accepted now and was not before."""
        ctx, was = self.ctx, self.accepted
        self.asked = False
        self.heard_s = ctx.now
        self.learn_time(event.utc)
        BLUEPRINT.fire(self, event.status.value)
        ctx.linked(ctx.online, event.status)
        if event.status is RegistrationStatus.ACCEPTED:
            if event.interval_s > 0:
                outcome = ctx.variables.set(names.HEARTBEAT_INTERVAL, str(int(event.interval_s)), hand="manufacturer")
                ctx.ledger.add(outcome.records)
            self._schedule_heartbeat()
            return not was
        self._retry_after(event.interval_s if event.interval_s > 0 else RETRY_S)
        return False

    def failed(self) -> None:
        """No answer to BootNotification."""
        self.asked = False
        if not self.accepted:
            self._retry_after(RETRY_S)

    def _retry_after(self, wait_s: float) -> None:
        self.due_s = self.ctx.now + wait_s
        self.ctx.at(BOOT, 0, wait_s)

    # Heartbeats

    def reschedule(self) -> None:
        """The heartbeat interval changed."""
        if self.accepted and self.ctx.online:
            self._schedule_heartbeat()

    def _schedule_heartbeat(self) -> None:
        self.ctx.at(HEARTBEAT, 0, self._interval_s())

    def _interval_s(self) -> float:
        interval_s = self.ctx.number(names.HEARTBEAT_INTERVAL)
        return min(interval_s, _DAY_S) if interval_s > 0 else _DAY_S

    def heartbeat_due(self) -> None:
        """An interval is over, unless there was traffic in between; the clock is set once a day (OCPP 1.6 §4.6)."""
        if not (self.accepted and self.ctx.online):
            return
        quiet_s, interval_s = self.ctx.now - self.heard_s, self._interval_s()
        wait_s = min(interval_s - quiet_s, _DAY_S - (self.ctx.now - self.synced_s))
        if wait_s > 1e-6:
            self.ctx.at(HEARTBEAT, 0, wait_s)
        else:
            self.ctx.ask(HeartbeatQuery())
            self._schedule_heartbeat()

    def trigger_heartbeat(self, event: TriggerHeartbeat) -> None:
        """A heartbeat is wanted now."""
        self.ctx.ask(HeartbeatQuery(event.asked))

    def heartbeat_answered(self, event: HeartbeatAnswered) -> None:
        """The CSMS told its time."""
        self.learn_time(event.utc)

    def learn_time(self, utc: datetime | None) -> None:
        """Take over the CSMS's time as an offset (OCPP 1.6 §4.2; OCPP 2.0.1 B01.FR.06, G02.FR.07)."""
        self.synced_s = self.ctx.now
        if utc is not None and self.ctx.timeline.learn(utc, self.ctx.now):
            self.ctx.ledger.emit(ClockChanged(utc))
