"""The control lines over pipes: what goes in, what comes out."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from station.control.lines import MAX_LINE, ControlLines, LineSplitter
from tests.support.fake_commandable import FakeCommandable


class Session:
    """The other side of the lines."""

    def __init__(self, wire: bool = False) -> None:
        self.station = FakeCommandable()
        self.ended = asyncio.Event()
        self._stdin, self._to = os.pipe()
        self._from, self._stdout = os.pipe()
        self._reader = os.fdopen(self._from, "rb")
        self.lines = ControlLines(self.station, self.ended.set, wire=wire, stdin_fd=self._stdin, stdout_fd=self._stdout)

    def send(self, text: str | bytes) -> None:
        os.write(self._to, text if isinstance(text, bytes) else text.encode())

    def ask(self, identity: str, command: str, **params: Any) -> None:
        self.send(json.dumps({"id": identity, "command": command, "params": params}) + "\n")

    async def next(self) -> dict[str, Any]:
        line = await asyncio.wait_for(asyncio.to_thread(self._reader.readline), 10)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end_input(self) -> None:
        if self._to >= 0:
            os.close(self._to)
            self._to = -1

    async def close(self) -> None:
        await self.lines.close()
        self.end_input()
        os.close(self._stdout)
        self._reader.close()


@asynccontextmanager
async def session(wire: bool = False) -> AsyncIterator[Session]:
    made = Session(wire)
    made.lines.start("http://127.0.0.1:1")
    try:
        ready = await made.next()
        assert ready["event"] == "ready"
        assert ready["data"] == {"control": "http://127.0.0.1:1"}
        assert ready["timestamp"].endswith("Z")
        yield made
    finally:
        await made.close()


def test_answers_carry_the_id_and_commands_take_effect_in_order() -> None:
    async def scenario() -> None:
        async with session() as s:
            s.ask("a", "plug_in", connector=1)
            s.ask("b", "status")
            assert await s.next() == {"id": "a", "ok": True, "data": {}}
            assert (await s.next())["data"]["id"] == "CP-1"
            assert [name for name, _ in s.station.executed] == ["plug_in", "status"]

    asyncio.run(scenario())


def test_a_slow_command_holds_up_no_other() -> None:
    async def scenario() -> None:
        async with session() as s:
            s.station.stays_open.add("tap")
            s.ask("slow", "tap", tagId="A")
            s.ask("fast", "status")
            assert (await s.next())["id"] == "fast"
            s.station.finish("tap", {"result": "USED_TO_START"})
            assert await s.next() == {"id": "slow", "ok": True, "data": {"result": "USED_TO_START"}}

    asyncio.run(scenario())


def test_time_out_and_refusals_are_false() -> None:
    async def scenario() -> None:
        async with session() as s:
            s.station.stays_open.add("tap")
            s.station.refusals["unplug"] = "the pilot is real hardware"
            s.ask("1", "tap", tagId="A", timeout=0.05)
            assert await s.next() == {"id": "1", "ok": False, "error": "tap did not come about within 0.05 s"}
            assert s.station.open_["tap"].cancelled()
            s.ask("2", "unplug")
            assert await s.next() == {"id": "2", "ok": False, "error": "the pilot is real hardware"}
            s.ask("3", "heartbeat")
            answer = await s.next()
            assert (answer["ok"], "fell over" in answer["error"]) == (False, True)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"hello\n", "the line is no JSON"),
        (b"[1]\n", "the line is no object"),
        (b"\xff\xfe\n", "the line is no JSON"),
        (b"[" * 100_000 + b"\n", "the line is no JSON"),
        (b'{"id": 1}\n', "the line has no command"),
        (b'{"command": "tap", "params": []}\n', "params must be an object"),
        (b'{"command": "tapp"}\n', "unknown command \"tapp\"; did you mean 'tap'?"),
        (b'{"command": "tap"}\n', "tap needs tagId"),
        (b"x" * (MAX_LINE + 1) + b"\n", "the line is longer than"),
    ],
)
def test_bad_lines_are_answered_and_the_session_goes_on(line: bytes, error: str) -> None:
    async def scenario() -> None:
        async with session() as s:
            await asyncio.to_thread(s.send, line)
            answer = await s.next()
            assert answer["ok"] is False
            assert error in answer["error"]
            s.send('\n  \r\n{"command": "plug_in"}\r\n')
            assert await s.next() == {"id": None, "ok": True, "data": {}}

    asyncio.run(scenario())


def test_events_come_on_the_same_output_and_wire_only_when_asked_for() -> None:
    async def scenario() -> None:
        async with session() as s:
            s.station.emit("wire", direction=">")
            s.station.emit("connected")
            assert (await s.next())["event"] == "connected"
        async with session(wire=True) as s:
            s.station.emit("wire", direction=">")
            assert (await s.next())["event"] == "wire"

    asyncio.run(scenario())


def test_the_end_of_the_input_asks_for_the_stop_once_the_last_line_was_taken() -> None:
    async def scenario() -> None:
        async with session() as s:
            s.send('{"id": 7, "command": "unplug"}')
            s.end_input()
            await asyncio.wait_for(s.ended.wait(), 10)
            assert await s.next() == {"id": 7, "ok": True, "data": {}}

    asyncio.run(scenario())


def test_what_is_open_at_the_end_is_answered() -> None:
    async def scenario() -> None:
        async with session() as s:
            s.station.stays_open.add("tap")
            s.ask("a", "tap", tagId="A")
            s.ask("b", "status")
            assert (await s.next())["id"] == "b"
            await s.lines.close()
            assert await s.next() == {"id": "a", "ok": False, "error": "tap was given up: the station stops"}

    asyncio.run(scenario())


def test_input_from_a_file_and_from_nothing(tmp_path: Path) -> None:
    async def scenario(stdin: Path) -> list[str]:
        station, ended = FakeCommandable(), asyncio.Event()
        output = tmp_path / "out"
        source, sink = os.open(stdin, os.O_RDONLY), os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        lines = ControlLines(station, ended.set, stdin_fd=source, stdout_fd=sink)
        lines.start(None)
        await asyncio.wait_for(ended.wait(), 10)
        await lines.close()
        os.close(source)
        os.close(sink)
        return [json.loads(line).get("event", "answer") for line in output.read_text().splitlines()]

    script = tmp_path / "script"
    script.write_text('{"command": "plug_in"}\n{"command": "unplug"}\n')
    assert asyncio.run(scenario(script)) == ["ready", "answer", "answer"]
    assert asyncio.run(scenario(Path("/dev/null"))) == ["ready"]


def test_lines_are_cut_wherever_the_bytes_are() -> None:
    splitter = LineSplitter(limit=4)
    assert splitter.feed(b"ab") == []
    assert splitter.feed(b"c\nd\n\ntoo") == [b"abc", b"d", b""]
    assert splitter.feed(b" long") == []
    assert splitter.feed(b" still\nok") == [None]
    assert splitter.end() == [b"ok"]
    assert splitter.end() == []
