"""Readers as the command line names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.api import DriverError, OptionError
from drivers.uid import UidPolicy
from station.cli import reader_spec
from station.config import from_mapping


@pytest.mark.parametrize(
    ("text", "driver", "options"),
    [
        ("usb:072f:2200", "acr122u", {"device": "usb:072f:2200"}),
        ("/dev/ttyAMA0", "pn532", {"device": "/dev/ttyAMA0"}),
        ("/dev/input/event3", "hid", {"device": "/dev/input/event3"}),
        ("127.0.0.1:54321", "udp", {}),
        ("pn532:/dev/serial0", "pn532", {"device": "/dev/serial0"}),
        ("acr122u:usb:072f:2200,gap=1s", "acr122u", {"device": "usb:072f:2200", "gap_s": 1.0}),
        ("serial:/dev/ttyUSB0:rdm6300", "serial", {"port": "/dev/ttyUSB0"}),
        ("serial:/dev/ttyUSB0:line,baud=19200", "serial", {"port": "/dev/ttyUSB0", "baud": 19200}),
        ("serial:/dev/ttyUSB0,format=twn4", "serial", {"port": "/dev/ttyUSB0"}),
        ("pcsc:ACS ACR1252, PICC 00 00", "pcsc", {"reader": "ACS ACR1252, PICC 00 00"}),
        ("replay:/tmp/cards.yaml", "replay", {"file": Path("/tmp/cards.yaml")}),
        ("{driver: pn532, device: /dev/x, gap: 2s, evses: [1], name: lobby}", "pn532", {"gap_s": 2.0}),
    ],
)
def test_what_is_written_names_a_driver_and_its_options(text: str, driver: str, options: dict[str, Any]) -> None:
    spec = reader_spec.parse(text)
    assert spec.driver.name == driver
    assert {name: getattr(spec.parsed, name) for name in options} == options


def test_a_line_of_a_profile_brings_its_form_of_the_uid() -> None:
    spec = reader_spec.parse("{driver: udp, uid: {order: reversed, format: decimal}}")
    assert spec.uid == UidPolicy(order="reversed", format="decimal")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pn523:/dev/x", "did you mean 'pn532'"),
        ("serial:/dev/ttyUSB0", "format"),
        ("pn532:/dev/x,speed=9600", "unknown option"),
        ("pn532:/dev/x,gap", "is no option"),
        ("keyboard:/dev/x", "has no device"),
        ("{driver: udp, uid: {order: backwards}}", "backwards"),
        ("{device: /dev/x}", "driver"),
        ("{driver: [", "no line of a profile"),
        ("{}", "driver"),
        ("", "reader driver"),
    ],
)
def test_what_cannot_be_a_reader_says_why(text: str, message: str) -> None:
    with pytest.raises(DriverError) as caught:
        reader_spec.parse(text)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_readers_of_a_profile(tmp_path: Path) -> None:
    readers = [{"driver": "udp", "device": "127.0.0.1:5", "gap": "1s", "uid": {"case": "lower"}}]
    profile = from_mapping({"csms": {}, "store": "memory", "auth": {"readers": readers}}, tmp_path).profile
    spec = reader_spec.from_config(profile.auth.readers[0])
    assert (spec.name, spec.gap_s, spec.uid.case) == ("udp 127.0.0.1:5", 1.0, "lower")


def test_option_errors_are_told_apart_from_missing_drivers() -> None:
    with pytest.raises(OptionError):
        reader_spec.parse("pn532:/dev/x,gap=soon")
