import pytest

from station.core.effects import STORE_FAILED, Outcome
from station.core.events import (
    RemoteStart,
    RemoteStop,
    TriggerBoot,
    TriggerFirmwareStatus,
    TriggerHeartbeat,
    TriggerLogStatus,
    TriggerMeter,
    UnlockRequested,
)
from station.core.values import IdToken, RegistrationStatus
from tests.support.fake_view import FakeEvse, FakeTransaction, FakeView
from tests.support.wire201 import REPLY, deferred, receive, reply

START = {"idToken": {"idToken": "04A1B2C3", "type": "ISO14443"}, "remoteStartId": 12}


def profile(purpose="TxProfile", **more):
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}],
    }
    return {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
        **more,
    }


def refusal(action, payload, view):
    answer = receive(action, payload, view).payload
    assert answer["status"] == "Rejected"
    return answer["statusInfo"]["reasonCode"]


@pytest.mark.spec("F01.FR.04", "F01.FR.06", "F01.FR.20", "F02.FR.12")
def test_start_goes_to_the_core():
    card = IdToken("04A1B2C3")
    assert deferred("RequestStartTransaction", START, FakeView()) == RemoteStart(REPLY, card, None, 12)
    payload = {**START, "evseId": 1, "groupIdToken": {"idToken": "FLEET", "type": "Central"}}
    group = IdToken("FLEET", "Central")
    assert deferred("RequestStartTransaction", payload, FakeView()) == RemoteStart(REPLY, card, 1, 12, group)


def test_start_without_authorization():
    payload = {"idToken": {"idToken": "", "type": "NoAuthorization"}, "remoteStartId": 1}
    assert deferred("RequestStartTransaction", payload, FakeView()).token == IdToken("", "NoAuthorization")


def test_start_at_an_unknown_evse():
    assert refusal("RequestStartTransaction", {**START, "evseId": 2}, FakeView()) == "UnknownEvse"


@pytest.mark.spec("B02.FR.05")
@pytest.mark.parametrize("registration", [None, RegistrationStatus.PENDING, RegistrationStatus.REJECTED])
def test_remote_start_and_stop_need_an_accepted_station(registration):
    view = FakeView(FakeEvse(transaction=FakeTransaction("runs")))
    view.registration = registration
    assert refusal("RequestStartTransaction", START, view) == "CSNotAccepted"
    assert refusal("RequestStopTransaction", {"transactionId": "runs"}, view) == "CSNotAccepted"


@pytest.mark.spec("F01.FR.09", "F01.FR.11", "F01.FR.12", "F01.FR.26", "K05.FR.02")
@pytest.mark.parametrize(
    ("sent", "valid"),
    [(profile(), True), (profile("TxDefaultProfile"), False), (profile(transactionId="t"), False)],
)
def test_charging_profile_of_a_start(sent, valid):
    payload = {**START, "chargingProfile": sent}
    assert deferred("RequestStartTransaction", payload, FakeView()).remote_start_id == 12
    smart = FakeView(features=frozenset({"smart_charging"}))
    if valid:
        assert deferred("RequestStartTransaction", payload, smart).remote_start_id == 12
    else:
        assert refusal("RequestStartTransaction", payload, smart) == "InvalidProfile"


@pytest.mark.spec("F01.FR.13")
def test_outcome_of_a_start():
    view = FakeView()
    assert reply("RequestStartTransaction", START, Outcome("Accepted"), view) == {"status": "Accepted"}
    accepted = Outcome("Accepted", data="9f0c2d7e")
    assert reply("RequestStartTransaction", START, accepted, view) == {
        "status": "Accepted",
        "transactionId": "9f0c2d7e",
    }
    answer = reply("RequestStartTransaction", START, Outcome("Rejected", "TxInProgress", "x" * 600), view)
    assert answer["statusInfo"]["reasonCode"] == "TxInProgress"
    assert len(answer["statusInfo"]["additionalInfo"]) == 512
    assert reply("RequestStartTransaction", START, STORE_FAILED, view)["status"] == "Rejected"


@pytest.mark.spec("F03.FR.07", "F03.FR.08")
def test_stop():
    view = FakeView(FakeEvse(transaction=FakeTransaction("runs")))
    assert deferred("RequestStopTransaction", {"transactionId": "Runs"}, view) == RemoteStop(REPLY, "runs")
    assert refusal("RequestStopTransaction", {"transactionId": "other"}, view) == "UnknownTxId"
    payload = {"transactionId": "runs"}
    assert reply("RequestStopTransaction", payload, Outcome("Accepted"), view) == {"status": "Accepted"}


UNLOCK = {"evseId": 1, "connectorId": 1}


@pytest.mark.spec("F05.FR.02", "F05.FR.03")
def test_unlock_never_ends_a_transaction():
    assert deferred("UnlockConnector", UNLOCK, FakeView()) == UnlockRequested(REPLY, 1, 1, False)
    for place in ({"evseId": 2, "connectorId": 1}, {"evseId": 1, "connectorId": 2}):
        assert receive("UnlockConnector", place, FakeView()).payload == {"status": "UnknownConnector"}


@pytest.mark.spec("F05.FR.04", "F05.FR.05")
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome("Unlocked"), "Unlocked"),
        (Outcome("UnlockFailed"), "UnlockFailed"),
        (Outcome("OngoingAuthorizedTransaction"), "OngoingAuthorizedTransaction"),
        (Outcome("UnknownConnector"), "UnknownConnector"),
        (STORE_FAILED, "UnlockFailed"),
    ],
)
def test_outcome_of_an_unlock(outcome, status):
    assert reply("UnlockConnector", UNLOCK, outcome, FakeView())["status"] == status


def test_a_fixed_cable_cannot_be_unlocked():
    assert reply("UnlockConnector", UNLOCK, Outcome("NotSupported"), FakeView()) == {
        "status": "UnlockFailed",
        "statusInfo": {"reasonCode": "FixedCable"},
    }


def trigger(message, view=None, evse=None):
    payload = {"requestedMessage": message, **({} if evse is None else {"evse": evse})}
    return receive("TriggerMessage", payload, view or FakeView())


def triggered(answer):
    assert answer.payload == {"status": "Accepted"}
    return answer.events, [(call.action, call.payload) for call in answer.calls]


@pytest.mark.spec("F06.FR.17")
def test_trigger_boot_notification():
    assert trigger("BootNotification").payload["status"] == "Rejected"
    view = FakeView()
    view.registration = RegistrationStatus.PENDING
    assert triggered(trigger("BootNotification", view)) == ((TriggerBoot(),), [])


def test_trigger_heartbeat():
    assert triggered(trigger("Heartbeat", evse={"id": 9})) == ((TriggerHeartbeat(),), [])


@pytest.mark.spec("F06.FR.06", "F06.FR.11")
def test_trigger_meter_values():
    assert triggered(trigger("MeterValues")) == ((TriggerMeter(0, False),), [])
    assert triggered(trigger("MeterValues", evse={"id": 1})) == ((TriggerMeter(1, False),), [])
    assert trigger("MeterValues", evse={"id": 2}).payload["statusInfo"]["reasonCode"] == "UnknownEvse"


@pytest.mark.spec("F06.FR.07", "F06.FR.11")
def test_trigger_transaction_event():
    view = FakeView(FakeEvse(1, transaction=FakeTransaction()), FakeEvse(2))
    assert triggered(trigger("TransactionEvent", view)) == ((TriggerMeter(0, True),), [])
    assert triggered(trigger("TransactionEvent", view, {"id": 1})) == ((TriggerMeter(1, True),), [])
    for place, reason in (({"id": 2}, "TxNotFound"), ({"id": 3}, "UnknownEvse")):
        assert trigger("TransactionEvent", view, place).payload["statusInfo"]["reasonCode"] == reason
    assert trigger("TransactionEvent").payload["status"] == "Rejected"


@pytest.mark.spec("F06.FR.12", "F06.FR.13")
def test_trigger_status_notification():
    view = FakeView(FakeEvse(in_use=True, state="plugged"))
    events, calls = triggered(trigger("StatusNotification", view, {"id": 1, "connectorId": 1}))
    assert events == ()
    ((action, payload),) = calls
    assert (action, payload["connectorStatus"]) == ("StatusNotification", "Occupied")
    for place in (None, {"id": 1}, {"id": 1, "connectorId": 2}, {"id": 2, "connectorId": 1}):
        answer = trigger("StatusNotification", view, place)
        assert answer.payload["status"] == "Rejected"
        assert answer.calls == ()


@pytest.mark.spec("F06.FR.03", "F06.FR.15", "F06.FR.16")
@pytest.mark.parametrize(
    ("message", "event"),
    [("LogStatusNotification", TriggerLogStatus()), ("FirmwareStatusNotification", TriggerFirmwareStatus())],
)
def test_trigger_status_of_a_function(message, event):
    view = FakeView(features=frozenset({"firmware"}))
    assert triggered(trigger(message, view, {"id": 1})) == ((event,), [])
    assert trigger(message).payload == {"status": "NotImplemented"}


@pytest.mark.spec("F06.FR.08")
@pytest.mark.parametrize(
    "message",
    [
        "SignChargingStationCertificate",
        "SignV2GCertificate",
        "SignCombinedCertificate",
        "PublishFirmwareStatusNotification",
    ],
)
def test_trigger_of_what_is_not_there(message):
    assert trigger(message).payload == {"status": "NotImplemented"}
