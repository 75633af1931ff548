"""Reservations in the bare core: time, records, faults and what is kept for whom (OCPP 2.0.1 H, OCPP 1.6 §5.13)."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.context import ConnectorPlan, EvsePlan, StationPlan
from station.core.facts import Phase, ReservationFact
from station.core.reservation import RESERVATIONS, reservation_from_row
from station.core.values import Fault, IdToken, RegistrationStatus, Reservation, TokenInfo, TokenResult, TokenStatus
from tests.support.core_world import CARD, OTHER, V16, PowerCut, World, of, two

GROUP = IdToken("FLEET")
ONE = StationPlan(evses=(EvsePlan(1),))
MIXED = StationPlan(evses=(EvsePlan(1, (ConnectorPlan(1, type="cCCS2"),)), EvsePlan(2)))
LATER = 600.0


def old(plan: StationPlan = ONE) -> World:
    """A station whose reservations end with the transaction (OCPP 1.6)."""
    return World(plan=replace(plan, token_uses_reservation=False), settings=V16)


def reserve(world: World, evse: int | None = 1, token: IdToken = CARD, number: int = 1, **more: Any) -> str:
    """Reserve for some time; the status of the answer."""
    expires: datetime = world.utc() + timedelta(seconds=more.pop("seconds", LATER))
    mark = 1000 + len(world.log)
    world.send(ev.ReserveNow(mark, Reservation(number, token, expires, evse, **more)))
    return world.replies()[mark].status


def cancel(world: World, number: int = 1) -> str:
    """Cancel; the status of the answer."""
    mark = 1000 + len(world.log)
    world.send(ev.CancelReservation(mark, number))
    return world.replies()[mark].status


def reserved(world: World) -> list[int]:
    """The EVSEs that are kept."""
    assert world.station.snapshot() == world.stored()
    return [evse.id for evse in world.station.evses if evse.reserved]


def ended(world: World) -> list[tuple[int, str]]:
    """What the CSMS is told of reservations."""
    facts = [effect.fact for effect in of(world.log, ef.Tell)]
    return [(fact.reservation_id, fact.status) for fact in facts if isinstance(fact, ReservationFact)]


# Records


def test_it_is_stored_before_it_is_promised() -> None:
    world = World()
    assert reserve(world) == "Accepted"
    row = world.rows[RESERVATIONS]["1"]
    assert reservation_from_row("1", row).token == CARD
    kinds = [type(effect) for effect in world.log[-2:]]
    assert kinds == [ef.Commit, ef.Reply]


def test_what_cannot_be_stored_is_refused_and_forgotten() -> None:
    world = World()
    world.store_works = False
    assert reserve(world) == "Rejected"
    assert not world.evse.reserved
    world.store_works = True
    world.run(10)
    assert reserved(world) == []
    assert reserve(world) == "Accepted"
    world.store_works = False
    assert cancel(world) == "Rejected"
    assert reserve(world, token=OTHER) == "Rejected"
    world.store_works = True
    world.run(10)
    assert reserved(world) == [1]
    assert world.station.reservations.all[0].token == CARD


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        {},
        {"id": 2, "token": {"value": "A"}, "expires": "2026-01-01T00:00:00+00:00"},
        {"id": 1, "token": {"value": "A"}, "expires": "2026-01-01T00:00:00"},
        {"id": 1, "token": {"value": "A"}, "expires": 7},
        {"id": 1, "token": {"value": 5}, "expires": "2026-01-01T00:00:00+00:00"},
        {"id": 1, "token": {"value": "A"}, "group": {"value": 5}, "expires": "2026-01-01T00:00:00+00:00"},
        {"id": 1, "token": {"value": "A"}, "expires": "2026-01-01T00:00:00+00:00", "made": "2026-01-01T00:00:00"},
    ],
)
def test_a_damaged_row_keeps_no_station_from_booting(row: Any) -> None:
    world = World()
    world.rows[RESERVATIONS] = {"1": row}
    world.power_cycle()
    assert world.station.damaged == ["reservations/1"]
    assert world.evse.reserved is False


def test_one_of_an_evse_that_is_gone_is_removed() -> None:
    world = World(plan=two())
    assert reserve(world, 2) == "Accepted"
    world.plan = ONE
    world.bays.pop(2)
    world.power_cycle()
    assert ended(world) == [(1, "Removed")]


# Time


def test_it_expires() -> None:
    world = World()
    reserve(world, seconds=60)
    world.run(59)
    assert reserved(world) == [1]
    world.run(1)
    assert reserved(world) == []
    assert ended(world) == [(1, "Expired")]


@pytest.mark.parametrize("seconds", [0, -1])
def test_the_past_cannot_be_reserved(seconds: float) -> None:
    assert reserve(World(), seconds=seconds) == "Rejected"


def test_it_expires_when_the_clock_of_the_csms_jumps() -> None:
    world = World()
    reserve(world, seconds=100)
    world.send(ev.HeartbeatAnswered(world.utc() - timedelta(hours=1)))
    world.run(200)
    assert reserved(world) == [1]
    world.send(ev.HeartbeatAnswered(world.utc()))
    world.run(1)
    assert ended(world) == [(1, "Expired")]
    assert reserved(world) == []


def test_it_expires_while_the_power_is_off_once_the_time_is_known() -> None:
    world = World()
    reserve(world, seconds=60)
    world.power_cycle(online=False, after_s=100)
    assert reserved(world) == [1]
    world.connect()
    world.run(1)
    assert reserved(world) == []
    assert ended(world) == [(1, "Expired")]


def test_without_the_time_it_lasts_no_longer_after_a_boot_than_it_was_to_last_in_all() -> None:
    world = World()
    reserve(world, seconds=60)
    world.power_cycle(online=False)
    world.run(59)
    assert reserved(world) == [1]
    world.run(2)
    assert reserved(world) == []


def test_one_that_was_made_while_the_time_was_unknown_expires_once_it_is_known() -> None:
    world = World(start=False)
    world.boot(online=False)
    assert reserve(world, seconds=60) == "Accepted"
    world.run(1000)
    assert reserved(world) == [1]
    world.send(ev.ClockLearnt(world.utc()))
    world.run(1)
    assert ended(world) == [(1, "Expired")]


def test_a_time_that_lies_far_ahead_is_no_trouble() -> None:
    world = World()
    far = datetime.fromisoformat("9999-12-31T23:59:59+00:00")
    world.send(ev.ReserveNow(1, Reservation(1, CARD, far, 1)))
    world.run(1000)
    world.power_cycle(online=False)
    assert reserved(world) == [1]


# Who may use what


def test_a_foreign_card_is_asked_about_and_refused() -> None:
    world = World()
    reserve(world)
    world.charge(OTHER)
    assert [query.token for query in (e.query for e in of(world.log, ef.Ask)) if hasattr(query, "token")] == [OTHER]
    assert world.results() == [TokenResult.REJECTED]
    assert reserved(world) == [1]


@pytest.mark.parametrize("make", [World, old])
def test_its_own_card_uses_it(make: Any) -> None:
    world = make()
    reserve(world)
    world.charge()
    started = world.facts(Phase.STARTED)
    assert [fact.reservation_id for fact in world.facts() if fact.reservation_id] == [1]
    assert len(started) == 1
    assert reserved(world) == []
    assert world.station.reservations.all == ()
    assert cancel(world) == "Rejected"


def test_with_the_card_first_its_own_card_uses_it_at_once_or_with_the_transaction() -> None:
    for world, there in ((World(settings=V16), False), (old(), True)):
        reserve(world, seconds=300)
        world.tap()
        assert reserved(world) == []
        assert bool(world.station.reservations.all) is there
        world.run(100)
        assert world.results() == [TokenResult.TIMEOUT]
        assert bool(reserved(world)) is there
        world.run(300)
        assert ended(world) == ([(1, "Expired")] if there else [])


def test_it_does_not_expire_under_a_driver_who_has_shown_his_card() -> None:
    world = old()
    reserve(world, seconds=30)
    world.tap()
    world.run(40)
    world.plug()
    assert world.facts(Phase.STARTED)[0].reservation_id == 1
    assert ended(world) == []


def test_cancelled_under_a_driver_who_has_shown_his_card_it_is_not_told_with_the_transaction() -> None:
    world = old()
    reserve(world)
    world.tap()
    assert cancel(world) == "Accepted"
    world.plug()
    assert world.facts(Phase.STARTED)[0].reservation_id is None


def test_a_start_that_is_not_stored_is_no_energy_for_anybody() -> None:
    world = old()
    reserve(world)
    world.plug()
    world.store_works = False
    world.tap()
    assert world.results() == [TokenResult.REJECTED]
    world.store_works = True
    world.run(10)
    assert reserved(world) in ([], [1])


def test_the_group_is_learnt_from_the_csms_where_nobody_asked_it_for_the_token() -> None:
    plan = replace(ONE, allow=frozenset({OTHER.value}))
    world = World(plan=plan)
    world.csms.tokens = {OTHER.value: TokenInfo(TokenStatus.ACCEPTED, GROUP)}
    reserve(world, group=GROUP)
    world.charge(OTHER)
    assert world.results() == [TokenResult.USED_TO_START]
    assert [fact.reservation_id for fact in world.facts() if fact.reservation_id] == [1]


def test_the_group_of_a_cached_card_is_not_asked_for() -> None:
    world = World(settings={"AuthCtrlr.LocalPreAuthorize": "true"})
    world.send(ev.PutToken(OTHER, TokenInfo(TokenStatus.ACCEPTED, GROUP), local_list=False))
    reserve(world, group=GROUP)
    mark = len(world.log)
    world.charge(OTHER)
    assert of(world.log[mark:], ef.Ask) == []
    assert world.results() == [TokenResult.USED_TO_START]


def test_offline_a_card_whose_group_is_unknown_is_refused() -> None:
    world = World(settings={"AuthCtrlr.OfflineTxForUnknownIdEnabled": "true"})
    reserve(world, group=GROUP)
    world.disconnect()
    world.charge(OTHER)
    assert world.results() == [TokenResult.REJECTED]
    world.tap(CARD)
    assert world.results()[-1] is TokenResult.USED_TO_START


def test_where_nobody_needs_a_card_a_reserved_evse_waits_for_one() -> None:
    world = World(plan=replace(ONE, free=True))
    reserve(world, seconds=40)
    world.plug()
    world.run(39)
    assert not world.bays[1].closed
    world.run(2)
    assert world.bays[1].closed


# Any EVSE


def test_one_evse_stays_free() -> None:
    world = World(plan=two(), settings={"ReservationCtrlr.NonEvseSpecific": "true"})
    assert reserve(world, None) == "Accepted"
    assert reserved(world) == []
    world.charge(OTHER, 1)
    assert reserved(world) == [2]
    world.plug(2)
    assert reserved(world) == [2]
    world.tap(IdToken("THIRD"), 2)
    assert world.results()[-1] is TokenResult.REJECTED
    world.tap(OTHER, 1)
    world.unplug(1)
    assert reserved(world) == [1]
    world.tap(IdToken("THIRD"), 2)
    assert world.results()[-1] is TokenResult.USED_TO_START
    world.charge(CARD, 1)
    assert reserved(world) == []
    assert [fact.reservation_id for fact in world.facts() if fact.reservation_id] == [1]


def test_a_vehicle_at_a_free_evse_is_not_turned_away_by_a_later_one() -> None:
    world = World(plan=two())
    reserve(world, None)
    world.plug(1)
    assert reserved(world) == [2]
    world.plug(2)
    assert reserved(world) == [2]
    world.power_cycle()
    assert len(reserved(world)) == 1


def test_two_who_wait_do_not_both_get_what_is_left() -> None:
    world = World(plan=two())
    reserve(world, None, IdToken("THIRD"))
    world.tap(CARD)
    world.tap(OTHER)
    world.plug(1)
    world.plug(2)
    assert world.results() == [TokenResult.USED_TO_START]
    assert reserved(world) == [2]


def test_a_reservation_of_a_type_is_not_used_up_by_one_of_any_type() -> None:
    world = World(plan=MIXED)
    assert reserve(world, None, CARD, 1) == "Accepted"
    assert reserve(world, None, OTHER, 2, connector_type="cCCS2") == "Accepted"
    assert reserve(world, None, OTHER, 3, connector_type="cCCS2") == "Occupied"
    assert reserved(world) == [1, 2]
    world.tap(CARD, 1)
    assert world.results() == [TokenResult.REJECTED]
    world.tap(CARD, 2)
    world.tap(OTHER, 1)
    assert reserved(world) == []


def test_who_has_two_uses_the_one_that_is_his_own() -> None:
    world = World(plan=two())
    reserve(world, None, IdToken("THIRD"), 1, group=GROUP)
    reserve(world, None, CARD, 2)
    world.csms.tokens = {CARD.value: TokenInfo(TokenStatus.ACCEPTED, GROUP)}
    world.charge(CARD, 1)
    assert [one.id for one in world.station.reservations.all] == [1]


# Answers


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("fault", "fault", "Faulted"),
        ("off", "off", "Unavailable"),
        ("off", "fault", "Unavailable"),
        ("used", "fault", "Occupied"),
        ("used", "off", "Occupied"),
        ("used", "free", "Accepted"),
    ],
)
def test_why_no_evse_can_be_reserved(first: str, second: str, status: str) -> None:
    world = World(plan=two())
    for evse, what in ((1, first), (2, second)):
        if what == "fault":
            world.send(ev.FaultRaised(evse, Fault.GROUND_FAILURE))
        elif what == "off":
            world.send(ev.ChangeAvailability(evse, evse, 0, False))
        elif what == "used":
            world.plug(evse)
    assert reserve(world, None) == status


def test_one_connector_of_an_evse_that_is_inoperative_cannot_be_reserved() -> None:
    plan = StationPlan(evses=(EvsePlan(1, (ConnectorPlan(1), ConnectorPlan(2))),))
    world = World(plan=plan)
    world.send(ev.ChangeAvailability(1, 1, 2, False))
    assert reserve(world, 1, connector=2) == "Unavailable"
    assert reserve(world, 1, connector=1) == "Accepted"
    assert reserve(world, 1, number=2) == "Occupied"
    world.send(ev.ChangeAvailability(2, 1, 1, False))
    assert ended(world) == [(1, "Removed")]


def test_a_vehicle_at_a_reserved_evse_does_not_keep_it_from_being_replaced() -> None:
    world = World()
    reserve(world)
    world.plug()
    assert reserve(world, token=OTHER) == "Accepted"
    assert reserve(world, None, OTHER) == "Accepted"
    assert reserved(world) == [1]
    world.tap(OTHER)
    assert world.results() == [TokenResult.USED_TO_START]


def test_a_replacement_that_is_refused_leaves_what_was_there() -> None:
    world = World(plan=two())
    reserve(world, 1)
    world.plug(2)
    assert reserve(world, 2, OTHER) == "Occupied"
    assert world.station.reservations.all[0].evse == 1


def test_a_remote_start_to_an_evse_that_is_kept_for_others_is_rejected() -> None:
    world = World()
    reserve(world)
    world.send(ev.RemoteStart(1, OTHER, 1))
    assert world.replies()[1] == ef.Outcome("Rejected", "Reserved")
    world.send(ev.RemoteStart(2, OTHER, 1, names_group=False))
    assert world.replies()[2].status == "Rejected"
    world.send(ev.RemoteStart(3, CARD, 1))
    assert world.replies()[3].status == "Accepted"


def test_a_turned_away_station_keeps_its_reservations() -> None:
    world = World()
    reserve(world)
    world.send(ev.BootAnswered(RegistrationStatus.PENDING, 10.0, world.utc()))
    assert reserved(world) == [1]


@pytest.mark.parametrize("make", [lambda: World(settings=V16), old])
@pytest.mark.parametrize("cut", range(14))
def test_cut_the_power_anywhere(make: Any, cut: int) -> None:
    """What was promised is there, and what is gone was used."""
    world: World = make()
    world.cut_after = cut
    with contextlib.suppress(PowerCut):
        reserve(world)
        world.charge()
    promised = any(reply.outcome.status == "Accepted" for reply in of(world.log, ef.Reply))
    world.power_cycle()
    world.run(10)
    kept = world.station.reservations.all != ()
    used = any(fact.reservation_id == 1 for fact in world.facts(Phase.STARTED))
    presented = any(isinstance(effect.query, ef.AuthorizeQuery) for effect in of(world.log, ef.Ask))
    assert kept or used or not promised or (presented and make is not old)
    assert not (kept and used)
    assert world.station.snapshot() == world.stored()
