"""What the people at one EVSE do: plug in, tap, stay, tap, unplug. One small object an EVSE, no task and no timer.

Two rhythms. In a *closed loop* (``back-to-back``) the next thing happens as soon as everything before was told and
answered. *By the clock* (``paced`` and the arrivals of ``patterns``) cars come, values are taken and cars leave when
the schedule says so, whatever the CSMS does; a step that comes more than ``LATE_S`` too late, or finds the EVSE still
taken by the car before, is counted as ``sessions.late``, so that a generator that does not keep up shows.

Whatever goes wrong (a refused card, a transaction that is rejected or ended by somebody else, a reboot, a stuck lock)
the car leaves and the next one comes; in a closed loop after a pause that doubles up to a minute, so that a CSMS that
refuses everyone is not flooded. Counts besides those of ``metrics``: ``sessions.refused`` (card), ``sessions.cut`` (a
transaction ended by somebody else), ``sessions.unserved`` (the stay was over before a transaction began),
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
from station.core.evse import Evse
from station.core.transaction import Transaction
from station.core.values import IdToken, TokenResult, TriggerReason
from station.fleet.patterns import Place, Visit
from station.fleet.scene import Scene
from station.fleet.schedule import LATE_S
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
        "_stay_ends_s",
        "_transaction",
        "_turn",
        "_visit",
        "_visits",
        "place",
        "scene",
        "since_s",
        "step",
        "unit",
    )

    def __init__(self, unit: Unit, place: Place, scene: Scene) -> None:
        self.unit = unit
        self.place = place
        self.scene = scene
        self.step = IDLE
        self.since_s = 0.0
        self._begged = self._begun = False
        self._ending = False
        self._refused = False
        self._card: IdToken | None = None
        self._transaction: Transaction | None = None
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

    def turned(self, evse: Evse, ready: bool) -> None:
        """The station has ended a turn. ``ready``: in a closed loop everything was told and answered."""
        transaction = evse.desk.transaction
        if transaction is not self._transaction:
            self._changed(transaction)
            if transaction is not None and self.step == TAPPING:
                self._failures = 0
                self._to(CHARGING)
        if self._remote_s is not None and transaction is not None and self.unit.quiet():
            self.scene.metrics.took("remote_start", self.scene.metrics.now() - self._remote_s)
            self._remote_s = None
        if ready:
            _ACTS[self.step](self, evse)

    def refused(self, token: IdToken, result: TokenResult) -> None:
        """A card was shown to the station, and this came of it."""
        if token is self._card and result not in _SERVED:
            self._refused = True

    def rebooted(self, evse: Evse) -> None:
        """The station began anew: what was shown to the old boot nobody knows."""
        if self.step in (PLUGGING, TAPPING, STOPPING):
            self._leave(evse)

    def finish(self, evse: Evse) -> None:
        """No car comes any more, and who is here leaves in order."""
        self._ending = True
        if self.step == PLUGGING:
            self._leave(evse)
        elif self.step == CHARGING:
            self._stop(evse, by_hand=True)
        elif self.step == STOPPING:
            self._stop_by_hand(evse)
        # Who has shown a card waits for what comes of it: a transaction may be begun already at the CSMS.

    def look(self, evse: Evse, now_s: float) -> None:
        """Once in a while: whether something hangs that should not."""
        if self.step in _HANGS and now_s - self.since_s > PATIENCE_S:
            remote = self.step == STOPPING and self.scene.behaviour.stop == "remote"
            self.scene.metrics.count("sessions.unstopped" if remote else "sessions.stuck")
            if self.step == LEAVING:
                self._over(failed=True)
            else:
                self._leave(evse, failed=not remote)
        elif self._failed and self.step in (IDLE, RESTING) and evse.occupied:
            self._leave(evse, failed=True)  # the cable was stuck; it may be free by now

    # By the clock

    def ring(self, due_s: float, what: int) -> None:
        """The schedule: something is due."""
        evse = self.unit.evse(self.place.evse)
        if self._ending:
            return
        if what == VISIT:
            self._come(evse, due_s)
        elif due_s != self._due_s:
            return  # it belonged to a session that is over
        elif what == SAMPLE:
            self._note_late(due_s)
            self._wait_from(due_s)
            if self.step == CHARGING:
                self.unit.feed(_sample_due(evse.id))
            return  # by far the most frequent; nobody has to act on it
        elif what == RETRY:
            self._to(IDLE)
            self._due_s = None
        else:
            self._note_late(due_s)
            self._due_s = None
            if self.step == CHARGING:
                self._stop(evse)
            elif self.step in (PLUGGING, TAPPING):
                self.scene.metrics.count("sessions.unserved")
                self._leave(evse)
        self.unit.act()

    def _come(self, evse: Evse, due_s: float) -> None:
        """A car comes by the clock."""
        scene, visit = self.scene, self._visit
        if visit is None:
            return
        self._expect(visit.at_s)
        if scene.paused or self.unit.paused:
            return
        if not self.unit.alive:
            scene.metrics.count("sessions.turned_away")
        elif self.step != IDLE or evse.in_use or evse.grant is not None:
            scene.metrics.count("sessions.late" if scene.behaviour.pattern == "paced" else "sessions.turned_away")
        else:
            self._note_late(due_s)
            self._arrive(evse, due_s, visit.stay_s)

    def _expect(self, since_s: float) -> None:
        """Have the schedule ring for the next visit after this, in station seconds of the pattern."""
        scene = self.scene
        if scene.visits is not None:
            self._visit = scene.visits.after(self.place, self._visits, since_s)
            self._visits += 1
            scene.schedule.at(scene.loop_s(self._visit.at_s), self, VISIT)

    def _note_late(self, due_s: float) -> None:
        if self.scene.loop.time() - due_s > LATE_S:
            self.scene.metrics.count("sessions.late")

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
        self.since_s = self.scene.loop.time()

    def _arrive(self, evse: Evse, due_s: float = 0.0, stay_s: float | None = None) -> None:
        """A car comes, and its driver has a card; ``stay_s`` is in station seconds from ``due_s`` of the loop's."""
        self._card = self.scene.card(self.place, self._turn)
        self._plug(evse, due_s, stay_s)

    def _answer(self, evse: Evse) -> None:
        """Somebody let a card charge here from elsewhere: the driver plugs in."""
        scene, grant = self.scene, evse.grant
        if grant is None:
            return
        self._card = grant.token
        if grant.trigger is TriggerReason.REMOTE_START:
            self._remote_s = scene.metrics.now()
        self._plug(evse, scene.loop.time(), None if scene.closed else scene.behaviour.session_s)

    def _plug(self, evse: Evse, due_s: float, stay_s: float | None) -> None:
        scene = self.scene
        self._left = scene.behaviour.samples
        self._refused = self._failed = False
        self._stay_ends_s = None if stay_s is None else due_s + stay_s / scene.speed
        self._wait_from(due_s)
        self._to(PLUGGING)
        connectors = evse.connector_ids
        try:
            plug_car(self.unit.host, evse, connectors[self._turn % len(connectors)])
        except CommandRefused as problem:
            log.info("%s: nobody can plug in: %s", self.unit.member.id, problem)
            self._over(failed=True)

    def _leave(self, evse: Evse, *, failed: bool = False) -> None:
        """Pull the cable."""
        self._failed, self._begged = failed, False
        self._to(LEAVING)
        host = self.unit.host
        host.hardware[evse.id].bay.unplug()
        host.unplugged(evse.id)

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

    def _show_card(self, evse: Evse) -> None:
        self._refused = False
        if self._card is not None:
            self.unit.feed(events.TokenPresented(self._card, _READER, (evse.id,)))

    def _stop(self, evse: Evse, *, by_hand: bool = False) -> None:
        """The stay is over."""
        how = self.scene.behaviour.stop
        if how == "unplug":
            self._leave(evse)
            return
        self._to(STOPPING)
        if how == "tap" or by_hand:
            self._show_card(evse)

    def _stop_by_hand(self, evse: Evse) -> None:
        """Do not wait any longer for the CSMS to end it."""
        if self.scene.behaviour.stop == "remote":
            self._show_card(evse)

    def _changed(self, transaction: Transaction | None) -> None:
        """A transaction began, or is over. Across a reboot it is another object of the same id."""
        before, self._transaction = self._transaction, transaction
        if before is not None and transaction is not None and before.id == transaction.id:
            return
        metrics = self.scene.metrics
        if before is not None:
            metrics.count("sessions.finished")
            metrics.delivered(max(0.0, before.last_wh - before.begin_wh))
        if transaction is not None:
            metrics.count("sessions.started")

    # Steps

    def _idle(self, evse: Evse) -> None:
        scene = self.scene
        if self._ending or evse.occupied:
            return
        if evse.grant is not None:
            if self.unit.answers_remote:
                self._answer(evse)
        elif scene.closed and self._begun and self.step == IDLE and not (scene.paused or self.unit.paused):
            self._arrive(evse)

    def _plugging(self, evse: Evse) -> None:
        if evse.ev:
            self._to(TAPPING)
            if evse.grant is None:
                self._show_card(evse)

    def _tapping(self, evse: Evse) -> None:
        if self._refused:
            self.scene.metrics.count("sessions.refused")
            self._leave(evse, failed=True)
        elif self._transaction is not None and self._transaction.token is not None:
            # It began with the cable (TxStartPoint EVConnected), and has its card now.
            self._failures = 0
            self._to(CHARGING)
            self._charging(evse)

    def _charging(self, evse: Evse) -> None:
        if self._transaction is None:
            self.scene.metrics.count("sessions.cut")
            self._leave(evse)
        elif self._ending:
            self._stop(evse, by_hand=True)
        elif self.scene.closed:
            if self._left > 0:
                self._left -= 1
                self.unit.feed(_sample_due(evse.id))
            else:
                self._stop(evse)

    def _stopping(self, evse: Evse) -> None:
        over = self._transaction is None or (evse.grant is None and evse.desk.ending is None)
        if over or self._refused:
            self._leave(evse)

    def _leaving(self, evse: Evse) -> None:
        if not evse.occupied:
            self._over(failed=self._failed)
        elif evse.kept is not None and not self._begged:
            # A transaction that was taken away leaves the cable locked until its card is shown (OCPP 2.0.1 E05.FR.11).
            self._begged = True
            self._show_card(evse)


_HANGS: Final = frozenset({PLUGGING, TAPPING, STOPPING, LEAVING})

_ACTS: Final[tuple[Callable[[Driver, Evse], None], ...]] = (
    Driver._idle,
    Driver._plugging,
    Driver._tapping,
    Driver._charging,
    Driver._stopping,
    Driver._leaving,
    Driver._idle,
)
"""By the step."""
