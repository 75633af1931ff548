"""`station install`: what it plans, what it writes, and that it takes nothing from anybody."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from drivers import registry
from drivers.modbus.frames import crc16
from drivers.parting import Parting
from station.cli.install import apply, plan
from station.cli.install.needs import Pin, pin_line
from station.cli.install.plan import SCRIPT, SECRETS, UNIT, File
from station.cli.install.safe_stop import script_text
from station.cli.install.unit import argument, quoted
from station.cli.verbs import build
from tests.support.openevse import FakeOpenEvse
from tests.support.serial_line import serial_line

PROFILES = Path(__file__).parents[3] / "profiles" / "stations"
GUARD = "csms: none\nauth: {local: {allow: [04A1B2C3]}, readers: [READERS]}\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["install", *arguments])


def write(where: Path, hardware: str = "", readers: str = "", more: str = "") -> str:
    path = where / "station.yaml"
    evses = f"evses: [{{hardware: {{{hardware}}}}}]\n" if hardware else ""
    path.write_text(f"station: {{id: IN-1}}\n{GUARD.replace('READERS', readers)}{evses}{more}")
    return str(path)


def planned(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    data["texts"] = {file["path"]: file["text"] for file in data["files"]}
    return data


def unit(*arguments: str) -> list[str]:
    text: str = planned(*arguments)["texts"][str(UNIT)]
    return text.splitlines()


# --- the plan -----------------------------------------------------------------------------------------------------


def test_the_unit_is_a_watched_notifying_service_that_always_comes_back(tmp_path: Path) -> None:
    lines = unit(write(tmp_path, "contactor: {driver: gpio, pin: 17}"))
    for line in (
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=2",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "StateDirectory=ocpp-station",
        "RuntimeDirectory=ocpp-station",
        "User=ocpp-station",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "DevicePolicy=closed",
    ):
        assert line in lines
    start = next(line for line in lines if line.startswith("ExecStart="))
    assert start.endswith(f" -P -m station run {tmp_path}/station.yaml")
    assert Path(start.removeprefix("ExecStart=").split()[0]).is_absolute()
    stop = next(line for line in lines if line.startswith("ExecStopPost="))
    assert stop.startswith("ExecStopPost=-/")
    assert stop.endswith(f" -I -S {SCRIPT}")


def test_the_clock_can_be_asked_within_the_filter(tmp_path: Path) -> None:
    lines = unit(write(tmp_path))
    assert "SystemCallFilter=@system-service adjtimex clock_adjtime clock_adjtime64" in lines
    assert not any(line.startswith("ProtectClock") for line in lines)


def test_devices_and_groups_are_those_of_the_profile(tmp_path: Path) -> None:
    hardware = "contactor: {driver: gpio, pin: 17}, meter: {driver: modbus, model: sdm630, port: /dev/ttyUSB1, unit: 1}"
    readers = "{driver: acr122u, device: 'usb:072f:2200'}, {driver: hid, device: /dev/input/event9}"
    data = planned(write(tmp_path, hardware, readers))
    lines = data["texts"][str(UNIT)].splitlines()
    assert [line for line in lines if line.startswith("DeviceAllow")] == [
        "DeviceAllow=char-gpiochip rw",
        "DeviceAllow=char-input rw",
        "DeviceAllow=char-ttyUSB rw",
        "DeviceAllow=char-usb_device rw",
    ]
    users = data["texts"]["/etc/sysusers.d/ocpp-station.conf"]
    for group in ("dialout", "gpio", "input", "plugdev"):
        assert f"m ocpp-station {group}\n" in users
    rules = data["texts"]["/etc/udev/rules.d/70-ocpp-station.rules"]
    assert 'ATTR{idVendor}=="072f", ATTR{idProduct}=="2200", GROUP="plugdev"' in rules
    assert 'KERNEL=="gpiochip*", GROUP="gpio"' in rules
    assert "blacklist pn533_usb\nblacklist pn533\nblacklist nfc\n" in data["texts"]["/etc/modprobe.d/ocpp-station.conf"]
    assert ["modprobe", "-r", "pn533_usb", "pn533", "nfc"] in data["commands"]
    assert any("pcscd" in step for step in data["next"])


def test_what_a_profile_does_not_use_is_left_alone(tmp_path: Path) -> None:
    data = planned(write(tmp_path))
    assert str(SCRIPT) not in data["texts"]
    assert "/etc/modprobe.d/ocpp-station.conf" not in data["texts"]
    assert "ExecStopPost" not in data["texts"][str(UNIT)]
    assert "DeviceAllow" not in data["texts"][str(UNIT)]


@pytest.mark.parametrize(
    ("written", "level"), [("active: high", 0), ("active: low", 1), ("feedback_pin: 27, feedback_closed: low", 0)]
)
def test_the_script_knows_the_pins_and_the_levels_that_open(tmp_path: Path, written: str, level: int) -> None:
    data = planned(write(tmp_path, f"contactor: {{driver: gpio, pin: 17, {written}}}"))
    assert f"PINS = ((17, {level}),)" in data["texts"][str(SCRIPT)]


def test_a_controller_that_switches_is_told_to_stop_and_needs_hardware_of_its_own(tmp_path: Path) -> None:
    data = planned(write(tmp_path, "pilot: {driver: openevse, port: /dev/ttyAMA1}"))
    assert "'/dev/ttyAMA1', 115200, 'none'" in data["texts"][str(SCRIPT)]
    assert "ExecStopPost=-" in data["texts"][str(UNIT)]
    assert any("watchdog relay" in remark for remark in data["remarks"])


def test_secrets_that_are_not_known_here_have_a_place(tmp_path: Path) -> None:
    path = tmp_path / "station.yaml"
    path.write_text('csms: {url: "wss://x.test/ocpp", security: {password: "${NOBODY_KNOWS_THIS_ONE}"}}\n')
    data = planned(str(path))
    assert "NOBODY_KNOWS_THIS_ONE=\n" in data["texts"][str(SECRETS)]
    assert f"EnvironmentFile=-{SECRETS}" in data["texts"][str(UNIT)]
    assert next(file for file in data["files"] if file["path"] == str(SECRETS))["mode"] == "0600"


def test_a_store_elsewhere_stays_writable(tmp_path: Path) -> None:
    data = planned(write(tmp_path, more="store: /srv/charger/s.db\n"))
    assert "ReadWritePaths=/srv/charger" in data["texts"][str(UNIT)]
    assert ["install", "-d", "-m", "0700", "-o", "ocpp-station", "-g", "ocpp-station", "/srv/charger"] in data[
        "commands"
    ]


def test_what_an_installer_has_to_know_is_said(tmp_path: Path) -> None:
    result = run(write(tmp_path, more="reboot: {real: {exec: /sbin/reboot}}\n"), "--dry-run")
    assert "without any right of root" in result.stderr
    assert "reboots are simulated" in run(write(tmp_path), "--dry-run").stderr


def test_who_has_to_read_a_profile_that_lies_elsewhere_is_said(tmp_path: Path) -> None:
    assert any("ocpp-station has to be able to read it" in remark for remark in planned(write(tmp_path))["remarks"])


def test_every_profile_that_comes_along_can_be_planned() -> None:
    for path in sorted(PROFILES.glob("*.yaml")):
        assert planned(str(path))["texts"][str(UNIT)]


@pytest.mark.parametrize(
    ("text", "line"), [("17", 17), (17, 17), ("GPIO4", 4), ("BCM22", 22), ("J8:11", None), ("", None), ("x" * 99, None)]
)
def test_pins_by_number(text: Any, line: int | None) -> None:
    assert pin_line(text) == line


def test_odd_paths_are_quoted() -> None:
    assert argument(Path("/a b/50%$x")) == '"/a b/50%%$$x"'
    assert quoted(Path("/a b/50%$x")) == '"/a b/50%%$x"'
    assert quoted(Path("/plain-1.0")) == argument(Path("/plain-1.0")) == "/plain-1.0"


ODD = ("o'brien", 'quo"te', "sp ace", " ; ", "semi;colon", "50%n", "$HOME", "${X}", "back\\nslash", "#", "ü€", "*?")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_reads_odd_paths(tmp_path: Path) -> None:
    for number, name in enumerate(ODD):
        folder = tmp_path / name
        folder.mkdir()
        text = "\n".join(unit(write(folder)))
        service = tmp_path / f"odd{number}.service"
        service.write_text(text)
        done = subprocess.run(["systemd-analyze", "verify", str(service)], capture_output=True, text=True, check=False)
        assert service.name not in done.stdout + done.stderr, (name, done)


@pytest.mark.parametrize("name", ["new\nline", "x\nExecStartPre=/bin/true", "tab\t", "bell\a", "line\u2028"])
def test_a_path_that_no_line_can_hold_is_refused(tmp_path: Path, root: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    result = run(write(folder), "--prefix", str(root))
    assert (result.exit_code, "another name" in result.stderr) == (1, True)
    assert not root.exists()


def test_a_store_of_any_name_is_a_file(tmp_path: Path) -> None:
    data = planned(write(tmp_path, more="store: /srv/charger/store\nstate: /srv/state.db\n"))
    text = data["texts"][str(UNIT)]
    assert [line for line in text.splitlines() if line.startswith("ReadWrite")] == [
        "ReadWritePaths=/srv/charger",
        "ReadWritePaths=/srv/state.db",
    ]


def test_a_store_that_the_environment_names_must_be_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, more='store: "${WHERE_IT_IS}/s.db"\n')
    problems = json.loads(run(path, "--dry-run", "--json").stdout)["problems"]
    assert "environment" in problems[0]["message"]
    monkeypatch.setenv("WHERE_IT_IS", "/srv/x")
    assert "ReadWritePaths=/srv/x" in unit(path)


@pytest.mark.parametrize("device", ["Sycreader RFID", "/dev/door"])
def test_a_keyboard_reader_may_be_opened_whatever_it_is_called(tmp_path: Path, device: str) -> None:
    data = planned(write(tmp_path, readers=f"{{driver: hid, device: {device}}}"))
    assert "DeviceAllow=char-input rw" in data["texts"][str(UNIT)]
    assert "m ocpp-station input\n" in data["texts"]["/etc/sysusers.d/ocpp-station.conf"]


# --- what it refuses ----------------------------------------------------------------------------------------------


def test_a_bad_profile_and_a_bad_user_are_exit_2(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("car: {sok: 5%}\n")
    assert run(str(path), "--dry-run").exit_code == 2
    assert run(str(path), "--dry-run", "--json").exit_code == 2
    assert run(write(tmp_path), "--user", "root; rm", "--dry-run").exit_code == 2


def test_without_root_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = run(write(tmp_path))
    assert (result.exit_code, "needs root" in result.stderr) == (1, True)
    assert "sudo station install" in result.stderr


def test_what_the_service_could_not_see_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_HOMES", (tmp_path,))
    result = run(write(tmp_path), "--prefix", str(tmp_path / "root"))
    assert (result.exit_code, "home folder" in result.stderr) == (1, True)
    assert "/etc/ocpp-station/station.yaml" in result.stderr
    assert not (tmp_path / "root").exists()
    assert run(write(tmp_path), "--dry-run").exit_code == 0
    assert json.loads(run(write(tmp_path), "--dry-run", "--json").stdout)["problems"]


# --- what it writes -----------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(plan, "_HOMES", ())
    return tmp_path / "root"


def test_writing_is_idempotent_and_runs_nothing_below_a_prefix(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_keys: pytest.fail("a command was run"))
    profile = write(tmp_path, "contactor: {driver: gpio, pin: 17}")
    first = run(profile, "--prefix", str(root))
    assert first.exit_code == 0, first.output
    assert "systemctl enable --now ocpp-station" in first.stdout
    script, secrets = root / SCRIPT.relative_to("/"), root / SECRETS.relative_to("/")
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    before = {path: path.read_text() for path in root.rglob("*") if path.is_file()}
    second = json.loads(run(profile, "--prefix", str(root), "--json").stdout)
    assert {file["outcome"] for file in second["files"]} == {"unchanged"}
    assert before == {path: path.read_text() for path in root.rglob("*") if path.is_file()}


def test_a_newer_text_replaces_what_nobody_touched(tmp_path: Path) -> None:
    path = Path("/etc/x.conf")
    assert apply.write(File(path, "one\n"), tmp_path, force=False).outcome == "written"
    assert apply.write(File(path, "two\n"), tmp_path, force=False).outcome == "updated"
    assert (tmp_path / "etc/x.conf").read_text().endswith("two\n")


def test_what_was_changed_by_hand_is_kept_unless_forced(tmp_path: Path, root: Path) -> None:
    profile = write(tmp_path)
    run(profile, "--prefix", str(root))
    mine = root / UNIT.relative_to("/")
    mine.write_text(mine.read_text() + "# mine\n")
    result = run(profile, "--prefix", str(root))
    assert (result.exit_code, "changed by hand, and kept" in result.stderr) == (1, True)
    assert mine.read_text().endswith("# mine\n")
    assert run(profile, "--prefix", str(root), "--force").exit_code == 0
    assert not mine.read_text().endswith("# mine\n")
    assert mine.with_name(f"{mine.name}.bak").read_text().endswith("# mine\n")


def test_secrets_are_never_replaced(tmp_path: Path, root: Path) -> None:
    profile = write(tmp_path)
    secrets = root / SECRETS.relative_to("/")
    secrets.parent.mkdir(parents=True)
    secrets.write_text("CSMS_PASSWORD=mine\n")
    assert run(profile, "--prefix", str(root), "--force").exit_code == 0
    assert secrets.read_text() == "CSMS_PASSWORD=mine\n"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600


def test_as_root_the_commands_are_run_and_a_failure_is_told(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []
    writes = apply.write

    def failing(command: tuple[str, ...]) -> str | None:
        ran.append(command)
        return "no such module" if command[0] == "modprobe" else None

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(apply, "write", lambda file, _prefix, *, force: writes(file, root, force=force))
    monkeypatch.setattr(apply, "run", failing)
    result = run(write(tmp_path, readers="{driver: acr122u, device: 'usb:072f:2200'}"))
    assert result.exit_code == 0, result.output
    assert ran[0] == ("systemd-sysusers", "/etc/sysusers.d/ocpp-station.conf")
    assert ("udevadm", "control", "--reload") in ran
    assert "modprobe -r pn533_usb pn533 nfc: no such module" in result.stderr


def test_commands_that_cannot_be_run_say_why() -> None:
    assert apply.run(("true",)) is None
    assert apply.run(("false",)) == "it ended with 1"
    assert apply.run(("/no/such/program",)) == "No such file or directory"
    assert apply.run(("sh", "-c", "echo first >&2; echo why >&2; exit 3")) == "why"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_understands_the_unit(tmp_path: Path, root: Path) -> None:
    # Two EVSEs with everything: the longest unit there is.
    hardware = "contactor: {driver: gpio, pin: 17}, meter: {driver: pulse, pin: 22, pulses_per_kwh: 1000}"
    run(write(tmp_path, hardware, "{driver: acr122u, device: 'usb:072f:2200'}"), "--prefix", str(root))
    path = root / UNIT.relative_to("/")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ocpp-station" not in done.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-300:]


# --- the script ---------------------------------------------------------------------------------------------------


class Chips:
    """The kernel's GPIO character devices, as the script sees them."""

    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels
        self.open: dict[int, str] = {}
        self.lines: dict[int, tuple[int, int]] = {}
        self.busy = 0
        self.no_bias = False

    def glob(self, _pattern: str) -> list[str]:
        return list(self.labels)

    def open_device(self, path: str, _flags: int) -> int:
        self.open[len(self.open) + 100] = path
        return len(self.open) + 99

    def ioctl(self, device: int, request: int, data: bytes) -> bytes:
        label = self.labels[self.open[device]]
        if request == 0x8044B401:
            return struct.pack("=32s32sI", b"gpiochip", label.encode(), 54)
        assert (request, len(data)) == (0xC250B407, 592)
        if self.busy:
            self.busy -= 1
            raise OSError(16, "Device or resource busy")
        (line,) = struct.unpack_from("=I", data, 0)
        flags, attributes = struct.unpack_from("=QI", data, 288)
        kind, _, values, mask = struct.unpack_from("=IIQQ", data, 320)
        (lines,) = struct.unpack_from("=I", data, 560)
        assert (attributes, kind, mask, lines) == (1, 2, 1, 1)
        if self.no_bias and flags & 0x300:
            raise OSError(22, "Invalid argument")
        assert label.startswith("pinctrl")
        self.lines[line] = (values, flags)
        return data[:588] + struct.pack("=i", 7)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The generated script as a module, over simulated chips."""

    def load(chips: Chips, *pins: Pin) -> Any:
        module = types.ModuleType("script")
        exec(script_text(pins), module.__dict__)
        fake = types.SimpleNamespace(O_RDWR=2, O_CLOEXEC=0, open=chips.open_device, close=lambda _fd: None)
        module.__dict__.update(os=fake, glob=types.SimpleNamespace(glob=chips.glob))
        monkeypatch.setattr(fcntl, "ioctl", chips.ioctl)
        return module

    return load


OUTPUT, UP, DOWN = 8, 256, 512
PI = {"/dev/gpiochip0": "brcmvirt-gpio", "/dev/gpiochip1": "pinctrl-rp1"}


def test_the_script_drives_each_pin_to_its_open_level_with_a_pull(script: Callable[..., Any]) -> None:
    chips = Chips(PI)
    script(chips, Pin(1, 17, 0), Pin(2, 18, 1)).open_pins()
    assert chips.lines == {17: (0, OUTPUT | DOWN), 18: (1, OUTPUT | UP)}


def test_the_script_goes_without_a_pull_where_there_is_none(script: Callable[..., Any]) -> None:
    chips = Chips(PI)
    chips.no_bias = True
    script(chips, Pin(1, 17, 0)).open_pins()
    assert chips.lines == {17: (0, OUTPUT)}


def test_the_script_waits_a_moment_for_a_pin_that_is_held(
    script: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    chips = Chips(PI)
    chips.busy = 4
    script(chips, Pin(1, 17, 0)).open_pins()
    assert chips.lines[17][0] == 0
    chips.busy = 10**6
    script(chips, Pin(1, 17, 0)).open_pins()
    assert "contactor pin 17 was not opened" in capsys.readouterr().err


def test_the_script_leaves_other_chips_alone(script: Callable[..., Any]) -> None:
    module = script(Chips({"/dev/gpiochip0": "a", "/dev/gpiochip1": "b"}), Pin(1, 17, 0))
    with pytest.raises(OSError, match="no gpiochip"):
        module.open_pins()


# --- controllers at a line ----------------------------------------------------------------------------------------


def run_script(partings: Sequence[Parting]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", script_text([], partings)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def parting(driver: str, **written: Any) -> Parting:
    found = registry.find("pilot", driver)
    assert found.parting is not None
    return found.parting(found.parse(written))


def test_the_script_puts_an_openevse_to_sleep() -> None:
    box = FakeOpenEvse()
    box.plug_in()
    assert box.relay_closed
    with serial_line() as line:
        line.serve(box.respond)
        done = run_script([parting("openevse", port=line.path)])
        assert (done.returncode, done.stderr) == (0, "")
        assert "told to stop" in done.stdout
        line.unplug()
    assert box.commands == ["FS", "FS"]
    assert not box.relay_closed


def test_the_script_says_to_a_modbus_controller_what_its_driver_would() -> None:
    with serial_line() as line:
        done = run_script([parting("evse_din", port=line.path, unit=3, baud=19200)])
        assert done.returncode == 0
        # Function 16, register 1000, one register, 0; twice.
        frame = bytes.fromhex("0310 03E8 0001 02 0000")
        assert line.read(22) == (frame + struct.pack("<H", crc16(frame))) * 2
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        words = parting("modbus", port=port, unit=1, model="phoenix_ev_cc")
        thread = threading.Thread(target=run_script, args=([words],))
        thread.start()
        connection, _ = server.accept()
        with connection:
            heard = b""
            while data := connection.recv(4096):
                heard += data
        thread.join()
    assert heard == b"".join(words.frames)
    assert heard.startswith(bytes.fromhex("0001 0000 0006 01 05"))


def test_the_script_goes_on_past_a_line_that_is_gone() -> None:
    box = FakeOpenEvse()
    with serial_line() as line:
        line.serve(box.respond)
        gone = parting("openevse", port="/nonexistent/'; quotes\" @PINS@")
        done = run_script([gone, parting("openevse", port=line.path)])
        line.unplug()
    assert done.returncode == 0
    assert "was not told to stop: [Errno 2]" in done.stderr
    assert box.mode == "asleep"


@pytest.mark.parametrize(
    ("data", "crc"), [(b"123456789", 0x4B37), (bytes.fromhex("010300000001"), 0x0A84), (b"", 0xFFFF)]
)
def test_checksums_of_serial_modbus(data: bytes, crc: int) -> None:
    assert crc16(data) == crc
