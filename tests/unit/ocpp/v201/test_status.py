import pytest

from station.core.values import IdToken
from station.ocpp.v201 import DIALECT
from tests.support.fake_view import FakeEvse, FakeTransaction, FakeView
from tests.support.wire201 import obeys

CARD = IdToken("04A1B2C3")
PLUGGED = {"state": "plugged", "in_use": True}
CHARGING = {"state": "active", "in_use": True, "transaction": FakeTransaction(token=CARD)}


@pytest.mark.spec("G01.FR.01", "G01.FR.03", "G01.FR.04", "G03.FR.05", "G03.FR.06", "G03.FR.09")
@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, "Available"),
        (PLUGGED, "Occupied"),
        ({"in_use": True}, "Occupied"),
        ({"state": "awaiting"}, "Available"),
        ({"state": "awaiting", "transaction": FakeTransaction(token=CARD)}, "Available"),
        ({"state": "awaiting", "in_use": True}, "Occupied"),
        (CHARGING, "Occupied"),
        ({"state": "interrupted", "transaction": FakeTransaction(token=CARD)}, "Occupied"),
        ({"state": "finishing", "in_use": True}, "Occupied"),
        ({"inoperative": {1}}, "Unavailable"),
        ({**PLUGGED, "inoperative": {1}}, "Unavailable"),
        ({**CHARGING, "inoperative": {1}}, "Occupied"),
        ({"out_of_service": True}, "Faulted"),
        ({**CHARGING, "out_of_service": True}, "Faulted"),
        ({"out_of_service": True, "inoperative": {1}}, "Faulted"),
        ({"reserved": True}, "Reserved"),
        ({**PLUGGED, "reserved": True}, "Reserved"),
        ({**PLUGGED, "reserved": True, "transaction": FakeTransaction()}, "Reserved"),
        ({**CHARGING, "reserved": True}, "Occupied"),
        ({"reserved": True, "inoperative": {1}}, "Unavailable"),
    ],
)
def test_status_of_a_connector(facts, status):
    evse = FakeEvse(**facts)
    told = DIALECT.told(evse, 1, FakeView(evse))
    assert (told.status, told.error_code, told.info) == (status, "NoError", "")


@pytest.mark.spec("G01.FR.08")
def test_the_other_connector_keeps_its_status():
    evse = FakeEvse(connector_ids=(1, 2), active_connector=2, **CHARGING)
    view = FakeView(evse)
    assert [DIALECT.told(evse, connector, view).status for connector in (1, 2)] == ["Available", "Occupied"]
    evse.inoperative = {1}
    assert DIALECT.told(evse, 1, view).status == "Unavailable"


def test_every_connector_is_told_and_no_station():
    view = FakeView(FakeEvse(1, (1, 2)), FakeEvse(2))
    assert list(DIALECT.status_targets(view)) == [(1, 1), (1, 2), (2, 1)]


def test_status_notification():
    evse = FakeEvse(2)
    view = FakeView(FakeEvse(1), evse)
    call = DIALECT.status_call(2, 1, DIALECT.told(evse, 1, view), view)
    assert call.action == "StatusNotification"
    assert obeys(call) == {
        "timestamp": "2026-01-01T00:00:00.000Z",
        "connectorStatus": "Available",
        "evseId": 2,
        "connectorId": 1,
    }
