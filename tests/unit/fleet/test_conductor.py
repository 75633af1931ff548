"""When a run does what: stages by the clock, who is waited for, and an end in order or in a hurry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from station.config import from_mapping
from station.errors import StationError
from station.fleet.conductor import NOBODY_S, STRAGGLERS_S, Conductor, Outcome, Tick
from station.fleet.metrics import Snapshot
from station.fleet.plan import Group, Plan, Stage, Storm
from tests.support.virtual_loop import VirtualLoop, run_virtual

FOREVER_S = float("inf")


class FakeEngine:
    """Stations that come up as the test says; notes what it was told, and when.

    Args:
        comes_up: how many are up so long after the start, of so many that are wanted.
        ending_s: how long an end in order takes.
    """

    def __init__(self, comes_up: Callable[[float, int], int] | None = None, ending_s: float = 0.5) -> None:
        self._comes_up = comes_up or (lambda _, wanted: wanted)
        self._ending_s = ending_s
        self._loop = asyncio.get_running_loop()
        self._began_s = 0.0
        self._wanted = 0
        self.told: list[tuple[Any, ...]] = []
        self.stopped = False
        self.failure = ""
        self.trouble: StationError | None = None

    def _note(self, *what: Any) -> None:
        self.told.append((round(self._loop.time() - self._began_s, 2), *what))

    async def start(self) -> None:
        self._began_s = self._loop.time()

    def scale(self, stations: int, over_s: float) -> None:
        self._wanted = stations
        self._note("scale", stations, over_s)

    def go(self) -> None:
        self._note("go")

    def pause(self) -> None:
        self._note("pause")

    def resume(self) -> None:
        self._note("resume")

    def inject(self, storm: Storm) -> None:
        self._note("inject", storm.do)

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"station": station, "command": command, **params}

    def snapshot(self) -> Snapshot:
        at_s = self._loop.time() - self._began_s
        up = 0 if self.stopped else self._comes_up(at_s, self._wanted)
        counts = {"call.MeterValues": int(at_s * 10 + 1e-6)}
        return Snapshot(counts | ({"booted": up} if up else {}), {}, {"up": up})

    async def stop(self, patience_s: float) -> None:
        self._note("stop", patience_s)
        await asyncio.sleep(min(self._ending_s, patience_s))
        self.stopped = True
        self._note("stopped")


class Conducted:
    """A conductor of a fake engine, and what was looked at."""

    def __init__(
        self, *stages: Stage, engine: FakeEngine | None = None, every_s: float = 1.0, look_s: float = 0.0
    ) -> None:
        self.engine = engine or FakeEngine()
        self.ticks: list[Tick] = []
        self._look_s = look_s
        self.conductor = Conductor(_plan(*stages), self.engine, self._look, every_s)

    def _look(self, tick: Tick) -> None:
        self.ticks.append(tick)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.jump(self._look_s)

    async def run(self, *steps: tuple[float, Callable[[], None]]) -> Outcome:
        """Run to the end; each step is taken so long after the beginning."""
        loop = asyncio.get_running_loop()
        for at_s, step in steps:
            loop.call_later(at_s, step)
        return await self.conductor.run()

    @property
    def phases(self) -> list[str]:
        """Each once, in the order in which they were seen."""
        return list(dict.fromkeys(tick.phase for tick in self.ticks))

    @property
    def stop(self) -> Callable[[], None]:
        return self.conductor.stop


def _plan(*stages: Stage) -> Plan:
    profile = from_mapping(
        {"station": {"id": "CP", "vendor": "Acme", "model": "Wallbox"}, "csms": {"url": "ws://csms.test/ocpp"}},
        Path("/nonexistent"),
        env={},
    ).profile
    count = max(stage.stations for stage in stages)
    return Plan("town", count, (Group("all", 1.0, profile),), stages)


def test_a_stage_is_held_from_the_moment_that_all_are_up() -> None:
    async def main() -> None:
        engine = FakeEngine(lambda at_s, wanted: wanted if at_s > 2.47 else int(at_s))
        run = Conducted(Stage(10, 2.0, 5.0), engine=engine)
        outcome = await run.run()
        assert outcome.end == "done"
        assert engine.told == [(0, "scale", 10, 2.0), (2.5, "go"), (7.5, "stop", 10.0), (8.0, "stopped")]
        assert run.phases == ["ramp", "run", "ending", "done"]
        assert run.conductor.up_s == pytest.approx(2.5, abs=0.06)
        assert run.ticks[-1].held_s == pytest.approx(5.0, abs=0.06)
        assert outcome.last is run.ticks[-1].snapshot

    run_virtual(main())


def test_it_is_looked_at_once_a_second_and_where_a_phase_ends() -> None:
    async def main() -> None:
        run = Conducted(Stage(1, 0.0, 2.6))
        await run.run()
        seen = [(round(tick.at_s, 1), tick.phase) for tick in run.ticks]
        phases = ["ramp", "run", "run", "run", "run", "ending", "done"]
        assert seen == list(zip([0.0, 0.0, 1.0, 2.0, 2.6, 3.0, 3.1], phases, strict=True))

    run_virtual(main())


def test_a_hold_below_a_second_is_seen_at_both_of_its_ends() -> None:
    async def main() -> None:
        run = Conducted(Stage(1, 0.0, 0.4))
        await run.run()
        first, last = (tick for tick in run.ticks if tick.phase == "run")
        assert (first.held_s, last.held_s) == (0.0, pytest.approx(0.4))
        assert last.snapshot.counts["call.MeterValues"] - first.snapshot.counts["call.MeterValues"] == 4

    run_virtual(main())


def test_stages_follow_each_other_each_after_its_ramp() -> None:
    async def main() -> None:
        run = Conducted(Stage(5, 1.0, 2.0), Stage(9, 3.0, 4.0), Stage(2, 0.0, 1.0))
        assert (await run.run()).end == "done"
        assert [told for told in run.engine.told if told[1] != "stopped"] == [
            (0, "scale", 5, 1.0),
            (0, "go"),
            (2, "scale", 9, 3.0),
            (9, "scale", 2, 0.0),
            (10, "stop", 10.0),
        ]
        assert {tick.wanted for tick in run.ticks} == {5, 9, 2}

    run_virtual(main())


def test_where_nobody_is_accepted_the_run_is_given_up() -> None:
    async def main() -> None:
        run = Conducted(Stage(10, 5.0, 60.0), engine=FakeEngine(lambda *_: 0))
        assert (await run.run()).end == "nobody"
        # Nobody has anything to tell.
        at_s, *stop = run.engine.told[1]
        assert at_s == pytest.approx(5.0 + NOBODY_S, abs=1.1)
        assert stop == ["stop", 0.0]
        assert run.phases == ["ramp", "done"]
        assert run.conductor.up_s is None and run.ticks[-1].held_s == 0.0

    run_virtual(main())


@pytest.mark.parametrize(
    ("counts", "end"),
    [({}, "stopped"), ({"dial.failed.refused": 3}, "nobody"), ({"call.BootNotification": 2}, "nobody")],
)
def test_who_stops_a_run_that_was_in_vain_is_told_so(counts: dict[str, int], end: str) -> None:
    async def main() -> None:
        engine = FakeEngine(lambda *_: 0)
        engine.snapshot = lambda: Snapshot(counts, {}, {"up": 0})  # type: ignore[method-assign]
        run = Conducted(Stage(10, 5.0, 60.0), engine=engine)
        running = asyncio.ensure_future(run.run())
        await asyncio.sleep(2.0)
        run.conductor.stop()
        assert (await running).end == end

    run_virtual(main())


def test_stragglers_are_waited_for_but_not_for_ever() -> None:
    async def main() -> None:
        run = Conducted(Stage(10, 5.0, 3.0), engine=FakeEngine(lambda *_: 9))
        assert (await run.run()).end == "done"
        at_s, told = run.engine.told[1]
        assert told == "go"
        assert at_s == pytest.approx(5.0 + STRAGGLERS_S, abs=1.1)
        assert run.conductor.up_s is None

    run_virtual(main())


def test_who_scales_down_during_the_ramp_is_not_waited_for() -> None:
    async def main() -> None:
        run = Conducted(Stage(10, 5.0, 3.0), engine=FakeEngine(lambda _, wanted: min(4, wanted)))
        assert (await run.run((2.0, lambda: run.conductor.scale(4, 0.0)))).end == "done"
        assert (2.0, "scale", 4, 0.0) in run.engine.told
        assert run.conductor.up_s == pytest.approx(2.0, abs=0.1)

    run_virtual(main())


@pytest.mark.parametrize(
    ("at_s", "held_s", "phases"),
    [
        (1.5, 0.0, ["ramp", "ending", "done"]),  # the ramp of the first stage
        (5.5, 2.5, ["ramp", "run", "ending", "done"]),  # its hold
        (7.5, 4.5, ["ramp", "run", "ending", "done"]),  # the ramp of the second stage
        (900.0, 897.0, ["ramp", "run", "ending", "done"]),  # a hold without an end
    ],
)
def test_a_stop_is_an_end_in_order_in_every_phase(at_s: float, held_s: float, phases: list[str]) -> None:
    async def main() -> None:
        engine = FakeEngine(lambda at_s, wanted: wanted if at_s >= 3.0 else 1, ending_s=2.5)
        run = Conducted(Stage(5, 2.0, 4.0), Stage(9, 3.0, FOREVER_S), engine=engine)
        outcome = await run.run((at_s, run.stop))
        assert outcome.end == "stopped"
        assert engine.told[-2:] == [(at_s, "stop", 10.0), (at_s + 2.5, "stopped")]
        assert run.phases == phases
        assert run.ticks[-1].held_s == pytest.approx(held_s, abs=0.06)

    run_virtual(main())


def test_a_stop_while_the_engine_starts_gives_the_start_up_and_still_reports() -> None:
    class Slow(FakeEngine):
        gave_up_s = 0.0

        async def start(self) -> None:
            try:
                await asyncio.sleep(30.0)
            finally:
                self.gave_up_s = asyncio.get_running_loop().time()

    async def main() -> None:
        engine = Slow()
        run = Conducted(Stage(5, 2.0, FOREVER_S), engine=engine)
        began_s = asyncio.get_running_loop().time()
        outcome = await run.run((1.0, run.stop))
        assert outcome.end == "stopped"
        assert engine.gave_up_s - began_s == pytest.approx(1.0, abs=0.01)
        assert engine.told == []
        (tick,) = run.ticks
        assert (tick.phase, tick.wanted, tick.held_s, tick.snapshot) == ("done", 5, 0.0, outcome.last)
        assert tick.at_s == pytest.approx(0.0, abs=0.01)
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main())


def test_the_moment_of_the_end_is_looked_at_in_a_ramp_too() -> None:
    async def main() -> None:
        run = Conducted(Stage(9, 20.0, FOREVER_S), engine=FakeEngine(lambda at_s, wanted: int(at_s)))
        await run.run((5.5, run.stop))
        *_, last = (tick for tick in run.ticks if tick.phase == "ramp")
        assert last.at_s == pytest.approx(5.5, abs=0.06)
        assert last.snapshot.gauges["up"] == 5

    run_virtual(main())


def test_asked_twice_it_does_not_wait() -> None:
    async def main() -> None:
        engine = FakeEngine(ending_s=8.0)
        run = Conducted(Stage(5, 0.0, 60.0), engine=engine)
        outcome = await run.run((3.0, run.stop), (4.0, run.stop), (4.5, run.stop))
        assert outcome.end == "stopped"
        assert engine.told[-1] == (3.0, "stop", 10.0)
        assert run.ticks[-1].at_s == pytest.approx(4.0)
        assert run.ticks[-1].phase == "done"

    run_virtual(main())


def test_a_stop_while_it_ends_by_itself_is_patient_still() -> None:
    async def main() -> None:
        engine = FakeEngine(ending_s=8.0)
        run = Conducted(Stage(5, 0.0, 2.0), engine=engine)
        outcome = await run.run((3.0, run.stop))
        assert outcome.end == "done"
        assert engine.told[-1] == (10.0, "stopped")

    run_virtual(main())


def test_steering_reaches_the_engine() -> None:
    async def main() -> None:
        run = Conducted(Stage(5, 0.0, 6.0))
        conductor = run.conductor

        def paused(expected: bool, step: Callable[[], None]) -> Callable[[], None]:
            def do() -> None:
                step()
                assert conductor.paused is expected

            return do

        await run.run(
            (1.0, paused(True, conductor.pause)),
            (2.0, paused(False, conductor.resume)),
            (3.0, lambda: conductor.inject(Storm(0.0, "reboot"))),
        )
        assert run.engine.told[2:5] == [(1.0, "pause"), (2.0, "resume"), (3.0, "inject", "reboot")]
        assert await conductor.command("CP", "tap", {"evse": 1}) == {"station": "CP", "command": "tap", "evse": 1}

    run_virtual(main())


def test_a_look_that_takes_long_does_not_shift_those_after_it() -> None:
    async def main() -> None:
        run = Conducted(Stage(1, 0.0, 10.5), every_s=3.0, look_s=0.4)
        await run.run()
        _, *clocked, _ = (tick.at_s for tick in run.ticks if tick.phase == "run")
        assert [later - before for before, later in pairwise(clocked)] == [pytest.approx(3.0)] * 2

    run_virtual(main())


def test_an_engine_that_cannot_start_leaves_nothing_behind() -> None:
    class Broken(FakeEngine):
        async def start(self) -> None:
            raise RuntimeError("no workers")

    async def main() -> None:
        run = Conducted(Stage(1, 0.0, 1.0), engine=Broken())
        with pytest.raises(RuntimeError, match="no workers"):
            await run.run()
        assert run.ticks == []
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main())


def test_a_run_that_nobody_can_go_on_with_ends_without_patience() -> None:
    async def main() -> None:
        engine = FakeEngine()
        conductor = Conductor(_plan(Stage(2, 0.0, FOREVER_S)), engine, lambda tick: None)
        running = asyncio.ensure_future(conductor.run())
        await asyncio.sleep(5.0)
        engine.failure = "no worker is left"
        outcome = await running
        assert outcome.end == "failed"
        assert ("stop", 0.0) in [told[1:] for told in engine.told]

    run_virtual(main())
