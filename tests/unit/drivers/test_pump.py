from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from drivers.api import Card, DriverError, DriverLost, DriverMissing
from drivers.pump import HANGS_S, WATCH_S, Pump, ReaderLoop, Sink
from tests.support.driver_clock import HandClock

A = Card(b"\x04\x01\x02\x03", "106A")


class Script:
    """A reader that does what a list says; the last entry lasts."""

    def __init__(self, *polls: list[Card] | BaseException) -> None:
        self.polls = list(polls)
        self.released = 0

    def poll(self) -> list[Card]:
        outcome = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        if isinstance(outcome, BaseException):
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


@pytest.mark.parametrize("error", [DriverLost("gone"), IndexError("gone"), OSError("gone"), SystemExit("gone")])
def test_a_lost_reader_is_told_once_and_reopened(error: BaseException) -> None:
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


@pytest.mark.parametrize("answer", [None, 5, ["04A1"], [None]])
def test_what_is_no_list_of_cards_is_a_loss(answer: Any) -> None:
    heard = Heard()
    loop, clock = _loop(lambda: Script(answer), heard)
    clock.advance(loop.step())
    assert len(heard.calls) == 1 and str(heard.calls[0]).startswith("lost")


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


def test_an_opening_that_takes_long_is_part_of_the_five_seconds() -> None:
    clock = HandClock()

    def opener() -> Script:
        clock.advance(1.2)
        raise DriverMissing("no reader")

    loop = ReaderLoop(opener, Heard().sink, clock=clock)
    waits = [loop.step() for _ in range(6)]
    assert waits == pytest.approx([0.5, 0.5, 0.8, 2.8, 3.8, 3.8])


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


class Hanging(Script):
    """A reader whose poll comes back when it is let go."""

    def __init__(self, *polls: list[Card] | BaseException) -> None:
        super().__init__(*polls)
        self.entered = threading.Event()
        self.go = threading.Event()

    def poll(self) -> list[Card]:
        self.entered.set()
        assert self.go.wait(10)
        return super().poll()


def _hung(reader: Hanging, heard: Heard) -> tuple[ReaderLoop, HandClock, threading.Thread]:
    loop, clock = _loop(lambda: reader, heard)
    thread = threading.Thread(target=loop.step, daemon=True)
    thread.start()
    assert reader.entered.wait(5)
    return loop, clock, thread


def test_a_poll_that_does_not_come_back_is_a_loss_within_five_seconds() -> None:
    heard, reader = Heard(), Hanging([A])
    loop, clock, thread = _hung(reader, heard)
    clock.advance(HANGS_S)
    loop.watch()
    assert heard.calls == []
    clock.advance(WATCH_S)
    loop.watch()
    loop.watch()
    assert heard.calls == ["lost: it does not come back from being asked"]
    assert loop.stats.lost
    assert HANGS_S + WATCH_S < 5
    reader.go.set()
    thread.join(5)
    assert heard.calls[1:] == ["back", A]
    loop.watch()
    assert heard.calls[3:] == []
    assert not loop.stats.lost


def test_a_hang_that_ends_in_an_error_is_one_loss() -> None:
    heard, reader = Heard(), Hanging(DriverLost("unplugged"))
    loop, clock, thread = _hung(reader, heard)
    clock.advance(HANGS_S + WATCH_S)
    loop.watch()
    reader.go.set()
    thread.join(5)
    assert len(heard.calls) == 1
    assert (loop.stats.losses, reader.released) == (1, 1)


def test_an_opening_that_does_not_come_back_is_a_loss_too() -> None:
    heard, clock = Heard(), HandClock()
    entered, go = threading.Event(), threading.Event()

    def opener() -> Script:
        entered.set()
        assert go.wait(10)
        return Script([])

    loop = ReaderLoop(opener, heard.sink, clock=clock)
    thread = threading.Thread(target=loop.step, daemon=True)
    thread.start()
    assert entered.wait(5)
    clock.advance(HANGS_S + WATCH_S)
    loop.watch()
    assert len(heard.calls) == 1
    go.set()
    thread.join(5)
    assert heard.calls[1:] == ["back"]


def test_an_idle_reader_is_asked_at_most_twenty_times_a_second() -> None:
    """A PN532 costs a small machine about a millisecond of its processor a question."""
    loop, _ = _loop(lambda: Script([]), Heard())
    assert loop.step() >= 0.05


def test_an_idle_reader_never_hangs() -> None:
    heard = Heard()
    loop, clock = _loop(lambda: Script([]), heard)
    loop.step()
    clock.advance(100)
    loop.watch()
    assert heard.calls == []


def test_a_hanging_reader_delays_no_stop_and_delivers_nothing_afterwards() -> None:
    heard, reader = Heard(), Hanging([A])
    pump = Pump(ReaderLoop(lambda: reader, heard.sink))
    pump.start()
    assert reader.entered.wait(5)
    assert not pump.stop(timeout_s=0.01)
    reader.go.set()
    assert pump.stop()
    assert heard.calls == []
    assert reader.released == 1


def test_a_callback_may_stop_the_pump() -> None:
    stopped = threading.Event()

    def stop(error: DriverError) -> None:
        pump.stop()
        stopped.set()

    pump = Pump(ReaderLoop(lambda: Script(DriverLost("gone")), Sink(lambda card: None, stop, lambda: None)))
    pump.start()
    assert stopped.wait(5)
    assert pump.stop()


def test_one_thread_watches_all_pumps_and_ends_with_the_last() -> None:
    pumps = [Pump(ReaderLoop(lambda: Script([]), Heard().sink, interval_s=1.0), f"r{number}") for number in range(5)]
    for pump in pumps:
        pump.start()
    watchers = [thread for thread in threading.enumerate() if thread.name == "pump-watch"]
    assert len(watchers) == 1
    for pump in pumps:
        assert pump.stop()
    watchers[0].join(5)
    assert not watchers[0].is_alive()


def test_errors_that_were_overcome_losses_and_cards_are_counted() -> None:
    heard = Heard()
    readers = [Script([A], DriverLost("gone")), Script([])]
    for number, reader in enumerate(readers, 2):
        reader.errors = number  # type: ignore[attr-defined]
    loop, clock = _loop(lambda: readers.pop(0), heard)
    for _ in range(4):
        clock.advance(loop.step())
    stats = loop.stats
    assert (stats.polls, stats.cards, stats.errors, stats.losses, stats.reason) == (3, 1, 5, 1, "gone")
    assert not stats.lost
