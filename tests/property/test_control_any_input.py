"""Whatever comes in over the control face is an answer: parameters, lines, and anything that goes out is JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from station.control.commandable import CommandRefused
from station.control.lines import LineSplitter
from station.control.registry import COMMANDS, checked
from station.control.writer import to_json

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(sorted({param for command in COMMANDS.values() for param in command.by_name}))


@given(
    st.sampled_from(sorted(COMMANDS)) | st.text(), st.dictionaries(NAMES | st.text(max_size=5), ANY_JSON, max_size=4)
)
def test_parameters_are_normal_or_refused(name: str, params: dict[str, Any]) -> None:
    try:
        normal = checked(name, params)
    except CommandRefused as refused:
        assert refused.message
        assert "\n" not in refused.message.replace(name, "")
    else:
        assert checked(name, normal) == normal


@given(st.binary(max_size=200), st.integers(min_value=1, max_value=20))
def test_lines_do_not_depend_on_how_the_bytes_come(data: bytes, size: int) -> None:
    at_once = LineSplitter(limit=10)
    whole = at_once.feed(data) + at_once.end()
    bit_by_bit = LineSplitter(limit=10)
    pieces = [line for start in range(0, len(data), size) for line in bit_by_bit.feed(data[start : start + size])]
    assert pieces + bit_by_bit.end() == whole


@given(ANY_JSON)
def test_what_goes_out_is_one_line_of_json(value: Any) -> None:
    text = to_json({"id": value, "half": "\ud800"})
    assert b"\n" not in text
    json.loads(text)
