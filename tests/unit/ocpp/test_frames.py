"""Any text is a frame or a FrameError; frames become text."""

from __future__ import annotations

import json
import time

import pytest

from station.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    FrameError,
    FrameErrorKind,
    Limits,
    SendCall,
    encode_call,
    encode_error,
    encode_result,
    parse,
)

K = FrameErrorKind


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('[2,"1","Heartbeat",{}]', Call("1", "Heartbeat", {})),
        (' [ 2 , "1" , "Reset" , {"type":"Soft"} ] ', Call("1", "Reset", {"type": "Soft"})),
        ('[3,"1",{"a":1}]', CallResult("1", {"a": 1})),
        ('[3,"1",null]', CallResult("1", {})),
        ('[4,"1","GenericError","why",{"a":1}]', CallError("1", "GenericError", "why", {"a": 1})),
        ('[4,"1","GenericError"]', CallError("1", "GenericError", "", {})),
        ('[4,"1","GenericError",null,null]', CallError("1", "GenericError", "", {})),
        ('[5,"1","FormatViolation","",{}]', CallResultError("1", "FormatViolation", "", {})),
        ('[6,"1","NotifyPeriodicEventStream",{}]', SendCall("1", "NotifyPeriodicEventStream", {})),
        ('[2,"1","A",{"a":1,"a":2}]', Call("1", "A", {"a": 2})),
        ('[2,"1","A",{"a":"\\u0000"}]', Call("1", "A", {"a": "\0"})),
        ('[2,"' + "i" * 36 + '","A",{}]', Call("i" * 36, "A", {})),
        ('[2,"😀","A",{}]', Call("😀", "A", {})),
        ('[2,"1","A",{"a":"' + "9" * 500 + '"}]', Call("1", "A", {"a": "9" * 500})),
        ('[2,"1","A",{"a":"' + "[{" * 500 + '"}]', Call("1", "A", {"a": "[{" * 500})),
        ('[2,"1","A",{"a":"\\\\\\"[' + "{" * 50 + '"}]', Call("1", "A", {"a": '\\"[' + "{" * 50})),
    ],
)
def test_a_frame_is_read(text: str, frame: object) -> None:
    assert parse(text) == frame


@pytest.mark.parametrize(
    ("data", "kind", "message_id", "message_type"),
    [
        (b'[2,"1","Heartbeat",{}]', K.NOT_TEXT, None, None),
        ("", K.NOT_JSON, None, None),
        ("hello", K.NOT_JSON, None, None),
        ("\0", K.NOT_JSON, None, None),
        ('[2,"1","A",{}', K.NOT_JSON, "1", 2),
        ('[3,"1",{"a":', K.NOT_JSON, "1", 3),
        ('\ufeff[2,"1","A",{}]', K.NOT_JSON, None, None),
        ('[2,"\ud800","A",{}]', K.NOT_JSON, None, 2),
        ('[2.5,"1"', K.NOT_JSON, None, None),
        ("{}", K.NOT_ARRAY, None, None),
        ("null", K.NOT_ARRAY, None, None),
        ("[]", K.UNREADABLE_ID, None, None),
        ("[2]", K.UNREADABLE_ID, None, 2),
        ('[2,7,"A",{}]', K.UNREADABLE_ID, None, 2),
        ('[2,"","A",{}]', K.UNREADABLE_ID, None, 2),
        ('[2,null,"A",{}]', K.UNREADABLE_ID, None, 2),
        ('[2,"\\ud800","A",{}]', K.UNREADABLE_ID, None, 2),
        ('[2,"' + "i" * 256 + '","A",{}]', K.UNREADABLE_ID, None, 2),
        ('[7,"1","A",{}]', K.UNKNOWN_TYPE, "1", 7),
        ('[-1,"1"]', K.UNKNOWN_TYPE, "1", -1),
        ('[true,"1","A",{}]', K.UNKNOWN_TYPE, "1", None),
        ('["2","1","A",{}]', K.UNKNOWN_TYPE, "1", None),
        ('[2.0,"1","A",{}]', K.UNKNOWN_TYPE, "1", None),
        ('[2,"1"]', K.BAD_CALL, "1", 2),
        ('[2,"1","A"]', K.BAD_CALL, "1", 2),
        ('[2,"1","A",{},{}]', K.BAD_CALL, "1", 2),
        ('[2,"1",["x"],{}]', K.BAD_CALL, "1", 2),
        ('[2,"1","A",null]', K.BAD_CALL, "1", 2),
        ('[2,"1","A",[]]', K.BAD_CALL, "1", 2),
        ('[2,"' + "i" * 37 + '","A",{}]', K.BAD_CALL, "i" * 37, 2),
        ('[6,"1","A"]', K.BAD_CALL, "1", 6),
        ('[3,"1"]', K.BAD_RESULT, "1", 3),
        ('[3,"1",[]]', K.BAD_RESULT, "1", 3),
        ('[3,"1",{},{}]', K.BAD_RESULT, "1", 3),
        ('[4,"1"]', K.BAD_ERROR, "1", 4),
        ('[4,"1",{"a":1}]', K.BAD_ERROR, "1", 4),
        ('[5,"1",7,"",{}]', K.BAD_ERROR, "1", 5),
        ('[2,"1","A",{"a":NaN}]', K.LIMITS, "1", 2),
        ('[2,"1","A",{"a":[Infinity,-Infinity]}]', K.LIMITS, "1", 2),
        ('[3,"1",{"a":NaN}]', K.LIMITS, "1", 3),
        ('[2,"1","A",{"a":1e999}]', K.LIMITS, "1", 2),
        ('[2,"1","A",{"a":"\\ud800"}]', K.LIMITS, "1", 2),
        ('[2,"1","A",{"a":' + "9" * 41 + "}]", K.LIMITS, "1", 2),
        ('[2,"1","A",{"a":' + "9" * 5000 + "}]", K.LIMITS, "1", 2),
        ('[2,"1","A",{"a":' + "[" * 33 + "]" * 33 + "}]", K.LIMITS, "1", 2),
        ('[2,"1","A",' + "[" * 100_000, K.LIMITS, "1", 2),
        ("[" * 100_000, K.LIMITS, None, None),
        ('[2,"1","A",{"a":"' + "x" * 300_000 + '"}]', K.TOO_LARGE, "1", 2),
        ('[2,"1","A",{"a":"' + "é" * 140_000 + '"}]', K.TOO_LARGE, "1", 2),
        ("x" * 300_000, K.TOO_LARGE, None, None),
    ],
)
def test_what_is_no_frame_keeps_type_and_id(
    data: str | bytes, kind: FrameErrorKind, message_id: str | None, message_type: int | None
) -> None:
    error = parse(data)
    assert isinstance(error, FrameError)
    assert (error.kind, error.id, error.message_type) == (kind, message_id, message_type)


def test_limits_are_inclusive() -> None:
    limits = Limits(size_bytes=40, depth=3, number_length=5)
    assert isinstance(parse('[2,"1","A",{"a":[12345]}]', limits), Call)
    assert isinstance(parse('[2,"1","A",{"a":[123456]}]', limits), FrameError)
    assert isinstance(parse('[2,"1","A",{"a":[[1]]}]', limits), FrameError)
    assert isinstance(parse('[2,"1","A",{"a":"' + "x" * 20 + '"}]', limits), Call)
    assert isinstance(parse('[2,"1","A",{"a":"' + "x" * 21 + '"}]', limits), FrameError)


@pytest.mark.parametrize(
    "data",
    [
        '"' + "\\" * 250_000,
        '"\\"' * 80_000,
        "1" * 250_000,
        ("1" * 40 + "x") * 6_000,
        "[{}," * 60_000,
        '[2,"' + "\\" * 250_000,
        " " * 250_000,
    ],
)
def test_hostile_texts_cost_linear_time(data: str) -> None:
    started = time.process_time()
    assert isinstance(parse(data), FrameError)
    assert time.process_time() - started < 1.0


def test_nothing_of_the_message_is_in_the_description() -> None:
    for text in ('[2,"1","Sesame",{"key":NaN}]', '[2,"1","Sesame",7]', "Sesame", '[4,"1",{"Sesame":1}]'):
        error = parse(text)
        assert isinstance(error, FrameError)
        assert "Sesame" not in error.description


def test_frames_are_written() -> None:
    assert json.loads(encode_call("1", "Reset", {"type": "Soft"})) == [2, "1", "Reset", {"type": "Soft"}]
    assert json.loads(encode_result("1", {"a": "é"})) == [3, "1", {"a": "é"}]
    assert json.loads(encode_error("1", "GenericError")) == [4, "1", "GenericError", "", {}]


@pytest.mark.parametrize("payload", [{"a": object()}, {"a": "\ud800"}, {1: 2}, {"a": 2**70}])
def test_a_call_that_json_cannot_express_is_a_type_error(payload: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        encode_call("1", "A", payload)
    with pytest.raises(TypeError):
        encode_result("1", payload)


def test_an_error_can_always_be_written() -> None:
    recursive: dict[str, object] = {}
    recursive["a"] = recursive
    for details in ({"a": object()}, {"a": "\ud800"}, {1: 2}, recursive, None, {"a": 2**70}):
        message = json.loads(encode_error("\ud800", "Gen\udfff", "\ud800é" * 300, details))  # type: ignore[arg-type]
        assert message[:3] == [4, "?", "Gen?"]
        assert message[3] == ("?é" * 300)[:255]
        assert message[4] == {}
