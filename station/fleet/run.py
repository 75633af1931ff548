"""A run of a fleet from its plan to its report, and what steers it meanwhile.

Puts together the conductor (when), the timeline (what it looked like) and the thresholds (was that good enough).
The command line shows it and writes the files; the control face steers it (``FleetRun`` has the shape of
``station.control.fleet_commandable.FleetCommandable``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from station.clock import utc_text
from station.fleet import thresholds
from station.fleet.api import Engine
from station.fleet.conductor import LOOK_S, Conductor, Tick
from station.fleet.population import Population
from station.fleet.report import Report, Run
from station.fleet.storm_words import StormRefused
from station.fleet.struck import title
from station.fleet.timeline import Timeline
from station.fleet.totals import Totals
from station.fleet.wish import storm_of
from station.fleet.words import clock
from station.host.execution import CommandRefused
from station.net.explain import plain_url

_VIRTUAL_LOOKS: Final = 500
_WORDS: Final = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}


class FleetRun:
    """See the module.

    Args:
        population: of the plan that is run.
        engine: not started yet.
        shows: hears of the fleet once a second, after it was taken in.
        virtual: there is neither a date nor a CSMS.
    """

    def __init__(
        self,
        population: Population,
        engine: Engine,
        shows: Callable[[Tick], None],
        *,
        virtual: bool = False,
    ) -> None:
        self.plan = population.plan
        # Virtual seconds are short: a day has as many looks as a run of some minutes.
        every_s = max(LOOK_S, (self._planned_s or 0.0) / _VIRTUAL_LOOKS) if virtual else LOOK_S
        self.conductor = Conductor(self.plan, engine, self._look, every_s)
        self.timeline = Timeline()
        self._population = population
        self._engine = engine
        self._shows = shows
        self._workers = 1
        self._virtual = virtual
        self._began = ""
        self._wishes = 0
        self._went = False
        self._lost_workers = 0
        self._thresholds = [thresholds.parse(text) for text in self.plan.thresholds]

    async def run(self) -> Report:
        """Run the plan to its end; the report.

        Raises:
            StationError: the engine cannot start.
        """
        self._began = "" if self._virtual else utc_text(datetime.now(UTC))
        outcome = await self.conductor.run()
        tick = self.conductor.tick()
        return self._report(tick, outcome.last, outcome.end)

    @property
    def of_s(self) -> float | None:
        """How long the present phase lasts, as planned; None: until it is told to end, or nobody knows."""
        if self.conductor.phase == "ramp":
            return self.plan.stages[0].ramp_s or None
        return self._planned_s

    @property
    def _planned_s(self) -> float | None:
        """From the moment that all are up to the end; None: until it is told to end."""
        length_s = sum(stage.for_s for stage in self.plan.stages)
        length_s += sum(stage.ramp_s for stage in self.plan.stages[1:])
        return length_s if math.isfinite(length_s) else None

    def _look(self, tick: Tick) -> None:
        if tick.phase == "run" and not self._went:
            self._went = True
            for storm in self.plan.storms:
                self.timeline.mark(tick.at_s + storm.at_s, title(storm))
        self._workers = max(self._workers, tick.snapshot.gauges.get("workers", 1))
        lost = tick.snapshot.counts.get("workers.lost", 0)
        if lost > self._lost_workers:
            self.timeline.mark(
                tick.at_s, "a worker was lost" if lost - self._lost_workers == 1 else "workers were lost"
            )
            self._lost_workers = lost
        over = tick.phase in ("ending", "done")
        self.timeline.look(tick.at_s, tick.snapshot, held=tick.phase == "run", wanted=tick.wanted, over=over)
        self._shows(tick)

    def _report(self, tick: Tick, snapshot: Any, end: str) -> Report:
        totals = self.timeline.totals(snapshot)
        run = Run(
            name=self.plan.name,
            csms="in memory" if self._virtual else ", ".join(dict.fromkeys(self._addresses())),
            versions=tuple(dict.fromkeys(self._versions())),
            seed=self.plan.seed,
            began=self._began,
            up_s=self.conductor.up_s,
            held_s=tick.held_s,
            duration_s=tick.at_s,
            end=end,
            workers=self._workers,
            settings=tuple(self._settings()),
        )
        verdicts = thresholds.evaluate(self._thresholds, totals)
        rows = self.timeline.rows_so_far()
        return Report(run, totals, verdicts, rows, list(self.timeline.marks), self.timeline.saturated())

    def _addresses(self) -> list[str]:
        return [plain_url(group.profile.csms.url or "") for group in self.plan.groups]

    def _versions(self) -> list[str]:
        return [_WORDS.get(name, name) for group in self.plan.groups for name in group.profile.csms.versions]

    def _settings(self) -> list[tuple[str, str]]:
        facts = [
            (f"group {group.name}", f"{group.weight * 100:g} %, {group.behaviour.pattern}")
            for group in self.plan.groups
        ]
        for stage in self.plan.stages:
            held = f"{clock(stage.for_s)}" if math.isfinite(stage.for_s) else "until the end"
            facts.append((f"{stage.stations} stations", f"within {clock(stage.ramp_s)}, then {held}"))
        return facts

    # Steering, as the control face has it

    @property
    def id(self) -> str:
        """The fleet's name."""
        return self.plan.name

    async def pause(self) -> None:
        """No new session begins."""
        self._running()
        self.conductor.pause()
        self.timeline.mark(self.conductor.at_s, "paused")

    async def resume(self) -> None:
        """Sessions begin again."""
        self._running()
        self.conductor.resume()
        self.timeline.mark(self.conductor.at_s, "resumed")

    async def scale(self, stations: int, ramp_s: float) -> None:
        """Bring the number of stations to this, evenly within the ramp.

        Raises:
            CommandRefused: there are not so many.
        """
        self._running()
        if stations > self._population.size:
            raise CommandRefused(
                f"this fleet has {self._population.size} stations at most",
                "begin with -n, or a CSV, of as many as there may ever be, and stages",
            )
        self.conductor.scale(stations, ramp_s)
        self.timeline.mark(self.conductor.at_s, f"to {stations} stations")

    async def inject(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let something befall stations, now.

        Raises:
            CommandRefused: with what would do.
        """
        self._running()
        try:
            storm = storm_of(wish, self.plan, self._wishes)
        except StormRefused as refused:
            raise CommandRefused(refused.message, refused.hint) from None
        self._wishes += 1
        self.conductor.inject(storm)
        words = title(storm)
        self.timeline.mark(self.conductor.at_s + storm.at_s, words)
        return {"event": words}

    async def stop(self) -> None:
        """Ask for the end of the run, in order."""
        self.conductor.stop()

    async def report(self) -> dict[str, Any]:
        """The figures so far."""
        tick = self.conductor.tick()
        phase = {"phase": tick.phase, "paused": self.conductor.paused}
        return self._report(tick, tick.snapshot, "running").to_json() | phase

    async def metrics(self) -> str:
        """The figures for Prometheus."""
        from station.fleet import prometheus  # its library takes 2 MiB, and most runs are not scraped

        tick = self.conductor.tick()
        totals: Totals = self.timeline.totals(tick.snapshot)
        return prometheus.render(totals).decode()

    async def stations(self, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """How many stations run, and some of them."""
        wanted = min(self.conductor.wanted, self._population.size)
        members = (self._population.member(index) for index in range(offset, min(wanted, offset + limit)))
        return wanted, [{"id": member.id, "group": member.group.name} for member in members]

    def knows(self, station: str) -> bool:
        """Whether a station of this identity runs."""
        index = self._population.index_of(station)
        return index is not None and index < self.conductor.wanted

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Have one station carry out a command.

        Raises:
            CommandRefused: it cannot come about.
        """
        return await self._engine.command(station, command, params)

    def _running(self) -> None:
        if self.conductor.phase in ("ending", "done"):
            raise CommandRefused("the run is ending")


def nobody_words(report: Report) -> tuple[str, str | None, bool]:
    """Why no station was accepted: a line, what to try, and whether the CSMS could be reached at all."""
    totals = report.totals
    failed = totals.named("dial.failed.")
    booted = totals.call("BootNotification")
    if booted.count:
        causes = ", ".join(f"{cause} {count}" for cause, count in booted.errors.items())
        said = f"errors: {causes}" if causes else "every answer was Rejected or Pending"
        return (
            f"{report.run.csms}: no station was accepted; {booted.count} BootNotifications, {said}",
            "station csms check URL, and do the ids exist there?",
            True,
        )
    if not failed:
        return f"{report.run.csms}: no station was accepted within the time", "station csms check URL", False
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(failed.items(), key=lambda one: -one[1]))
    refused = any(kind.startswith("http") for kind in failed)
    return f"{report.run.csms}: no station was accepted; failed dials: {kinds}", "station csms check URL", refused
