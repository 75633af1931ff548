"""`station readers`: what is listed for what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from drivers import discovery
from drivers.discovery import Found, Problem
from station.cli.verbs import build

ACR = Found("usb", "usb:072f:2200", "/dev/bus/usb/001/004", "ACS ACR122U", "072f:2200", "acr122u")
LINE = Found("serial", "/dev/ttyUSB0", "/dev/ttyUSB0", "FTDI FT232R adapter", "0403:6001", holders=("minicom (pid 7)",))
ODD = Found("usb", "usb:054c:06c1", "/dev/bus/usb/001/005", "Sony RC-S380/S", "054c:06c1")
MODULE = Problem(
    "the kernel's own driver pn533_usb holds the ACS ACR122U", "usb:072f:2200", "sudo modprobe -r pn533_usb"
)
WARNING = Problem("the library nfc is not installed", "driver pn532", "pip install 'ocpp-station[nfc]'", "warning")


def readers(
    monkeypatch: pytest.MonkeyPatch, found: Sequence[Found], problems: Sequence[Problem] = (), *arguments: str
) -> Result:
    monkeypatch.setattr(discovery, "find", lambda: list(found))
    monkeypatch.setattr(discovery, "problems", lambda _found: list(problems))
    return CliRunner().invoke(build(), ["readers", *arguments])


def test_each_device_has_its_profile_line(monkeypatch: pytest.MonkeyPatch) -> None:
    result = readers(monkeypatch, [ACR, LINE, ODD], [WARNING])
    assert result.exit_code == 0
    assert 'profile: {driver: acr122u, device: "usb:072f:2200"}' in result.stdout
    assert "profile: {driver: serial, port: /dev/ttyUSB0, format: rdm6300}" in result.stdout
    assert "held by minicom (pid 7)" in result.stdout
    assert "no driver knows it" in result.stdout
    assert " ! driver pn532: the library nfc is not installed" in result.stderr


def test_what_is_in_the_way_is_exit_5(monkeypatch: pytest.MonkeyPatch) -> None:
    result = readers(monkeypatch, [ACR], [MODULE])
    assert result.exit_code == 5
    assert " x usb:072f:2200: the kernel's own driver" in result.stderr
    assert "try: sudo modprobe -r pn533_usb" in result.stderr


def test_nothing_found_is_exit_5(monkeypatch: pytest.MonkeyPatch) -> None:
    result = readers(monkeypatch, [])
    assert (result.exit_code, "no reader and no serial line was found" in result.stderr) == (5, True)


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    data: dict[str, Any] = json.loads(readers(monkeypatch, [ACR, LINE], [MODULE], "--json").stdout)
    assert data["ok"] is False
    assert [one["profile"] for one in data["readers"]] == ['{driver: acr122u, device: "usb:072f:2200"}', None]
    assert data["problems"][0]["hint"] == "sudo modprobe -r pn533_usb"
