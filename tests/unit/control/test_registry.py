"""What the table of commands takes and refuses (docs/control.md)."""

from __future__ import annotations

from typing import Any

import pytest

from station.control.commandable import CommandRefused
from station.control.registry import COMMANDS, UnknownCommand, checked

INTERFACE = """
status connect disconnect go_offline come_online drop_connection plug_in unplug tap ev_suspend ev_resume ev_not_ready
bay_occupied bay_free fault clear_fault contactor_fault meter_fault reader_fault lock_failure select_evse withdraw
start_transaction stop_transaction authorize set_meter_value send_meter_value heartbeat diagnostics_status_notification
firmware_status_notification power_cycle reboot set_config delete_config cache_put local_list_put send_ocpp
"""


def test_every_command_of_the_interface_and_no_other() -> None:
    assert sorted(COMMANDS) == sorted(INTERFACE.split())


@pytest.mark.parametrize(
    ("name", "given", "normal"),
    [
        ("status", {}, {}),
        ("plug_in", {}, {"ready": True}),
        ("plug_in", {"connector": 2.0, "soc": 35, "ready": False}, {"connector": 2, "soc": 35.0, "ready": False}),
        ("unplug", {"evse": 1, "evse_connector": 2}, {"evse": 1, "evse_connector": 2, "side": "both"}),
        ("tap", {"tagId": "00123456"}, {"tagId": "00123456", "tokenType": "ISO14443"}),
        ("tap", {"tagId": "A", "connector": None}, {"tagId": "A", "tokenType": "ISO14443"}),
        ("fault", {"connector": 1}, {"connector": 1, "errorCode": "OtherError"}),
        ("clear_fault", {}, {}),
        ("lock_failure", {}, {"on": True}),
        ("stop_transaction", {}, {"reason": "Local"}),
        ("power_cycle", {}, {"reason": "PowerLoss"}),
        ("reboot", {"type": "Hard"}, {"type": "Hard"}),
        ("set_config", {"key": "K", "value": ""}, {"key": "K", "value": ""}),
        ("set_config", {"key": "K", "value": 10}, {"key": "K", "value": "10"}),
        ("set_config", {"key": "K", "value": True}, {"key": "K", "value": "true"}),
        ("send_ocpp", {"action": "Heartbeat"}, {"action": "Heartbeat", "payload": {}}),
        ("cache_put", {"tagId": "A", "status": "Blocked"}, {"tagId": "A", "status": "Blocked"}),
        ("send_meter_value", {}, {}),
    ],
)
def test_normal_form(name: str, given: dict[str, Any], normal: dict[str, Any]) -> None:
    assert checked(name, given) == {"timeout": 30, **normal}


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("tap", {}, "tap needs tagId: the card's number"),
        ("tap", {"tagId": 12}, "tagId must be a text, not 12"),
        ("tap", {"tagId": ""}, "tagId is empty"),
        ("tap", {"tagID": "A"}, "tap has no parameter \"tagID\"; did you mean 'tagId'?"),
        ("status", {"x": 1}, 'status has no parameter "x"'),
        ("plug_in", {"connector": 0}, "connector is 0, and must be at least 1"),
        ("plug_in", {"connector": "1"}, 'connector must be a whole number, not "1"'),
        ("plug_in", {"connector": True}, "connector must be a whole number, not true"),
        ("plug_in", {"connector": 1.5}, "connector must be a whole number, not 1.5"),
        ("plug_in", {"soc": 101}, "soc is 101, and must be at most 100"),
        ("plug_in", {"soc": float("nan")}, "soc must be a number, not NaN"),
        ("plug_in", {"ready": 1}, "ready must be true or false, not 1"),
        ("plug_in", {"connector": 1, "evse": 1}, "plug_in takes connector or evse, not both"),
        ("plug_in", {"evse_connector": 1}, "plug_in: evse_connector stands beside evse"),
        ("fault", {"errorCode": "otherError"}, "errorCode cannot be \"otherError\"; did you mean 'OtherError'?"),
        ("contactor_fault", {}, "contactor_fault needs kind: what the part does"),
        ("contactor_fault", {"kind": "lost"}, 'kind cannot be "lost"'),
        ("send_ocpp", {"action": "X", "payload": []}, "payload must be an object, not []"),
        ("plug_in", {"connector": 10**400}, f"connector must be a whole number, not 1{'0' * 59}…"),
        ("tap", {"tagId": "A", "timeout": -1}, "timeout is -1, and must be at least 0"),
        ("tap", {"tagId": "A", "tokenType": "ISO14434"}, "tokenType cannot be \"ISO14434\"; did you mean 'ISO14443'?"),
        ("tap", {"tagId": "x" * 20_000}, "tagId is longer than 10000 characters"),
    ],
)
def test_refusals_say_what(name: str, given: dict[str, Any], error: str) -> None:
    with pytest.raises(CommandRefused) as caught:
        checked(name, given)
    assert caught.value.message == error


def test_an_unknown_command_gets_a_suggestion() -> None:
    with pytest.raises(UnknownCommand, match="unknown command \"plugin\"; did you mean 'plug_in'\\?"):
        checked("plugin", {})


def test_schemas_describe_the_same() -> None:
    schema = COMMANDS["unplug"].schema()
    assert schema["properties"]["side"]["enum"] == ["ev", "station", "both"]
    assert schema["additionalProperties"] is False
    assert COMMANDS["set_config"].schema()["required"] == ["key", "value"]
