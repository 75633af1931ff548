"""Connections in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import pytest

from station.net import Closer, CloseReason, Connection, DialFailed, Listener, Target
from station.net.loopback import LoopbackConnection, LoopbackNetwork
from tests.support.listeners import Heard

TARGET = Target("ws://loopback/CP-1", ("ocpp2.0.1", "ocpp1.6"))


class Wire:
    """A server that takes everybody, and the queue between both ends."""

    def __init__(self, chosen: str | None = "ocpp1.6") -> None:
        self.queue: deque[Callable[[], None]] = deque()
        self.station, self.csms = Heard(), Heard()
        self.chosen = chosen
        self.far: LoopbackConnection | None = None
        self.network = LoopbackNetwork(self.queue.append, self.accept)

    def accept(self, target: Target, connection: LoopbackConnection) -> tuple[str | None, Listener]:
        self.far = connection
        return self.chosen, self.csms

    def run(self) -> None:
        while self.queue:
            self.queue.popleft()()


def connected() -> tuple[Wire, Connection, LoopbackConnection]:
    wire = Wire()
    near = wire.network.connect(TARGET, wire.station)
    assert wire.far is not None
    return wire, near, wire.far


def test_messages_arrive_later_and_in_order() -> None:
    wire, near, far = connected()
    near.send("a")
    near.send("b")
    far.send("x")
    far.send_binary(b"y")
    near.ping()
    assert wire.csms.texts == []
    wire.run()
    assert wire.csms.texts == ["a", "b"]
    assert (wire.station.texts, wire.station.binaries, wire.station.pongs) == (["x"], [b"y"], 1)
    assert near.subprotocol == far.subprotocol == "ocpp1.6"


def test_a_close_reaches_both_ends_once() -> None:
    wire, near, far = connected()
    far.send("before")
    near.close(1001, "bye")
    near.close()
    near.send("too late")
    assert not near.is_open
    wire.run()
    far.send("too late")
    far.close()
    wire.run()
    assert wire.csms.ends == [CloseReason(Closer.PEER, 1001, "bye")]
    assert wire.station.ends == [CloseReason(Closer.US, 1001, "bye")]
    assert (wire.station.texts, wire.csms.texts) == (["before"], [])


def test_a_cut_is_lost_to_the_other_end() -> None:
    wire, near, far = connected()
    far.send("in flight")
    near.abort()
    near.abort()
    wire.run()
    assert [reason.by for reason in wire.station.ends] == [Closer.US]
    assert [reason.by for reason in wire.csms.ends] == [Closer.LOST]
    assert wire.station.texts == []


@pytest.mark.parametrize("chosen", [None, "ocpp2.1"])
def test_a_subprotocol_that_was_not_offered_fails(chosen: str | None) -> None:
    wire = Wire(chosen)
    with pytest.raises(DialFailed, match="the CSMS chose"):
        asyncio.run(wire.network.dial(TARGET, wire.station))
