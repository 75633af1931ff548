"""QR pairing: what is made, what is taken, and why everything else is refused."""

from __future__ import annotations

from typing import Any

import pytest

from station.pairing import MAX_LENGTH, Pairing, PairingError, looks_like_pairing, make, parse

KNOWN = {"CP001": 2, "CP 001": 1, "Säule/7": 1, "a+b": 1, "CP.1-2_3~4": 10000}


@pytest.mark.parametrize(
    ("station", "connector", "text"),
    [
        ("CP001", 1, "ocpp://CP001?connector=1"),
        ("CP001", 2, "ocpp://CP001?connector=2"),
        ("CP 001", 1, "ocpp://CP%20001?connector=1"),
        ("Säule/7", 1, "ocpp://S%C3%A4ule%2F7?connector=1"),
        ("a+b", 1, "ocpp://a%2Bb?connector=1"),
        ("CP.1-2_3~4", 9999, "ocpp://CP.1-2_3~4?connector=9999"),
    ],
)
def test_what_is_made_is_taken(station: str, connector: int, text: str) -> None:
    assert make(station, connector) == text == str(Pairing(station, connector))
    assert parse(text) == parse(text, KNOWN) == parse(text, KNOWN.get) == Pairing(station, connector)
    assert looks_like_pairing(text)


@pytest.mark.parametrize(
    "station", ["", "x" * 49, "a:b", "a\nb", " a", "a ", "a\u200bb", "\ud800", "a\x7f", "a\u2028b"]
)
def test_what_is_no_identity_makes_no_code(station: str) -> None:
    with pytest.raises(PairingError) as caught:
        make(station, 1)
    assert caught.value.code == "BadStation"


@pytest.mark.parametrize("connector", [0, -1, 10000, True, 1.0, "1", None])
def test_what_is_no_connector_makes_no_code(connector: Any) -> None:
    with pytest.raises(PairingError) as caught:
        make("CP001", connector)
    assert caught.value.code == "BadConnector"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # Not there
        ("ocpp://CP002?connector=1", "UnknownStation"),
        ("ocpp://cp001?connector=1", "UnknownStation"),
        ("ocpp://CP001?connector=3", "NoSuchConnector"),
        ("ocpp://CP001?connector=9999", "NoSuchConnector"),
        # No connector
        ("ocpp://CP001?connector=0", "BadConnector"),
        ("ocpp://CP001?connector=01", "BadConnector"),
        ("ocpp://CP001?connector=-1", "BadConnector"),
        ("ocpp://CP001?connector=+1", "BadConnector"),
        ("ocpp://CP001?connector=1.0", "BadConnector"),
        ("ocpp://CP001?connector=1e0", "BadConnector"),
        ("ocpp://CP001?connector=", "BadConnector"),
        ("ocpp://CP001?connector=%31", "BadConnector"),
        ("ocpp://CP001?connector=\u0661", "BadConnector"),
        ("ocpp://CP001?connector=\uff11", "BadConnector"),
        ("ocpp://CP001?connector=99999", "BadConnector"),
        ("ocpp://CP001?connector=1\n", "BadConnector"),
        ("ocpp://CP001?connector=1 ", "BadConnector"),
        # Tricks with the encoding
        ("ocpp://CP00%31?connector=1", "BadEncoding"),
        ("ocpp://CP%2520001?connector=1", "UnknownStation"),
        ("ocpp://CP%20001%?connector=1", "BadEncoding"),
        ("ocpp://S%c3%a4ule%2F7?connector=1", "BadEncoding"),
        ("ocpp://S%E4ule%2F7?connector=1", "BadEncoding"),
        ("ocpp://%C0%AE?connector=1", "BadEncoding"),
        ("ocpp://%ED%A0%80?connector=1", "BadEncoding"),
        ("ocpp://Säule%2F7?connector=1", "BadEncoding"),
        ("ocpp://a+b?connector=1", "BadEncoding"),
        ("ocpp://CP001%00?connector=1", "BadStation"),
        ("ocpp://CP001%0A?connector=1", "BadStation"),
        ("ocpp://CP001%20?connector=1", "BadStation"),
        ("ocpp://CP%3A001?connector=1", "BadStation"),
        ("ocpp://" + "x" * 49 + "?connector=1", "BadStation"),
        # Another form
        ("", "Malformed"),
        ("CP001", "Malformed"),
        ("ocpp://CP001", "Malformed"),
        ("ocpp://?connector=1", "Malformed"),
        ("ocpp:CP001?connector=1", "Malformed"),
        ("ocpp:///CP001?connector=1", "Malformed"),
        ("OCPP://CP001?connector=1", "Malformed"),
        ("ocpps://CP001?connector=1", "Malformed"),
        ("https://CP001?connector=1", "Malformed"),
        (" ocpp://CP001?connector=1", "Malformed"),
        ("ocpp://user@CP001?connector=1", "Malformed"),
        ("ocpp://user:pass@CP001?connector=1", "Malformed"),
        ("ocpp://CP001:80?connector=1", "Malformed"),
        ("ocpp://CP001/?connector=1", "Malformed"),
        ("ocpp://CP001/x?connector=1", "Malformed"),
        ("ocpp://CP001/../CP002?connector=1", "Malformed"),
        ("ocpp://CP001?Connector=1", "Malformed"),
        ("ocpp://CP001?connector=1&connector=2", "Malformed"),
        ("ocpp://CP001?connector=1&x=y", "Malformed"),
        ("ocpp://CP001?x=y&connector=1", "Malformed"),
        ("ocpp://CP001?connector=1;connector=2", "BadConnector"),
        ("ocpp://CP001?connector=1#2", "Malformed"),
        ("ocpp://CP001#?connector=1", "Malformed"),
        ("ocpp://CP001?connector=1?connector=2", "BadConnector"),
        ("ocpp://CP001\\?connector=1", "BadEncoding"),
        ("ocpp://CP\u2044001?connector=1", "BadEncoding"),
        ("o\u0441pp://CP001?connector=1", "Malformed"),
        ("x" * (MAX_LENGTH + 1), "TooLong"),
        ("ocpp://" + "%20" * 200 + "?connector=1", "TooLong"),
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str, code: str) -> None:
    with pytest.raises(PairingError) as caught:
        parse(text, KNOWN)
    assert caught.value.code == code
    assert caught.value.hint
    assert len(text) < 6 or text not in caught.value.message


def test_the_longest_identity_fits() -> None:
    station = "\U0001f50c" * 48
    assert len(make(station, 9999)) == MAX_LENGTH
    assert parse(make(station, 9999)) == Pairing(station, 9999)


@pytest.mark.parametrize("text", ["OCPP://x", " ocpp://x", "ocpp:x", "\tOcpp ://", "ocpp://CP001?connector=0"])
def test_what_was_meant_as_a_pairing_is_never_a_card(text: str) -> None:
    assert looks_like_pairing(text)


@pytest.mark.parametrize("text", ["04A1B2C3D4E5F6", "ocpp", "ocpp-card", "https://x", ""])
def test_a_cards_number_is_no_pairing(text: str) -> None:
    assert not looks_like_pairing(text)
