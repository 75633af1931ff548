from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers import registry
from drivers.api import OptionError
from drivers.framing.format import ID12LA, LINE, RDM6300, TWN4, FrameFormat, byte_string, serial_format
from drivers.readers.serial import DRIVER


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ("STX", b"\x02"),
        ("02", b"\x02"),
        ("0D0A 03", b"\r\n\x03"),
        ("CR LF ETX", b"\r\n\x03"),
        ("'050010' CR", b"050010\r"),
        ("' a ' LF", b" a \n"),
        ("", b""),
        (2, b"\x02"),
    ],
)
def test_byte_strings(written: object, data: bytes) -> None:
    assert byte_string(written) == data


@pytest.mark.parametrize("written", ["XYZ", "0", "0x02", "STXETX", "'open", "''", "\u00fc", None, 2.5, True, -1, [1]])
def test_what_is_no_byte_string(written: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        byte_string(written)


def test_a_mapping_says_the_same_as_the_ready_made_name() -> None:
    assert serial_format("rdm6300") is RDM6300
    assert serial_format("twn4") == TWN4
    written = {"start": "STX", "end": "ETX", "length": 10, "coding": "hex", "checksum": "xor", "technology": "EM4100"}
    assert serial_format(written) == RDM6300
    assert serial_format({**written, "end": "CR LF ETX", "length": "10"}) == ID12LA
    assert serial_format({"coding": "ascii", "end": ["CR", "LF"], "max_length": 128}) == LINE


def test_the_driver_takes_either() -> None:
    options = DRIVER.parse({"port": "/dev/ttyUSB0", "format": "line"})
    assert options.format is LINE and options.baud == 9600 and options.gap_s == 0.5
    options = DRIVER.parse({"port": "p", "format": {"coding": "decimal", "end": "CR", "uid_bytes": 3, "timeout": "1s"}})
    assert options.format == FrameFormat(coding="decimal", end=(b"\r",), uid_bytes=3, timeout_s=1.0)


@pytest.mark.parametrize(
    ("written", "key", "message"),
    [
        ("rdm630", "format", "did you mean 'rdm6300'"),
        (7, "format", "is no format"),
        ([], "format", "is no format"),
        ({}, "format.coding", "is needed"),
        ({"coding": "base64", "end": "CR"}, "format.coding", "none of hex"),
        ({"coding": "hex", "stop": "CR"}, "format.stop", "unknown option"),
        ({"coding": "hex"}, "format", "a frame needs an end"),
        ({"coding": "hex", "start": "STX"}, "format", "a frame needs an end"),
        ({"coding": "hex", "start": "STX", "length": 9}, "format", "in pairs"),
        ({"coding": "binary", "start": "STX", "end": "ETX"}, "format", "binary frames need"),
        ({"coding": "ascii", "end": "CR", "skip": 1}, "format", "skip and drop"),
        ({"coding": "hex", "end": "WHAT"}, "format.end", "neither hex bytes"),
        ({"coding": "hex", "end": ["CR", ""]}, "format.end", "one byte or more"),
        ({"coding": "hex", "end": "CR", "length": 1000}, "format.length", "out of range"),
        ({"coding": "hex", "end": "CR", "poll_every": "0.2"}, "format.poll_every", "needs a unit"),
    ],
)
def test_mistakes_are_named(written: Any, key: str, message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        DRIVER.parse({"port": "/dev/ttyUSB0", "format": written})
    assert caught.value.key == key


def test_the_examples_of_the_guide() -> None:
    text = (Path(__file__).parents[3] / "docs/serial-readers.md").read_text()
    formats = [yaml.safe_load(line) for line in text.splitlines() if line.startswith("format: {")]
    parsed = [serial_format(one["format"]) for one in formats]
    assert parsed[0] == RDM6300 and len(parsed) == 3
    named = [yaml.safe_load(found) for found in re.findall(r"`(\{driver: \w+,[^`]*\})`", text)]
    assert [one["driver"] for one in named] == ["hid", "pcsc"]
    for one in named:
        registry.find("reader", one["driver"]).parse(one)
