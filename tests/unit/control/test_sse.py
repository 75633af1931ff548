"""Server-sent events: what a stream shows, and how it resumes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from station.control.sse import KEPT, EventLog
from tests.support.fake_commandable import FakeCommandable


async def take(stream: AsyncIterator[bytes], count: int) -> list[tuple[int, str, dict[str, Any]]]:
    found: list[tuple[int, str, dict[str, Any]]] = []
    while len(found) < count:
        text = (await asyncio.wait_for(anext(stream), 10)).decode()
        fields = dict(line.split(": ", 1) for line in text.splitlines() if line and not line.startswith(":"))
        if "data" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def test_a_stream_begins_now_and_resumes_after_an_id() -> None:
    async def scenario() -> None:
        station = FakeCommandable()
        log = EventLog(station)
        station.emit("error", message="before")
        stream = log.stream(log.start_after(None), None)
        await anext(stream)
        station.emit("connected")
        station.emit("wire", direction=">")
        station.emit("disconnected", reason="x")
        seen = await take(stream, 2)
        assert [event for _, event, _ in seen] == ["connected", "disconnected"]
        assert seen[0][2]["event"] == "connected"
        assert seen[0][2]["timestamp"].endswith("Z")
        resumed = log.stream(log.start_after(str(seen[0][0])), None)
        assert [event for _, event, _ in await take(resumed, 1)] == ["disconnected"]
        everything = log.stream(log.start_after("0"), None)
        assert [event for _, event, _ in await take(everything, 3)] == ["error", "connected", "disconnected"]
        for unknown in ("999999999999999999", "abc", "-1"):
            assert log.start_after(unknown) == 0

    asyncio.run(scenario())


def test_types_choose_and_wire_is_collected_only_while_asked_for() -> None:
    async def scenario() -> None:
        station = FakeCommandable()
        log = EventLog(station)
        assert len(station.listeners) == 1
        stream = log.stream(log.start_after(None), frozenset({"wire", "token"}))
        await anext(stream)
        assert len(station.listeners) == 2
        station.emit("token", tagId="A")
        station.emit("connected")
        station.emit("wire", direction="<")
        assert [event for _, event, _ in await take(stream, 2)] == ["token", "wire"]
        await stream.aclose()  # type: ignore[attr-defined]
        assert len(station.listeners) == 1

    asyncio.run(scenario())


def test_the_log_is_bounded_and_ends_with_its_streams() -> None:
    async def scenario() -> None:
        station = FakeCommandable()
        log = EventLog(station)
        for _ in range(KEPT + 10):
            station.emit("meter_value", connector=1)
        stream = log.stream(0, None)
        first = (await take(stream, 1))[0][0]
        assert log.last_id - first == KEPT - 1
        rest = asyncio.ensure_future(take(stream, KEPT))
        await asyncio.sleep(0)
        log.close()
        try:
            await rest
        except (StopAsyncIteration, RuntimeError):
            assert station.listeners == []
        else:
            raise AssertionError("the stream went on")

    asyncio.run(scenario())
