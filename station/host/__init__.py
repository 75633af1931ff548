"""Where the station meets the world: event loop, sockets, drivers, clocks and the store. asyncio lives here.

``Host`` is what programs embed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from station.host.host import Host

__all__ = ["Host"]


def __getattr__(name: str) -> Any:
    # On demand: every module of this package is below it, and few of those who import one need the whole station.
    if name == "Host":
        from station.host.host import Host

        return Host
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
