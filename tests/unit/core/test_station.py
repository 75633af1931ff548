"""The station as a whole: store failures, reboots, power, availability, link, clock, aligned values."""

from __future__ import annotations

from datetime import timedelta

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.context import EvsePlan, StationPlan
from station.core.facts import MeterNotice, Phase
from station.core.values import (
    ChargingState,
    Fault,
    Pilot,
    StopReason,
    TokenInfo,
    TokenResult,
    TokenStatus,
)
from tests.support.core_world import CARD, EPOCH, OTHER, V16, PowerCut, World, of, two

INTERVAL = "SampledDataCtrlr.TxUpdatedInterval"


# The store fails


def test_a_start_that_cannot_be_stored_never_was() -> None:
    world = World(settings=V16)
    world.plug()
    before = world.stored()
    world.store_works = False
    world.tap()
    world.run(1)
    assert world.results() == [TokenResult.REJECTED]
    assert [effect.reason for effect in of(world.log, ef.TokenEnded) if effect.final] == ["StoreFailed"]
    assert of(world.log, ef.CloseContactor) == []
    assert world.told == []
    world.store_works = True
    world.run(10)
    after = world.stored()
    assert after.get("transactions", {}) == before.get("transactions", {})
    assert "journal" not in after
    world.tap()
    assert world.evse.charging_state is ChargingState.CHARGING


def test_an_end_that_cannot_be_stored_is_tried_every_five_seconds() -> None:
    world = World(settings=V16)
    world.charge()
    world.run(10)
    world.store_works = False
    mark = len(world.log)
    world.tap()
    world.run(21)
    assert world.facts(Phase.ENDED) == []
    assert 4 <= len(of(world.log[mark:], ef.Commit)) <= 7
    world.store_works = True
    world.run(6)
    assert len(world.facts(Phase.ENDED)) == 1
    assert world.station.snapshot() == world.stored()


def test_a_refused_request_leaves_no_trace() -> None:
    world = World(settings=V16)
    before = world.station.snapshot()
    world.store_works = False
    world.send(ev.SetVariables(1, ((INTERVAL, "Actual", "7"), ("TxCtrlr.EVConnectionTimeOut", "Actual", "9"))))
    world.send(ev.ChangeAvailability(2, 1, 0, False))
    world.send(ev.PutToken(CARD, TokenInfo(TokenStatus.ACCEPTED), False, 3))
    world.send(ev.PutToken(CARD, TokenInfo(TokenStatus.ACCEPTED), True, 4))
    assert {token: outcome.status for token, outcome in world.replies().items()} == dict.fromkeys(
        (1, 2, 3, 4), "Rejected"
    )
    assert world.station.snapshot() == before
    assert world.evse.operative(1)
    world.store_works = True
    world.run(10)
    assert world.station.snapshot() == world.stored() == before


def test_a_refused_remote_start_waits_for_nothing() -> None:
    world = World(settings={**V16, "AuthCtrlr.AuthorizeRemoteStart": "false"})
    world.store_works = False
    world.send(ev.StatusTold(1, 1, "Available"))
    world.send(ev.RemoteStart(1, CARD, 1))
    world.run(6)
    assert world.replies()[1].status == "Rejected"
    assert world.evse.state == "idle"


def test_clearing_the_cache_is_undone() -> None:
    world = World(settings=V16)
    world.send(ev.PutToken(CARD, TokenInfo(TokenStatus.ACCEPTED), False))
    world.store_works = False
    world.send(ev.ClearCache(1))
    assert world.replies()[1].status == "Rejected"
    assert CARD.key in world.station.tokens.cache


# Power


def test_after_a_power_cut_what_ran_ends_with_power_loss() -> None:
    world = World(settings=V16)
    world.charge()
    world.run(33)
    shown = world.evse.meter.shown_wh
    world.power_cycle()
    fact = world.facts(Phase.ENDED)[0]
    assert fact.stop_reason is StopReason.POWER_LOSS
    assert fact.meter_wh is not None
    assert fact.meter_wh >= shown
    assert not world.bays[1].locked, "the cable is let go"
    assert world.station.snapshot() == world.stored()


@pytest.mark.parametrize("session", [False, True])
def test_a_transaction_may_be_resumed(session: bool) -> None:
    plan = StationPlan(evses=(EvsePlan(1, session_meter=session),), resume_after_power_loss=True)
    world = World(plan=plan, settings=V16)
    world.charge()
    world.run(33)
    world.power_cycle()
    world.run(70)
    world.tap()
    world.run(3)
    assert len({fact.transaction_id for fact in world.told}) == 1
    assert [fact.seq_no for fact in world.told] == list(range(len(world.told)))
    registers = [fact.meter_wh for fact in world.told]
    assert registers == sorted(registers)
    assert [fact.phase for fact in world.told].count(Phase.ENDED) == 1


def test_nothing_is_resumed_without_its_vehicle() -> None:
    plan = StationPlan(evses=(EvsePlan(1),), resume_after_power_loss=True)
    world = World(plan=plan, settings=V16)
    world.charge()
    world.run(10)
    world.bays[1].pilot, world.bays[1].cable = Pilot.A, False
    world.power_cycle()
    assert world.facts(Phase.ENDED)[0].stop_reason is StopReason.POWER_LOSS


def test_an_ordered_stop_ends_with_reboot() -> None:
    world = World(settings=V16)
    world.charge()
    world.send(ev.PowerFailing(StopReason.REBOOT))
    assert world.facts(Phase.ENDED)[0].stop_reason is StopReason.REBOOT
    assert not world.bays[1].closed


def test_a_cut_before_the_start_was_stored_leaves_nothing() -> None:
    world = World(settings=V16)
    world.plug()
    world.cut_after = 3
    with pytest.raises(PowerCut):
        world.tap()
    world.power_cycle()
    assert world.told == []
    assert world.evse.transaction is None


# Resets


def test_reset_when_idle_waits_and_immediate_does_not() -> None:
    world = World(settings=V16)
    world.charge()
    world.send(ev.ResetRequested(1, True, StopReason.SOFT_RESET))
    assert world.replies()[1].status == "Scheduled"
    assert of(world.log, ef.Reboot) == []
    world.send(ev.ResetRequested(2, False, StopReason.HARD_RESET))
    world.run(3)
    assert world.replies()[2].status == "Accepted"
    assert world.facts(Phase.ENDED)[0].stop_reason is StopReason.HARD_RESET
    assert len(of(world.log, ef.Reboot)) == 1


def test_a_waiting_reset_never_replaces_one_that_goes_on() -> None:
    world = World(settings=V16, reply_delay_s=0.2)
    world.run(2)
    world.charge()
    world.run(5)
    world.send(ev.ResetRequested(1, False, StopReason.HARD_RESET))
    world.send(ev.ResetRequested(2, True, StopReason.SOFT_RESET))
    world.run(5)
    assert len(of(world.log, ef.Reboot)) == 1
    assert world.facts(Phase.ENDED)[0].stop_reason is StopReason.HARD_RESET


def test_resets_of_evses_do_not_disturb_each_other() -> None:
    world = World(plan=two(), settings=V16)
    world.charge(CARD, 1)
    world.charge(OTHER, 2)
    world.send(ev.FaultRaised(1, Fault.WEAK_SIGNAL))
    world.send(ev.ResetRequested(1, True, StopReason.IMMEDIATE_RESET, 1))
    world.send(ev.ResetRequested(2, True, StopReason.IMMEDIATE_RESET, 2))
    world.send(ev.ResetRequested(3, True, StopReason.IMMEDIATE_RESET, 9))
    assert [world.replies()[token].status for token in (1, 2, 3)] == ["Scheduled", "Scheduled", "Rejected"]
    world.tap(CARD, 1)
    world.run(1)
    assert world.station.evses[0].faults == {}
    assert world.station.reset.waiting
    world.tap(OTHER, 2)
    world.run(1)
    assert not world.station.reset.waiting
    assert of(world.log, ef.Reboot) == []


def test_a_card_that_waits_ends_with_the_reboot() -> None:
    world = World(plan=two(), settings=V16)
    world.tap()
    world.send(ev.ResetRequested(1, False, StopReason.HARD_RESET))
    assert len(world.results()) == 1


# Availability


def test_inoperative_is_scheduled_while_a_transaction_runs_and_survives_a_reboot() -> None:
    world = World(settings=V16)
    world.charge()
    world.send(ev.ChangeAvailability(1, 1, 1, False))
    assert world.replies()[1].status == "Scheduled"
    assert world.evse.operative(1)
    world.tap()
    world.unplug()
    world.run(3)
    assert not world.evse.operative(1)
    world.power_cycle()
    assert not world.evse.operative(1)
    world.tap()
    assert world.results()[-1] is TokenResult.NO_CONNECTOR_AVAILABLE


def test_a_connector_is_told_apart_from_its_evse() -> None:
    world = World(settings=V16)
    world.send(ev.ChangeAvailability(1, 1, 2, False))
    assert world.replies()[1].status == "Rejected"
    world.send(ev.ChangeAvailability(2, 1, 1, False))
    world.send(ev.ChangeAvailability(3, 1, 0, True))
    assert not world.evse.operative(1)


# The link


@pytest.mark.spec("E11.FR.02")
def test_what_is_queued_when_the_link_goes_counts_as_offline() -> None:
    world = World(settings=V16)
    world.deliver = False
    world.charge()
    assert not any(fact.offline for fact in world.told)
    out = world.disconnect()
    written = [record for effect in of(out, ef.Commit) for record in effect.records]
    assert len([record for record in written if record.table == "journal"]) == len(world.told)
    assert all(fact.offline for fact in world.station.ctx.ledger.facts.values())
    assert of(world.disconnect(), ef.Commit) == []


# Aligned values

ALIGNED = {**V16, "AlignedDataCtrlr.Interval": "900"}


def aligned(world: World) -> int:
    outside = [e for e in of(world.log, ef.Notify) if isinstance(e.notice, MeterNotice)]
    inside = [f for f in world.told if f.trigger.value == "MeterValueClock"]
    return len(outside) + len(inside)


def test_aligned_values_with_and_without_a_transaction() -> None:
    world = World(settings=ALIGNED)
    world.run(901)
    assert aligned(world) == 1
    world.charge()
    world.run(900)
    assert aligned(world) == 2
    assert [f.trigger.value for f in world.told].count("MeterValueClock") == 1


@pytest.mark.spec("J01.FR.20")
def test_during_idle_only() -> None:
    world = World(plan=two(), settings={**ALIGNED, "AlignedDataCtrlr.SendDuringIdle": "true"})
    world.charge(CARD, 1)
    world.run(901)
    assert aligned(world) == 0
    world.tap(CARD, 1)
    world.run(900)
    assert aligned(world) == 2


@pytest.mark.parametrize("jump_s", [-30.0, -5.0, 5.0, 30.0])
def test_a_corrected_clock_neither_doubles_nor_loses_values(jump_s: float) -> None:
    world = World(settings=ALIGNED)
    world.run(890 if jump_s > 0 else 901)
    world.send(ev.HeartbeatAnswered(world.utc() + timedelta(seconds=jump_s)))
    world.csms.answers = False
    world.run(60)
    assert aligned(world) == 1


def test_switched_off_alignment_tells_nothing() -> None:
    world = World(settings={**ALIGNED, "AlignedDataCtrlr.Enabled": "false"})
    world.run(1900)
    assert aligned(world) == 0
    assert world.utc() > EPOCH


def test_two_intervals_count_for_themselves() -> None:
    world = World(settings={**ALIGNED, "AlignedDataCtrlr.TxEndedInterval": "300", "SampledDataCtrlr.Enabled": "false"})
    world.charge()
    world.run(1000)
    world.tap()
    contexts = [value.samples[0].context.value for value in world.facts(Phase.ENDED)[0].meter_values]
    assert contexts == ["Sample.Clock"] * 3


# The face


def test_every_event_of_an_unknown_evse_is_harmless() -> None:
    world = World(settings=V16)
    for event in (
        ev.PilotChanged(9, Pilot.C),
        ev.FaultRaised(9, Fault.OTHER_ERROR),
        ev.StopRequested(9, StopReason.LOCAL),
    ):
        assert of(world.send(event), ef.OpenContactor) == []
