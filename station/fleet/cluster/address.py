"""Whether a scheduler's address may be used: what passes there is code and passwords."""

from __future__ import annotations

import re

from station.config.hosts import is_loopback
from station.errors import StationError

_ADDRESS = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+]*)://)?(?P<host>\[[^\]]+\]|[^:/\[\]\s]+):(?P<port>\d+)/?")
_ENCRYPTED = frozenset({"tls", "wss"})
_SCHEMES = _ENCRYPTED | {"tcp", "ws"}


def checked_address(text: str, *, insecure: bool = False) -> str:
    """The address as Dask wants it, ``tcp://`` where no scheme is named.

    Args:
        text: ``tls://host:8786``.
        insecure: another machine is allowed without TLS.

    Raises:
        StationError: not an address, or one of another machine without TLS.
    """
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or not 0 < int(match["port"]) < 65536 or (match["scheme"] or "tcp") not in _SCHEMES:
        raise StationError(f"{text!r} is not the address of a scheduler", "--scheduler tls://host:8786")
    scheme, host = match["scheme"] or "tcp", match["host"].strip("[]")
    if scheme not in _ENCRYPTED and not is_loopback(host) and not insecure:
        raise StationError(
            f"{scheme}://{match['host']}:{match['port']}: whoever is on the way could read the fleet's passwords and "
            "run programs on the workers",
            "start the scheduler with TLS (docs/fleet-cluster.md) and use tls://…, or --insecure-scheduler",
        )
    return f"{scheme}://{match['host']}:{match['port']}"
