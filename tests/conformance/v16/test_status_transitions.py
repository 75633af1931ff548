"""The status transitions of OCPP 1.6 §4.9, each by an event that its table names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import connector_statuses, plug_and_tap, status_is, stop
from tests.support.rig import CARD, Rig, virtual

Step = tuple[str, dict[str, Any]]
OTHER = "0499AABBCCDD01"
SOCKET = {"id": 1, "type": "cType2", "cable": "socket", "lock": True}
FIXED = {"id": 1, "type": "cType2", "cable": "fixed"}


def do(command: str, **params: Any) -> Step:
    """A command."""
    return f"do {command}", params


def call(action: str, **payload: Any) -> Step:
    """A request of the CSMS that is accepted."""
    return f"call {action}", payload


def wait(seconds: float) -> Step:
    """Let time pass."""
    return "wait", {"seconds": seconds}


def limit(amperes: float) -> Step:
    """A TxDefaultProfile."""
    period = [{"startPeriod": 0, "limit": amperes}]
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": period},
    }
    return call("SetChargingProfile", connectorId=1, csChargingProfiles=profile)


PLUG, UNPLUG, TAP = do("plug_in"), do("unplug"), do("tap", tagId=CARD)
LAZY = do("plug_in", ready=False)
SUSPEND, RESUME = do("ev_suspend"), do("ev_resume")
FAULT, CLEAR = do("fault", errorCode="GroundFailure"), do("clear_fault")
OFF = call("ChangeAvailability", connectorId=1, type="Inoperative")
ON = call("ChangeAvailability", connectorId=1, type="Operative")
RESERVE = call("ReserveNow", connectorId=1, expiryDate="2026-01-01T12:10:00Z", idTag=CARD, reservationId=1)
CANCEL = call("CancelReservation", reservationId=1)
FREE_CABLE = do("unplug", side="ev")

AVAILABLE, PREPARING, CHARGING = "Available", "Preparing", "Charging"
SUSPENDED_EV, SUSPENDED_EVSE, FINISHING = "SuspendedEV", "SuspendedEVSE", "Finishing"
RESERVED, UNAVAILABLE, FAULTED = "Reserved", "Unavailable", "Faulted"

TRANSITIONS: dict[str, tuple[list[Step], list[str]]] = {
    "A2 plug": ([PLUG], [PREPARING]),
    "A2 card": ([TAP], [PREPARING]),
    "A2 bay": ([do("bay_occupied")], [PREPARING]),
    "A2 remote": ([call("RemoteStartTransaction", idTag=CARD, connectorId=1)], [PREPARING]),
    "A7": ([RESERVE], [RESERVED]),
    "A8": ([OFF], [UNAVAILABLE]),
    "A9": ([FAULT], [FAULTED]),
    "B1 plug removed": ([PLUG, UNPLUG], [PREPARING, AVAILABLE]),
    "B1 bay free": ([do("bay_occupied"), do("bay_free")], [PREPARING, AVAILABLE]),
    "B1 time out": ([TAP, wait(61)], [PREPARING, AVAILABLE]),
    "B3": ([PLUG, TAP], [PREPARING, CHARGING]),
    "B4": ([LAZY, TAP, wait(6)], [PREPARING, SUSPENDED_EV]),
    "B5": ([limit(0), PLUG, TAP, wait(6)], [PREPARING, SUSPENDED_EVSE]),
    "B6": ([PLUG, wait(61)], [PREPARING, FINISHING]),
    "B6 bay": ([do("bay_occupied"), wait(61)], [PREPARING, FINISHING]),
    "B9": ([PLUG, FAULT], [PREPARING, FAULTED]),
    "C4": ([PLUG, TAP, SUSPEND], [PREPARING, CHARGING, SUSPENDED_EV]),
    "C5": ([PLUG, TAP, wait(1), limit(0), wait(1)], [PREPARING, CHARGING, SUSPENDED_EVSE]),
    "C6": ([PLUG, TAP, wait(1), TAP], [PREPARING, CHARGING, FINISHING]),
    "C9": ([PLUG, TAP, wait(1), FAULT], [PREPARING, CHARGING, FAULTED]),
    "D3": ([PLUG, TAP, SUSPEND, wait(1), RESUME], [PREPARING, CHARGING, SUSPENDED_EV, CHARGING]),
    "D5": ([LAZY, TAP, wait(6), limit(0), wait(1)], [PREPARING, SUSPENDED_EV, SUSPENDED_EVSE]),
    "D6": ([PLUG, TAP, SUSPEND, wait(1), TAP], [PREPARING, CHARGING, SUSPENDED_EV, FINISHING]),
    "D9": ([LAZY, TAP, wait(6), FAULT], [PREPARING, SUSPENDED_EV, FAULTED]),
    "E3": ([limit(0), PLUG, TAP, wait(6), limit(10), wait(1)], [PREPARING, SUSPENDED_EVSE, CHARGING]),
    "E4": ([limit(0), LAZY, TAP, wait(6), limit(10), wait(7)], [PREPARING, SUSPENDED_EVSE, SUSPENDED_EV]),
    "E6": ([limit(0), PLUG, TAP, wait(6), TAP], [PREPARING, SUSPENDED_EVSE, FINISHING]),
    "E9": ([limit(0), PLUG, TAP, wait(6), FAULT], [PREPARING, SUSPENDED_EVSE, FAULTED]),
    "F1": ([PLUG, TAP, wait(1), TAP, UNPLUG], [PREPARING, CHARGING, FINISHING, AVAILABLE]),
    "F2": ([PLUG, TAP, wait(1), TAP, wait(1), TAP], [PREPARING, CHARGING, FINISHING, PREPARING, CHARGING]),
    "F8": ([PLUG, TAP, wait(1), TAP, wait(1), OFF], [PREPARING, CHARGING, FINISHING, UNAVAILABLE]),
    "F9": ([PLUG, TAP, wait(1), TAP, wait(1), FAULT], [PREPARING, CHARGING, FINISHING, FAULTED]),
    "G1 cancelled": ([RESERVE, CANCEL], [RESERVED, AVAILABLE]),
    "G1 expired": ([RESERVE, wait(601)], [RESERVED, AVAILABLE]),
    "G2": ([RESERVE, TAP], [RESERVED, PREPARING]),
    "G9": ([RESERVE, FAULT], [RESERVED, FAULTED]),
    "H1": ([OFF, ON], [UNAVAILABLE, AVAILABLE]),
    "H2": ([OFF, PLUG, ON], [UNAVAILABLE, PREPARING]),
    "H9": ([OFF, FAULT], [UNAVAILABLE, FAULTED]),
    "I1": ([FAULT, CLEAR], [FAULTED, AVAILABLE]),
    "I2": ([PLUG, FAULT, CLEAR], [PREPARING, FAULTED, PREPARING]),
    "I6": ([PLUG, TAP, wait(1), TAP, wait(1), FAULT, CLEAR], [PREPARING, CHARGING, FINISHING, FAULTED, FINISHING]),
    "I8": ([OFF, FAULT, CLEAR], [UNAVAILABLE, FAULTED, UNAVAILABLE]),
}
"""Steps, and the statuses of the connector that are told after the first Available."""

OF_A_FIXED_CABLE: dict[str, tuple[list[Step], list[str]]] = {
    "C1": ([PLUG, TAP, wait(1), UNPLUG], [PREPARING, CHARGING, AVAILABLE]),
    "C8": ([PLUG, TAP, wait(1), OFF, UNPLUG], [PREPARING, CHARGING, UNAVAILABLE]),
    "D1": ([LAZY, TAP, wait(6), UNPLUG], [PREPARING, SUSPENDED_EV, AVAILABLE]),
    "D8": ([LAZY, TAP, wait(6), OFF, UNPLUG], [PREPARING, SUSPENDED_EV, UNAVAILABLE]),
    "C6 bay": (
        [do("bay_occupied"), PLUG, TAP, wait(1), UNPLUG, wait(70), do("bay_free")],
        [PREPARING, CHARGING, FINISHING, AVAILABLE],
    ),
    "E1": ([limit(0), PLUG, TAP, wait(6), UNPLUG], [PREPARING, SUSPENDED_EVSE, AVAILABLE]),
    "E8": ([limit(0), PLUG, TAP, wait(6), OFF, UNPLUG], [PREPARING, SUSPENDED_EVSE, UNAVAILABLE]),
}
"""The same where no cable has to be taken away."""

OF_A_FREE_STATION: dict[str, tuple[list[Step], list[str]]] = {
    "H3": ([OFF, PLUG, ON, wait(2)], [UNAVAILABLE, CHARGING]),
    "H4": ([OFF, LAZY, ON, wait(7)], [UNAVAILABLE, SUSPENDED_EV]),
}
"""The same where nobody has to be authorised; between two statuses there may be a Preparing."""


def socket(connector: dict[str, Any]) -> dict[str, Any]:
    """A profile with one connector."""
    return {"evses": [{"id": 1, "max_current": "16A", "phases": 3, "connectors": [connector]}]}


async def act(rig: Rig, steps: list[Step]) -> None:
    """Boot and go through the steps."""
    await rig.boot()
    for what, params in steps:
        verb, _, name = what.partition(" ")
        if verb == "wait":
            await rig.wait(**params)
        elif verb == "do":
            await rig.do(name, **params)
        else:
            assert (await rig.call(name, params))["status"] in ("Accepted", "Scheduled"), name
        await rig.wait(0.3)
    await rig.quiet()


def told(rig: Rig) -> list[str]:
    """The statuses of connector 1, without the first; every one with NoError or Faulted."""
    first, *statuses = connector_statuses(rig, 1)
    assert first == AVAILABLE
    for one in rig.heard_all("StatusNotification"):
        assert (one["errorCode"] == "NoError") is (one["status"] != FAULTED), one
    return statuses


@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 errata 3.19", "OCPP 1.6 errata 3.20")
@pytest.mark.parametrize(("steps", "statuses"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
@virtual
async def test_a_transition_is_told(steps: list[Step], statuses: list[str]) -> None:
    async with Rig(profile=socket(SOCKET)) as rig:
        await act(rig, steps)
        assert told(rig) == statuses
        assert set(connector_statuses(rig, 0)) == {AVAILABLE}, "connector 0 has no connection to the connectors"


@pytest.mark.spec("OCPP 1.6 §4.9")
@pytest.mark.parametrize(("steps", "statuses"), OF_A_FIXED_CABLE.values(), ids=OF_A_FIXED_CABLE.keys())
@virtual
async def test_a_transition_without_a_user_action_is_told(steps: list[Step], statuses: list[str]) -> None:
    async with Rig(profile=socket(FIXED)) as rig:
        await act(rig, steps)
        assert told(rig) == statuses


@pytest.mark.spec("OCPP 1.6 §4.9")
@pytest.mark.parametrize(("steps", "statuses"), OF_A_FREE_STATION.values(), ids=OF_A_FREE_STATION.keys())
@virtual
async def test_a_transition_without_authorization_is_told(steps: list[Step], statuses: list[str]) -> None:
    async with Rig(profile={**socket(SOCKET), "auth": "free"}) as rig:
        await act(rig, steps)
        assert [status for status in told(rig) if status != PREPARING] == statuses


@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 errata 3.55")
@virtual
async def test_suspended_by_both_is_suspended_by_the_evse() -> None:
    async with Rig(profile=socket(SOCKET)) as rig:
        await act(rig, [PLUG, TAP, SUSPEND, wait(2), limit(0), wait(2), RESUME, wait(2)])
        assert told(rig) == [PREPARING, CHARGING, SUSPENDED_EV, SUSPENDED_EVSE]


@pytest.mark.spec("OCPP 1.6 §4.9")
@pytest.mark.parametrize("stops", ["true", "false"])
@virtual
async def test_the_vehicle_s_end_pulled_is_told_with_its_cause(stops: str) -> None:
    async with Rig(profile=socket(SOCKET), variables={"StopTransactionOnEVSideDisconnect": stops}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("unplug", side="ev")
        await status_is(rig, FINISHING if stops == "true" else SUSPENDED_EV)
        last = rig.csms.last("StatusNotification")
        assert (last["errorCode"], last["info"]) == ("NoError", "EV side disconnected")
        if stops == "true":
            assert stop(rig)["reason"] == "EVDisconnected"
        else:
            assert rig.heard_all("StopTransaction") == []
            await rig.do("plug_in")
            await status_is(rig, CHARGING)
            heard = [(one["status"], one.get("info")) for one in rig.heard_all("StatusNotification")[-3:]]
            back = [(SUSPENDED_EV, "EV side disconnected"), (SUSPENDED_EV, None), (CHARGING, None)]
            assert heard == back, "the transaction goes on"


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_a_usual_end_has_no_cause_to_tell() -> None:
    async with Rig(profile=socket(SOCKET)) as rig:
        await act(rig, [PLUG, TAP, wait(1), TAP, wait(1), FREE_CABLE, do("unplug", side="station")])
        assert told(rig) == [PREPARING, CHARGING, FINISHING, AVAILABLE]
        assert all("info" not in one for one in rig.heard_all("StatusNotification"))


@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 §7.6")
@virtual
async def test_a_second_fault_is_told_and_the_first_again_when_it_is_gone() -> None:
    async with Rig() as rig:
        await rig.boot()
        mark = len(rig.heard_all("StatusNotification"))
        for command, code in (
            ("fault", "OverVoltage"),
            ("fault", "HighTemperature"),
            ("clear_fault", "HighTemperature"),
            ("clear_fault", "OverVoltage"),
        ):
            await rig.do(command, errorCode=code)
            await rig.quiet()
        heard = [(one["status"], one["errorCode"]) for one in rig.heard_all("StatusNotification")[mark:]]
        assert heard == [
            (FAULTED, "OverVoltage"),
            (FAULTED, "HighTemperature"),
            (FAULTED, "OverVoltage"),
            (AVAILABLE, "NoError"),
        ]


@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_a_reservation_ends_with_a_fault() -> None:
    """I7 of the table speaks of a reservation that lasts; §5.13 ends it when the connector becomes Faulted."""
    async with Rig() as rig:
        await act(rig, [RESERVE, FAULT, CLEAR])
        assert told(rig) == [RESERVED, FAULTED, AVAILABLE]


@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 errata 3.22")
@virtual
async def test_after_being_offline_only_the_present_status_is_told_where_it_changed() -> None:
    two = {"evses": [{"id": number, "max_current": "16A", "phases": 3} for number in (1, 2)]}
    async with Rig(profile=two) as rig:
        await rig.boot()
        mark = len(rig.heard_all("StatusNotification"))
        await rig.do("go_offline")
        await rig.do("plug_in", connector=1)
        await rig.wait(1)
        await rig.do("unplug", connector=1)
        await rig.do("plug_in", connector=2)
        await rig.wait(1)
        await rig.do("fault", connector=2, errorCode="OtherError")
        await rig.wait(1)
        await rig.do("clear_fault", connector=2)
        await rig.wait(10)
        await rig.do("come_online")
        await rig.until(lambda: len(rig.heard_all("StatusNotification")) > mark)
        await rig.quiet()
        heard = [(one["connectorId"], one["status"]) for one in rig.heard_all("StatusNotification")[mark:]]
        assert heard == [(2, PREPARING)]
