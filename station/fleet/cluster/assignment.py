"""Which worker runs which station, and when it dials: a state machine without I/O that is told the time.

It knows members (stations), workers and the ramp. It never has a station at two workers: a station leaves a worker that
is alive in order (withdraw, and wait until it is gone), and a worker that is silent only once its lease is over for
certain. ``engine`` tells it what happened and carries out what ``tick`` answers; times are seconds of the run.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from station.fleet.api import Assignment
from station.fleet.cluster.messages import Assign, Drop, Order, Withdraw

_What = TypeVar("_What")

_LATE_S: Final = 0.5
"""Who could not dial in time by more than this, because there was no worker, takes a new place in the ramp."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Times, in seconds.

    Attributes:
        ask_s: how often a worker is asked. A question renews the lease from the answer before it.
        lease_s: how long a worker that hears nothing keeps its stations.
        margin_s: so much longer the stations wait before they are given to others: clocks differ.
        doubt_s: a worker that was silent for so long gets nothing new.
        horizon_s: stations are handed out so long before they dial.
        withdraw_s: a station that was withdrawn and is not gone after so long is dropped.
    """

    ask_s: float = 1.0
    lease_s: float = 6.0
    margin_s: float = 0.5
    doubt_s: float = 2.5
    horizon_s: float = 2.0
    withdraw_s: float = 20.0


@dataclass(slots=True)
class _Worker:
    capacity: float
    heard_s: float
    held: set[int] = field(default_factory=set)
    leaving: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Member:
    """``worker`` None: it waits to be handed out, for ``at_s``."""

    at_s: float
    worker: str | None = None
    leave_s: float | None = None  # when it is to be withdrawn, or was


class Assignments:
    """See the module."""

    def __init__(self, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.wanted = 0
        self._workers: dict[str, _Worker] = {}
        self._members: dict[int, _Member] = {}
        self._attempts: dict[int, int] = {}
        self._waiting: set[int] = set()
        self._queue: list[tuple[float, int]] = []  # of the waiting, by time; may hold what is outdated
        self._leaving: list[tuple[float, int]] = []  # those to be withdrawn, and then those to be dropped, likewise
        self._gap_s = math.inf
        self._last_s = 0.0

    # What is asked

    def where(self, index: int) -> str | None:
        """The worker that runs a station; None: nobody does."""
        member = self._members.get(index)
        return member.worker if member is not None else None

    def held(self, worker: str) -> int:
        """How many stations a worker has, without those that leave."""
        return len(self._workers[worker].held)

    def has(self, worker: str) -> bool:
        """Whether a worker has joined and has not ended."""
        return worker in self._workers

    def leaving(self, worker: str) -> frozenset[int]:
        """The stations that a worker was told to let go."""
        return frozenset(self._workers[worker].leaving)

    def silent(self, now_s: float) -> list[str]:
        """The workers whose lease is over for certain: they are to be ``ended``."""
        limit_s = self.terms.lease_s + self.terms.margin_s
        return [name for name, worker in self._workers.items() if now_s - worker.heard_s > limit_s]

    # What happens

    def scale(self, stations: int, times_s: Sequence[float], over_s: float, now_s: float) -> None:
        """Bring the number of stations to this.

        Args:
            stations: the first so many of the population.
            times_s: when each of the new ones dials, rising, one for each; not read on the way down.
            over_s: within what time, in seconds; 0: at once.
            now_s: the time.
        """
        before, self.wanted = self.wanted, stations
        if stations > before:
            self._gap_s = min(self._gap_s, over_s / (stations - before))
            for index, at_s in zip(range(before, stations), times_s, strict=True):
                self._want(index, at_s)
        elif stations < before:
            self._shrink(before, over_s, now_s)

    def _shrink(self, before: int, over_s: float, now_s: float) -> None:
        many = before - self.wanted
        for number, index in enumerate(range(before - 1, self.wanted - 1, -1)):
            member = self._members.get(index)
            if member is None:
                continue
            if member.worker is None:
                self._forget(index)
            elif member.leave_s is None:
                member.leave_s = now_s + number * over_s / many
                heapq.heappush(self._leaving, (member.leave_s, index))
        self._last_s = max((self._members[index].at_s for index in self._waiting), default=now_s)

    def _want(self, index: int, at_s: float) -> None:
        member = self._members.get(index)
        if member is None:
            self._enqueue(index, at_s)
        elif member.worker is not None and index in self._workers[member.worker].held:
            member.leave_s = None  # it was to leave, and stays

    def joined(self, worker: str, now_s: float, capacity: float = 1.0) -> None:
        """A worker is there, without stations. ``capacity``: its share is in proportion to this."""
        self._workers[worker] = _Worker(capacity, now_s)

    def heard(self, worker: str, now_s: float) -> None:
        """A worker was alive at this time; its lease counts from here at the latest."""
        known = self._workers[worker]
        known.heard_s = max(known.heard_s, now_s)

    def gone(self, worker: str, indexes: Iterable[int], now_s: float) -> None:
        """Stations that were withdrawn are gone."""
        known = self._workers[worker]
        for index in sorted(known.leaving.intersection(indexes)):
            known.leaving.discard(index)
            known.dropped.discard(index)
            self._free(index, now_s)

    def ended(self, worker: str, now_s: float) -> None:
        """A worker runs no station any more: it said so, its process is gone, or its lease is over for certain."""
        known = self._workers.pop(worker)
        for index in sorted(known.held | known.leaving):
            self._free(index, now_s)

    def _free(self, index: int, now_s: float) -> None:
        """It is nowhere now; where it is wanted, it dials when it was going to, or after all others."""
        member = self._members.pop(index)
        if index < self.wanted:
            self._enqueue(index, member.at_s if member.at_s > now_s else self._slot(now_s))

    def _slot(self, now_s: float) -> float:
        """The next time at which the ramp has room."""
        return now_s if self._gap_s == 0 else max(now_s, self._last_s + self._gap_s)

    def _enqueue(self, index: int, at_s: float) -> None:
        self._members[index] = _Member(at_s)
        self._waiting.add(index)
        self._last_s = max(self._last_s, at_s)
        heapq.heappush(self._queue, (at_s, index))

    def _forget(self, index: int) -> None:
        del self._members[index]
        self._waiting.discard(index)

    # What is to be done

    def tick(self, now_s: float) -> list[tuple[str, Order]]:
        """What the workers are to be told by now."""
        dropped = self._overdue(now_s)
        withdrawn = self._due_to_leave(now_s)
        withdrawn += self._surplus(now_s)
        assigned = self._hand_out(now_s)
        orders: list[tuple[str, Order]] = [(name, Drop(indexes)) for name, indexes in _by_worker(dropped)]
        orders += [(name, Withdraw(indexes)) for name, indexes in _by_worker(withdrawn)]
        orders += [(name, Assign(each)) for name, each in _by_worker(assigned)]
        return orders

    def _overdue(self, now_s: float) -> list[tuple[str, int]]:
        found = []
        for name, worker in self._workers.items():
            for index in worker.leaving - worker.dropped:
                left_s = self._members[index].leave_s
                if left_s is not None and now_s - left_s > self.terms.withdraw_s:
                    worker.dropped.add(index)
                    found.append((name, index))
        return found

    def _due_to_leave(self, now_s: float) -> list[tuple[str, int]]:
        found = []
        while self._leaving and self._leaving[0][0] <= now_s:
            at_s, index = heapq.heappop(self._leaving)
            member = self._members.get(index)
            if member is None or member.worker is None or member.leave_s != at_s:
                continue
            if index in self._workers[member.worker].held:
                self._let_go(index, member, now_s)
                found.append((member.worker, index))
        return found

    def _let_go(self, index: int, member: _Member, now_s: float) -> None:
        assert member.worker is not None
        worker = self._workers[member.worker]
        worker.held.discard(index)
        worker.leaving.add(index)
        member.leave_s = now_s

    def _surplus(self, now_s: float) -> list[tuple[str, int]]:
        """What those with more than their share give to those with less, a few at a time."""
        ready = self._ready(now_s)
        total = sum(worker.capacity for _, worker in ready)
        if len(ready) < 2:
            return []
        share = {name: self.wanted * worker.capacity / total for name, worker in ready}
        staying = {name: self._staying(worker) for name, worker in ready}
        too_few = sum(max(0, math.floor(share[name]) - len(those)) for name, those in staying.items())
        too_many = sum(max(0, len(those) - math.ceil(share[name])) for name, those in staying.items())
        on_their_way = sum(len(worker.leaving) for worker in self._workers.values())
        missing = max(too_few, too_many) - len(self._waiting) - on_their_way
        if self._gap_s > 0:
            missing = min(missing, max(1, math.ceil(self.terms.horizon_s / self._gap_s)) - on_their_way)
        return self._taken(max(0, missing), share, staying, now_s)

    def _taken(
        self, many: int, share: dict[str, float], staying: dict[str, set[int]], now_s: float
    ) -> list[tuple[str, int]]:
        """Let so many go, always from the worker that is most above its share, the last of its stations first."""
        left = {name: sorted(those) for name, those in staying.items()} if many else {}
        found: list[tuple[str, int]] = []
        for _ in range(many):
            name = max(left, key=lambda each: len(left[each]) - share[each])
            if len(left[name]) <= math.floor(share[name]):
                break
            index = left[name].pop()
            self._let_go(index, self._members[index], now_s)
            found.append((name, index))
        return found

    def _staying(self, worker: _Worker) -> set[int]:
        """What a worker has, without those whose time to leave is set."""
        return {index for index in worker.held if index < self.wanted} if self._leaving else worker.held

    def _ready(self, now_s: float) -> list[tuple[str, _Worker]]:
        return [each for each in self._workers.items() if now_s - each[1].heard_s <= self.terms.doubt_s]

    def _hand_out(self, now_s: float) -> list[tuple[str, Assignment]]:
        found: list[tuple[str, Assignment]] = []
        ready = self._ready(now_s)
        while self._queue and self._queue[0][0] <= now_s + self.terms.horizon_s:
            at_s, index = self._queue[0]
            if index not in self._waiting or self._members[index].at_s != at_s:
                heapq.heappop(self._queue)
                continue
            if not ready:
                break
            heapq.heappop(self._queue)
            if at_s < now_s - _LATE_S and self._gap_s > 0:
                self._enqueue(index, self._slot(now_s))
                continue
            name, worker = min(ready, key=lambda each: (len(each[1].held) + 1) / each[1].capacity)
            self._waiting.discard(index)
            self._members[index].worker = name
            worker.held.add(index)
            attempt = self._attempts[index] = self._attempts.get(index, -1) + 1
            found.append((name, Assignment(index, attempt, at_s)))
        return found


def _by_worker(found: list[tuple[str, _What]]) -> list[tuple[str, tuple[_What, ...]]]:
    each: dict[str, list[_What]] = {}
    for name, what in found:
        each.setdefault(name, []).append(what)
    return [(name, tuple(those)) for name, those in each.items()]
