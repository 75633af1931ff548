"""The ACR122U driver against USB transfers, byte by byte (ACS ACR122U API 2.04; CCID 1.1). No hardware has seen it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Card, DeviceMissing, DriverBusy, DriverLost, DriverUnsupported
from drivers.nfc.usb import busy
from drivers.readers.acr122u import DRIVER
from tests.support.acr122u_usb import Acr122uUsb, acr122u
from tests.support.pn532_chip import FeliCa, TypeA, TypeB

A4 = Card(bytes.fromhex("04A1B2C3"), "106A")


@pytest.fixture
def usb() -> Iterator[Acr122uUsb]:
    with acr122u() as device:
        yield device


def opened(**options: Any) -> Any:
    return DRIVER.open(DRIVER.parse(options))


def test_opening_says_these_bytes(usb: Acr122uUsb) -> None:
    reader = opened()
    assert [frame.hex().upper() for frame in usb.frames[:5]] == [
        "6F050000000000000000FF00480000",  # which firmware
        "6F050000000000000000FF00480000",  # nfcpy asks again
        "62000000000000000000",  # power on
        "6F050000000000000000FF00517F00",  # no polling of its own
        "6F090000000000000000FF00400E0400000000",  # green lamp
    ]
    assert usb.frames[6].hex().upper() == "6F070000000000000000FF00000002D402"
    assert reader.firmware == "ACR122U207"


def test_cards_are_seen_and_lifted(usb: Acr122uUsb) -> None:
    reader = opened(technologies=["106A", "106B", "212F"])
    assert reader.poll() == []
    usb.chip.put(TypeA("04A1B2C3"), TypeA("04A1B2C3D4E5F6"), TypeB("11223344"), FeliCa("0102030405060708"))
    assert [card.uid.hex() for card in reader.poll()] == [
        "04a1b2c3",
        "04a1b2c3d4e5f6",
        "11223344",
        "0102030405060708",
    ]
    usb.chip.lift()
    assert reader.poll() == []


def test_firmware_that_passes_no_list_of_two_shows_one_card(usb: Acr122uUsb) -> None:
    reader = opened()
    usb.chip.two_targets = False
    usb.chip.put(TypeA("04A1B2C3"), TypeA("04A1B2C3D4E5F6"))
    assert [reader.poll() for _ in range(6)] == [[A4]] * 6
    assert reader.errors == 3, "then it is not asked any more"


def test_release_switches_the_field_and_the_lamp_off(usb: Acr122uUsb) -> None:
    reader = opened()
    usb.chip.put(TypeA("04A1B2C3"))
    reader.poll()
    reader.release()
    reader.release()
    assert not usb.chip.field_on
    assert usb.leds[-1].hex().upper() == "FF00400C0400000000"
    assert usb.open == 0
    with pytest.raises(DriverLost):
        reader.poll()


def test_answers_that_a_killed_program_left_behind_are_thrown_away(usb: Acr122uUsb) -> None:
    usb.replies = [bytes.fromhex("80080000000000008100") + bytes.fromhex("D503320106079000")] * 3
    usb.chip.put(TypeA("04A1B2C3"))
    assert opened().poll() == [A4]


def test_it_beeps_once_for_a_presentation_after_the_card_was_told(usb: Acr122uUsb) -> None:
    reader = opened(beep="yes")
    del usb.leds[:]
    usb.chip.put(TypeA("04A1B2C3"))
    assert reader.poll() == [A4]
    assert usb.leds == []
    for _ in range(5):
        reader.poll()
    assert [led.hex().upper() for led in usb.leds] == ["FF00400D0401000101", "FF00400E0400000000"]


def test_without_beep_it_is_silent(usb: Acr122uUsb) -> None:
    reader = opened()
    del usb.leds[:]
    usb.chip.put(TypeA("04A1B2C3"))
    for _ in range(3):
        reader.poll()
    assert usb.leds == []


@pytest.mark.parametrize(
    ("firmware", "says"),
    [
        (b"ACR122U102", "firmware 102; 2.x is needed"),
        (b"ACR122U", "is no ACR122U"),
        (b"\x63\x00", "is no ACR122U"),
        (b"", "is no ACR122U"),
    ],
)
def test_other_firmware_is_refused_with_a_sentence(usb: Acr122uUsb, firmware: bytes, says: str) -> None:
    usb.firmware = firmware
    with pytest.raises(DriverUnsupported, match=says):
        opened()
    assert usb.open == 0


def test_a_reader_that_is_not_there(usb: Acr122uUsb) -> None:
    usb.found = []
    with pytest.raises(DeviceMissing, match="not there"):
        opened()
    usb.found = [(0x04CC, 0x2533, 1, 2)]
    with pytest.raises(DriverUnsupported, match="another kind"):
        opened(device="usb:001:002")
    with pytest.raises(DriverUnsupported, match="no USB device"):
        opened(device="/dev/ttyUSB0")


def refusals(number: int, libusb: int) -> list[Exception]:
    """nfcpy names what it sees itself, and lets libusb's error through where it reads the product's name."""
    import usb1

    return [OSError(number, "as nfcpy says it"), usb1.USBError(libusb)]


def test_missing_permission_names_the_file_and_the_rule(usb: Acr122uUsb) -> None:
    for usb.refuses in refusals(errno.EACCES, -3):
        with pytest.raises(DeviceMissing, match="/dev/bus/usb/001/004") as caught:
            opened()
        assert "udev" in caught.value.hint


def test_a_busy_reader_is_busy(usb: Acr122uUsb) -> None:
    for usb.refuses in refusals(errno.EBUSY, -6):
        with pytest.raises(DriverBusy):
            opened()


def test_of_two_the_free_one_is_taken(usb: Acr122uUsb) -> None:
    usb.found = [(0x072F, 0x2200, 1, 4), (0x072F, 0x2200, 1, 5)]
    usb.refuses = OSError(errno.EBUSY, "busy")
    usb.refuses_once = True
    opened().release()


def machine(root: Path, modules: str = "", process: str = "") -> Path:
    (root / "proc/41").mkdir(parents=True)
    (root / "proc/modules").write_text(modules)
    (root / "proc/41/comm").write_text(process + "\n")
    return root


def test_who_holds_it_is_named(tmp_path: Path) -> None:
    kernel = busy(
        "usb:072f:2200",
        "/dev/bus/usb/001/004",
        machine(tmp_path / "a", "pn533_usb 20480 0 - Live\npn533 1 1\nnfc 2 1\n"),
    )
    assert "pn533_usb, pn533, nfc" in kernel.message
    assert "modprobe -r" in kernel.hint
    service = busy("usb:072f:2200", "/dev/bus/usb/001/004", machine(tmp_path / "b", "", "pcscd"))
    assert "pcscd" in service.message
    assert "systemctl stop pcscd.socket" in service.hint
    unknown = busy("usb:072f:2200", "/dev/bus/usb/001/004", machine(tmp_path / "c"))
    assert "another program" in unknown.message


def test_unplugged_it_is_lost_at_once_and_silent_after_three_polls(usb: Acr122uUsb) -> None:
    reader = opened()
    usb.fails = errno.ENODEV
    with pytest.raises(DriverLost):
        reader.poll()
    reader.release()
    assert usb.open == 0
    usb.fails = None
    reader = opened()
    usb.silent = True
    assert reader.poll() == []
    assert reader.poll() == []
    with pytest.raises(DriverLost, match="does not answer"):
        reader.poll()


@pytest.mark.parametrize(
    "reply", ["", "80", "8100000000000000000000", "80FF00000000000081009000", "80020000000000008100D503"]
)
def test_a_malformed_reply_is_a_disturbance(usb: Acr122uUsb, reply: str) -> None:
    reader = opened()
    usb.chip.put(TypeA("04A1B2C3"))
    assert reader.poll() == [A4]
    usb.replies = [bytes.fromhex(reply)]
    assert reader.poll() == [A4]
    assert reader.errors == 1
