"""The Modbus meter against real pymodbus servers: good readings, and everything that is none."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.api import DeviceMissing, DriverBusy, DriverLost, DriverUnsupported, NoReading, Reading
from drivers.modbus import bus, wire
from drivers.registry import find
from drivers.serial_port import SerialPort
from tests.support.driver_clock import HandClock
from tests.support.modbus_servers import RtuServer, Server, Units, floats, rtu_server, sdm, tcp_server

METER = find("meter", "modbus")
NAN = float("nan")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_S", 0.1)
    monkeypatch.setattr(wire, "TCP_ANSWER_S", 0.1)
    monkeypatch.setattr(bus, "FIRST_PAUSE_S", 0.0)


@pytest.fixture
def units() -> Units:
    return Units({1: {"input": sdm()}, 2: {"input": sdm(7.0)}})


@pytest.fixture(params=["tcp", "rtu"])
def server(request: pytest.FixtureRequest, units: Units) -> Iterator[Server]:
    with (tcp_server if request.param == "tcp" else rtu_server)(units) as made:
        yield made


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@contextlib.contextmanager
def opened(server: Server, clock: HandClock | None = None, **options: Any) -> Iterator[Any]:
    meter = METER.open(METER.parse({"port": server.port, "model": "sdm630"} | options), clock)
    try:
        yield meter
    finally:
        meter.release()
    assert not bus._buses


def no_reading(meter: Any, clock: HandClock, seconds: float = 1.0) -> str:
    clock.advance(seconds)
    with pytest.raises(NoReading) as caught:
        meter.read()
    return caught.value.message


def test_a_reading_is_one_request(server: Server, units: Units, clock: HandClock) -> None:
    with opened(server, clock) as meter:
        first = meter.read()
        assert first == Reading(
            energy_wh=1_234_500,
            energy_export_wh=500,
            power_w=11_000,
            current_a=(16.0, 15.5, 15.0),
            voltage_v=(230.0, 231.0, 232.0),
            frequency_hz=50,
        )
        units.requests.clear()
        units[1]["input"].update(sdm(1234.502))
        clock.advance(1)
        assert meter.read().energy_wh == pytest.approx(1_234_502, abs=0.2)
        assert units.requests == [(1, 4, 0, 76)]


def test_between_two_polls_the_last_reading_stands(server: Server, units: Units, clock: HandClock) -> None:
    with opened(server, clock, poll="2s") as meter:
        units.requests.clear()
        for _ in range(5):
            clock.advance(0.3)
            assert meter.read().energy_wh == 1_234_500
        assert units.requests == []
        clock.advance(0.5)
        meter.read()
        assert len(units.requests) == 1


def test_a_reading_for_this_moment_is_asked_for_at_once(units: Units, clock: HandClock) -> None:
    """The end of a transaction is not what a poll showed before it."""
    with tcp_server(units) as server, opened(server, clock, poll="10s") as meter:
        units[1]["input"].update(sdm(1234.6))
        clock.advance(1)
        assert meter.read().energy_wh == 1_234_500
        meter.refresh()
        assert meter.read().energy_wh == 1_234_600
        assert meter.read().energy_wh == 1_234_600


@pytest.mark.parametrize(
    "broken",
    [{0x48: NAN}, {0x48: float("inf")}, {0x48: -5.0}, {0x48: 1e30}, {0x48: 0.0}],
    ids=["nan", "infinite", "negative", "absurd", "zero"],
)
def test_energy_that_is_none_is_no_reading(units: Units, clock: HandClock, broken: dict[int, float]) -> None:
    with tcp_server(units) as server, opened(server, clock) as meter:
        units[1]["input"].update(floats(broken))
        for _ in range(3):
            no_reading(meter, clock)
        units[1]["input"].update(sdm(1234.6))
        clock.advance(1)
        assert meter.read().energy_wh == pytest.approx(1_234_600, abs=0.2)


def test_other_values_that_are_none_are_left_out(units: Units, clock: HandClock) -> None:
    units[1]["input"].update(floats({0x02: NAN, 0x34: float("-inf"), 0x46: 1e9}))
    with tcp_server(units) as server, opened(server, clock) as meter:
        reading = meter.read()
    assert (reading.voltage_v, reading.power_w, reading.frequency_hz) == (None, None, None)
    assert reading.energy_wh == 1_234_500


def test_one_foreign_reading_is_not_shown(units: Units, clock: HandClock) -> None:
    """Another meter's register slips in once: nobody sees it."""
    with tcp_server(units) as server, opened(server, clock) as meter:
        seen: list[bytes] = []

        def once(data: bytes) -> bytes:
            seen.append(data)
            if len(seen) == 1:
                place = 9 + 0x48 * 2
                return data[:place] + b"\x47\x00\x00\x00" + data[place + 4 :]
            return data

        units.mangle = once
        clock.advance(1)
        assert meter.read().energy_wh == 1_234_500
        assert len(seen) == 2


def test_a_single_lost_answer_does_not_show(server: Server, units: Units, clock: HandClock) -> None:
    with opened(server, clock) as meter:
        mangled = iter([b""])
        units.mangle = lambda data: next(mangled, data)
        clock.advance(1)
        assert meter.read().energy_wh == 1_234_500


@pytest.mark.parametrize("kind", ["half", "noise", "checksum", "unit", "function", "short"])
def test_what_is_no_answer_is_no_reading(units: Units, clock: HandClock, kind: str) -> None:
    """Whatever arrives on the RTU line, only whole and matching frames count."""
    from pymodbus.framer import FramerRTU

    def frame(content: bytes) -> bytes:
        return content + FramerRTU.compute_CRC(content).to_bytes(2, "big")

    answers = {
        "half": lambda data: data[: len(data) // 2],
        "noise": lambda data: bytes(range(255, 200, -1)),
        "checksum": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "unit": lambda data: frame(b"\x02" + data[1:-2]),
        "function": lambda data: frame(data[:1] + b"\x03" + data[2:-2]),
        "short": lambda data: frame(data[:2] + bytes([4]) + data[3:7]),
    }
    with rtu_server(units) as server, opened(server, clock) as meter:
        units.mangle = answers[kind]
        for _ in range(2):
            no_reading(meter, clock)
        units.mangle = None
        clock.advance(1)
        assert meter.read().energy_wh == 1_234_500


def test_a_late_answer_is_not_taken_for_the_next(
    units: Units, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RTU answers carry no number: the old register must not come back as the new one."""
    with rtu_server(units) as server, opened(server, clock, silent_after="10m") as meter:
        monkeypatch.setattr(units, "async_getValues", _as_it_was(units))
        units.delays_s = [1.0]
        no_reading(meter, clock)
        units[1]["input"].update(sdm(1234.501))
        shown: list[float] = []
        end_s = time.monotonic() + 3
        while not shown and time.monotonic() < end_s:
            clock.advance(1)
            with contextlib.suppress(NoReading):
                shown.append(meter.read().energy_wh)
        assert shown == [pytest.approx(1_234_501, abs=0.2)]


def _as_it_was(units: Units) -> Any:
    """Answers say what was true when the question came."""
    held = units.async_getValues

    async def answer(unit: int, function: int, address: int, count: int = 1) -> Any:
        before = dict(units[unit]["input"])
        await held(unit, function, address, count)
        return [before.get(place, 0) for place in range(address, address + count)]

    return answer


def test_silence_is_no_reading_and_then_a_loss(server: Server, units: Units, clock: HandClock) -> None:
    with opened(server, clock, silent_after="5s") as meter:
        units.silent.add(1)
        for _ in range(4):
            assert "does not answer" in no_reading(meter, clock)
        clock.advance(1)
        with pytest.raises(DriverLost, match="no reading for 5 s"):
            meter.read()
        units.silent.clear()
        clock.advance(1)
        with pytest.raises(DriverLost):  # a lost device stays lost until it is opened anew
            meter.read()
    with opened(server, clock) as meter:
        assert meter.read().energy_wh == 1_234_500


def test_a_long_silence_that_ends_in_time(server: Server, units: Units, clock: HandClock) -> None:
    with opened(server, clock, silent_after="600s") as meter:
        units.silent.add(1)
        for _ in range(8):
            no_reading(meter, clock)
        units.silent.clear()
        clock.advance(1)
        assert meter.read().energy_wh == 1_234_500


def test_a_server_that_goes_and_comes_back(units: Units, clock: HandClock) -> None:
    with tcp_server(units) as server, opened(server, clock) as meter:
        server.stop()
        no_reading(meter, clock)
        server.start()
        end_s = time.monotonic() + 2
        while time.monotonic() < end_s:
            clock.advance(1)
            with contextlib.suppress(NoReading):
                assert meter.read().energy_wh == 1_234_500
                return
        pytest.fail("it did not come back")


def test_a_pulled_adapter_is_a_loss_at_once(units: Units, clock: HandClock) -> None:
    with rtu_server(units) as server, opened(server, clock) as meter:
        server.stop()
        clock.advance(1)
        with pytest.raises(DriverLost):
            meter.read()
        server.start()
        with opened_beside(server, clock) as anew:  # while the old one is not yet given back
            assert anew.read().energy_wh == 1_234_500


@contextlib.contextmanager
def opened_beside(server: RtuServer, clock: HandClock) -> Iterator[Any]:
    meter = METER.open(METER.parse({"port": server.port, "model": "sdm630"}), clock)
    try:
        yield meter
    finally:
        meter.release()


def test_opening_finds_out_what_is_not_there(units: Units, tmp_path: Any) -> None:
    def refused(**options: Any) -> Exception:
        with pytest.raises(DeviceMissing) as caught:
            METER.open(METER.parse({"model": "sdm630"} | options))
        return caught.value

    assert "is not there" in str(refused(port=str(tmp_path / "ttyUSB9")))
    with tcp_server(units) as server:
        assert "does not answer" in str(refused(port=server.port, unit=9))
        port = server.port
    assert "does not answer" in str(refused(port=port))
    with rtu_server(units) as line:
        assert "unit 9" in str(refused(port=line.port, unit=9))
        units[1]["input"].update(floats({0x48: NAN}))
        assert "holds no energy" in str(refused(port=line.port))
    assert not bus._buses


def test_a_held_line_is_busy(units: Units) -> None:
    with rtu_server(units) as server:
        other = SerialPort(server.port, 9600)
        try:
            with pytest.raises(DriverBusy):
                METER.open(METER.parse({"port": server.port, "model": "sdm630"}))
        finally:
            other.release()


def test_two_meters_share_a_line(server: Server, units: Units, clock: HandClock) -> None:
    with opened(server, clock, unit=2, model="sdm120") as second:
        first = METER.open(METER.parse({"port": server.port, "model": "sdm630"}), clock)
        clock.advance(1)
        assert (first.read().energy_wh, second.read().energy_wh) == (1_234_500, 7000)
        first.release()
        clock.advance(1)
        assert second.read().energy_wh == 7000


def test_another_speed_on_a_shared_line_is_refused(units: Units) -> None:
    with rtu_server(units) as server, opened(server):
        options = METER.parse({"port": server.port, "model": "sdm120", "unit": 2, "baud": 2400})
        with pytest.raises(DriverUnsupported, match="in use with 9600 baud"):
            METER.open(options)


def test_a_hung_meter_delays_the_other_by_its_time_out_only(units: Units, clock: HandClock) -> None:
    with rtu_server(units) as server, opened(server, clock) as good:
        bad = METER.open(METER.parse({"port": server.port, "model": "sdm120", "unit": 2}), clock)
        units.silent.add(2)
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                with contextlib.suppress(NoReading, DriverLost):
                    bad.read()
                stop.wait(0.001)

        thread = threading.Thread(target=ask)
        thread.start()
        took = []
        for _ in range(5):
            clock.advance(1)
            began_s = time.monotonic()
            assert good.read().energy_wh == 1_234_500
            took.append(time.monotonic() - began_s)
        stop.set()
        thread.join()
        bad.release()
        assert max(took) < 0.9


def test_a_call_returns_within_a_second(
    server: Server, units: Units, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with opened(server, clock) as meter:
        units.silent.add(1)
        began_s = time.monotonic()
        no_reading(meter, clock)
        assert time.monotonic() - began_s < 1.0


@pytest.mark.parametrize("model", ["sdm630", "sdm120"])
def test_gaps_that_a_device_refuses_are_left_out(units: Units, clock: HandClock, model: str) -> None:
    """Strict devices refuse registers that they have not: the reading comes all the same, in as few requests."""
    units.strict = True
    with tcp_server(units) as server, opened(server, clock, model=model) as meter:
        units.requests.clear()
        clock.advance(1)
        assert meter.read().energy_wh == 1_234_500
        blocks = [(address, count) for _, _, address, count in units.requests]
        assert blocks == ([(0, 12), (0x34, 2), (0x46, 6)] if model == "sdm630" else [(0, 2), (6, 2), (12, 2), (70, 6)])


def test_registers_that_a_relative_has_not_are_left_out(server: Server, units: Units, clock: HandClock) -> None:
    """An SDM72 that is named sdm630: energy and power come, the rest is unknown. Without energy it is no meter."""
    units.strict = True
    for address in [*range(0x34), 0x46, 0x47, 0x4A, 0x4B]:
        units[1]["input"].pop(address, None)
    with opened(server, clock) as meter:
        assert meter.read() == Reading(energy_wh=1_234_500, power_w=11_000)
        units.requests.clear()
        clock.advance(1)
        meter.read()
        assert sorted(units.requests) == [(1, 4, 0x34, 2), (1, 4, 0x48, 2)]
    del units[1]["input"][0x48]
    options = METER.parse({"port": server.port, "model": "sdm630"})
    with pytest.raises(DeviceMissing, match="exception 2"):
        METER.open(options)


def test_exceptions_of_the_device_are_no_reading(units: Units, clock: HandClock) -> None:
    with tcp_server(units) as server, opened(server, clock) as meter:
        for code in (4, 6, 1):
            units.refusals = [code] * 4
            assert f"exception {code}" in no_reading(meter, clock)
        units.refusals = []
        clock.advance(1)
        assert meter.read().energy_wh == 1_234_500


def test_a_released_meter_is_lost_and_the_others_go_on(server: Server, clock: HandClock) -> None:
    with opened(server, clock, unit=2) as other:
        meter = METER.open(METER.parse({"port": server.port, "model": "sdm630"}), clock)
        meter.release()
        meter.release()
        with pytest.raises(DriverLost):
            meter.read()
        clock.advance(1)
        assert other.read().energy_wh == 7000


def test_pymodbus_stays_quiet(units: Units, clock: HandClock, caplog: pytest.LogCaptureFixture) -> None:
    with tcp_server(units) as server, opened(server, clock) as meter:
        caplog.clear()
        units.silent.add(1)
        no_reading(meter, clock)
    assert [record for record in caplog.records if record.name.startswith("pymodbus")] == []


def test_a_float_register_at_16_mwh_steps_by_two_watt_hours(units: Units, clock: HandClock) -> None:
    units[1]["input"].update(sdm(16_777.216))
    with tcp_server(units) as server, opened(server, clock) as meter:
        units[1]["input"].update(sdm(16_777.218))
        clock.advance(1)
        assert meter.read().energy_wh == pytest.approx(16_777_218, abs=1.0)
