"""Whatever hardware does to the real workers and slots, power and offers are lawful; judged at the devices.

The threads are real and in lockstep (`tests.support.lockstep`), the devices break in every way that
`tests.support.faulty_hardware` knows. What is asserted is what the devices recorded and what the CSMS was told, not
what the host believes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station.core.transaction import TRANSACTIONS
from tests.support.faulty_hardware import MOODS, PARTS, READINGS, FaultyBay
from tests.support.lockstep import Lockstep
from tests.support.play import CARDS, NETWORK, REFUSED, Play, Script
from tests.support.rig import Rig, run_virtual

_HARMLESS = {"ReaderFailure", "PowerMeterFailure", "WeakSignal"}
_BROKEN = frozenset(MOODS) - {"slow"}
_DEAF = frozenset({"lost", "error", "exit"})
"""Moods of a contactor in which nobody can open it."""
_NOTICED_S = 3.5
"""A device that hangs is a loss after two seconds; looking, telling and doing may need the rest."""
_REACHED_S = 6.5
"""A device that comes back is opened anew after five seconds at most."""
_TICK_S = 0.1
WIRINGS = ("slots", "brought", "instant", "controller")
ALARMS = ("emergency_stop", "residual_current", "over_temperature", "relay", "tamper", "gremlins", "Not A Word")
LIMIT = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}]},
    },
}


class _Errors(logging.Handler):
    """What was raised, and caught where only our own mistakes are."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is not None:
            self.lines.append(f"{record.name}: {record.getMessage()}: {record.exc_info[1]!r}")
        elif record.name == "asyncio":
            self.lines.append(record.getMessage())


class HardwarePlay(Play):
    """A station whose devices come from a `FaultyBay`."""

    def __init__(self, version: str, world: FaultyBay, wiring: str) -> None:
        self.world = world
        profile = {"reboot": {"takes": "1s"}, "metering": {"sample": "10s"}}
        Rig.__init__(self, version, profile, drivers=world.devices(wiring))
        self.wiring = wiring
        self.latched: set[str] = set()
        self.opened_by_release = wiring in ("slots", "controller")
        world.judge = self.judge
        world.boot = lambda: self.host.runner.boots

    # Judging

    def judge(self, part: str) -> str | None:
        """What forbids power, or an offer, by what the core knows at the moment of the command."""
        runner = self.host.runner
        why = self.forbidden()
        transaction = runner.engine.station.evses[0].transaction
        if why is None and self.world.seen_open_boot != runner.boots:
            why = f"the contactor was not seen open in boot {runner.boots}"
        if why is None and part == "contactor":
            if transaction is None:
                why = "no transaction runs"
            elif transaction.id not in self.store.load().get(TRANSACTIONS, {}):
                why = "the transaction is not recorded"
        return why

    def forbidden(self) -> str | None:
        """What forbids any energy, by what the core knows."""
        runner = self.host.runner
        if not runner.alive:
            return "the station is down"
        evse = runner.engine.station.evses[0]
        if evse.grant is None:
            return "nobody is authorised"
        if not evse.ev:
            return "nothing is plugged in"
        bad = {fault.value for fault in evse.faults} - _HARMLESS
        return f"faults {bad}" if bad else None

    def untrue(self) -> str | None:
        """What forbids any energy, by what is so."""
        world = self.world
        words = [word for words in world.alarms.values() for word in words if word != "tamper"]
        if words:
            return f"alarms {words}"
        if world.letter in ("A", "E", "F") or (not world.letter and not world.plugged):
            return f"pilot {world.letter or 'A'}"
        lost = [part for part in ("contactor", "pilot", "lock") if self.broken(part)]
        return f"{lost} broken" if lost else self.forbidden()

    def broken(self, part: str) -> bool:
        """Whether a device does not answer, or with what is no answer."""
        return self.world.moods[part].kind in _BROKEN or (part == "pilot" and self.world.letter == "G")

    async def watch(self) -> None:
        """Look all the time whether power goes where it must not."""
        bad_since: dict[str, float] = {}
        while True:
            now_s = self.loop.time()
            mood = self.world.moods["contactor"].kind
            deaf = mood in _DEAF or (mood in ("hang", "hang_after") and not self.opened_by_release)
            for name, why, patience_s in (
                ("untrue", self.untrue(), _NOTICED_S),
                ("forbidden", self.forbidden(), 0.05),
            ):
                patience_s = max(patience_s, _NOTICED_S if mood else 0.0)
                if why is None:
                    bad_since.pop(name, None)
                    continue
                if deaf:
                    # Once it can be reached again, that is from when it counts.
                    bad_since[name] = now_s + _REACHED_S - _NOTICED_S
                over_s = now_s - bad_since.setdefault(name, now_s)
                if self.world.coil and over_s > patience_s:
                    self.world.wrong.append(f"{now_s:.2f} closed for {over_s:.2f} s: {why} ({mood or 'sound'})")
            await asyncio.sleep(_TICK_S)

    # Acting

    async def act(self, verb: str, *arguments: Any) -> None:
        world = self.world
        match verb:
            case "plug":
                world.bay.plug_in()
            case "unplug":
                world.bay.unplug()
            case "pause" if world.plugged:
                world.bay.suspend()
            case "go_on" if world.plugged:
                world.bay.resume()
            case "pause" | "go_on":
                pass
            case "letter":
                world.letter = arguments[0]
            case "alarm":
                world.alarms[arguments[0]] = arguments[1]
            case "contacts":
                self.latched |= {"contactor_weld", "contactor_stuck_open"}
                world.bay.contactor.set_fault(arguments[0])
            case "mood":
                world.moods[arguments[0]].kind = arguments[1]
            case "reading":
                world.reading = arguments[0]
            case "limit" if self.version == "1.6":
                self.send(self.csms.call("SetChargingProfile", LIMIT).text)
            case "limit":
                pass
            case "power_cycle":
                if self.host.runner.alive:
                    self.power_off()
                    self.power_on(arguments[0])
            case _:
                self.latched |= {""} if verb == "fault" else set()
                await super().act(verb, *arguments)

    def mend(self) -> None:
        """Everything is as it should be again."""
        world = self.world
        world.letter = world.reading = ""
        world.alarms.clear()
        world.bay.contactor.set_fault("none")
        for mood in world.moods.values():
            mood.kind = ""

    # The end

    @property
    def sources(self) -> set[str]:
        """Who reports faults at the EVSE."""
        return {one.source for one in self.host.runner.engine.station.evses[0].fault_table.own.standing}

    async def assert_what_stands_stands(self) -> None:
        """What hardware reports is a fault while it does, whatever anybody clears; what it does not report is none."""
        world = self.world
        await self.until(lambda: self.host.runner.alive)
        await asyncio.sleep(12.0)
        for _ in range(2):
            sources = self.sources
            assert not sources & {"contactor_weld", "contactor_stuck_open"} - self.latched, sources
            for part in PARTS:
                lost = self.broken(part)
                twin = self.halves and part in ("contactor", "pilot")
                assert f"{part}_lost" in sources or not lost, (part, sources)
                assert lost or twin or f"{part}_lost" not in sources, (part, sources)
            for part, words in world.alarms.items():
                if not self.broken(part) and not self.halves:
                    assert self.expected(part, words) <= sources, (words, sources)
            self.command("clear_fault")
            await asyncio.sleep(2.0)

    @property
    def halves(self) -> bool:
        """Whether pilot and contactor are one device."""
        return self.wiring == "controller"

    @staticmethod
    def expected(part: str, words: tuple[str, ...]) -> set[str]:
        """The sources of these alarms."""
        suffix = "" if part == "contactor" else f"#{part}"
        known = {word if word in ALARMS[:6] else "fault" for word in words} - {"tamper"}
        return {f"{word}{suffix}" for word in known}

    async def finish(self, quiet_s: float = 30.0) -> None:
        self.mend()
        self.csms.lose_next = False
        self.host.runner.stay_offline = False
        await self.until(lambda: self.host.runner.alive)
        self.host.runner.connect()
        await self.until(lambda: self.host.status()["boot"] == "Accepted" and self.host.status()["online"])
        await asyncio.sleep(quiet_s)
        # A register that fell stays a doubt until it is above what was believed, or until the meter is replaced.
        left = self.sources - {"meter_register_fell"} - self.latched
        assert not left, f"faults that nobody reports any more: {left}"
        self.command("clear_fault")
        await asyncio.sleep(2.0)
        left = self.sources - {"meter_register_fell"}
        assert not left, f"faults that nobody can clear: {left}"
        self.world.bay.unplug()
        await self.until(lambda: self.told_all, 400.0)


async def _played(version: str, wiring: str, script: Script, before: Script = ()) -> None:
    loop = asyncio.get_running_loop()
    errors = _Errors()
    logging.getLogger().addHandler(errors)
    step = Lockstep(loop)
    try:
        with step.in_place():
            world = FaultyBay(loop, step)
            async with HardwarePlay(version, world, wiring) as rig:
                await rig.perform(before)
                await rig.host.open_hardware()
                await rig.boot()
                watch = asyncio.ensure_future(rig.watch())
                await rig.perform(script)
                await rig.assert_what_stands_stands()
                await rig.finish()
                watch.cancel()
                rig.assert_told_well()
                assert not world.wrong, world.wrong[:3]
                _assert_energy_was_shown(rig)
            await asyncio.sleep(1.0)
            assert not world.coil, "the contactor is left closed"
            assert world.offered_a is None, "the offer is left"
            assert all(world.released.values()), f"not everything was given back: {world.released}"
    finally:
        logging.getLogger().removeHandler(errors)
    assert not step.ended_by, step.ended_by
    assert not errors.lines, errors.lines[:3]


def _assert_energy_was_shown(rig: HardwarePlay) -> None:
    most_wh = max(rig.world.shown_wh, default=0.0)
    for told in rig.rules.transactions:
        assert told.readings_wh == sorted(told.readings_wh)
        assert all(0.0 <= reading_wh <= most_wh + 1.0 for reading_wh in told.readings_wh), (told.readings_wh, most_wh)


_WORLD = st.one_of(
    st.just(("plug",)),
    st.just(("unplug",)),
    st.just(("pause",)),
    st.just(("go_on",)),
    st.tuples(st.just("tap"), st.sampled_from((*CARDS, REFUSED))),
    st.just(("plug",)),
    st.tuples(st.just("tap"), st.sampled_from(CARDS)),
)
_BREAKING = st.one_of(
    st.tuples(st.just("mood"), st.sampled_from(PARTS), st.sampled_from((*MOODS, "", "", "", ""))),
    st.tuples(st.just("letter"), st.sampled_from(("A", "B", "C", "D", "E", "F", "", "", "G"))),
    st.tuples(
        st.just("alarm"),
        st.sampled_from(("contactor", "pilot")),
        st.one_of(st.just(()), st.tuples(st.sampled_from(ALARMS)), st.tuples(*[st.sampled_from(ALARMS)] * 2)),
    ),
    st.tuples(st.just("contacts"), st.sampled_from(("weld", "stuck_open", "none", "none"))),
    st.tuples(st.just("reading"), st.sampled_from((*READINGS, "skipped", "", "", ""))),
)
_STATION = st.one_of(
    NETWORK,
    st.just(("lose_on_next",)),
    st.just(("clear_fault",)),
    st.just(("limit",)),
    st.just(("reboot",)),
    st.tuples(st.just("power_cycle"), st.booleans()),
    st.tuples(st.just("fault"), st.sampled_from(("GroundFailure", "ReaderFailure"))),
)
_TIME = st.tuples(st.just("run"), st.sampled_from((0.0, 0.05, 0.3, 1.0, 2.5, 6.0, 15.0)))
SCRIPTS = st.lists(st.one_of(_WORLD, _TIME, _BREAKING, _TIME, _BREAKING, _STATION), min_size=3, max_size=16).map(tuple)
VERSIONS = st.sampled_from(["1.6", "2.0.1"])
CHARGING: Script = (("plug",), ("tap", CARDS[0]), ("run", 1.0))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VERSIONS, st.sampled_from(WIRINGS), st.booleans(), SCRIPTS)
def test_whatever_hardware_does(version: str, wiring: str, charging: bool, script: Script) -> None:
    run_virtual(_played(version, wiring, (*CHARGING, *script) if charging else script))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VERSIONS, st.sampled_from(WIRINGS), st.lists(_BREAKING, min_size=1, max_size=3), SCRIPTS)
def test_whatever_is_broken_when_the_station_starts(
    version: str, wiring: str, broken: list[tuple[str, ...]], script: Script
) -> None:
    run_virtual(_played(version, wiring, (*CHARGING, *script), tuple(broken)))


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_charge(version: str, wiring: str) -> None:
    run_virtual(_played(version, wiring, (*CHARGING, ("run", 15.0), ("tap", CARDS[0]), ("unplug",), ("run", 2.0))))


@pytest.mark.parametrize("wiring", ["slots", "controller"])
@pytest.mark.parametrize("mood", ["lost", "hang", "hang_after"])
def test_a_contactor_that_did_not_answer_is_not_called_welded(wiring: str, mood: str) -> None:
    """Nobody saw its contacts while it should have opened; afterwards they are open, and the next card charges."""
    part = "pilot" if wiring == "controller" else "contactor"
    broken: Script = (("mood", part, mood), ("run", 6.0), ("mood", part, ""), ("run", 15.0))
    again: Script = (("tap", CARDS[0]), ("run", 6.0), ("tap", CARDS[0]), ("unplug",), ("run", 6.0))
    run_virtual(_played("2.0.1", wiring, (*CHARGING, ("run", 2.5), *broken, *again)))
