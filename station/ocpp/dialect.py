"""The seam between the core and one version of OCPP.

A dialect words the core's facts, notices and queries as calls, and the CSMS's calls as events. It is stateless and
shared by all stations of a process; what it needs to know of a station it reads from a ``View``. It never sends,
waits or stores: the host's engine does, with ``rpc`` and ``outbox``.

Spec: OCPP 1.6 edition 2; OCPP 2.0.1 part 2, E ("how to behave like 1.6" by TxStartPoint and TxStopPoint).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final, Protocol

from station.core.events import Delivered, Event
from station.core.facts import Fact, Notice
from station.core.faults import Standing
from station.core.frozen import dataclass
from station.core.timeline import Timeline
from station.core.values import ChargingState, Fault, IdToken, RegistrationStatus
from station.core.variables import Variables


@dataclass(frozen=True, slots=True)
class OutCall:
    """A CALL to the CSMS: the payload is the wire's JSON object."""

    action: str
    payload: dict[str, Any]


class NotReady:
    """A fact that cannot be worded yet (OCPP 1.6: its transaction has no id). It waits; others do not overtake it."""


NOT_READY: Final = NotReady()


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a request at once. ``calls`` and ``events`` follow after the answer was written, in this order."""

    payload: dict[str, Any]
    calls: tuple[OutCall, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Defer:
    """Hand ``event`` to the core; its ``Reply`` is worded by ``Dialect.reply`` with the request and the outcome."""

    event: Event


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with a CALLERROR. ``code`` as the version spells it (see ``rules``)."""

    code: str
    description: str = ""


Inbound = Answer | Defer | Refuse


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the station is, for BootNotification. Length limits of a version are the dialect's business."""

    vendor: str
    model: str
    serial: str | None = None
    firmware: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    meter_serial: str | None = None
    meter_type: str | None = None


NO_ERROR: Final = "NoError"
"""The error code of a connector without a fault."""

FAULTED: Final = "Faulted"
"""The status, in every version, of a connector that a fault takes out of service."""


@dataclass(frozen=True, slots=True)
class Told:
    """A connector's status as a version tells it.

    ``text``: one string that changes when anything that is told changes. It is what the core stores of it.
    """

    status: str
    error_code: str = NO_ERROR
    info: str = ""
    vendor_code: str = ""
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        told = f"{self.status}|{self.error_code}|{self.info}"
        object.__setattr__(self, "text", f"{told}|{self.vendor_code}" if self.vendor_code else told)


class TransactionView(Protocol):
    """What a dialect sees of a running transaction."""

    @property
    def id(self) -> str: ...
    @property
    def token(self) -> IdToken | None: ...
    @property
    def remote_start_id(self) -> int | None: ...


class EvseView(Protocol):
    """What a dialect sees of an EVSE."""

    @property
    def id(self) -> int: ...
    @property
    def connector_ids(self) -> Sequence[int]: ...
    @property
    def active_connector(self) -> int:
        """The connector that is, or was last, in use."""
        ...

    @property
    def state(self) -> str:
        """``idle``, ``plugged``, ``awaiting``, ``active``, ``interrupted`` or ``finishing`` (``core.evse``)."""
        ...

    @property
    def charging_state(self) -> ChargingState: ...
    @property
    def in_use(self) -> bool:
        """Whether a cable is in or a vehicle stands in the bay (2.x Occupied)."""
        ...

    @property
    def bay_over(self) -> bool:
        """Whether the usage is over and only the bay is to be left."""
        ...

    @property
    def ev_left(self) -> bool:
        """Whether the vehicle's end was pulled during a transaction.

        It ended with that and the cable is still there, or it goes on and a vehicle is back.
        """
        ...

    @property
    def faults(self) -> Mapping[Fault, str]:
        """The faults that stand, oldest first, each with its text."""
        ...

    @property
    def standing_faults(self) -> Sequence[Standing]:
        """The same, with those who report them."""
        ...

    @property
    def reserved(self) -> bool: ...
    @property
    def transaction(self) -> TransactionView | None: ...
    def operative(self, connector: int) -> bool:
        """Whether station, EVSE and connector are operative, by command and by themselves.

        The connector of a running transaction is, until that is over.
        """
        ...

    def faulted(self) -> bool:
        """Whether a fault stands that takes the connector out of service."""
        ...


class LocalListView(Protocol):
    """What a dialect sees of the local authorization list: what is recorded of it."""

    @property
    def version(self) -> int:
        """Of the last update; 0 before the first."""
        ...

    @property
    def count(self) -> int:
        """How many tokens it holds."""
        ...

    @property
    def conflict(self) -> str:
        """What the CSMS said against it, in words; empty where nothing stands."""
        ...


class View(Protocol):
    """What a dialect sees of a station. Connector numbers count over all EVSEs from 1, as OCPP 1.6 does."""

    @property
    def variables(self) -> Variables: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def evses(self) -> Sequence[EvseView]: ...
    @property
    def faults(self) -> Mapping[Fault, str]:
        """The faults of the station as a whole; they stand at every EVSE too."""
        ...

    @property
    def standing_faults(self) -> Sequence[Standing]:
        """The same, with those who report them."""
        ...

    @property
    def registration(self) -> RegistrationStatus | None: ...
    @property
    def local_list(self) -> LocalListView: ...
    @property
    def features(self) -> frozenset[str]:
        """The features present, in the catalogue's names."""
        ...

    @property
    def timeline(self) -> Timeline:
        """Which moment, in UTC, a stamp was."""
        ...

    def now_utc(self) -> datetime:
        """UTC of this moment."""
        ...

    def turn_utc_s(self) -> float:
        """UTC of this turn, in which no time passes, in seconds since 1970."""
        ...

    def station_operative(self) -> bool:
        """Whether the station as a whole is operative."""
        ...

    @property
    def numbers(self) -> Mapping[tuple[int, int], int]:
        """EVSE and connector -> the connector's number over all EVSEs."""
        ...

    def place(self, number: int) -> tuple[int, int] | None:
        """EVSE and connector of a connector number; None where there is none."""
        ...

    @property
    def wire_ids(self) -> Mapping[str, str]:
        """Our id of a transaction -> the id that the CSMS gave it (1.6)."""
        ...

    def transaction_of(self, wire_id: str) -> str | None:
        """Our id of the running transaction to which the CSMS gave ``wire_id``."""
        ...


class Dialect(Protocol):
    """One version of OCPP."""

    version: str
    """As the command line spells it: ``1.6``, ``2.0.1``."""
    subprotocol: str
    csms_numbers_transactions: bool
    """Whether the id of a transaction on the wire is the CSMS's (1.6) rather than ours."""
    mute_while_rejected: bool
    """Whether nothing is answered while the boot is rejected (OCPP 1.6 §4.2)."""
    repeats_statuses: bool
    """Whether all statuses are told again after OfflineThreshold (OCPP 2.0.1 B04.FR.01)."""
    tells_states: bool
    """Whether transaction events without meter values or tokens are told."""
    tells_problems: bool
    """Whether faults are told in events of their own (OCPP 2.0.1 NotifyEvent), besides the status of a connector."""
    ends_with_aligned: bool
    """Whether begin and end are told of the measurands of clock-aligned values too (OCPP 1.6 errata 3.14)."""
    token_uses_reservation: bool
    """Whether a reservation is used up by its token (OCPP 2.0.1 H03.FR.09), not by its transaction (1.6 §5.13)."""
    types_tokens: bool
    """Whether tokens have types in its words."""
    functions: frozenset[str]
    """The functions of the catalogue for which this version has words here; a station has no others under it."""

    def defaults(self) -> Mapping[str, str]:
        """Variable address -> value where this version's words imply another default than the catalogue's."""
        ...

    def follows(self) -> Mapping[str, str]:
        """Variable address -> the variable whose delivered value it takes, where a key of this version is both."""
        ...

    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """Variable address -> the items that its list may have, where this version has more than the catalogue."""
        ...

    def actions(self, features: frozenset[str]) -> frozenset[str]:
        """The actions of the CSMS that a station with these features answers; others get NotSupported."""
        ...

    def token_limit(self) -> int:
        """How long an id token may be."""
        ...

    def render(self, fact: Fact, view: View) -> OutCall | NotReady | None:
        """The call that tells ``fact``; None where this version does not tell it."""
        ...

    def delivered(self, key: int, fact: Fact, payload: Mapping[str, Any], view: View) -> Delivered:
        """What the answer to a fact's call means."""
        ...

    def dropped(self, key: int, fact: Fact, view: View) -> Delivered:
        """What it means that a fact was given up after all attempts."""
        ...

    def retry(self, fact: Fact, view: View) -> tuple[int, float]:
        """Attempts and interval in seconds for a fact's call."""
        ...

    def notice(self, notice: Notice, view: View) -> Sequence[OutCall]:
        """The calls that tell ``notice``."""
        ...

    def ask(self, query: Any, view: View) -> OutCall:
        """The call that puts a query (``core.effects``)."""
        ...

    def answered(self, query: Any, payload: Mapping[str, Any], view: View) -> Event:
        """The event that an answer to a query is."""
        ...

    def told(self, evse: EvseView, connector: int, view: View) -> Told:
        """The status of a connector (``connector`` 0: of the station, where the version tells that) at this moment."""
        ...

    def status_targets(self, view: View) -> Sequence[tuple[int, int]]:
        """(EVSE, connector) of all statuses that this version tells, in order; (0, 0) is the station."""
        ...

    def status_call(self, evse: int, connector: int, told: Told, view: View) -> OutCall:
        """The call that tells a status."""
        ...

    def inbound(self, action: str, payload: Mapping[str, Any], reply: int, view: View) -> Inbound:
        """What to do with a call of the CSMS, already checked against its schema."""
        ...

    def reply(self, action: str, payload: Mapping[str, Any], outcome: Any, view: View) -> Answer | Refuse:
        """The answer to a deferred request, worded from the core's outcome."""
        ...
