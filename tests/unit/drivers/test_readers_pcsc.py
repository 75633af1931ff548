from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.api import Card, DeviceMissing, DriverBusy, DriverLost, DriverUnsupported
from drivers.readers.pcsc import BUSY_AFTER_S, PcscOptions, PcscReader, choose, reader_names, technology_of
from tests.support.doubles.reader_pcsc import NAME, FakeScard, service
from tests.support.driver_clock import HandClock

MIFARE = Card(bytes.fromhex("04A1B2C3"), "106A")


@pytest.fixture
def scard() -> Iterator[FakeScard]:
    with service() as made:
        yield made


def opened(clock: HandClock | None = None) -> PcscReader:
    return PcscReader(PcscOptions(), clock)


def test_a_card_is_asked_once_for_each_time_it_is_put_there(scard: FakeScard) -> None:
    reader = opened()
    assert reader.poll() == []
    scard.put("04A1B2C3")
    assert [reader.poll() for _ in range(3)] == [[MIFARE]] * 3
    assert scard.asked == 1 and scard.connections == 0
    scard.take()
    scard.put("04A1B2C3")
    assert reader.poll() == [MIFARE]
    assert scard.asked == 2
    scard.take()
    assert reader.poll() == []
    reader.release()
    assert scard.contexts == 0


@pytest.mark.parametrize("status", [b"\x6a\x81", b"\x63\x00", b"", b"\x90"])
def test_a_card_without_a_uid_is_passed_over(scard: FakeScard, status: bytes) -> None:
    reader = opened()
    scard.put("", status=status)
    assert reader.poll() == []
    assert reader.poll() == [] and scard.asked == 1


def test_an_absurd_uid_is_none(scard: FakeScard) -> None:
    scard.put("04" * 33)
    assert opened().poll() == []


def test_a_card_taken_away_too_soon_is_read_when_it_is_back(scard: FakeScard) -> None:
    reader = opened()
    scard.put("04A1B2C3")
    scard.connect_result = scard.SCARD_W_REMOVED_CARD
    assert reader.poll() == []
    scard.connect_result, scard.transmit_result = 0, scard.SCARD_W_REMOVED_CARD
    assert reader.poll() == []
    scard.transmit_result = 0
    assert reader.poll() == [MIFARE]
    assert scard.connections == 0


def test_another_program_may_have_the_card_for_a_moment_but_not_for_long(scard: FakeScard) -> None:
    clock = HandClock()
    reader = opened(clock)
    scard.put("04A1B2C3")
    scard.connect_result = scard.SCARD_E_SHARING_VIOLATION
    assert reader.poll() == []
    clock.advance(BUSY_AFTER_S - 0.1)
    assert reader.poll() == []
    clock.advance(0.1)
    with pytest.raises(DriverBusy):
        reader.poll()
    scard.connect_result = 0
    assert reader.poll() == [MIFARE]


@pytest.mark.parametrize("flag", ["SCARD_STATE_UNKNOWN", "SCARD_STATE_UNAVAILABLE", "SCARD_STATE_IGNORE"])
def test_an_unplugged_reader_is_lost(scard: FakeScard, flag: str) -> None:
    reader = opened()
    scard.state = getattr(scard, flag)
    with pytest.raises(DriverLost, match="gone"):
        reader.poll()


def test_the_service_ends(scard: FakeScard) -> None:
    reader = opened()
    scard.service_result = scard.SCARD_E_NO_SERVICE
    with pytest.raises(DriverLost):
        reader.poll()
    with pytest.raises(DeviceMissing) as caught:
        opened()
    assert "pcscd" in caught.value.hint


def test_no_reader_at_all(scard: FakeScard) -> None:
    scard.names = []
    assert reader_names() == []
    with pytest.raises(DeviceMissing, match="there: none"):
        opened()
    assert scard.contexts == 0


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "ACR1252 Dual PICC 00 00"),
        ("1", "ACR1252 Dual SAM 01 00"),
        ("acr1252", "ACR1252 Dual PICC 00 00"),
        ("SAM", "ACR1252 Dual SAM 01 00"),
        ("ACR1252 Dual SAM 01 00", "ACR1252 Dual SAM 01 00"),
        ("OMNI", "OMNIKEY 5022 02 00"),
    ],
)
def test_choosing_a_reader(wanted: str, found: str) -> None:
    assert choose(wanted, ["ACR1252 Dual PICC 00 00", "ACR1252 Dual SAM 01 00", "OMNIKEY 5022 02 00"]) == found


def test_a_choice_that_is_none() -> None:
    with pytest.raises(DriverUnsupported, match="2 PC/SC readers"):
        choose("PICC", ["A PICC 00", "B PICC 01"])
    with pytest.raises(DeviceMissing):
        choose("7", [NAME])


@pytest.mark.parametrize(
    ("atr", "technology"),
    [
        ("3B8F8001804F0CA000000306030001000000006A", "106A"),
        ("3B8F8001804F0CA0000003060300030000000068", "106A"),
        ("3B8F8001804F0CA0000003060B00140000000077", "ISO15693"),
        ("3B8F8001804F0CA00000030607000700000000FF", "106B"),
        ("3B8F8001804F0CA00000030611003B0000000042", "212F"),
        ("3B8F8001804F0CA000000306F0110000000000FF", ""),
        ("3B8F8001804F0CA00000030600F01100000000FF", "212F"),
        ("3B8180018080", "ISO14443"),
        ("", "ISO14443"),
        ("A000000306", "ISO14443"),
    ],
)
def test_technologies(atr: str, technology: str) -> None:
    assert technology_of(bytes.fromhex(atr)) == technology


def test_phones_make_up_their_uid(scard: FakeScard) -> None:
    scard.put("08112233", atr=bytes.fromhex("3B80800101"))
    assert opened().poll() == [Card(bytes.fromhex("08112233"), "ISO14443", random=True)]
