"""station.host.security_desk: how a password of OCPP 1.6 may be meant. The rest is in tests/conformance/v16."""

from __future__ import annotations

import pytest

from station.host.security_desk import spellings


@pytest.mark.spec("Security WP A00.FR.205")
@pytest.mark.parametrize("digits", [32, 38, 40])
def test_a_hexadecimal_key_may_be_meant_in_two_ways(digits: int) -> None:
    key = "0aF9" * 10
    decoded = bytes.fromhex(key[:digits])
    assert spellings(key[:digits], hexadecimal=True) == (decoded, key[:digits])
    assert spellings(key[:digits], hexadecimal=False) == (key[:digits], decoded)


@pytest.mark.parametrize(
    "text",
    ["", "0123456789abcdef0123", "0" * 33, "0" * 42, "g" * 40, "A-password-of-words-32-characters", "\u0661" * 40],
)
def test_what_is_no_key_in_hexadecimal_is_text(text: str) -> None:
    assert spellings(text, hexadecimal=True) == (text,)
