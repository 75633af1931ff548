"""What this machine allows a process: open files and local ports, before the first station is made.

A limit that is too low shows as a hail of refused connections that look like the CSMS's fault. Called by the command
line for the fleet of this process, and by each worker for itself.
"""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from station.errors import StationError

if TYPE_CHECKING:
    from station.fleet.plan import Plan

SPARE_FILES: Final = 256
"""Open files beside one connection a station: the loop, logs, reports, the control face, workers."""

_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ROUND: Final = 1000


@dataclass(frozen=True, slots=True)
class LimitWarning:
    """Something that may stand in the way, and what to type."""

    message: str
    hint: str


def hope_for_files(stations: int) -> None:
    """Raise the soft limit towards what so many stations take, as far as the hard one goes.

    For a worker, which may have to take over the stations of all others.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = stations + SPARE_FILES
    wanted = needed if _at_least(hard, needed) else hard
    if not _at_least(soft, wanted):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def allow_files(stations: int) -> None:
    """Have this process be allowed as many open files as its stations take: the soft limit is raised where need be.

    Raises:
        StationError: the hard limit is too low; names it, and the command.
    """
    needed = stations + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _at_least(soft, needed):
        return
    asks = f"{stations} stations need {needed} open files"
    if not _at_least(hard, needed):
        wanted = -(-needed // _ROUND) * _ROUND
        raise StationError(
            f"{asks}, and this process may have {hard} (RLIMIT_NOFILE, hard limit)",
            f"as root: ulimit -n {wanted}; systemd: LimitNOFILE={wanted}; Docker: --ulimit nofile={wanted}; or"
            " --workers N, each of which has a limit of its own",
        )
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (OSError, ValueError) as error:
        said = f"{asks}, this process may have {soft} (RLIMIT_NOFILE), and raising that fails: {error}"
        raise StationError(said, f"ulimit -n {needed}") from error


def _at_least(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed


def too_few_ports(stations_by_address: Mapping[str, int]) -> Iterator[LimitWarning]:
    """Addresses to which this machine has fewer local ports than stations that dial there.

    Args:
        stations_by_address: how many stations dial a host and port.
    """
    ports = _local_ports()
    if ports is None:
        return
    for address, stations in stations_by_address.items():
        if stations > ports:
            yield LimitWarning(
                f"{stations} stations dial {address}, and this machine has {ports} local ports for one address",
                'sysctl -w net.ipv4.ip_local_port_range="1024 65535", or more machines (--scheduler)',
            )


def _local_ports() -> int | None:
    """How many ports connections may begin at; None: the system does not say."""
    try:
        first, last = map(int, _PORT_RANGE.read_text().split())
    except (OSError, ValueError):
        return None
    return last - first + 1


def addresses(plan: Plan) -> dict[str, int]:
    """How many stations dial each host and port, at most."""
    found: dict[str, int] = {}
    if plan.rows and any(row.url for row in plan.rows):
        for row in plan.rows:
            netloc = urlsplit(row.url or plan.groups[0].profile.csms.url or "").netloc
            found[netloc] = found.get(netloc, 0) + 1
        return found
    for group in plan.groups:
        netloc = urlsplit(group.profile.csms.url or "").netloc
        found[netloc] = found.get(netloc, 0) + round(group.weight * plan.count)
    return found
