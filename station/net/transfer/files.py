"""File transfers over the network, by the scheme of the URL.

One attempt each; whatever a server does ends in success or in ``TransferFailed``. The libraries of the protocols are
imported with the first transfer that needs them.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, cast

from station.net.tls import TlsSettings, TlsSettingsError, client_context
from station.net.transfer import words
from station.net.transfer.api import TransferCause, TransferFailed
from station.net.transfer.limits import Limits, Pulse
from station.net.transfer.location import Location, parse
from station.net.transfer.means import Carrier, Means, Source
from station.net.transfer.part import Part, in_thread

log = logging.getLogger(__name__)

_CARRIERS = {"http": "http", "https": "http", "ftp": "ftp", "ftps": "ftp", "sftp": "sftp"}
_EXTRA = {"sftp": "asyncssh"}
"""Schemes whose library is an extra of this package."""


def protocols() -> tuple[str, ...]:
    """The protocols that work here, as OCPP names them (1.6 SupportedFileTransferProtocols; 2.0.1 part 2, 2.1.4)."""
    return tuple(sorted(scheme.upper() for scheme in _CARRIERS if _there(scheme)))


def _there(scheme: str) -> bool:
    return scheme not in _EXTRA or find_spec(_EXTRA[scheme]) is not None


class FileTransfers:
    """Implements ``Transfers``.

    Args:
        ca: a file of roots that are trusted besides the system's.
        known_hosts: says where the host keys of SFTP servers are kept, asked when one is needed; it may make the
            folder. None: nothing is kept, each login trusts the key that it sees.
        limits: bounds of an attempt.
    """

    __slots__ = ("_ca", "_known_hosts", "_limits")

    def __init__(
        self,
        ca: Path | None = None,
        known_hosts: Callable[[], Path] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._ca = ca
        self._known_hosts = known_hosts
        self._limits = limits

    async def download(self, url: str, target: Path) -> None:
        """See ``Transfers.download``."""
        location = parse(url)
        carrier = await self._carrier(location)
        part = Part(target, url, self._limits.most_bytes)
        await part.load()
        try:
            await self._attempt(location, partial(carrier.download, location, part))
        except TransferFailed:
            await part.leave()
            raise

    async def upload(self, source: Path, url: str) -> None:
        """See ``Transfers.upload``."""
        location = parse(url)
        carrier = await self._carrier(location)
        try:
            size, file = await in_thread(_open, source)
        except OSError as problem:
            raise TransferFailed(f"{source.name} cannot be read: {problem.strerror}.", lasting=True) from problem
        with closing(Source(source.name, size, file)) as opened:
            if size > self._limits.most_bytes:
                limit = self._limits.most_bytes // 1024**2
                raise TransferFailed(f"{source.name} is longer than {limit} MiB, the most that is sent.", lasting=True)
            await self._attempt(location, partial(carrier.upload, location, opened))

    async def _carrier(self, location: Location) -> Carrier:
        scheme = location.scheme
        if not _there(scheme):
            hint = f"pip install 'ocpp-station[{scheme}]', or use {', '.join(protocols())}"
            message = f"No file transfers by {scheme!r}: it is not installed here."
            raise TransferFailed(message, hint, lasting=True, cause=TransferCause.UNSUPPORTED)
        # A library takes its time to load on a small device, and the loop watches over contactors.
        return cast(Carrier, await in_thread(importlib.import_module, f"station.net.transfer.{_CARRIERS[scheme]}"))

    async def _attempt(self, location: Location, work: Callable[[Means], Awaitable[None]]) -> None:
        """Do the work within the bounds; every failure leaves as ``TransferFailed``."""
        limits, overall = self._limits, asyncio.timeout(self._limits.longest_s)
        try:
            async with overall, asyncio.timeout(limits.idle_s) as idle:
                await work(Means(limits, Pulse(idle, limits.idle_s), self._tls, self._known_hosts))
        except TransferFailed:
            raise
        except TlsSettingsError as problem:
            raise words.own_roots(problem) from problem
        except TimeoutError as problem:
            if overall.expired():
                raise words.too_long(location.shown, limits.longest_s) from problem
            raise words.silent(location.shown, limits.idle_s) from problem
        except EOFError as problem:
            raise words.broke_off(location.shown) from problem
        except OSError as problem:
            raise words.network(location.shown, problem) from problem
        except Exception as problem:
            # The libraries of the protocols meet a hostile server with whatever their parsers stumble over.
            log.debug("transfer with %s: %s", location.shown, type(problem).__name__)
            raise words.garbled(location.shown) from problem

    def _tls(self) -> ssl.SSLContext:
        return client_context(TlsSettings((self._ca,) if self._ca is not None else (), system_too=True))


def _open(source: Path) -> tuple[int, BinaryIO]:
    file = source.open("rb", buffering=0)
    try:
        size = file.seek(0, 2)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return size, cast(BinaryIO, file)
