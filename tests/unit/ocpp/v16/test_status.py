"""The nine statuses of OCPP 1.6 §4.9."""

from __future__ import annotations

from typing import Any

import pytest

from station.core.values import ChargingState, Fault
from station.ocpp.dialect import Told
from station.ocpp.v16 import DIALECT
from tests.support.fake_view import FakeEvse, FakeTransaction, FakeView
from tests.support.wire16 import sent

RUNNING = FakeTransaction()


def told(evse: FakeEvse, connector: int = 1) -> Told:
    """The status, after its call passed the schema."""
    view = FakeView(evse)
    found = DIALECT.told(evse, connector, view)
    sent(DIALECT.status_call(evse.id, connector, found, view), "StatusNotification")
    return found


def active(charging_state: ChargingState, **more: Any) -> FakeEvse:
    return FakeEvse(state="active", charging_state=charging_state, in_use=True, transaction=RUNNING, **more)


def broken(fault: Fault, info: str = "", **more: Any) -> FakeEvse:
    return FakeEvse(faults={fault: info}, out_of_service=True, **more)


@pytest.mark.parametrize(
    ("evse", "status"),
    [
        (FakeEvse(), "Available"),
        (FakeEvse(in_use=True), "Preparing"),
        (FakeEvse(reserved=True), "Reserved"),
        (FakeEvse(reserved=True, in_use=True), "Reserved"),
        (FakeEvse(reserved=True, state="plugged", in_use=True), "Reserved"),
        (FakeEvse(reserved=True, state="awaiting"), "Preparing"),
        (FakeEvse(state="plugged", in_use=True), "Preparing"),
        (FakeEvse(state="awaiting"), "Preparing"),
        (active(ChargingState.EV_CONNECTED), "Preparing"),
        (active(ChargingState.IDLE), "Preparing"),
        (active(ChargingState.CHARGING), "Charging"),
        (active(ChargingState.SUSPENDED_EV), "SuspendedEV"),
        (active(ChargingState.SUSPENDED_EVSE), "SuspendedEVSE"),
        (FakeEvse(state="finishing", in_use=True), "Finishing"),
        (FakeEvse(inoperative={1}), "Unavailable"),
        (FakeEvse(inoperative={1}, reserved=True), "Unavailable"),
        (FakeEvse(inoperative={1}, state="plugged", in_use=True), "Unavailable"),
        (active(ChargingState.CHARGING, inoperative={1}), "Charging"),
        (broken(Fault.GROUND_FAILURE), "Faulted"),
        (active(ChargingState.CHARGING, faults={Fault.GROUND_FAILURE: ""}, out_of_service=True), "Faulted"),
        (broken(Fault.OTHER_ERROR, inoperative={1}), "Faulted"),
    ],
)
def test_status_follows_from_the_state(evse: FakeEvse, status: str) -> None:
    assert told(evse).status == status


def test_a_transaction_that_outlives_its_plug_says_so() -> None:
    evse = FakeEvse(state="interrupted", transaction=RUNNING)
    assert told(evse) == Told("SuspendedEV", "NoError", "EV side disconnected")


@pytest.mark.parametrize("fault", [Fault.READER_FAILURE, Fault.POWER_METER_FAILURE, Fault.WEAK_SIGNAL])
def test_a_warning_leaves_the_status(fault: Fault) -> None:
    assert told(active(ChargingState.CHARGING, faults={fault: "lost"})) == Told("Charging", fault.value, "lost")


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_can_be_told(fault: Fault) -> None:
    assert told(broken(fault)) == Told("Faulted", fault.value)


@pytest.mark.parametrize(
    ("evse", "error_code"),
    [
        (FakeEvse(state="finishing", in_use=True), "EVCommunicationError"),
        (active(ChargingState.SUSPENDED_EVSE), "EVCommunicationError"),
        (active(ChargingState.CHARGING), "NoError"),
        (FakeEvse(), "NoError"),
    ],
)
def test_a_communication_warning_goes_with_four_statuses_only(evse: FakeEvse, error_code: str) -> None:
    """OCPP 1.6 §4.9."""
    before = told(evse).status
    evse.faults = {Fault.EV_COMMUNICATION_ERROR: ""}
    assert told(evse) == Told(before, error_code)


def test_the_last_fault_that_counts_is_told() -> None:
    """OCPP 1.6 §4.9: the CSMS is informed of an error within the station; a vehicle's is no cause of Faulted."""
    faults = {
        Fault.OVER_VOLTAGE: "c",
        Fault.HIGH_TEMPERATURE: "b" * 60,
        Fault.READER_FAILURE: "a",
        Fault.EV_COMMUNICATION_ERROR: "",
    }
    assert told(FakeEvse(faults=faults, out_of_service=True)) == Told("Faulted", "HighTemperature", "b" * 50)


def test_the_last_warning_that_the_status_allows_is_told() -> None:
    faults = {Fault.WEAK_SIGNAL: "a", Fault.READER_FAILURE: "b", Fault.EV_COMMUNICATION_ERROR: "c"}
    assert told(FakeEvse(faults=faults)) == Told("Available", "ReaderFailure", "b; WeakSignal")


def test_a_vehicle_that_left_its_transaction_is_told() -> None:
    """OCPP 1.6 §4.9."""
    left = FakeEvse(state="finishing", in_use=True, ev_left=True)
    assert told(left) == Told("Finishing", info="EV side disconnected")


def test_other_error_names_its_cause() -> None:
    """OCPP 1.6 §7.6."""
    evse = broken(Fault.OTHER_ERROR, info="emergency stop")
    view = FakeView(evse)
    call = DIALECT.status_call(1, 1, DIALECT.told(evse, 1, view), view)
    assert sent(call, "StatusNotification") == {
        "connectorId": 1,
        "errorCode": "OtherError",
        "status": "Faulted",
        "info": "emergency stop",
        "vendorErrorCode": "emergency stop",
        "vendorId": "Acme",
        "timestamp": "2026-01-01T00:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("evse", "first", "second"),
    [
        (FakeEvse(1, (1, 2)), "Available", "Available"),
        (FakeEvse(1, (1, 2), reserved=True), "Reserved", "Reserved"),
        (FakeEvse(1, (1, 2), state="awaiting"), "Preparing", "Preparing"),
        (FakeEvse(1, (1, 2), state="plugged", in_use=True), "Preparing", "Unavailable"),
        (FakeEvse(1, (1, 2), 2, state="plugged", in_use=True), "Unavailable", "Preparing"),
        (FakeEvse(1, (1, 2), state="finishing", in_use=True), "Finishing", "Unavailable"),
        (FakeEvse(1, (1, 2), inoperative={2}), "Available", "Unavailable"),
        (broken(Fault.GROUND_FAILURE, connector_ids=(1, 2)), "Faulted", "Faulted"),
    ],
)
def test_connectors_of_one_evse(evse: FakeEvse, first: str, second: str) -> None:
    assert (told(evse, 1).status, told(evse, 2).status) == (first, second)


@pytest.mark.parametrize(("operative", "status"), [(True, "Available"), (False, "Unavailable")])
def test_the_station_is_connector_0(operative: bool, status: str) -> None:
    evse = broken(Fault.GROUND_FAILURE)
    view = FakeView(evse)
    view.operative = operative
    found = DIALECT.told(evse, 0, view)
    assert found == Told(status)
    payload = sent(DIALECT.status_call(0, 0, found, view), "StatusNotification")
    assert (payload["connectorId"], payload["status"]) == (0, status)


def test_all_statuses_in_the_order_of_their_numbers() -> None:
    view = FakeView(FakeEvse(1, (1, 2)), FakeEvse(2, (1,)))
    assert list(DIALECT.status_targets(view)) == [(0, 0), (1, 1), (1, 2), (2, 1)]
    numbers = [
        DIALECT.status_call(evse, connector, Told("Available"), view).payload["connectorId"]
        for evse, connector in DIALECT.status_targets(view)
    ]
    assert numbers == [0, 1, 2, 3]


def test_a_fault_of_the_station_makes_connector_zero_faulted() -> None:
    view = FakeView()
    view.faults[Fault.GROUND_FAILURE] = "RCD"
    assert DIALECT.told(view.evses[0], 0, view) == Told("Faulted", "GroundFailure", "RCD")


def test_a_warning_of_the_station_leaves_connector_zero_available() -> None:
    view = FakeView()
    view.faults[Fault.WEAK_SIGNAL] = ""
    assert DIALECT.told(view.evses[0], 0, view) == Told("Available", "WeakSignal")
