"""Charging profiles: the composition against a slow reading of the text, sharing, storing, and a station that obeys."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core.codec import to_row
from station.core.smart_charging.composite import Composer, Outlet, Site, Stretch, composite, in_seconds
from station.core.smart_charging.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
    fault,
    profile_from_row,
)
from station.core.smart_charging.sharing import Budget, Claim, share

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOOT_S = 1000
"""Station time at noon: UTC of its zero lies so much before."""
WINDOW_S = 90
TX_ID = "tx1"

seconds = st.integers(-30, WINDOW_S + 10)
limits_a = st.sampled_from([0.0, 5.0, 6.0, 8.0, 10.5, 13.0, 16.0, 32.0])
limits_w = st.sampled_from([0.0, 1380.0, 4140.0, 5000.0, 7360.0, 11040.0, 22000.0])


@st.composite
def schedules(draw: st.DrawFn, kind: Kind) -> Schedule:
    """A schedule whose boundaries lie around the window."""
    unit = draw(st.sampled_from(RateUnit))
    starts = [0, *sorted(draw(st.sets(st.integers(1, 80), max_size=3)))]
    amounts = limits_a if unit is RateUnit.AMPERE else limits_w
    periods = tuple(Period(start, draw(amounts), draw(st.sampled_from([None, 1, 2, 3]))) for start in starts)
    start = None
    if kind is Kind.ABSOLUTE:
        start = NOON + timedelta(seconds=draw(seconds))
    elif kind is Kind.RECURRING:
        start = NOON + timedelta(days=draw(st.integers(-20, 1)), seconds=draw(seconds))
    return Schedule(unit, periods, start, draw(st.none() | st.integers(0, 100) | st.just(90_000)))


@st.composite
def profiles(draw: st.DrawFn, number: int) -> ChargingProfile:
    """A sound profile of any purpose, at the station or one of two EVSEs."""
    purpose = draw(st.sampled_from(Purpose))
    kinds = [Kind.ABSOLUTE, Kind.RECURRING, *([Kind.RELATIVE] if purpose in (Purpose.TX, Purpose.TX_DEFAULT) else [])]
    kind = draw(st.sampled_from(kinds))
    evses = {Purpose.TX: [1, 2], Purpose.STATION_MAX: [0]}.get(purpose, [0, 1, 2])
    since = draw(st.none() | seconds)
    made = ChargingProfile(
        id=number,
        evse=draw(st.sampled_from(evses)),
        stack_level=draw(st.integers(0, 2)),
        purpose=purpose,
        kind=kind,
        schedule=draw(schedules(kind)),
        recurrency=draw(st.sampled_from(Recurrency)) if kind is Kind.RECURRING else None,
        valid_from=None if since is None else NOON + timedelta(seconds=since),
        valid_to=draw(st.none() | st.builds(lambda s: NOON + timedelta(seconds=(since or 0) + s), st.integers(1, 90))),
        transaction_id=draw(st.sampled_from([TX_ID, "old"])) if purpose is Purpose.TX else None,
    )
    assert fault(made) is None
    return made


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """A station of two EVSEs, a transaction at the first, and profiles without two of one level, purpose and place."""
    found: dict[Any, ChargingProfile] = {}
    for number in range(draw(st.integers(0, 6))):
        one = draw(profiles(number))
        found[one.purpose, one.stack_level, one.evse, one.transaction_id] = one
    first = Outlet(1, draw(st.sampled_from([16.0, 32.0])), 3, (BOOT_S - draw(st.integers(0, 60))) * 1000, 1, TX_ID)
    second = Outlet(2, 16.0, draw(st.sampled_from([1, 3])), BOOT_S * 1000)
    offset_ms = round((NOON.timestamp() - BOOT_S) * 1000)
    return Site((first, second), draw(st.sampled_from([20.0, 48.0])), tuple(found.values()), offset_ms)


# The reference: one second at a time, in UTC, straight from the text


def runs(profile: ChargingProfile, now: datetime, transaction_start: datetime) -> Period | None:
    """The period that is active, if the profile is valid and its schedule defines one for this time."""
    if profile.valid_from is not None and now < profile.valid_from:
        return None
    if profile.valid_to is not None and now >= profile.valid_to:
        return None
    begin = profile.schedule.start or transaction_start
    if now < begin:
        return None
    elapsed = now - begin
    if profile.recurrency is Recurrency.DAILY:
        elapsed %= timedelta(days=1)
    elif profile.recurrency is Recurrency.WEEKLY:
        elapsed %= timedelta(days=7)
    if profile.schedule.duration_s is not None and elapsed >= timedelta(seconds=profile.schedule.duration_s):
        return None
    active = None
    for period in profile.schedule.periods:
        if timedelta(seconds=period.start_s) <= elapsed:
            active = period
    return active


def prevailing(
    candidates: list[ChargingProfile], now: datetime, start: datetime
) -> tuple[ChargingProfile, Period] | None:
    """The one with the highest stack level among those that have a period now; an EVSE's own before the station's."""
    best = None
    for one in candidates:
        period = runs(one, now, start)
        rank = (one.stack_level, one.evse)
        if period is not None and (best is None or rank > (best[0].stack_level, best[0].evse)):
            best = one, period
    return best


def wanted_unit(profile: ChargingProfile, period: Period, unit: RateUnit, phases: int) -> float:
    """The limit of a period in a unit: Power = Current per phase x Line Voltage x Number of Phases."""
    number = min(period.phases or 3, phases)
    if profile.schedule.unit is unit:
        return period.limit
    return period.limit * 230 * number if unit is RateUnit.WATT else period.limit / (230 * number)


def reference(site: Site, evse: int, unit: RateUnit, second: int) -> float:
    """What an EVSE may take in the second that begins then."""
    now = NOON + timedelta(seconds=second)
    outlet = next(one for one in site.outlets if one.evse == evse)
    start = NOON + timedelta(seconds=outlet.origin_ms / 1000 - BOOT_S)
    of = {purpose: [p for p in site.profiles if p.purpose is purpose] for purpose in Purpose}
    session = [p for p in of[Purpose.TX] if p.evse == evse and p.transaction_id == outlet.transaction_id]
    own = [p for p in of[Purpose.TX_DEFAULT] if p.evse == evse]
    levels = {p.stack_level for p in own}
    default = own + [p for p in of[Purpose.TX_DEFAULT] if p.evse == 0 and p.stack_level not in levels]
    leading = [
        prevailing(session, now, start) or prevailing(default, now, start),
        prevailing(of[Purpose.STATION_MAX], now, start),
        prevailing([p for p in of[Purpose.EXTERNAL] if p.evse == 0], now, start),
        prevailing([p for p in of[Purpose.EXTERNAL] if p.evse == evse], now, start),
    ]
    hardware = min(outlet.current_a, site.current_a)
    found = [hardware if unit is RateUnit.AMPERE else hardware * 230 * outlet.phases]
    found += [wanted_unit(*lead, unit, outlet.phases) for lead in leading if lead is not None]
    return min(found)


def in_force(stretches: tuple[Stretch, ...], second: int) -> float:
    """The limit of a composite schedule in a second."""
    return [one for one in stretches if one.start_ms <= second * 1000][-1].limit


@settings(max_examples=120, deadline=None)
@given(site=sites(), evse=st.sampled_from([1, 2]), unit=st.sampled_from(RateUnit))
def test_the_composite_schedule_is_what_the_text_says_in_every_second(site: Site, evse: int, unit: RateUnit) -> None:
    window = (BOOT_S * 1000, (BOOT_S + WINDOW_S) * 1000)
    stretches, length_ms = composite(site, evse, unit, window, 1000)
    assert length_ms == WINDOW_S * 1000
    assert stretches[0].start_ms == 0
    for one, two in pairwise(stretches):
        assert one.start_ms < two.start_ms < length_ms
        assert (one.limit, one.phases) != (two.limit, two.phases)
    for second in range(WINDOW_S):
        assert abs(in_force(stretches, second) - reference(site, evse, unit, second)) < 1e-9


@settings(max_examples=60, deadline=None)
@given(site=sites(), unit=st.sampled_from(RateUnit))
def test_the_station_takes_no_more_than_its_evses_and_its_own_limits(site: Site, unit: RateUnit) -> None:
    composer = Composer(site)
    for second in range(0, WINDOW_S, 3):
        at_ms = (BOOT_S + second) * 1000
        total, _ = composer.allowed(0, unit, at_ms)
        together = sum(reference(site, evse, unit, second) for evse in (1, 2))
        bounds = [together, *(one.to(unit, site.phases) for one in composer.shared_limits(at_ms))]
        bounds.append(site.current_a if unit is RateUnit.AMPERE else site.current_a * 230 * site.phases)
        assert abs(total - min(bounds)) < 1e-9


@settings(max_examples=80, deadline=None)
@given(site=sites())
def test_without_utc_only_what_is_relative_counts(site: Site) -> None:
    unknown = Site(site.outlets, site.current_a, site.profiles, None)
    relative = tuple(
        p for p in site.profiles if p.schedule.start is None and p.valid_from is None and p.valid_to is None
    )
    kept = Site(site.outlets, site.current_a, relative, site.offset_ms)
    # A station's default gives way to an EVSE's own whether that counts or not.
    if any(p.purpose is Purpose.TX_DEFAULT and p not in relative for p in site.profiles):
        return
    window = (BOOT_S * 1000, (BOOT_S + WINDOW_S) * 1000)
    for evse in (0, 1, 2):
        one = composite(unknown, evse, RateUnit.AMPERE, window, 1000)
        assert one == composite(kept, evse, RateUnit.AMPERE, window, 1000)


@settings(max_examples=100, deadline=None)
@given(site=sites(), shift_ms=st.integers(0, 999))
def test_whole_seconds_promise_no_more_than_there_is(site: Site, shift_ms: int) -> None:
    begin_ms = BOOT_S * 1000 + shift_ms
    stretches, length_ms = composite(site, 1, RateUnit.AMPERE, (begin_ms, begin_ms + 60_000), 1000)
    periods = in_seconds(stretches, length_ms)
    assert periods[0].start_s == 0
    assert all(one.start_s < two.start_s < 60 for one, two in pairwise(periods))
    for second in range(60):
        limit = [period for period in periods if period.start_s <= second][-1].limit
        ends = [one.start_ms for one in stretches[1:]] + [length_ms]
        first_ms, last_ms = second * 1000 + 100, second * 1000 + 900
        spans = zip(stretches, ends, strict=True)
        within = [one.limit for one, end in spans if one.start_ms < last_ms and end > first_ms]
        assert min(within) - 0.1 < limit <= min(within) + 1e-9
        assert round(limit * 10) == limit * 10


@settings(max_examples=100, deadline=None)
@given(number=st.integers(0, 2**31), data=st.data())
def test_a_profile_comes_back_from_its_row(number: int, data: st.DataObject) -> None:
    profile = data.draw(profiles(number))
    assert profile_from_row(json.loads(json.dumps(to_row(profile)))) == profile


claims = st.builds(
    lambda most, least, phases: (most, least, phases),
    st.sampled_from([0.0, 5.0, 6.0, 7.5, 10.0, 16.0, 32.0]),
    st.sampled_from([6.0, 8.0, 10.0]),
    st.sampled_from([1, 3]),
)


@settings(max_examples=300, deadline=None)
@given(
    wanted=st.lists(claims, min_size=1, max_size=5),
    current_a=st.sampled_from([0.0, 5.9, 6.0, 10.0, 16.0, 20.0, 33.3, 63.0]),
    power_w=st.sampled_from([0.0, 1380.0, 4140.0, 11040.0, 15000.0, 44000.0, float("inf")]),
)
def test_sharing(wanted: list[tuple[float, float, int]], current_a: float, power_w: float) -> None:
    made = [Claim(number, *one) for number, one in enumerate(wanted)]
    given_a = share(made, Budget(current_a, power_w))
    used_a = sum(given_a.values())
    used_w = sum(given_a[one.evse] * 230 * one.phases for one in made)
    assert used_a <= current_a + 1e-6
    assert used_w <= power_w + 1e-3
    for one in made:
        got = given_a[one.evse]
        assert got == 0 or one.least_a - 1e-3 <= got <= one.most_a
    full = current_a - used_a < 0.01 or power_w - used_w < 10
    for one in made:
        got = given_a[one.evse]
        if 0 < got < one.most_a - 0.01:
            assert full  # whoever gets less than it can use shares a limit that is used up,
            others = [o for o in made if given_a[o.evse] > got + 0.01]
            assert all(given_a[o.evse] <= o.least_a + 1e-3 for o in others)  # and nobody gets more but by need
    first = next((one for one in made if one.most_a >= one.least_a), None)
    fits = first is not None and first.least_a <= current_a and first.least_a * 230 * first.phases <= power_w
    assert (first is None) or (given_a[first.evse] > 0) is fits
