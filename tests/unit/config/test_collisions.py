"""Two parts of a profile that want the same pin, line or address: `check` says so with the place, before any start."""

from __future__ import annotations

from pathlib import Path

import pytest

from station.config import ConfigError, Profile, load

HEAD = "csms: none\nauth: {local: {allow: [04A1B2C3]}, readers: [%s]}\nevses:\n"


def loaded(where: Path, *hardware: str, readers: str = "") -> Profile:
    path = where / "station.yaml"
    path.write_text(HEAD % readers + "".join(f"  - {{hardware: {{{one}}}}}\n" for one in hardware))
    return load(path).profile


def said(where: Path, *hardware: str, readers: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(where, *hardware, readers=readers)
    [problem] = caught.value.problems
    return f"{problem.position.line}: {problem.message}; {problem.suggestion}"


COIL = "contactor: {driver: gpio, pin: 17, factory: mock}"
METER = "meter: {driver: modbus, model: sdm630, port: /dev/ttyUSB1, unit: %d}"
DIN = "pilot: {driver: evse_din, port: /dev/ttyUSB1, unit: 1}"


def test_a_pin_of_two_parts(tmp_path: Path) -> None:
    text = said(tmp_path, f"{COIL}, lock: {{driver: gpio, lock_pin: 5, unlock_pin: 17, factory: mock}}")
    assert text.startswith("4: evses[0].hardware.lock.unlock_pin: GPIO17 is evses[0].hardware.contactor.pin already")


def test_a_pin_of_two_evses(tmp_path: Path) -> None:
    assert said(tmp_path, COIL, COIL).startswith("5: evses[1].hardware.contactor.pin: GPIO17")


def test_a_line_of_two_parts_by_whatever_name(tmp_path: Path) -> None:
    line, link = tmp_path / "ttyS1", tmp_path / "by-id"
    line.touch()
    link.symlink_to(line)
    pilot = f"pilot: {{driver: openevse, port: {line}}}"
    text = said(tmp_path, pilot, readers=f"{{driver: pn532, device: {link}}}")
    assert text.startswith("2: auth.readers[0].device: this line is evses[0].hardware.pilot.port already")


def test_two_readers_on_a_line(tmp_path: Path) -> None:
    twice = "{driver: pn532, device: /dev/ttyS0}, {driver: serial, port: /dev/ttyS0, format: line}"
    assert "auth.readers[1].port: this line is auth.readers[0].device already" in said(tmp_path, COIL, readers=twice)


def test_modbus_devices_share_a_line(tmp_path: Path) -> None:
    assert loaded(tmp_path, f"{DIN}, {METER % 2}", METER % 3)
    assert loaded(tmp_path, f"{DIN}, {METER % 1}")  # a controller with a meter at its own address


def test_modbus_devices_at_one_address_or_two_speeds(tmp_path: Path) -> None:
    assert "5: evses[1].hardware.meter: unit 2 on this line is evses[0]" in said(tmp_path, METER % 2, METER % 2)
    slow = "meter: {driver: modbus, model: sdm630, port: /dev/ttyUSB1, unit: 2, baud: 2400}"
    assert "same line with baud 9600, this one with 2400" in said(tmp_path, METER % 1, slow)


def test_what_differs_may_stand_together(tmp_path: Path) -> None:
    assert loaded(tmp_path, COIL, "contactor: {driver: gpio, pin: 18, factory: mock}")
    assert loaded(tmp_path, COIL, "contactor: {driver: gpio, pin: 17, factory: lgpio}")
