"""What `station hw` does with the parts on a bench: one function a trial. Called from `station.cli.hw`.

Every wait ends early when the bench is told to stop; the bench gives all parts back afterwards.
"""

from __future__ import annotations

import time
from typing import Any, Final

from drivers.api import ContactorState, DriverError, LockState, NoReading, PilotState, Reading, Register
from station.cli.bench import Bench
from station.cli.exit_codes import ExitCode

POLL_S: Final = 0.01
PILOT_POLL_S: Final = 0.2
METER_POLL_S: Final = 1.0
CONTACTS_S: Final = 2.0
"""How long contacts may take before they are called stuck."""
BOLT_S: Final = 3.0
VEHICLE: Final = frozenset({"B", "C", "D"})
STATES: Final = (
    "available",
    "preparing",
    "charging",
    "suspended",
    "finishing",
    "reserved",
    "unavailable",
    "faulted",
    "accepted",
    "refused",
)


def check_vehicle(bench: Bench, *, force: bool) -> None:
    """Refuse to switch while a vehicle is there, or while nobody can say.

    Raises:
        typer.Exit: 5.
    """
    if bench.config("pilot").simulated:
        bench.note("the pilot is simulated: nothing real says whether a vehicle is there")
        return
    try:
        state = bench.part("pilot").read().state
    except DriverError as error:
        if not force:
            bench.fail(f"the pilot cannot say whether a vehicle is there: {error.message}", "--force, or mend it first")
        bench.note(f"the pilot does not say whether a vehicle is there: {error.message}")
        return
    if state in VEHICLE and not force:
        bench.fail(f"a vehicle is there (pilot {state})", "unplug it, or --force")


# --- contactor ----------------------------------------------------------------------------------------------------


def show_contactor(bench: Bench) -> None:
    """Where the contacts are."""
    _say_contactor(bench, bench.part("contactor").read())


def close_contactor(bench: Bench, close_s: float) -> None:
    """Close, wait, open; with the times that the contacts took. Raises: typer.Exit: 5 where they do not follow."""
    contactor = bench.part("contactor")
    state: ContactorState = contactor.read()
    if state.closed or state.fault:
        _say_contactor(bench, state)
        bench.fail(f"the contactor is {state.fault or 'closed'} before it was switched", "is it welded? wired wrongly?")
    controller = bench.part("pilot") if bench.evse.hardware.contactor is None else None
    closed_s: float | None = None
    until_s = time.monotonic() + close_s
    try:
        if controller is not None:
            bench.note("the controller closes only for a vehicle that asks; it is offered 6 A")
            controller.offer(6.0)
        contactor.set_power(True)
        began_s = time.monotonic()
        closed_s = _moved(bench, contactor, True, min(CONTACTS_S, close_s), began_s)
        _say_moved(bench, "closed", closed_s)
        while not bench.stop.is_set() and time.monotonic() < until_s:
            state = contactor.read()
            if state.fault or state.alarms:
                _say_contactor(bench, state)
                break
            bench.stop.wait(min(POLL_S * 5, max(0.0, until_s - time.monotonic())))
    finally:
        contactor.set_power(False)
        if controller is not None:
            controller.offer(None)
    opened_s = _moved(bench, contactor, False, CONTACTS_S, time.monotonic())
    _say_moved(bench, "opened", opened_s)
    after: ContactorState = contactor.read()
    if closed_s is None and not bench.stop.is_set():
        bench.fail("the contactor did not close", "coil, emergency stop, residual-current device? station hw relay")
    if opened_s is None or after.closed:
        bench.fail("the contactor did not open: is it welded?", "switch the supply off before you touch anything")
    if state.fault or state.alarms:
        bench.fail(f"while closed: {', '.join([state.fault or '', *state.alarms]).strip(', ')}", "station hw relay")


def _moved(bench: Bench, contactor: Any, closed: bool, within_s: float, began_s: float) -> float | None:
    """Seconds until the contacts were there; None: they did not come. Opening is waited for in any case."""
    while time.monotonic() - began_s < within_s:
        if contactor.read().closed == closed:
            return time.monotonic() - began_s
        if closed and bench.stop.is_set():
            return None
        time.sleep(POLL_S)
    return None


def _say_moved(bench: Bench, what: str, took_s: float | None) -> None:
    shown = f"{what} after {took_s * 1000:.0f} ms" if took_s is not None else f"not {what}"
    bench.say(shown, {"event": what if took_s is not None else f"not {what}", "took_ms": _ms(took_s)})


def _say_contactor(bench: Bench, state: ContactorState) -> None:
    mirror = getattr(bench.config("contactor").parsed, "feedback_pin", 0)
    source = "  (no mirror contact: where the coil was told to be)" if mirror is None else ""
    words = [state.fault or "", *state.alarms]
    trouble = f"  {', '.join(word for word in words if word)}" if any(words) else ""
    bench.say(
        f"contactor {'closed' if state.closed else 'open'}{source}{trouble}",
        {"closed": state.closed, "commanded": state.commanded, "fault": state.fault, "alarms": list(state.alarms)},
    )


# --- meter --------------------------------------------------------------------------------------------------------


def read_meter(bench: Bench, count: int | None) -> None:
    """Readings, one a second. Raises: typer.Exit: 5 where none came."""
    meter = bench.part("meter")
    if isinstance(meter, Register):
        meter.preset(0.0)
        bench.note("a pulse meter counts from zero here: the station keeps its register")
    read = 0
    made = 0
    while not bench.stop.is_set() and (count is None or made < count):
        if made:
            bench.stop.wait(METER_POLL_S)
            if bench.stop.is_set():
                break
        made += 1
        try:
            reading = meter.read()
        except NoReading as error:
            bench.note(f"no reading: {error.message}")
            continue
        read += 1
        bench.say(_reading(reading), {key: value for key, value in _reading_data(reading).items() if value is not None})
    if made and not read:
        bench.fail("the meter gave no reading", "address, speed, A and B exchanged? station doctor")


def _reading_data(reading: Reading) -> dict[str, Any]:
    return {
        "energy_wh": reading.energy_wh,
        "energy_export_wh": reading.energy_export_wh,
        "power_w": reading.power_w,
        "current_a": reading.current_a,
        "voltage_v": reading.voltage_v,
        "frequency_hz": reading.frequency_hz,
        "temperature_c": reading.temperature_c,
    }


def _reading(reading: Reading) -> str:
    parts = [
        _number(reading.energy_wh, "Wh", 0),
        _number(reading.power_w, "W", 0),
        _phases(reading.current_a, "A"),
        _phases(reading.voltage_v, "V"),
        _number(reading.frequency_hz, "Hz", 2),
        _number(reading.temperature_c, "°C", 1),
    ]
    return "  ".join(part for part in parts if part) or "nothing that it measures"


def _number(value: float | None, unit: str, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f} {unit}"


def _phases(values: tuple[float, ...] | None, unit: str) -> str:
    return "" if not values else f"{' / '.join(f'{value:.1f}' for value in values)} {unit}"


# --- pilot --------------------------------------------------------------------------------------------------------


def watch_pilot(bench: Bench, offer_a: float | None, count: int | None) -> None:
    """States at each change; nothing is offered any more at the end."""
    pilot = bench.part("pilot")
    seen: PilotState | None = None
    told = 0
    try:
        if offer_a is not None:
            pilot.offer(offer_a)
            bench.say(f"offering {offer_a:g} A", {"offered_a": offer_a})
        while not bench.stop.is_set() and (count is None or told < count):
            state: PilotState = pilot.read()
            if state != seen:
                seen = state
                told += 1
                _say_pilot(bench, state)
            else:
                bench.stop.wait(PILOT_POLL_S)
    finally:
        pilot.offer(None)


def _say_pilot(bench: Bench, state: PilotState) -> None:
    cable = f"  cable {state.cable_limit_a:g} A" if state.cable_limit_a is not None else ""
    alarms = f"  {', '.join(state.alarms)}" if state.alarms else ""
    meaning = {"A": "no vehicle", "B": "vehicle", "C": "wants energy", "D": "wants energy, ventilated"}
    bench.say(
        f"pilot {state.state}: {meaning.get(state.state, 'error')}{cable}{alarms}",
        {
            "state": state.state,
            "cable_present": state.cable_present,
            "cable_limit_a": state.cable_limit_a,
            "alarms": list(state.alarms),
        },
    )


# --- lock, lamps, button ------------------------------------------------------------------------------------------


def move_lock(bench: Bench, wanted: bool | None) -> None:
    """Move the bolt and time it, or only look. Raises: typer.Exit: 5 where it does not get there."""
    lock = bench.part("lock")
    if wanted is None:
        _say_lock(bench, lock.read(), None)
        return
    began_s = time.monotonic()
    lock.set_locked(wanted)
    state: LockState = lock.read()
    while state.locked != wanted and not state.fault and time.monotonic() - began_s < BOLT_S:
        time.sleep(POLL_S)
        state = lock.read()
    there = state.locked == wanted
    _say_lock(bench, state, time.monotonic() - began_s if there else None)
    if not there or state.fault:
        bench.fail(
            f"the bolt is {state.fault or 'not there'} after {BOLT_S:g} s", "blocked? motor, end switch, supply?"
        )


def _say_lock(bench: Bench, state: LockState, took_s: float | None) -> None:
    took = f" after {took_s * 1000:.0f} ms" if took_s is not None else ""
    fault = f"  {state.fault}" if state.fault else ""
    data = {"locked": state.locked, "commanded": state.commanded, "fault": state.fault, "took_ms": _ms(took_s)}
    bench.say(f"{'locked' if state.locked else 'unlocked'}{took}{fault}", data)


def show_states(bench: Bench, wanted: str, each_s: float) -> None:
    """Show one state or all, so long each."""
    if wanted != "all" and wanted not in STATES:
        bench.fail(f"--show {wanted}: no such state", f"--show all | {' | '.join(STATES)}", ExitCode.USAGE)
    indicator = bench.part("indicator")
    for state in STATES if wanted == "all" else (wanted,):
        if bench.stop.is_set():
            return
        indicator.show(state)
        bench.say(state, {"state": state})
        bench.stop.wait(each_s)


def watch_button(bench: Bench, count: int | None) -> None:
    """Tell each press."""
    button = bench.part("button")
    pressed, presses = False, 0
    bench.note("press it; Ctrl-C ends")
    while not bench.stop.is_set() and (count is None or presses < count):
        before, pressed = pressed, button.read()
        if pressed and not before:
            presses += 1
            bench.say(f"pressed ({presses})", {"event": "pressed", "count": presses})
        bench.stop.wait(POLL_S)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
