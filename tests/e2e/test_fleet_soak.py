"""Seven days of two hundred stations, in virtual time: nothing grows, nothing drifts, nothing is lost."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAYS = 7
STATIONS = 200
HOUR_S = 3600.0

PLAN = """
plan: {seed: 5, ramp: 10s, for: 7d}
csms: {ping: 0s}
groups:
  - name: old
    share: 50%
    ocpp: "1.6"
    station: &station
      metering: {sample: 15m, aligned: 1h}
      variables: {HeartbeatInterval: 3600}
    behaviour: {pattern: commuter}
  - {name: new, share: 50%, ocpp: "2.0.1", station: *station, behaviour: {pattern: rush-hour}}
events:
  - {at: 30h, do: go_offline, share: 20%, for: 3h}
  - {at: 60h, do: power_cycle, share: 10%}
"""


class Times:
    """Reads from the log when clock-aligned values were taken, and when heartbeats came."""

    def __init__(self) -> None:
        self.aligned = 0
        self.astray: list[str] = []
        self.heartbeats: dict[str, list[float]] = {}

    def __call__(self, at_s: float, station: str, direction: str, text: str) -> None:
        if direction != ">" or not text.startswith("[2"):
            return
        _, _, action, payload = json.loads(text)
        if action == "Heartbeat":
            self.heartbeats.setdefault(station, []).append(at_s)
        for value in payload.get("meterValue", ()):
            for sample in value["sampledValue"]:
                if sample.get("context") == "Sample.Clock":
                    when = datetime.fromisoformat(value["timestamp"])
                    self.aligned += 1
                    if when.timestamp() % HOUR_S:
                        self.astray.append(f"{station} {value['timestamp']}")


def rss_kib() -> int:
    """Resident memory of this process."""
    gc.unfreeze()
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def soak() -> dict[str, Any]:
    """The week, in this process."""
    from station.fleet.overrides import FleetOverrides
    from station.fleet.plan_file import load_plan
    from station.fleet.population import Population
    from station.fleet.virtual import VirtualEngine
    from station.fleet.virtual_loop import run_virtual

    path = Path(sys.argv[1])
    plan = load_plan(path, FleetOverrides(count=STATIONS, virtual=True)).plan

    async def week() -> dict[str, Any]:
        engine = VirtualEngine(Population(plan))
        times = Times()
        engine.double.told = times
        await engine.start()
        engine.scale(STATIONS, 10.0)
        await asyncio.sleep(60.0)
        engine.go()
        sizes, objects = [], []
        for _ in range(DAYS):
            await asyncio.sleep(24 * HOUR_S)
            times.heartbeats = {station: beats[-30:] for station, beats in times.heartbeats.items()}
            sizes.append(rss_kib())
            objects.append(len(gc.get_objects()))
        up = engine.snapshot().gauges["up"]
        await engine.stop(300.0)
        last = engine.snapshot()
        return {
            "sizes_kib": sizes,
            "objects": objects,
            "up": up,
            "wrong": engine.double.books.check(),
            "finished": engine.double.books.finished,
            "counts": last.counts,
            "aligned": times.aligned,
            "astray": times.astray[:5],
            "heartbeats": len(times.heartbeats),
        }

    return run_virtual(week(), alone=True)


@pytest.mark.timeout(600)
def test_a_week_of_two_hundred_stations(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    run = subprocess.run(
        [sys.executable, "-m", "tests.e2e.test_fleet_soak", str(path)],
        capture_output=True,
        text=True,
        timeout=500,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["up"] == STATIONS
    # No transaction is lost: each was begun and ended once. Those of 2.0.1 whose card was not accepted are no sessions.
    assert found["wrong"] == []
    counts = found["counts"]
    assert found["finished"] >= counts["sessions.finished"] == counts["sessions.started"] > DAYS * STATIONS / 2
    cardless = sum(counts.get(f"sessions.{why}", 0) for why in ("refused", "unanswered", "unserved"))
    assert found["finished"] - counts["sessions.finished"] <= cardless
    assert not any(".error." in name and not name.endswith("Disconnected") for name in counts)
    # Values that the clock schedules are taken at the full hour on the last day as on the first.
    assert found["aligned"] > DAYS * STATIONS
    assert found["astray"] == []
    # Whatever a station keeps is bounded, and its bounds are reached within some days.
    sizes, objects = found["sizes_kib"], found["objects"]
    assert objects[-1] < 1.01 * objects[3], objects
    assert sizes[-1] - sizes[3] < STATIONS * 2, sizes


if __name__ == "__main__":
    print(json.dumps(soak()))
