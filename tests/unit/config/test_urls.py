"""The CSMS's address and the station's name in it."""

import pytest

from station.config.errors import ValueRefusedError
from station.config.urls import UrlError, check_station_id, is_identifier, station_url


@pytest.mark.parametrize(
    ("url", "station_id", "expected"),
    [
        # The examples of OCPP-J 1.6 and 2.0.1, §3.1.1.
        ("ws://csms.example.com/ocpp", "CS001", "ws://csms.example.com/ocpp/CS001"),
        ("wss://csms.example.com/ocppj", "RDAM 123", "wss://csms.example.com/ocppj/RDAM%20123"),
        ("ws://h/ocpp/", "CP-1", "ws://h/ocpp/CP-1"),
        ("ws://h", "CP-1", "ws://h/CP-1"),
        ("ws://h:9000/", "CP-1", "ws://h:9000/CP-1"),
        ("ws://[::1]:9000/ocpp", "CP-1", "ws://[::1]:9000/ocpp/CP-1"),
        ("wss://h/{id}", "a/b", "wss://h/a%2Fb"),
        ("wss://h/x/{id}/", "CP-1", "wss://h/x/CP-1/"),
        ("wss://h/x?station={id}&v=1", "ä", "wss://h/x?station=%C3%A4&v=1"),
        ("wss://h/x?tenant=7", "CP-1", "wss://h/x/CP-1?tenant=7"),
        ("wss://h/a%20b", "CP-1", "wss://h/a%20b/CP-1"),
    ],
)
def test_the_address_of_a_station(url: str, station_id: str, expected: str) -> None:
    assert station_url(url, station_id) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://h/ocpp", "did you mean 'ws://h/ocpp'?"),
        ("https://h/ocpp", "did you mean 'wss://h/ocpp'?"),
        ("csms.example/ocpp", "did you leave out ws://?"),
        ("ws:///ocpp", "no host"),
        ("ws://h:0/", "no host"),
        ("ws://h:99999/", "not a URL"),
        ("ws://[::1/", "not a URL"),
        ("ws://user:geheim@h/", "credentials"),
        ("https://h/ocpp?token=geheim", "did you mean 'wss://h/ocpp'?"),
        ("ws://h/#here", "fragment"),
        ("ws://h/#", "fragment"),
        ("ws://h/a b", "spaces"),
        ("ws://h/{name}", "placeholder"),
        ("ws://{id}.example/ocpp", "host"),
        ("", "ws://"),
    ],
)
def test_addresses_that_are_refused(url: str, words: str) -> None:
    with pytest.raises(UrlError) as caught:
        station_url(url, "CP-1")
    text = f"{caught.value.message}; {caught.value.suggestion}"
    assert words in text
    assert "geheim" not in text


@pytest.mark.spec("A00.FR.204")
@pytest.mark.parametrize("station_id", ["", "a:b", "x" * 49, "a\nb", " a", "a\u200b"])
def test_ids_that_are_refused(station_id: str) -> None:
    with pytest.raises(ValueRefusedError):
        check_station_id(station_id)


@pytest.mark.parametrize("station_id", ["CP-1", "RDAM 123", "x" * 48, "DE*ABC*E1", "a/b"])
def test_ids_that_are_allowed(station_id: str) -> None:
    check_station_id(station_id)


def test_the_characters_that_every_csms_takes() -> None:
    assert is_identifier("DE*ABC-1_2=+|@.")
    assert not is_identifier("a/b")
