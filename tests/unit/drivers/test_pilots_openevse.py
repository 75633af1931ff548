"""An OpenEVSE controller: what it is told and what is understood of it."""

from __future__ import annotations

import pytest

from drivers.api import ContactorState, DriverLost, DriverUnsupported, PilotState
from drivers.api import Controller as ControllerProtocol
from drivers.openevse.controller import Controller
from drivers.openevse.rapi import encode
from drivers.pilots.openevse import DRIVER
from tests.support.driver_clock import HandClock
from tests.support.openevse import DISABLED, FakeOpenEvse, MemoryLine, framed
from tests.support.serial_line import serial_line


class Desk:
    """A controller and what drives it."""

    def __init__(self, box: FakeOpenEvse | None = None, heartbeat_s: float = 5.0) -> None:
        self.box = box or FakeOpenEvse()
        self.clock = HandClock()
        self.line = MemoryLine(self.box, self.clock)
        self.controller = Controller(self.line, self.clock, heartbeat_s=heartbeat_s, fallback_a=6.0)

    def since(self) -> list[str]:
        """The commands since the last call, questions left out."""
        said = [command for command in self.box.commands if command != "GS"]
        self.box.commands.clear()
        return said


def test_it_sleeps_once_it_is_opened_although_it_would_charge_by_itself() -> None:
    box = FakeOpenEvse()
    box.plug_in()
    assert box.relay_closed
    desk = Desk(box)
    assert desk.since() == ["GV", "FS", "SY 5 6"]
    assert not box.relay_closed
    assert desk.controller.shown.vehicle == "B"
    assert not desk.controller.relay.closed


def test_an_offer_wakes_it_with_a_volatile_limit_in_whole_ampere() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.since()
    desk.controller.offer(16.9)
    assert desk.since() == ["SC 16 V", "FE"]
    assert desk.controller.look().vehicle == "C"
    desk.controller.offer(5.9)
    assert desk.since() == ["FS"]
    assert desk.controller.look().vehicle == "B"


def test_less_than_was_asked_is_its_own_maximum_and_more_is_refused() -> None:
    desk = Desk(FakeOpenEvse(most_a=13))
    desk.controller.offer(32)
    assert desk.box.limit_a == 13
    desk.box._do = lambda command, arguments: "NK 20"  # type: ignore[method-assign]
    with pytest.raises(DriverUnsupported, match="16 A"):
        desk.controller.offer(16)


def test_the_relay_that_closes_by_itself_under_an_offer_waits_for_the_stations_word() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.controller.offer(16)
    assert desk.controller.look().relay_closed
    assert not desk.controller.relay.closed
    desk.controller.claim(True)
    assert desk.controller.relay.closed


def test_a_relay_that_nobody_claims_is_told_as_closed() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.controller.offer(16)
    desk.controller.look()
    desk.clock.advance(2.1)
    desk.controller.look()
    assert desk.controller.relay.closed


def test_opening_while_the_vehicle_asks_sleeps_and_the_standing_offer_comes_back() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.controller.offer(16)
    desk.controller.claim(True)
    desk.since()
    desk.controller.claim(False)
    assert desk.since() == ["FS"]
    assert not desk.controller.look().relay_closed
    desk.clock.advance(1.5)
    desk.controller.look()
    assert "FE" in desk.since()


def test_opening_while_the_vehicle_pauses_leaves_the_pilot_signal_to_it() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.controller.offer(16)
    desk.controller.claim(True)
    desk.box.ask(False)
    desk.since()
    desk.controller.claim(False)
    assert desk.since() == []
    assert desk.box.offers


@pytest.mark.parametrize(
    ("state", "alarms"),
    [
        (0x05, ("diode",)),
        (0x06, ("residual_current",)),
        (0x07, ("ground",)),
        (0x08, ("relay",)),
        (0x09, ("self_test",)),
        (0x0A, ("over_temperature",)),
        (0x0B, ("over_current",)),
        (0x0D, ("internal",)),
    ],
)
def test_faults_are_alarms_and_the_vehicle_stays_where_it_was(state: int, alarms: tuple[str, ...]) -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.controller.offer(16)
    desk.controller.look()
    desk.box.fault = state
    shown = desk.controller.look()
    assert (shown.vehicle, shown.alarms) == ("C", alarms)
    assert shown.relay_closed == (state == 0x08)
    desk.box.fault = None
    desk.box.unplug()
    assert desk.controller.look().vehicle == "A"


def test_a_vehicle_that_needs_ventilation_is_an_alarm() -> None:
    desk = Desk()
    desk.box.vehicle = "D"
    desk.box.mode = "awake"
    shown = desk.controller.look()
    assert (shown.vehicle, shown.alarms) == ("D", ("ventilation",))


def test_what_its_button_or_wifi_module_changes_is_set_right() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.box.mode = "awake"
    desk.clock.advance(2)
    desk.controller.look()
    assert desk.box.mode == "asleep"
    desk.controller.offer(10)
    desk.box.mode = "asleep"
    desk.clock.advance(2)
    desk.controller.look()
    assert desk.box.offers
    assert desk.box.limit_a == 10


def test_a_disabled_controller_is_put_to_sleep_so_that_the_vehicle_is_seen() -> None:
    desk = Desk()
    desk.box.fault = DISABLED
    desk.clock.advance(2)
    desk.since()
    desk.controller.look()
    assert "FS" in desk.since()


def test_the_heartbeat_is_kept_and_a_missed_one_acknowledged() -> None:
    desk = Desk()
    desk.controller.offer(16)
    desk.since()
    desk.controller.look()
    assert desk.since() == []
    desk.clock.advance(2.6)
    desk.controller.look()
    assert desk.since() == ["SY", "SC 16 V"]
    desk.box.missed = True
    desk.clock.advance(2.6)
    desk.controller.look()
    assert desk.since() == ["SY", "SY 165", "SC 16 V"]


def test_firmware_without_supervision_and_a_profile_without_are_left_alone() -> None:
    for desk in (Desk(FakeOpenEvse(supervises=False)), Desk(heartbeat_s=0.0)):
        desk.since()
        desk.clock.advance(60)
        desk.controller.look()
        assert not [command for command in desk.since() if command.startswith("SY")]


def test_a_restart_is_noticed_and_everything_told_again() -> None:
    desk = Desk()
    desk.controller.offer(16)
    desk.since()
    desk.line.pending += desk.box.restart()
    desk.controller.look()
    assert desk.since() == ["SY 5 6", "SC 16 V", "FE"]
    desk.controller.offer(None)
    desk.line.pending += desk.box.restart()
    desk.controller.look()
    assert desk.box.mode == "asleep"


def test_what_it_tells_by_itself_is_taken_in() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.line.pending += desk.box.transition()
    assert desk.controller._hear(desk.line.read()) == []
    assert desk.controller.shown.vehicle == "B"


def test_answers_for_the_wifi_module_are_not_taken_for_ours() -> None:
    desk = Desk()
    desk.box.extra = framed("$OK 03 0 03 0140 :63") + framed("$OK 03 0 03 0140")
    assert desk.controller.look().vehicle == "A"


def test_a_controller_of_an_older_protocol_works_without_sequence_numbers() -> None:
    desk = Desk(FakeOpenEvse(sequences=False))
    desk.box.plug_in()
    assert desk.controller.look().vehicle == "B"


def test_one_that_knows_no_version_and_tells_decimal_states_works() -> None:
    box = FakeOpenEvse(sequences=False)
    answer = box._do

    def older(command: str, arguments: list[str]) -> str:
        if command == "GV":
            return "NK"
        return f"OK {box.state} 0" if command == "GS" else answer(command, arguments)

    box._do = older  # type: ignore[method-assign]
    desk = Desk(box)
    assert box.state == 254
    assert not desk.controller.shown.awake
    desk.controller.offer(16)
    box.plug_in()
    assert desk.controller.look().vehicle == "C"
    assert desk.controller.look().relay_closed


def test_one_lost_answer_is_asked_again_and_silence_is_a_loss() -> None:
    desk = Desk()
    once = [b"\x00garbage\r"]
    respond = desk.box.respond
    desk.box.respond = lambda data: once.pop() if once else respond(data)  # type: ignore[method-assign]
    assert desk.controller.look().vehicle == "A"
    desk.box.mute = True
    desk.box.respond = respond  # type: ignore[method-assign]
    began_s = desk.clock.now()
    with pytest.raises(DriverLost):
        desk.controller.look()
    assert desk.clock.now() - began_s <= 1.0


def test_something_else_on_the_line_is_not_taken_for_a_controller() -> None:
    box = FakeOpenEvse()
    box.respond = lambda data: framed("$NK")  # type: ignore[method-assign]
    with pytest.raises(DriverUnsupported, match="no OpenEVSE"):
        Desk(box)


def test_release_puts_it_to_sleep() -> None:
    desk = Desk()
    desk.box.plug_in()
    desk.controller.offer(16)
    desk.controller.release()
    assert not desk.box.offers
    assert desk.line.released


def test_the_driver_on_a_line() -> None:
    box = FakeOpenEvse()
    with serial_line() as line:
        line.serve(box.respond)
        pilot = DRIVER.open(DRIVER.parse({"port": line.path}))
        assert isinstance(pilot, ControllerProtocol)
        assert pilot.read() == PilotState("A")
        box.plug_in()
        assert pilot.read() == PilotState("B", None, True)
        pilot.offer(16)
        assert pilot.read() == PilotState("C", None, True)
        pilot.contactor.set_power(True)
        assert pilot.contactor.read() == ContactorState(True, True)
        pilot.contactor.set_power(False)
        assert pilot.contactor.read() == ContactorState(False, False)
        line.unplug()
        with pytest.raises(DriverLost):
            pilot.read()
        pilot.contactor.release()
        pilot.release()
        with pytest.raises(DriverLost, match="released"):
            pilot.contactor.read()


def test_a_line_where_nobody_answers_is_given_back() -> None:
    with serial_line() as line:
        with pytest.raises(DriverLost, match="does not answer"):
            DRIVER.open(DRIVER.parse({"port": line.path}))
        assert line.read(5).startswith(encode("GV", 1)[:3])
        line.serve(FakeOpenEvse().respond)
        DRIVER.open(DRIVER.parse({"port": line.path})).release()
