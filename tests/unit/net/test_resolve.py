"""From a host to addresses: literals without a question, one question for all who ask at once."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from station.net import resolve
from tests.support.virtual_loop import run_virtual

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 80))]
ADDRESSES = ((socket.AF_INET, socket.SOCK_STREAM, 6, ("192.0.2.7", 80)),)


class Resolver:
    """Answers after a tenth of a second."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> Any:
        self.asked.append(host)
        await asyncio.sleep(0.1)
        if self.broken:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return FOUND


def play(main: Any) -> Any:
    resolver = Resolver()

    async def with_resolver() -> Any:
        loop: Any = asyncio.get_running_loop()
        loop.getaddrinfo = resolver.getaddrinfo
        return await main(resolver)

    return run_virtual(with_resolver())


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("127.0.0.1", socket.AF_INET, ("127.0.0.1", 9000)),
        ("::1", socket.AF_INET6, ("::1", 9000, 0, 0)),
        ("2001:db8::7", socket.AF_INET6, ("2001:db8::7", 9000, 0, 0)),
    ],
)
def test_an_address_asks_nobody(host: str, family: int, address: tuple[object, ...]) -> None:
    async def main(resolver: Resolver) -> None:
        assert await resolve.addresses(host, 9000) == ((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, address),)
        assert resolver.asked == []

    play(main)


@pytest.mark.parametrize("host", ["csms.example", "1.2.3", "fe80::1%eth0", "127.0.0.1\0"])
def test_anything_else_is_asked(host: str) -> None:
    async def main(resolver: Resolver) -> None:
        assert await resolve.addresses(host, 80) == ADDRESSES
        assert resolver.asked == [host]

    play(main)


def test_all_who_ask_within_a_second_share_an_answer() -> None:
    async def main(resolver: Resolver) -> None:
        answers = await asyncio.gather(*(resolve.addresses("csms.example", 80) for _ in range(50)))
        assert answers == [ADDRESSES] * 50
        await asyncio.sleep(0.9)
        assert await resolve.addresses("csms.example", 80) == ADDRESSES
        assert len(resolver.asked) == 1
        await asyncio.sleep(0.2)
        await resolve.addresses("csms.example", 80)
        await resolve.addresses("csms.example", 443)
        assert len(resolver.asked) == 3

    play(main)


def test_a_failure_is_not_kept() -> None:
    async def main(resolver: Resolver) -> None:
        resolver.broken = True
        failed = await asyncio.gather(
            *(resolve.addresses("csms.example", 80) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(each, socket.gaierror) for each in failed)
        resolver.broken = False
        assert await resolve.addresses("csms.example", 80) == ADDRESSES
        assert len(resolver.asked) == 2

    play(main)


def test_who_gives_up_takes_nothing_from_the_others() -> None:
    async def main(resolver: Resolver) -> None:
        impatient = asyncio.ensure_future(resolve.addresses("csms.example", 80))
        patient = asyncio.ensure_future(resolve.addresses("csms.example", 80))
        await asyncio.sleep(0.05)
        impatient.cancel()
        assert await patient == ADDRESSES

    play(main)
