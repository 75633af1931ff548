"""`station doctor`: what is found wrong, and how it ends."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from typer.testing import CliRunner, Result

from drivers import discovery
from drivers.discovery import Found, Problem
from drivers.gpio import factory
from station.cli import bench, checks
from station.cli.verbs import build
from station.config.secret import Secret
from station.control.runtime_file import RuntimeFile
from tests.support import gpio_physics
from tests.support.doubles import reader_udp

runner = CliRunner()
CONTACTOR = "evses: [{hardware: {contactor: {driver: gpio, pin: 17, feedback_pin: 27, factory: mock}}}]\n"


@pytest.fixture(autouse=True)
def a_machine_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr(bench, "SERVICE_STATE", tmp_path / "service-state")
    monkeypatch.setattr(bench, "SERVICE_RUNTIME", tmp_path / "no" / "ocpp-station")
    monkeypatch.setattr(checks, "UNIT", tmp_path)
    monkeypatch.setattr(checks, "host_clock_synchronised", lambda: True)
    monkeypatch.setattr(discovery, "find", list)
    monkeypatch.setattr(discovery, "problems", lambda _found: [])
    monkeypatch.setattr(factory, "outputs_survive", lambda: False)
    yield
    gpio_physics.fresh()


def write(where: Path, text: str = "", store: str = "memory") -> str:
    path = where / "p.yaml"
    head = "csms: none\nauth: {local: {allow: [04A1B2C3]}}\n" if "csms:" not in text else ""
    path.write_text(f"station: {{id: DR-1}}\nstore: {store}\n{head}{text}")
    return str(path)


def doctor(*arguments: str) -> Result:
    return runner.invoke(build(), ["doctor", *arguments])


def test_all_is_well(tmp_path: Path) -> None:
    result = doctor(write(tmp_path, CONTACTOR))
    assert result.exit_code == 5  # nothing is connected to the mirror contact: a cut wire reads as a weld
    gpio_physics.Contactor()
    result = doctor(write(tmp_path, CONTACTOR))
    assert (result.exit_code, "EVSE 1 contactor gpio: open" in result.stdout) == (0, True), result.output
    assert "nothing is in the way" in result.stdout
    assert doctor().exit_code == 0


def test_a_reader_in_trouble_is_exit_5(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Found("usb", "usb:072f:2200", driver="acr122u", name="ACS ACR122U")]
    problem = Problem("pcscd runs and takes the ACS ACR122U for itself", "usb:072f:2200", "sudo systemctl stop pcscd")
    monkeypatch.setattr(discovery, "find", lambda: found)
    monkeypatch.setattr(discovery, "problems", lambda _found: [problem])
    result = doctor()
    assert result.exit_code == 5
    assert "x usb:072f:2200: pcscd runs" in result.stdout
    assert "try: sudo systemctl stop pcscd" in result.stdout
    data: dict[str, Any] = json.loads(doctor("--json").stdout)
    assert data["ok"] is False
    assert [check["level"] for check in data["checks"]] == ["ok", "error", "ok"]


def test_a_bad_profile_is_exit_2(tmp_path: Path) -> None:
    result = doctor(write(tmp_path, "car: {sok: 5%}\n"))
    assert (result.exit_code, "did you mean 'soc'" in result.stderr) == (2, True)
    assert doctor(write(tmp_path, "car: {sok: 5%}\n"), "--json").exit_code == 2


def test_the_clock_and_the_unit_are_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "host_clock_synchronised", lambda: False)
    monkeypatch.setattr(checks, "UNIT", tmp_path / "none")
    gpio_physics.Contactor()
    result = doctor(write(tmp_path, CONTACTOR))
    assert result.exit_code == 0
    assert "timedatectl" in result.stdout
    assert "station install" in result.stdout
    assert "warnings" in result.stdout


def test_outputs_that_stay_driven_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "outputs_survive", lambda: True)
    gpio_physics.Contactor()
    assert "strict_gpiod" in doctor(write(tmp_path, CONTACTOR)).stdout


def test_secrets_that_are_not_set_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    text = 'csms: {url: "wss://csms.test/ocpp", security: {password: "${NOBODY_KNOWS_THIS_ONE}"}}\n'
    result = doctor(write(tmp_path, text))
    assert (result.exit_code, "${NOBODY_KNOWS_THIS_ONE} is not set" in result.stdout) == (0, True)


def test_a_name_that_does_not_resolve_is_exit_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object) -> NoReturn:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = doctor(write(tmp_path, "csms: {url: 'ws://csms.test/ocpp'}\n"))
    assert (result.exit_code, "csms.test does not resolve" in result.stdout) == (3, True)


def test_a_store_that_cannot_be_written_is_exit_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK | os.X_OK)
    result = doctor(write(tmp_path, store=str(tmp_path / "state" / "s.db")))
    assert (result.exit_code, "cannot be written by this user" in result.stdout) == (1, True)


def test_a_full_disk_is_exit_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_FREE_BYTES", 1 << 60)
    result = doctor(write(tmp_path, store=str(tmp_path / "s.db")))
    assert (result.exit_code, "without a record there is no energy" in result.stdout) == (1, True)


def test_a_newer_store_is_exit_1(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    result = doctor(write(tmp_path, store=str(store)))
    assert (result.exit_code, "written by a newer version" in result.stdout) == (1, True)
    store.write_bytes(b"no database at all" * 100)
    assert "cannot be read" in doctor(write(tmp_path, store=str(store))).stdout


def test_parts_of_a_station_that_runs_are_left_alone(tmp_path: Path) -> None:
    physics = gpio_physics.Contactor()
    with RuntimeFile("DR-1", None, Secret("x")):
        result = doctor(write(tmp_path, CONTACTOR))
    assert (result.exit_code, "are not opened" in result.stdout) == (0, True), result.output
    assert physics.coil.history == []


def test_parts_that_are_not_there_are_each_told(tmp_path: Path) -> None:
    text = (
        "evses: [{hardware: {pilot: {driver: openevse, port: /dev/none-a},"
        " meter: {driver: modbus, model: sdm630, port: /dev/none-b, unit: 1}}}]\n"
    )
    result = doctor(write(tmp_path, text))
    assert result.exit_code == 5
    assert "EVSE 1 meter modbus: " in result.stdout
    assert "/dev/none-b" in result.stdout
    assert "EVSE 1 contactor openevse: /dev/none-a is not there" in result.stdout


def test_readers_of_the_profile_are_opened(tmp_path: Path) -> None:
    head = "csms: none\nauth:\n  local: {allow: [04A1B2C3]}\n  readers:\n"
    with reader_udp.double() as options:
        readers = f"    - {{driver: udp, device: '{options['device']}'}}\n    - {{driver: pn532, device: /dev/none}}\n"
        result = doctor(write(tmp_path, head + readers))
    assert "reader udp (udp): answers" in result.stdout
    assert "reader pn532 (pn532): /dev/none is not there" in result.stdout
    assert result.exit_code == 5
