"""EVSE-WB-DIN against its registers on a real Modbus RTU server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.api import Controller, DeviceMissing, DriverLost
from drivers.modbus import bus, wire
from drivers.pilots import evse_din
from drivers.registry import find
from tests.support.driver_clock import HandClock
from tests.support.evse_din import EvseDin
from tests.support.modbus_servers import RtuServer, rtu_server, sdm

PILOT = find("pilot", "evse_din")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evse_din, "REST_S", 0.002)
    monkeypatch.setattr(wire, "ANSWER_S", 0.08)
    monkeypatch.setattr(bus, "FIRST_PAUSE_S", 0.0)


class World:
    """A board, its line, and the driver."""

    def __init__(self, board: EvseDin, server: RtuServer) -> None:
        self.board = board
        self.server = server
        self.clock = HandClock()
        self.pilot: Any = PILOT.open(PILOT.parse({"port": server.port}), self.clock)
        self.contactor = self.pilot.contactor

    def later(self, seconds: float = 0.3) -> Any:
        """Look again after a while."""
        self.clock.advance(seconds)
        return self.pilot.read()


@contextlib.contextmanager
def world(board: EvseDin | None = None) -> Iterator[World]:
    made = board or EvseDin()
    with rtu_server(made.units) as server:
        opened = World(made, server)
        try:
            yield opened
        finally:
            opened.pilot.release()
            assert not bus._buses


def test_it_is_a_controller_that_offers_nothing_when_opened() -> None:
    board = EvseDin(boot_a=16)
    board.plug_in()
    assert board.closed  # it has been charging by itself
    with world(board) as at:
        assert isinstance(at.pilot, Controller)
        assert at.contactor is at.pilot.contactor
        assert (board.registers[1000], board.registers[2000], board.closed) == (0, 0, False)
        assert at.pilot.read().state == "B"
        assert not at.contactor.read().closed


def test_the_boot_current_is_written_only_where_it_is_not_zero() -> None:
    board = EvseDin(boot_a=0)
    with world(board):
        assert all(address != 2000 for _, _, address, _ in board.units.writes)


def test_a_relative_that_has_only_the_registers_that_matter() -> None:
    board = EvseDin(firmware=17, config=0x80, boot_a=16)
    for register in (1007, 2001, 2002, 2003, 2004):
        del board.registers[register]
    board.settle = lambda: None  # type: ignore[method-assign]
    with world(board) as at:
        assert board.registers[2000] == 0
        at.pilot.offer(10.25)
        assert board.registers[1000] == 1025


def test_a_session() -> None:
    with world() as at:
        assert at.pilot.read().state == "A"
        at.board.plug_in(asks=True, cable_a=20)
        shown = at.later()
        assert (shown.state, shown.cable_present, shown.cable_limit_a, shown.alarms) == ("B", True, 20.0, ())
        at.pilot.offer(16.9)
        assert at.board.registers[1000] == 16
        assert at.later().state == "C"
        assert at.board.closed
        assert not at.contactor.read().closed  # closed by itself; the station has not said so yet
        at.contactor.set_power(True)
        state = at.contactor.read()
        assert (state.commanded, state.closed) == (True, True)
        at.pilot.offer(6.0)
        assert at.board.registers[1000] == 6
        at.contactor.set_power(False)
        assert not at.board.closed
        at.pilot.offer(None)
        assert at.later().state == "B"
        assert not at.contactor.read().closed
        at.board.unplug()
        shown = at.later()
        assert (shown.state, shown.cable_present, shown.cable_limit_a) == ("A", False, None)


@pytest.mark.parametrize("current_a", [None, 0.0, 5.9, float("nan")])
def test_less_than_six_ampere_is_no_offer(current_a: float | None) -> None:
    with world() as at:
        at.board.plug_in()
        at.pilot.offer(10.0)
        at.pilot.offer(current_a)
        assert at.board.registers[1000] == 0


def test_hundredths_where_the_board_is_set_so() -> None:
    with world(EvseDin(firmware=17, config=0x80)) as at:
        at.pilot.offer(13.456)
        assert at.board.registers[1000] == 1345
    with world(EvseDin(firmware=16, config=0x80)) as at:  # the bit means something else there
        at.pilot.offer(13.456)
        assert at.board.registers[1000] == 13


def test_a_car_that_pauses_is_offered_again() -> None:
    """The station opens while its offer stands: the pilot comes back, for the car to ask again."""
    with world() as at:
        at.board.plug_in()
        at.pilot.offer(16.0)
        at.later()
        at.contactor.set_power(True)
        at.board.ask(False)
        assert at.later().state == "B"
        at.contactor.set_power(False)
        assert at.board.registers[1000] == 16  # the relay was open already: nothing to withdraw
        at.board.ask(True)
        assert at.later().state == "C"
        at.contactor.set_power(False)
        assert at.board.registers[1000] == 0
        at.later(1.1)
        assert at.later(1.1).state == "C"
        assert at.board.registers[1000] == 16


def test_a_relay_that_nobody_claims_counts_as_closed_after_a_while() -> None:
    with world() as at:
        at.board.plug_in()
        at.pilot.offer(16.0)
        at.later()
        assert not at.contactor.read().closed
        at.clock.advance(2.1)
        assert at.contactor.read().closed


def test_a_welded_relay_shows_and_is_told_to_turn_off() -> None:
    with world() as at:
        at.board.plug_in()
        at.pilot.offer(16.0)
        at.later()
        at.contactor.set_power(True)
        at.board.welded = True
        at.contactor.set_power(False)
        at.pilot.offer(None)
        at.clock.advance(1.1)
        state = at.contactor.read()
        assert (state.commanded, state.closed) == (False, True)
        assert at.board.registers[1004] == 1
        at.board.welded = False
        at.board.settle()
        at.later()
        at.pilot.offer(10.0)  # takes "turn off" back
        assert (at.board.registers[1004], at.board.registers[1000]) == (0, 10)


def test_a_relay_that_somebody_else_closed_is_opened_at_once() -> None:
    with world() as at:
        at.clock.advance(2)
        at.board.plug_in()
        at.board.registers[1000] = 16
        at.board.settle()
        at.later(0.3)
        assert at.board.registers[1000] == 0  # by the look itself
        at.board.welded = True
        at.board.settle()
        at.later(0.3)
        writes = len(at.board.units.writes)
        for _ in range(4):  # a host says "open" with each look that shows it closed
            at.contactor.read()
            at.contactor.set_power(False)
            at.clock.advance(0.2)
        assert len(at.board.units.writes) <= writes + 2
        at.later(1.0)
        assert at.board.registers[1004] == 1


def test_what_somebody_else_changes_is_set_right() -> None:
    with world() as at:
        at.board.plug_in(asks=False)
        at.board.registers[1000] = 32
        at.later(1.1)
        assert at.board.registers[1000] == 0
        at.pilot.offer(10.0)
        at.board.registers[1000] = 0  # a restart
        at.later(1.1)
        at.later(1.1)
        assert at.board.registers[1000] == 10


@pytest.mark.parametrize(
    ("flags", "alarms"),
    [
        (0x00, ()),
        (0x02, ("diode",)),
        (0x04, ("ventilation",)),
        (0x10, ("residual_current",)),
        (0x20, ("residual_current",)),
        (0x22, ("diode", "residual_current")),
    ],
)
def test_failures(flags: int, alarms: tuple[str, ...]) -> None:
    with world() as at:
        at.board.registers[1002] = 5
        at.board.registers[1007] = flags
        shown = at.later()
        assert (shown.state, shown.alarms) == ("E", alarms)


def test_a_failure_says_nothing_about_the_cable() -> None:
    with world() as at:
        at.board.registers[1002] = 5
        assert not at.later().cable_present
        at.board.registers[1002] = 2
        assert at.later().cable_present
        at.board.registers[1002] = 5
        assert at.later().cable_present


def test_a_running_self_test_is_no_alarm() -> None:
    with world() as at:
        at.board.registers[1007] = 0x10
        assert at.later().alarms == ()


def test_firmware_without_1007_counts_its_relay_as_closed_while_it_charges() -> None:
    board = EvseDin(firmware=12)
    del board.registers[1007]
    board.units.strict = True
    board.units.on_write = None
    with world(board) as at:
        board.registers[1002] = 2
        at.pilot.offer(16.0)
        board.registers[1002] = 3
        assert at.later().state == "C"
        at.contactor.set_power(True)
        assert at.contactor.read().closed
        board.registers[1002] = 2
        at.later()
        assert not at.contactor.read().closed


def test_single_losses_do_not_show_and_a_silent_board_is_lost() -> None:
    with world() as at:
        lost = iter([b""])
        at.board.units.mangle = lambda data: next(lost, data)
        assert at.later().state == "A"
        at.board.units.mangle = None
        at.board.units.silent.add(1)
        with pytest.raises(DriverLost, match="does not answer"):
            for _ in range(8):
                at.later()
        at.board.units.silent.clear()
        for call in (at.pilot.read, at.contactor.read, lambda: at.pilot.offer(16.0)):
            with pytest.raises(DriverLost):
                call()


def test_an_unknown_state_is_no_state() -> None:
    with world() as at:
        at.board.registers[1002] = 9
        with pytest.raises(DriverLost, match="vehicle state 9"):
            for _ in range(8):
                at.later()


def test_release_withdraws_the_offer() -> None:
    for give_back in ("pilot", "contactor"):
        with world() as at:
            at.board.plug_in()
            at.pilot.offer(16.0)
            getattr(at, give_back).release()
            assert (at.board.registers[1000], at.board.closed) == (0, False)
            at.pilot.release()
            with pytest.raises(DriverLost):
                at.contactor.set_power(True)


def test_release_of_a_silent_board_does_not_raise() -> None:
    with world() as at:
        at.board.units.silent.add(1)
        at.pilot.release()


def test_nothing_there() -> None:
    board = EvseDin()
    board.units.silent.add(1)
    with rtu_server(board.units) as server, pytest.raises(DeviceMissing, match="does not answer"):
        PILOT.open(PILOT.parse({"port": server.port}))
    assert not bus._buses


def test_it_shares_its_line_with_a_meter() -> None:
    board = EvseDin()
    board.units._units[5] = {"input": sdm(42.0), "holding": {}}
    with world(board) as at:
        meter = find("meter", "modbus")
        device = meter.open(meter.parse({"port": at.server.port, "unit": 5, "model": "sdm630"}), at.clock)
        at.pilot.offer(16.0)
        at.clock.advance(1)
        assert device.read().energy_wh == 42_000
        assert at.later().state == "A"
        device.release()
        assert at.later().state == "A"


def test_it_leaves_time_between_two_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evse_din, "REST_S", 0.05)
    board = EvseDin()
    with world(board) as at:
        slept: list[float] = []
        monkeypatch.setattr(bus.time, "sleep", slept.append)
        for _ in range(3):
            at.later()
        assert len(slept) == 3
        assert all(0.02 < pause <= 0.05 for pause in slept)
