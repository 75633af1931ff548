"""Charging controllers by register map, against a real Modbus server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Controller, DriverLost
from drivers.modbus import bus, wire
from drivers.registry import find
from tests.support.driver_clock import HandClock
from tests.support.modbus_servers import Units, tcp_server

PILOT = find("pilot", "modbus")
OWN = """kind: pilot
name: Own
state: {table: input, address: 10, type: u16, values: {A: 0, B: 1, C: 2, D: 3, E: 4, F: 5}}
current: {table: holding, address: 20, type: u16, scale: 0.1, maximum: 20A, off: 0A}
contactor: {table: discrete, address: 30}
proximity: {table: input, address: 11, type: u16, scale: 1}
faults:
  - {table: discrete, address: 31, alarm: residual_current}
  - {table: discrete, address: 32, alarm: over_temperature}
"""


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TCP_ANSWER_S", 0.08)
    monkeypatch.setattr(bus, "FIRST_PAUSE_S", 0.0)


@pytest.fixture
def phoenix() -> Units:
    return Units({180: {"input": {100: 0x41}, "holding": {300: 32}, "coil": {400: 1}}})


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def pilot(phoenix: Units, clock: HandClock) -> Iterator[Any]:
    with tcp_server(phoenix) as server:
        made = PILOT.open(PILOT.parse({"port": server.port, "unit": 180, "model": "phoenix_em_cp"}), clock)
        yield made
        made.release()
        assert not bus._buses


def test_opening_withdraws_the_release(phoenix: Units, pilot: Any) -> None:
    assert isinstance(pilot, Controller)
    assert phoenix[180]["coil"][400] == 0
    assert phoenix[180]["holding"][300] == 32  # it refuses less than 6: not written
    assert pilot.read().state == "A"


def test_a_session_on_a_phoenix(phoenix: Units, pilot: Any, clock: HandClock) -> None:
    registers = phoenix[180]
    registers["input"][100] = ord("B")
    clock.advance(1)
    assert pilot.read().state == "B"
    pilot.offer(13.7)
    assert (registers["holding"][300], registers["coil"][400]) == (13, 1)
    registers["input"][100] = ord("C")
    clock.advance(1)
    assert pilot.read().state == "C"
    pilot.contactor.set_power(True)
    assert pilot.contactor.read().closed
    pilot.contactor.set_power(False)
    assert registers["coil"][400] == 0
    pilot.offer(None)
    clock.advance(1)
    assert not pilot.contactor.read().closed


def test_a_release_that_is_gone_is_given_again(phoenix: Units, pilot: Any, clock: HandClock) -> None:
    pilot.offer(16.0)
    phoenix[180]["coil"][400] = 0
    clock.advance(1.1)
    pilot.read()
    assert phoenix[180]["coil"][400] == 1
    pilot.offer(None)
    phoenix[180]["coil"][400] = 1
    clock.advance(1.1)
    pilot.read()
    assert phoenix[180]["coil"][400] == 0


def test_release_withdraws(phoenix: Units, pilot: Any) -> None:
    pilot.offer(16.0)
    pilot.release()
    pilot.release()
    assert phoenix[180]["coil"][400] == 0
    with pytest.raises(DriverLost):
        pilot.offer(16.0)


def test_an_unknown_letter_is_a_loss(phoenix: Units, pilot: Any, clock: HandClock) -> None:
    phoenix[180]["input"][100] = ord("G")
    with pytest.raises(DriverLost, match="unknown state, 71"):
        for _ in range(5):
            clock.advance(0.5)
            pilot.read()


def test_a_map_of_ones_own(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    units = Units({1: {"input": {10: 1, 11: 32}, "discrete": {}, "holding": {20: 320}}})
    with tcp_server(units) as server:
        pilot: Any = PILOT.open(PILOT.parse({"port": server.port, "map": str(path)}), clock)
        assert units[1]["holding"][20] == 0
        shown = pilot.read()
        assert (shown.state, shown.cable_limit_a, shown.alarms) == ("B", 32.0, ())
        pilot.offer(32.0)
        assert units[1]["holding"][20] == 200  # the map's maximum
        units[1]["input"][10] = 2
        units[1]["discrete"].update({30: 1, 32: 1})
        pilot.contactor.set_power(True)
        clock.advance(1)
        assert pilot.read().alarms == ("over_temperature",)
        assert pilot.contactor.read().closed
        pilot.contactor.set_power(False)
        assert units[1]["holding"][20] == 0
        pilot.release()
