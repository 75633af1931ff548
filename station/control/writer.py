"""Writes JSON lines to a file descriptor in order, from a thread of its own, so that a slow reader holds up nobody.

What waits is bounded: events that come by the hundred are dropped first, answers never. Used by the control lines and
by `--json`.
"""

from __future__ import annotations

import json
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

QUEUE_BYTES: Final = 8 * 1024 * 1024
EXPENDABLE: Final = frozenset({"wire", "meter_value"})
_CHUNK: Final = 64 * 1024


class LineWriter:
    """See the module. `write` may be called from any thread.

    Args:
        fd: written to, never closed.
        on_broken: called once, in the writing thread, when the reader is gone.
        limit_bytes: from here on expendable events are dropped.
    """

    def __init__(self, fd: int, on_broken: Callable[[], None] | None = None, *, limit_bytes: int = QUEUE_BYTES) -> None:
        self.dropped = 0
        self._fd = fd
        self._on_broken = on_broken
        self._limit = limit_bytes
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._closing = False
        self._broken = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="control-lines-out", daemon=True)
        self._thread.start()

    def write(self, record: Mapping[str, Any]) -> None:
        """Queue one object as one line."""
        line = to_json(record) + b"\n"
        expendable = record.get("event") in EXPENDABLE
        with self._changed:
            if self._broken or self._closing:
                return
            if expendable and self._bytes + len(line) > self._limit:
                self.dropped += 1
                return
            self._lines.append(line)
            self._bytes += len(line)
            self._changed.notify()

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what is queued, for `timeout_s` at most. Blocks."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._lines and not self._closing:
                    self._changed.wait()
                if not self._lines:
                    return
                batch = self._take()
            try:
                self._put(batch)
            except OSError:
                with self._changed:
                    self._broken = True
                    self._lines.clear()
                if self._on_broken is not None:
                    self._on_broken()
                return

    def _take(self) -> bytes:
        taken = []
        size = 0
        while self._lines and size < _CHUNK:
            line = self._lines.popleft()
            size += len(line)
            taken.append(line)
        self._bytes -= size
        return b"".join(taken)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                # Somebody who shares the terminal or pipe made it non-blocking.
                poller = select.poll()
                poller.register(self._fd, select.POLLOUT)
                poller.poll()


def to_json(record: Any) -> bytes:
    """Compact JSON, in one line. Never an error: what JSON cannot hold becomes text, what nobody can write a remark."""
    try:
        return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # Integers beyond 64 bits, halves of surrogate pairs, nesting: somebody else's message may have them.
        pass
    try:
        return json.dumps(record, default=str, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        return b'{"ok":false,"error":"the answer cannot be written as JSON"}'
