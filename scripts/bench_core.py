"""What the core costs: bytes of a station, turns and sessions in a second. Prints one JSON object.

Memory is the slope over many stations that share plan and model, each booted, registered and idle, so that what is
shared does not count. Nothing is on a wire: the figures are the core's alone.

    python scripts/bench_core.py [--stations 2000] [--sessions 500]
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from station.core import effects as ef
from station.core import events as ev
from station.core.catalogue import Layout, build_catalogue
from station.core.context import EvsePlan, StationPlan
from station.core.station import Station
from station.core.values import IdToken, Pilot, Reading, RegistrationStatus, TokenInfo, TokenStatus
from station.core.variable_model import Model
from station.core.variables import Variables

CARD = IdToken("04A1B2C3D4E5F6")


class Bench:
    """Stations of one kind, and a bay that answers at once."""

    def __init__(self, evses: int) -> None:
        self.plan = StationPlan(evses=tuple(EvsePlan(number) for number in range(1, evses + 1)))
        layout = Layout(tuple((number, (1,)) for number in range(1, evses + 1)))
        self.model = Model(build_catalogue(frozenset({"core", "auth_cache"})), (), layout)
        self.now = 0.0
        self.turns = 0
        self.energy_wh = 0.0
        self.ids = 0

    def _new_id(self) -> str:
        self.ids += 1
        return f"tx{self.ids}"

    def station(self) -> Station:
        """A station that is booted, registered and idle."""
        station = Station(self.plan, Variables(self.model), {}, self.now, self._new_id)
        self.perform(station, station.start(self.now))
        for event in (ev.HardwareReady(), ev.Connected()):
            self.send(station, event)
        return station

    def send(self, station: Station, event: Any) -> None:
        """One event and all that follows from it at once."""
        self.turns += 1
        self.perform(station, station.handle(event, self.now))

    def perform(self, station: Station, effects: Sequence[Any]) -> None:
        """Carry out effects and what they cause."""
        queue = list(effects)
        for effect in queue:
            answer = self._answer(effect)
            if answer is not None:
                self.turns += 1
                queue.extend(station.handle(answer, self.now))

    def _answer(self, effect: Any) -> Any:
        answers = {
            ef.Commit: lambda: ev.Recorded(effect.seq),
            ef.MoveLock: lambda: ev.LockMoved(effect.evse, effect.connector, effect.locked),
            ef.CloseContactor: lambda: ev.ContactorMoved(effect.evse, True),
            ef.OpenContactor: lambda: ev.ContactorMoved(effect.evse, False),
            ef.OfferCurrent: lambda: ev.PilotChanged(effect.evse, Pilot.C if effect.current_a else Pilot.B),
            ef.ReadMeter: lambda: self._read(effect.evse),
            ef.Ask: lambda: self._reply(effect.query),
            ef.Tell: lambda: ev.Delivered(effect.key),
        }
        make = answers.get(type(effect))
        return make() if make is not None else None

    def _read(self, evse: int) -> ev.MeterRead:
        self.energy_wh += 10.0
        return ev.MeterRead(evse, Reading(self.energy_wh, 11000.0, (16.0,) * 3, (230.0,) * 3))

    @staticmethod
    def _reply(query: Any) -> Any:
        if isinstance(query, ef.BootQuery):
            return ev.BootAnswered(RegistrationStatus.ACCEPTED, 300.0, None)
        if isinstance(query, ef.AuthorizeQuery):
            return ev.TokenAnswered(query.token, TokenInfo(TokenStatus.ACCEPTED))
        return None

    def session(self, station: Station) -> None:
        """Plug in, tap, five minutes with samples, tap, unplug."""
        self.send(station, ev.CableChanged(1, 1, True))
        self.send(station, ev.PilotChanged(1, Pilot.B))
        self.send(station, ev.TokenPresented(CARD))
        end = self.now + 300.0
        while (due := station.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.turns += 1
            self.perform(station, station.tick(self.now))
        self.now = end
        self.send(station, ev.TokenPresented(CARD))
        self.send(station, ev.PilotChanged(1, Pilot.A))
        self.send(station, ev.CableChanged(1, 1, False))


def bytes_per_station(evses: int, count: int) -> float:
    """The slope of memory over ``count`` idle stations."""
    bench = Bench(evses)
    kept = [bench.station() for _ in range(10)]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept += [bench.station() for _ in range(count)]
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / (len(kept) - 10)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stations", type=int, default=2000)
    arguments.add_argument("--sessions", type=int, default=500)
    wanted = arguments.parse_args()
    one = bytes_per_station(1, wanted.stations)
    two = bytes_per_station(2, wanted.stations)
    bench = Bench(1)
    station = bench.station()
    bench.turns, began = 0, time.perf_counter()
    for _ in range(wanted.sessions):
        bench.session(station)
    took_s = time.perf_counter() - began
    figures = {
        "bytes_per_station_one_evse": round(one),
        "bytes_per_further_evse": round(two - one),
        "transitions_per_second": round(bench.turns / took_s),
        "sessions_per_second": round(wanted.sessions / took_s, 1),
        "turns_per_session": round(bench.turns / wanted.sessions, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
