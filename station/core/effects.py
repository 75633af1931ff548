"""Effects: what the core asks the host to do.

Physical effects leave at once. Effects that promise something (``Tell``, ``Reply``, ``Publish``, ``CloseContactor``,
``Reboot``) leave only after the batch that they rest on is recorded; the core sees to that itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from station.core.contract_tasks import Contract
from station.core.facts import Fact, Notice
from station.core.frozen import dataclass
from station.core.records import Batch
from station.core.values import BootReason, IdToken, Reading, TokenResult


@dataclass(frozen=True, slots=True)
class Commit(Batch):
    """Make this batch durable and answer ``Recorded`` or ``RecordFailed``."""


@dataclass(frozen=True, slots=True)
class OpenContactor:
    """Open the main contacts now. Never queued behind anything."""

    evse: int


@dataclass(frozen=True, slots=True)
class CloseContactor:
    """Close the main contacts: everything that allows it was true and recorded when this was emitted."""

    evse: int


@dataclass(frozen=True, slots=True)
class OfferCurrent:
    """Offer this current by the control pilot; None withdraws the offer."""

    evse: int
    current_a: float | None


@dataclass(frozen=True, slots=True)
class MoveLock:
    """Lock or unlock the connector; the host answers ``LockMoved``."""

    evse: int
    connector: int
    locked: bool


@dataclass(frozen=True, slots=True)
class ReadMeter:
    """Read the meter and answer ``MeterRead``; ``signed``: have it sign the reading, where it can."""

    evse: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class MeterSession:
    """A transaction begins or ends at the meter: counters and signatures per session start and stop here."""

    evse: int
    begins: bool
    transaction_id: str
    token: IdToken | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to the CSMS (a query of this module); its outcome comes back as an event."""

    query: Any


@dataclass(frozen=True, slots=True)
class Tell:
    """A fact stands in the journal under ``key`` and may be sent.

    ``reading`` is what a sample of a running transaction was selected from: observers are told it, too
    (docs/control.md, meter_value).
    """

    key: int
    fact: Fact
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell this if there is a connection; it is not kept."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the request that carried this token."""

    token: int
    outcome: Any


@dataclass(frozen=True, slots=True)
class TokenEnded:
    """A presented token reached a result. ``final`` is False while it still waits for a cable.

    ``trace`` lists what was asked and decided, in order, for people.
    """

    token: IdToken
    result: TokenResult
    reason: str
    trace: tuple[dict[str, Any], ...]
    asked: int | None
    final: bool
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class QueryEnded:
    """A question that the owner had put is answered: ``answer`` or, with ``problem``, not."""

    asked: int
    answer: Any = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Publish:
    """Something happened that observers are told (docs/control.md)."""

    event: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reboot:
    """Start anew. With ``drain`` what is queued may be sent first, bounded by the host."""

    reason: BootReason
    drain: bool = True


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Close the connection and dial again: what it is secured with has changed. The answer before it leaves first."""

    reason: str


@dataclass(frozen=True, slots=True)
class ClockChanged:
    """The station's UTC is known or was corrected."""

    utc: datetime


@dataclass(frozen=True, slots=True)
class Work:
    """Carry out a task that needs a library, a file or the network; its reports come back as ``JobReported``."""

    job: int
    task: Any


@dataclass(frozen=True, slots=True)
class Abandon:
    """Stop a job; its reports are of no use any more."""

    job: int


# Queries: what an Ask carries


@dataclass(frozen=True, slots=True)
class BootQuery:
    """BootNotification."""

    reason: BootReason


@dataclass(frozen=True, slots=True)
class HeartbeatQuery:
    """Heartbeat."""

    asked: int | None = None


@dataclass(frozen=True, slots=True)
class AuthorizeQuery:
    """Authorize. ``asked`` where the owner put the question. ``contract``: what a vehicle shows with its eMAID."""

    token: IdToken
    asked: int | None = None
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class RawQuery:
    """A message the owner words himself."""

    action: str
    payload: dict[str, Any]
    asked: int


# Outcomes: what a Reply carries


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended: ``status`` in the words of OCPP 2.x for that message, ``reason`` a code, ``info`` a text.

    ``data`` holds what the message's answer needs besides (variable results, a transaction id).
    """

    status: str
    reason: str = ""
    info: str = ""
    data: Any = None


STORE_FAILED = Outcome("Rejected", "InternalError", "the station cannot store it")
"""The outcome of a request whose consequences could not be recorded."""

Effect = Any
"""Any of the classes of this module that is not a query or an outcome."""
