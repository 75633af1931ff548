"""Who runs which station: shares, the ramp, dead and silent workers, coming and going."""

from __future__ import annotations

from itertools import pairwise

from station.fleet.api import Assignment
from station.fleet.cluster.assignment import Assignments, Terms
from station.fleet.cluster.messages import Assign, Drop, Withdraw

TERMS = Terms()
A, B, C = "a/1", "b/1", "c/1"


class World:
    """Workers that do at once what they are told, as the coordinator sees them."""

    def __init__(self, *workers: str) -> None:
        self.now_s = 0.0
        self.state = Assignments(TERMS)
        self.alive: dict[str, dict[int, Assignment]] = {}
        self.slow: set[str] = set()
        self.orders: list[tuple[str, object]] = []
        for worker in workers:
            self.join(worker)

    def join(self, worker: str) -> None:
        self.alive[worker] = {}
        self.state.joined(worker, self.now_s)

    def scale(self, stations: int, over_s: float = 0.0) -> None:
        many = max(0, stations - self.state.wanted)
        times = [self.now_s + over_s * number / many for number in range(many)]
        self.state.scale(stations, times, over_s, self.now_s)

    def run(self, seconds: float, step_s: float = 0.2) -> None:
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.tick()
            self.now_s = round(self.now_s + step_s, 6)

    def tick(self) -> None:
        for worker in self.alive:
            if self.state.has(worker):
                self.state.heard(worker, self.now_s)
        for worker in self.state.silent(self.now_s):
            self.state.ended(worker, self.now_s)
        for worker, order in self.state.tick(self.now_s):
            self.orders.append((worker, order))
            if worker in self.alive:
                self.carry_out(worker, order)

    def carry_out(self, worker: str, order: object) -> None:
        here = self.alive[worker]
        if isinstance(order, Assign):
            here.update((each.index, each) for each in order.assignments)
        elif (isinstance(order, Withdraw) and worker not in self.slow) or isinstance(order, Drop):
            for index in order.indexes:
                here.pop(index, None)
            self.state.gone(worker, order.indexes, self.now_s)

    def counts(self) -> dict[str, int]:
        return {worker: len(here) for worker, here in self.alive.items()}

    def dials(self) -> list[Assignment]:
        found = [each for _, order in self.orders if isinstance(order, Assign) for each in order.assignments]
        return sorted(found, key=lambda each: each.at_s)


def test_stations_are_spread_over_the_workers_and_dial_in_the_ramps_time() -> None:
    world = World(A, B)
    world.scale(10, over_s=10)
    world.run(12)
    assert world.counts() == {A: 5, B: 5}
    assert [each.at_s for each in world.dials()] == list(range(10))
    assert all(each.attempt == 0 for each in world.dials())


def test_without_a_ramp_all_are_handed_out_at_once() -> None:
    world = World(A, B, C)
    world.scale(7)
    world.tick()
    assert sorted(world.counts().values()) == [2, 2, 3]


def test_stations_are_handed_out_shortly_before_they_dial() -> None:
    world = World(A)
    world.scale(100, over_s=100)
    world.tick()
    assert world.counts()[A] == TERMS.horizon_s + 1


def test_a_dead_workers_stations_go_to_the_others_in_the_ramps_steps() -> None:
    world = World(A, B)
    world.scale(40, over_s=4)
    world.run(6)
    del world.alive[A]
    died_s = world.now_s
    world.state.ended(A, died_s)
    world.orders.clear()
    world.run(4)
    assert world.counts() == {B: 40}
    dials = [each.at_s for each in world.dials()]
    assert len(dials) == 20
    assert dials[0] >= died_s
    assert all(later - earlier >= 0.1 - 1e-9 for earlier, later in pairwise(dials))
    assert {each.attempt for each in world.dials()} == {1}


def test_a_worker_that_dies_in_the_ramp_does_not_shorten_it() -> None:
    world = World(A, B)
    world.scale(20, over_s=20)
    world.run(5)
    del world.alive[A]
    world.state.ended(A, world.now_s)
    world.run(25)
    assert world.counts() == {B: 20}
    dials = sorted({each.at_s for each in world.dials()})
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in pairwise(dials))


def test_a_silent_worker_keeps_its_stations_until_its_lease_is_over_for_certain() -> None:
    world = World(A, B)
    world.scale(10)
    world.run(2)
    silent_s = world.now_s - 0.2
    silent = world.alive.pop(A)
    world.orders.clear()
    world.run(TERMS.lease_s)
    assert world.counts() == {B: 5}
    assert len(silent) == 5
    world.run(1.0)
    assert world.counts() == {B: 10}
    assert min(each.at_s for each in world.dials()) >= silent_s + TERMS.lease_s + TERMS.margin_s


def test_a_worker_in_doubt_gets_nothing_new() -> None:
    world = World(A, B)
    world.run(1)
    del world.alive[A]
    world.run(TERMS.doubt_s + 0.4)
    world.scale(10)
    world.tick()
    assert world.counts() == {B: 10}


def test_a_new_worker_gets_its_share_and_no_station_is_at_two() -> None:
    world = World(A, B)
    world.scale(30, over_s=3)
    world.run(5)
    world.join(C)
    world.orders.clear()
    world.run(5)
    assert world.counts() == {A: 10, B: 10, C: 10}
    withdrawn = [index for _, order in world.orders if isinstance(order, Withdraw) for index in order.indexes]
    assert sorted(withdrawn) == sorted(world.alive[C])
    dials = [each.at_s for each in world.dials()]
    assert all(later - earlier >= 0.1 - 1e-9 for earlier, later in pairwise(dials))
    world.orders.clear()
    world.run(5)
    assert world.orders == []


def test_a_new_worker_during_the_ramp_gets_what_has_not_dialled_first() -> None:
    world = World(A)
    world.scale(20, over_s=20)
    world.run(4)
    world.join(B)
    world.run(18)
    assert world.counts() == {A: 10, B: 10}
    assert not any(isinstance(order, Withdraw) for _, order in world.orders)


def test_shares_go_by_capacity() -> None:
    world = World(A)
    world.alive[B] = {}
    world.state.joined(B, 0.0, capacity=3.0)
    world.scale(40)
    world.run(1)
    assert world.counts() == {A: 10, B: 30}


def test_scaling_down_takes_the_last_ones_over_the_time() -> None:
    world = World(A, B)
    world.scale(10)
    world.run(1)
    world.scale(4, over_s=6)
    world.run(3)
    assert 4 < sum(world.counts().values()) < 10
    world.run(5)
    assert sorted(index for here in world.alive.values() for index in here) == [0, 1, 2, 3]


def test_a_station_that_is_wanted_again_while_it_leaves_comes_back_when_it_is_gone() -> None:
    world = World(A)
    world.scale(4)
    world.run(1)
    world.slow.add(A)
    world.scale(2)
    world.run(1)
    world.scale(4)
    world.run(1)
    assert len(world.alive[A]) == 4
    for index in (2, 3):
        assert world.alive[A].pop(index).attempt == 0
    world.state.gone(A, (2, 3), world.now_s)
    world.slow.clear()
    world.run(1)
    assert {index: each.attempt for index, each in world.alive[A].items()} == {0: 0, 1: 0, 2: 1, 3: 1}


def test_a_station_that_does_not_leave_is_dropped() -> None:
    world = World(A)
    world.scale(4)
    world.run(1)
    world.slow.add(A)
    world.scale(3)
    world.run(TERMS.withdraw_s + 2)
    assert [order for _, order in world.orders if isinstance(order, Drop)] == [Drop((3,))]
    assert sorted(world.alive[A]) == [0, 1, 2]


def test_stations_that_wait_for_a_worker_take_new_places_in_the_ramp() -> None:
    world = World(A)
    world.scale(20, over_s=2)
    world.run(3)
    del world.alive[A]
    world.state.ended(A, world.now_s)
    world.run(30)
    world.orders.clear()
    world.join(B)
    joined_s = world.now_s
    world.run(5)
    dials = [each.at_s for each in world.dials()]
    assert len(dials) == 20
    assert dials[0] >= joined_s - 0.5
    assert all(later - earlier >= 0.1 - 1e-9 for earlier, later in pairwise(dials))


def test_who_runs_a_station() -> None:
    world = World(A)
    world.scale(1)
    assert world.state.where(0) is None
    world.tick()
    assert world.state.where(0) == A
    assert world.state.where(1) is None
