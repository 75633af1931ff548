"""Rows of the core: what is written can be read, defaults are left out, and rows of other programs do no harm."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from station.core.codec import from_row, to_row
from station.core.meter_value import MeterValue, Sample
from station.core.transaction import Transaction
from station.core.values import Context, IdToken, Stamp, TokenInfo, TokenStatus

INFO = TokenInfo(TokenStatus.ACCEPTED, IdToken("GROUP", "Central"), datetime(2026, 1, 1, tzinfo=UTC), (1, 2))


@pytest.mark.parametrize(
    "value",
    [
        INFO,
        TokenInfo(TokenStatus.BLOCKED),
        MeterValue.of(Stamp(1.5, 3), (Sample(12.5, context=Context.BEGIN, unit=None),)),
    ],
)
def test_what_is_written_is_read_again(value: object) -> None:
    row = json.loads(json.dumps(to_row(value)))
    assert from_row(type(value), row) == value


def test_defaults_are_left_out() -> None:
    assert to_row(TokenInfo(TokenStatus.INVALID)) == {"status": "Invalid"}


def test_members_of_a_newer_program_are_ignored() -> None:
    assert from_row(TokenInfo, {**to_row(INFO), "priority": 9}) == INFO


@pytest.mark.parametrize(
    "row",
    [
        {"status": "Perhaps"},
        {},
        {"status": "Accepted", "expires": "tomorrow"},
        {"status": "Accepted", "evses": "12"},
        {"status": "Accepted", "evses": [1, True]},
        {"status": "Accepted", "group": {"value": 7, "type": "Central"}},
        7,
        None,
    ],
)
def test_a_row_of_something_else_is_refused(row: object) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        from_row(TokenInfo, row)


@pytest.mark.parametrize("member", [{"seq_no": []}, {"seq_no": 1.5}, {"last_wh": "12"}, {"suspended": 0}, {"id": 7}])
def test_a_number_a_text_and_a_switch_are_what_they_were(member: dict[str, object]) -> None:
    row = {"id": "T", "evse": 1, "connector": 1, "started": to_row(Stamp(1.5, 3)), "last_wh": 12}
    assert from_row(Transaction, row).last_wh == 12
    with pytest.raises(TypeError):
        from_row(Transaction, {**row, **member})
