"""The engine of a fleet over several processes: an agent in each worker of a Dask cluster, stations assigned by us.

``station.fleet.api.Engine``. It brings together the pure parts (``assignment``: who runs what; ``figures``: the totals)
and the workers (``peer``), and looks at them five times a second. Dask knows of no station: it is the way to the
processes, and tells which there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from station import __version__
from station.errors import StationError
from station.fleet.cluster.address import checked_address
from station.fleet.cluster.assignment import Assignments, Terms
from station.fleet.cluster.figures import Figures
from station.fleet.cluster.messages import (
    Begin,
    Command,
    End,
    Go,
    Inject,
    Order,
    Pause,
    Reply,
    Report,
    Resume,
    pack,
    unpack,
)
from station.fleet.cluster.muster import Muster
from station.fleet.cluster.packing import pack_plan
from station.fleet.cluster.peer import Peer
from station.fleet.metrics import BadSnapshot, Snapshot
from station.fleet.plan import Storm
from station.fleet.population import Population
from station.fleet.ramp import dial_times
from station.host.execution import CommandRefused

log = logging.getLogger(__name__)

AGENT: Final = "station.fleet.cluster.local_agent:make_agent"

_LOOK_S: Final = 0.2
_READY_S: Final = 40.0
_JOINED_S: Final = 20.0
_COMMAND_S: Final = 60.0
_STOP_S: Final = 5.0
_TRIES: Final = 4
_SHORT_S: Final = 30.0
_ALONE_S: Final = 30.0
"""So long without a worker, the run is over."""


class ClusterEngine:
    """See the module.

    Args:
        population: who may be run.
        workers: start so many on this machine; 0: join ``scheduler``.
        scheduler: the address of a running one.
        insecure: it may be on another machine without TLS.
        terms: times; see there.
        agent: ``module:function`` that makes an agent on a worker (``agent_thread.AgentMaker``).

    Raises:
        StationError: the address cannot be used.
    """

    def __init__(
        self,
        population: Population,
        *,
        workers: int = 0,
        scheduler: str = "",
        insecure: bool = False,
        terms: Terms | None = None,
        agent: str = AGENT,
    ) -> None:
        if bool(workers) == bool(scheduler):
            raise StationError("either a number of workers, or the address of a scheduler")
        self._population = population
        self._address = checked_address(scheduler, insecure=insecure) if scheduler else ""
        self._count = workers
        self._agent = agent
        self._loop = asyncio.get_running_loop()
        self.terms = terms or Terms()
        self.lease_s, self.ask_s = self.terms.lease_s, self.terms.ask_s
        self.plan = b""
        self.errors: tuple[type[Exception], ...] = ()
        self.cluster: Any = None
        self._link: Any = None
        self._muster: Muster | None = None
        self._keys: dict[str, Peer] = {}
        self._assignments = Assignments(self.terms)
        self._figures = Figures()
        self._zero_s: float | None = None
        self._went_s: float | None = None
        self._paused = False
        self._ending = False
        self._ended: set[str] = set()
        self._lost_workers = 0
        self._troubles: dict[str, str] = {}
        self._begun: dict[str, deque[float]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._alone_since_s: float | None = None
        self.failure = ""

    @property
    def trouble(self) -> StationError | None:
        """See ``api.Engine``: workers tell how many dials failed, and of what kind, not each of them."""
        return None

    # Engine

    async def start(self) -> None:
        """See ``api.Engine``: the cluster, an agent in each worker; the run's time begins.

        Raises:
            StationError: no cluster, no worker, or none that can run the plan.
        """
        try:
            await self._start()
        except BaseException:
            await self._close()
            raise

    async def _start(self) -> None:
        self.plan = pack_plan(self._population.plan)
        link = self.make_link()
        security = None
        if self._count:
            self.cluster = make_local_cluster()
            security = self.cluster.security
            await self.cluster.start(self._count)
            self._address = self.cluster.address
        self._link = link
        await self._link.connect(self._address, security)
        self._muster = Muster(link, self, lambda peer: peer in self._keys.values())
        await self._workers_ready(self._muster)
        self._muster.begun = True
        self._zero_s = self._loop.time()
        for peer in self._keys.values():
            self._begin(peer)
        self._looking = self._loop.create_task(self._look())
        await self._until(lambda: bool(self._keys) and all(map(self._settled, self._keys)), _READY_S)
        if not any(map(self._assignments.has, self._keys)):
            raise StationError(f"no worker can run this plan: {'; '.join(set(self._troubles.values())) or 'no answer'}")

    def make_link(self) -> Any:
        """The way to the workers, and what it raises when it leads nowhere (``errors``)."""
        try:
            from station.fleet.cluster.link import DaskLink, Unreachable, WorkerFailed
        except ImportError as missing:
            raise StationError(
                f"a distributed fleet needs Dask: {missing.name} is not installed",
                "pip install 'ocpp-station[cluster]'",
            ) from missing
        self.errors = (Unreachable, WorkerFailed)
        return DaskLink(secrets.token_hex(6), self._agent)

    def scale(self, stations: int, over_s: float) -> None:
        """See ``api.Engine``."""
        before, now_s = self._assignments.wanted, self._now()
        stations = max(0, min(stations, self._population.size))
        times = dial_times(max(0, stations - before), over_s, self._population.plan.seed)
        self._assignments.scale(stations, [now_s + each for each in times], over_s, now_s)
        self._act()

    def go(self) -> None:
        """See ``api.Engine``."""
        self._went_s = self._now()
        self._tell(Go(self._went_s))

    def pause(self) -> None:
        """See ``api.Engine``."""
        self._paused = True
        self._tell(Pause())

    def resume(self) -> None:
        """See ``api.Engine``."""
        self._paused = False
        self._tell(Resume())

    def inject(self, storm: Storm) -> None:
        """See ``api.Engine``."""
        self._tell(Inject(storm))

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """See ``api.Engine``."""
        index = self._population.index_of(station)
        if index is None:
            raise CommandRefused(f"this fleet has no station {station!r}")
        key = self._assignments.where(index)
        peer = self._keys.get(key) if key is not None else None
        if peer is None or self._link is None:
            raise CommandRefused(f"station {station!r} is at no worker at present", "try again")
        question = pack(Command(peer.incarnation, index, command, dict(params)))
        try:
            answer = unpack(await self._link.command(peer.address, question, _COMMAND_S))
        except self.errors as problem:
            raise CommandRefused(f"the worker of station {station!r} does not answer: {problem}") from problem
        if answer.data is None:
            raise CommandRefused(answer.refused, answer.hint)
        return dict(answer.data)

    def snapshot(self) -> Snapshot:
        """See ``api.Engine``. The gauge ``workers`` and the count ``workers.lost`` are added."""
        whole = self._figures.whole()
        workers = sum(map(self._assignments.has, self._keys))
        counts = whole.counts | {"workers.lost": self._lost_workers} if self._lost_workers else whole.counts
        return replace(whole, counts=counts, gauges=whole.gauges | {"workers": workers})

    async def stop(self, patience_s: float) -> None:
        """See ``api.Engine``. Cancelled: at once."""
        self._ending = True
        try:
            self._tell(End(patience_s))
            for peer in self._keys.values():
                peer.hurried = True
            await self._until(lambda: self._ended.issuperset(self._keys), patience_s + _STOP_S)
        finally:
            await self._close()

    def shares(self) -> dict[str, int]:
        """How many stations each worker has, by its address, without those that leave it."""
        return {peer.address: self._assignments.held(k) for k, peer in self._keys.items() if self._assignments.has(k)}

    async def add_worker(self) -> int:
        """One more worker process on this machine; it gets its share as soon as it is there. Its process id."""
        pid: int = await self.cluster.add_worker()
        return pid

    # What the peers tell

    def replied(self, peer: Peer, reply: Reply, heard_s: float) -> None:
        """See ``peer.Owner``."""
        if not peer.used:
            return
        if reply.version != __version__:
            self._unfit(peer, f"ocpp-station {reply.version} on {peer.address}, {__version__} here")
            return
        key = peer.key
        if self._keys.get(key) is not peer:
            self._new_incarnation(peer)
        if self._assignments.has(key) and reply.held:
            self._assignments.heard(key, heard_s - (self._zero_s or 0.0))
        report = reply.report
        if report is not None and report.incarnation == peer.incarnation and peer.renewed:
            self._reported(peer, report)

    def failed(self, peer: Peer, problem: Exception) -> None:
        """See ``peer.Owner``."""
        log.debug("%s: %s", peer.address, problem)
        if not peer.uid:
            self._troubles[peer.address] = str(problem)

    def _new_incarnation(self, peer: Peer) -> None:
        for key in [key for key in self._keys if key.startswith(f"{peer.uid}/")]:
            self._lose(key, "has begun anew")
        self._troubles.pop(peer.address, None)
        if self._ending:
            peer.renewed = False
            return
        begun = self._begun.setdefault(peer.uid, deque(maxlen=_TRIES))
        begun.append(self._loop.time())
        if len(begun) == _TRIES and begun[-1] - begun[0] < _SHORT_S:
            self._unfit(peer, f"it has lost its stations {_TRIES - 1} times in {begun[-1] - begun[0]:.0f} s")
            return
        self._keys[peer.key] = peer
        if self._zero_s is not None:
            self._begin(peer)

    def _begin(self, peer: Peer) -> None:
        assert self._zero_s is not None
        peer.tell(Begin(peer.offset.there(self._zero_s)))
        if self._went_s is not None:
            peer.tell(Go(self._went_s))
        if self._paused:
            peer.tell(Pause())

    def _reported(self, peer: Peer, report: Report) -> None:
        key = peer.key
        if report.snapshot:
            try:
                self._figures.update(key, Snapshot.from_bytes(report.snapshot))
            except BadSnapshot as problem:
                self._unfit(peer, problem.message)
                return
        if report.trouble and self._troubles.get(peer.address) != report.trouble:
            self._troubles[peer.address] = report.trouble
            log.warning("worker %s: %s", peer.address, report.trouble)
        if report.ended:
            self._ended.add(key)
        elif not self._assignments.has(key) and report.applied and report.snapshot:
            self._assignments.joined(key, self._now())
        if self._assignments.has(key):
            self._assignments.gone(key, peer.left(report.applied, set(report.leaving)), self._now())
            peer.hurried = bool(peer.withdrawn) or self._went_s is None

    def _unfit(self, peer: Peer, why: str) -> None:
        if self._troubles.get(peer.address) != why:
            log.warning("worker %s is not used: %s", peer.address, why)
        self._troubles[peer.address] = why
        peer.used = peer.renewed = False  # what it has it drops by itself, after its lease
        if not self._assignments.has(peer.key):
            self._keys.pop(peer.key, None)

    def _lose(self, key: str, why: str) -> None:
        """An incarnation is over for certain, and nobody said farewell."""
        peer = self._keys.pop(key)
        if peer.key == key:
            peer.renewed = False
        if not self._assignments.has(key) or key in self._ended:
            return
        stations = self._assignments.held(key)
        self._assignments.ended(key, self._now())
        lost = self._figures.lost(key)
        self._lost_workers += 1
        log.warning("worker %s %s: %d stations go to others, lost %s", peer.address, why, stations, lost or "nothing")

    # What is done all the time

    async def _look(self) -> None:
        while True:
            dead = set(self.cluster.dead_pids) if self.cluster is not None else set()
            for key, peer in list(self._keys.items()):
                if peer.pid in dead:
                    self._lose(key, "has died")
            for key in self._assignments.silent(self._now()):
                self._lose(key, "is silent")
            self._act()
            self._look_for_anybody()
            await asyncio.sleep(_LOOK_S)

    def _look_for_anybody(self) -> None:
        """A run without workers waits for others for a while: a scheduler may come back, a worker may join."""
        now_s = self._now()
        if any(map(self._assignments.has, self._keys)):
            self._alone_since_s = None
        elif self._alone_since_s is None:
            self._alone_since_s = now_s
        elif now_s - self._alone_since_s > _ALONE_S and not self._ending:
            why = "; ".join(sorted(set(self._troubles.values()))[:3])
            self.failure = f"no worker is left{': ' + why if why else ''}"

    def _act(self) -> None:
        if not self._ending:
            for key, order in self._assignments.tick(self._now()):
                peer = self._keys[key]
                if peer.key == key:  # else another process has this address by now
                    peer.tell(order)
                    peer.hurried = True

    async def _workers_ready(self, muster: Muster) -> None:
        """Wait for the workers that we started, or for those that the scheduler has; their clocks are known then."""

        def ready() -> bool:
            answering = list(self._keys.values())
            if self._count and len(answering) < self._count and not self.cluster.dead_pids:
                return False
            return muster.ready(answering)

        await self._until(ready, _READY_S if self._count else _JOINED_S)
        if not self._keys:
            why = "; ".join(sorted(set(self._troubles.values())))
            raise StationError(
                f"no worker at {self._address} answers{': ' + why if why else ''}",
                "start some (dask worker …) where ocpp-station[cluster] is installed, see docs/fleet-cluster.md",
            )

    def _settled(self, key: str) -> bool:
        return self._assignments.has(key) or self._keys[key].address in self._troubles

    async def _until(self, true: Callable[[], bool], within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not true():  # noqa: ASYNC110 - many things may make it true
                    await asyncio.sleep(0.05)

    def _tell(self, order: Order) -> None:
        for key, peer in self._keys.items():
            if peer.key == key:
                peer.tell(order)

    def _now(self) -> float:
        return self._loop.time() - self._zero_s if self._zero_s is not None else 0.0

    async def _close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        muster, self._muster = self._muster, None
        if muster is not None:
            await muster.close()
        link, self._link = self._link, None
        if link is not None:
            await link.close()
        cluster, self.cluster = self.cluster, None
        if cluster is not None:
            await cluster.close()


def make_local_cluster() -> Any:
    """A cluster on this machine; ``LocalCluster``. Only where Dask is installed."""
    from station.fleet.cluster.local_cluster import LocalCluster

    return LocalCluster()
