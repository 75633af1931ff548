"""`python -m station run …` as a program: its lines, its events, its end. For tests over real sockets.

    async with StationProcess(tmp_path, "--csms", csms.url, "--control", "stdio") as station:
        await station.do("plug_in", connector=1)
        await station.event("transaction_started")
        assert await station.stop() == 0

Everything that the program writes below the user's directories goes below `where`. Lines that are no JSON are kept in
`plain`, the standard error in `errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
_FOREIGN = ("RUNTIME_DIRECTORY", "STATE_DIRECTORY", "STATION_TOKEN", "NOTIFY_SOCKET", "WATCHDOG_USEC")

Data = dict[str, Any]


def environment(where: Path) -> dict[str, str]:
    """Home, state and runtime directories below `where`."""
    env = {name: value for name, value in os.environ.items() if name not in _FOREIGN and not name.startswith("XDG_")}
    runtime = where / "run"
    runtime.mkdir(exist_ok=True)
    return env | {
        "HOME": str(where),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_STATE_HOME": str(where / "state"),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


async def verb(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `station ARGUMENTS` to its end."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "station", *arguments],
        env=environment(where),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )


class StationProcess:
    """A running `station run`. Without `--control stdio` nothing is sent and all output is in `plain` or `events`."""

    def __init__(self, where: Path, *arguments: str, stdin: int = subprocess.PIPE, **more_env: str) -> None:
        self._where = where
        self._arguments = arguments
        self._stdin = stdin
        self._env = environment(where) | more_env
        self._ids = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Data]] = {}
        self._changed = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []
        self.events: list[Data] = []
        self.stray: list[Data] = []
        self.plain: list[str] = []
        self.errors: list[str] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.ended()

    async def start(self) -> None:
        """Start it, or start it again after its end; what was heard before is forgotten."""
        self.events, self.stray, self.plain, self.errors = [], [], [], []
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "station",
            "run",
            *self._arguments,
            stdin=self._stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._env,
            cwd=ROOT,
            limit=1 << 22,
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read_output(self.process.stdout)),
            asyncio.create_task(self._read(self.process.stderr, self.errors.append)),
        ]

    # --- commands -------------------------------------------------------------------------------------------------

    def send(self, line: str) -> None:
        """Write a raw line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    def begin(self, command: str, /, **params: Any) -> asyncio.Future[Data]:
        """Send a command; the future has its answer."""
        identity = f"c{next(self._ids)}"
        future = asyncio.get_running_loop().create_future()
        self._answers[identity] = future
        self.send(json.dumps({"id": identity, "command": command, "params": params}))
        return future

    async def ask(self, command: str, /, patience_s: float = 35.0, **params: Any) -> Data:
        """Send a command and wait for its answer: `{"id", "ok", …}`."""
        try:
            return await asyncio.wait_for(self.begin(command, **params), patience_s)
        except TimeoutError:
            raise AssertionError(f"{command} was not answered in {patience_s} s; {self.story()}") from None

    async def do(self, command: str, /, **params: Any) -> Data:
        """Send a command that has to come about; its data."""
        answer = await self.ask(command, **params)
        assert answer["ok"], f"{command}: {answer}; {self.story()}"
        data: Data = answer["data"]
        return data

    async def refused(self, command: str, /, **params: Any) -> str:
        """Send a command that has to be refused; the error."""
        answer = await self.ask(command, **params)
        assert answer["ok"] is False, f"{command} was not refused: {answer}"
        error: str = answer["error"]
        return error

    async def evse(self, index: int = 0) -> Data:
        """One connector of the status."""
        entry: Data = (await self.do("status"))["evses"][index]
        return entry

    # --- what it tells --------------------------------------------------------------------------------------------

    async def event(
        self, name: str, predicate: Callable[[Data], Any] | None = None, since: int = 0, timeout_s: float = 15.0
    ) -> Data:
        """The data of the first event of this name (from `since` on) that satisfies the predicate; waits for it."""

        def found() -> list[Data]:
            return [
                made["data"]
                for made in self.events[since:]
                if made["event"] == name and (predicate is None or predicate(made["data"]))
            ]

        await self.until(found, timeout_s, f"event {name}")
        return found()[0]

    async def until(self, condition: Callable[[], Any], timeout_s: float = 15.0, what: str = "it") -> None:
        """Wait until something that the program wrote makes the condition true."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come about in {timeout_s} s; {self.story()}") from None

    async def holds(self, check: Callable[[Data], Any], timeout_s: float = 15.0) -> Data:
        """Ask for the status until it satisfies the check."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while not check(status := await self.do("status")):
            assert loop.time() < end, f"the status is {status}; {self.story()}"
            await asyncio.sleep(0.05)
        return status

    def story(self) -> str:
        """What it said, for an error."""
        heard = [(made["event"], made["data"]) for made in self.events[-12:]]
        return f"events {heard}; plain {self.plain[-10:]}; errors {self.errors[-10:]}"

    # --- its end --------------------------------------------------------------------------------------------------

    async def stop(self) -> int:
        """End the control lines and wait; the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self.ended()

    async def terminate(self) -> int:
        """SIGTERM, and wait; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """SIGKILL, and wait."""
        self.process.kill()
        await self.ended()

    async def ended(self, timeout_s: float = 15.0) -> int:
        """Wait for the end; the exit code."""
        code = await asyncio.wait_for(self.process.wait(), timeout_s)
        await asyncio.gather(*self._readers)
        if self.process.stdin is not None:
            self.process.stdin.close()
            with contextlib.suppress(ConnectionError):
                await self.process.stdin.wait_closed()
        return code

    async def _read(self, stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
        while line := await stream.readline():
            take(line.decode("utf-8", "replace").rstrip("\n"))
            self._changed.set()

    async def _read_output(self, stream: asyncio.StreamReader) -> None:
        await self._read(stream, self._line)
        for future in self._answers.values():
            if not future.done():
                future.set_exception(AssertionError(f"it ended without an answer; {self.story()}"))
        self._answers.clear()

    def _line(self, line: str) -> None:
        try:
            content = json.loads(line)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            self.plain.append(line)
        elif "event" in content:
            self.events.append(content)
        else:
            future = self._answers.pop(str(content.get("id")), None)
            if future is not None and not future.done():
                future.set_result(content)
            else:
                self.stray.append(content)
