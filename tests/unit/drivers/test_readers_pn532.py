"""The PN532 driver against a PN532 that speaks as UM0701-02 says; on a pseudo-terminal where the line matters."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Card, DeviceMissing, DriverBusy, DriverError, DriverLost, DriverUnsupported, OptionError
from drivers.nfc.reader import MOST_FAILURES
from drivers.presence import Presence
from drivers.readers.pn532 import DRIVER, Pn532
from tests.support.driver_clock import HandClock
from tests.support.pn532_chip import COMMANDS, Chip, ChipLine, FeliCa, TypeA, TypeB, pn532_line

A7 = Card(bytes.fromhex("04A1B2C3D4E5F6"), "106A")
A4 = Card(bytes.fromhex("04A1B2C3"), "106A")


class Desk:
    """A driver, its chip, and the line between them, in virtual time."""

    def __init__(self, chip: Chip | None = None, **options: Any) -> None:
        self.clock = HandClock()
        self.chip = chip or Chip()
        self.line = ChipLine(self.chip, self.clock)
        with mock.patch("drivers.readers.pn532.SerialPort", lambda path, baud: self.line):
            self.reader: Pn532 = DRIVER.open(DRIVER.parse({"device": "/dev/serial0", **options}), clock=self.clock)


# Opening


@pytest.fixture
def plugged() -> Iterator[tuple[Chip, Any]]:
    with pn532_line() as pair:
        yield pair


def test_opened_the_chip_is_at_115200_in_normal_mode_with_its_field_off() -> None:
    desk = Desk()
    assert (desk.reader.found_at_baud, desk.reader.firmware, desk.chip.baud) == (115200, "1.6", 115200)
    assert desk.chip.commands[:2] == [b"\x02", b"\x14\x01\x00\x00"]
    assert not any(command[0] == 0x10 for command in desk.chip.commands), "the speed is left alone"
    assert not desk.chip.field_on


def test_what_is_said_first_byte_by_byte() -> None:
    """UM0701-02: wake-up (7.2.11), then the frames of GetFirmwareVersion, SAMConfiguration, SetSerialBaudRate."""
    wake_up = "5555" + "00" * 14
    assert [sent.hex().upper() for sent in Desk().line.sent[:2]] == [
        wake_up + "0000FF02FED4022A00",
        wake_up + "0000FF05FBD4140100001700",
    ]
    rescued = [sent.hex().upper() for sent in Desk(Chip(baud=921600)).line.sent]
    assert rescued[3:5] == [wake_up + "0000FF03FDD410041800", "0000FF00FF00"]


@pytest.mark.parametrize("baud", [9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600])
@pytest.mark.parametrize("asleep", [True, False])
def test_a_chip_left_at_any_speed_asleep_or_not_is_brought_back(
    plugged: tuple[Chip, Any], baud: int, asleep: bool
) -> None:
    chip, line = plugged
    chip.baud, chip.asleep = baud, asleep
    chip.put(TypeA("04A1B2C3"))
    reader = DRIVER.open(DRIVER.parse({"device": line.path}))
    assert (reader.found_at_baud, chip.baud) == (baud, 115200)
    assert reader.poll() == [A4]
    reader.release()


def test_the_chip_changes_its_speed_only_after_our_ack() -> None:
    chip = Chip(baud=921600)
    desk = Desk(chip)
    assert chip.commands.index(b"\x10\x04") == 1
    assert chip.baud == desk.line.baud == 115200


def test_release_leaves_it_asleep_at_115200_with_its_field_off() -> None:
    desk = Desk()
    desk.chip.put(TypeA("04A1B2C3"))
    desk.reader.poll()
    desk.reader.release()
    desk.reader.release()
    assert (desk.chip.asleep, desk.chip.baud, desk.chip.field_on) == (True, 115200, False)
    assert desk.chip.commands[-1] == b"\x16\xb0\x00", "PowerDown, woken by HSU, SPI, I2C"
    with pytest.raises(DriverLost):
        desk.reader.poll()


def test_killed_without_a_release_the_next_opening_works(plugged: tuple[Chip, Any]) -> None:
    chip, line = plugged
    chip.put(TypeA("04A1B2C3"))
    first = DRIVER.open(DRIVER.parse({"device": line.path}))
    first.poll()
    first._frontend.device.chipset.transport.close()  # what the kernel does for a process that was killed
    second = DRIVER.open(DRIVER.parse({"device": line.path}))
    assert second.poll() == [A4]
    second.release()


def test_a_symlink_and_a_relative_path_will_do(plugged: tuple[Chip, Any], tmp_path: Path) -> None:
    _, line = plugged
    link = tmp_path / "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"
    link.symlink_to(line.path)
    for path in (str(link), os.path.relpath(link)):
        DRIVER.open(DRIVER.parse({"device": path})).release()


def test_nothing_that_answers_is_told_within_three_seconds(plugged: tuple[Chip, Any]) -> None:
    chip, line = plugged
    chip.silent = True
    began_s = time.monotonic()
    with pytest.raises(DeviceMissing, match="no PN532 answers"):
        DRIVER.open(DRIVER.parse({"device": line.path}))
    assert time.monotonic() - began_s < 3
    chip.silent = False
    DRIVER.open(DRIVER.parse({"device": line.path})).release()


def test_what_is_wrong_with_the_line_is_told(plugged: tuple[Chip, Any], tmp_path: Path) -> None:
    _, line = plugged
    with pytest.raises(DeviceMissing, match="is not there"):
        DRIVER.open(DRIVER.parse({"device": str(tmp_path / "ttyUSB9")}))
    held = DRIVER.open(DRIVER.parse({"device": line.path}))
    with pytest.raises(DriverBusy):
        DRIVER.open(DRIVER.parse({"device": line.path}))
    held.release()


def test_a_console_on_the_line_is_named() -> None:
    clock = HandClock()
    line = ChipLine(Chip(silent=True), clock)
    options = DRIVER.parse({"device": "/dev/serial0"})
    opening = mock.patch("drivers.readers.pn532.SerialPort", lambda path, baud: line)
    held = mock.patch("drivers.readers.pn532.holders", lambda path: ["agetty (pid 512)"])
    with opening, held, pytest.raises(DriverBusy, match="agetty"):
        DRIVER.open(options, clock=clock)
    line.fuzz = [b"\r\nraspberrypi login: "] * 20
    with opening, pytest.raises(DeviceMissing) as caught:
        DRIVER.open(options, clock=clock)
    assert "console" in caught.value.hint
    assert line.released == 2


def test_another_chip_is_refused() -> None:
    with pytest.raises(DriverUnsupported, match="PN533"):
        Desk(Chip(ic=0x33))


@pytest.mark.parametrize(
    "options", [{"technologies": []}, {"technologies": ["106A", "106A"]}, {"technologies": ["13M"]}]
)
def test_bad_technologies_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        DRIVER.parse({"device": "/dev/serial0", **options})


def test_options_as_in_a_profile() -> None:
    options = DRIVER.parse({"device": "/dev/serial0", "technologies": ["106A", "212F"], "gap": "750ms"})
    assert (options.technologies, options.gap_s, options.random_uid) == (("106A", "212F"), 0.75, "refuse")


# Cards


@pytest.mark.parametrize(
    ("near", "technology", "seen"),
    [
        (TypeA("04A1B2C3"), "106A", A4),
        (TypeA("04A1B2C3D4E5F6"), "106A", A7),
        (TypeA("04A1B2C3D4E5F60708AA"), "106A", Card(bytes.fromhex("04A1B2C3D4E5F60708AA"), "106A")),
        (TypeA("04A1B2C3", sak=0x20), "106A", A4),
        (TypeA("04A1B2C3", sak=0x60), "106A", A4),
        (TypeB("11223344"), "106B", Card(bytes.fromhex("11223344"), "106B")),
        (FeliCa("0102030405060708"), "212F", Card(bytes.fromhex("0102030405060708"), "212F")),
        (FeliCa("0102030405060708"), "424F", Card(bytes.fromhex("0102030405060708"), "424F")),
    ],
)
def test_a_card_is_seen_with_its_technology(near: Any, technology: str, seen: Card) -> None:
    desk = Desk(technologies=[technology])
    assert desk.reader.poll() == []
    desk.chip.put(near)
    assert [desk.reader.poll() for _ in range(3)] == [[seen]] * 3
    desk.chip.lift()
    assert desk.reader.poll() == []


def test_only_the_technologies_asked_for_are_polled() -> None:
    desk = Desk()
    desk.chip.put(TypeB("11223344"), FeliCa("0102030405060708"))
    assert desk.reader.poll() == []
    desk = Desk(technologies=["106A", "106B", "212F"])
    desk.chip.put(FeliCa("0102030405060708"), TypeA("04A1B2C3"), TypeB("11223344"))
    assert [card.technology for card in desk.reader.poll()] == ["106A", "106B", "212F"]


def test_two_cards_side_by_side_are_both_seen() -> None:
    desk = Desk()
    desk.chip.put(TypeA("04A1B2C3"), TypeA("04A1B2C3D4E5F6"))
    assert desk.reader.poll() == [A4, A7]


def test_a_phone_is_random_and_one() -> None:
    desk = Desk()
    desk.chip.put(TypeA("08000001", 0x20, ("08000002", "08000003")))
    presence = Presence()
    seen = [card for at in range(9) for card in presence.seen(desk.reader.poll(), at / 10)]
    assert len(seen) == 1
    assert seen[0].random


def test_a_pupi_made_up_each_time_is_random_and_one() -> None:
    desk = Desk(technologies=["106B"])
    desk.chip.put(TypeB("11000001", ("11000002", "11000003")))
    presence = Presence()
    seen = [card for at in range(9) for card in presence.seen(desk.reader.poll(), at / 10)]
    assert [card.random for card in seen] == [True]


def test_a_type_b_card_that_misses_every_other_call_is_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(technologies=["106B"])
    desk.chip.put(TypeB("11223344"))
    hears = itertools.cycle([True, False])
    polls = COMMANDS[0x4A]
    monkeypatch.setitem(COMMANDS, 0x4A, lambda chip, data: polls(chip, data) if next(hears) else b"\x00")
    assert desk.reader.poll() == [Card(bytes.fromhex("11223344"), "106B")]


# Disturbances


@pytest.mark.parametrize("noise", [b"\x00", b"\xff\x00\xff", b"\x00\x00\xff\x06\xfa\xd5", bytes(range(7, 250, 6))])
def test_noise_between_frames_costs_nothing(noise: bytes) -> None:
    desk = Desk()
    desk.chip.noise = noise.replace(b"\x00\xff", b"\x00\xfe")
    desk.chip.put(TypeA("04A1B2C3"))
    assert desk.reader.poll() == [A4]
    assert desk.reader.errors == 0


def test_a_spoilt_answer_is_counted_and_the_card_stays() -> None:
    desk = Desk()
    desk.chip.put(TypeA("04A1B2C3"))
    assert desk.reader.poll() == [A4]
    desk.chip.spoils = 17
    assert [desk.reader.poll() for _ in range(30)] == [[A4]] * 30
    assert 0 < desk.reader.errors < 30


@pytest.mark.parametrize("how", ["silent", "stalls"])
def test_a_chip_that_does_not_answer_is_lost_after_three_polls_of_less_than_a_second(how: str) -> None:
    desk = Desk()
    desk.chip.put(TypeA("04A1B2C3"))
    desk.reader.poll()
    setattr(desk.chip, how, True)
    for _ in range(MOST_FAILURES - 1):
        began_s = desk.clock.now()
        assert desk.reader.poll() == [A4]
        assert desk.clock.now() - began_s < 1
    with pytest.raises(DriverLost, match="does not answer"):
        desk.reader.poll()
    setattr(desk.chip, how, False)
    with pytest.raises(DriverLost):
        desk.reader.poll()
    assert desk.reader.errors == MOST_FAILURES


def test_an_unplugged_adapter_is_lost_at_once(plugged: tuple[Chip, Any]) -> None:
    _, line = plugged
    reader = DRIVER.open(DRIVER.parse({"device": line.path}))
    reader.poll()
    line.unplug()
    with pytest.raises(DriverLost):
        reader.poll()
    reader.release()
    with pytest.raises(DeviceMissing):
        DRIVER.open(DRIVER.parse({"device": line.path}))
    line.plug_in()
    again = DRIVER.open(DRIVER.parse({"device": line.path}))
    assert again.poll() == []
    again.release()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=40), st.integers(0, 12))
def test_any_answers_at_any_moment_are_a_driver_error_or_nothing(fuzz: list[bytes], after: int) -> None:
    desk = Desk(technologies=["106A", "106B", "212F"])
    desk.chip.put(TypeA("04A1B2C3"), TypeB("11223344"), FeliCa("0102030405060708"))
    desk.line.fuzz = fuzz
    for _ in range(after + 3):
        began_s = desk.clock.now()
        try:
            for card in desk.reader.poll():
                assert 4 <= len(card.uid) <= 10
        except DriverError:
            break
        finally:
            assert desk.clock.now() - began_s < 1.5
    desk.reader.release()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=30))
def test_any_answers_while_opening_are_a_driver_error_or_a_reader(fuzz: list[bytes]) -> None:
    clock = HandClock()
    line = ChipLine(Chip(), clock)
    line.fuzz = fuzz
    with mock.patch("drivers.readers.pn532.SerialPort", lambda path, baud: line):
        try:
            DRIVER.open(DRIVER.parse({"device": "/dev/serial0"}), clock=clock).release()
        except DriverError:
            assert line.released


def test_valid_answers_with_any_content_are_survived() -> None:
    """Well-framed, well-timed, and nonsense: what nfcpy stumbles over (IndexError, TypeError)."""
    desk = Desk(technologies=["106A", "106B", "212F"])
    for command in (0x32, 0x4A, 0x06, 0x08, 0x42):
        for body in (b"", b"\x01", b"\x01\x01", b"\x02\x01\x00", b"\xff" * 20, bytes(60)):
            answers = {command: lambda chip, data, body=body: body}
            with mock.patch.dict("tests.support.pn532_chip.COMMANDS", answers):
                for _ in range(2):
                    assert len(desk.reader.poll()) <= 4
            desk.chip.lift()
            assert desk.reader.poll() == []
    desk.reader.release()
