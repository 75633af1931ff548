"""The `serial` reader on a pseudo-terminal, with pyserial."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from drivers.api import Card, DeviceMissing, DriverBusy, DriverLost
from drivers.presence import Presence
from drivers.pump import ReaderLoop, Sink
from drivers.readers.serial import DRIVER, SerialReader
from tests.support.doubles.reader_serial import rdm6300
from tests.support.driver_clock import HandClock
from tests.support.serial_line import SerialLine, serial_line

EM = Card(bytes.fromhex("0600123456"), "EM4100")


@pytest.fixture
def line() -> Iterator[SerialLine]:
    with serial_line() as made:
        yield made


def opened(line: SerialLine, written: object, clock: HandClock | None = None) -> SerialReader:
    return SerialReader(DRIVER.parse({"port": line.path, "format": written}), clock)


def until_cards(reader: SerialReader, deadline_s: float = 2.0) -> list[Card]:
    end_s = time.monotonic() + deadline_s
    while not (cards := reader.poll()):
        assert time.monotonic() < end_s, "no card came"
    return cards


def test_an_em4100_card(line: SerialLine) -> None:
    reader = opened(line, "rdm6300")
    assert reader.poll() == []
    line.write(b"\xff\x00" + rdm6300("0600123456"))
    assert until_cards(reader) == [EM]
    reader.release()


def test_a_held_rdm6300_card_is_one_presentation(line: SerialLine) -> None:
    reader, presence, clock = opened(line, "rdm6300"), Presence(0.5), HandClock()
    fresh: list[Card] = []
    for _ in range(10):
        line.write(rdm6300("0600123456"))
        fresh += presence.seen(until_cards(reader), clock.now())
        clock.advance(0.1)
    assert fresh == [EM]
    for _ in range(2):
        fresh += presence.seen([], clock.now())
        clock.advance(0.5)
    line.write(rdm6300("0600123456"))
    fresh += presence.seen(until_cards(reader), clock.now())
    assert fresh == [EM, EM]
    reader.release()


def test_a_line_reader_and_a_reader_that_is_asked(line: SerialLine) -> None:
    reader = opened(line, {"coding": "hex", "end": "CR", "poll": "'r' CR", "poll_every": "0.05s"})
    line.serve(lambda asked: b"04A1B2C3\r" if asked == b"r\r" else b"?")
    assert until_cards(reader) == [Card(bytes.fromhex("04A1B2C3"))]
    assert until_cards(reader) == [Card(bytes.fromhex("04A1B2C3"))]
    reader.release()


def test_twn4(line: SerialLine) -> None:
    answers = iter([b"0000\r", b"00018020", b"046B3D12D6\r", b"0000\r"])
    reader = opened(line, "twn4")
    asked: list[bytes] = []

    def respond(data: bytes) -> bytes:
        asked.append(data)
        return next(answers) + (next(answers) if len(asked) == 2 else b"")

    line.serve(respond)
    assert until_cards(reader) == [Card(bytes.fromhex("6B3D12D6"), "106A")]
    assert asked[0] == b"050010\r"
    reader.release()


def test_a_silent_twn4_is_lost(line: SerialLine) -> None:
    clock = HandClock()
    reader = opened(line, "twn4", clock)
    reader.poll()
    clock.advance(3.1)
    with pytest.raises(DriverLost, match="no answer") as caught:
        reader.poll()
    assert "Simple Protocol" in caught.value.hint
    reader.release()


def test_a_flood_gives_few_cards_and_the_reader_goes_on(line: SerialLine) -> None:
    reader = opened(line, "line")
    line.write(b"".join(b"%05d\r\n" % number for number in range(10_000)), deadline_s=0.05)
    cards = 0
    for _ in range(50):
        got = reader.poll()
        assert len(got) <= 4
        cards += len(got)
        if line.settled(0):
            break
    assert 0 < cards <= 40
    reader.release()


def test_who_else_has_the_line_and_no_line(line: SerialLine) -> None:
    reader = opened(line, "line")
    with pytest.raises(DriverBusy):
        opened(line, "line")
    reader.release()
    line.unplug()
    with pytest.raises(DeviceMissing):
        opened(line, "line")


def test_unplugged_and_plugged_in_again_by_the_loop(line: SerialLine) -> None:
    clock, told = HandClock(), []
    sink = Sink(told.append, lambda error: told.append(type(error)), lambda: told.append("back"))
    loop = ReaderLoop(lambda: opened(line, "rdm6300"), sink, clock=clock)
    loop.step()
    line.unplug()
    loop.step()
    loop.step()
    assert told == [DriverLost]
    line.plug_in()
    line.write(rdm6300("0600123456"))
    end_s = time.monotonic() + 2
    while EM not in told and time.monotonic() < end_s:
        loop.step()
        if told[-1] == "back" and EM not in told:
            line.write(rdm6300("0600123456"))
    assert told == [DriverLost, "back", EM]
    loop.release()


def test_a_line_on_which_nothing_makes_sense_is_told_once(line: SerialLine, caplog: pytest.LogCaptureFixture) -> None:
    reader = opened(line, "rdm6300")
    for _ in range(4):
        line.write(b"\xfe\x81" * 100)
        reader.poll()
    reader.release()
    assert [record.message for record in caplog.records if "are speed and format right?" in record.message] == [
        f"{line.path}: 400 bytes and no card: are speed and format right?"
    ]
