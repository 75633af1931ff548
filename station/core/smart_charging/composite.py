"""What charging profiles come to: pure functions of profiles, place and time.

The same functions answer GetCompositeSchedule and set what the EVSEs offer. Times are whole milliseconds of station
time, so that no boundary is missed by a rounding; ``Site.offset_ms`` leads to UTC. While that is unknown nothing that
is tied to the calendar counts, but for what has long come to its last period.

The rules: of each purpose the profile with the highest stack level leads among those that are valid and whose schedule
has a period now; a TxProfile overrules TxDefaultProfiles; the lowest limit of the leading profiles of all purposes and
of the hardware counts. A TxDefaultProfile of the station stands for every EVSE that has none of that stack level.

Spec: OCPP 2.0.1 part 2, K 3.2-3.7, K01.FR.10-17, .30, .36-37, .49-51, K02.FR.04, .08, K08.FR.02-06; OCPP 1.6 §3.13,
§5.7, §5.16, §7.12-7.14 with errata 3.8, 3.28-3.30, 3.34, 3.43-3.44, 3.69, 3.79.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from station.core.frozen import dataclass
from station.core.smart_charging.profile import (
    MAX_PHASES,
    ChargingProfile,
    Period,
    Purpose,
    RateUnit,
)

LINE_VOLTAGE_V: Final = 230.0
"""The set voltage of the area, between phase and neutral (OCPP 1.6 §7.12)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_STEPS: Final = 5_000
"""How many changes are looked at for one composite schedule, however many merge."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """An EVSE with the connector in question.

    ``origin_ms`` is what relative schedules count from: when energy could first flow in the transaction; without one,
    the moment for which one is assumed (K08.FR.06).
    """

    evse: int
    current_a: float
    phases: int
    origin_ms: int
    connector: int = 1
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A station: its outlets, what they have in common (ampere per phase), the profiles, and UTC of time zero."""

    outlets: Sequence[Outlet]
    current_a: float
    profiles: Sequence[ChargingProfile]
    offset_ms: int | None

    @property
    def phases(self) -> int:
        """The phases of the grid connection, as far as the EVSEs use them."""
        return max((outlet.phases for outlet in self.outlets), default=MAX_PHASES)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a period that leads, and the lowest rate that its schedule calls efficient."""

    value: float
    unit: RateUnit
    phases: int
    min_rate: float = 0.0

    def to(self, unit: RateUnit, phases: int) -> float:
        """The limit in ``unit``, for an outlet of so many phases."""
        return _convert(self.value, self.unit, unit, min(self.phases, phases))


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``start_ms`` after the begin of a composite schedule on, so much is allowed."""

    start_ms: int
    limit: float
    phases: int


def to_ms(moment: datetime) -> int:
    """Milliseconds of UTC since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def _convert(value: float, unit: RateUnit, wanted: RateUnit, phases: int) -> float:
    if unit is wanted:
        return value
    rate = LINE_VOLTAGE_V * phases
    return value * rate if wanted is RateUnit.WATT else value / rate


# One profile


def _begin_ms(profile: ChargingProfile, origin_ms: int, offset_ms: int | None) -> int | None:
    """When its schedule begins for the first time; None where that is not known yet."""
    start = profile.schedule.start
    if start is None:
        return origin_ms
    return None if offset_ms is None else to_ms(start) - offset_ms


def _run_ms(profile: ChargingProfile, begin_ms: int, at_ms: int) -> int:
    """When the repetition that is due began."""
    if profile.recurrency is None:
        return begin_ms
    every_ms = profile.recurrency.every_s * 1000
    return begin_ms + (at_ms - begin_ms) // every_ms * every_ms


def _length_ms(profile: ChargingProfile) -> int | None:
    """How long it runs: what lies beyond its duration, or the next repetition, is not executed (1.6 errata 3.44)."""
    lengths = [profile.schedule.duration_s] if profile.schedule.duration_s is not None else []
    if profile.recurrency is not None:
        lengths.append(profile.recurrency.every_s)
    return min(lengths) * 1000 if lengths else None


def _validity_ms(profile: ChargingProfile, offset_ms: int | None) -> tuple[int | None, int | None] | None:
    """From when until when it is valid; None where that is not known yet."""
    if offset_ms is None:
        return None if profile.valid_from is not None or profile.valid_to is not None else (None, None)
    since = None if profile.valid_from is None else to_ms(profile.valid_from) - offset_ms
    until = None if profile.valid_to is None else to_ms(profile.valid_to) - offset_ms
    return since, until


def period_at(profile: ChargingProfile, at_ms: int, origin_ms: int, offset_ms: int | None) -> Period | None:
    """The period that a profile is in; None where it does not count: not valid, not begun, or over."""
    if offset_ms is None and profile.settled:
        return profile.schedule.periods[-1]
    validity = _validity_ms(profile, offset_ms)
    begin_ms = _begin_ms(profile, origin_ms, offset_ms)
    if validity is None or begin_ms is None or at_ms < begin_ms:
        return None
    since, until = validity
    if (since is not None and at_ms < since) or (until is not None and at_ms >= until):
        return None
    elapsed_ms = at_ms - _run_ms(profile, begin_ms, at_ms)
    length_ms = _length_ms(profile)
    if length_ms is not None and elapsed_ms >= length_ms:
        return None
    return profile.schedule.periods[_next_period(profile, elapsed_ms) - 1]


def _next_period(profile: ChargingProfile, elapsed_ms: int) -> int:
    return bisect_right(profile.schedule.periods, elapsed_ms, key=lambda period: period.start_s * 1000)


def next_change_ms(profile: ChargingProfile, at_ms: int, origin_ms: int, offset_ms: int | None) -> int | None:
    """The first moment after ``at_ms`` at which ``period_at`` may answer otherwise; None where it never will."""
    validity = _validity_ms(profile, offset_ms)
    begin_ms = _begin_ms(profile, origin_ms, offset_ms)
    if validity is None or begin_ms is None:
        return None
    since, until = validity
    if until is not None and at_ms >= until:
        return None
    if since is not None and at_ms < since:
        return since
    found = _next_of_schedule(profile, at_ms, begin_ms)
    if until is not None:
        return until if found is None else min(found, until)
    return found


def _next_of_schedule(profile: ChargingProfile, at_ms: int, begin_ms: int) -> int | None:
    if at_ms < begin_ms:
        return begin_ms
    run_ms = _run_ms(profile, begin_ms, at_ms)
    again_ms = None if profile.recurrency is None else run_ms + profile.recurrency.every_s * 1000
    length_ms = _length_ms(profile)
    elapsed_ms = at_ms - run_ms
    if length_ms is not None and elapsed_ms >= length_ms:
        return again_ms
    periods, following = profile.schedule.periods, _next_period(profile, elapsed_ms)
    next_ms = None if following == len(periods) else periods[following].start_s * 1000
    ends = [ms for ms in (next_ms, length_ms) if ms is not None]
    return run_ms + min(ends) if ends else again_ms


# All profiles


Stack = tuple[ChargingProfile, ...]
"""Profiles of one purpose that concern one place, the one that leads first."""

_OWN: Final = (Purpose.TX, Purpose.TX_DEFAULT, Purpose.EXTERNAL)
_SHARED: Final = (Purpose.STATION_MAX, Purpose.EXTERNAL)


@dataclass(slots=True)
class _Change:
    """When a profile changes next; ``at_ms`` is that moment as far as it was looked for."""

    profile: ChargingProfile
    origin_ms: int
    at_ms: int | None

    def after(self, at_ms: int, offset_ms: int | None) -> int | None:
        if self.at_ms is not None and self.at_ms <= at_ms:
            self.at_ms = next_change_ms(self.profile, at_ms, self.origin_ms, offset_ms)
        return self.at_ms


class Composer:
    """A site with its profiles in the order in which they lead. Made anew whenever anything of the site changes.

    It is asked for ever later moments: of each profile the next change is found once.
    """

    __slots__ = ("_changes", "_outlets", "_own", "_shared", "site")

    def __init__(self, site: Site) -> None:
        self.site = site
        self._outlets = {outlet.evse: outlet for outlet in site.outlets}
        self._own = {o.evse: tuple(_stack(_own(site, o, purpose)) for purpose in _OWN) for o in site.outlets}
        self._shared = tuple(
            _stack(profile for profile in site.profiles if profile.purpose is purpose and profile.evse == 0)
            for purpose in _SHARED
        )
        self._changes: list[_Change] | None = None

    def own_limits(self, evse: int, at_ms: int) -> tuple[Limit, ...]:
        """The limits of the profiles that lead at an EVSE, without those of the station as a whole."""
        origin_ms = self._outlets[evse].origin_ms
        session, default, external = self._own[evse]
        first = self._lead(session, at_ms, origin_ms) or self._lead(default, at_ms, origin_ms)
        limits = (first, self._lead(external, at_ms, origin_ms))
        return tuple(limit for limit in limits if limit is not None)

    def shared_limits(self, at_ms: int) -> tuple[Limit, ...]:
        """The limits of the profiles that lead for the station as a whole: what all EVSEs have together."""
        leads = (self._lead(stack, at_ms, 0) for stack in self._shared)
        return tuple(limit for limit in leads if limit is not None)

    def _lead(self, stack: Stack, at_ms: int, origin_ms: int) -> Limit | None:
        """The limit of the highest profile that has a period now (K01.FR.17)."""
        for profile in stack:
            period = period_at(profile, at_ms, origin_ms, self.site.offset_ms)
            if period is not None:
                schedule = profile.schedule
                return Limit(period.limit, schedule.unit, period.phases or MAX_PHASES, schedule.min_rate or 0.0)
        return None

    def change_after_ms(self, at_ms: int) -> int | None:
        """The first moment after ``at_ms`` at which any limit may change; None where none will."""
        if self._changes is None:
            own = ((stacks, self._outlets[evse].origin_ms) for evse, stacks in self._own.items())
            places = (*own, (self._shared, 0))
            self._changes = [_Change(p, origin, at_ms) for stacks, origin in places for p in itertools.chain(*stacks)]
        found = [change.after(at_ms, self.site.offset_ms) for change in self._changes]
        return min((ms for ms in found if ms is not None), default=None)

    def allowed(self, evse: int, unit: RateUnit, at_ms: int) -> tuple[float, int]:
        """What an EVSE, or (0) the station as a whole, may take at a moment, and on how many phases."""
        site, shared = self.site, self.shared_limits(at_ms)
        if evse != 0:
            return self._at_outlet(self._outlets[evse], unit, at_ms, shared)
        limits = (*shared, Limit(site.current_a, RateUnit.AMPERE, site.phases))
        wanted = sum(self._at_outlet(outlet, unit, at_ms, shared)[0] for outlet in site.outlets)
        return min(wanted, *(limit.to(unit, site.phases) for limit in limits)), min(limit.phases for limit in limits)

    def _at_outlet(self, outlet: Outlet, unit: RateUnit, at_ms: int, shared: tuple[Limit, ...]) -> tuple[float, int]:
        hardware = Limit(min(outlet.current_a, self.site.current_a), RateUnit.AMPERE, outlet.phases)
        limits = (*self.own_limits(outlet.evse, at_ms), *shared, hardware)
        return min(limit.to(unit, outlet.phases) for limit in limits), min(limit.phases for limit in limits)


def _own(site: Site, outlet: Outlet, purpose: Purpose) -> Iterator[ChargingProfile]:
    """The profiles of a purpose that concern an outlet; TxDefaultProfiles of the station among them."""
    for profile in site.profiles:
        if profile.purpose is not purpose:
            continue
        if _at(profile, outlet):
            if profile.transaction_id in (None, outlet.transaction_id):
                yield profile
        elif purpose is Purpose.TX_DEFAULT and profile.evse == 0 and not _replaced(site, profile, outlet):
            yield profile


def _at(profile: ChargingProfile, outlet: Outlet) -> bool:
    return profile.evse == outlet.evse and profile.connector in (0, outlet.connector)


def _replaced(site: Site, default: ChargingProfile, outlet: Outlet) -> bool:
    """Whether an outlet has a default profile of its own in the place of this one of the station (1.6 §3.13.1)."""
    level, purpose = default.stack_level, default.purpose
    return any(p.purpose is purpose and p.stack_level == level and _at(p, outlet) for p in site.profiles)


def _stack(profiles: Iterable[ChargingProfile]) -> Stack:
    return tuple(sorted(profiles, key=lambda p: (p.stack_level, p.evse, p.connector, p.id), reverse=True))


# The composite schedule


def composite(
    site: Site, evse: int, unit: RateUnit, window: tuple[int, int], most: int
) -> tuple[tuple[Stretch, ...], int]:
    """What an EVSE, or (0) the station as a whole, may take in a window of time.

    Args:
        site: the station.
        evse: an EVSE of it, or 0.
        unit: of the limits.
        window: begin and end in milliseconds of station time.
        most: stretches at most; the window ends where more would follow.

    Returns:
        At least one stretch, equal neighbours merged, and how many milliseconds they cover.

    Raises:
        KeyError: no such EVSE.
    """
    composer = Composer(site)
    begin_ms, end_ms = window
    stretches: list[Stretch] = []
    at_ms = begin_ms
    for _ in range(_STEPS):
        now = composer.allowed(evse, unit, at_ms)
        if not stretches or (stretches[-1].limit, stretches[-1].phases) != now:
            if len(stretches) == most:
                break
            stretches.append(Stretch(at_ms - begin_ms, *now))
        change = composer.change_after_ms(at_ms)
        if change is None or change >= end_ms:
            return tuple(stretches), end_ms - begin_ms
        at_ms = change
    return tuple(stretches), at_ms - begin_ms


_SNAP_MS: Final = 100
_TENTHS: Final = 10


def in_seconds(stretches: Sequence[Stretch], length_ms: int) -> tuple[Period, ...]:
    """Stretches as the periods of a schedule: whole seconds, limits with one decimal, and never more than is allowed.

    A second in which the limit changes gets the lower one; a tenth of a second is a message's travel, no more.
    """
    end_s = max(_whole_s(length_ms, 999), 1)
    starts = [_whole_s(stretch.start_ms, 0) for stretch in stretches]
    ends = [*(_whole_s(stretch.start_ms, 999) for stretch in stretches[1:]), end_s]
    spans = list(zip(starts, ends, stretches, strict=True))
    periods: list[Period] = []
    first = 0
    for at_s in sorted({*starts, *ends[:-1]}):
        while spans[first][1] <= at_s and first < len(spans) - 1:
            first += 1
        within = [spans[first][2]]
        for start, _, stretch in spans[first + 1 :]:
            if start > at_s:
                break
            within.append(stretch)
        lowest = min(within, key=lambda stretch: stretch.limit)
        limit = int(lowest.limit * _TENTHS + 1e-6) / _TENTHS
        if at_s < end_s and (not periods or (periods[-1].limit, periods[-1].phases) != (limit, lowest.phases)):
            periods.append(Period(at_s, limit, lowest.phases))
    return tuple(periods)


def _whole_s(ms: int, up: int) -> int:
    nearest = (ms + 500) // 1000
    return nearest if abs(nearest * 1000 - ms) <= _SNAP_MS else (ms + up) // 1000
