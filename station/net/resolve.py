"""From a host to addresses: an address written as such at once, a name by the system's resolver in the loop's threads.

Thousands of stations that dial within a second ask for one name once: an answer is shared for a second, a failure only
with those who already wait for it. Whoever dials later asks anew, so a changed record is seen as soon as the resolver
itself shows it. Called by ``dial``.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

Address = tuple[int, int, int, tuple[object, ...]]
"""Family, type and protocol of a socket, and what it connects to."""

_SHARED_S: Final = 1.0
"""How long an answer is shared."""

_Addresses = tuple[Address, ...]
_Question = tuple[str, int]
_Known = dict[_Question, _Addresses | asyncio.Task[_Addresses]]
"""Answers that are shared, and questions under way."""

_known: WeakKeyDictionary[asyncio.AbstractEventLoop, _Known] = WeakKeyDictionary()


async def addresses(host: str, port: int) -> _Addresses:
    """The addresses of a host, in the order in which they are to be tried.

    Raises:
        OSError: the resolver's (``socket.gaierror``).
        UnicodeError: no name at all.
    """
    literal = _literal(host, port)
    if literal is not None:
        return (literal,)
    loop = asyncio.get_running_loop()
    known = _known.setdefault(loop, {})
    answer = known.get((host, port))
    if isinstance(answer, tuple):
        return answer
    if answer is None:
        answer = known[host, port] = loop.create_task(_ask(loop, host, port))
        answer.add_done_callback(partial(_answered, loop, known, (host, port)))
    # Who gives up must not take the answer away from the others.
    return await asyncio.shield(answer)


async def _ask(loop: asyncio.AbstractEventLoop, host: str, port: int) -> _Addresses:
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple((family, kind, protocol, address) for family, kind, protocol, _, address in found)


def _answered(
    loop: asyncio.AbstractEventLoop, known: _Known, question: _Question, answer: asyncio.Task[_Addresses]
) -> None:
    if answer.cancelled() or answer.exception() is not None:
        del known[question]
    else:
        known[question] = answer.result()
        loop.call_later(_SHARED_S, known.pop, question)


def _literal(host: str, port: int) -> Address | None:
    """The address that a host is written as; None for a name, and for an IPv6 address with a zone."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        address = (host, port) if family == socket.AF_INET else (host, port, 0, 0)
        return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, address
    return None
