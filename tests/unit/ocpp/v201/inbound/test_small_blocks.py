"""Blocks C, D, E, G, H and P."""

import pytest

from station.core.effects import STORE_FAILED, Outcome
from station.core.events import ChangeAvailability, ClearCache
from station.ocpp.dialect import Refuse
from station.ocpp.v201 import DIALECT
from tests.support.fake_view import FakeEvse, FakeTransaction, FakeView
from tests.support.wire201 import REPLY, deferred, receive, reply

TWO = (FakeEvse(1, (1, 2)), FakeEvse(2))


def test_clear_cache_goes_to_the_core():
    assert deferred("ClearCache", {}, FakeView()) == ClearCache(REPLY)
    assert reply("ClearCache", {}, Outcome("Accepted"), FakeView()) == {"status": "Accepted"}
    assert reply("ClearCache", {}, STORE_FAILED, FakeView())["status"] == "Rejected"


@pytest.mark.spec("C11.FR.04")
def test_clear_cache_is_refused_without_a_cache():
    view = FakeView()
    view.variables.set("AuthCacheCtrlr.Enabled", "false")
    rejected = {"status": "Rejected", "statusInfo": {"reasonCode": "NotEnabled"}}
    assert receive("ClearCache", {}, view).payload == rejected
    assert receive("ClearCache", {}, FakeView(features=frozenset())).payload == rejected


RESERVATION = {
    "id": 1,
    "expiryDateTime": "2026-01-01T01:00:00Z",
    "idToken": {"idToken": "04A1B2C3", "type": "ISO14443"},
}


@pytest.mark.spec("H01.FR.01", "H02.FR.01", "P01.FR.05")
@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("ReserveNow", RESERVATION, {"status": "Rejected"}),
        ("CancelReservation", {"reservationId": 1}, {"status": "Rejected"}),
        ("DataTransfer", {"vendorId": "org.example"}, {"status": "UnknownVendorId"}),
        ("DataTransfer", {"vendorId": "org.example", "data": [1, {"a": None}]}, {"status": "UnknownVendorId"}),
    ],
)
def test_functions_that_are_not_there_are_refused_in_the_messages_words(action, payload, answer):
    got = dict(receive(action, payload, FakeView()).payload)
    got.pop("statusInfo", None)
    assert got == answer


@pytest.mark.parametrize("action", ["SetVariableMonitoring", "GetMonitoringReport", "SetDisplayMessage"])
def test_an_action_without_a_handler_is_not_supported(action):
    assert action not in DIALECT.actions(frozenset())
    assert DIALECT.inbound(action, {}, REPLY, FakeView()) == Refuse("NotSupported")


@pytest.mark.spec(
    "E14.FR.01", "E14.FR.02", "E14.FR.03", "E14.FR.04", "E14.FR.05", "E14.FR.06", "E14.FR.07", "E14.FR.08"
)
@pytest.mark.parametrize(
    ("payload", "queue", "answer"),
    [
        ({"transactionId": "nobody"}, [], {"ongoingIndicator": False, "messagesInQueue": False}),
        ({"transactionId": "runs"}, [], {"ongoingIndicator": True, "messagesInQueue": False}),
        ({"transactionId": "RUNS"}, ["runs"], {"ongoingIndicator": True, "messagesInQueue": True}),
        ({"transactionId": "ended"}, ["ended"], {"ongoingIndicator": False, "messagesInQueue": True}),
        ({}, ["ended"], {"messagesInQueue": True}),
        ({}, [], {"messagesInQueue": False}),
    ],
)
def test_transaction_status(payload, queue, answer):
    view = FakeView(FakeEvse(transaction=FakeTransaction("runs")))
    view.queue = queue
    assert receive("GetTransactionStatus", payload, view).payload == answer


@pytest.mark.spec("G03.FR.01", "G04.FR.01")
@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (None, (0, 0)),
        ({"id": 2}, (2, 0)),
        ({"id": 1, "connectorId": 2}, (1, 2)),
    ],
)
@pytest.mark.parametrize("operative", [True, False])
def test_change_availability(place, expected, operative):
    payload = {"operationalStatus": "Operative" if operative else "Inoperative"}
    if place is not None:
        payload["evse"] = place
    assert deferred("ChangeAvailability", payload, FakeView(*TWO)) == ChangeAvailability(REPLY, *expected, operative)


@pytest.mark.parametrize(
    ("place", "reason"),
    [({"id": 3}, "UnknownEvse"), ({"id": 0}, "UnknownEvse"), ({"id": 2, "connectorId": 2}, "UnknownConnectorId")],
)
def test_availability_of_what_does_not_exist(place, reason):
    answer = receive("ChangeAvailability", {"operationalStatus": "Operative", "evse": place}, FakeView(*TWO)).payload
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": reason}}


@pytest.mark.parametrize("status", ["Accepted", "Scheduled", "Rejected"])
def test_outcome_of_an_availability_change(status):
    payload = {"operationalStatus": "Operative"}
    assert reply("ChangeAvailability", payload, Outcome(status), FakeView()) == {"status": status}
