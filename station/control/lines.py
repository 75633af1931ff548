"""The control lines: JSON objects on the standard input, answers and events on the standard output.

Nothing that comes in ends the session but the end of the input, which is the ordered stop. Logs go elsewhere. Called by
the command line for `--control stdio`; docs/control.md is the contract.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import threading
from collections.abc import Callable
from typing import Any, Final

import orjson

from station.control.commandable import EVENT_TYPES, WIRE, Commandable, CommandRefused, Event, make_event
from station.control.perform import Answer, Begun, bad, begin
from station.control.writer import LineWriter

_log = logging.getLogger(__name__)

MAX_LINE: Final = 1024 * 1024
"""Longest line in bytes; a longer one is answered with an error and skipped."""

_CHUNK: Final = 64 * 1024


class LineSplitter:
    """Cuts bytes into lines, and skips lines beyond `limit` without keeping them."""

    __slots__ = ("_kept", "_limit", "_skipping")

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that are complete now, without their ends; None stands for one that was too long."""
        found: list[bytes | None] = []
        *complete, rest = data.split(b"\n")
        for part in complete:
            found.append(self._line(part))
            self._kept.clear()
            self._skipping = False
        self._keep(rest)
        return found

    def end(self) -> list[bytes | None]:
        """What stood after the last line end, if anything did."""
        if not self._kept and not self._skipping:
            return []
        return self.feed(b"\n")

    def _line(self, part: bytes) -> bytes | None:
        self._keep(part)
        return None if self._skipping else bytes(self._kept)

    def _keep(self, part: bytes) -> None:
        if self._skipping or len(self._kept) + len(part) > self._limit:
            self._skipping = True
            self._kept.clear()
        else:
            self._kept += part


class ControlLines:
    """One session of control lines.

    Args:
        commandable: what is commanded.
        on_end: called once, in the loop, when the input ended or nobody reads the output any more.
        wire: whether `wire` events are told too.
        stdin_fd: read in a thread, never closed.
        stdout_fd: written in a thread, never closed.
    """

    def __init__(
        self,
        commandable: Commandable,
        on_end: Callable[[], None],
        *,
        wire: bool = False,
        stdin_fd: int = 0,
        stdout_fd: int = 1,
    ) -> None:
        self._commandable = commandable
        self._on_end = on_end
        self._types = EVENT_TYPES | {WIRE} if wire else None
        self._stdin_fd = stdin_fd
        self._stdout_fd = stdout_fd
        self._splitter = LineSplitter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        self._closed = threading.Event()
        self._unsubscribe: Callable[[], None] | None = None

    def start(self, control_url: str | None) -> None:
        """Say `ready`, tell events and take lines from now on. Call it in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._writer = LineWriter(self._stdout_fd, self._out_is_broken)
        self._writer.write(make_event("ready", {"control": control_url}))
        self._unsubscribe = self._commandable.subscribe(self._tell, self._types)
        threading.Thread(target=self._read, name="control-lines-in", daemon=True).start()

    async def close(self) -> None:
        """Take no more lines, answer what is still open, and write everything out."""
        self._closed.set()
        self._ended = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            await asyncio.to_thread(self._writer.close)

    # In the loop

    def _tell(self, event: Event) -> None:
        # `ready` is the first line, and it is told here.
        if event["event"] != "ready":
            self._writer.write(event)

    def _fed(self, data: bytes, taken: threading.Event) -> None:
        try:
            if not self._ended:
                for line in self._splitter.feed(data) if data else self._splitter.end():
                    self._safely(line)
                if not data:
                    self._end()
        finally:
            taken.set()

    def _safely(self, line: bytes | None) -> None:
        try:
            self._line(line)
        except Exception:
            _log.exception("a control line fell over")
            self._answer(None, bad("the line fell over inside the station; its log says more"))

    def _line(self, line: bytes | None) -> None:
        if line is None:
            self._reject(None, f"the line is longer than {MAX_LINE} bytes")
            return
        if not line.strip():
            return
        try:
            request = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._reject(None, f"the line is no JSON: {error}")
            return
        if not isinstance(request, dict):
            self._reject(None, 'the line is no object like {"id": "c1", "command": "status"}')
            return
        self._request(request)

    def _request(self, request: dict[str, Any]) -> None:
        identity = request.get("id")
        command, params = request.get("command"), request.get("params")
        if not isinstance(command, str):
            self._reject(identity, "the line has no command (a text)")
            return
        if params is not None and not isinstance(params, dict):
            self._reject(identity, "params must be an object")
            return
        try:
            begun = begin(self._commandable, command, params or {})
        except CommandRefused as error:
            message = f"{error.message}; {error.hint}" if error.hint else error.message
            self._reject(identity, message)
            return
        if begun.done is None:
            self._answer(identity, begun.now())
            return
        task = self._loop.create_task(self._answer_later(identity, begun))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_later(self, identity: Any, begun: Begun) -> None:
        try:
            self._answer(identity, await begun.within())
        except asyncio.CancelledError:
            self._answer(identity, bad(f"{begun.command} was given up: the station stops"))
            raise

    def _reject(self, identity: Any, message: str) -> None:
        _log.debug("control line refused: %s", message)  # it may quote the line, cards and passwords too
        self._answer(identity, bad(message))

    def _answer(self, identity: Any, answer: Answer) -> None:
        self._writer.write({"id": identity, **answer})

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_end()

    # In threads

    def _out_is_broken(self) -> None:
        self._in_loop(self._end)

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                data = os.read(self._stdin_fd, _CHUNK)
            except BlockingIOError:
                poller = select.poll()
                poller.register(self._stdin_fd, select.POLLIN)
                poller.poll()
                continue
            except OSError:
                data = b""
            taken = threading.Event()
            # Waiting for the loop bounds what a flood of lines can pile up.
            if not self._in_loop(lambda data=data, taken=taken: self._fed(data, taken)) or not data:  # type: ignore[misc]
                return
            taken.wait()

    def _in_loop(self, call: Callable[[], None]) -> bool:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return False
        return True
