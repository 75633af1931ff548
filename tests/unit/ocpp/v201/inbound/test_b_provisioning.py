import pytest

from station.core.effects import STORE_FAILED, Outcome
from station.core.events import SetVariables
from station.core.variables import Address, SetOutcome, Setting
from station.ocpp.dialect import Refuse
from tests.support.fake_view import FakeEvse, FakeView
from tests.support.wire201 import REPLY, deferred, receive, reply


def named(component, variable, attribute=None, *, evse=None, connector=None, instance=None, of=None):
    item = {"component": {"name": component}, "variable": {"name": variable}}
    if evse is not None:
        item["component"]["evse"] = {"id": evse}
        if connector is not None:
            item["component"]["evse"]["connectorId"] = connector
    if of is not None:
        item["component"]["instance"] = of
    if instance is not None:
        item["variable"]["instance"] = instance
    if attribute is not None:
        item["attributeType"] = attribute
    return item


def got(item, view=None):
    result = receive("GetVariables", {"getVariableData": [item]}, view or FakeView()).payload["getVariableResult"]
    assert len(result) == 1
    assert result[0]["component"] == item["component"]
    assert result[0]["variable"] == item["variable"]
    assert result[0]["attributeType"] == item.get("attributeType", "Actual")
    return result[0]


@pytest.mark.spec("B06.FR.06", "B06.FR.07", "B06.FR.08", "B06.FR.09", "B06.FR.10", "B06.FR.13", "B06.FR.15")
@pytest.mark.parametrize(
    ("item", "status", "value"),
    [
        (named("OCPPCommCtrlr", "OfflineThreshold"), "Accepted", "60"),
        (named("ocppcommctrlr", "offlinethreshold"), "Accepted", "60"),
        (named("OCPPCommCtrlr", "MessageTimeout", instance="Default"), "Accepted", "30"),
        (named("OCPPCommCtrlr", "MessageTimeout"), "UnknownVariable", None),
        (named("OCPPCommCtrlr", "MessageTimeout", instance=""), "UnknownVariable", None),
        (named("OCPPCommCtrlr", "OfflineThreshold", instance="", of=""), "Accepted", "60"),
        (named("AuthCtrlr", "MasterPassGroupId"), "Accepted", ""),
        (named("SecurityCtrlr", "BasicAuthPassword"), "Rejected", None),
        (named("NoSuchCtrlr", "Enabled"), "UnknownComponent", None),
        (named("OCPPCommCtrlr", "NoSuch"), "UnknownVariable", None),
        (named("OCPPCommCtrlr", "OfflineThreshold", "Target"), "NotSupportedAttributeType", None),
        (named("EVSE", "AvailabilityState", evse=1), "Accepted", "Available"),
        (named("EVSE", "AvailabilityState", evse=9), "UnknownComponent", None),
        (named("Connector", "ConnectorType", evse=1, connector=1), "Accepted", "cType2"),
        (named("Connector", "ConnectorType", evse=1.0, connector=1.0), "Accepted", "cType2"),
    ],
)
def test_get_variables(item, status, value):
    result = got(item)
    assert (result["attributeStatus"], result.get("attributeValue")) == (status, value)


def test_write_only_says_why():
    assert got(named("SecurityCtrlr", "BasicAuthPassword"))["attributeStatusInfo"] == {"reasonCode": "WriteOnly"}


def test_several_variables_are_answered_in_order():
    items = [named("OCPPCommCtrlr", "OfflineThreshold"), named("X", "Y"), named("AuthCtrlr", "Enabled")]
    answer = receive("GetVariables", {"getVariableData": items}, FakeView())
    statuses = [result["attributeStatus"] for result in answer.payload["getVariableResult"]]
    assert statuses == ["Accepted", "UnknownComponent", "Accepted"]


def limits(message, *, items="100", size="65536"):
    def address(name):
        return Address("DeviceDataCtrlr", None, None, None, name, message)

    return FakeView(settings=(Setting(address("ItemsPerMessage"), items), Setting(address("BytesPerMessage"), size)))


ITEM = named("OCPPCommCtrlr", "OfflineThreshold")


@pytest.mark.spec("B06.FR.16", "B06.FR.17", "B05.FR.11", "B08.FR.17", "B08.FR.18")
@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ("GetVariables", {"getVariableData": [ITEM, ITEM]}),
        ("SetVariables", {"setVariableData": [{**ITEM, "attributeValue": "1"}] * 2}),
        ("GetReport", {"requestId": 1, "componentVariable": [ITEM, ITEM]}),
    ],
)
def test_requests_beyond_the_limits_are_refused(message, payload):
    many = receive(message, payload, limits(message, items="1"))
    assert isinstance(many, Refuse)
    assert many.code == "OccurrenceConstraintViolation"
    long = receive(message, payload, limits(message, size="100"))
    assert isinstance(long, Refuse)
    assert long.code == "FormatViolation"
    assert not isinstance(receive(message, payload, FakeView()), Refuse)


SET = {
    "setVariableData": [
        {**named("OCPPCommCtrlr", "OfflineThreshold"), "attributeValue": "5"},
        {**named("EVSE", "Power", "MaxSet", evse=1), "attributeValue": "11000"},
    ]
}


def test_set_variables_goes_to_the_core():
    assert deferred("SetVariables", SET, FakeView()) == SetVariables(
        REPLY,
        (
            (Address("OCPPCommCtrlr", None, None, None, "OfflineThreshold"), "Actual", "5"),
            (Address("EVSE", None, 1, None, "Power"), "MaxSet", "11000"),
        ),
    )


@pytest.mark.spec("B05.FR.01", "B05.FR.02", "B05.FR.03", "B05.FR.10", "B05.FR.12")
def test_set_variables_is_answered_item_by_item():
    view = FakeView()
    outcomes = (SetOutcome("Accepted", detail="5"), SetOutcome("Rejected", "ValueOutOfRange", "11000 is above 7400"))
    results = reply("SetVariables", SET, Outcome("Accepted", data=outcomes), view)["setVariableResult"]
    assert results[0] == {
        "attributeStatus": "Accepted",
        "attributeType": "Actual",
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "OfflineThreshold"},
    }
    assert results[1]["attributeType"] == "MaxSet"
    assert results[1]["attributeStatusInfo"] == {
        "reasonCode": "ValueOutOfRange",
        "additionalInfo": "11000 is above 7400",
    }


@pytest.mark.spec("B05.FR.04", "B05.FR.05", "B05.FR.06", "B05.FR.07", "B05.FR.08", "B05.FR.09", "B05.FR.10")
@pytest.mark.parametrize(
    ("item", "value", "status", "reason"),
    [
        (named("NoSuch", "Enabled"), "1", "UnknownComponent", None),
        (named("OCPPCommCtrlr", "NoSuch"), "1", "UnknownVariable", None),
        (named("OCPPCommCtrlr", "OfflineThreshold", "MinSet"), "1", "NotSupportedAttributeType", None),
        (named("OCPPCommCtrlr", "OfflineThreshold"), "many", "Rejected", "InvalidValue"),
        (named("OCPPCommCtrlr", "OfflineThreshold"), "-1", "Rejected", "ValueOutOfRange"),
        (named("ClockCtrlr", "DateTime"), "2026-01-01T00:00:00Z", "Rejected", "ReadOnly"),
        (named("OCPPCommCtrlr", "OfflineThreshold"), "5", "Accepted", None),
    ],
)
def test_what_the_variables_say_is_worded(item, value, status, reason):
    view = FakeView()
    payload = {"setVariableData": [{**item, "attributeValue": value}]}
    event = deferred("SetVariables", payload, view)
    outcomes = tuple(view.variables.set(address, text, attribute) for address, attribute, text in event.items)
    (result,) = reply("SetVariables", payload, Outcome("Accepted", data=outcomes), view)["setVariableResult"]
    assert result["attributeStatus"] == status
    assert result.get("attributeStatusInfo", {}).get("reasonCode") == reason


def test_a_secret_value_is_in_no_answer():
    view = FakeView()
    payload = {"setVariableData": [{**named("SecurityCtrlr", "BasicAuthPassword"), "attributeValue": "tiny secret!"}]}
    event = deferred("SetVariables", payload, view)
    outcomes = tuple(view.variables.set(address, text, attribute) for address, attribute, text in event.items)
    answer = reply("SetVariables", payload, Outcome("Accepted", data=outcomes), view)
    assert answer["setVariableResult"][0]["attributeStatus"] == "Rejected"
    assert "tiny secret!" not in str(answer)


def test_reboot_required_is_told():
    item = {"setVariableData": SET["setVariableData"][:1]}
    outcome = Outcome("Accepted", data=(SetOutcome("RebootRequired"),))
    (result,) = reply("SetVariables", item, outcome, FakeView())["setVariableResult"]
    assert result["attributeStatus"] == "RebootRequired"


def test_nothing_is_accepted_that_could_not_be_stored():
    results = reply("SetVariables", SET, STORE_FAILED, FakeView())["setVariableResult"]
    assert [result["attributeStatus"] for result in results] == ["Rejected", "Rejected"]
    assert {result["attributeStatusInfo"]["reasonCode"] for result in results} == {"InternalError"}


@pytest.mark.spec("B09.FR.02")
def test_network_profiles_are_refused():
    payload = {
        "configurationSlot": 2,
        "connectionData": {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "wss://csms.example/ocpp",
            "messageTimeout": 30,
            "securityProfile": 2,
            "ocppInterface": "Wired0",
        },
    }
    assert receive("SetNetworkProfile", payload, FakeView(FakeEvse())).payload["status"] == "Rejected"
