"""A device's thread: order, urgency, and an end that comes whatever the device does."""

from __future__ import annotations

import queue
import threading
import time
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

import pytest

from drivers.api import DriverLost
from station.host import worker as worker_module
from station.host.slot import Slot
from station.host.worker import Look, Order, Worker, join_all

Results = queue.SimpleQueue[Any]


def order(act: Callable[[], Any], results: Results) -> Order:
    return Order(lambda device: act(), results.put, results.put)


class Device:
    """Is given back, and tells so."""

    def __init__(self, released: Callable[[], None] = lambda: None) -> None:
        self.release = released


def worker(released: Callable[[], None] = lambda: None) -> Worker:
    return Worker("evse-1-test", lambda call: call(), Slot(None, Device(released)))


def test_orders_are_done_in_their_order_and_urgent_ones_first() -> None:
    results: Results = queue.SimpleQueue()
    gate, begun = threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        return gate.wait(5)

    one = worker()
    one.start()
    one.submit(order(wait, results))
    assert begun.wait(2)
    for number in (1, 2):
        one.submit(order(lambda number=number: number, results))  # type: ignore[misc]
    one.submit(order(lambda: "urgent", results), urgent=True)
    gate.set()
    assert [results.get(timeout=2) for _ in range(4)] == [True, "urgent", 1, 2]
    one.stop()
    one.join()


def test_what_fails_is_told_and_ends_nothing() -> None:
    results: Results = queue.SimpleQueue()
    one = worker()
    one.start()
    one.submit(order(lambda: 1 // 0, results))
    one.submit(order(lambda: "alive", results))
    assert isinstance(results.get(timeout=2), ZeroDivisionError)
    assert results.get(timeout=2) == "alive"
    one.stop()
    one.join()


@pytest.mark.parametrize("ending", [SystemExit, GeneratorExit, KeyboardInterrupt, CancelledError])
def test_no_exception_of_a_device_ends_its_thread(ending: type[BaseException]) -> None:
    def leave() -> None:
        raise ending("gone")

    results: Results = queue.SimpleQueue()
    one = worker(leave)
    one.start()
    one.submit(order(leave, results))
    one.submit(order(lambda: "alive", results))
    error = results.get(timeout=2)
    assert isinstance(error, DriverLost) and ending.__name__ in str(error)
    assert results.get(timeout=2) == "alive"
    one.stop()
    one.join()


def test_an_opening_that_would_end_the_thread_is_tried_again() -> None:
    def leave() -> None:
        raise SystemExit(1)

    results: Results = queue.SimpleQueue()
    one = Worker("evse-1-test", lambda call: call(), Slot(leave))
    one.start()
    for _ in range(2):
        one.submit(order(lambda: "never", results))
        assert isinstance(results.get(timeout=2), DriverLost)
    one.stop()
    one.join()


def test_it_looks_in_between() -> None:
    results: Results = queue.SimpleQueue()
    one = worker()
    one.looks.append(Look(0.01, order(lambda: "look", results)))
    one.start()
    assert [results.get(timeout=2) for _ in range(2)] == ["look", "look"]
    one.stop()
    one.join()


def test_nobody_to_tell_ends_nothing() -> None:
    def closed(call: Callable[[], None]) -> None:
        raise RuntimeError("the loop is closed")

    released = threading.Event()
    one = Worker("evse-1-test", closed, Slot(None, Device(released.set)))
    one.start()
    one.submit(order(lambda: 1, queue.SimpleQueue()))
    one.stop()
    one.join()
    assert released.is_set()


def test_a_device_that_hangs_is_given_back_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_PATIENCE_S", 0.1)
    hangs, gate, released = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        gate.wait(30)

    one = worker(released.set)
    one.start()
    one.submit(order(hang, queue.SimpleQueue()))
    assert hangs.wait(5)
    one.stop()
    one.join()
    assert released.is_set()
    gate.set()


def test_several_that_hang_are_waited_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_PATIENCE_S", 0.2)
    gate = threading.Event()
    all_of_them = [worker() for _ in range(4)]
    for one in all_of_them:
        one.start()
        one.submit(order(lambda: gate.wait(30), queue.SimpleQueue()))
        one.stop()
    began_s = time.monotonic()
    join_all(all_of_them)
    assert time.monotonic() - began_s < 0.6
    gate.set()


def test_a_call_that_comes_back_too_late_counts_as_a_loss_and_the_device_is_opened_anew() -> None:
    results: Results = queue.SimpleQueue()
    gate = threading.Event()
    opened: list[Device] = []
    released: list[Device] = []

    def opener() -> Device:
        opened.append(Device(lambda: released.append(opened[0])))
        return opened[-1]

    slot = Slot(opener)
    one = Worker("evse-1-test", lambda call: call(), slot)
    one.limit_s = 0.05
    one.looks.append(Look(0.01, Order(lambda device: device, results.put, results.put)))
    one.start()
    assert results.get(timeout=2) is opened[0]
    one.submit(Order(lambda device: gate.wait(30), results.put, results.put))
    wait_until(one.hangs)
    gate.set()
    while not isinstance(problem := results.get(timeout=2), DriverLost):
        assert problem is opened[0]
    assert "no answer" in str(problem)
    assert not one.hangs()
    wait_until(lambda: len(opened) == 2)
    assert results.get(timeout=2) is opened[1]
    assert released == [opened[0]]
    one.stop()
    one.join()


def test_a_device_that_hangs_is_not_asked_without_end() -> None:
    """What waits is bounded; an opening is never refused."""
    results: Results = queue.SimpleQueue()
    gate, begun = threading.Event(), threading.Event()
    one = worker()
    one.start()
    one.submit(order(lambda: (begun.set(), gate.wait(30)), queue.SimpleQueue()))
    assert begun.wait(2)
    for number in range(1000):
        one.submit(order(lambda number=number: number, results))  # type: ignore[misc]
    one.submit(order(lambda: "open", results), urgent=True)
    refused = results.qsize()
    assert refused > 900
    assert all(isinstance(results.get(), DriverLost) for _ in range(refused))
    gate.set()
    assert results.get(timeout=2) == "open"
    one.stop()
    one.join()


def test_a_device_that_cannot_be_opened_fails_each_order_and_is_looked_at_only_when_an_attempt_is_due() -> None:
    results: Results = queue.SimpleQueue()
    looks: Results = queue.SimpleQueue()

    def opener() -> Device:
        raise OSError("no such thing")

    one = Worker("evse-1-test", lambda call: call(), Slot(opener))
    one.looks.append(Look(0.001, Order(lambda device: device, looks.put, looks.put)))
    one.start()
    for _ in range(3):
        one.submit(order(lambda: "never", results))
        assert isinstance(results.get(timeout=2), DriverLost)
    assert looks.qsize() <= 1
    one.stop()
    one.join()


def wait_until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)
