"""Charging profiles in the bare core: kept, undone, obeyed, with UTC and without."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.codec import to_row
from station.core.context import ConnectorPlan, EvsePlan
from station.core.effects import Outcome
from station.core.smart_charging.desk import CHARGING_PROFILES, DEADLINE
from station.core.smart_charging.profile import (
    ChargingProfile,
    CompositeSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
    profile_from_row,
)
from station.core.smart_charging.requests import (
    ClearChargingProfile,
    GetChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
)
from station.core.values import StopReason
from tests.support.core_world import CARD, EPOCH, OTHER, V16, World, two


def plan(*periods: tuple[int, float], unit: RateUnit = RateUnit.AMPERE, **more: Any) -> Schedule:
    """A schedule of (start, limit)."""
    return Schedule(unit, tuple(Period(start, limit) for start, limit in periods), **more)


def default(limit_a: float = 10.0, **more: Any) -> ChargingProfile:
    """A relative default profile of the station."""
    made = ChargingProfile(1, 0, 0, Purpose.TX_DEFAULT, Kind.RELATIVE, plan((0, limit_a)))
    return replace(made, **more)


def maximum(limit_a: float, **more: Any) -> ChargingProfile:
    """A limit of the station since EPOCH."""
    schedule = plan((0, limit_a), start=EPOCH)
    return replace(ChargingProfile(9, 0, 0, Purpose.STATION_MAX, Kind.ABSOLUTE, schedule), **more)


def install(world: World, profile: ChargingProfile, reply: int = 1, *, replaces: bool = True) -> Outcome:
    """Ask for a profile; the answer."""
    world.send(SetChargingProfile(reply, profile, replaces))
    return world.replies()[reply]


def offers(world: World) -> list[float | None]:
    """What the EVSEs offer."""
    return [bay.offered_a for bay in world.bays.values()]


_ROW = {**to_row(default(id=7)), "id": 7}
DAMAGED = [
    {**_ROW, "transaction_id": []},
    {**_ROW, "stack_level": 1.5},
    {**_ROW, "purpose": "Other"},
    {**_ROW, "valid_from": "2026-01-01T00:00:00"},
    {**_ROW, "schedule": {**_ROW["schedule"], "periods": []}},
    {**_ROW, "schedule": {**_ROW["schedule"], "periods": [{"start_s": 0, "limit": "8"}]}},
    {**_ROW, "schedule": {**_ROW["schedule"], "periods": [{"start_s": None, "limit": 8.0}]}},
]
"""Rows that nearly are profiles."""


class TestKept:
    def test_a_profile_is_a_row_before_it_is_accepted(self) -> None:
        world = World(settings=V16)
        mark = len(world.log)
        assert install(world, default()).status == "Accepted"
        kinds = [type(effect) for effect in world.log[mark:]]
        assert kinds.index(ef.Commit) < kinds.index(ef.Reply)
        assert world.rows[CHARGING_PROFILES].keys() == {"1"}
        assert world.stored() == world.station.snapshot()

    def test_all_of_it_comes_back(self) -> None:
        world = World(settings=V16)
        schedule = plan((0, 6.5), (30, 9.0), start=EPOCH, duration_s=60, min_rate=6.0, id=3)
        recurring = replace(default(), kind=Kind.RECURRING, recurrency=Recurrency.DAILY, schedule=schedule)
        valid = replace(recurring, valid_from=EPOCH, valid_to=EPOCH + timedelta(days=9))
        install(world, valid)
        world.power_cycle()
        assert world.station.smart_charging.profiles == (replace(valid, installed=EPOCH),)
        assert world.stored() == world.station.snapshot()

    @pytest.mark.parametrize("row", [None, 5, {}, {"id": 1}, {"id": "x", "evse": 0}, [], *DAMAGED])
    def test_a_damaged_row_is_left_out(self, row: Any) -> None:
        world = World(settings=V16)
        install(world, default())
        world.rows[CHARGING_PROFILES]["7"] = row
        world.power_cycle()
        assert f"{CHARGING_PROFILES}/7" in world.station.damaged
        assert [one.id for one in world.station.smart_charging.profiles] == [1]

    def test_what_cannot_be_recorded_is_refused_and_taken_back(self) -> None:
        world = World(settings=V16, reply_delay_s=0.01)
        world.send(SetChargingProfile(1, default(12.0)))
        world.run(1)
        world.store_works = False
        world.send(SetChargingProfile(2, default(8.0)))
        world.send(SetChargingProfile(3, default(7.0, id=2), replaces=True))
        world.send(ClearChargingProfile(4))
        world.run(1)
        assert [world.replies()[reply].status for reply in (2, 3, 4)] == ["Rejected"] * 3
        assert world.station.smart_charging.profiles == (default(12.0),)
        world.store_works = True
        world.run(10)
        assert world.stored() == world.station.snapshot()

    def test_nothing_is_held_where_nothing_is_asked_for(self) -> None:
        world = World(settings=V16)
        world.charge()
        world.run(60)
        part = world.station.smart_charging
        assert (part.active, part.profiles) == (False, ())
        assert (DEADLINE, 0) not in world.station.ctx.deadlines

    def test_nothing_waits_while_nobody_charges(self) -> None:
        world = World(settings=V16)
        install(world, maximum(10.0, schedule=plan((0, 10), (600, 6), start=EPOCH)))
        assert (DEADLINE, 0) not in world.station.ctx.deadlines
        world.charge()
        assert (DEADLINE, 0) in world.station.ctx.deadlines
        world.stop(StopReason.LOCAL)
        world.run(5)
        assert (DEADLINE, 0) not in world.station.ctx.deadlines


class TestTaken:
    def test_another_of_the_same_level_is_refused_where_it_does_not_replace(self) -> None:
        world = World(settings=V16, plan=two())
        install(world, default())
        other = default(8.0, id=2)
        assert install(world, other, 2, replaces=False) == Outcome("Rejected", "DuplicateProfile")
        assert install(world, replace(other, evse=1), 3, replaces=False).reason == "DuplicateProfile"
        assert install(world, replace(other, stack_level=1), 4, replaces=False).status == "Accepted"
        assert install(world, default(7.0), 5, replaces=False).status == "Accepted"
        later = default(9.0, id=3, valid_from=EPOCH + timedelta(days=3))
        assert install(world, replace(default(7.0), valid_to=EPOCH + timedelta(days=3)), 6).status == "Accepted"
        assert install(world, later, 7, replaces=False).status == "Accepted"
        assert sorted(one.id for one in world.station.smart_charging.profiles) == [1, 2, 3]

    @pytest.mark.parametrize(
        ("profile", "reason"),
        [
            (default(evse=5), "UnknownEvse"),
            (default(purpose=Purpose.EXTERNAL), "InvalidProfile"),
            (default(evse=1, purpose=Purpose.TX), "TxNotFound"),
            (default(evse=1, purpose=Purpose.TX, transaction_id="tx9"), "TxNotFound"),
            (default(stack_level=101), "InvalidStackLevel"),
            (default(schedule=plan((0, 1e400))), "InvalidSchedule"),
            (default(kind=Kind.ABSOLUTE), "InvalidSchedule"),
            (default(schedule=plan((0, 10), start=EPOCH)), "InvalidSchedule"),
            (maximum(9, kind=Kind.RELATIVE, schedule=plan((0, 9))), "InvalidProfile"),
        ],
    )
    def test_refused_with_the_reason(self, profile: ChargingProfile, reason: str) -> None:
        world = World(settings=V16)
        assert install(world, profile) == Outcome("Rejected", reason)
        assert CHARGING_PROFILES not in world.stored()

    def test_reported_by_what_is_asked_for(self) -> None:
        world = World(settings=V16, plan=two())
        install(world, default())
        install(world, default(8.0, id=2, evse=2, stack_level=1), 2)
        install(world, maximum(20.0), 3)

        def found(reply: int, **asked: Any) -> list[int]:
            world.send(GetChargingProfiles(reply, **asked))
            return [one.id for one in world.replies()[reply].data]

        assert found(10) == [1, 2, 9]
        assert found(11, evse=0) == [1, 9]
        assert found(12, evse=2, stack_level=1) == [2]
        assert found(13, ids=(9, 2)) == [2, 9]
        assert found(14, purpose=Purpose.STATION_MAX, sources=("CSO",)) == [9]
        assert found(15, sources=("EMS",)) == []
        assert world.replies()[15].status == "NoProfiles"


class TestObeyed:
    def test_without_utc_only_relative_ones_count(self) -> None:
        world = World(settings={**V16, "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true"}, start=False)
        world.boot(online=False)
        install(world, maximum(8.0))
        install(world, default(12.0), 2)
        world.charge()
        assert offers(world) == [12.0]
        world.connect()
        world.run(1)
        assert offers(world) == [8.0]

    @pytest.mark.parametrize(
        ("more", "offered"),
        [
            ({}, 8.0),
            ({"valid_from": EPOCH}, 8.0),
            ({"valid_to": EPOCH + timedelta(days=1)}, 16.0),
            ({"schedule": plan((0, 8), start=EPOCH, duration_s=86_400)}, 16.0),
            ({"schedule": plan((0, 7), (60, 8), start=EPOCH)}, 16.0),
            ({"schedule": plan((0, 7), (60, 8), start=EPOCH - timedelta(hours=1))}, 8.0),
        ],
    )
    def test_a_limit_that_holds_for_good_needs_no_clock(self, more: dict[str, Any], offered: float) -> None:
        """A fuse does not wait for a time server."""
        world = World(settings={**V16, "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true"})
        install(world, maximum(8.0, **more))
        world.power_cycle(online=False)
        world.charge()
        assert offers(world) == [offered]

    @pytest.mark.parametrize(("shown", "offered"), [(timedelta(hours=2), 8.0), (-timedelta(days=400), 16.0)])
    def test_a_clock_that_nobody_vouches_for_is_better_than_none(self, shown: timedelta, offered: float) -> None:
        """OCPP 1.6 §3.13.6; but one that shows less than when the profile came is known to be wrong."""
        world = World(settings={**V16, "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true"})
        daily = {"kind": Kind.RECURRING, "recurrency": Recurrency.DAILY}
        install(world, maximum(8.0, schedule=plan((0, 16), (3600, 8), (7200, 10), start=EPOCH), **daily))
        world.power_cycle(online=False)
        since_s = (world.utc() - EPOCH).total_seconds()
        world.send(ev.ClockLearnt(EPOCH + shown - timedelta(seconds=since_s % 60 + 60), sure=False))
        world.charge()
        assert offers(world) == [offered]
        assert not world.station.ctx.timeline.known
        world.connect()
        world.run(1)
        assert offers(world) == [16.0]

    def test_a_clock_that_is_corrected_moves_what_is_tied_to_it(self) -> None:
        world = World(settings=V16)
        install(world, maximum(8.0, schedule=plan((0, 16), (3600, 8), start=EPOCH)))
        world.charge()
        assert offers(world) == [16.0]
        world.send(ev.HeartbeatAnswered(world.utc() + timedelta(hours=2)))
        world.run(0.1)
        assert offers(world) == [8.0]

    def test_others_make_room_before_one_more_is_offered(self) -> None:
        world = World(settings=V16, plan=two())
        install(world, maximum(16.0))
        highest = [0.0]
        world.observe = lambda effect: highest.append(sum(offer or 0.0 for offer in offers(world)))
        world.charge(CARD, 1)
        world.charge(OTHER, 2)
        world.run(10)
        assert offers(world) == [8.0, 8.0]
        assert max(highest) == 16.0

    def test_an_offer_before_the_transaction_is_limited_too(self) -> None:
        fixed = tuple(EvsePlan(number, (ConnectorPlan(1, fixed_cable=True, lock=False),)) for number in (1, 2))
        world = World(settings={**V16, "TxCtrlr.TxStartPoint": "EnergyTransfer"}, plan=two(evses=fixed))
        install(world, maximum(16.0))
        world.charge(CARD, 1)
        highest = [0.0]
        world.observe = lambda effect: highest.append(sum(offer or 0.0 for offer in offers(world)))
        world.bays[2].hungry = False
        world.charge(OTHER, 2)
        assert offers(world) == [8.0, 8.0]
        assert max(highest) == 16.0

    def test_the_cable_bounds_a_share_and_leaves_the_rest(self) -> None:
        world = World(settings=V16, plan=two())
        install(world, maximum(20.0))
        world.charge(CARD, 1)
        world.bays[2].cable = True
        world.send(ev.CableChanged(2, 1, True, 8.0))
        world.charge(OTHER, 2)
        assert offers(world) == [12.0, 8.0]

    def test_a_plan_of_the_connection_alone(self) -> None:
        world = World(settings=V16, plan=two(max_current_a=14.0))
        world.charge(CARD, 1)
        world.charge(OTHER, 2)
        assert offers(world) == [7.0, 7.0]

    def test_the_profile_of_a_remote_start_comes_and_goes_with_its_transaction(self) -> None:
        world = World(settings=V16)
        own = default(7.0, id=5, purpose=Purpose.TX)
        world.plug()
        world.send(ev.RemoteStart(1, CARD, 1, profile=own))
        assert offers(world) == [7.0]
        (kept,) = world.station.smart_charging.profiles
        assert (kept.evse, kept.transaction_id) == (1, world.evse.transaction.id)
        assert world.stored() == world.station.snapshot()
        world.stop(StopReason.LOCAL)
        world.run(5)
        assert world.station.smart_charging.profiles == ()
        assert world.stored() == world.station.snapshot()

    def test_switched_off_it_limits_nothing(self) -> None:
        world = World(settings=V16)
        install(world, default(7.0))
        world.charge()
        assert offers(world) == [7.0]
        world.send(ev.SetVariables(5, (("SmartChargingCtrlr.Enabled", "Actual", "false"),)))
        assert offers(world) == [16.0]

    def test_suspended_and_back(self) -> None:
        world = World(settings=V16)
        world.charge()
        install(world, default(5.9, evse=1, purpose=Purpose.TX))
        assert (offers(world), world.bays[1].closed) == ([None], False)
        world.send(ClearChargingProfile(2, id=1))
        world.run(1)
        assert (offers(world), world.bays[1].closed) == ([16.0], True)


class TestComposite:
    def test_as_if_a_transaction_began_now(self) -> None:
        world = World(settings=V16)
        install(world, default(schedule=plan((0, 6), (100, 10))))
        world.run(1000.5)
        world.send(GetCompositeSchedule(2, 1, 300, RateUnit.AMPERE))
        made = world.replies()[2].data
        assert isinstance(made, CompositeSchedule)
        assert made.periods == (Period(0, 6.0, 3), Period(100, 10.0, 3))
        assert made.start == world.utc()

    def test_it_ends_where_it_would_have_too_many_periods(self) -> None:
        world = World(settings=V16)
        daily = plan((0, 6), (3600, 8), start=EPOCH)
        install(world, default(kind=Kind.RECURRING, recurrency=Recurrency.DAILY, schedule=daily))
        world.send(GetCompositeSchedule(2, 1, 2**40))
        made = world.replies()[2].data
        assert len(made.periods) == 1024
        assert made.duration_s == 512 * 86_400

    def test_unknown_evse(self) -> None:
        world = World(settings=V16)
        world.send(GetCompositeSchedule(2, 4, 60))
        assert world.replies()[2] == Outcome("Rejected", "UnknownEvse")


def test_a_row_of_another_program() -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        profile_from_row({"id": True, "evse": 0})
