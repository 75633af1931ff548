"""The agent of a worker process, asked as Dask's loop asks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from station.config import from_mapping
from station.fleet.api import Assignment
from station.fleet.cluster.agent_thread import BEAT_S, HUNG_S, AgentThread
from station.fleet.cluster.messages import (
    Assign,
    Begin,
    Command,
    End,
    Go,
    Inject,
    Order,
    Pause,
    Reply,
    Request,
    Withdraw,
)
from station.fleet.cluster.packing import pack_plan
from station.fleet.metrics import Snapshot
from station.fleet.plan import Group, Plan, Stage, Storm
from tests.support.awaited import awaited
from tests.support.fake_agent import MADE, FakeAgent, make_fake

LEASE_S = 6.0


def plan_of(name: str) -> bytes:
    profile = from_mapping({"station": {"id": "X"}, "csms": {"url": "ws://h/x"}}, Path("/nonexistent"), env={}).profile
    return pack_plan(Plan(name, 9, (Group("all", 1.0, profile),), (Stage(9, 0, 1),)))


class Coordinator:
    """Asks one worker, with a clock that the test turns."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.thread = AgentThread(make_fake, "1.2.3", lambda: time.monotonic() + self.ahead_s)
        self.last: Reply | None = None
        self.orders: list[tuple[int, Order]] = []
        self.request = Request(lease_s=LEASE_S)

    def tell(self, *orders: Order) -> None:
        self.orders += list(enumerate(orders, len(self.orders) + 1))

    def ask(self, name: str = "plan") -> Reply:
        last = self.last
        self.request = Request(
            incarnation=last.incarnation if last else None,
            anchor_s=last.anchor_s if last else None,
            lease_s=LEASE_S,
            orders=tuple(self.orders),
            seen=0,
            plan=plan_of(name) if last is not None and not last.has_plan else None,
        )
        self.last = self.thread.exchange(self.request)
        return self.last

    def until(self, true: Callable[[Reply], bool]) -> Reply:
        deadline_s = time.monotonic() + 5
        while True:
            reply = self.ask()
            if true(reply):
                return reply
            assert time.monotonic() < deadline_s, reply
            time.sleep(0.01)

    def begin(self) -> FakeAgent:
        """An agent that has begun."""
        self.ask()
        self.tell(Begin(5.0))
        self.until(lambda reply: reply.report is not None and reply.report.applied >= 1)
        return MADE[-1]


@pytest.fixture
def worker() -> Iterator[Coordinator]:
    coordinator = Coordinator()
    yield coordinator
    coordinator.thread.close(0.5)


def applied(number: int) -> Callable[[Reply], bool]:
    return lambda reply: reply.report is not None and reply.report.applied >= number


def test_a_worker_that_is_asked_for_the_first_time_has_nothing(worker: Coordinator) -> None:
    reply = worker.ask()
    assert (reply.incarnation, reply.has_plan, reply.received, reply.report) == (1, False, 0, None)
    assert reply.held
    assert reply.version == "1.2.3"
    assert abs(reply.monotonic_s - time.monotonic()) < 1


def test_orders_are_carried_out_once_however_often_they_are_told(worker: Coordinator) -> None:
    agent = worker.begin()
    assert agent.plan.name == "plan"
    assert agent.began_s == 5.0
    worker.tell(Assign((Assignment(3, 0, 1.0), Assignment(4, 0, 2.0))), Go(7.0), Pause())
    worker.until(applied(4))
    reply = worker.until(applied(4))
    assert agent.told == [("go", 7.0), "pause"]
    assert sorted(agent.here) == [3, 4]
    assert reply.report is not None
    worker.until(lambda reply: Snapshot.from_bytes(reply.report.snapshot).counts == {"booted": 2})  # type: ignore[union-attr]


def test_a_station_leaves_until_it_is_gone(worker: Coordinator) -> None:
    agent = worker.begin()
    worker.tell(Assign((Assignment(3, 0, 1.0),)), Withdraw((3,)))
    assert worker.until(applied(3)).report.leaving == (3,)  # type: ignore[union-attr]
    agent.let_go()
    worker.until(lambda reply: reply.report is not None and reply.report.leaving == ())


def test_a_worker_that_lost_its_lease_drops_everything_and_begins_anew(worker: Coordinator) -> None:
    agent = worker.begin()
    worker.tell(Assign((Assignment(3, 0, 1.0),)))
    worker.until(applied(2))
    worker.ahead_s += LEASE_S + 0.1
    assert not agent.lease.held(), "before its loop came to look"
    reply = worker.thread.exchange(worker.request)
    assert (reply.incarnation, reply.held) in ((1, False), (2, True)), "a renewal from before changes nothing"
    reply = worker.until(lambda reply: reply.incarnation == 2)
    assert agent.vanished
    assert (reply.received, reply.has_plan) == (0, True)
    worker.orders.clear()
    assert worker.begin() is not agent


def test_orders_for_an_incarnation_that_is_over_are_not_carried_out(worker: Coordinator) -> None:
    worker.begin()
    stale = replace(worker.request, orders=((2, Assign((Assignment(3, 0, 1.0),))),))
    worker.ahead_s += LEASE_S + 0.1
    worker.orders.clear()
    worker.until(lambda reply: reply.incarnation == 2)
    worker.thread.exchange(stale)
    agent = worker.begin()
    assert agent.here == {}


def test_a_lease_that_is_renewed_is_held(worker: Coordinator) -> None:
    agent = worker.begin()
    for _ in range(3):
        worker.ahead_s += LEASE_S / 2
        worker.ask()
        assert worker.ask().incarnation == 1
        time.sleep(2 * BEAT_S)
    assert agent.lease.held()


def test_a_loop_that_hangs_counts_as_silent_though_the_process_answers(worker: Coordinator) -> None:
    worker.begin()
    anchor_s = worker.ask().anchor_s
    worker.tell(Inject(Storm(0, "hang")))
    worker.ask()
    time.sleep(0.05)
    worker.ahead_s += HUNG_S + 1
    reply = worker.ask()
    assert reply.age_s > HUNG_S
    assert reply.anchor_s < anchor_s + 1


def test_what_fails_is_told_and_does_not_end_the_agent(worker: Coordinator) -> None:
    agent = worker.begin()
    worker.tell(Inject(Storm(0, "raise")), Pause())
    reply = worker.until(applied(3))
    assert reply.report is not None
    assert "no such storm" in reply.report.trouble
    assert agent.told == ["pause"]


def test_an_agent_that_cannot_be_made_says_why() -> None:
    worker = Coordinator()
    worker.ask("bad")
    worker.ask("bad")
    worker.tell(Begin(0.0))
    reply = worker.until(applied(1))
    assert reply.report is not None
    assert reply.report.trouble == "OSError: no room"
    assert reply.report.snapshot == b""
    worker.thread.close(0.5)


def test_the_end_brings_the_last_figures(worker: Coordinator) -> None:
    agent = worker.begin()
    worker.tell(Assign((Assignment(3, 0, 1.0),)), End(1.0))
    reply = worker.until(lambda reply: reply.report is not None and reply.report.ended)
    assert agent.stopped
    assert reply.report is not None
    assert Snapshot.from_bytes(reply.report.snapshot).counts == {"booted": 1}


@awaited
async def test_commands_are_carried_out_in_the_agents_loop() -> None:
    worker = Coordinator()
    worker.begin()
    worker.tell(Assign((Assignment(3, 0, 1.0),)))
    worker.until(applied(2))
    answer = await worker.thread.command(Command(1, 3, "tap", {"card": "A"}))
    assert answer.data == {"index": 3, "command": "tap", "card": "A"}
    answer = await worker.thread.command(Command(1, 8, "tap", {}))
    assert (answer.data, answer.refused, answer.hint) == (None, "not here", "elsewhere")
    answer = await worker.thread.command(Command(7, 3, "tap", {}))
    assert "left this worker" in answer.refused
    worker.thread.close(0.5)


def test_a_worker_that_nobody_asks_for_long_ends_its_thread_and_can_begin_again(worker: Coordinator) -> None:
    agent = worker.begin()
    worker.ahead_s += 61.0
    deadline_s = time.monotonic() + 5
    while worker.thread.running and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not worker.thread.running
    assert agent.vanished
    worker.orders.clear()
    worker.last = None
    assert worker.begin() is not agent


def test_closing_ends_the_agent_in_order(worker: Coordinator) -> None:
    agent = worker.begin()
    worker.thread.close(1.0)
    assert agent.stopped
    assert not worker.thread.running
