"""The threads of `station.host.worker`, one at a time and in virtual time: the same script gives the same run.

The code of worker and slot is the real one, and so are its threads; but a thread runs only while the event loop stands
still for it, and comes to its end, its next wait, or a device that makes it wait (`Lockstep.pause`). Whoever waits for
a time is woken by a timer of the virtual loop.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from station.host import outside, slot, supervision, worker

_PATIENCE_S = 20.0


class Over(BaseException):
    """The test is over; the thread ends."""


class _Strand:
    """One thread. It runs between `resume` and the next `park`."""

    def __init__(self, step: Lockstep, target: Callable[..., None], args: tuple[Any, ...] = (), **_: Any) -> None:
        self._step = step
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._turn = 0
        self._alive = False
        self._thread = threading.Thread(target=self._run, args=(target, args), daemon=True)

    def _run(self, target: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._go.acquire()
        try:
            if not self._step.over:
                target(*args)
        except Over:
            pass
        except BaseException as error:
            self._step.ended_by.append(error)
        finally:
            self._alive = False
            self._stopped.release()

    def start(self) -> None:
        self._alive = True
        self._thread.start()
        self._step.strands.append(self)
        self._step.loop.call_soon(self.resume, self._turn)

    def is_alive(self) -> bool:
        return self._alive

    def resume(self, turn: int) -> None:
        """Let it run to its next wait, where it still is in this one."""
        if self._alive and turn == self._turn:
            self._turn += 1
            self._step.running, before = self, self._step.running
            self._go.release()
            assert self._stopped.acquire(timeout=_PATIENCE_S), "a thread does not come to its wait"
            self._step.running = before

    def park(self, seconds: float | None) -> None:
        """Wait, in its own thread, for the loop to come by."""
        loop, turn = self._step.loop, self._turn
        timer = None if seconds is None or self._step.over else loop.call_later(seconds, self.resume, turn)
        self._stopped.release()
        self._go.acquire()
        if timer is not None:
            timer.cancel()
        if self._step.over:
            raise Over

    @property
    def turn(self) -> int:
        """Which of its waits it is in."""
        return self._turn


class _Queue:
    """``queue.SimpleQueue`` whose wait is a wait in virtual time."""

    def __init__(self, step: Lockstep) -> None:
        self._step = step
        self._items: deque[Any] = deque()
        self._waits: _Strand | None = None

    def put(self, item: Any) -> None:
        self._items.append(item)
        if self._waits is not None:
            self._step.loop.call_soon(self._waits.resume, self._waits.turn)

    def get(self, timeout: float | None = None) -> Any:
        strand = self._step.running
        if not self._items and strand is not None:
            self._waits = strand
            strand.park(timeout)
            self._waits = None
        if not self._items:
            raise queue.Empty
        return self._items.popleft()

    def empty(self) -> bool:
        return not self._items

    def qsize(self) -> int:
        return len(self._items)


class Lockstep:
    """See the module. ``ended_by`` is what ended a thread that should not have ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.running: _Strand | None = None
        self.strands: list[_Strand] = []
        self.ended_by: list[BaseException] = []
        self.over = False

    def pause(self, until: Callable[[], bool], every_s: float = 0.05) -> None:
        """A device does not come back before this holds. On the loop itself nothing can wait."""
        strand = self.running
        while strand is not None and not until():
            strand.park(every_s)

    def end(self) -> None:
        """Every thread ends, wherever it is."""
        self.over = True
        for strand in self.strands:
            while strand.is_alive():
                strand.resume(strand.turn)

    @contextmanager
    def in_place(self) -> Iterator[Lockstep]:
        """Workers that are made within have such threads."""
        time = SimpleNamespace(monotonic=self.loop.time)
        threads = SimpleNamespace(Thread=lambda *args, **more: _Strand(self, *args, **more))
        queues = SimpleNamespace(SimpleQueue=lambda: _Queue(self), Empty=queue.Empty)
        with (
            mock.patch.multiple(worker, time=time, threading=threads, queue=queues),
            mock.patch.object(slot, "time", time),
            mock.patch.object(outside, "time", time),
            mock.patch.object(supervision, "time", time),
            mock.patch.object(supervision, "join_all", lambda workers: None),
        ):
            try:
                yield self
            finally:
                self.end()
