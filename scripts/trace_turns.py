"""Where a session's time goes: µs of each of its turns, or the tree of Python calls of one of them.

    python -m scripts.trace_turns 1.6            lower quartile of each turn of a session, in the order of its messages
    python -m scripts.trace_turns 1.6 calls      Python calls of each turn of a session, and how often what is called
    python -m scripts.trace_turns 1.6 234        the calls of the turn that the 234th received message begins

One station charges in a closed loop against ``bench_csms.py``, as in ``bench_fleet.py``. Times are of the wall: a
system call that wakes the central system costs what the machine makes of it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, defaultdict
from typing import Any

import uvloop

from scripts.bench_crowd import BACK_TO_BACK, Crowd
from scripts.bench_process import central_system
from scripts.bench_support import profile_for
from station.net.websocket import WebSocketConnection

CALLS = {"1.6": 17, "2.0.1": 15}
RUN_S = 5.0
WARM = 13
"""Sessions before the one whose calls are counted."""
_receive = WebSocketConnection.data_received


class Turns:
    """Times every turn, counts the calls of a whole session, or follows one turn."""

    def __init__(self, version: str, asked: str) -> None:
        self.length = CALLS[version]
        self.followed = int(asked) if asked.isdigit() else 0
        self.counted = range(self.length * WARM, self.length * (WARM + 1)) if asked == "calls" else range(0)
        self.heard = 0
        self.took_s: dict[int, list[float]] = defaultdict(list)
        self.lines: list[str] = []
        self.calls: dict[int, int] = defaultdict(int)
        self.called: Counter[str] = Counter()
        self._depth = 0

    def begin(self) -> None:
        """Sessions begin: what was heard before is none of theirs."""
        self.heard = 0
        self.took_s.clear()

    def receive(self, connection: WebSocketConnection, data: bytes) -> None:
        """In place of ``data_received``."""
        self.heard += 1
        if self.heard == self.followed:
            sys.setprofile(self._follow)
        elif self.heard in self.counted:
            sys.setprofile(self._count)
        began_s = time.perf_counter()
        _receive(connection, data)
        took_s = time.perf_counter() - began_s
        sys.setprofile(None)
        self.took_s[self.heard % self.length].append(took_s)

    def _count(self, frame: Any, event: str, _argument: object) -> None:
        if event == "call":
            self.calls[self.heard % self.length] += 1
            self.called[frame.f_code.co_qualname] += 1

    def _follow(self, frame: Any, event: str, _argument: object) -> None:
        if event == "call":
            code = frame.f_code
            self.lines.append(f"{'  ' * self._depth}{code.co_qualname} {code.co_filename}:{code.co_firstlineno}")
            self._depth += 1
        elif event == "return":
            self._depth -= 1

    def shown(self) -> list[str]:
        """What was asked for."""
        if self.followed:
            return [*self.lines, f"{len(self.lines)} calls"]
        if self.counted:
            named = [f"{times:5d} {name}" for name, times in self.called.most_common()]
            turns = [f"{turn:5d} {calls:5d} calls" for turn, calls in sorted(self.calls.items())]
            return [*named, *turns, f"{sum(self.calls.values())} calls"]
        quartiles = {turn: sorted(times)[len(times) // 4] * 1e6 for turn, times in sorted(self.took_s.items())}
        return [f"{turn:3d} {us:7.1f} µs" for turn, us in quartiles.items()] + [f"sum {sum(quartiles.values()):.0f} µs"]


async def charge(version: str, port: int, turns: Turns) -> None:
    """Let one station charge for a while."""

    def receive(connection: WebSocketConnection, data: bytes) -> None:
        turns.receive(connection, data)

    # Before the connection is made: uvloop looks the method up once.
    WebSocketConnection.data_received = receive  # type: ignore[method-assign]
    crowd = Crowd(profile_for(version, port), 1, BACK_TO_BACK)
    await crowd.grow(1)
    turns.begin()
    crowd.go()
    await asyncio.sleep(RUN_S)


def main() -> None:
    version, asked = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    turns = Turns(version, asked)
    with central_system() as port:
        uvloop.run(charge(version, port, turns))
    print("\n".join(turns.shown()))


if __name__ == "__main__":
    main()
