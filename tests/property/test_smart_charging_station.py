"""A station with charging profiles, through anything: it never offers more than they and its connection allow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import effects as ef
from station.core.context import ConnectorPlan, EvsePlan
from station.core.smart_charging.profile import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule
from station.core.smart_charging.requests import ClearChargingProfile, SetChargingProfile
from tests.support.core_world import CARD, EPOCH, OTHER, V16, World, two

HOUR_S = 3600
amounts = st.sampled_from([0.0, 5.0, 6.0, 8.0, 10.0, 13.0, 16.0, 20.0])


@st.composite
def profiles(draw: st.DrawFn) -> ChargingProfile:
    """An absolute profile in ampere or watt whose boundaries lie within the hour."""
    purpose = draw(st.sampled_from([Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX]))
    unit = draw(st.sampled_from(RateUnit))
    factor = 1.0 if unit is RateUnit.AMPERE else 690.0
    starts = [0, *sorted(draw(st.sets(st.integers(1, HOUR_S), max_size=3)))]
    periods = tuple(Period(start, draw(amounts) * factor) for start in starts)
    relative = purpose is not Purpose.STATION_MAX and draw(st.booleans())
    start = None if relative else EPOCH + timedelta(seconds=draw(st.integers(0, HOUR_S)))
    return ChargingProfile(
        id=draw(st.integers(1, 4)),
        evse={Purpose.STATION_MAX: 0, Purpose.TX: draw(st.sampled_from([1, 2]))}.get(purpose, draw(st.integers(0, 2))),
        stack_level=draw(st.integers(0, 1)),
        purpose=purpose,
        kind=Kind.RELATIVE if relative else Kind.ABSOLUTE,
        schedule=Schedule(unit, periods, start, draw(st.none() | st.integers(1, HOUR_S))),
    )


steps = st.one_of(
    st.tuples(st.just("set"), profiles()),
    st.tuples(st.just("clear"), st.integers(1, 4)),
    st.tuples(st.just("charge"), st.sampled_from([1, 2])),
    st.tuples(st.just("unplug"), st.sampled_from([1, 2])),
    st.tuples(st.just("run"), st.integers(1, 1200)),
    st.tuples(st.just("cut"), st.just(0)),
)


def carry_out(world: World, step: tuple[str, Any], reply: int) -> None:
    """One step of a script."""
    kind, what = step
    if kind == "set":
        world.send(SetChargingProfile(reply, what, replaces=True))
    elif kind == "clear":
        world.send(ClearChargingProfile(reply, id=what))
    elif kind == "charge":
        world.charge(CARD if what == 1 else OTHER, what)
    elif kind == "unplug":
        world.unplug(what)
    elif kind == "run":
        world.run(what)
    else:
        world.power_cycle()


def limit_a(world: World, purpose: Purpose, evse: int) -> float:
    """The limit that leads now, from the profiles as they are stored; the text's rules, in ampere on three phases."""
    station = world.station
    transaction = station.evses[evse - 1].transaction if evse else None
    now = world.utc() + timedelta(milliseconds=1)
    found: dict[int, tuple[int, float]] = {}
    for one in station.smart_charging.profiles:
        if one.purpose is not purpose or one.evse not in (0, evse):
            continue
        if purpose is Purpose.TX and (transaction is None or one.transaction_id != transaction.id):
            continue
        begin = one.schedule.start
        if begin is None:
            assert transaction is not None
            begin = station.ctx.timeline.utc(transaction.started)
        elapsed_s = (now - begin).total_seconds()
        schedule = one.schedule
        over = schedule.duration_s is not None and elapsed_s >= schedule.duration_s
        active = [period for period in schedule.periods if period.start_s <= elapsed_s]
        value = active[-1].limit / (1 if schedule.unit is RateUnit.AMPERE else 690) if active and not over else None
        own = found.get(one.stack_level)
        if own is None or one.evse > own[0]:
            found[one.stack_level] = (one.evse, float("inf") if value is None else value)
    counting = [value for _, (_, value) in sorted(found.items(), reverse=True) if value != float("inf")]
    return counting[0] if counting else float("inf")


def check(world: World) -> None:
    """No offer above what its profiles allow, and all together not above what the station may take."""
    offers = {number: bay.offered_a or 0.0 for number, bay in world.bays.items()}
    together = min(28.0, limit_a(world, Purpose.STATION_MAX, 0))
    assert sum(offers.values()) <= together + 0.01
    for number, offer in offers.items():
        assert offer == 0 or 6 <= offer <= 16
        if offer and world.station.evses[number - 1].transaction is not None:
            session = limit_a(world, Purpose.TX, number)
            own = session if session != float("inf") else limit_a(world, Purpose.TX_DEFAULT, number)
            assert offer <= own + 0.01


@settings(max_examples=120, deadline=None)
@given(script=st.lists(steps, max_size=14), start=st.sampled_from(["PowerPathClosed", "EnergyTransfer"]))
def test_no_offer_is_above_its_limits(script: list[tuple[str, Any]], start: str) -> None:
    evses = tuple(EvsePlan(number, (ConnectorPlan(1, fixed_cable=True, lock=False),)) for number in (1, 2))
    world = World(settings={**V16, "TxCtrlr.TxStartPoint": start}, plan=two(evses=evses, max_current_a=28.0))
    highest = [0.0]

    def watch(effect: Any) -> None:
        if isinstance(effect, ef.OfferCurrent):
            others = [bay.offered_a or 0.0 for number, bay in world.bays.items() if number != effect.evse]
            highest.append(sum(others) + (effect.current_a or 0.0))

    world.observe = watch
    for reply, step in enumerate(script):
        carry_out(world, step, reply)
        check(world)
        world.run(0.01)
        check(world)
        assert world.stored() == world.station.snapshot()
    assert max(highest) <= 28.001
