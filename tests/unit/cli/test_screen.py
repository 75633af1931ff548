"""The screen: what a user reads."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from time import tzset
from typing import Any

import pytest

from station.cli.screen import Header, Screen
from station.control.commandable import Event
from tests.support.fake_commandable import STATUS

FREE: dict[str, Any] = {"evses": [{"evse": 1, "connector": 1, "plugged": False, "status": "Available", "power_w": 0.0}]}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    tzset()
    yield
    monkeypatch.undo()
    tzset()


def event(name: str, second: float = 3.0, /, **data: Any) -> Event:
    return {"event": name, "data": data, "timestamp": f"2026-01-01T12:00:{second:06.3f}Z"}


def wire(second: float, direction: str, action: str, payload: Any, identity: str = "1") -> Event:
    return event("wire", second, direction=direction, action=action, messageId=identity, payload=payload)


def test_the_header_of_a_demo() -> None:
    header = Header(
        "embedded", "ws://127.0.0.1:41873/ocpp", "accepts every card", "OCPP 2.0.1", "http://127.0.0.1:38201"
    )
    assert Screen(keys=True).header(header, FREE) == [
        " CSMS     embedded  ws://127.0.0.1:41873/ocpp     accepts every card     OCPP 2.0.1",
        " Control  http://127.0.0.1:38201",
        " EVSE 1  Available     car: unplugged     keys: [p]lug [t]ap [f]ault [o]ffline [q]uit",
    ]


def test_with_several_connectors_the_header_says_how_to_choose_one() -> None:
    two = {"evses": [*FREE["evses"], *FREE["evses"]]}
    lines = Screen(keys=True).header(Header("", None, "", "", None), two)
    assert lines[2].endswith("[q]uit [1-2] connector")
    assert "keys" not in lines[3]


def test_the_header_without_csms_and_control_shows_warnings() -> None:
    header = Header("", None, "", "", None, ("not verified",))
    assert Screen().header(header, {}) == [" CSMS     none", " Control  off", " ! not verified"]


def test_the_boot_is_one_line_with_its_time() -> None:
    screen = Screen()
    assert screen.event(wire(3.0, ">", "BootNotification", {"reason": "PowerUp"})) == []
    answered = screen.event(wire(3.004, "<", "BootNotification", {"status": "Accepted"}))
    assert answered == ["12:00:03 > BootNotification       < Accepted  4 ms"]


def test_a_card_shows_what_the_csms_said() -> None:
    screen = Screen()
    screen.event(wire(7, ">", "Authorize", {"idToken": {"idToken": "04A1", "type": "ISO14443"}}))
    screen.event(wire(7, "<", "Authorize", {"idTokenInfo": {"status": "Accepted"}}))
    assert screen.event(event("token", 7, tagId="04A1", result="USED_TO_START", reason="Accepted")) == [
        "12:00:07 [t] card 04A1       Authorize < Accepted"
    ]
    assert screen.event(event("token", 8, tagId="04A1", result="REJECTED", reason="Blocked")) == [
        "12:00:08 [t] card 04A1       REJECTED  Blocked"
    ]


def test_the_wire_is_one_line_a_message_without_passwords() -> None:
    screen = Screen(wire=True)
    change = {"key": "AuthorizationKey", "value": "secret"}
    assert screen.event(wire(3, "<", "ChangeConfiguration", change)) == [
        '12:00:03 < ChangeConfiguration {"key":"AuthorizationKey","value":"***"}'
    ]
    assert screen.event(wire(3, ">", "ChangeConfiguration", {"status": "Accepted"})) == [
        '12:00:03 > ChangeConfiguration {"status":"Accepted"}'
    ]


def test_ids_of_both_sides_may_be_the_same() -> None:
    screen = Screen()
    screen.event(wire(1, ">", "BootNotification", {}))
    screen.event(wire(1, "<", "TriggerMessage", {}))
    assert screen.event(wire(2, "<", "BootNotification", {"status": "Pending"})) == [
        "12:00:01 > BootNotification       < Pending  1000 ms"
    ]


def test_charging_is_a_line_with_a_bar() -> None:
    screen = Screen()
    now = datetime(2026, 1, 1, 12, 0, 8, tzinfo=UTC)
    assert screen.progress(STATUS, now) == ["12:00:08 EVSE 1 Charging  10.9 kW  0.03 kWh"]
    screen.event(event("meter_value", connector=1, soc=36))
    assert screen.progress(STATUS, now) == ["12:00:08 EVSE 1 Charging  10.9 kW  #######-------------  36 %  0.03 kWh"]
    idle = deepcopy(STATUS)
    idle["evses"][0]["transaction"] = None  # type: ignore[index]
    assert screen.progress(idle, now) == []


def test_transactions_and_statuses() -> None:
    screen = Screen()
    started = event("transaction_started", connector=1, id="a", transactionId=None, tagId="04A1")
    assert screen.event(started) == ["12:00:03 EVSE 1 transaction started  card 04A1"]
    assert screen.event(started) == []
    assert screen.event(event("transaction_stopped", connector=1, id="a", reason="Local", energy_wh=30.0)) == [
        "12:00:03 EVSE 1 transaction ended: Local  0.03 kWh"
    ]
    assert screen.event(event("connector_status", connector=1, status="Faulted", errorCode="GroundFailure")) == [
        "12:00:03 EVSE 1 Faulted  GroundFailure"
    ]
    assert screen.event(event("unknown")) == []


def test_an_error_says_what_to_try_and_is_not_repeated() -> None:
    screen = Screen()
    failed = event(
        "error", message="ws://x: HTTP 401. The CSMS wants Basic Auth.", hint="station run --password-file F"
    )
    assert screen.event(failed) == [
        " x ws://x: HTTP 401. The CSMS wants Basic Auth.",
        "   try: station run --password-file F",
    ]
    assert screen.event(failed) == []
    screen.event(event("connected"))
    assert len(screen.event(failed)) == 2


def test_strangers_cannot_steer_the_terminal() -> None:
    line = Screen().event(event("token", tagId="\x1b[2Jx", result="REJECTED", reason="\x07"))[0]
    assert line.isprintable()


def test_card_numbers_are_masked_where_lines_are_kept() -> None:
    screen = Screen(masks=True)
    shown = [
        *screen.event(event("token", tagId="04A1B2C3D4E5F6", result="ACCEPTED", reason="")),
        *screen.event(event("transaction_started", connector=1, id="a", tagId="04A1B2C3D4E5F6")),
    ]
    assert all("card ***F6" in line and "04A1B2C3" not in line for line in shown)
