"""`station hw`: parts tried by hand, on simulated pins with physics."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from drivers import registry
from drivers.api import DeviceMissing, DriverLost, NoReading, PilotState, Reading
from drivers.registry import Driver
from drivers.sim.config import MeterOptions, PilotOptions
from station.cli import bench, trials
from station.cli.verbs import build
from station.config.secret import Secret
from station.control.runtime_file import RuntimeFile
from station.store.lock import FileLock
from tests.support import gpio_physics
from tests.support.interrupts import interrupted
from tests.support.openevse import FakeOpenEvse
from tests.support.serial_line import serial_line

runner = CliRunner()
PINS = "contactor: {driver: gpio, pin: 17, feedback_pin: 27, rcd_pin: 22, factory: mock}"


def hw(*arguments: str, answer: str | None = None) -> Result:
    return runner.invoke(build(), ["hw", *arguments], input=answer)


def write(where: Path, hardware: str = PINS, store: str = "memory") -> str:
    path = where / "p.yaml"
    guarded = "csms: none\nauth: {local: {allow: [04A1B2C3]}}"
    path.write_text(f"station: {{id: HW-1}}\n{guarded}\nstore: {store}\nevses: [{{hardware: {{{hardware}}}}}]\n")
    return str(path)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr(bench, "SERVICE_STATE", tmp_path / "service-state")
    monkeypatch.setattr(bench, "SERVICE_RUNTIME", tmp_path / "no" / "ocpp-station")


@pytest.fixture
def contactor() -> Iterator[gpio_physics.Contactor]:
    yield gpio_physics.Contactor(delay_s=0.01)
    gpio_physics.fresh()


# --- the contactor ------------------------------------------------------------------------------------------------


def test_the_relay_is_only_looked_at_without_close(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    result = hw("relay", write(tmp_path))
    assert (result.exit_code, "contactor open" in result.stdout) == (0, True), result.output
    assert True not in contactor.coil.history


def test_the_relay_closes_and_opens_and_is_timed(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    result = hw("relay", write(tmp_path), "--close", "100ms", "--yes", "--json")
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events] == ["closed", "opened"]
    assert all(10 <= event["took_ms"] < 500 for event in events)
    driven = [level for level in contactor.coil.history if level is not None]
    assert driven == [False, True, False]


def test_nothing_is_switched_without_a_yes(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    for answer in ("n\n", "\n", ""):
        result = hw("relay", write(tmp_path), "--close", "1s", answer=answer)
        assert (result.exit_code, "not confirmed" in result.stderr) == (1, True)
    assert hw("relay", write(tmp_path), "--close", "1s", "--json").exit_code == 1
    assert True not in contactor.coil.history
    assert hw("relay", write(tmp_path), "--close", "60ms", answer="y\n").exit_code == 0
    assert True in contactor.coil.history


@pytest.mark.parametrize("text", ["11s", "0s", "soon", "2", "-1s"])
def test_ten_seconds_are_the_most(tmp_path: Path, text: str, contactor: gpio_physics.Contactor) -> None:
    result = hw("relay", write(tmp_path), "--close", text, "--yes")
    assert (result.exit_code, "--close" in result.output) == (2, True)
    assert True not in contactor.coil.history


def test_a_signal_opens_it_at_once(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    with interrupted(signal.SIGTERM, 0.3):
        result = hw("relay", write(tmp_path), "--close", "10s", "--yes")
    assert "opened" in result.stdout
    assert contactor.coil.history[-2:] == [False, None] or not contactor.coil.driven(True)


def test_a_weld_is_hardware(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    def weld() -> None:
        while not contactor.closed:
            time.sleep(0.001)
        contactor.welded = True

    welding = threading.Thread(target=weld, daemon=True)
    welding.start()
    result = hw("relay", write(tmp_path), "--close", "150ms", "--yes")
    assert (result.exit_code, "did not open" in result.stderr) == (5, True), result.output
    assert not contactor.coil.driven(True)


def test_contacts_that_are_closed_before_are_not_switched(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    contactor.welded = True
    result = hw("relay", write(tmp_path), "--close", "150ms", "--yes")
    assert (result.exit_code, "before it was switched" in result.stderr) == (5, True)
    assert True not in contactor.coil.history


def test_contacts_that_do_not_close_are_hardware(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    contactor.stuck = True
    result = hw("relay", write(tmp_path), "--close", "100ms", "--yes")
    assert (result.exit_code, "did not close" in result.stderr) == (5, True)


def test_a_trip_while_closed_opens_and_is_told(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    def trip() -> None:
        while not contactor.closed:
            time.sleep(0.001)
        contactor.pressed.add(22)

    threading.Thread(target=trip, daemon=True).start()
    result = hw("relay", write(tmp_path), "--close", "5s", "--yes")
    assert (result.exit_code, "residual_current" in result.stdout) == (5, True)
    assert not contactor.coil.driven(True)


@pytest.fixture
def openevse() -> Iterator[tuple[FakeOpenEvse, str]]:
    """A controller that is pilot and contactor, and its part of a profile."""
    box = FakeOpenEvse()
    with serial_line() as line:
        line.serve(box.respond)
        yield box, f"pilot: {{driver: openevse, port: {line.path}}}, meter: {{driver: sim}}"


def test_a_controllers_relay_closes_for_a_vehicle_that_asks(tmp_path: Path, openevse: tuple[FakeOpenEvse, str]) -> None:
    box, hardware = openevse
    profile = write(tmp_path, hardware)
    assert hw("relay", profile).exit_code == 0
    nobody_there = hw("relay", profile, "--close", "100ms", "--yes")
    assert (nobody_there.exit_code, "did not close" in nobody_there.stderr) == (5, True)
    box.plug_in()
    assert hw("relay", profile, "--close", "100ms", "--yes").exit_code == 5
    forced = hw("relay", profile, "--close", "200ms", "--yes", "--force")
    assert (forced.exit_code, "closed after" in forced.stdout) == (0, True), forced.output
    assert not box.relay_closed
    assert "SC 6 V" in box.commands


# --- who may ------------------------------------------------------------------------------------------------------


def test_not_while_a_station_holds_the_store(tmp_path: Path, contactor: gpio_physics.Contactor) -> None:
    store = tmp_path / "s.db"
    lock = FileLock(tmp_path / "s.db.lock", "the store")
    result = hw("relay", write(tmp_path, store=str(store)), "--close", "1s", "--yes")
    lock.release()
    assert (result.exit_code, "a station runs" in result.stderr) == (5, True)
    assert "systemctl stop" in result.stderr
    assert contactor.coil.history == []
    assert hw("relay", write(tmp_path, store=str(store))).exit_code == 0


def test_not_while_a_station_of_that_id_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RuntimeFile("HW-1", "http://127.0.0.1:1", Secret("x")):
        result = hw("pilot", write(tmp_path, ""), "--count", "1")
    assert (result.exit_code, "HW-1 runs (pid" in result.stderr) == (5, True)
    # A service whose folder is closed to us runs, too.
    monkeypatch.setattr(bench.Path, "iterdir", _denied)
    assert "the service ocpp-station runs" in hw("pilot", write(tmp_path, "")).stderr


def _denied(_path: Path) -> Iterator[Path]:
    raise PermissionError


class FakePilot:
    """A pilot that shows a letter, or fails."""

    def __init__(self, state: str | None) -> None:
        self.state = state
        self.offers: list[float | None] = []

    def read(self) -> PilotState:
        if self.state is None:
            raise DriverLost("the controller does not answer")
        return PilotState(self.state)  # type: ignore[arg-type]

    def offer(self, current_a: float | None) -> None:
        self.offers.append(current_a)

    def release(self) -> None: ...


def use(monkeypatch: pytest.MonkeyPatch, part: str, name: str, options: Any, device: Any) -> None:
    """Let a driver of that name open this device."""
    find = registry.find

    def found(asked_part: str, asked: str) -> Any:
        if (asked_part, asked) == (part, name):
            return Driver(part=part, name=name, options=options, open=lambda *_args, **_keys: device)  # type: ignore[arg-type]
        return find(asked_part, asked)

    monkeypatch.setattr(registry, "find", found)


@pytest.mark.parametrize("state", ["B", "C", "D", None])
def test_not_while_a_vehicle_is_there_or_nobody_can_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contactor: gpio_physics.Contactor, state: str | None
) -> None:
    use(monkeypatch, "pilot", "fake", PilotOptions, FakePilot(state))
    profile = write(tmp_path, f"{PINS}, pilot: {{driver: fake}}, meter: {{driver: sim}}")
    result = hw("relay", profile, "--close", "60ms", "--yes")
    assert (result.exit_code, "vehicle" in result.stderr) == (5, True)
    assert True not in contactor.coil.history
    assert hw("relay", profile, "--close", "60ms", "--yes", "--force").exit_code == 0
    assert True in contactor.coil.history


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("relay", "PROFILE", "--evse", "7"), "no EVSE 7"), (("meter", "not-there.yaml"), "station init")],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    profile = write(tmp_path, "")
    result = hw(*(profile if argument == "PROFILE" else argument for argument in arguments))
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_a_device_that_is_not_there_is_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_args: Any, **_keys: Any) -> Any:
        raise DeviceMissing("/dev/ttyUSB1 is not there", "is it plugged in?")

    driver = Driver(part="meter", name="fake", options=MeterOptions, open=missing)
    find = registry.find
    monkeypatch.setattr(registry, "find", lambda part, name: driver if name == "fake" else find(part, name))
    result = hw("meter", write(tmp_path, "meter: {driver: fake}"), "--json")
    assert result.exit_code == 5
    assert json.loads(result.stdout)["hint"] == "is it plugged in?"


def test_secrets_are_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text('csms: {url: "ws://x/ocpp", security: {password: "${NOBODY_KNOWS_THIS_ONE}"}}\nstore: memory\n')
    assert hw("pilot", str(path), "--count", "1").exit_code == 0


# --- the other parts ----------------------------------------------------------------------------------------------


class FakeMeter:
    """Reads these, one after the other; None is no reading."""

    def __init__(self, *readings: Reading | None) -> None:
        self._readings = iter(readings)

    def read(self) -> Reading:
        reading = next(self._readings)
        if reading is None:
            raise NoReading("a foreign answer")
        return reading

    def release(self) -> None: ...


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "METER_POLL_S", 0.001)


@pytest.mark.usefixtures("at_once")
def test_meter_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading(energy_wh=1234.4, power_w=690.0, current_a=(1.0, 1.0, 1.0), voltage_v=(230.1,), frequency_hz=50)
    profile = write(tmp_path, "meter: {driver: fake}")
    use(monkeypatch, "meter", "fake", MeterOptions, FakeMeter(reading, None, reading))
    result = hw("meter", profile, "--count", "2")
    assert result.exit_code == 0, result.output
    assert "1234 Wh  690 W  1.0 / 1.0 / 1.0 A  230.1 V  50.00 Hz" in result.stdout
    assert "no reading: a foreign answer" in result.stderr
    use(monkeypatch, "meter", "fake", MeterOptions, FakeMeter(reading))
    assert json.loads(hw("meter", profile, "--count", "1", "--json").stdout)["energy_wh"] == 1234.4


@pytest.mark.usefixtures("at_once")
def test_a_meter_without_any_reading_is_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "meter", "fake", MeterOptions, FakeMeter(None, None))
    assert hw("meter", write(tmp_path, "meter: {driver: fake}"), "--count", "2").exit_code == 5


def test_pilot_states_and_an_offer_that_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = FakePilot("A")
    use(monkeypatch, "pilot", "fake", PilotOptions, pilot)
    profile = write(tmp_path, "pilot: {driver: fake}, contactor: {driver: sim}, meter: {driver: sim}")
    result = hw("pilot", profile, "--offer", "6A", "--count", "1")
    assert (result.exit_code, "pilot A: no vehicle" in result.stdout) == (0, True), result.output
    assert pilot.offers == [6.0, None]
    pilot.state = "C"
    assert hw("pilot", profile, "--offer", "6A", "--count", "1").exit_code == 5
    assert hw("pilot", profile, "--offer", "5A").exit_code == 2
    assert json.loads(hw("pilot", profile, "--count", "1", "--json").stdout)["state"] == "C"


def test_the_lock_moves_and_is_timed(tmp_path: Path) -> None:
    profile = write(tmp_path, "")
    assert "unlocked" in hw("lock", profile).stdout
    result = hw("lock", profile, "--lock")
    assert (result.exit_code, "locked after" in result.stdout) == (0, True), result.output
    assert "simulated" in result.stderr


def test_a_bolt_that_does_not_move_is_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "BOLT_S", 0.05)
    lock = gpio_physics.Lock()
    lock.jammed = True
    profile = write(tmp_path, "lock: {driver: gpio, lock_pin: 5, unlock_pin: 6, feedback_pin: 13, factory: mock}")
    result = hw("lock", profile, "--lock")
    gpio_physics.fresh()
    assert (result.exit_code, "the bolt is" in result.stderr) == (5, True)


def test_every_state_is_shown(tmp_path: Path) -> None:
    result = hw("led", write(tmp_path, ""), "--for", "50ms", "--json")
    assert [json.loads(line)["state"] for line in result.stdout.splitlines()] == list(trials.STATES)
    assert "charging" in hw("led", write(tmp_path, ""), "--show", "charging", "--for", "50ms").stdout
    assert hw("led", write(tmp_path, ""), "--show", "sleeping").exit_code == 2


def test_presses_are_told(tmp_path: Path) -> None:
    profile = write(tmp_path, "button: {driver: gpio, pin: 26, factory: mock}")
    pin = gpio_physics.fresh().pin(26)
    done = threading.Event()

    def press() -> None:
        while not done.wait(0.06):
            if pin.function == "input" and pin.pull == "up":  # somebody listens
                pin.drive_low()
                done.wait(0.06)
                pin.drive_high()

    pressing = threading.Thread(target=press, daemon=True)
    pressing.start()
    result = hw("button", profile, "--count", "1", "--json")
    done.set()
    pressing.join()
    gpio_physics.fresh()
    assert json.loads(result.stdout) == {"event": "pressed", "count": 1}


def test_waiting_ends_with_ctrl_c(tmp_path: Path) -> None:
    with interrupted(signal.SIGTERM, 0.1):
        assert hw("button", write(tmp_path, "")).exit_code == 0
