"""The calls of the CSMS in OCPP 1.6: what is answered at once, what the core gets, and how its outcome is worded."""

from __future__ import annotations

from typing import Any

import pytest

from station.core.catalogue import FEATURES, VENDOR_COMPONENT, Address, DataType
from station.core.effects import STORE_FAILED, Outcome
from station.core.events import (
    ChangeAvailability,
    ClearCache,
    RemoteStart,
    RemoteStop,
    ResetRequested,
    SetVariables,
    TriggerBoot,
    TriggerHeartbeat,
    TriggerMeter,
    UnlockRequested,
)
from station.core.values import IdToken, RegistrationStatus, StopReason
from station.core.variables import SetOutcome, Setting
from station.ocpp.dialect import Answer, Refuse
from station.ocpp.schema import check, known_actions
from station.ocpp.v16 import DIALECT
from station.ocpp.v16.dialect import Dialect16
from station.ocpp.v16.inbound.request import Payload, Request
from tests.support.change_key import change_key
from tests.support.fake_view import FakeEvse, FakeTransaction, FakeView
from tests.support.wire16 import answered, deferred, receive, sent, valid, worded

ACCEPTED = {"status": "Accepted"}
REJECTED = {"status": "Rejected"}
NOT_SUPPORTED = {"status": "NotSupported"}

TX_PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}],
    },
}


def two() -> FakeView:
    """EVSE 1 with connectors 1 and 2, EVSE 2 with connector 3."""
    return FakeView(FakeEvse(1, (1, 2)), FakeEvse(2, (1,)))


class TestActions:
    def test_the_least_that_a_station_answers(self) -> None:
        assert DIALECT.actions(frozenset({"core"})) == {
            "ChangeAvailability", "ChangeConfiguration", "ClearCache", "DataTransfer", "GetConfiguration",
            "GetLocalListVersion", "RemoteStartTransaction", "RemoteStopTransaction", "ReserveNow", "Reset",
            "SendLocalList", "SetChargingProfile", "UnlockConnector",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("feature", "actions"),
        [
            ("remote_trigger", {"TriggerMessage"}),
            ("reservation", {"CancelReservation"}),
            ("smart_charging", {"ClearChargingProfile", "GetCompositeSchedule"}),
            (
                "security",
                {
                    "CertificateSigned",
                    "DeleteCertificate",
                    "ExtendedTriggerMessage",
                    "GetInstalledCertificateIds",
                    "InstallCertificate",
                },
            ),
        ],
    )
    def test_a_feature_brings_its_messages(self, feature: str, actions: set[str]) -> None:
        assert DIALECT.actions(frozenset({"core", feature})) - DIALECT.actions(frozenset({"core"})) == actions

    def test_all_are_actions_of_the_version(self) -> None:
        assert DIALECT.actions(FEATURES) <= known_actions("1.6")

    def test_others_are_not_supported(self) -> None:
        refusal = DIALECT.inbound("GetDiagnostics", {"location": "http://x"}, 1, FakeView())
        assert isinstance(refusal, Refuse)
        assert refusal.code == "NotSupported"


@pytest.mark.parametrize(
    ("action", "payload", "conf"),
    [
        (
            "ReserveNow",
            {"connectorId": 1, "expiryDate": "2026-01-01T00:00:00Z", "idTag": "A", "reservationId": 1},
            REJECTED,
        ),
        ("SendLocalList", {"listVersion": 1, "updateType": "Full"}, NOT_SUPPORTED),
        ("GetLocalListVersion", {}, {"listVersion": -1}),
    ],
)
def test_absent_functions_that_have_a_word_for_it(action: str, payload: dict[str, Any], conf: dict[str, Any]) -> None:
    assert answered(FakeView(features=frozenset({"core"})), action, **payload) == conf


class TestRemoteStart:
    @pytest.mark.parametrize(("connector", "evse"), [(1, 1), (2, 1), (3, 2)])
    def test_on_a_connector(self, connector: int, evse: int) -> None:
        event = deferred(two(), "RemoteStartTransaction", idTag="CARD", connectorId=connector)
        assert event == RemoteStart(7, IdToken("CARD"), evse, names_group=False)

    def test_without_a_connector(self) -> None:
        event = deferred(two(), "RemoteStartTransaction", idTag="CARD")
        assert event == RemoteStart(7, IdToken("CARD"), names_group=False)

    @pytest.mark.parametrize("connector", [0, 4, -1, 99])
    def test_on_no_connector(self, connector: int) -> None:
        """TC_027 and OCPP 1.6 §6.33."""
        assert answered(two(), "RemoteStartTransaction", idTag="CARD", connectorId=connector) == REJECTED

    def test_for_nobody(self) -> None:
        assert answered(two(), "RemoteStartTransaction", idTag="") == REJECTED

    @pytest.mark.parametrize("registration", [None, RegistrationStatus.PENDING, RegistrationStatus.REJECTED])
    def test_before_the_station_is_accepted(self, registration: RegistrationStatus | None) -> None:
        view = FakeView()
        view.registration = registration
        view.wire_ids["tx-1"] = "5"
        assert answered(view, "RemoteStartTransaction", idTag="CARD") == REJECTED
        assert answered(view, "RemoteStopTransaction", transactionId=5) == REJECTED

    @pytest.mark.parametrize(
        "profile", [TX_PROFILE, TX_PROFILE | {"chargingProfilePurpose": "TxDefaultProfile"}], ids=["tx", "default"]
    )
    def test_a_profile_means_nothing_without_smart_charging(self, profile: dict[str, Any]) -> None:
        event = deferred(FakeView(), "RemoteStartTransaction", idTag="CARD", chargingProfile=profile)
        assert event == RemoteStart(7, IdToken("CARD"), names_group=False)

    @pytest.mark.parametrize("change", [{"chargingProfilePurpose": "TxDefaultProfile"}, {"transactionId": 1}])
    def test_a_wrong_profile(self, change: dict[str, Any]) -> None:
        """TC_060; errata 3.41."""
        view = FakeView(features=frozenset({"smart_charging"}))
        conf = answered(view, "RemoteStartTransaction", idTag="CARD", chargingProfile=TX_PROFILE | change)
        assert conf == REJECTED
        deferred(view, "RemoteStartTransaction", idTag="CARD", chargingProfile=TX_PROFILE)


class TestRemoteStop:
    @pytest.mark.parametrize("wire_id", [5, 0, -1])
    def test_a_running_transaction(self, wire_id: int) -> None:
        view = FakeView()
        view.wire_ids["tx-1"] = str(wire_id)
        assert deferred(view, "RemoteStopTransaction", transactionId=wire_id) == RemoteStop(7, "tx-1")

    def test_an_unknown_one(self) -> None:
        assert answered(FakeView(), "RemoteStopTransaction", transactionId=5) == REJECTED


class TestAvailability:
    @pytest.mark.parametrize(("connector", "place"), [(0, (0, 0)), (1, (1, 1)), (2, (1, 2)), (3, (2, 1))])
    @pytest.mark.parametrize(("word", "operative"), [("Operative", True), ("Inoperative", False)])
    def test_change(self, connector: int, place: tuple[int, int], word: str, operative: bool) -> None:
        event = deferred(two(), "ChangeAvailability", connectorId=connector, type=word)
        assert event == ChangeAvailability(7, *place, operative, level=True)

    @pytest.mark.parametrize("connector", [-1, 4])
    def test_change_of_nothing(self, connector: int) -> None:
        assert answered(two(), "ChangeAvailability", connectorId=connector, type="Operative") == REJECTED

    def test_reset(self) -> None:
        view = FakeView()
        assert deferred(view, "Reset", type="Soft") == ResetRequested(7, False, StopReason.SOFT_RESET, drain=True)
        assert deferred(view, "Reset", type="Hard") == ResetRequested(7, False, StopReason.HARD_RESET, drain=False)

    @pytest.mark.parametrize(("connector", "place"), [(1, (1, 1)), (3, (2, 1))])
    def test_unlock(self, connector: int, place: tuple[int, int]) -> None:
        event = deferred(two(), "UnlockConnector", connectorId=connector)
        assert event == UnlockRequested(7, *place, ends_transaction=True)

    @pytest.mark.parametrize("connector", [0, 4, -1])
    def test_unlock_of_nothing(self, connector: int) -> None:
        """TC_031 and errata 3.87."""
        assert answered(two(), "UnlockConnector", connectorId=connector) == NOT_SUPPORTED


class TestClearCache:
    def test_with_a_cache(self) -> None:
        assert deferred(FakeView(features=frozenset({"auth_cache"})), "ClearCache") == ClearCache(7)

    def test_without_a_cache(self) -> None:
        """Errata 3.23."""
        assert answered(FakeView(features=frozenset({"core"})), "ClearCache") == REJECTED


@pytest.mark.parametrize(
    ("action", "outcome", "status"),
    [
        ("RemoteStartTransaction", "Accepted", "Accepted"),
        ("RemoteStartTransaction", "Rejected", "Rejected"),
        ("RemoteStopTransaction", "Accepted", "Accepted"),
        ("RemoteStopTransaction", "Rejected", "Rejected"),
        ("ChangeAvailability", "Accepted", "Accepted"),
        ("ChangeAvailability", "Scheduled", "Scheduled"),
        ("ChangeAvailability", "Rejected", "Rejected"),
        ("Reset", "Accepted", "Accepted"),
        ("Reset", "Scheduled", "Accepted"),
        ("Reset", "Rejected", "Rejected"),
        ("UnlockConnector", "Unlocked", "Unlocked"),
        ("UnlockConnector", "UnlockFailed", "UnlockFailed"),
        ("UnlockConnector", "OngoingAuthorizedTransaction", "UnlockFailed"),
        ("UnlockConnector", "UnknownConnector", "NotSupported"),
        ("UnlockConnector", "NotSupported", "NotSupported"),
        ("ClearCache", "Accepted", "Accepted"),
        ("ClearCache", "Rejected", "Rejected"),
        ("ChangeConfiguration", "Accepted", "Accepted"),
    ],
)
def test_outcomes(action: str, outcome: str, status: str) -> None:
    assert worded(FakeView(), action, Outcome(outcome)) == {"status": status}


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("RemoteStartTransaction", "Rejected"),
        ("RemoteStopTransaction", "Rejected"),
        ("ChangeAvailability", "Rejected"),
        ("Reset", "Rejected"),
        ("UnlockConnector", "UnlockFailed"),
        ("ClearCache", "Rejected"),
        ("ChangeConfiguration", "Rejected"),
    ],
)
def test_a_full_disk_is_a_refusal(action: str, status: str) -> None:
    assert worded(FakeView(), action, STORE_FAILED) == {"status": status}


def test_a_message_that_is_never_deferred_has_no_outcome() -> None:
    refusal = DIALECT.reply("GetConfiguration", {}, Outcome("Accepted"), FakeView())
    assert isinstance(refusal, Refuse)
    assert refusal.code == "InternalError"


class TestGetConfiguration:
    def test_in_the_order_asked(self) -> None:
        conf = answered(FakeView(), "GetConfiguration", key=["NumberOfConnectors", "Nope", "heartbeatinterval"])
        assert [entry["key"] for entry in conf["configurationKey"]] == ["NumberOfConnectors", "HeartbeatInterval"]
        assert conf["configurationKey"][0] == {"key": "NumberOfConnectors", "readonly": True, "value": "1"}
        assert conf["unknownKey"] == ["Nope"]

    @pytest.mark.parametrize("payload", [{}, {"key": []}])
    def test_all(self, payload: dict[str, Any]) -> None:
        conf = answered(FakeView(), "GetConfiguration", **payload)
        names = {entry["key"] for entry in conf["configurationKey"]}
        assert {"SupportedFeatureProfiles", "HeartbeatInterval", "MeterValueSampleInterval"} <= names
        assert "unknownKey" not in conf

    def test_only_unknown_ones(self) -> None:
        assert answered(FakeView(), "GetConfiguration", key=["Nope"]) == {"unknownKey": ["Nope"]}

    def test_more_than_the_station_takes(self) -> None:
        view = FakeView()
        refusal = receive(view, "GetConfiguration", key=["HeartbeatInterval"] * 101)
        assert isinstance(refusal, Refuse)
        assert refusal.code == "OccurenceConstraintViolation"
        answered(view, "GetConfiguration", key=["HeartbeatInterval"] * 100)


class TestChangeConfiguration:
    def change(self, key: str, value: str, view: FakeView | None = None) -> object:
        return deferred(view or FakeView(), "ChangeConfiguration", key=key, value=value)

    def test_the_core_writes(self) -> None:
        view = FakeView()
        event = self.change("heartbeatInterval", "120", view)
        assert isinstance(event, SetVariables)
        assert event.reply == 7
        assert [(str(address), *rest) for address, *rest in event.items] == [
            ("OCPPCommCtrlr.HeartbeatInterval", "Actual", "120")
        ]
        before = view.variables.text("OCPPCommCtrlr.HeartbeatInterval")
        assert before != "120"
        outcomes = tuple(view.variables.set(item[0], item[2], item[1], event.hand) for item in event.items)
        assert worded(view, "ChangeConfiguration", Outcome("Accepted", data=outcomes)) == ACCEPTED

    def test_one_key_may_be_several_variables(self) -> None:
        event = self.change("StopTransactionOnEVSideDisconnect", "False")
        assert isinstance(event, SetVariables)
        assert [(str(address), value) for address, _, value in event.items] == [
            ("TxCtrlr.StopTxOnEVSideDisconnect", "false"),
            ("TxCtrlr.TxStopPoint", "Authorized"),
        ]

    def test_a_vendors_key(self) -> None:
        address = Address(VENDOR_COMPONENT, None, None, None, "AcmeLight")
        view = FakeView(settings=(Setting(address, "soft", type=DataType.STRING),))
        event = self.change("acmelight", "bright", view)
        assert isinstance(event, SetVariables)
        assert event.items == ((address, "Actual", "bright"),)

    @pytest.mark.parametrize(
        ("key", "value", "status"),
        [
            ("Nope", "1", "NotSupported"),
            ("LocalAuthListEnabled", "true", "NotSupported"),
            ("NumberOfConnectors", "2", "Rejected"),
            ("HeartbeatInterval", "-1", "Rejected"),
            ("HeartbeatInterval", "soon", "Rejected"),
            ("HeartbeatInterval", "", "Rejected"),
            ("StopTransactionOnEVSideDisconnect", "perhaps", "Rejected"),
            ("MeterValuesSampledData", "Nonsense", "Rejected"),
        ],
    )
    def test_what_is_certain_is_answered_at_once(self, key: str, value: str, status: str) -> None:
        """TC_040."""
        view = FakeView(features=frozenset({"core"}))
        assert answered(view, "ChangeConfiguration", key=key, value=value) == {"status": status}

    @pytest.mark.parametrize(
        ("results", "status"),
        [
            (("Accepted",), "Accepted"),
            (("Accepted", "RebootRequired"), "RebootRequired"),
            (("RebootRequired", "Rejected"), "Rejected"),
        ],
    )
    def test_outcomes(self, results: tuple[Any, ...], status: str) -> None:
        data = tuple(SetOutcome(one) for one in results)
        assert worded(FakeView(), "ChangeConfiguration", Outcome("Accepted", data=data)) == {"status": status}


class TestDataTransfer:
    def test_an_unknown_vendor(self) -> None:
        conf = answered(FakeView(), "DataTransfer", vendorId="com.example", messageId="x", data="y")
        assert conf == {"status": "UnknownVendorId"}

    def test_a_known_vendor(self) -> None:
        def echo(payload: Payload, _reply: int, _view: object) -> Answer:
            return Answer({"status": "Accepted", "data": payload["data"]})

        dialect = Dialect16({"com.example": Request(echo)})
        payload = {"vendorId": "com.example", "data": "hello"}
        result = dialect.inbound("DataTransfer", payload, 1, FakeView())
        assert isinstance(result, Answer)
        assert valid("DataTransfer", result.payload) == {"status": "Accepted", "data": "hello"}
        late = dialect.reply("DataTransfer", payload, STORE_FAILED, FakeView())
        assert isinstance(late, Answer)
        assert valid("DataTransfer", late.payload) == REJECTED


@pytest.mark.parametrize("action", ["TriggerMessage", "ExtendedTriggerMessage"])
class TestTrigger:
    def view(self, *evses: FakeEvse) -> FakeView:
        return FakeView(*evses, features=frozenset({"remote_trigger", "security"}))

    def result(self, action: str, view: FakeView, message: str, connector: int | None = None) -> Answer:
        payload: dict[str, Any] = {"requestedMessage": message}
        if connector is not None:
            payload["connectorId"] = connector
        result = receive(view, action, **payload)
        assert isinstance(result, Answer)
        return result

    def test_boot_until_accepted(self, action: str) -> None:
        """Errata 3.35."""
        view = self.view()
        assert self.result(action, view, "BootNotification") == Answer(REJECTED)
        view.registration = RegistrationStatus.PENDING
        assert self.result(action, view, "BootNotification") == Answer(ACCEPTED, events=(TriggerBoot(),))

    @pytest.mark.parametrize("connector", [None, 0, 99])
    def test_heartbeat_has_no_connector(self, action: str, connector: int | None) -> None:
        result = self.result(action, self.view(), "Heartbeat", connector)
        assert result == Answer(ACCEPTED, events=(TriggerHeartbeat(),))

    def test_meter_values_of_all(self, action: str) -> None:
        view = self.view(FakeEvse(1, transaction=FakeTransaction()), FakeEvse(2))
        result = self.result(action, view, "MeterValues")
        assert result == Answer(ACCEPTED, events=(TriggerMeter(1, True), TriggerMeter(2, True)))

    @pytest.mark.parametrize(("connector", "event"), [(1, TriggerMeter(1, True)), (2, TriggerMeter(2, True))])
    def test_meter_values_of_one(self, action: str, connector: int, event: TriggerMeter) -> None:
        view = self.view(FakeEvse(1, transaction=FakeTransaction()), FakeEvse(2))
        assert self.result(action, view, "MeterValues", connector) == Answer(ACCEPTED, events=(event,))

    @pytest.mark.parametrize(("connector", "numbers"), [(None, [0, 1, 2, 3]), (0, [0]), (1, [1]), (2, [2]), (3, [3])])
    def test_statuses(self, action: str, connector: int | None, numbers: list[int]) -> None:
        view = self.view(FakeEvse(1, (1, 2)), FakeEvse(2, state="plugged", in_use=True))
        result = self.result(action, view, "StatusNotification", connector)
        told = [sent(call, "StatusNotification") for call in result.calls]
        assert result.payload == ACCEPTED
        assert [call["connectorId"] for call in told] == numbers
        assert {call["status"] for call in told if call["connectorId"] == 3} <= {"Preparing"}

    @pytest.mark.parametrize(
        ("message", "connector"),
        [("MeterValues", 0), ("MeterValues", 2), ("StatusNotification", 2), ("StatusNotification", -1)],
    )
    def test_an_unknown_connector(self, action: str, message: str, connector: int) -> None:
        """TC_055."""
        assert self.result(action, self.view(), message, connector) == Answer(REJECTED)

    @pytest.mark.parametrize(
        "message",
        [
            "FirmwareStatusNotification",
            "DiagnosticsStatusNotification",
            "LogStatusNotification",
        ],
    )
    def test_what_is_not_there(self, action: str, message: str) -> None:
        if check("1.6", action, "request", {"requestedMessage": message}) is None:
            assert self.result(action, self.view(), message) == Answer({"status": "NotImplemented"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("HeartbeatInterval", "10"),
        ("HeartbeatInterval", "x"),
        ("HeartbeatInterval", "9" * 501),
        ("NumberOfConnectors", "3"),
        ("MessageTimeout", "5"),
        ("SecurityProfile", "0"),
        ("SecurityProfile", "2"),
        ("AuthorizationKey", "short"),
        ("AuthorizationKey", "0123456789abcdef0123"),
        ("ConnectorPhaseRotation", "0.RST,1.RST"),
        ("ConnectorPhaseRotation", "9.RST"),
        ("WebSocketPingInterval", "0"),
        ("Nope", ""),
    ],
)
def test_a_change_is_judged_as_the_table_of_keys_judges_it(key: str, value: str) -> None:
    result = DIALECT.inbound("ChangeConfiguration", {"key": key, "value": value}, 1, FakeView())
    status, _ = change_key(FakeView().variables, key, value)
    if isinstance(result, Answer):
        assert result.payload == {"status": status}
    else:
        assert status in ("Accepted", "RebootRequired")
