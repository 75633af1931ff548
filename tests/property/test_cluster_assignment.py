"""Whatever befalls the workers: no station is at two of them, the ramp is kept, and in the end all stations run."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from station.fleet.api import Assignment
from station.fleet.cluster.assignment import Assignments, Terms
from station.fleet.cluster.messages import Assign, Drop, Order, Withdraw

TERMS = Terms()
STEP_S = 0.5


@dataclass
class Worker:
    """As it really is: it keeps its lease by its own clock, whatever the coordinator thinks."""

    renewed_s: float
    here: dict[int, Assignment] = field(default_factory=dict)
    leaving: dict[int, float] = field(default_factory=dict)
    told: list[Order] = field(default_factory=list)
    connected: bool = True
    dead: bool = False

    def live(self, now_s: float) -> set[int]:
        return set() if self.dead or now_s - self.renewed_s > TERMS.lease_s else set(self.here)


class Cluster:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.state = Assignments(TERMS)
        self.workers: dict[str, Worker] = {}
        self.dials: set[tuple[float, int]] = set()
        self.born = 0

    def join(self) -> None:
        self.born += 1
        self.workers[f"w{self.born}/1"] = Worker(self.now_s)
        self.state.joined(f"w{self.born}/1", self.now_s)

    def step(self) -> None:
        for name, worker in list(self.workers.items()):
            self.talk(name, worker)
        for name in self.state.silent(self.now_s):
            self.state.ended(name, self.now_s)
        for name, order in self.state.tick(self.now_s):
            if isinstance(order, Assign):
                self.dials.update((each.at_s, each.index) for each in order.assignments)
            self.workers[name].told.append(order)
            self.deliver(self.workers[name])
        self.check()
        self.now_s += STEP_S

    def talk(self, name: str, worker: Worker) -> None:
        if worker.dead or not worker.connected:
            return
        if self.now_s - worker.renewed_s > TERMS.lease_s:  # it wakes: it drops all, and begins anew
            if self.state.has(name):
                self.state.ended(name, self.now_s)
            del self.workers[name]
            self.join()
            return
        if not self.state.has(name):
            return  # given up, not renewed any more
        gone = [index for index, at_s in worker.leaving.items() if at_s <= self.now_s]
        for index in gone:
            del worker.leaving[index]
            worker.here.pop(index)
        self.state.gone(name, gone, self.now_s)
        worker.renewed_s = self.now_s
        self.deliver(worker)
        self.state.heard(name, self.now_s)

    def deliver(self, worker: Worker) -> None:
        """What is not confirmed is told again, until the lease is over."""
        if worker.connected and not worker.dead:
            told, worker.told = worker.told, []
            for order in told:
                self.obey(worker, order)

    def obey(self, worker: Worker, order: Order) -> None:
        if isinstance(order, Assign):
            worker.here.update((each.index, each) for each in order.assignments)
        elif isinstance(order, Withdraw):
            worker.leaving.update((index, self.now_s + index % 3) for index in order.indexes)
        elif isinstance(order, Drop):
            worker.leaving.update((index, self.now_s) for index in order.indexes)

    def check(self) -> None:
        everywhere = [index for worker in self.workers.values() for index in worker.live(self.now_s)]
        assert len(everywhere) == len(set(everywhere)), "a station is at two workers"

    def running(self) -> list[int]:
        return sorted(index for worker in self.workers.values() for index in worker.live(self.now_s))


EVENT = st.tuples(
    st.sampled_from(["join", "kill", "kill and tell", "silence", "wake", "scale"]),
    st.integers(0, 30),
    st.sampled_from([0.0, 1.0, 4.0, 9.0]),
)


def befall(cluster: Cluster, what: str, number: int) -> None:
    names = sorted(cluster.workers)
    name = names[number % len(names)] if names else None
    if what == "join" and len(names) < 5:
        cluster.join()
    elif name is not None and what.startswith("kill"):
        cluster.workers[name].dead = True
        if what == "kill and tell" and cluster.state.has(name):
            cluster.state.ended(name, cluster.now_s)
    elif name is not None and what in ("silence", "wake"):
        cluster.workers[name].connected = what == "wake"


def scale(cluster: Cluster, stations: int, over_s: float) -> None:
    many = max(0, stations - cluster.state.wanted)
    times = [cluster.now_s + over_s * number / many for number in range(many)]
    cluster.state.scale(stations, times, over_s, cluster.now_s)


def settled(cluster: Cluster) -> bool:
    counts = [len(worker.here) for name, worker in cluster.workers.items() if cluster.state.has(name)]
    return cluster.running() == list(range(cluster.state.wanted)) and max(counts) - min(counts) <= 2


def heal(cluster: Cluster) -> None:
    """Whoever is alive is connected, and one more worker comes."""
    for worker in cluster.workers.values():
        worker.connected = True
    cluster.join()


@settings(max_examples=80, deadline=None)
@given(st.lists(EVENT, max_size=10), st.sampled_from([0.0, 2.0, 10.0]), st.integers(1, 30))
def test_no_station_is_at_two_workers_and_in_the_end_all_run(
    events: list[tuple[str, int, float]], over_s: float, stations: int
) -> None:
    cluster = Cluster()
    cluster.join()
    cluster.join()
    scale(cluster, stations, over_s)
    for what, number, wait_s in events:
        if what == "scale":
            scale(cluster, number, over_s)
        else:
            befall(cluster, what, number)
        for _ in range(int(wait_s / STEP_S)):
            cluster.step()
    heal(cluster)
    for _ in range(int((90 + 10 * over_s) / STEP_S)):
        cluster.step()
        if settled(cluster):
            break
    assert cluster.running() == list(range(cluster.state.wanted))
    assert settled(cluster)


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENT, max_size=10), st.sampled_from([3.0, 10.0]), st.integers(2, 30))
def test_the_ramp_is_kept(events: list[tuple[str, int, float]], over_s: float, stations: int) -> None:
    cluster = Cluster()
    cluster.join()
    cluster.join()
    scale(cluster, stations, over_s)
    for what, number, wait_s in events:
        if what != "scale":
            befall(cluster, what, number)
        for _ in range(int(wait_s / STEP_S)):
            cluster.step()
    heal(cluster)
    for _ in range(int(40 / STEP_S)):
        cluster.step()
    dials = sorted(at_s for at_s, _ in cluster.dials)
    gap_s = over_s / stations
    assert all(later - earlier >= gap_s - 1e-6 for earlier, later in pairwise(dials))


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENT, max_size=10), st.integers(1, 20))
def test_every_assignment_of_a_station_has_a_number_of_its_own(
    events: list[tuple[str, int, float]], stations: int
) -> None:
    cluster = Cluster()
    cluster.join()
    seen: set[tuple[int, int]] = set()
    obey = cluster.obey

    def watching(worker: Worker, order: Order) -> None:
        if isinstance(order, Assign):
            for each in order.assignments:
                assert (each.index, each.attempt) not in seen
                seen.add((each.index, each.attempt))
        obey(worker, order)

    cluster.obey = watching  # type: ignore[method-assign]
    scale(cluster, stations, 1.0)
    for what, number, wait_s in events:
        befall(cluster, what, number)
        for _ in range(int(wait_s / STEP_S)):
            cluster.step()
