"""The long-lived agent of a worker process: a thread with a uvloop of its own, beside Dask's loop.

Dask's loop asks (``exchange``, ``command``) and is answered at once, from what the agent's loop left for it: a worker
whose stations are busy is still heard, and a stutter of Dask's loop holds up no station. The two share nothing but this
object and, for moments, its lock.

An agent runs under a lease (``lease``). Once that is lost its stations vanish, and the worker begins another
*incarnation*, with nothing but the plan. A worker that nobody asked for a minute ends the thread; the next question
begins another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from station.fleet.cluster.lease import Lease, lease_clock
from station.fleet.cluster.messages import (
    Answer,
    Begin,
    Command,
    Order,
    Reply,
    Report,
    Request,
)
from station.fleet.cluster.packing import unpack_plan
from station.fleet.cluster.tenure import RunningAgent, Tenure
from station.fleet.limits import hope_for_files
from station.fleet.plan import Plan
from station.host.execution import CommandRefused

log = logging.getLogger(__name__)

AgentMaker = Callable[[Plan, float, Lease], RunningAgent]
"""Makes an agent: of what plan, when the run began (by ``time.monotonic``), under what lease. Called in its loop."""

BEAT_S: Final = 0.25
REPORT_S: Final = 1.0
HUNG_S: Final = 6.0
"""A loop that does not beat for so long counts as silent from then on."""
ABANDONED_S: Final = 60.0


class AgentThread:
    """See the module.

    Args:
        make: makes an agent.
        version: of this program.
        clock: of the lease.
    """

    def __init__(self, make: AgentMaker, version: str, clock: Callable[[], float] = lease_clock) -> None:
        self.uid = uuid.uuid4().hex
        self._make = make
        self._version = version
        self._clock = clock
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._closing = False
        self._wake: asyncio.Event | None = None
        self._patience_s = 0.0
        self._asked_s = clock()
        self._beat_s = clock()
        # What belongs to an incarnation
        self._incarnation = 1
        self._lease: Lease | None = None
        self._received = 0
        self._report: Report | None = None
        self._reports = 0
        self._tenure: Tenure | None = None
        # The plan
        self._folder: Path | None = None
        self._plan: Plan | None = None

    # Called in Dask's thread

    def exchange(self, request: Request) -> Reply:
        """Answer a request; never waits for the agent."""
        self._asked_s = self._clock()
        self._run()
        if request.plan is not None and self._plan is None:
            self._unpack(request.plan)
        with self._lock:
            if request.incarnation == self._incarnation and request.anchor_s is not None:
                self._renew(request.anchor_s + request.lease_s)
                self._take(request.orders)
            return self._reply(request.seen)

    def _renew(self, until_s: float) -> None:
        if self._lease is None:
            if until_s > self._clock():
                self._lease = Lease(until_s, self._clock)
        else:
            self._lease.renew(until_s)

    def _take(self, orders: tuple[tuple[int, Order], ...]) -> None:
        if self._lease is None or not self._lease.held() or self._plan is None:
            return
        fresh = [(number, order) for number, order in orders if number > self._received]
        if fresh and self._loop is not None:
            self._received = fresh[-1][0]
            self._loop.call_soon_threadsafe(self._apply, self._incarnation, fresh)

    def _reply(self, seen: int) -> Reply:
        now_s = self._clock()
        age_s = now_s - self._beat_s
        if age_s <= HUNG_S:
            age_s = 0.0
        report = self._report if self._report is not None and self._report.number > seen else None
        return Reply(
            uid=self.uid,
            pid=os.getpid(),
            version=self._version,
            incarnation=self._incarnation,
            held=self._lease is None or self._lease.held(),
            anchor_s=now_s - age_s,
            age_s=age_s,
            monotonic_s=time.monotonic(),
            has_plan=self._plan is not None,
            received=self._received,
            report=report,
        )

    async def command(self, command: Command) -> Answer:
        """Carry out a station's command in the agent's loop."""
        if self._loop is None or command.incarnation != self._incarnation:
            return Answer(refused="the station has just left this worker", hint="try again")
        done = asyncio.run_coroutine_threadsafe(self._command(command), self._loop)
        return await asyncio.wrap_future(done)

    def _unpack(self, data: bytes) -> None:
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="ocpp-station-"))
        self._plan = unpack_plan(data, self._folder)
        hope_for_files(self._plan.count)

    @property
    def running(self) -> bool:
        """Whether there is a thread."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        if not self.running:
            self._ready.clear()
            self._closing = False
            self._beat_s = self._clock()
            self._thread = threading.Thread(target=self._work, name="fleet agent", daemon=True)
            self._thread.start()
            self._ready.wait()

    def close(self, patience_s: float) -> None:
        """End the agent in order, and the thread; at most a little longer than the patience."""
        thread, loop = self._thread, self._loop
        if thread is None or loop is None or not thread.is_alive():
            return
        with contextlib.suppress(RuntimeError):  # the loop has just closed
            loop.call_soon_threadsafe(self._end, patience_s)
        thread.join(patience_s + 3)

    # Called in the agent's thread

    def _work(self) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = wake = asyncio.Event()
        reported_s = 0.0
        self._ready.set()
        try:
            while not self._closing:
                self._beat_s = now_s = self._clock()
                await self._look_at_lease()
                if self._tenure is not None and self._is_due(self._tenure, now_s - reported_s):
                    reported_s = now_s
                    self._make_report(self._tenure)
                if now_s - self._asked_s > ABANDONED_S:
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), BEAT_S)
                wake.clear()
        except Exception:
            log.exception("the agent's thread fell over")
        finally:
            if self._tenure is not None:
                await self._tenure.end(self._patience_s)
            self._loop = None
            await self._begin_anew()
            self._plan, folder, self._folder = None, self._folder, None
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def _is_due(tenure: Tenure, since_s: float) -> bool:
        """Whether it is time for a report. Until all are up, how many are is of interest."""
        return since_s >= (REPORT_S if tenure.went else BEAT_S) or tenure.news()

    async def _look_at_lease(self) -> None:
        """First thing in every beat: without a lease there are no stations."""
        if self._lease is not None and not self._lease.held():
            if self._tenure is not None and not self._tenure.ended:
                log.warning("not heard from the coordinator for the time of its lease: all stations dropped")
                await self._tenure.vanish()
            await self._begin_anew()

    async def _begin_anew(self) -> None:
        with self._lock:
            self._incarnation += 1
            self._lease = None
            self._received = 0
            self._report = None
            self._tenure = None

    def _apply(self, incarnation: int, orders: list[tuple[int, Order]]) -> None:
        lease = self._lease
        if incarnation != self._incarnation or lease is None or not lease.held() or self._plan is None:
            return
        for number, order in orders:
            if isinstance(order, Begin):
                self._tenure = Tenure(partial(self._make, self._plan, order.zero_s, lease))
            elif self._tenure is not None:
                self._tenure.carry_out(order)
            if self._tenure is not None:
                self._tenure.applied = number
        self._rouse()

    def _make_report(self, tenure: Tenure) -> None:
        self._reports += 1
        report = tenure.report(self._reports, self._incarnation)
        with self._lock:
            self._report = report

    async def _command(self, command: Command) -> Answer:
        tenure = self._tenure
        if tenure is None or tenure.agent is None or command.incarnation != self._incarnation:
            return Answer(refused="the station has just left this worker", hint="try again")
        try:
            return Answer(await tenure.agent.command(command.index, command.command, command.params))
        except CommandRefused as refusal:
            return Answer(refused=refusal.message, hint=refusal.hint)

    def _end(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._closing = True
        self._rouse()

    def _rouse(self) -> None:
        if self._wake is not None:
            self._wake.set()


def _loop_factory() -> Callable[[], Any]:
    try:
        import uvloop
    except ImportError:  # a platform without it
        return asyncio.new_event_loop
    return uvloop.new_event_loop
