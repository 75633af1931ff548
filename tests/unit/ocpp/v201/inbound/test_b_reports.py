import pytest

from station.core.catalogue import DataType, Mutability
from station.core.variables import Address, Setting
from tests.support.fake_view import FakeEvse, FakeView
from tests.support.wire201 import obeys, receive

PART = Address("DeviceDataCtrlr", None, None, None, "ItemsPerMessage", "GetReport")


def ask(action, view=None, **payload):
    answer = receive(action, {"requestId": 42, **payload}, view or FakeView())
    parts = [obeys(call) for call in answer.calls]
    assert {call.action for call in answer.calls} <= {"NotifyReport"}
    assert {part["requestId"] for part in parts} <= {42}
    return answer.payload["status"], parts


def lines(parts):
    return [line for part in parts for line in part["reportData"]]


def names(parts):
    return {(line["component"]["name"], line["variable"]["name"]) for line in lines(parts)}


@pytest.mark.spec("B07.FR.01", "B07.FR.03", "B07.FR.07", "B07.FR.08", "B07.FR.09", "B07.FR.12")
@pytest.mark.parametrize(
    ("base", "contained", "absent"),
    [
        ("FullInventory", ("ClockCtrlr", "DateTime"), ("ReservationCtrlr", "Enabled")),
        ("ConfigurationInventory", ("OCPPCommCtrlr", "OfflineThreshold"), ("ClockCtrlr", "DateTime")),
        ("SummaryInventory", ("Connector", "AvailabilityState"), ("OCPPCommCtrlr", "OfflineThreshold")),
    ],
)
def test_base_reports(base, contained, absent):
    status, parts = ask("GetBaseReport", reportBase=base)
    assert status == "Accepted"
    assert contained in names(parts)
    assert absent not in names(parts)


@pytest.mark.spec("B07.FR.04", "B07.FR.10")
def test_parts_are_numbered_and_continued():
    view = FakeView(settings=(Setting(PART, "10"),))
    _, parts = ask("GetBaseReport", view, reportBase="FullInventory")
    assert len(parts) > 2
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {len(part["reportData"]) for part in parts[:-1]} == {10}
    assert {part["generatedAt"] for part in parts} == {"2026-01-01T00:00:00.000Z"}


def report_of(component, variable, view=None):
    item = {"component": {"name": component}, "variable": {"name": variable}}
    status, parts = ask("GetReport", view, componentVariable=[item])
    assert status == "Accepted"
    return lines(parts)


@pytest.mark.spec("B08.FR.12", "B07.FR.11")
def test_a_line_has_attributes_and_characteristics():
    assert report_of("OCPPCommCtrlr", "OfflineThreshold") == [
        {
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "OfflineThreshold"},
            "variableAttribute": [
                {"type": "Actual", "value": "60", "mutability": "ReadWrite", "persistent": True, "constant": False}
            ],
            "variableCharacteristics": {
                "dataType": "integer",
                "supportsMonitoring": False,
                "unit": "s",
                "minLimit": 0,
                "maxLimit": 2147483647,
            },
        }
    ]


def test_write_only_has_no_value_and_texts_no_minimum():
    (line,) = report_of("SecurityCtrlr", "BasicAuthPassword")
    (attribute,) = line["variableAttribute"]
    assert "value" not in attribute
    assert attribute["mutability"] == "WriteOnly"
    assert "minLimit" not in line["variableCharacteristics"]
    assert line["variableCharacteristics"]["maxLimit"] == 40


def test_an_unset_value_is_an_empty_text():
    (line,) = report_of("AuthCtrlr", "MasterPassGroupId")
    assert line["variableAttribute"][0]["value"] == ""


def test_values_list_is_cut_after_a_whole_value():
    words = tuple(f"value{number:03d}" for number in range(150))
    address = Address("Acme", None, None, None, "Mode")
    setting = Setting(address, words[0], type=DataType.OPTION_LIST, values=words, mutability=Mutability.READ_WRITE)
    (line,) = report_of("Acme", "Mode", FakeView(settings=(setting,)))
    listed = line["variableCharacteristics"]["valuesList"]
    assert len(listed) <= 1000
    assert set(listed.split(",")) < set(words)


@pytest.mark.spec("B08.FR.20", "B08.FR.21", "B08.FR.22", "B08.FR.23")
@pytest.mark.parametrize(
    ("item", "places"),
    [
        ({"component": {"name": "Connector"}, "variable": {"name": "ConnectorType"}}, [(1, 1), (1, 2), (2, 1)]),
        (
            {"component": {"name": "Connector", "evse": {"id": 1}}, "variable": {"name": "ConnectorType"}},
            [(1, 1), (1, 2)],
        ),
        (
            {
                "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 2}},
                "variable": {"name": "ConnectorType"},
            },
            [(1, 2)],
        ),
    ],
)
def test_what_is_not_named_is_any(item, places):
    view = FakeView(FakeEvse(1, (1, 2)), FakeEvse(2))
    _, parts = ask("GetReport", view, componentVariable=[item])
    assert [
        (line["component"]["evse"]["id"], line["component"]["evse"]["connectorId"]) for line in lines(parts)
    ] == places


def test_instances_are_reported():
    found = report_of("DeviceDataCtrlr", "ItemsPerMessage")
    assert {line["variable"]["instance"] for line in found} == {"GetReport", "GetVariables", "SetVariables"}
    component = {"component": {"name": "DeviceDataCtrlr"}}
    _, parts = ask("GetReport", componentVariable=[component])
    assert len({line["variable"]["name"] for line in lines(parts)}) > 1


@pytest.mark.spec("B08.FR.05", "B08.FR.09", "B08.FR.15")
def test_criteria():
    view = FakeView()
    view.variables.set("AuthCacheCtrlr.Enabled", "false")
    status, parts = ask("GetReport", view, componentCriteria=["Enabled"])
    assert status == "Accepted"
    components = {line["component"]["name"] for line in lines(parts)}
    assert "AuthCtrlr" in components
    assert "AuthCacheCtrlr" not in components
    item = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
    assert ask("GetReport", view, componentCriteria=["Available"], componentVariable=[item])[0] == "Accepted"
    assert ask("GetReport", view, componentCriteria=["Problem"], componentVariable=[item]) == ("EmptyResultSet", [])


def test_nothing_found_is_an_empty_result_set():
    item = {"component": {"name": "NoSuchCtrlr"}}
    assert ask("GetReport", componentVariable=[item]) == ("EmptyResultSet", [])
