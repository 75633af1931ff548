"""The central system of a virtual fleet: what is repeated stands in its books once, what is told twice is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from station.fleet.double import Double
from station.net import Target
from tests.support.virtual_loop import run_virtual


class End:
    """A station's connection; what it hears."""

    def __init__(self) -> None:
        self.is_open = True
        self.heard: list[Any] = []

    def send(self, text: str) -> None:
        self.heard.append(orjson.loads(text))


class Station:
    """A station that says what a test wants, over connections that break when a test wants."""

    def __init__(self) -> None:
        self.double = Double(asyncio.get_running_loop())
        self.dial()

    def dial(self) -> None:
        self.end = End()
        target = Target("ws://csms.test/CP-1", ("ocpp1.6",))
        _, self._peer = self.double.accept(target, self.end)  # type: ignore[arg-type]

    async def say(self, action: str, payload: dict[str, Any], *, lost: bool = False) -> Any:
        """Its answer; ``lost``: the connection breaks before it comes, and is made anew."""
        self._peer.text(orjson.dumps([2, "1", action, payload]).decode())
        if lost:
            self.end.is_open = False
            self.dial()
            return None
        await asyncio.sleep(1.5)
        return self.end.heard[-1][2]


def start(second: int = 1) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": f"2026-01-05T00:00:0{second}Z"}


def stop(transaction: int) -> dict[str, Any]:
    return {"transactionId": transaction, "meterStop": 10, "timestamp": "2026-01-05T00:01:00Z"}


def event(kind: str, seq: int, **more: bool) -> dict[str, Any]:
    return {"eventType": kind, "seqNo": seq, "transactionInfo": {"transactionId": "T"}, **more}


async def _repeats_in_1_6(station: Station) -> None:
    await station.say("StartTransaction", start(), lost=True)
    number = (await station.say("StartTransaction", start()))["transactionId"]
    await station.say("StopTransaction", stop(number), lost=True)
    await station.say("StopTransaction", stop(number))


async def _repeats_in_2_0_1(station: Station) -> None:
    await station.say("TransactionEvent", event("Started", 0), lost=True)
    await station.say("TransactionEvent", event("Started", 0, offline=True))
    await station.say("TransactionEvent", event("Ended", 1), lost=True)
    await station.say("TransactionEvent", event("Ended", 1, offline=True))


async def _repeats_after_a_time_out(station: Station) -> None:
    await station.say("TransactionEvent", event("Started", 0))
    await station.say("TransactionEvent", event("Started", 0))
    await station.say("TransactionEvent", event("Ended", 1))


@pytest.mark.parametrize("story", [_repeats_in_1_6, _repeats_in_2_0_1, _repeats_after_a_time_out])
def test_what_is_repeated_stands_in_the_books_once(story: Callable[[Station], Any]) -> None:
    async def told() -> Double:
        station = Station()
        await story(station)
        return station.double

    books = run_virtual(told()).books
    assert (books.finished, books.check()) == (1, [])


def test_what_is_told_twice_at_once_is_wrong() -> None:
    async def told() -> list[str]:
        station = Station()
        for payload in (event("Started", 0), event("Started", 0)):
            station._peer.text(orjson.dumps([2, "1", "TransactionEvent", payload]).decode())
        return station.double.books.check()

    assert run_virtual(told())


def test_a_start_of_another_time_is_another_transaction() -> None:
    async def told() -> list[int]:
        station = Station()
        await station.say("StartTransaction", start(1), lost=True)
        return [(await station.say("StartTransaction", start(second)))["transactionId"] for second in (1, 2)]

    assert run_virtual(told()) == [1, 2]
