"""What coordinator and agents say to each other: plain data, pickled inside the cluster's own transport.

The coordinator asks, an agent answers; that is the only kind of message. Each request repeats what was not confirmed
yet, numbered, so that a lost request or answer loses nothing and nothing is done twice.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

from station.fleet.api import Assignment
from station.fleet.plan import Storm


@dataclass(frozen=True, slots=True)
class Begin:
    """Make an agent.

    Attributes:
        zero_s: when the run's time began, by the worker's monotonic clock.
    """

    zero_s: float


@dataclass(frozen=True, slots=True)
class Assign:
    """See ``Agent.assign``."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """See ``Agent.withdraw``."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """See ``Agent.drop``."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Go:
    """See ``Agent.go``."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """See ``Agent.pause``."""


@dataclass(frozen=True, slots=True)
class Resume:
    """See ``Agent.resume``."""


@dataclass(frozen=True, slots=True)
class Inject:
    """See ``Agent.inject``."""

    storm: Storm


@dataclass(frozen=True, slots=True)
class End:
    """See ``Agent.stop``."""

    patience_s: float


Order = Begin | Assign | Withdraw | Drop | Go | Pause | Resume | Inject | End


@dataclass(frozen=True, slots=True)
class Request:
    """From the coordinator, once a second and whenever there are orders.

    Attributes:
        incarnation: whom it is meant for; None: the worker is not known yet.
        anchor_s: the lease is held for ``lease_s`` from here, by the worker's own clock as it told it before; None: it
            has not told it yet.
        lease_s: see there.
        orders: what is not confirmed yet, numbered from 1 in each incarnation.
        seen: number of the last report that arrived.
        plan: packed (``packing``), where the worker said that it has none.
    """

    incarnation: int | None = None
    anchor_s: float | None = None
    lease_s: float = 0.0
    orders: tuple[tuple[int, Order], ...] = ()
    seen: int = 0
    plan: bytes | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent says of itself, at one moment of its loop.

    Attributes:
        number: rises.
        incarnation: of which agent.
        applied: number of the last order that was carried out.
        leaving: stations that were withdrawn and are still there.
        snapshot: ``Snapshot.to_bytes``; empty before ``Begin``.
        ended: ``End`` was carried out: these are the last figures.
        trouble: why the agent is of no use, in one line.
    """

    number: int
    incarnation: int
    applied: int = 0
    leaving: tuple[int, ...] = ()
    snapshot: bytes = b""
    ended: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """From a worker.

    Attributes:
        uid: of the worker process.
        pid: of the same, on its machine.
        version: of this program there.
        incarnation: each lease that was lost, and all stations with it, begins another one.
        held: whether the incarnation's lease is held, or was not given yet.
        anchor_s: when the agent's loop was last seen alive (at most the moment of the reply), by the lease's clock.
        age_s: how long before the reply that was.
        monotonic_s: the moment of the reply by the clock of the run's time.
        has_plan: whether the plan arrived.
        received: number of the last order that arrived.
        report: where there is one that was not seen yet.
    """

    uid: str
    pid: int
    version: str
    incarnation: int
    held: bool
    anchor_s: float
    age_s: float
    monotonic_s: float
    has_plan: bool
    received: int
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """For one station; see ``Agent.command``."""

    incarnation: int
    index: int
    command: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """To a ``Command``: its data, or why it was refused."""

    data: dict[str, Any] | None = None
    refused: str = ""
    hint: str | None = None


def pack(message: Request | Reply | Command | Answer) -> bytes:
    """For the wire."""
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


def unpack(data: bytes) -> Any:
    """What ``pack`` made. Only for bytes of the cluster's own transport, whose peers may run code here anyway."""
    return pickle.loads(data)  # noqa: S301 - see the docstring
