from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from drivers.api import Card, DriverError, DriverLost, DriverMissing
from drivers.pump import Pump, ReaderLoop, Sink
from tests.support.driver_clock import HandClock

A = Card(b"\x04\x01\x02\x03", "106A")


class Script:
    """A reader that does what a list says; the last entry lasts."""

    def __init__(self, *polls: list[Card] | Exception) -> None:
        self.polls = list(polls)
        self.released = 0

    def poll(self) -> list[Card]:
        outcome = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def release(self) -> None:
        self.released += 1


class Heard:
    def __init__(self) -> None:
        self.calls: list[object] = []
        self.sink = Sink(
            card=lambda card: self.calls.append(card),
            lost=lambda error: self.calls.append(f"lost: {error}"),
            back=lambda: self.calls.append("back"),
        )


def _loop(opener: Callable[[], Script], heard: Heard) -> tuple[ReaderLoop, HandClock]:
    clock = HandClock()
    return ReaderLoop(opener, heard.sink, clock=clock), clock


def test_a_card_is_delivered_once_while_it_is_held() -> None:
    heard = Heard()
    loop, clock = _loop(lambda: Script([A]), heard)
    for _ in range(10):
        clock.advance(loop.step())
    assert heard.calls == [A]


@pytest.mark.parametrize("error", [DriverLost("gone"), IndexError("gone"), OSError("gone")])
def test_a_lost_reader_is_told_once_and_reopened(error: Exception) -> None:
    heard = Heard()
    readers = [Script([], error), Script(error), Script([])]
    opened: list[Script] = []

    def opener() -> Script:
        opened.append(readers.pop(0))
        return opened[-1]

    loop, clock = _loop(opener, heard)
    for _ in range(4):
        clock.advance(loop.step())
    assert len(heard.calls) == 2
    assert "gone" in str(heard.calls[0])
    assert heard.calls[1] == "back"
    assert [reader.released for reader in opened] == [1, 1, 0]


def test_back_off_grows_to_five_seconds_and_starts_anew_after_success() -> None:
    heard = Heard()
    failures = 6

    def opener() -> Script:
        nonlocal failures
        if failures:
            failures -= 1
            raise DriverMissing("no reader")
        return Script([], DriverLost("gone"))

    loop, _ = _loop(opener, heard)
    waits = [loop.step() for _ in range(8)]
    assert waits[:6] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert waits[7] == 0.5
    assert heard.calls == ["lost: no reader", "back", "lost: gone"]


def test_a_release_that_raises_and_a_callback_that_raises_do_no_harm() -> None:
    class Nasty(Script):
        def release(self) -> None:
            raise RuntimeError("termios")

    def fail(*_: object) -> None:
        raise RuntimeError("callback")

    loop = ReaderLoop(lambda: Nasty([A], DriverLost("gone")), Sink(fail, fail, fail), clock=HandClock())
    for _ in range(5):
        loop.step()
    loop.release()


def test_a_card_that_lies_there_during_a_loss_is_not_presented_again() -> None:
    heard = Heard()
    readers = [Script([A], DriverLost("gone")), Script([A])]
    loop, clock = _loop(lambda: readers.pop(0), heard)
    for _ in range(4):
        clock.advance(loop.step())
    assert heard.calls == [A, "lost: gone", "back"]


def test_the_thread_delivers_and_stops() -> None:
    reader, arrived, lost = Script([A]), threading.Event(), list[DriverError]()
    pump = Pump(ReaderLoop(lambda: reader, Sink(lambda card: arrived.set(), lost.append, lambda: None)))
    pump.start()
    assert arrived.wait(5)
    assert pump.stop()
    assert pump.stop()
    assert reader.released == 1
    assert not lost
