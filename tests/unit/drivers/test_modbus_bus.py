"""A line that devices share: turns, pauses, losses. The wire is scripted; nothing is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from drivers.api import DriverLost, DriverUnsupported, OptionError
from drivers.modbus import bus
from drivers.modbus.blocks import Span
from drivers.modbus.bus import attach
from drivers.modbus.wire import Line, NoAnswer, Refused

BLOCK = Span("holding", 10, 5)
PORT = "/dev/ttyNOT"


class ScriptedWire:
    """Answers with zeros, or with what `act` does; notes what was asked."""

    def __init__(self, line: Line) -> None:
        self.asked: list[tuple[int, str, int]] = []
        self.act: Callable[[int], Any] = lambda unit: None
        self.closed = 0
        self.under_way = 0

    def read(self, unit: int, span: Span, timeout_s: float) -> list[int]:
        self._do(unit, "read", span.count)
        return [0] * span.count

    def write(self, unit: int, span: Span, values: Sequence[int], timeout_s: float, *, single: bool = False) -> None:
        self._do(unit, "write", span.count)

    def close(self) -> None:
        self.closed += 1

    def _do(self, unit: int, what: str, count: int) -> None:
        self.under_way += 1
        assert self.under_way == 1, "two requests at once"
        try:
            self.asked.append((unit, what, count))
            self.act(unit)
        finally:
            self.under_way -= 1


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ScriptedWire]]:
    made: list[ScriptedWire] = []

    def make(line: Line) -> ScriptedWire:
        made.append(ScriptedWire(line))
        return made[-1]

    monkeypatch.setattr(bus, "Wire", make)
    yield made
    assert not bus._buses


def soon(seconds: float = 0.9) -> float:
    return time.monotonic() + seconds


def silent(unit: int) -> None:
    raise NoAnswer("silence")


def test_a_line_is_opened_once_and_closed_by_the_last(wires: list[ScriptedWire]) -> None:
    first, second = attach(Line(PORT), 1), attach(Line(PORT), 2)
    assert len(wires) == 1
    first.release()
    first.release()
    assert wires[0].closed == 0
    second.release()
    assert wires[0].closed == 1
    third = attach(Line(PORT), 1)
    assert len(wires) == 2
    third.release()


def test_speed_and_parity_have_to_agree(wires: list[ScriptedWire]) -> None:
    first = attach(Line(PORT, 9600, "none"), 1)
    for line in (Line(PORT, 2400, "none"), Line(PORT, 9600, "even")):
        with pytest.raises(DriverUnsupported, match="in use with 9600 baud, parity none"):
            attach(line, 2)
    first.release()


def test_a_tcp_line_is_known_by_host_and_port(wires: list[ScriptedWire]) -> None:
    first, second = attach(Line("tcp://192.168.0.8:502"), 1), attach(Line("tcp://192.168.0.8:502/", 2400), 2)
    assert len(wires) == 1
    first.release()
    second.release()
    assert Line("tcp://[::1]:502").endpoint == ("::1", 502)
    for text in ("tcp://", "tcp://host", "tcp://host:0", "tcp://user@host:502", "tcp://a:b:502", "tcp:/x:1"):
        with pytest.raises(OptionError):
            attach(Line(text), 1)


def test_the_first_answer_and_one_after_a_loss_are_asked_for_in_another_size(wires: list[ScriptedWire]) -> None:
    unit = attach(Line(PORT), 1)
    unit.read(BLOCK, soon())
    unit.read(BLOCK, soon())
    assert wires[0].asked == [(1, "read", 2), (1, "read", 5), (1, "read", 5)]
    wires[0].act = silent
    with pytest.raises(NoAnswer):
        unit.read(BLOCK, soon())
    wires[0].act = lambda unit: None
    wires[0].asked.clear()
    unit.write(BLOCK, [0] * 5, soon())  # proves nothing: its answer does not say what was written
    unit.read(Span("holding", 10, 2), soon())
    unit.read(Span("coil", 10, 3), soon())
    assert wires[0].asked == [(1, "write", 5), (1, "read", 4), (1, "read", 2), (1, "read", 3)]
    unit.release()


def test_a_refusal_is_an_answer(wires: list[ScriptedWire]) -> None:
    unit = attach(Line(PORT), 1)

    def refuse(_: int) -> None:
        raise Refused(2, "no such register")

    wires[0].act = refuse
    for _ in range(4):
        with pytest.raises(Refused):
            unit.read(BLOCK, soon())
    assert wires[0].asked == [(1, "read", 2)] + [(1, "read", 5)] * 4
    unit.release()


def test_a_silent_unit_is_asked_more_rarely_but_what_is_urgent_always(wires: list[ScriptedWire]) -> None:
    hung, other = attach(Line(PORT), 1), attach(Line(PORT), 2)
    wires[0].act = lambda unit: silent(unit) if unit == 1 else None
    for _ in range(10):
        with pytest.raises(NoAnswer):
            hung.read(BLOCK, soon())
    assert len(wires[0].asked) == 2  # then a pause
    with pytest.raises(NoAnswer):
        hung.write(BLOCK, [0] * 5, soon())
    assert len(wires[0].asked) == 3
    other.read(BLOCK, soon())
    assert wires[0].asked[-1] == (2, "read", 5)
    hung.release()
    other.release()


def test_one_at_a_time_and_the_urgent_first(wires: list[ScriptedWire]) -> None:
    """While one request hangs, a read and a write wait: the write goes next, though it came later."""
    units = [attach(Line(PORT), number) for number in (1, 2, 3)]
    for unit in units:
        unit.read(BLOCK, soon())
    wires[0].asked.clear()
    entered, go_on = threading.Event(), threading.Event()

    def hang(unit: int) -> None:
        if unit == 1:
            entered.set()
            go_on.wait(2)

    wires[0].act = hang
    turn = bus._buses[PORT]._turn
    threads = [
        threading.Thread(target=units[0].read, args=(BLOCK, soon(2))),
        threading.Thread(target=units[1].read, args=(BLOCK, soon(2))),
        threading.Thread(target=units[2].write, args=(BLOCK, [0] * 5, soon(2))),
    ]
    threads[0].start()
    assert entered.wait(2)
    threads[1].start()
    threads[2].start()
    end_s = soon(2)
    while not turn._urgent and time.monotonic() < end_s:
        time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join(2)
    assert wires[0].asked == [(1, "read", 5), (3, "write", 5), (2, "read", 5)]
    for unit in units:
        unit.release()


def test_a_line_that_stays_busy_is_no_fault_of_the_unit(wires: list[ScriptedWire]) -> None:
    first, second = attach(Line(PORT), 1), attach(Line(PORT), 2)
    second.read(BLOCK, soon())
    entered, go_on = threading.Event(), threading.Event()

    def hang(unit: int) -> None:
        entered.set()
        go_on.wait(2)

    wires[0].act = hang
    thread = threading.Thread(target=lambda: first.read(BLOCK, soon(3)))
    thread.start()
    assert entered.wait(2)
    began_s = time.monotonic()
    with pytest.raises(NoAnswer, match="busy"):
        second.read(BLOCK, soon(0.25))
    assert time.monotonic() - began_s < 0.3
    assert second.retry_at_once()
    go_on.set()
    thread.join(2)
    first.release()
    second.release()


def test_a_line_that_is_gone_is_gone_for_all_and_the_next_gets_a_new_one(wires: list[ScriptedWire]) -> None:
    first, second = attach(Line(PORT), 1), attach(Line(PORT), 2)

    def pulled(unit: int) -> None:
        raise DriverLost("the adapter was pulled")

    wires[0].act = pulled
    for unit in (first, second):
        with pytest.raises(DriverLost, match="pulled"):
            unit.read(BLOCK, soon())
    assert len(wires[0].asked) == 1
    anew = attach(Line(PORT), 1)
    assert len(wires) == 2
    anew.read(BLOCK, soon())
    for unit in (first, second, anew):
        unit.release()


def test_a_unit_rests_between_two_requests(wires: list[ScriptedWire], monkeypatch: pytest.MonkeyPatch) -> None:
    unit, other = attach(Line(PORT), 1, rest_s=0.2), attach(Line(PORT), 2)
    slept: list[float] = []
    monkeypatch.setattr(bus.time, "sleep", slept.append)
    other.read(BLOCK, soon())
    assert slept == []
    unit.write(BLOCK, [0] * 5, soon())
    unit.write(BLOCK, [0] * 5, soon())
    assert len(slept) == 1 and 0.15 < slept[0] <= 0.2
    with pytest.raises(NoAnswer, match="no time left"):
        unit.write(BLOCK, [0] * 5, soon(0.3))
    unit.release()
    other.release()


def test_released_units_are_lost(wires: list[ScriptedWire]) -> None:
    unit = attach(Line(PORT), 1)
    unit.release()
    with pytest.raises(DriverLost):
        unit.read(BLOCK, soon())
