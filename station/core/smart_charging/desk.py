"""The charging profiles of a station: taking, keeping and clearing them, and obeying what they come to.

What they come to is ``composite``'s business, what the EVSEs have in common is divided by ``sharing``. Nothing is kept
but the profiles: limits are derived at the end of each turn in which something followed, and at the moment of the next
change while somebody charges. A station without profiles whose EVSEs may all be used at once has nothing to do.

Spec: OCPP 2.0.1 part 2, K01-K10; OCPP 1.6 §3.13, §5.5, §5.7, §5.16 with errata 3.8, 3.25-3.26, 3.37, 3.42.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from station.core import names
from station.core.charging import Grant
from station.core.codec import to_row
from station.core.context import Context
from station.core.effects import Outcome, Reply
from station.core.evse import Evse
from station.core.pilot import MINIMUM_CURRENT_A
from station.core.records import Json
from station.core.smart_charging import rules
from station.core.smart_charging.composite import (
    LINE_VOLTAGE_V,
    Composer,
    Limit,
    Outlet,
    Site,
    composite,
    in_seconds,
)
from station.core.smart_charging.profile import (
    ChargingProfile,
    CompositeSchedule,
    Purpose,
    RateUnit,
    profile_from_row,
)
from station.core.smart_charging.requests import (
    ClearChargingProfile,
    GetChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
)
from station.core.smart_charging.sharing import Budget, Claim, share
from station.core.values import Stamp, TriggerReason

CHARGING_PROFILES: Final = "charging_profiles"
DEADLINE: Final = "smart_charging"

_ACCEPTED: Final = Outcome("Accepted")
_KEPT_PERIODS: Final = 1024
_TICK_S: Final = 0.001


class SmartCharging:
    """The profiles of one station, without those that wait for the transaction that they came with.

    ``active``: there is, or was in this boot, something to obey.
    """

    __slots__ = ("_busy", "_circumstances", "_until_ms", "active", "ctx", "evses", "profiles")

    def __init__(self, ctx: Context, evses: Sequence[Evse]) -> None:
        self.ctx = ctx
        self.evses = evses
        self.profiles: tuple[ChargingProfile, ...] = ()
        self._busy = False
        self._circumstances: tuple[object, ...] = ()
        self._until_ms = -math.inf
        limit_a = ctx.plan.max_current_a
        self.active = limit_a is not None and limit_a < sum(plan.max_current_a for plan in ctx.plan.evses)

    # What the CSMS asks for

    def set(self, event: SetChargingProfile) -> None:
        """Take a profile, in the place of those that it replaces (K01.FR.05; OCPP 1.6 §5.16.3).

        ``event.replaces``: one of the same purpose, place and stack level is replaced (1.6); else it refuses the new
        one where both could be valid at once (K01.FR.52-53).
        """
        profile = event.profile
        problem = self._refusal(profile, replaces=event.replaces)
        if problem is None and profile.purpose is Purpose.TX:
            running = self._transaction(profile)
            if running is None:
                problem = "TxNotFound"
            else:
                profile = replace(profile, transaction_id=running)
        if problem is None and event.binding_phases and self._uses_more_phases(profile):
            problem = "InvalidSchedule"
        if problem is None and not event.replaces and rules.clash(profile, self.profiles):
            problem = "DuplicateProfile"
        if problem is not None:
            self._reply(event.reply, Outcome("Rejected", problem))
            return
        self._reply(event.reply, _ACCEPTED)
        for other in rules.replaced(profile, self.profiles) if event.replaces else ():
            self._write(other.id, None, undoable=True)
        self._install(profile, undoable=True)

    def _refusal(self, profile: ChargingProfile, *, replaces: bool) -> str | None:
        """Why this station does not take a profile, whatever runs: a reason code; None where it does."""
        if profile.evse and all(evse.id != profile.evse for evse in self.evses):
            return "UnknownEvse"
        gone = rules.replaced(profile, self.profiles) if replaces else ()
        kept = [one for one in self.profiles if one.id != profile.id and one not in gone]
        return rules.refusal(profile, kept, self.ctx.variables)

    def unfit(self, profile: ChargingProfile | None) -> str | None:
        """Why a remote start with this profile is refused; from now on it is waited for (K05.FR.02, .05)."""
        if profile is None:
            return None
        if profile.purpose is not Purpose.TX or profile.transaction_id is not None:
            return "InvalidProfile"
        problem = self._refusal(replace(profile, evse=self.evses[0].id), replaces=False)
        self.active = self.active or problem is None
        return problem

    def _transaction(self, profile: ChargingProfile) -> str | None:
        """The running transaction that a TxProfile is for (K01.FR.09, .33); None where there is none such."""
        evse = next((one for one in self.evses if one.id == profile.evse), None)
        running = evse.transaction if evse is not None and evse.desk.running and not evse.desk.undecided else None
        if evse is None or running is None or profile.connector not in (0, running.connector):
            return None
        return running.id if profile.transaction_id in (None, running.id) else None

    def _uses_more_phases(self, profile: ChargingProfile) -> bool:
        """Whether a car may use more phases than a period allows: phases are not switched (K01.FR.43, .45)."""
        used = max(plan.phases for plan in self.ctx.plan.evses if profile.evse in (0, plan.id))
        return any(period.phases is not None and period.phases < used for period in profile.schedule.periods)

    def clear(self, event: ClearChargingProfile) -> None:
        """Remove the profiles that match all that is asked for; an id alone decides (K10; 1.6 errata 3.25-3.26)."""
        gone = [profile for profile in self.profiles if rules.cleared(profile, event)]
        waiting = [
            grant for evse, grant, profile in self._waiting() if rules.cleared(replace(profile, evse=evse.id), event)
        ]
        self._reply(event.reply, _ACCEPTED if gone or waiting else Outcome("Unknown"))
        for profile in gone:
            self._write(profile.id, None, undoable=True)
        for grant in waiting:
            self.ctx.ledger.undo(partial(setattr, grant, "profile", grant.profile))
            grant.profile = None

    def get(self, event: GetChargingProfiles) -> None:
        """The installed profiles that match (K09.FR.03-06)."""
        found = tuple(profile for profile in self.profiles if rules.wanted(profile, event))
        self._reply(event.reply, Outcome("Accepted" if found else "NoProfiles", data=found))

    def report(self, event: GetCompositeSchedule) -> None:
        """What an EVSE or the station may take from now on (K08; OCPP 1.6 §5.7)."""
        ctx = self.ctx
        units = ctx.items(names.RATE_UNIT)
        unit = event.unit if event.unit is not None else RateUnit(units[0] if units else RateUnit.AMPERE)
        known = event.evse == 0 or any(evse.id == event.evse for evse in self.evses)
        if not known or unit not in units or event.duration_s < 0:
            reason = "UnknownEvse" if not known else "UnsupportedRateUnit" if unit not in units else "ValueTooLow"
            self._reply(event.reply, Outcome("Rejected", reason))
            return
        now_ms = round(ctx.now * 1000)
        window = (now_ms, now_ms + event.duration_s * 1000)
        most = int(ctx.number(names.PERIODS_PER_SCHEDULE, _KEPT_PERIODS))
        stretches, length_ms = composite(self._site(event.evse, event.connector), event.evse, unit, window, most)
        schedule = CompositeSchedule(
            event.evse,
            ctx.timeline.now_utc(ctx.now),
            length_ms // 1000,
            unit,
            in_seconds(stretches, length_ms),
        )
        self._reply(event.reply, Outcome("Accepted", data=schedule))

    def _reply(self, token: int, outcome: Outcome) -> None:
        self.ctx.ledger.promise(Reply(token, outcome))

    # What is kept

    def _install(self, profile: ChargingProfile, *, undoable: bool) -> None:
        now = self.ctx.timeline.now_utc(self.ctx.now) if self.ctx.timeline.known else None
        self._write(profile.id, replace(profile, installed=now), undoable=undoable)
        self.active = True

    def _write(self, identity: int, profile: ChargingProfile | None, *, undoable: bool = False) -> None:
        ledger, key = self.ctx.ledger, str(identity)
        before = next((one for one in self.profiles if one.id == identity), None)
        if profile is None:
            ledger.delete(CHARGING_PROFILES, key)
        else:
            ledger.put(CHARGING_PROFILES, key, to_row(profile))
        self._hold(identity, profile)
        if undoable:
            ledger.undo(lambda: self._hold(identity, before), CHARGING_PROFILES, key)

    def _hold(self, identity: int, profile: ChargingProfile | None) -> None:
        others = tuple(one for one in self.profiles if one.id != identity)
        self.profiles = others if profile is None else (*others, profile)

    def restore(self, key: str, row: Json) -> None:
        """Take a stored profile back.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: the row is no profile.
        """
        profile = profile_from_row(row)
        if key != str(profile.id):
            raise ValueError("a profile under another's key")
        self._hold(profile.id, profile)
        self.active = True

    def rows(self) -> dict[str, Json]:
        """The profiles as they are stored."""
        return {str(profile.id): to_row(profile) for profile in self.profiles}

    # What follows from them

    def review(self) -> None:
        """The end of a turn: profiles come and go with their transactions, limits follow."""
        if self.active and not self._busy:
            self._follow_transactions()
            self._obey()

    def offering(self) -> bool:
        """An EVSE is about to offer current: the others make room first. Whether limits may have changed."""
        if not self.active or self._busy:
            return False
        self._obey()
        return True

    def clock_changed(self) -> None:
        """UTC became known or was corrected: what is tied to the calendar moves."""
        if self.active:
            self.ctx.at(DEADLINE, 0, 0.0)

    def _follow_transactions(self) -> None:
        """A TxProfile ends with its transaction (K02.FR.05); one that came with a start begins with it (K05)."""
        running = {evse.transaction.id for evse in self.evses if evse.transaction is not None}
        for profile in self.profiles:
            if profile.purpose is Purpose.TX and profile.transaction_id not in running:
                self._write(profile.id, None)
        for evse in self.evses:
            grant, transaction = evse.grant, evse.transaction
            if grant is not None and grant.profile is not None and transaction is not None and evse.desk.running:
                self._install(replace(grant.profile, evse=evse.id, transaction_id=transaction.id), undoable=False)
                grant.profile = None

    def _site(self, asked: int = 0, connector: int = 0) -> Site:
        """The station as composition sees it; ``connector`` is the one in question at the EVSE ``asked``, 0 its own."""
        ctx = self.ctx
        outlets = tuple(
            self._outlet(evse, plan.max_current_a, plan.phases, connector if evse.id == asked else 0)
            for evse, plan in zip(self.evses, ctx.plan.evses, strict=True)
        )
        total_a = sum(outlet.current_a for outlet in outlets)
        offset_s = self._offset_s()
        return Site(
            outlets,
            total_a if ctx.plan.max_current_a is None else min(total_a, ctx.plan.max_current_a),
            tuple(self._counting()) if ctx.enabled(names.SMART_CHARGING_ENABLED) else (),
            None if offset_s is None else round(offset_s * 1000),
        )

    def _offset_s(self) -> float | None:
        """From station time to UTC; what the host's clock shows will do unless profiles are known to be younger.

        A station that comes back without a connection obeys the profiles that it has (OCPP 1.6 §3.13.6).
        """
        timeline = self.ctx.timeline
        if timeline.offset is not None or timeline.assumed is None:
            return timeline.offset
        shown_s = timeline.assumed + self.ctx.now
        younger = any(one.installed is not None and one.installed.timestamp() > shown_s for one in self.profiles)
        return None if younger else timeline.assumed

    def _counting(self) -> Iterator[ChargingProfile]:
        yield from self.profiles
        for evse, _, profile in self._waiting():
            yield replace(profile, evse=evse.id)

    def _waiting(self) -> Iterator[tuple[Evse, Grant, ChargingProfile]]:
        """The profiles that came with a remote start and wait for its transaction."""
        for evse in self.evses:
            grant = evse.grant
            if grant is not None and grant.profile is not None:
                yield evse, grant, grant.profile

    def _outlet(self, evse: Evse, current_a: float, phases: int, connector: int) -> Outlet:
        transaction = evse.transaction
        if transaction is not None and connector not in (0, evse.active_connector):
            transaction = None
        ready = transaction.ready if transaction is not None else None
        origin_s = self.ctx.now if ready is None else self._station_s(ready)
        return Outlet(
            evse.id,
            current_a,
            phases,
            round(origin_s * 1000),
            connector or evse.active_connector,
            transaction.id if transaction is not None else None,
        )

    def _station_s(self, stamp: Stamp) -> float:
        """A moment in the seconds of this boot; one of an earlier boot lies before it, as far as is known."""
        timeline = self.ctx.timeline
        if stamp.boot == timeline.boot:
            return stamp.at_s
        if timeline.offset is not None:
            return timeline.utc(stamp).timestamp() - timeline.offset
        return timeline.zero - (timeline.ends.get(stamp.boot, stamp.at_s) - stamp.at_s)

    def _obey(self) -> None:
        """Set the limit of each EVSE as it is now, those that get less first, and come again when it changes."""
        now_ms, circumstances = round(self.ctx.now * 1000), self._look()
        if now_ms < self._until_ms and circumstances == self._circumstances:
            return
        self._busy, self._circumstances = True, circumstances
        try:
            composer = Composer(self._site())
            limits = self._limits(composer, now_ms)
            for evse in sorted(self.evses, key=lambda one: limits[one.id] - (one.offered_a or 0.0)):
                before_a = evse.offered_a
                evse.limit(limits[evse.id])
                self._tell_rate(evse, before_a)
            change_ms = composer.change_after_ms(now_ms)
            self._until_ms = math.inf if change_ms is None else change_ms
            if change_ms is not None and any(map(_takes_part, self.evses)):
                self.ctx.at(DEADLINE, 0, change_ms / 1000 - self.ctx.now + _TICK_S)
            else:
                self.ctx.cancel(DEADLINE, 0)
        finally:
            self._busy = False

    def _look(self) -> tuple[object, ...]:
        """All that limits follow from, but for the time."""
        ctx = self.ctx
        return (
            self.profiles,
            self._offset_s(),
            ctx.enabled(names.SMART_CHARGING_ENABLED),
            *((_takes_part(evse), evse.connector.limit_a, evse.active_connector) for evse in self.evses),
            *((evse.transaction.id, evse.transaction.ready) for evse in self.evses if evse.transaction is not None),
            *(evse.grant.profile for evse in self.evses if evse.grant is not None),
        )

    def _tell_rate(self, evse: Evse, before_a: float | None) -> None:
        """Tell in the transaction that its rate changed by more than is insignificant (TriggerReasonEnumType)."""
        after_a = evse.offered_a
        if before_a and after_a and evse.desk.running:
            change_percent = abs(after_a - before_a) / before_a * 100
            if change_percent > self.ctx.number(names.LIMIT_CHANGE_SIGNIFICANCE):
                evse.desk.update(TriggerReason.CHARGING_RATE_CHANGED)

    def _limits(self, composer: Composer, now_ms: int) -> dict[int, float]:
        """Ampere per phase for each EVSE: its share where it takes part, else what it could have alone."""
        budget = _budget(composer, now_ms)
        claims = {
            outlet.evse: _claim(evse, outlet, composer.own_limits(outlet.evse, now_ms))
            for evse, outlet in zip(self.evses, composer.site.outlets, strict=True)
        }
        limits = {evse: share([claim], budget)[evse] for evse, claim in claims.items()}
        sessions = sorted(filter(_takes_part, self.evses), key=self._began_s)
        limits.update(share([claims[evse.id] for evse in sessions], budget))
        return limits

    def _began_s(self, evse: Evse) -> float:
        return self.ctx.now if evse.transaction is None else self._station_s(evse.transaction.started)


def _takes_part(evse: Evse) -> bool:
    """Whether an EVSE offers current, or will as soon as it may."""
    if evse.offered_a is not None:
        return True
    suspended = evse.transaction is not None and evse.transaction.suspended
    return evse.state == "active" and evse.grant is not None and not suspended


def _current_a(limit: float, unit: RateUnit, phases: int) -> float:
    """A rate as ampere per phase on all phases of the EVSE: nothing keeps a car from using all that it has."""
    return limit if unit is RateUnit.AMPERE else limit / (LINE_VOLTAGE_V * phases)


def _claim(evse: Evse, outlet: Outlet, limits: Sequence[Limit]) -> Claim:
    most_a = min((_current_a(one.value, one.unit, outlet.phases) for one in limits), default=outlet.current_a)
    least_a = max((_current_a(one.min_rate, one.unit, outlet.phases) for one in limits), default=0.0)
    cable_a = evse.connector.limit_a
    most_a = min(most_a, outlet.current_a, outlet.current_a if cable_a is None else cable_a)
    return Claim(outlet.evse, most_a, max(least_a, MINIMUM_CURRENT_A), outlet.phases)


def _budget(composer: Composer, now_ms: int) -> Budget:
    limits = composer.shared_limits(now_ms)
    currents = [one.value for one in limits if one.unit is RateUnit.AMPERE]
    powers = [one.value for one in limits if one.unit is RateUnit.WATT]
    return Budget(min([*currents, composer.site.current_a]), min(powers, default=math.inf))
