"""What the people at one EVSE do: plug in, tap, stay, tap, unplug. One small object an EVSE, no task and no timer.

Two rhythms. In a *closed loop* (``back-to-back``) the next thing happens as soon as everything before was told and
answered. *By the clock* (``paced`` and the arrivals of ``patterns``) cars come, values are taken and cars leave when
the schedule says so, whatever the CSMS does. A step that the schedule rings for too late (``schedule.LATE_S``) is
counted as ``sessions.late``, so that a generator that does not keep up shows; a car that finds the EVSE still taken,
because the CSMS has not let the one before go, as ``sessions.turned_away``.

Whatever goes wrong (a refused card, a transaction that is rejected or ended by somebody else, a reboot, a stuck lock)
the car leaves and the next one comes; in a closed loop after a pause that doubles up to a minute, so that a CSMS that
refuses everyone is not flooded. Counts besides those of ``metrics``: ``sessions.refused`` (the CSMS or a list of its
refused the card), ``sessions.unanswered`` (it did not say anything of the card), ``sessions.cut`` (a transaction ended
by somebody else), ``sessions.unserved`` (the stay was over before a card was accepted, or the EVSE could take none),
``sessions.unstopped`` (the CSMS did not end it: ``stop: remote``), ``sessions.turned_away``, ``sessions.stuck``. Time:
``remote_start`` (a remote start that was granted, with the car plugged in at once, to its transaction told).

The driver is fed by its unit after every turn of the station, and by the schedule; both in the loop's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from station.core import events
from station.core.effects import TokenEnded
from station.core.evse import Evse
from station.core.transaction import Transaction
from station.core.values import IdToken, TokenResult, TriggerReason
from station.fleet.patterns import Place, Visit
from station.fleet.scene import Scene
from station.fleet.verdict import UNSERVED, verdict
from station.host.commands.common import plug_car
from station.host.execution import CommandRefused

if TYPE_CHECKING:
    from station.fleet.unit import Unit

log = logging.getLogger(__name__)

PATIENCE_S: Final = 60.0
"""So long a step may take while the station is connected, before the driver gives up and leaves."""
_MOST_PAUSE_S: Final = 60.0
_BEGINNING_S: Final = 2.0
"""Who begins so soon after the pattern began takes part from its beginning."""

IDLE, PLUGGING, TAPPING, CHARGING, STOPPING, LEAVING, RESTING = range(7)
"""No car is here; plugged in, not seen yet; the card was shown; a transaction runs; its end was asked for; the cable is
pulled; no car is here, and none comes for a while."""

VISIT, SAMPLE, END, RETRY = range(4)
"""What the schedule rings for."""

LATE: Final = "sessions.late"
_READER: Final = "driver"
_sample_due = lru_cache(maxsize=64)(events.SampleDue)
"""The events of all stations: alike for each number of an EVSE, and never changed."""
_SERVED: Final = frozenset({TokenResult.USED_TO_START, TokenResult.USED_TO_STOP, TokenResult.ACCEPTED})


class Driver:
    """See the module.

    Args:
        unit: the station.
        place: which EVSE of the fleet it is.
        scene: what it shares with the drivers of its group.

    Attributes:
        step: where it is, a name of this module.
        since_s: since when, in the loop's time.
        evse: its EVSE, of the boot that runs.
        transaction: of its EVSE, as it was when the driver looked last.
        waits: it does nothing before the schedule rings, or the EVSE has another transaction.
    """

    __slots__ = (
        "_begged",
        "_begun",
        "_card",
        "_due_s",
        "_ending",
        "_failed",
        "_failures",
        "_left",
        "_refused",
        "_remote_s",
        "_started",
        "_stay_ends_s",
        "_turn",
        "_visit",
        "_visits",
        "evse",
        "place",
        "scene",
        "since_s",
        "step",
        "transaction",
        "unit",
        "waits",
    )

    def __init__(self, unit: Unit, place: Place, scene: Scene, evse: Evse) -> None:
        self.unit = unit
        self.place = place
        self.scene = scene
        self.evse = evse
        self.step = IDLE
        self.since_s = 0.0
        self.waits = False
        self._begged = self._begun = False
        self._ending = False
        self._refused = ""  # what became of the card, as it is counted
        self._started = False
        self._card: IdToken | None = None
        self.transaction: Transaction | None = None
        self._turn = self._visits = 0
        self._left = 0
        self._failed = False
        self._failures = 0
        self._due_s: float | None = None
        self._visit: Visit | None = None
        self._stay_ends_s: float | None = None
        self._remote_s: float | None = None

    # What others say

    def begin(self) -> None:
        """Sessions may begin from now on."""
        if self._begun or self._ending:
            return
        self._begun = True
        if self.scene.visits is not None:
            # A fleet takes some turns to begin: it has the same load whether they are fast or slow.
            now_s = self.scene.now_s()
            self._expect(now_s if now_s > _BEGINNING_S * self.scene.speed else -1e-6)

    def turned(self, ready: bool) -> bool:
        """The station has ended a turn; whether the driver took a step.

        Args:
            ready: by the clock always; in a closed loop everything was told and answered.
        """
        step, transaction = self.step, self.evse.desk.transaction
        if transaction is not self.transaction:
            self._changed(transaction)
            if transaction is not None and self.step == TAPPING:
                self._failures = 0
                self._to(CHARGING)
        if transaction is not None and not self._started:
            self._count_start(transaction)
        if self._remote_s is not None and transaction is not None and self.unit.quiet():
            self.scene.metrics.took("remote_start", self.scene.metrics.now() - self._remote_s)
            self._remote_s = None
        if ready:
            _ACTS[self.step](self)
        return self.step != step

    def refused(self, ended: TokenEnded) -> None:
        """A card was shown to the station, and this came of it."""
        if ended.token is self._card and ended.result not in _SERVED:
            self._refused = verdict(ended)

    def rebooted(self, evse: Evse) -> None:
        """The station began anew, with another EVSE: what was shown to the old boot nobody knows."""
        self.evse, self.waits = evse, False
        if self.step in (PLUGGING, TAPPING, STOPPING):
            self._leave()

    def finish(self) -> None:
        """No car comes any more, and who is here leaves in order."""
        self._ending = True
        if self.step == PLUGGING:
            self._leave()
        elif self.step == CHARGING:
            self._stop(by_hand=True)
        elif self.step == STOPPING:
            self._stop_by_hand()
        # Who has shown a card waits for what comes of it: a transaction may be begun already at the CSMS.

    def look(self, now_s: float) -> None:
        """Once in a while: whether something hangs that should not."""
        if self.step in _HANGS and now_s - self.since_s > PATIENCE_S:
            remote = self.step == STOPPING and self.scene.behaviour.stop == "remote"
            self.scene.metrics.count("sessions.unstopped" if remote else "sessions.stuck")
            if self.step == LEAVING:
                self._over(failed=True)
            else:
                self._leave(failed=not remote)
        elif self._failed and self.step in (IDLE, RESTING) and self.evse.occupied:
            self._leave(failed=True)  # the cable was stuck; it may be free by now

    # By the clock

    def ring(self, due_s: float, what: int) -> None:
        """The schedule: something is due."""
        scene = self.scene
        if self._ending:
            return
        if what == VISIT:
            self._come(due_s)
        elif due_s != self._due_s:
            return  # it belonged to a session that is over
        elif what == SAMPLE:
            if scene.schedule.late:
                scene.metrics.count(LATE)
            self._wait_from(due_s)
            if self.step == CHARGING:
                self.unit.runner.feed(_sample_due(self.evse.id))
            return  # by far the most frequent; nobody has to act on it
        elif what == RETRY:
            self._to(IDLE)
            self._due_s = None
        else:
            self._stay_ends()
        self.unit.act()

    def _stay_ends(self) -> None:
        if self.scene.schedule.late:
            self.scene.metrics.count(LATE)
        self._due_s = None
        if self.step == CHARGING:
            self._stop()
        elif self.step in (PLUGGING, TAPPING):
            self.scene.metrics.count(UNSERVED)
            self._leave()

    def _come(self, due_s: float) -> None:
        """A car comes by the clock."""
        scene, visit, evse = self.scene, self._visit, self.evse
        if visit is None:
            return
        self._expect(visit.at_s)
        if scene.paused or self.unit.paused:
            return
        if not self.unit.alive or self.step != IDLE or evse.in_use or evse.grant is not None:
            scene.metrics.count("sessions.turned_away")
        else:
            if scene.schedule.late:
                scene.metrics.count(LATE)
            self._arrive(due_s, visit.stay_s)

    def _expect(self, since_s: float) -> None:
        """Have the schedule ring for the next visit after this, in station seconds of the pattern."""
        scene = self.scene
        if scene.visits is not None:
            self._visit = scene.visits.after(self.place, self._visits, since_s)
            self._visits += 1
            scene.schedule.at(scene.loop_s(self._visit.at_s), self, VISIT)

    def _wait_from(self, due_s: float) -> None:
        """Have the schedule ring for the next thing of this session after what was due at ``due_s``."""
        ends_s, sample_s = self._stay_ends_s, self.scene.sample_s
        if ends_s is None:
            return
        what, next_s = END, ends_s
        if sample_s is not None and due_s + sample_s < ends_s - 1e-6:
            what, next_s = SAMPLE, due_s + sample_s
        self._due_s = next_s
        self.scene.schedule.at(next_s, self, what)

    # A session

    def _to(self, step: int) -> None:
        self.step = step
        self.waits = False
        self.since_s = self.scene.loop.time()

    def _arrive(self, due_s: float = 0.0, stay_s: float | None = None) -> None:
        """A car comes, and its driver has a card; ``stay_s`` is in station seconds from ``due_s`` of the loop's."""
        self._card = self.scene.card(self.place, self._turn)
        self._plug(due_s, stay_s)

    def _answer(self) -> None:
        """Somebody let a card charge here from elsewhere: the driver plugs in."""
        scene, grant = self.scene, self.evse.grant
        if grant is None:
            return
        self._card = grant.token
        if grant.trigger is TriggerReason.REMOTE_START:
            self._remote_s = scene.metrics.now()
        self._plug(scene.loop.time(), None if scene.closed else scene.behaviour.session_s)

    def _plug(self, due_s: float, stay_s: float | None) -> None:
        scene, evse = self.scene, self.evse
        self._left = scene.behaviour.samples
        self._refused, self._failed = "", False
        self._stay_ends_s = None if stay_s is None else due_s + stay_s / scene.speed
        self._wait_from(due_s)
        self._to(PLUGGING)
        connectors = evse.connector_ids
        try:
            plug_car(self.unit.host, evse, connectors[self._turn % len(connectors)])
        except CommandRefused as problem:
            log.info("%s: nobody can plug in: %s", self.unit.member.id, problem)
            self._over(failed=True)

    def _leave(self, *, failed: bool = False) -> None:
        """Pull the cable."""
        self._failed, self._begged = failed, False
        self._to(LEAVING)
        host = self.unit.host
        host.hardware[self.evse.id].bay.unplug()
        host.unplugged(self.evse.id)

    def _over(self, *, failed: bool) -> None:
        """The car is gone."""
        scene = self.scene
        self._turn += 1
        self._card = None
        self._due_s = self._stay_ends_s = self._remote_s = None
        if not (failed and scene.closed):
            self._to(IDLE)
            return
        self._to(RESTING)
        pause_s = min(_MOST_PAUSE_S, 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._due_s = self.since_s + pause_s
        scene.schedule.at(self._due_s, self, RETRY)

    def _show_card(self) -> None:
        self._refused = ""
        if self._card is not None:
            self.unit.runner.feed(events.TokenPresented(self._card, _READER, (self.evse.id,)))

    def _stop(self, *, by_hand: bool = False) -> None:
        """The stay is over."""
        how = self.scene.behaviour.stop
        if how == "unplug":
            self._leave()
            return
        self._to(STOPPING)
        if how == "tap" or by_hand:
            self._show_card()

    def _stop_by_hand(self) -> None:
        """Do not wait any longer for the CSMS to end it."""
        if self.scene.behaviour.stop == "remote":
            self._show_card()

    def _changed(self, transaction: Transaction | None) -> None:
        """A transaction began, or is over. Across a reboot it is another object of the same id."""
        before, self.transaction = self.transaction, transaction
        if before is not None and transaction is not None and before.id == transaction.id:
            return
        if before is not None:
            if not self._started:
                self._count_start(before)
            if self._started:
                self.scene.metrics.count("sessions.finished")
            self.scene.metrics.delivered(max(0.0, before.last_wh - before.begin_wh))
        self._started = False

    def _count_start(self, transaction: Transaction) -> None:
        """One that began with the cable (OCPP 2.0.1 TxStartPoint) is a session once a card is accepted for it."""
        if transaction.token is not None:
            self._started = True
            self.scene.metrics.count("sessions.started")

    # Steps

    def _idle(self) -> None:
        scene, evse = self.scene, self.evse
        if self._ending or evse.occupied:
            return
        if evse.grant is not None:
            if self.unit.answers_remote:
                self._answer()
        elif scene.closed and self._begun and self.step == IDLE and not (scene.paused or self.unit.paused):
            self._arrive()

    def _plugging(self) -> None:
        if self.evse.ev:
            self._to(TAPPING)
            if self.evse.grant is None:
                self._show_card()

    def _tapping(self) -> None:
        if self._refused:
            self.scene.metrics.count(self._refused)
            self._leave(failed=True)
        elif self.transaction is not None and self.transaction.token is not None:
            # It began with the cable (TxStartPoint EVConnected), and has its card now.
            self._failures = 0
            self._to(CHARGING)
            self._charging()

    def _charging(self) -> None:
        if self.transaction is None:
            self.scene.metrics.count("sessions.cut")
            self._leave()
        elif self._ending:
            self._stop(by_hand=True)
        elif self.scene.closed:
            if self._left > 0:
                self._left -= 1
                self.unit.runner.feed(_sample_due(self.evse.id))
            else:
                self._stop()
        else:
            self.waits = self._remote_s is None

    def _stopping(self) -> None:
        evse = self.evse
        over = self.transaction is None or (evse.grant is None and evse.desk.ending is None)
        if over or self._refused:
            self._leave()

    def _leaving(self) -> None:
        evse = self.evse
        if not evse.occupied:
            self._over(failed=self._failed)
        elif evse.kept is not None and not self._begged:
            # A transaction that was taken away leaves the cable locked until its card is shown (OCPP 2.0.1 E05.FR.11).
            self._begged = True
            self._show_card()


_HANGS: Final = frozenset({PLUGGING, TAPPING, STOPPING, LEAVING})

_ACTS: Final[tuple[Callable[[Driver], None], ...]] = (
    Driver._idle,
    Driver._plugging,
    Driver._tapping,
    Driver._charging,
    Driver._stopping,
    Driver._leaving,
    Driver._idle,
)
"""By the step."""
