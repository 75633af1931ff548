"""The connection: back-off after every kind of end, pings, and what ends it for good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from station.host.link import Link
from station.net import BackOffSettings, DialFailed, Target
from station.net.errors import FailureKind
from station.net.loopback import LoopbackConnection, LoopbackNetwork
from tests.support.virtual_loop import run_virtual

SUBPROTOCOL = "ocpp1.6"


class _Deaf:
    """The CSMS's end; it never answers."""

    def text(self, data: str) -> None: ...
    def binary(self, data: bytes) -> None: ...
    def pong(self) -> None: ...
    def closed(self, reason: Any) -> None: ...


class Owner:
    """A station that notes what it is told, and a CSMS that may refuse."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.told: list[str] = []
        self.dials: list[float] = []
        self.refuse: Exception | None = None
        self.speaks = True
        self.ping = (0.0, 0.0)
        self.end: LoopbackConnection | None = None
        network = LoopbackNetwork(self.loop.call_soon, self._accept)
        self.link = Link(self, network.dial, self.loop)
        self.began_s = self.loop.time()

    def _accept(self, target: Target, end: LoopbackConnection) -> tuple[str | None, Any]:
        self.dials.append(round(self.loop.time() - self.began_s, 3))
        if self.refuse is not None:
            raise self.refuse
        self.end = end
        return SUBPROTOCOL, _Deaf()

    def target(self) -> Target:
        return Target(url="ws://csms.test/CP-1", subprotocols=(SUBPROTOCOL,))

    def back_off_seed(self) -> str:
        return "seed"

    def back_off(self) -> BackOffSettings:
        return BackOffSettings(10.0, 0.0, 2)

    def ping_s(self) -> tuple[float, float]:
        return self.ping

    def link_up(self, subprotocol: str) -> bool:
        self.told.append(f"up {subprotocol}")
        return self.speaks

    def link_down(self, reason: str) -> None:
        self.told.append(f"down {reason}")

    def link_failed(self, failure: DialFailed) -> None:
        self.told.append(f"failed {failure.message}")

    def received(self, data: str | bytes) -> None:
        self.told.append(f"received {data!r}")


def with_owner(test: Callable[[Owner], Awaitable[None]]) -> Callable[[], None]:
    """Run it in virtual time."""

    def run() -> None:
        async def main() -> None:
            await test(Owner())

        run_virtual(main())

    run.__name__ = getattr(test, "__name__", "run")
    return run


@pytest.mark.parametrize("problem", [DialFailed(FailureKind.HTTP, "HTTP 503", ""), OSError("no route")])
def test_refusals_double_the_wait(problem: Exception) -> None:
    @with_owner
    async def scenario(owner: Owner) -> None:
        owner.refuse = problem
        owner.link.connect()
        await asyncio.sleep(111)
        assert owner.dials == [0, 10, 30, 70, 110]
        assert len(owner.told) == 5
        owner.refuse = None
        await asyncio.sleep(40)
        assert owner.link.up
        # A connection alone ends no series: the CSMS has to accept the boot.
        owner.link.drop("for a test")
        await asyncio.sleep(39)
        assert not owner.link.up
        await asyncio.sleep(1.1)
        owner.link.settled()
        owner.link.drop("for a test")
        await asyncio.sleep(10.1)
        assert owner.link.up

    scenario()


@with_owner
async def test_connect_dials_at_once_and_once(owner: Owner) -> None:
    owner.refuse = DialFailed(FailureKind.HTTP, "HTTP 503", "")
    owner.link.connect()
    await asyncio.sleep(5)
    owner.refuse = None
    owner.link.connect()
    owner.link.connect()
    await asyncio.sleep(100)
    assert owner.dials == [0, 5]


@with_owner
async def test_an_end_by_the_owner_is_final(owner: Owner) -> None:
    for end in (owner.link.close, owner.link.abort):
        owner.link.connect()
        await asyncio.sleep(1)
        assert owner.link.up
        end()
        assert not owner.link.up
        await asyncio.sleep(500)
        assert not owner.link.up
    assert len(owner.dials) == 2
    assert owner.told == ["up ocpp1.6", "down closed by the station"] * 2


@with_owner
async def test_the_csms_ends_it(owner: Owner) -> None:
    owner.link.connect()
    await asyncio.sleep(1)
    assert owner.end is not None
    owner.end.send("hello")
    owner.end.close(1001, "going away")
    await asyncio.sleep(20)
    assert owner.told == ["up ocpp1.6", "received 'hello'", "down close 1001 going away", "up ocpp1.6"]


@with_owner
async def test_a_version_that_cannot_be_spoken_any_more(owner: Owner) -> None:
    owner.speaks = False
    owner.link.connect()
    await asyncio.sleep(11)
    assert owner.dials == [0, 10]
    assert not owner.link.up
    assert owner.told == ["up ocpp1.6"] * 2


@with_owner
async def test_renew_dials_at_once(owner: Owner) -> None:
    owner.link.connect()
    await asyncio.sleep(5)
    owner.link.renew("another password")
    await asyncio.sleep(1)
    assert owner.link.up
    assert owner.dials == [0, 5]
