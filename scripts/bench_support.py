"""Stations for benches: many of one profile in this process, and a driver that lets one charge in a closed loop.

Used by ``bench_station.py`` and ``bench_fleet.py``. Nothing here measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from station.config import Profile
from station.core.events import TriggerHeartbeat
from station.host.audience import WIRE
from station.host.host import Host
from station.host.kind import Kind
from station.ocpp.frames import encode_call
from station.store import MemoryStore

SUBPROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
CARD = "04A1B2C3D4E5F6"
SAMPLE_S = 60.0
SAMPLES = 10
"""Meter values in a session: it has 17 calls (1.6) or 15 (2.0.1, whose transactions begin with EnergyTransfer here)."""
MEASURANDS = ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage")
"""One value of each in every sample of a single phase: four sampled values."""


class LeapingClock:
    """Real time, plus what the bench has leapt over: a session's minutes pass in the time that its messages take."""

    __slots__ = ("leapt_s",)

    def __init__(self) -> None:
        self.leapt_s = 0.0

    def now(self) -> float:
        return time.monotonic() + self.leapt_s

    def utc(self) -> datetime | None:
        return None

    def wall(self) -> datetime | None:
        return None


def profile_for(version: str, port: int, ca: Path | None = None) -> Profile:
    """One EVSE with a socket, everything simulated, nothing on disk; TLS (profile 2) where a root is given."""
    from station.config import from_mapping

    csms: dict[str, Any] = {"url": f"ws://127.0.0.1:{port}/ocpp", "versions": [SUBPROTOCOLS[version]], "ping": "0s"}
    if ca is not None:
        csms["url"] = f"wss://localhost:{port}/ocpp"
        csms["security"] = {"profile": 2, "password": "0123456789abcdef", "ca": str(ca)}
    content = {
        "station": {"id": "CP", "vendor": "Acme", "model": "Wallbox"},
        "csms": csms,
        "store": "memory",
        "control": "off",
        "metering": {"sample": f"{SAMPLE_S:g}s", "record": "1h", "measurands": list(MEASURANDS)},
        "variables": {"TxCtrlr.TxStartPoint": "EnergyTransfer"} if version != "1.6" else {},
        "evses": [{"id": 1, "max_current": "32A", "phases": 1}],
    }
    return from_mapping(content, Path("/nonexistent"), env={}).profile


class Stations:
    """Stations of one profile in this process."""

    def __init__(self, version: str, port: int, ca: Path | None = None) -> None:
        self._profile = profile_for(version, port, ca)
        self._kind = Kind(self._profile)
        self.hosts: list[Host] = []
        self.clocks: list[LeapingClock] = []

    async def grow(self, count: int, at_once: int = 100) -> None:
        """Start more until there are ``count``, each accepted and with its statuses told."""
        while len(self.hosts) < count:
            new = min(at_once, count - len(self.hosts))
            self.make(new)
            self.start(new)
            await self.quiet(new)

    def make(self, count: int) -> None:
        """Make so many more."""
        for _ in range(count):
            clock = LeapingClock()
            profile = self._profile.with_identity(f"CP-{len(self.hosts)}")
            self.hosts.append(Host(profile, kind=self._kind, store=MemoryStore(), clock=clock))
            self.clocks.append(clock)

    def start(self, count: int) -> None:
        """Start the last ones: they dial."""
        for host in self.hosts[-count:]:
            host.start()

    async def accepted(self, count: int) -> None:
        """Wait until the boots of the last ones were accepted."""
        await _all(self.hosts[-count:], lambda host: host.runner.engine.registered)

    async def quiet(self, count: int) -> None:
        """Wait until the last ones have nothing more to say."""
        await _all(self.hosts[-count:], is_quiet)

    async def stop(self) -> None:
        await asyncio.gather(*(host.stop() for host in self.hosts))


async def _all(hosts: list[Host], are: Callable[[Host], bool]) -> None:
    """Wait until all are so; one poll for thousands, which looks at each until it is."""
    for host in hosts:
        while not are(host):  # noqa: ASYNC110 - thousands of stations, one poll
            await asyncio.sleep(0.01)


def is_quiet(host: Host) -> bool:
    """Whether the station is accepted and has nothing more to say."""
    engine = host.runner.engine
    return engine.registered and not engine.rpc.busy and engine.outbox.empty and engine.station.settled


async def recorded(stations: Stations, work: Awaitable[None]) -> list[str]:
    """The calls that the first station makes while ``work`` is done, as they go over the wire."""
    frames: list[str] = []

    def hear(event: dict[str, Any]) -> None:
        frame = event["data"]
        if frame["direction"] == ">":
            frames.append(encode_call(frame["messageId"], frame["action"], frame["payload"]))

    end = stations.hosts[0].subscribe(hear, frozenset({WIRE}))
    await work
    end()
    return frames


class Driver:
    """Lets one station charge in a closed loop: the next thing happens as soon as all was told and answered."""

    def __init__(self, host: Host, clock: LeapingClock, samples: int) -> None:
        self._host, self._clock, self._samples = host, clock, samples
        self._steps: Iterator[bool] = iter(())
        self._done: asyncio.Future[None] | None = None
        self._scheduled = False
        host.runner.on_turn = self._turned

    async def calls(self, count: int) -> None:
        """Heartbeats, back to back: the plainest call that there is."""
        await self._run(self._heartbeat() for _ in range(count))

    async def sessions(self, count: int) -> None:
        """Sessions, back to back."""
        await self._run(step for _ in range(count) for step in self._session())

    async def _run(self, steps: Iterator[bool]) -> None:
        self._steps = steps
        self._done = self._host.loop.create_future()
        self._step()
        await self._done

    def _heartbeat(self) -> bool:
        self._host.runner.feed(TriggerHeartbeat())
        return False

    def _session(self) -> Iterator[bool]:
        """The steps; each says whether the station's timer has to ring before the next one."""
        yield self._do("plug_in")
        yield self._do("tap", tagId=CARD)
        yield from self._pass(3.0)
        for _ in range(self._samples):
            self._leap(SAMPLE_S)
            yield True
        yield self._do("tap", tagId=CARD)
        yield from self._pass(1.0)
        yield self._do("unplug")
        yield from self._pass(1.0)

    def _do(self, command: str, **params: Any) -> bool:
        self._host.execute(command, params)
        return False

    def _leap(self, seconds: float) -> None:
        """Let time pass at once."""
        self._clock.leapt_s += seconds
        self._host.runner.rearm()

    def _pass(self, seconds: float) -> Iterator[bool]:
        """Let time pass, from deadline to deadline."""
        end = self._clock.leapt_s + seconds
        while self._clock.leapt_s < end:
            due_s, now_s = self._next_due(), self._clock.now()
            step_s = seconds if due_s is None else max(1e-3, due_s - now_s)
            self._leap(min(step_s, end - self._clock.leapt_s))
            yield due_s is not None and due_s <= self._clock.now()

    def _next_due(self) -> float | None:
        runner = self._host.runner
        dues = [runner.engine.next_deadline()[0], *(h.next_change() for h in runner.around.hardware.values())]
        return min((due for due in dues if due is not None), default=None)

    def _turned(self) -> None:
        self._host.look()
        if not self._scheduled and self._done is not None and is_quiet(self._host):
            self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        self._host.loop.call_soon(self._step)

    def _step(self) -> None:
        self._scheduled = True  # turns within the step are part of it
        rings = next(self._steps, None)
        self._scheduled = False
        if rings is None:
            if self._done is not None:
                self._done.set_result(None)
            self._done = None
        elif not rings and is_quiet(self._host):
            self._schedule()
