from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import ContactorState, LockState, OptionError, PilotState
from drivers.sim import (
    Bay,
    BayOptions,
    BayState,
    CarOptions,
    ContactorOptions,
    Impossible,
    LockOptions,
    PilotOptions,
)
from tests.support.driver_clock import HandClock


def _bay(**options: Any) -> tuple[Bay, HandClock, list[Any]]:
    clock, heard = HandClock(), list[Any]()
    bay = Bay(BayOptions(**options), clock)
    bay.subscribe(heard.append)
    return bay, clock, heard


def _charging(**options: Any) -> tuple[Bay, HandClock, list[Any]]:
    bay, clock, heard = _bay(**options)
    bay.plug_in()
    bay.pilot.offer(16)
    bay.contactor.set_power(True)
    clock.advance(0.1)
    bay.poll()
    heard.clear()
    return bay, clock, heard


def _letter(bay: Bay) -> str:
    return bay.pilot.read().state


def test_at_the_start_everything_is_safe_and_nothing_is_going_to_happen() -> None:
    bay, _, heard = _bay()
    assert bay.contactor.read() == ContactorState(False, False)
    assert bay.pilot.read() == PilotState("A", None, False)
    assert bay.lock.read() == LockState(False, False)
    assert bay.next_change() is None
    assert heard == []


def test_the_car_answers_an_offer_within_a_tenth_of_a_second() -> None:
    bay, clock, heard = _bay()
    bay.plug_in()
    assert heard == [PilotState("B", 32.0, True)]
    bay.pilot.offer(16)
    due_s = bay.next_change()
    assert due_s is not None
    assert due_s - clock.now() == pytest.approx(0.1)
    clock.at_s = due_s
    bay.poll()
    assert heard[-1].state == "C"
    assert bay.next_change() is None


def test_an_offer_taken_back_is_answered_with_b() -> None:
    bay, clock, heard = _charging()
    bay.pilot.offer(None)
    assert bay.meter.read().power_w == 0
    clock.advance(0.1)
    bay.poll()
    assert heard[-1].state == "B"


@pytest.mark.parametrize("battery_wh", [None, 50_000.0])
def test_what_the_meter_shows_follows_every_part_at_once(battery_wh: float | None) -> None:
    bay, clock, _ = _charging(car=CarOptions(battery_wh=battery_wh))
    for offer_a, power_w in ((16, 11_000), (10, 6_900), (6, 4_140), (32, 11_000)):
        bay.pilot.offer(offer_a)
        assert bay.meter.read().power_w == pytest.approx(power_w)
        clock.advance(60)
        assert bay.meter.read().power_w == pytest.approx(power_w)
    bay.lock.set_locked(True)
    assert bay.meter.read().power_w == pytest.approx(11_000)
    bay.contactor.set_fault("stuck_open")
    assert bay.meter.read().current_a == (0, 0, 0)
    bay.contactor.set_fault("weld")
    assert bay.meter.read().power_w == pytest.approx(11_000)
    bay.unplug("ev")
    assert bay.meter.read().power_w == 0


def test_a_car_whose_charge_is_known_follows_one_whose_is_not() -> None:
    bay, clock, _ = _charging()
    assert bay.meter.read().soc_percent is None
    bay.unplug("ev")
    bay.plug_in(soc_percent=90)
    clock.advance(0.2)
    bay.poll()
    charging = bay.meter.read()
    assert (charging.power_w, charging.soc_percent) == pytest.approx((11_000 * 0.55, 90), rel=1e-3)
    clock.advance(600)
    later = bay.meter.read()
    assert later.power_w is not None
    assert later.power_w < 11_000 * 0.55
    bay.unplug("ev")
    bay.plug_in()
    clock.advance(0.2)
    bay.poll()
    assert (bay.meter.read().power_w, bay.meter.read().soc_percent) == (11_000, None)


def test_an_offer_taken_back_in_time_is_not_answered() -> None:
    bay, clock, heard = _bay()
    bay.plug_in()
    bay.pilot.offer(16)
    clock.advance(0.05)
    bay.pilot.offer(5)
    clock.advance(1)
    bay.poll()
    assert [state.state for state in heard] == ["B"]


def test_eleven_kilowatts_by_default() -> None:
    bay, clock, _ = _charging()
    clock.advance(3600)
    reading = bay.meter.read()
    assert reading.power_w == 11_000
    assert reading.energy_wh == pytest.approx(11_000, rel=1e-4)
    assert reading.current_a == pytest.approx((11_000 / 690,) * 3)
    assert reading.voltage_v == (230.0,) * 3
    assert reading.soc_percent is None


@pytest.mark.parametrize(
    ("options", "offer_a", "power_w", "currents_a"),
    [
        ({}, 10, 6_900, (10, 10, 10)),
        ({"phases": 1}, 16, 11_000 / 3, (11_000 / 690,)),
        ({"car": CarOptions(phases=1, max_power_w=7_400)}, 16, 3_680, (16, 0, 0)),
        ({"car": CarOptions(max_power_w=22_000), "max_current_a": 13}, 32, 8_970, (13, 13, 13)),
        ({"car": CarOptions(max_power_w=22_000), "pilot": PilotOptions(cable_limit_a=20)}, 32, 13_800, (20, 20, 20)),
        ({"car": CarOptions(max_power_w=22_000), "cable": "fixed"}, 32, 22_000, (31.884, 31.884, 31.884)),
        ({}, 5, 0, (0, 0, 0)),
    ],
)
def test_the_weakest_link_limits(
    options: dict[str, Any], offer_a: float, power_w: float, currents_a: tuple[float, ...]
) -> None:
    bay, clock, _ = _charging(**options)
    bay.pilot.offer(offer_a)
    clock.advance(1)
    reading = bay.meter.read()
    assert reading.power_w == pytest.approx(power_w)
    assert reading.current_a == pytest.approx(currents_a, abs=1e-3)


def test_no_energy_without_the_contactor() -> None:
    bay, clock, _ = _bay()
    bay.plug_in()
    bay.pilot.offer(16)
    clock.advance(3600)
    assert bay.meter.read().energy_wh == 0
    assert _letter(bay) == "C"


def test_energy_counts_from_when_the_contacts_have_closed() -> None:
    bay, clock, _ = _bay(contactor=ContactorOptions(delay_s=0.5))
    bay.plug_in()
    bay.pilot.offer(16)
    bay.contactor.set_power(True)
    clock.advance(3600.5)
    assert bay.meter.read().energy_wh == pytest.approx(11_000)


def test_a_late_look_tells_what_happened_in_order() -> None:
    bay, clock, heard = _bay(contactor=ContactorOptions(delay_s=0.05))
    bay.plug_in()
    bay.pilot.offer(16)
    bay.contactor.set_power(True)
    heard.clear()
    clock.advance(60)
    bay.meter.read()
    assert heard == [ContactorState(True, True), PilotState("C", 32.0, True)]


def test_a_full_car_goes_to_b_when_it_is_full() -> None:
    bay, clock, heard = _charging(car=CarOptions(battery_wh=1_000, soc_percent=50))
    due_s = bay.next_change()
    assert due_s is not None
    clock.at_s = due_s - 0.1
    bay.poll()
    assert heard == []
    clock.at_s = due_s
    bay.poll()
    assert heard == [PilotState("B", 32.0, True)]
    reading = bay.meter.read()
    assert (reading.soc_percent, reading.power_w) == (100, 0)
    assert reading.energy_wh == pytest.approx(500)
    assert bay.next_change() is None


def test_a_car_comes_back_as_its_options_say_or_as_told() -> None:
    bay, clock, _ = _charging(car=CarOptions(battery_wh=1_000, soc_percent=50))
    clock.advance(3600)
    bay.unplug()
    clock.advance(1)
    bay.plug_in()
    assert bay.meter.read().soc_percent == 50
    bay.unplug()
    clock.advance(1)
    bay.plug_in(soc_percent=80)
    assert bay.meter.read().soc_percent == 80
    with pytest.raises(OptionError):
        bay.plug_in(soc_percent=101)


def test_the_car_pauses_and_goes_on_at_once() -> None:
    bay, clock, heard = _charging()
    bay.suspend()
    assert _letter(bay) == "B"
    clock.advance(60)
    assert _letter(bay) == "B"
    bay.resume()
    assert _letter(bay) == "C"
    bay.not_ready()
    assert [state.state for state in heard] == ["B", "C", "B"]


def test_a_car_that_is_not_ready_waits_for_resume() -> None:
    bay, clock, _ = _bay()
    bay.plug_in(ready=False)
    bay.pilot.offer(16)
    clock.advance(60)
    assert _letter(bay) == "B"
    bay.resume()
    assert _letter(bay) == "C"


def test_without_a_car_there_is_nothing_to_pause() -> None:
    bay, _, _ = _bay()
    for verb in (bay.suspend, bay.resume, bay.not_ready):
        with pytest.raises(Impossible):
            verb()


@pytest.mark.parametrize("cable", ["socket", "fixed"])
def test_pulling_the_cars_end_is_pilot_a_at_once(cable: str) -> None:
    bay, _, heard = _charging(cable=cable)
    bay.lock.set_locked(True)
    bay.unplug("ev")
    assert bay.pilot.read() == PilotState("A", 32.0 if cable == "socket" else None, True)
    assert bay.meter.read().power_w == 0
    assert heard[-1].state == "A"


def test_the_stations_end_follows_after_a_moment() -> None:
    bay, clock, heard = _charging()
    bay.unplug()
    assert bay.cable_in_station
    due_s = bay.next_change()
    assert due_s is not None
    assert due_s - clock.now() == pytest.approx(0.2)
    clock.at_s = due_s
    assert not bay.cable_in_station
    assert heard[-1] == PilotState("A", None, False)


def test_the_stations_end_waits_for_the_lock() -> None:
    bay, clock, _ = _charging(lock=LockOptions(delay_s=0.3))
    bay.lock.set_locked(True)
    clock.advance(1)
    bay.unplug()
    clock.advance(3600)
    assert bay.cable_in_station
    assert bay.next_change() is None
    bay.lock.set_locked(False)
    clock.advance(0.2)
    assert bay.cable_in_station
    clock.advance(0.2)
    assert not bay.cable_in_station


def test_the_stations_end_alone_disconnects_the_car() -> None:
    bay, _, _ = _charging()
    bay.unplug("station")
    assert not bay.cable_in_station
    assert _letter(bay) == "A"
    bay.plug_in()
    assert _letter(bay) == "B"


def test_a_fixed_cable_has_one_end() -> None:
    bay, clock, _ = _charging(cable="fixed")
    bay.unplug("station")
    assert not bay.plugged
    clock.advance(10)
    assert bay.cable_in_station
    assert bay.pilot.read() == PilotState("A", None, True)


def test_plugging_in_again_ends_the_pull() -> None:
    bay, clock, _ = _charging()
    bay.unplug()
    bay.plug_in()
    clock.advance(10)
    assert bay.cable_in_station


def test_unknown_side() -> None:
    with pytest.raises(OptionError):
        _bay()[0].unplug("left")  # type: ignore[arg-type]


def test_plugging_and_unplugging_twice_changes_nothing() -> None:
    bay, clock, heard = _bay()
    bay.unplug()
    bay.plug_in()
    bay.plug_in(ready=False, soc_percent=3)
    assert heard == [PilotState("B", 32.0, True)]
    bay.pilot.offer(16)
    clock.advance(1)
    assert _letter(bay) == "C"


def test_a_welded_contactor_stays_closed() -> None:
    bay, clock, heard = _charging()
    bay.contactor.set_fault("weld")
    assert bay.contactor.read() == ContactorState(True, True)
    bay.contactor.set_power(False)
    clock.advance(1)
    assert bay.contactor.read() == ContactorState(False, True, "weld")
    bay.contactor.set_fault("none")
    clock.advance(1)
    assert bay.contactor.read() == ContactorState(False, False)
    assert ContactorState(False, True, "weld") in heard


def test_a_stuck_contactor_never_closes() -> None:
    bay, clock, _ = _bay()
    bay.contactor.set_fault("stuck_open")
    bay.contactor.set_power(True)
    clock.advance(1)
    assert bay.contactor.read() == ContactorState(True, False, "stuck_open")
    with pytest.raises(OptionError):
        bay.contactor.set_fault("melted")  # type: ignore[arg-type]


def test_opening_before_the_contacts_have_closed() -> None:
    bay, clock, heard = _bay(contactor=ContactorOptions(delay_s=1))
    bay.contactor.set_power(True)
    clock.advance(0.5)
    bay.contactor.set_power(False)
    clock.advance(5)
    assert bay.contactor.read() == ContactorState(False, False)
    assert not any(state.closed for state in heard)


def test_without_a_delay_the_contacts_move_at_once() -> None:
    bay, _, heard = _bay(contactor=ContactorOptions(delay_s=0))
    bay.contactor.set_power(True)
    assert heard == [ContactorState(True, True)]


def test_a_jammed_lock() -> None:
    bay, _, _ = _bay()
    bay.lock.set_fault(True)
    bay.lock.set_locked(True)
    assert bay.lock.read() == LockState(True, False, "stuck")
    bay.lock.set_fault(False)
    assert bay.lock.read() == LockState(True, True)


def test_power_cut_opens_the_contactor_and_leaves_the_rest() -> None:
    bay, clock, _ = _charging()
    bay.lock.set_locked(True)
    clock.advance(360)
    bay.power_cut()
    assert bay.contactor.read() == ContactorState(False, False)
    assert bay.lock.read().locked
    assert _letter(bay) == "B"
    energy_wh = bay.meter.read().energy_wh
    clock.advance(360)
    assert bay.meter.read().energy_wh == energy_wh == pytest.approx(1_100, rel=1e-3)


def test_occupancy_is_told() -> None:
    bay, _, heard = _bay()
    bay.set_occupied(True)
    bay.set_occupied(True)
    assert heard == [BayState(True)]


def test_a_device_tells_only_its_own_changes_until_it_is_asked_not_to() -> None:
    bay, clock, _ = _bay()
    pilots, contactors, locks = list[Any](), list[Any](), list[Any]()
    end = bay.pilot.subscribe(pilots.append)
    bay.contactor.subscribe(contactors.append)
    bay.lock.subscribe(locks.append)
    bay.plug_in()
    bay.contactor.set_power(True)
    bay.lock.set_locked(True)
    end()
    bay.unplug("ev")
    clock.advance(1)
    bay.poll()
    assert [state.state for state in pilots] == ["B"]
    assert contactors == [ContactorState(True, False), ContactorState(True, True)]
    assert locks == [LockState(True, True)]


def test_a_callback_may_act_on_the_bay() -> None:
    bay, clock, _ = _bay()
    told: list[Any] = []

    def react(state: Any) -> None:
        told.append(state)
        if isinstance(state, PilotState):
            bay.contactor.set_power(state.state == "C")

    bay.subscribe(react)
    bay.plug_in()
    bay.pilot.offer(16)
    clock.advance(1)
    bay.poll()
    clock.advance(1)
    bay.poll()
    bay.unplug()
    clock.advance(1)
    bay.poll()
    assert [state.closed for state in told if isinstance(state, ContactorState)] == [False, True, True, False]
    assert bay.contactor.read() == ContactorState(False, False)


VERBS: list[tuple[str, Any]] = [
    ("plug_in", lambda bay: bay.plug_in()),
    ("unplug", lambda bay: bay.unplug()),
    ("unplug ev", lambda bay: bay.unplug("ev")),
    ("unplug station", lambda bay: bay.unplug("station")),
    ("offer", lambda bay: bay.pilot.offer(16)),
    ("withdraw", lambda bay: bay.pilot.offer(None)),
    ("close", lambda bay: bay.contactor.set_power(True)),
    ("open", lambda bay: bay.contactor.set_power(False)),
    ("weld", lambda bay: bay.contactor.set_fault("weld")),
    ("mend", lambda bay: bay.contactor.set_fault("none")),
    ("lock", lambda bay: bay.lock.set_locked(True)),
    ("unlock", lambda bay: bay.lock.set_locked(False)),
    ("jam", lambda bay: bay.lock.set_fault(True)),
    ("free", lambda bay: bay.lock.set_fault(False)),
    ("cut", lambda bay: bay.power_cut()),
    ("begin", lambda bay: bay.meter.begin_session()),
]


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from([0.0, 0.05, 0.1, 1.0, 300.0])), max_size=25),
    cable=st.sampled_from(["socket", "fixed"]),
)
def test_whatever_happens_the_world_stays_sane(steps: list[tuple[tuple[str, Any], float]], cable: str) -> None:
    car = CarOptions(battery_wh=2_000, soc_percent=70)
    often, sparse = (Bay(BayOptions(car=car, cable=cable), HandClock()) for _ in range(2))
    energy_wh = 0.0
    for (_, verb), pause_s in steps:
        for bay in (often, sparse):
            verb(bay)
            bay._clock.advance(pause_s)  # type: ignore[attr-defined]
        for _ in range(10):
            often.poll()
        due_s = often.next_change()
        assert due_s is None or due_s > often.at_s
        reading, pilot = often.meter.read(), often.pilot.read()
        assert reading.energy_wh is not None
        assert reading.power_w is not None
        assert reading.energy_wh >= energy_wh
        energy_wh = reading.energy_wh
        if reading.power_w > 0:
            assert pilot.state == "C"
            assert often.contactor.read().closed
        if pilot.state != "A":
            assert pilot.cable_present
    end_wh = sparse.meter.read().energy_wh
    assert end_wh == pytest.approx(energy_wh, abs=1e-3)
    assert sparse.pilot.read() == often.pilot.read()


def test_in_a_bay_without_inertia_everything_is_there_at_once_and_told_once() -> None:
    instant = {"contactor": ContactorOptions(delay_s=0.0), "lock": LockOptions(delay_s=0.0), "reaction_s": 0.0}
    bay, clock, heard = _bay(**instant)
    bay.plug_in()
    bay.lock.set_locked(True)
    bay.pilot.offer(16)
    bay.contactor.set_power(True)
    assert [type(state) for state in heard] == [PilotState, LockState, PilotState, ContactorState]
    assert (bay.lock.locked, bay.pilot_state().state, bay.contactor.closed) == (True, "C", True)
    clock.advance(3600.0)
    bay.contactor.set_power(False)
    assert heard[-1] == ContactorState(False, False)
    assert bay.meter.values()[0] > 0.0
    bay.pilot.offer(None)
    assert bay.pilot_state().state == "B"
    bay.unplug()
    assert bay.cable_in_station  # held by its lock
    bay.lock.set_locked(False)
    clock.advance(60.0)
    assert not bay.cable_in_station
