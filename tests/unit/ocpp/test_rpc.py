"""Calls in both directions, in virtual time, and what goes back on bad input in each version."""

from __future__ import annotations

import itertools
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from station.ocpp.rpc import Answered, Failed, Inbound, OutgoingInvalid, Rpc, RpcEvent, Send
from station.ocpp.rules import RULES, RULES_16, RULES_21, RULES_201, ErrorKind, WireRules

TIMEOUT_S = 30.0


def connected_rpc(rules: WireRules = RULES_16, supported: Callable[[str], bool] | None = None) -> Rpc:
    numbers = itertools.count(1)
    rpc = Rpc(rules, lambda: f"our-{next(numbers)}", supported)
    rpc.connected()
    return rpc


def sent(events: list[RpcEvent]) -> list[Any] | None:
    """Read the one CALLERROR that a message caused; None if it caused nothing at all."""
    if not events:
        return None
    (event,) = events
    assert isinstance(event, Send)
    message: list[Any] = json.loads(event.text)
    assert len(message) == 5
    assert message[0] == 4
    assert isinstance(message[3], str)
    assert len(message[3]) <= 255
    assert message[4] == {}
    return message


def inbound(events: list[RpcEvent]) -> Inbound:
    (event,) = events
    assert isinstance(event, Inbound)
    return event


def call_text(action: str, payload: object, message_id: str = "c1") -> str:
    return json.dumps([2, message_id, action, payload])


# The obligations on bad input: (message, code of 1.6, code of 2.x); None: nothing goes back. A code is
# told under the id of the CALL ("c1"), or under "-1" where the tuple says so.
IGNORED_OR_FRAMEWORK = (None, ("-1", "RpcFrameworkError"))
BROKEN = (("c1", "FormationViolation"), ("c1", "RpcFrameworkError"))
SYNTAX = (("c1", "FormationViolation"), ("c1", "FormatViolation"))
UNKNOWN_TYPE = (None, ("c1", "MessageTypeNotSupported"))
SILENT = (None, None)

FRAMES: list[tuple[str | bytes, tuple[Any, Any]]] = [
    ("hello", IGNORED_OR_FRAMEWORK),
    ("", IGNORED_OR_FRAMEWORK),
    ("{}", IGNORED_OR_FRAMEWORK),
    ("[]", IGNORED_OR_FRAMEWORK),
    ("[2]", IGNORED_OR_FRAMEWORK),
    ('[2,5,"Reset",{}]', IGNORED_OR_FRAMEWORK),
    ('[2,"","Reset",{}]', IGNORED_OR_FRAMEWORK),
    ('[2,"c1","Reset",{', IGNORED_OR_FRAMEWORK),
    (b'[2,"c1","Reset",{}]', IGNORED_OR_FRAMEWORK),
    ("[" * 2000, IGNORED_OR_FRAMEWORK),
    ("x" * 300_000, IGNORED_OR_FRAMEWORK),
    ('[9,"c1","Reset",{}]', UNKNOWN_TYPE),
    ('["c","c1"]', UNKNOWN_TYPE),
    ('[2,"c1"]', BROKEN),
    ('[2,"c1","Reset"]', BROKEN),
    ('[2,"c1","Reset",{},{}]', BROKEN),
    ('[2,"c1",["x"],{}]', BROKEN),
    ('[2,"c1","Reset",[]]', BROKEN),
    ('[2,"c1","Reset",null]', BROKEN),
    ('[2,"c1","Reset",{"type":NaN}]', SYNTAX),
    ('[2,"c1","Reset",{"type":-Infinity}]', SYNTAX),
    ('[2,"c1","Reset",{"type":1e999}]', SYNTAX),
    ('[2,"c1","Reset",{"type":"\\ud800"}]', SYNTAX),
    ('[2,"c1","Reset",{"type":' + "9" * 50 + "}]", SYNTAX),
    ('[2,"c1","Reset",{"type":' + "[" * 50 + "]" * 50 + "}]", SYNTAX),
    ('[2,"c1","Reset",{"type":"' + "x" * 300_000 + '"}]', SYNTAX),
    ('[3,"c1",{}]', SILENT),
    ('[3,"c1",[]]', SILENT),
    ('[3,"c1"]', SILENT),
    ("[3]", SILENT),
    ("[3,7,{}]", SILENT),
    ('[3,"c1",{"a":NaN}]', SILENT),
    ('[3,"c1",{', SILENT),
    ('[4,"c1","GenericError","",{}]', SILENT),
    ('[4,"c1",{}]', SILENT),
    ('[4,"-1","RpcFrameworkError","",{}]', SILENT),
    ('[4,"c1', SILENT),
    ("[4]", SILENT),
    ('[5,"c1","FormatViolation","",{}]', SILENT),
    ('[5,"c1"]', SILENT),
    ('[2,"-1","Reset"]', SILENT),
    ('[2,"-1","Nonsense",{}]', SILENT),
    ('[9,"-1"]', SILENT),
]


@pytest.mark.parametrize(("data", "expected"), FRAMES)
@pytest.mark.parametrize("rules", [RULES_16, RULES_201, RULES_21], ids=lambda rules: rules.version)
def test_a_bad_frame_is_answered_by_the_rules(data: str | bytes, expected: tuple[Any, Any], rules: WireRules) -> None:
    rpc = connected_rpc(rules)
    answer = sent(rpc.receive(data))
    wanted = expected[0] if rules is RULES_16 else expected[1]
    assert (None if answer is None else tuple(answer[1:3])) == wanted
    assert inbound(rpc.receive(call_text("ClearCache", {}))).action == "ClearCache"


PROFILE_16 = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 21.4}]},
    },
}

PAYLOADS: list[tuple[str, str, dict[str, Any], str | None]] = [
    ("1.6", "SetChargingProfile", PROFILE_16, None),
    ("1.6", "SignedUpdateFirmware", {}, "OccurenceConstraintViolation"),
    ("1.6", "Nonsense", {}, "NotImplemented"),
    ("1.6", "GetBaseReport", {}, "NotImplemented"),
    ("1.6", "reset", {}, "NotImplemented"),
    ("1.6", "ReserveNow", {}, "NotSupported"),
    ("1.6", "BootNotification", {}, "NotSupported"),
    ("1.6", "Reset", {}, "OccurenceConstraintViolation"),
    ("1.6", "Reset", {"type": 1}, "TypeConstraintViolation"),
    ("1.6", "Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
    ("1.6", "Reset", {"type": "Soft", "extra": 1}, "FormationViolation"),
    ("1.6", "RemoteStartTransaction", {"idTag": "x" * 21}, "PropertyConstraintViolation"),
    ("1.6", "UpdateFirmware", {"location": "x", "retrieveDate": "2026-01-01T00:00:00Z"}, "PropertyConstraintViolation"),
    ("1.6", "UpdateFirmware", {"location": "http://x", "retrieveDate": "soon"}, "PropertyConstraintViolation"),
    ("1.6", "Reset", {"extra": 1}, "OccurenceConstraintViolation"),
    ("1.6", "Reset", {"type": 1, "extra": 1}, "FormationViolation"),
    ("2.0.1", "Reset", {"type": "OnIdle", "customData": {"vendorId": "v", "a_b": None}}, None),
    ("2.0.1", "Nonsense", {}, "NotImplemented"),
    ("2.0.1", "RemoteStartTransaction", {}, "NotImplemented"),
    ("2.0.1", "ReserveNow", {}, "NotSupported"),
    ("2.0.1", "Reset", {}, "OccurrenceConstraintViolation"),
    ("2.0.1", "GetVariables", {"getVariableData": []}, "OccurrenceConstraintViolation"),
    ("2.0.1", "Reset", {"type": 1}, "TypeConstraintViolation"),
    ("2.0.1", "Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
    ("2.0.1", "Reset", {"type": "OnIdle", "extra": 1}, "FormatViolation"),
    ("2.0.1", "ChangeAvailability", {"evse": {"id": "1", "x": 1}}, "OccurrenceConstraintViolation"),
    ("2.1", "Reset", {"type": "ImmediateAndResume"}, None),
    ("2.1", "Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
]


@pytest.mark.parametrize(("version", "action", "payload", "code"), PAYLOADS)
def test_a_call_is_handed_on_or_refused(version: Any, action: str, payload: dict[str, Any], code: str | None) -> None:
    rpc = connected_rpc(RULES[version], lambda name: name not in {"ReserveNow", "BootNotification"})
    events = rpc.receive(call_text(action, payload))
    if code is None:
        assert inbound(events) == Inbound(1, action, payload, "c1")
        assert rpc.unanswered == 1
    else:
        answer = sent(events)
        assert answer is not None
        assert answer[1:3] == ["c1", code]
        assert rpc.unanswered == 0


def test_a_long_id_is_told_under_the_same_id() -> None:
    message = json.dumps([2, "i" * 37, "ClearCache", {}])
    assert sent(connected_rpc(RULES_16).receive(message))[:3] == [4, "i" * 37, "FormationViolation"]  # type: ignore[index]
    assert sent(connected_rpc(RULES_201).receive(message))[:3] == [4, "i" * 37, "RpcFrameworkError"]  # type: ignore[index]


def test_a_send_is_known_to_2_1_only_and_never_answered_there() -> None:
    text = json.dumps([6, "s", "NotifyPeriodicEventStream", {}])
    for message in (text, '[6,"s"]'):
        assert sent(connected_rpc(RULES_16).receive(message)) is None
        assert sent(connected_rpc(RULES_21).receive(message)) is None
        assert sent(connected_rpc(RULES_201).receive(message))[1:3] == ["s", "MessageTypeNotSupported"]  # type: ignore[index]


def test_an_error_tells_nothing_of_the_payload() -> None:
    rpc = connected_rpc()
    (event,) = rpc.receive(call_text("ChangeConfiguration", {"key": "AuthorizationKey", "value": 7, "pw": "Sesame"}))
    assert isinstance(event, Send)
    assert "Sesame" not in event.text
    assert "AuthorizationKey" not in event.text


@pytest.mark.parametrize(
    ("kind", "code_16"), [(ErrorKind.FORMAT, "FormationViolation"), (ErrorKind.SECURITY, "SecurityError")]
)
def test_error_kinds_are_spelt_as_the_version_does(kind: ErrorKind, code_16: str) -> None:
    assert RULES_16.code(kind) == code_16
    assert RULES_201.code(kind) == kind.value
    assert RULES_16.code("Vendor") == "Vendor"


@pytest.mark.parametrize("rules", list(RULES.values()), ids=lambda rules: rules.version)
def test_every_kind_has_a_spelling(rules: WireRules) -> None:
    assert set(rules.codes) == set(ErrorKind)


# Our answers


def test_accept_writes_the_result_once() -> None:
    rpc = connected_rpc()
    call = inbound(rpc.receive(call_text("Reset", {"type": "Soft"})))
    assert json.loads(rpc.accept(call.token, {"status": "Accepted"}) or "") == [3, "c1", {"status": "Accepted"}]
    assert rpc.accept(call.token, {"status": "Accepted"}) is None
    assert rpc.refuse(call.token, ErrorKind.GENERIC) is None
    assert rpc.accept(999, {}) is None


@pytest.mark.parametrize(
    "payload", [{}, {"status": "Perhaps"}, {"status": 1}, {"status": object()}, {"status": "\ud800"}]
)
def test_an_answer_of_ours_that_breaks_the_schema_is_an_internal_error(
    payload: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    rpc = connected_rpc()
    call = inbound(rpc.receive(call_text("Reset", {"type": "Soft"})))
    with caplog.at_level(logging.ERROR):
        assert json.loads(rpc.accept(call.token, payload) or "")[:3] == [4, "c1", "InternalError"]
    assert "Reset" in caplog.text
    assert "Perhaps" not in caplog.text
    assert rpc.unanswered == 0


def test_an_answer_that_json_cannot_express_is_an_internal_error() -> None:
    rpc = connected_rpc(RULES_201)
    call = inbound(rpc.receive(call_text("DataTransfer", {"vendorId": "v"})))
    assert json.loads(rpc.accept(call.token, {"status": "Accepted", "data": "\ud800"}) or "")[2] == "InternalError"


def test_refuse_and_drop() -> None:
    rpc = connected_rpc()
    first = inbound(rpc.receive(call_text("Reset", {"type": "Soft"}, "a")))
    second = inbound(rpc.receive(call_text("Reset", {"type": "Soft"}, "b")))
    text = rpc.refuse(second.token, ErrorKind.OCCURRENCE, "x" * 300)
    assert json.loads(text or "") == [4, "b", "OccurenceConstraintViolation", "x" * 255, {}]
    rpc.drop(first.token)
    rpc.drop(first.token)
    assert rpc.accept(first.token, {"status": "Accepted"}) is None
    assert rpc.unanswered == 0


def test_the_id_minus_one_is_answered_but_never_refused() -> None:
    rpc = connected_rpc(RULES_201)
    first = inbound(rpc.receive(call_text("ClearCache", {}, "-1")))
    assert json.loads(rpc.accept(first.token, {"status": "Accepted"}) or "")[1] == "-1"
    second = inbound(rpc.receive(call_text("ClearCache", {}, "-1")))
    assert rpc.refuse(second.token, ErrorKind.INTERNAL) is None


def test_answers_go_out_in_any_order() -> None:
    rpc = connected_rpc()
    calls = [inbound(rpc.receive(call_text("ClearCache", {}, name))) for name in "abc"]
    ids = [json.loads(rpc.accept(call.token, {"status": "Accepted"}) or "")[1] for call in reversed(calls)]
    assert ids == ["c", "b", "a"]


@pytest.mark.parametrize(("rules", "code"), [(RULES_16, "GenericError"), (RULES_201, "RpcFrameworkError")])
def test_an_id_that_is_being_handled_is_refused(rules: WireRules, code: str) -> None:
    rpc = connected_rpc(rules)
    call = inbound(rpc.receive(call_text("ClearCache", {})))
    assert sent(rpc.receive(call_text("ClearCache", {})))[1:3] == ["c1", code]  # type: ignore[index]
    assert rpc.accept(call.token, {"status": "Accepted"}) is not None
    assert inbound(rpc.receive(call_text("ClearCache", {}))).token != call.token


def test_a_flood_of_calls_is_bounded() -> None:
    rpc = connected_rpc(replace(RULES_16, max_unanswered=3))
    calls = [inbound(rpc.receive(call_text("ClearCache", {}, str(number)))) for number in range(3)]
    for number in range(3, 50):
        assert sent(rpc.receive(call_text("ClearCache", {}, str(number))))[1:3] == [str(number), "GenericError"]  # type: ignore[index]
    assert rpc.unanswered == 3
    rpc.accept(calls[0].token, {"status": "Accepted"})
    assert inbound(rpc.receive(call_text("ClearCache", {}, "again")))


def test_tokens_end_with_their_connection() -> None:
    rpc = connected_rpc()
    old = inbound(rpc.receive(call_text("ClearCache", {})))
    assert rpc.disconnected() == []
    rpc.connected()
    new = inbound(rpc.receive(call_text("ClearCache", {})))
    assert rpc.accept(old.token, {"status": "Accepted"}) is None
    assert rpc.refuse(old.token, ErrorKind.INTERNAL) is None
    assert rpc.accept(new.token, {"status": "Accepted"}) is not None


# Our calls


def test_a_call_and_its_answer() -> None:
    rpc = connected_rpc()
    text = rpc.call("ref", "Heartbeat", {}, 10.0, TIMEOUT_S)
    assert json.loads(text) == [2, "our-1", "Heartbeat", {}]
    assert rpc.busy
    assert rpc.due_s == 40.0
    answer = {"currentTime": "2026-01-01T00:00:00Z"}
    events = rpc.receive(json.dumps([3, "our-1", answer]))
    assert events == [Answered("ref", "Heartbeat", answer)]
    assert not rpc.busy
    assert rpc.due_s is None
    assert rpc.tick(100.0) == []
    assert json.loads(rpc.call("next", "Heartbeat", {}, 11.0, TIMEOUT_S))[1] == "our-2"


def test_one_call_at_a_time_and_calls_to_us_in_between() -> None:
    rpc = connected_rpc()
    rpc.call("ref", "Heartbeat", {}, 0.0, TIMEOUT_S)
    with pytest.raises(RuntimeError):
        rpc.call("other", "Heartbeat", {}, 0.0, TIMEOUT_S)
    call = inbound(rpc.receive(call_text("ClearCache", {}, "our-1")))
    assert rpc.accept(call.token, {"status": "Accepted"}) is not None
    assert rpc.busy


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("StatusNotification", {"connectorId": 1}),
        ("Nonsense", {}),
        ("DataTransfer", {"vendorId": "\ud800"}),
        ("DataTransfer", {"vendorId": object()}),
        ("DataTransfer", {1: 2}),
    ],
)
def test_a_call_of_ours_that_breaks_the_schema_is_not_sent(action: str, payload: dict[str, Any]) -> None:
    rpc = connected_rpc()
    with pytest.raises(OutgoingInvalid, match=action):
        rpc.call("ref", action, payload, 0.0, TIMEOUT_S)
    assert not rpc.busy
    assert rpc.call("ref", "Heartbeat", {}, 0.0, TIMEOUT_S)


def test_a_time_out_and_the_late_answer() -> None:
    rpc = connected_rpc()
    rpc.call("ref", "Heartbeat", {}, 100.0, TIMEOUT_S)
    assert rpc.tick(129.9) == []
    assert rpc.tick(130.0) == [Failed("ref", "Heartbeat", "Timeout", "", "")]
    assert rpc.tick(130.0) == []
    late = json.dumps([3, "our-1", {"currentTime": "2026-01-01T00:00:00Z"}])
    assert rpc.receive(late) == []
    rpc.call("next", "Heartbeat", {}, 132.0, TIMEOUT_S)
    assert rpc.receive(late) == []
    assert rpc.busy


def test_an_answer_before_the_tick_counts() -> None:
    rpc = connected_rpc()
    rpc.call("ref", "StatusNotification", STATUS, 0.0, TIMEOUT_S)
    assert rpc.receive('[3,"our-1",{}]') == [Answered("ref", "StatusNotification", {})]


STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


@pytest.mark.parametrize(
    "message",
    [
        '[3,"our-9",{}]',
        '[4,"our-9","GenericError","",{}]',
        '[4,"-1","RpcFrameworkError","",{}]',
        '[5,"our-1","X","",{}]',
        "hello",
    ],
)
def test_what_is_not_the_answer_leaves_the_call_alone(message: str) -> None:
    rpc = connected_rpc()
    rpc.call("ref", "StatusNotification", STATUS, 0.0, TIMEOUT_S)
    assert rpc.receive(message) == []
    assert rpc.receive('[3,"our-1",{}]') == [Answered("ref", "StatusNotification", {})]
    assert rpc.receive('[3,"our-1",{}]') == []


@pytest.mark.parametrize(
    ("message", "code", "description"),
    [
        ('[4,"our-1","SecurityError","no",{"a":1}]', "SecurityError", "no"),
        ('[4,"our-1","Whatever"]', "Whatever", ""),
        ('[4,"our-1","InternalError",null,null]', "InternalError", ""),
    ],
)
def test_a_refusal(message: str, code: str, description: str) -> None:
    rpc = connected_rpc()
    rpc.call("ref", "Heartbeat", {}, 0.0, TIMEOUT_S)
    assert rpc.receive(message) == [Failed("ref", "Heartbeat", "CallError", code, description)]
    assert not rpc.busy


@pytest.mark.parametrize(
    "message",
    [
        '[3,"our-1",{}]',
        '[3,"our-1",null]',
        '[3,"our-1",{"idTagInfo":{"status":"accepted"}}]',
        '[3,"our-1",{"idTagInfo":{"status":"Accepted"},"extra":1}]',
        '[3,"our-1",{"idTagInfo":{"status":"Accepted","expiryDate":"never"}}]',
        '[3,"our-1",{"idTagInfo":{"status":"Accepted"}},1]',
        '[3,"our-1",[]]',
        '[3,"our-1"]',
        '[3,"our-1",{"idTagInfo":NaN}]',
        '[3,"our-1",{"idTagInfo":{"sta',
        '[4,"our-1",{"status":"Accepted"}]',
        '[4,"our-1"]',
    ],
)
def test_a_broken_answer_fails_the_call_at_once(message: str) -> None:
    rpc = connected_rpc()
    rpc.call("ref", "Authorize", {"idTag": "A"}, 0.0, TIMEOUT_S)
    (event,) = rpc.receive(message)
    assert isinstance(event, Failed)
    assert (event.ref, event.cause, event.code) == ("ref", "InvalidAnswer", "")
    assert event.description
    assert not rpc.busy


def test_a_lost_connection_fails_the_call() -> None:
    rpc = connected_rpc()
    rpc.call("ref", "Heartbeat", {}, 0.0, TIMEOUT_S)
    assert rpc.disconnected() == [Failed("ref", "Heartbeat", "Disconnected", "", "")]
    assert not rpc.busy
    assert rpc.due_s is None
    assert rpc.disconnected() == []
    rpc.connected()
    assert rpc.receive('[3,"our-1",{"currentTime":"2026-01-01T00:00:00Z"}]') == []


def test_without_a_connection_nothing_is_called_or_received() -> None:
    rpc = Rpc(RULES_16, lambda: "x")
    assert not rpc.is_connected
    with pytest.raises(RuntimeError):
        rpc.call("ref", "Heartbeat", {}, 0.0, TIMEOUT_S)
    assert rpc.receive(call_text("ClearCache", {})) == []


def test_a_connection_that_is_heard_is_alive() -> None:
    """Also within the same tick of the clock; what was heard before the call says nothing."""
    rpc = connected_rpc()
    for heard_before, heard_after in ((False, False), (True, False), (True, True), (False, True)):
        if heard_before:
            rpc.receive("hello")
        rpc.call("ref", "Heartbeat", {}, 7.0, TIMEOUT_S)
        if heard_after:
            rpc.receive("hello")
        (failed,) = rpc.tick(7.0 + TIMEOUT_S)
        assert isinstance(failed, Failed) and failed.heard is heard_after


def test_an_rpc_is_small_and_does_not_grow() -> None:
    rpc = connected_rpc()
    assert not hasattr(rpc, "__dict__")
    for number in range(500):
        rpc.receive(f'[3,"x{number}",{{}}]')
        rpc.receive(f'[4,"x{number}","GenericError","",{{}}]')
        rpc.receive(call_text("Nonsense", {}, str(number)))
    size = sys.getsizeof(rpc) + sum(sys.getsizeof(getattr(rpc, slot)) for slot in ("_pending", "_outstanding"))
    assert size < 1000


def test_what_somebody_tries_is_sent_as_it_is_and_its_answer_taken() -> None:
    rpc = connected_rpc()
    for action, payload, answer in (("Nonsense", {"a": 1}, {"b": 2}), ("Heartbeat", {"extra": 1}, {"no": "time"})):
        text = json.loads(rpc.call("ref", action, payload, 0.0, TIMEOUT_S, checked=False))
        assert text[2:] == [action, payload]
        (answered,) = rpc.receive(json.dumps([3, text[1], answer]))
        assert isinstance(answered, Answered) and answered.payload == answer


def test_an_answer_with_null_for_absent_members_is_understood() -> None:
    rpc = Rpc(RULES_201, iter(("m1", "m2")).__next__)
    rpc.connected()
    rpc.call("ref", "Authorize", {"idToken": {"idToken": "AA", "type": "ISO14443"}}, 0.0, 30.0)
    answer = '[3,"m1",{"idTokenInfo":{"status":"Accepted","groupIdToken":null},"certificateStatus":null}]'
    (event,) = rpc.receive(answer)
    assert isinstance(event, Answered)
    assert event.payload == {"idTokenInfo": {"status": "Accepted"}}


@pytest.mark.parametrize("rules", [RULES_16, RULES_201])
@pytest.mark.parametrize("text", ["{", "[]", '[2,"1"]', '[2,"1","Reset",{"type":7}]', '[7,"1",{}]', b"\x00"])
def test_the_first_message_that_is_no_ocpp_is_remembered_until_the_next_connection(
    rules: WireRules, text: str | bytes
) -> None:
    rpc = connected_rpc(rules)
    assert rpc.invalid == ""
    rpc.receive(text)
    first = rpc.invalid
    assert first
    rpc.receive('[2,"2","Reset",{}]')
    assert rpc.invalid == first
    rpc.disconnected()
    rpc.connected()
    assert rpc.invalid == ""


@pytest.mark.parametrize("text", ['[2,"1","NoSuchMessage",{}]', '[3,"unasked",{}]', '[2,"1","ClearCache",{}]'])
def test_what_is_ocpp_is_not_invalid(text: str) -> None:
    rpc = connected_rpc()
    rpc.receive(text)
    assert rpc.invalid == ""
