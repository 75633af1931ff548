"""Faults of the network between a station and its CSMS, by seed: messages that are late, vanish, or cut the connection.

A ``Disturbance`` is what is done to one station's messages, over all its connections; the n-th message of a direction
has the same fate in every run. A ``Disturbed`` stands between one connection and the station; ``disturb`` puts it
there, after the dial or into a connection that has stood for long. Where the network is clean there is neither. Pings
and the dial itself (TCP, TLS, upgrade) are not touched.

What the plan adds is not the CSMS's: ``Measured`` takes the time that a call and its answer were held up here off the
time of the call, and gives a call that was dropped here a cause of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from station.fleet.chance import drawn
from station.fleet.plan import Network
from station.host.measure import Measure
from station.net import CloseReason, Connection, Listener, Target
from station.ocpp.rpc import Answered, Failed

Dial = Callable[[Target, Listener], Awaitable[Connection]]
Count = Callable[[str], None]

NETWORK_FAULT: Final = "NetworkFault"
"""The cause of calls that failed by the plan: they or their answers vanished, or the connection was cut at one."""

_OUT, _IN = 0, 1
_DRAWS: Final = 3
_MOST_HELD: Final = 4 * 1024 * 1024
"""Characters that may be on their way in one direction; beyond that the connection is cut."""
_CUT: Final = -1.0
_GONE: Final = -2.0


class Disturbance:
    """What is done to the messages of one station.

    Args:
        key: of its chance (``chance.key_of``).
        network: what is done; exchange it at any time.
        now: seconds of the clock by which calls are measured.
        count: is told of ``network.dropped`` and ``network.reset``.

    Attributes:
        held_s: how long calls and their answers were held up, in all.
        call_held_s: the call under way, and its answer.
        lost_call: whether the call under way, or its answer, was lost by the plan.
        lost_any: whether anything was lost since this connection was made: a station that hears nothing dials anew.
    """

    __slots__ = ("_count", "_key", "_numbers", "call_held_s", "held_s", "lost_any", "lost_call", "network", "now")

    def __init__(self, key: int, network: Network, now: Callable[[], float], count: Count) -> None:
        self.network = network
        self.now = now
        self.held_s = self.call_held_s = 0.0
        self.lost_call = self.lost_any = False
        self._key = key
        self._count = count
        self._numbers = [0, 0]

    def held_since(self, since_s: float) -> None:
        """The call under way, or its answer, was held up until now."""
        held_s = self.now() - since_s
        self.held_s += held_s
        self.call_held_s += held_s

    def fate(self, direction: int) -> float:
        """Of the next message in a direction: how much later it comes, in seconds; ``_GONE`` or ``_CUT``."""
        network, number = self.network, self._numbers[direction]
        self._numbers[direction] = number + 1
        first = (2 * number + direction) * _DRAWS
        if network.reset and drawn(self._key, first) < network.reset:
            self.lost_any = True
            self._count("network.reset")
            return _CUT
        if network.drop and drawn(self._key, first + 1) < network.drop:
            self.lost_any = True
            self._count("network.dropped")
            return _GONE
        if network.jitter_s:
            return network.latency_s + network.jitter_s * drawn(self._key, first + 2)
        return network.latency_s


class _Lane:
    """Messages on their way in one direction, in order."""

    __slots__ = ("_due_s", "_loop", "_size", "_timer", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due_s = 0.0
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[tuple[float, int, Callable[[], None]]] | None = None

    @property
    def empty(self) -> bool:
        return not self._waiting

    def put(self, delay_s: float, size: int, deliver: Callable[[], None]) -> bool:
        """Deliver after a while, and after what is on its way. False: too much is."""
        now_s = self._loop.time()
        self._due_s = max(self._due_s, now_s + delay_s)
        if not self._waiting and self._due_s <= now_s:
            deliver()
            return True
        if self._size + size > _MOST_HELD:
            return False
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((self._due_s, size, deliver))
        self._size += size
        if self._timer is None:
            self._timer = self._loop.call_at(self._due_s, self._arrive)
        return True

    def clear(self) -> None:
        """What is on its way never arrives."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting = None
        self._size = 0

    def _arrive(self) -> None:
        self._timer = None
        # uvloop rings up to a millisecond early.
        now_s = self._loop.time() + 0.001
        while self._waiting and self._waiting[0][0] <= now_s:
            _, size, deliver = self._waiting.popleft()
            self._size -= size
            deliver()
        if not self._waiting:
            self._waiting = None
        elif self._timer is None:
            self._timer = self._loop.call_at(self._waiting[0][0], self._arrive)


class Disturbed:
    """One connection and its listener at once; see the module."""

    __slots__ = ("_connection", "_disturbance", "_in", "_listener", "_loop", "_out", "_over")

    def __init__(
        self,
        disturbance: Disturbance,
        connection: Connection,
        listener: Listener,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._disturbance = disturbance
        self._connection = connection
        self._listener = listener
        self._loop = loop
        self._out, self._in = _Lane(loop), _Lane(loop)
        self._over = False
        disturbance.lost_any = False

    def hand_over(self, listener: Listener) -> None:
        """Let another listener hear from now on."""
        self._listener = listener

    # The connection of the station

    @property
    def subprotocol(self) -> str:
        """What the peer chose among the offered."""
        return self._connection.subprotocol

    @property
    def is_open(self) -> bool:
        """Whether ``send`` still has an effect."""
        return not self._over and self._connection.is_open

    def verified_by(self) -> tuple[bytes, ...]:
        """The verified chain of the peer's certificate."""
        return self._connection.verified_by()

    def send(self, text: str) -> None:
        """Send a text message, perhaps late, perhaps not at all."""
        if self._over:
            return
        call = text.startswith("[2")
        if call:
            self._disturbance.lost_call = False
            self._disturbance.call_held_s = 0.0
        if self._disturbance.network.clean and self._out.empty:
            self._connection.send(text)
            return
        delay_s = self._disturbance.fate(_OUT)
        if delay_s == _GONE:
            self._disturbance.lost_call |= call
            return
        write = partial(self._write, text, self._disturbance.now() if call else None)
        if delay_s == _CUT or not self._out.put(delay_s, len(text), write):
            self._cut()

    def _write(self, text: str, since_s: float | None) -> None:
        if since_s is not None:
            self._disturbance.held_since(since_s)
        self._connection.send(text)

    def ping(self) -> None:
        """Send a ping; it is not touched."""
        self._connection.ping()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake, after what is on its way."""
        if not self._over:
            self._over = True
            self._out.put(0.0, 0, partial(self._connection.close, code, reason))

    def abort(self) -> None:
        """Cut; what is on its way is lost."""
        self._over = True
        self._out.clear()
        self._connection.abort()

    def _cut(self) -> None:
        """Cut by chance, and not within the turn in which a message was sent."""
        self._over = self._disturbance.lost_any = True
        self._out.clear()
        self._loop.call_soon(self._connection.abort)

    # The listener of the connection

    def text(self, data: str) -> None:
        """A text message."""
        if self._disturbance.network.clean and self._in.empty:
            self._listener.text(data)
        else:
            self._hear(partial(self._listener.text, data), len(data), _is_answer(data))

    def binary(self, data: bytes) -> None:
        """A binary message."""
        self._hear(partial(self._listener.binary, data), len(data), False)

    def _hear(self, tell: Callable[[], None], size: int, answer: bool) -> None:
        delay_s = self._disturbance.fate(_IN)
        if delay_s == _GONE:
            self._disturbance.lost_call |= answer
            return
        hand_on = partial(self._hand_on, tell, self._disturbance.now() if answer else None)
        if delay_s == _CUT or not self._in.put(delay_s, size, hand_on):
            self._in.clear()
            self._cut()

    def _hand_on(self, tell: Callable[[], None], since_s: float | None) -> None:
        if since_s is not None:
            self._disturbance.held_since(since_s)
        tell()

    def pong(self) -> None:
        """Our ping was answered."""
        self._listener.pong()

    def closed(self, reason: CloseReason) -> None:
        """The end; heard after what was on its way."""
        self._over = True
        self._out.clear()
        self._in.put(0.0, 0, partial(self._listener.closed, reason))


def disturb(connection: Connection, listener: Listener, disturbance: Disturbance) -> Connection:
    """Put a disturbance into a connection; what the station is to use from now on."""
    if isinstance(connection, Disturbed):
        return connection
    between = Disturbed(disturbance, connection, listener, asyncio.get_running_loop())
    connection.hand_over(between)
    return between


class HeldMeasure(Measure, Protocol):
    """A ``Measure`` that takes in how long a call was held up, besides."""

    def answered(self, call: Answered, elapsed_s: float, sent_s: float, ended: int, held_s: float = 0.0) -> None:
        """A call was answered."""
        ...


class Measured:
    """A ``Measure`` without what the disturbance added; see the module.

    Args:
        inner: hears what is left.
    """

    __slots__ = ("_disturbance", "_inner")

    def __init__(self, inner: HeldMeasure, disturbance: Disturbance) -> None:
        self._inner = inner
        self._disturbance = disturbance

    def now(self) -> float:
        """A clock that stood still while a call or its answer was held up."""
        return self._inner.now() - self._disturbance.held_s

    def answered(self, call: Answered, elapsed_s: float, sent_s: float, ended: int) -> None:
        """A call was answered."""
        self._inner.answered(call, elapsed_s, sent_s, ended, self._disturbance.call_held_s)

    def failed(self, call: Failed, elapsed_s: float) -> None:
        """A call failed."""
        disturbance = self._disturbance
        if disturbance.lost_call or (disturbance.lost_any and call.cause == "Disconnected"):
            disturbance.lost_call = False
            disturbance.held_s += elapsed_s  # nor do those that waited for its time-out count that
            call = replace(call, cause="CallError", code=NETWORK_FAULT)
        self._inner.failed(call, elapsed_s)

    def replied(self, action: str, elapsed_s: float, code: str) -> None:
        """A call of the CSMS was answered; a call of ours that was held up meanwhile may have stopped the clock."""
        self._inner.replied(action, max(0.0, elapsed_s), code)


def _is_answer(frame: str) -> bool:
    """Whether a frame answers a call of the station: CALLRESULT or CALLERROR."""
    head = frame[:16].lstrip()
    return head[:1] == "[" and head[1:].lstrip()[:1] in ("3", "4")
