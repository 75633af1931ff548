"""Sessions as people and the CSMS see them: starts, stops, time-outs, refusals, faults, locks, meters."""

from __future__ import annotations

from typing import Any

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.context import ConnectorPlan, EvsePlan, StationPlan
from station.core.facts import Phase
from station.core.values import (
    ChargingState,
    Fault,
    IdToken,
    Pilot,
    Reading,
    StopReason,
    TokenInfo,
    TokenResult,
    TokenStatus,
    TriggerReason,
)
from tests.support.core_world import CARD, OTHER, V16, World, of, two

GROUP = IdToken("FAMILY", "Central")


def ended(world: World) -> tuple[str | None, str]:
    fact = world.facts(Phase.ENDED)[-1]
    return (fact.stop_reason.value if fact.stop_reason else None), fact.trigger.value


def story(world: World) -> list[tuple[str, str]]:
    return [(fact.phase.value, fact.trigger.value) for fact in world.told]


# Starting


def test_card_first_then_plug_starts_and_says_so() -> None:
    world = World(settings=V16)
    world.tap()
    assert world.evse.state == "awaiting"
    assert [effect.final for effect in of(world.log, ef.TokenEnded)] == [False]
    world.plug()
    assert world.evse.charging_state is ChargingState.CHARGING
    assert world.results() == [TokenResult.USED_TO_START]


def test_card_first_without_a_plug_times_out_16() -> None:
    world = World(settings=V16)
    world.tap()
    world.run(61)
    assert world.results() == [TokenResult.TIMEOUT]
    assert world.evse.state == "idle"
    assert world.told == []


@pytest.mark.spec("E03.FR.05")
def test_card_first_without_a_plug_ends_the_transaction() -> None:
    world = World(settings={"TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "EVConnected"})
    world.tap()
    world.run(61)
    assert story(world) == [("Started", "Authorized"), ("Ended", "EVConnectTimeout")]
    assert ended(world) == ("Timeout", "EVConnectTimeout")


@pytest.mark.spec("E03.FR.15")
def test_card_first_without_a_plug_only_deauthorises_where_the_bay_decides() -> None:
    world = World(
        settings={
            "TxCtrlr.TxStartPoint": "ParkingBayOccupancy",
            "TxCtrlr.TxStopPoint": "ParkingBayOccupancy",
        }
    )
    world.send(ev.BayChanged(1, True))
    world.tap()
    world.run(61)
    assert ("Updated", "EVConnectTimeout") in story(world)
    assert world.facts(Phase.ENDED) == []
    world.send(ev.BayChanged(1, False))
    world.run(3)
    assert ended(world) == ("Timeout", "EVDeparted")


def test_plug_first_without_a_card_lapses_and_a_late_card_still_works() -> None:
    world = World(settings=V16)
    world.plug()
    world.run(61)
    assert world.evse.state == "finishing"
    world.tap()
    assert world.evse.charging_state is ChargingState.CHARGING


@pytest.mark.spec("E03.FR.01", "F01.FR.25")
def test_token_and_remote_start_id_are_told_once() -> None:
    world = World()
    world.plug()
    world.send(ev.RemoteStart(1, CARD, 1, 77))
    world.run(130)
    facts = world.told
    assert [fact.remote_start_id for fact in facts if fact.remote_start_id is not None] == [77]
    assert [fact.id_token for fact in facts if fact.id_token is not None] == [CARD]
    assert facts[1].id_token == CARD


def test_a_remote_start_waits_for_the_plug() -> None:
    world = World(settings=V16)
    world.send(ev.RemoteStart(1, CARD, 1, 5))
    assert world.replies()[1].status == "Accepted"
    world.plug()
    assert (world.told[0].id_token, world.told[0].remote_start_id) == (CARD, 5)
    assert world.evse.charging_state is ChargingState.CHARGING


POINTS = ["ParkingBayOccupancy", "EVConnected", "Authorized", "DataSigned", "PowerPathClosed", "EnergyTransfer"]


@pytest.mark.parametrize("start", POINTS)
@pytest.mark.parametrize("stop", [point for point in POINTS if point != "DataSigned"])
def test_every_pair_of_points_charges_once_and_ends(start: str, stop: str) -> None:
    plan = StationPlan(evses=(EvsePlan(1, signing_meter=True),))
    points = {"TxCtrlr.TxStartPoint": start, "TxCtrlr.TxStopPoint": stop}
    world = World(plan=plan, settings={**points, "SampledDataCtrlr.SignReadings": "true"})
    world.send(ev.BayChanged(1, True))
    world.charge()
    world.run(10)
    assert world.evse.charging_state is ChargingState.CHARGING
    world.tap()
    world.unplug()
    world.send(ev.BayChanged(1, False))
    world.run(5)
    phases = [fact.phase for fact in world.told]
    assert phases.count(Phase.STARTED) == phases.count(Phase.ENDED) == 1
    assert len([fact for fact in world.told if fact.id_token is not None and fact.phase is not Phase.ENDED]) <= 2
    assert world.results() == [TokenResult.USED_TO_START, TokenResult.USED_TO_STOP]
    assert world.station.snapshot() == world.stored()


def test_a_second_session_at_the_same_plug() -> None:
    world = World(settings=V16)
    world.charge()
    world.run(10)
    world.tap()
    world.run(3)
    world.tap()
    world.run(3)
    assert [fact.phase for fact in world.told].count(Phase.STARTED) == 2
    assert world.evse.charging_state is ChargingState.CHARGING


def test_a_new_card_while_the_last_reading_is_awaited() -> None:
    world = World(settings=V16)
    world.charge()
    world.run(10)
    world.bays[1].silent = True
    world.tap()
    world.tap()
    world.bays[1].silent = False
    world.run(3)
    assert [fact.phase for fact in world.told].count(Phase.ENDED) == 1
    assert world.evse.grant is not None
    assert world.evse.charging_state is ChargingState.CHARGING


# Stopping


@pytest.mark.spec("C09.FR.03")
def test_a_card_of_the_same_group_stops() -> None:
    world = World(settings=V16)
    world.csms.default = TokenInfo(TokenStatus.ACCEPTED, GROUP)
    world.charge()
    world.run(5)
    world.tap(OTHER)
    assert world.results() == [TokenResult.USED_TO_START, TokenResult.USED_TO_STOP]
    assert world.facts(Phase.ENDED)[0].id_token == OTHER


def test_a_card_of_another_group_does_not_stop() -> None:
    world = World(settings=V16)
    world.charge()
    world.run(5)
    world.tap(OTHER)
    assert world.results()[-1] is TokenResult.NO_CONNECTOR_AVAILABLE
    assert world.evse.transaction is not None


def test_a_group_without_a_name_is_not_that_of_a_master_pass() -> None:
    """No master group is set, which is the empty text too."""
    world = World(plan=two(), settings=V16)
    world.charge()
    world.csms.default = TokenInfo(TokenStatus.ACCEPTED, IdToken("", "Central"))
    world.plug(2)
    world.tap(OTHER)
    assert world.results()[-1] is TokenResult.USED_TO_START
    assert world.evse.transaction is not None


def test_a_remote_start_stops_nothing_of_its_group() -> None:
    world = World(plan=two(), settings={**V16, "AuthCtrlr.AuthorizeRemoteStart": "true"})
    world.csms.default = TokenInfo(TokenStatus.ACCEPTED, GROUP)
    world.charge()
    world.plug(2)
    world.send(ev.RemoteStart(1, OTHER, group=GROUP))
    world.run(5)
    assert [evse.transaction is not None for evse in world.station.evses] == [True, True]
    assert world.facts(Phase.ENDED) == []


@pytest.mark.spec("C16.FR.02", "C16.FR.03")
def test_the_master_pass_stops_all_and_starts_nothing() -> None:
    world = World(plan=two(), settings={**V16, "AuthCtrlr.MasterPassGroupId": "MASTER"})
    world.csms.tokens[OTHER.value] = TokenInfo(TokenStatus.ACCEPTED, IdToken("MASTER", "Central"))
    world.tap(OTHER)
    assert world.results() == [TokenResult.REJECTED]
    world.charge(CARD, 1)
    world.charge(IdToken("SECOND"), 2)
    world.tap(OTHER)
    assert [fact.stop_reason for fact in world.facts(Phase.ENDED)] == [StopReason.MASTER_PASS] * 2


@pytest.mark.spec("F03.FR.02", "F03.FR.03")
def test_a_remote_stop_goes_by_the_stop_points() -> None:
    world = World(settings={"TxCtrlr.TxStopPoint": "EVConnected"})
    world.charge()
    world.send(ev.RemoteStop(1, world.evse.transaction.id))
    assert world.told[-1].phase is Phase.UPDATED
    assert TriggerReason.REMOTE_STOP in {fact.trigger for fact in world.told}
    assert not world.bays[1].closed
    world.unplug()
    world.run(3)
    assert ended(world)[0] == "Remote"


def test_the_owners_stop_ends_whatever_the_stop_points_say() -> None:
    world = World(settings={"TxCtrlr.TxStopPoint": "EVConnected"})
    world.charge()
    world.stop(StopReason.LOCAL)
    assert ended(world) == ("Local", "StopAuthorized")
    assert world.facts(Phase.ENDED)[0].id_token == CARD


def test_unplugging_ends_opens_first_and_unlocks() -> None:
    world = World(settings=V16)
    world.charge()
    out = world.unplug()
    names = [type(effect).__name__ for effect in out]
    assert names.index("OpenContactor") < names.index("MoveLock") < names.index("Tell")
    assert ended(world) == ("EVDisconnected", "EVCommunicationLost")


@pytest.mark.spec("E09.FR.03")
def test_a_cable_that_is_kept_goes_to_its_owner() -> None:
    world = World(settings={**V16, "OCPPCommCtrlr.UnlockOnEVSideDisconnect": "false"})
    world.charge()
    world.unplug()
    assert world.bays[1].locked
    world.tap()
    assert not world.bays[1].locked
    assert world.results()[-1] is TokenResult.USED_TO_STOP


@pytest.mark.spec("E10.FR.01")
def test_a_transaction_may_outlive_its_plug() -> None:
    world = World(settings={"TxCtrlr.TxStopPoint": "Authorized", "TxCtrlr.StopTxOnEVSideDisconnect": "false"})
    world.charge()
    world.unplug()
    assert world.evse.state == "interrupted"
    assert world.bays[1].locked
    world.plug()
    assert world.evse.charging_state is ChargingState.CHARGING
    assert world.facts(Phase.ENDED) == []


@pytest.mark.spec("E10.FR.02")
def test_a_fixed_cable_that_stays_out_ends_it() -> None:
    plan = StationPlan(evses=(EvsePlan(1, connectors=(ConnectorPlan(fixed_cable=True),)),))
    settings = {"TxCtrlr.TxStopPoint": "Authorized", "TxCtrlr.StopTxOnEVSideDisconnect": "false"}
    world = World(plan=plan, settings=settings)
    world.charge()
    world.unplug()
    world.run(61)
    assert ended(world) == ("Timeout", "EVConnectTimeout")


# Late refusals


@pytest.mark.spec("E05.FR.10", "E05.FR.11", "C15.FR.04")
def test_a_late_refusal_stops_and_keeps_the_cable() -> None:
    world = World(settings=V16)
    world.csms.judged = TokenInfo(TokenStatus.BLOCKED)
    world.charge()
    world.run(3)
    assert ended(world) == ("DeAuthorized", "Deauthorized")
    assert world.bays[1].locked
    world.tap()
    assert not world.bays[1].locked


@pytest.mark.spec("E05.FR.09")
def test_a_late_refusal_deauthorises_where_the_plug_ends_it() -> None:
    world = World(settings={"TxCtrlr.TxStopPoint": "EVConnected"})
    world.csms.judged = TokenInfo(TokenStatus.BLOCKED)
    world.charge()
    world.run(3)
    assert world.facts(Phase.ENDED) == []
    assert TriggerReason.DEAUTHORIZED in {fact.trigger for fact in world.told}
    assert not world.bays[1].closed


@pytest.mark.spec("E05.FR.02")
def test_a_late_refusal_suspends() -> None:
    world = World(settings={"TxCtrlr.StopTxOnInvalidId": "false"})
    world.csms.judged = TokenInfo(TokenStatus.BLOCKED)
    world.charge()
    world.run(3)
    last = world.told[-1]
    assert (last.trigger, last.charging_state) == (
        TriggerReason.CHARGING_STATE_CHANGED,
        ChargingState.SUSPENDED_EVSE,
    )
    assert not world.bays[1].closed


@pytest.mark.spec("E05.FR.03")
def test_a_late_refusal_leaves_some_energy() -> None:
    world = World(settings={"TxCtrlr.StopTxOnInvalidId": "false", "TxCtrlr.MaxEnergyOnInvalidId": "100"})
    world.csms.judged = TokenInfo(TokenStatus.BLOCKED)
    world.charge()
    world.run(10)
    assert world.bays[1].closed
    world.run(60)
    assert not world.bays[1].closed
    assert world.evse.charging_state is ChargingState.SUSPENDED_EVSE


# Tokens


def test_the_same_card_twice_while_it_waits() -> None:
    world = World(settings=V16)
    world.tap()
    world.tap()
    assert world.results() == [TokenResult.ALREADY_IN_PROCESS]


@pytest.mark.parametrize(("rule", "chosen"), [("PlugEvents", 2), ("PlugEventsLIFO", 1), ("FindFirst", 2)])
def test_selection_among_plugged_evses(rule: str, chosen: int) -> None:
    world = World(plan=two(selection=rule), settings=V16)
    world.plug(2)
    world.plug(1)
    world.tap()
    assert world.told[0].evse == chosen


def test_find_first_takes_a_free_one_at_once_and_plug_events_waits() -> None:
    first = World(plan=two(selection="FindFirst"), settings=V16)
    first.tap()
    assert first.station.evses[0].state == "awaiting"
    waits = World(plan=two(), settings=V16)
    waits.tap()
    waits.plug(2)
    assert waits.told[0].evse == 2


def test_user_input_waits_for_the_choice() -> None:
    world = World(plan=two(selection="UserInput"), settings=V16)
    world.plug(1)
    world.plug(2)
    world.tap()
    assert world.told == []
    world.send(ev.EvseSelected(2))
    assert world.told[0].evse == 2


def test_two_cards_at_two_evses_side_by_side() -> None:
    world = World(plan=two(), settings=V16, reply_delay_s=0.5)
    world.plug(1)
    world.plug(2)
    world.run(2)
    world.tap(CARD, 1)
    world.tap(OTHER, 2)
    world.run(5)
    assert [evse.charging_state for evse in world.station.evses] == [ChargingState.CHARGING] * 2


@pytest.mark.parametrize("event", [ev.FaultRaised(0, Fault.OTHER_ERROR), ev.ChangeAvailability(1, 0, 0, False)])
@pytest.mark.parametrize("plan", [None, two()])
def test_a_waiting_card_ends_when_nothing_is_left_to_wait_for(event: Any, plan: StationPlan | None) -> None:
    world = World(plan=plan, settings=V16)
    world.tap()
    world.send(event)
    assert world.results() == [TokenResult.NO_CONNECTOR_AVAILABLE]


def test_a_card_may_be_withdrawn() -> None:
    for plan in (None, two()):
        world = World(plan=plan, settings=V16)
        world.tap()
        world.send(ev.TokenWithdrawn(CARD))
        assert world.results() == [TokenResult.WITHDRAWN]
        assert world.station.evses[0].state == "idle"


def test_free_charging_by_profile_and_by_variable() -> None:
    for plan, settings in (
        (StationPlan(evses=(EvsePlan(1),), free=True), {}),
        (None, {"AuthCtrlr.Enabled": "false"}),
    ):
        world = World(plan=plan, settings=settings)
        world.plug()
        assert world.evse.charging_state is ChargingState.CHARGING
        assert world.told[0].id_token is not None or world.told[1].id_token is not None


def test_free_charging_begins_when_the_fault_is_gone() -> None:
    world = World(plan=StationPlan(evses=(EvsePlan(1),), free=True))
    world.send(ev.FaultRaised(1, Fault.OTHER_ERROR))
    world.plug()
    assert world.told == []
    world.send(ev.FaultCleared(1))
    assert world.evse.charging_state is ChargingState.CHARGING


def test_offline_policies() -> None:
    world = World(settings=V16)
    world.send(ev.PutToken(CARD, TokenInfo(TokenStatus.ACCEPTED), local_list=True))
    world.send(ev.PutToken(IdToken("GONE"), TokenInfo(TokenStatus.ACCEPTED, expires=world.utc()), local_list=False))
    world.disconnect()
    world.tap(OTHER)
    world.run(1)
    world.tap(IdToken("GONE"))
    assert world.results() == [TokenResult.REJECTED] * 2
    world.charge(CARD)
    assert world.results()[-1] is TokenResult.USED_TO_START
    assert all(fact.offline for fact in world.told)


def test_pre_authorised_locally_no_question_is_asked() -> None:
    world = World(settings={**V16, "AuthCtrlr.LocalPreAuthorize": "true"})
    world.send(ev.PutToken(CARD, TokenInfo(TokenStatus.ACCEPTED), local_list=False))
    mark = len(world.log)
    world.charge()
    asked = [effect for effect in of(world.log[mark:], ef.Ask) if isinstance(effect.query, ef.AuthorizeQuery)]
    assert asked == []


# Faults


def test_a_fault_ends_the_session_and_clears() -> None:
    world = World(settings=V16)
    world.charge()
    world.send(ev.FaultRaised(1, Fault.GROUND_FAILURE))
    assert ended(world) == ("GroundFault", "AbnormalCondition")
    assert world.evse.faulted()
    world.send(ev.FaultCleared(1))
    world.tap()
    world.run(3)
    assert world.evse.charging_state is ChargingState.CHARGING


def test_a_fault_of_the_station_stands_everywhere() -> None:
    world = World(plan=two(), settings=V16)
    world.charge(CARD, 1)
    world.send(ev.FaultRaised(0, Fault.GROUND_FAILURE, "RCD"))
    assert world.station.faults == {Fault.GROUND_FAILURE: "RCD"}
    assert all(evse.faulted() and evse.faults == {Fault.GROUND_FAILURE: "RCD"} for evse in world.station.evses)
    world.send(ev.FaultCleared(1))
    assert world.station.evses[0].faulted()
    world.send(ev.FaultCleared(0))
    assert not any(evse.faulted() for evse in world.station.evses)


def test_a_warning_lets_charging_go_on() -> None:
    world = World(settings=V16)
    world.charge()
    world.send(ev.FaultRaised(1, Fault.READER_FAILURE))
    assert world.evse.charging_state is ChargingState.CHARGING


def test_a_welded_contactor_is_a_fault_until_it_opens_and_somebody_clears_it() -> None:
    world = World(settings=V16)
    world.charge()
    world.bays[1].welded = True
    world.tap()
    world.run(1)
    assert world.evse.contactor.shown.value == "welded"
    assert Fault.POWER_SWITCH_FAILURE in world.evse.faults
    assert world.bays[1].locked, "no cable is let go while current may flow"
    world.send(ev.FaultCleared(1))
    assert world.evse.faulted()
    world.bays[1].welded = world.bays[1].closed = False
    world.send(ev.ContactorMoved(1, False))
    assert world.evse.faulted()
    assert not world.bays[1].locked
    world.send(ev.FaultCleared(1))
    assert not world.evse.faulted()


def test_a_contactor_that_does_not_close_is_a_fault_and_recovers() -> None:
    world = World(settings=V16)
    world.bays[1].stuck = True
    world.charge()
    world.run(1)
    assert world.evse.contactor.shown.value == "stuck_open"
    assert Fault.POWER_SWITCH_FAILURE in world.evse.faults
    world.bays[1].stuck = False
    world.send(ev.FaultCleared(1))
    world.run(3)
    world.tap()
    assert world.evse.charging_state is ChargingState.CHARGING


@pytest.mark.case("TC_024_CS", "1.6")
def test_a_lock_that_fails_means_no_transaction_until_it_moves_again() -> None:
    world = World(settings=V16)
    world.bays[1].lock_broken = True
    world.charge()
    assert world.told == []
    assert Fault.CONNECTOR_LOCK_FAILURE in world.evse.faults
    assert world.results() == [TokenResult.NO_CONNECTOR_AVAILABLE]
    world.bays[1].lock_broken = False
    world.unplug()
    assert not world.evse.faulted()
    world.charge()
    assert world.evse.charging_state is ChargingState.CHARGING


def test_a_lock_that_never_answers_is_a_failure_too() -> None:
    world = World(settings=V16, start=False)
    world.boot()
    world.plug()
    plain = world._physics
    world._physics = lambda bay, effect: None if isinstance(effect, ef.MoveLock) else plain(bay, effect)  # type: ignore[method-assign]
    world.tap()
    world.run(6)
    assert Fault.CONNECTOR_LOCK_FAILURE in world.evse.faults
    assert world.told == []


# Unlocking


def test_unlock_without_and_with_a_transaction() -> None:
    world = World(settings=V16)
    world.charge()
    world.send(ev.UnlockRequested(1, 1, 1, False))
    assert world.replies()[1].status == "OngoingAuthorizedTransaction"
    world.send(ev.UnlockRequested(2, 1, 1, True))
    assert world.replies()[2].status == "Unlocked"
    assert ended(world) == ("UnlockCommand", "UnlockCommand")
    world.send(ev.UnlockRequested(3, 1, 9, True))
    assert world.replies()[3].status == "UnknownConnector"


def test_two_unlocks_at_once_are_both_answered() -> None:
    world = World(settings=V16, reply_delay_s=0.5)
    world.run(1)
    world.send(ev.UnlockRequested(1, 1, 1, True))
    world.send(ev.UnlockRequested(2, 1, 1, True))
    world.run(2)
    assert {world.replies()[token].status for token in (1, 2)} == {"Unlocked"}


# Meters


def test_an_end_that_waits_for_its_reading_is_not_told_as_before_what_happened_elsewhere() -> None:
    world = World(settings=V16, plan=two())
    world.charge()
    world.charge(OTHER, evse=2)
    world.bays[1].silent = True
    world.unplug(1)
    world.run(0.1)
    world.unplug(2)
    world.run(10)
    assert [fact.evse for fact in world.facts(Phase.ENDED)] == [2, 1]
    stamps = [fact.stamp.at_s for fact in world.facts()]
    assert stamps == sorted(stamps)


def test_a_silent_meter_bounds_the_waits_and_keeps_the_last_value() -> None:
    world = World(settings=V16)
    world.plug()
    world.bays[1].silent = True
    world.tap()
    world.run(3)
    assert world.evse.charging_state is ChargingState.CHARGING
    world.run(70)
    assert all(not fact.meter_values for fact in world.facts(Phase.UPDATED)), "no old values as new samples"
    world.tap()
    world.run(3)
    assert world.facts(Phase.ENDED)


def test_a_register_that_falls_is_a_fault_and_not_reported() -> None:
    world = World(settings=V16)
    world.charge()
    world.run(65)
    before = world.evse.meter.last.energy_wh
    world.send(ev.MeterRead(1, Reading(5.0)))
    assert Fault.POWER_METER_FAILURE in world.evse.faults
    assert world.evse.meter.last.energy_wh == before
    world.run(60)
    assert Fault.POWER_METER_FAILURE not in world.evse.faults
    registers = [fact.meter_wh for fact in world.told]
    assert registers == sorted(registers)


def test_a_session_meter_counts_each_transaction_from_zero() -> None:
    world = World(plan=StationPlan(evses=(EvsePlan(1, session_meter=True),)), settings=V16)
    for _ in range(2):
        world.charge()
        world.run(70)
        world.tap()
        world.unplug()
    starts = [fact.meter_wh for fact in world.facts(Phase.STARTED)]
    ends = [fact.meter_wh for fact in world.facts(Phase.ENDED)]
    assert starts == [0.0, 0.0]
    assert all(end > 100.0 for end in ends)
    assert Fault.POWER_METER_FAILURE not in world.evse.faults


def test_values_at_the_end_have_their_contexts() -> None:
    world = World(settings={"SampledDataCtrlr.TxEndedInterval": "20"})
    world.charge()
    world.run(50)
    world.tap()
    contexts = [value.samples[0].context.value for value in world.facts(Phase.ENDED)[0].meter_values]
    assert contexts == ["Transaction.Begin", "Sample.Periodic", "Sample.Periodic", "Transaction.End"]


def test_too_many_values_lose_every_second_intermediate_one() -> None:
    world = World(settings={"SampledDataCtrlr.TxEndedInterval": "1", "SampledDataCtrlr.TxEndedMaxMeterValues": "6"})
    world.charge()
    world.run(60)
    world.tap()
    values = world.facts(Phase.ENDED)[0].meter_values
    assert 3 <= len(values) <= 6
    assert values[0].samples[0].context.value == "Transaction.Begin"
    assert world.station.snapshot() == world.stored()


def test_switched_off_sampling_sends_nothing() -> None:
    world = World(settings={"SampledDataCtrlr.Enabled": "false"})
    world.charge()
    world.run(130)
    world.tap()
    assert all(not fact.meter_values for fact in world.told)


# The pilot


def test_a_cable_limits_the_offer() -> None:
    world = World(settings=V16)
    world.send(ev.CableChanged(1, 1, True, 13.0))
    world.bays[1].cable = True
    world.charge()
    assert world.evse.offered_a == 13.0


def test_a_full_car_has_a_transaction_without_energy() -> None:
    world = World(settings=V16)
    world.bays[1].hungry = False
    world.charge()
    world.run(6)
    assert world.evse.charging_state is ChargingState.SUSPENDED_EV
    assert not world.bays[1].closed
    assert world.told[0].phase is Phase.STARTED


def test_a_pilot_fault_clears_with_the_pilot() -> None:
    world = World(settings=V16)
    world.plug()
    world.send(ev.PilotChanged(1, Pilot.E))
    assert Fault.EV_COMMUNICATION_ERROR in world.evse.faults
    world.send(ev.PilotChanged(1, Pilot.B))
    assert not world.evse.faults
