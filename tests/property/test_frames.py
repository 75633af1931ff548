"""Any text and any bytes give a frame or a FrameError; what is written is read back."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.ocpp import frames as frames_module
from station.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    FrameError,
    SendCall,
    encode_call,
    encode_error,
    encode_result,
    parse,
)
from station.ocpp.rpc import Rpc
from station.ocpp.rules import RULES

FRAMES = (Call, CallResult, CallError, CallResultError, SendCall, FrameError)

any_text = st.text(st.characters(categories=None))
good_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=36)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    leaves | good_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(good_text, inner, max_size=4),
    max_leaves=20,
)
payloads = st.dictionaries(good_text, values, max_size=5)

# Texts that resemble frames: tokens in any order, and arrays of any JSON (with NaN and half surrogate pairs).
tokens = st.lists(
    st.sampled_from(
        [
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "2",
            "3",
            "4",
            "7",
            '"',
            '"1"',
            '"id"',
            "\\",
            "\\u",
            "d800",
            "NaN",
            "-",
            "1e",
            "99",
            '"Heartbeat"',
            '"Reset"',
            "null",
            "true",
            "é",
            '"-1"',
            " ",
            "\0",
            "\ud800",
        ]
    ),
    max_size=40,
).map("".join)
odd_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=20,
)
odd_arrays = st.lists(odd_values, max_size=6).map(json.dumps)
odd_calls = st.tuples(
    st.integers(0, 8) | odd_values, ids | odd_values, st.sampled_from(["Heartbeat", "Reset"]) | odd_values
)
odd_frames = st.tuples(odd_calls, odd_values).map(lambda parts: json.dumps([*parts[0], parts[1]]))
messages = any_text | tokens | odd_arrays | odd_frames | st.binary()


@given(messages)
def test_any_text_is_a_frame_or_an_error(data: str | bytes) -> None:
    read = parse(data)
    assert isinstance(read, FRAMES)
    if read.id is not None:
        read.id.encode()
    if isinstance(read, FrameError):
        assert isinstance(read.message_type, int | None)


@settings(deadline=None)  # The first message of a version imports it.
@given(messages, st.sampled_from(sorted(RULES)))
def test_no_message_harms_an_rpc(data: str | bytes, version: Any) -> None:
    rpc = Rpc(RULES[version], lambda: "id")
    rpc.connected()
    rpc.call(1, "Heartbeat", {}, 0.0, 30.0)
    for event in rpc.receive(data):
        text = getattr(event, "text", None)
        if text is not None:
            message = json.loads(text)
            assert message[0] == 4
            assert len(message) == 5
            assert len(message[3]) <= 255
            assert message[4] == {}
    assert rpc.unanswered <= 1


@given(ids, good_text, payloads)
def test_calls_and_results_come_back(message_id: str, action: str, payload: dict[str, Any]) -> None:
    assert parse(encode_call(message_id, action, payload)) == Call(message_id, action, payload)
    assert parse(encode_result(message_id, payload)) == CallResult(message_id, payload)


@given(ids, good_text, any_text, payloads)
def test_errors_come_back(message_id: str, code: str, description: str, details: dict[str, Any]) -> None:
    read = parse(encode_error(message_id, code, description, details))
    assert isinstance(read, CallError)
    assert (read.id, read.code, read.details) == (message_id, code, details)
    assert len(read.description) <= 255


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_a_double_pass_the_limits(number: float) -> None:
    read = parse(encode_call("1", "A", {"n": number}))
    assert isinstance(read, Call)
    assert math.isclose(read.payload["n"], number, rel_tol=0.0, abs_tol=0.0)


@given(
    st.lists(
        st.integers(1, 43).map(lambda size: ("-1.5e+" * 8)[:size]) | st.text(max_size=3) | st.just(","), max_size=8
    ).map("".join)
)
def test_long_runs_are_found_wherever_they_stand(text: str) -> None:
    found = frames_module._long_run(40).match(text) is not None
    assert found is (re.search(r"[0-9+\-.eE]{41}", text) is not None)
