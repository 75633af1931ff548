"""A fleet over several processes: workers that die, stop and come, as the central system sees it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from station.config import from_mapping
from station.fleet.cluster import ClusterEngine
from station.fleet.plan import Behaviour, Group, Plan, Stage
from station.fleet.population import Population
from station.host.execution import CommandRefused
from tests.support.awaited import awaited
from tests.support.fleet_csms import FleetCsms, fleet_csms

pytest.importorskip("distributed", reason="a distributed fleet needs Dask: pip install 'ocpp-station[cluster]'")

ROOT = Path(__file__).resolve().parents[2]
STATIONS = 60
RAMP_S = 1.2
GAP_S = RAMP_S / STATIONS

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def csms() -> Iterator[FleetCsms]:
    with fleet_csms() as running:
        yield running


def plan(csms: FleetCsms, version: str = "1.6") -> Plan:
    """Stations with a session every few seconds."""
    mapping = {"station": {"id": "X"}, "csms": {"url": csms.url, "versions": [f"ocpp{version}"]}, "evses": [{}]}
    profile = from_mapping(mapping, ROOT, env={}).profile
    behaviour = Behaviour("paced", session_s=3.0, pause_s=1.0, sample_s=1.0)
    return Plan("test", STATIONS, (Group("all", 1.0, profile, behaviour),), (Stage(STATIONS, RAMP_S, 60.0),))


class Fleet:
    """A running fleet, and what its totals were all the time."""

    def __init__(self, engine: ClusterEngine) -> None:
        self.engine = engine
        self.fell: list[str] = []
        self._before: dict[str, int] = {}
        self._watch = asyncio.ensure_future(self._watching())

    async def _watching(self) -> None:
        while True:
            counts = self.engine.snapshot().counts
            self.fell += [name for name, count in self._before.items() if counts.get(name, 0) < count]
            self._before = dict(counts)
            await asyncio.sleep(0.1)

    def gauge(self, name: str) -> int:
        return self.engine.snapshot().gauges.get(name, 0)

    async def until(self, true: Callable[[], bool], within_s: float, what: str) -> None:
        deadline_s = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline_s, f"{what}: {self.engine.snapshot().gauges}"
            await asyncio.sleep(0.05)

    async def all_up(self, within_s: float = 30.0) -> None:
        await self.until(lambda: self.gauge("up") == STATIONS == self.gauge("stations"), within_s, "all up")

    def close(self) -> None:
        self._watch.cancel()


@asynccontextmanager
async def running(csms: FleetCsms, workers: int = 2, version: str = "1.6") -> AsyncIterator[Fleet]:
    engine = ClusterEngine(Population(plan(csms, version)), workers=workers)
    await engine.start()
    fleet = Fleet(engine)
    try:
        engine.scale(STATIONS, RAMP_S)
        await fleet.all_up()
        engine.go()
        yield fleet
    finally:
        fleet.close()
        await engine.stop(5.0)


def dials_after(books: dict[str, Any], at_s: float) -> list[tuple[float, str]]:
    return sorted((when, station) for when, station in books["connects"] if when > at_s)


async def assert_registers_never_fell(csms: FleetCsms, moved: set[str]) -> None:
    """Half of those that moved have charged before and after, so that it would show."""

    def charged() -> int:
        return sum(sessions.get(station, 0) > 1 for station in moved)

    deadline_s = time.monotonic() + 20
    while True:
        books = await asyncio.to_thread(csms.report)
        sessions: dict[str, int] = books["sessions"]
        if charged() >= len(moved) // 2:
            break
        assert time.monotonic() < deadline_s, sessions
        await asyncio.sleep(0.5)
    assert books["fell"] == []


def assert_ramp_kept(dials: list[tuple[float, str]]) -> None:
    """No more connects in any second than the ramp has, but for a little jitter of two busy processes."""
    times = [when for when, _ in dials]
    for first in range(len(times)):
        within = sum(times[first] <= when < times[first] + 1.0 for when in times)
        assert within <= 1.0 / GAP_S * 1.3 + 2, f"{within} connects in a second"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@awaited
async def test_the_stations_of_a_killed_worker_are_back_within_15_s_under_the_ramp(
    csms: FleetCsms, version: str
) -> None:
    async with running(csms, version=version) as fleet:
        await asyncio.sleep(3)
        killed_s = time.time()
        os.kill(fleet.engine.cluster.pids[0], signal.SIGKILL)
        await fleet.until(lambda: fleet.gauge("stations") == STATIONS // 2, 5, "noticed")
        await fleet.all_up(within_s=14)
        books = await asyncio.to_thread(csms.report)
        back = dials_after(books, killed_s)
        assert len(back) == len({station for _, station in back}) == STATIONS // 2
        assert back[-1][0] - killed_s < 15
        await assert_registers_never_fell(csms, {station for _, station in back})
    assert books["twice"] == []
    assert_ramp_kept(dials_after(books, 0.0))
    assert fleet.fell == []
    last = fleet.engine.snapshot()
    assert last.counts["workers.lost"] == 1
    assert last.counts["sessions.started"] == last.counts["sessions.finished"] + last.counts.get("sessions.lost", 0)
    assert not any(".error." in name for name in last.counts), "nothing of this is the CSMS's fault"


@awaited
async def test_a_worker_that_was_silent_longer_than_its_lease_drops_its_stations_when_it_wakes(csms: FleetCsms) -> None:
    async with running(csms) as fleet:
        await asyncio.sleep(2)
        pid = fleet.engine.cluster.pids[0]
        stopped_s = time.time()
        os.kill(pid, signal.SIGSTOP)
        try:
            await fleet.until(lambda: fleet.gauge("workers") == 1, 9, "noticed")
            await fleet.all_up(within_s=10)
            assert time.time() - stopped_s < 15
        finally:
            woken_s = time.time()
            os.kill(pid, signal.SIGCONT)
        await fleet.until(lambda: fleet.gauge("workers") == 2, 10, "the worker is back")
        await asyncio.sleep(1)
        books = await asyncio.to_thread(csms.report)
        assert books["late"] == [], "a station that was given to others said something more"
        closed = Counter(station for when, station in books["closes"] if woken_s <= when <= woken_s + 1)
        assert len(closed) >= STATIONS // 2, "its connections are closed as soon as it wakes"
        await fleet.until(lambda: shares(fleet) == [STATIONS // 2] * 2, 15, "it gets its share again")
        await fleet.all_up()
    assert fleet.fell == []


def shares(fleet: Fleet) -> list[int]:
    """How many stations each worker has."""
    return sorted(fleet.engine.shares().values())


@awaited
async def test_a_new_worker_gets_its_share_in_order_and_commands_find_their_station(csms: FleetCsms) -> None:
    async with running(csms) as fleet:
        await assert_commands_arrive(fleet)
        await asyncio.sleep(4)  # a session at each station
        grown_s = time.time()
        pid = await fleet.engine.add_worker()
        assert pid in fleet.engine.cluster.pids
        await fleet.until(lambda: shares(fleet) == [STATIONS // 3] * 3, 25, "shares")
        await fleet.all_up()
        moved_s = time.time()
        await assert_commands_arrive(fleet)
        await asyncio.sleep(1)
        books = await asyncio.to_thread(csms.report)
        assert dials_after(books, moved_s) == [], "then nothing moves any more"
        assert len(books["connects"]) == STATIONS + STATIONS // 3
        await assert_registers_never_fell(csms, {station for _, station in dials_after(books, grown_s)})
    assert books["twice"] == []
    last = fleet.engine.snapshot()
    assert last.counts["sessions.started"] == last.counts["sessions.finished"], "sessions ended in order"
    assert "sessions.lost" not in last.counts
    assert (await asyncio.to_thread(csms.report))["wrong"] == []
    assert fleet.fell == []


async def assert_commands_arrive(fleet: Fleet) -> None:
    for station in ("LT-00001", "LT-00002", "LT-00060"):
        answer = await fleet.engine.command(station, "status", {})
        assert answer["id"] == station
    with pytest.raises(CommandRefused, match="no station 'LT-99999'"):
        await fleet.engine.command("LT-99999", "status", {})
    with pytest.raises(CommandRefused):
        await fleet.engine.command("LT-00001", "plug_in", {"evse": 77})


def workers_of(pid: int) -> list[int]:
    """The processes whose parent that is."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_workers_end_when_the_command_line_is_killed(csms: FleetCsms, tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    program = [sys.executable, "-m", "station", "fleet", "-n", "10", "--csms", csms.url, "--ocpp", "1.6"]
    with subprocess.Popen(
        [*program, "--workers", "2", "--for", "60s", "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=ROOT,
    ) as process:
        try:
            wait_for(lambda: len(csms.report()["online"]) == 10, 60)
            workers = workers_of(process.pid)
            assert len(workers) == 2
        finally:
            process.kill()
    wait_for(lambda: not any(map(is_running, workers)), 5)
    assert csms.report()["online"] == []
    assert list(tmp_path.glob("ocpp-station*")) == []


def wait_for(true: Callable[[], bool], within_s: float) -> None:
    deadline_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def test_a_distributed_run_from_the_command_line_reports_as_a_local_one(csms: FleetCsms) -> None:
    program = [sys.executable, "-m", "station", "fleet", "-n", "40", "--csms", csms.url, "--ocpp", "2.0.1"]
    run = subprocess.run(
        [*program, "--workers", "2", "--for", "2s", "--json"],
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.strip().splitlines()[-1])
    books = csms.report()
    assert report["stations"] == 40
    assert {action: row["count"] for action, row in report["actions"].items()} == books["actions"]
    assert books["wrong"] == books["twice"] == books["online"] == []


def test_a_scheduler_elsewhere_without_tls_is_refused() -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "station",
            "fleet",
            "--csms",
            "ws://127.0.0.1:9/x",
            "--scheduler",
            "tcp://192.0.2.1:8786",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode != 0
    assert "TLS" in run.stderr + run.stdout
    assert "Traceback" not in run.stderr
