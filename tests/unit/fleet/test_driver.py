"""What drivers do, seen from the CSMS: whole sessions in both versions, by every pattern, and when things go wrong."""

from __future__ import annotations

from typing import Any

import pytest

from station.fleet.plan import Behaviour, Card
from tests.support.fleet_rig import FleetRig
from tests.support.rig import virtual
from tests.support.scripted_csms import SILENCE, CallError

VERSIONS = ["1.6", "2.0.1"]
SESSION = {
    "1.6": [
        "StatusNotification",
        "Authorize",
        "StartTransaction",
        "StatusNotification",
        *["MeterValues"] * 10,
        "StopTransaction",
        "StatusNotification",
        "StatusNotification",
    ],
    "2.0.1": ["StatusNotification", "Authorize", *["TransactionEvent"] * 12, "StatusNotification"],
}
REFUSED = {"1.6": {"idTagInfo": {"status": "Blocked"}}, "2.0.1": {"idTokenInfo": {"status": "Blocked"}}}


def starts(fleet: FleetRig, index: int = 0) -> list[dict[str, Any]]:
    if fleet.version == "1.6":
        return fleet.csms(index).all("StartTransaction")
    return [event for event in fleet.csms(index).all("TransactionEvent") if event["eventType"] == "Started"]


def ends(fleet: FleetRig, index: int = 0) -> list[dict[str, Any]]:
    if fleet.version == "1.6":
        return fleet.csms(index).all("StopTransaction")
    return [event for event in fleet.csms(index).all("TransactionEvent") if event["eventType"] == "Ended"]


def remote_start(fleet: FleetRig, index: int = 0, card: str = "REMOTE1") -> str:
    if fleet.version == "1.6":
        return fleet.call(index, "RemoteStartTransaction", {"idTag": card, "connectorId": 1})
    token = {"idToken": card, "type": "Central"}
    return fleet.call(index, "RequestStartTransaction", {"idToken": token, "remoteStartId": 7, "evseId": 1})


def remote_stop(fleet: FleetRig, index: int = 0) -> str:
    if fleet.version == "1.6":
        return fleet.call(index, "RemoteStopTransaction", {"transactionId": 1})
    transaction = starts(fleet, index)[-1]["transactionInfo"]["transactionId"]
    return fleet.call(index, "RequestStopTransaction", {"transactionId": transaction})


# Closed loop


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_closed_loop_has_exactly_the_calls_of_a_session(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back")) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 3)
        actions = fleet.csms().actions()
        length = len(SESSION[version])
        assert length == {"1.6": 17, "2.0.1": 15}[version]
        assert actions[:length] == SESSION[version]
        assert actions[length : 2 * length] == SESSION[version]


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_closed_loop_takes_as_long_as_its_answers(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back")) as fleet:
        await fleet.going()
        began_s = fleet.run_s()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 10)
        # A message takes a millisecond in each direction, and nobody waits for anything else.
        assert fleet.run_s() - began_s == pytest.approx(10 * len(SESSION[version]) * 0.002, rel=0.1)


@virtual
async def test_what_is_told_while_a_session_goes_on_is_periodic() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back", samples=3)) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 1)
        sampled = [value["meterValue"][0]["sampledValue"][0] for value in fleet.csms().all("MeterValues")[:3]]
        assert [one.get("context", "Sample.Periodic") for one in sampled] == ["Sample.Periodic"] * 3


@virtual
async def test_a_closed_loop_without_values_is_one_too() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back", samples=0)) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 5)
        assert not fleet.csms().all("MeterValues")


@pytest.mark.parametrize("point", ["EVConnected", "Authorized", "PowerPathClosed", "EVConnected,Authorized"])
@virtual
async def test_a_closed_loop_goes_round_whatever_begins_a_transaction(point: str) -> None:
    profile = {"variables": {"TxCtrlr.TxStartPoint": point}}
    async with FleetRig("2.0.1", Behaviour("back-to-back", samples=2), profile=profile) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 5)
        assert len(fleet.csms().all("Authorize")) in (5, 6)
        assert fleet.count("sessions.stuck") == 0


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_csms_that_refuses_every_card_is_not_flooded(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back")) as fleet:
        fleet.csms().answer("Authorize", REFUSED[version])
        await fleet.going()
        await fleet.wait(120.0)
        refused = fleet.count("sessions.refused")
        assert refused == len(fleet.csms().all("Authorize"))
        assert 6 <= refused <= 8  # after 0, 1, 3, 7, 15, 31, 63 s
        assert not fleet.count("sessions.started")
        assert fleet.gauges()["state.available"] == 1
        fleet.csms().answer("Authorize")
        await fleet.until(lambda: fleet.count("sessions.finished") >= 3, timeout_s=70.0)


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_loop_goes_on_after_a_callerror(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back")) as fleet:
        await fleet.going()
        action = "MeterValues" if version == "1.6" else "TransactionEvent"
        fleet.csms().once(action, CallError("InternalError"))
        fleet.csms().once("StatusNotification", CallError("GenericError"))
        await fleet.until(lambda: fleet.count("sessions.finished") >= 3, timeout_s=300.0)


@virtual
async def test_a_transaction_that_is_rejected_is_cut_and_the_next_one_comes() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back")) as fleet:
        await fleet.up()
        fleet.csms().once("StartTransaction", {"transactionId": 1, "idTagInfo": {"status": "Invalid"}})
        fleet.agent.go(fleet.run_s())
        await fleet.until(lambda: fleet.count("sessions.finished") >= 3)
        assert fleet.count("sessions.cut") == 1
        assert fleet.csms().all("StopTransaction")[0]["reason"] == "DeAuthorized"


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_loop_goes_on_after_a_lost_connection(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back")) as fleet:
        await fleet.going()
        for _ in range(5):
            await fleet.wait(0.013)
            fleet.lose_connection()
            before = fleet.count("sessions.finished")
            await fleet.until(lambda before=before: fleet.count("sessions.finished") >= before + 2)  # type: ignore[misc]
        assert fleet.count("lost_connections") == 5
        snapshot = fleet.agent.snapshot()
        assert snapshot.times["recovery"].count == 5
        assert snapshot.counts["booted"] == 1


@virtual
async def test_a_call_without_an_answer_holds_a_loop_up_but_does_not_end_it() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back")) as fleet:
        await fleet.going()
        fleet.csms().once("MeterValues", SILENCE)
        await fleet.until(lambda: fleet.count("sessions.finished") >= 3, timeout_s=300.0)


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_loop_goes_on_after_a_reset(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back")) as fleet:
        await fleet.going()
        await fleet.wait(0.013)
        fleet.call(0, "Reset", {"type": "Hard" if version == "1.6" else "Immediate"})
        await fleet.until(lambda: fleet.count("booted") == 2)
        before = fleet.count("sessions.finished")
        await fleet.until(lambda: fleet.count("sessions.finished") >= before + 3)


@virtual
async def test_a_card_that_a_hand_has_begins_no_two_sessions_at_once() -> None:
    cards = tuple(Card(f"CARD{number}") for number in range(6))
    async with FleetRig("1.6", Behaviour("back-to-back", samples=1), stations=3, cards=cards) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 30)
        hands = [{call["idTag"] for call in fleet.csms(index).all("Authorize")} for index in range(3)]
        assert [len(hand) for hand in hands] == [2, 2, 2]
        assert not hands[0] & hands[1] and not hands[1] & hands[2]


@virtual
async def test_the_evses_of_a_station_charge_side_by_side_with_cards_of_their_own() -> None:
    evses = [{"id": number, "max_current": "16A", "phases": 3} for number in (1, 2)]
    async with FleetRig("1.6", Behaviour("back-to-back", samples=2), profile={"evses": evses}) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 20)
        begun = fleet.csms().all("StartTransaction")
        assert {start["connectorId"] for start in begun} == {1, 2}
        assert len({(start["connectorId"], start["idTag"]) for start in begun}) == 2


# How sessions end


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("stop", ["tap", "unplug"])
@virtual
async def test_sessions_end_by_card_or_cable(version: str, stop: Any) -> None:
    async with FleetRig(version, Behaviour("back-to-back", stop=stop)) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 2)
        ended = ends(fleet)[0]
        reason = ended.get("reason") or ended.get("transactionInfo", {}).get("stoppedReason")
        assert reason in ({None, "Local"} if stop == "tap" else {"EVDisconnected"})


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_the_csms_ends_a_session_and_the_driver_leaves(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back", stop="remote")) as fleet:
        await fleet.going()
        await fleet.wait(5.0)
        assert fleet.gauges()["state.charging"] == 1
        remote_stop(fleet)
        await fleet.until(lambda: fleet.count("sessions.finished") == 1)
        await fleet.until(lambda: fleet.count("sessions.started") == 2)
        assert fleet.count("sessions.cut") == 0


@virtual
async def test_a_csms_that_never_ends_a_session_is_not_waited_for_forever() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back", stop="remote")) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.unstopped") == 1, timeout_s=100.0)
        await fleet.until(lambda: fleet.count("sessions.started") == 2)


# Remote starts


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_an_idle_driver_answers_a_remote_start(version: str) -> None:
    async with FleetRig(version, Behaviour("idle", session_s=20.0)) as fleet:
        await fleet.going()
        remote_start(fleet)
        await fleet.until(lambda: fleet.count("sessions.started") == 1, timeout_s=1.0)
        await fleet.wait(19.0)
        assert fleet.count("sessions.finished") == 0
        await fleet.until(lambda: fleet.count("sessions.finished") == 1, timeout_s=2.0)
        assert fleet.agent.snapshot().times["remote_start"].count == 1
        await fleet.wait(1.0)
        assert fleet.gauges()["state.available"] == 1


@virtual
async def test_a_driver_who_is_not_to_answer_does_not() -> None:
    async with FleetRig("1.6", Behaviour("idle", answers_remote=False)) as fleet:
        await fleet.going()
        remote_start(fleet)
        await fleet.wait(5.0)
        assert fleet.count("sessions.started") == 0
        fleet.unit().stands_ready = True
        fleet.unit().act()
        await fleet.until(lambda: fleet.count("sessions.started") == 1, timeout_s=1.0)


@virtual
async def test_a_card_that_is_shown_by_command_finds_a_driver() -> None:
    async with FleetRig("1.6", Behaviour("idle", session_s=5.0)) as fleet:
        await fleet.going()
        answer = await fleet.agent.command(0, "tap", {"tagId": "DESK1"})
        assert answer["result"] in ("ACCEPTED", "USED_TO_START")
        await fleet.until(lambda: fleet.count("sessions.finished") == 1)
        assert starts(fleet)[0]["idTag"] == "DESK1"


# Pausing


@virtual
async def test_while_paused_no_session_begins() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back"), stations=3) as fleet:
        await fleet.going()
        await fleet.wait(1.0)
        fleet.agent.pause()
        await fleet.wait(1.0)
        gauges, started = fleet.gauges(), fleet.count("sessions.started")
        assert gauges["state.available"] == 3
        await fleet.wait(5.0)
        assert fleet.count("sessions.started") == started
        fleet.agent.resume()
        await fleet.until(lambda: fleet.count("sessions.started") > started + 10)


@virtual
async def test_at_once_does_not_wait_for_the_others() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back", start="at once")) as fleet:
        await fleet.up()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 2)


@virtual
async def test_a_faulted_evse_does_not_stop_the_driver_for_good() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back")) as fleet:
        await fleet.going()
        await fleet.wait(0.5)
        await fleet.agent.command(0, "fault", {"errorCode": "GroundFailure"})
        await fleet.wait(100.0)
        assert fleet.gauges()["state.faulted"] == 1
        before = fleet.count("sessions.finished")
        await fleet.agent.command(0, "clear_fault", {})
        await fleet.until(lambda: fleet.count("sessions.finished") >= before + 3, timeout_s=150.0)
