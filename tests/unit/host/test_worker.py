"""A device's thread: order, urgency, and an end that comes whatever the device does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from station.host import worker as worker_module
from station.host.worker import Look, Order, Worker

Results = queue.SimpleQueue[Any]


def order(act: Callable[[], Any], results: Results) -> Order:
    return Order(act, results.put, results.put)


def worker(released: Callable[[], None] = lambda: None) -> Worker:
    return Worker("evse-1-test", lambda call: call(), released)


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
    one = Worker("evse-1-test", closed, released.set)
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
    gate.set()
