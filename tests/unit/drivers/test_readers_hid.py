from __future__ import annotations

from pathlib import Path

import pytest

from drivers.api import Card, DeviceMissing, DriverBusy, DriverLost, DriverMissing, DriverUnsupported
from drivers.readers.hid import EVENTS_A_POLL, HidOptions, HidReader
from tests.support.doubles.reader_hid import PATH, FakeKeyboard, keyboards


def opened(device: str = PATH) -> HidReader:
    return HidReader(HidOptions(device=device))


def test_a_card_is_a_line_and_the_device_is_grabbed() -> None:
    keyboard = FakeKeyboard()
    with keyboards(event7=keyboard):
        reader = opened()
        assert keyboard.grabbed_by is not None
        assert reader.poll() == []
        keyboard.type("00123")
        assert reader.poll() == []
        keyboard.type("45678\n")
        assert reader.poll() == [Card(b"", text="0012345678")]
        assert reader.poll() == []
        reader.release()
        assert keyboard.grabbed_by is None and keyboard.opened == 0


def test_what_was_typed_before_is_no_card() -> None:
    keyboard = FakeKeyboard()
    keyboard.type("0012345678\n")
    with keyboards(event7=keyboard):
        assert opened().poll() == []


def test_by_name_or_part_of_it_or_link(tmp_path: Path) -> None:
    link = tmp_path / "usb-Sycreader-event-kbd"
    link.symlink_to(PATH)
    with keyboards(event3=FakeKeyboard("AT Keyboard"), event7=FakeKeyboard("Sycreader RFID Technology")):
        for name in ("sycreader", "Sycreader RFID Technology", str(link)):
            reader = opened(name)
            assert reader.poll() == []
            reader.release()
        with pytest.raises(DeviceMissing, match="no keyboard is called"):
            opened("elatec")


def test_a_name_that_fits_several_and_one_that_fits_exactly() -> None:
    with keyboards(event3=FakeKeyboard("RFID"), event7=FakeKeyboard("RFID Reader"), event9=FakeKeyboard("RFID x")):
        opened("rfid").release()
        with pytest.raises(DriverUnsupported, match="2 keyboards"):
            opened("rfid ")


def test_not_there_not_allowed_and_held() -> None:
    keyboard = FakeKeyboard()
    with keyboards(event7=keyboard):
        reader = opened()
        with pytest.raises(DriverBusy):
            opened()
        assert keyboard.opened == 1
        reader.release()
        keyboard.allowed = False
        with pytest.raises(DeviceMissing, match="no permission") as caught:
            opened()
        assert "usermod -aG input" in caught.value.hint
        keyboard.plugged = False
        with pytest.raises(DeviceMissing, match="not there"):
            opened()


def test_unplugged() -> None:
    keyboard = FakeKeyboard()
    with keyboards(event7=keyboard):
        reader = opened()
        keyboard.plugged = False
        for _ in range(2):
            with pytest.raises(DriverLost):
                reader.poll()
        reader.release()
        keyboard.plugged, keyboard.grabbed_by = True, None
        again = opened()
        keyboard.type("1\n")
        assert again.poll() == [Card(b"", text="1")]


def test_a_flood_of_keys_is_taken_in_pieces() -> None:
    keyboard = FakeKeyboard()
    with keyboards(event7=keyboard):
        reader = opened()
        keyboard.type("1\n2\n3\n4\n5\n6\n7\n" * 1000)
        before = len(keyboard.events)
        assert len(reader.poll()) == 4
        assert len(keyboard.events) == before - EVENTS_A_POLL


@pytest.mark.parametrize("path", ["/dev/null", "/nonexistent/event0", "/a\0b", "no such keyboard"])
def test_the_real_library_with_what_is_no_keyboard(path: str) -> None:
    pytest.importorskip("evdev")
    with pytest.raises((DriverUnsupported, DriverMissing)):
        opened(path)
