"""Events: what the core is told. Every event is legal in every state.

Three origins: the world (pilot, contactor, meter, cards), the CSMS (requests with a reply token, answers to questions),
and the host (link, store, clock). EVSEs and connectors count from 1 within the station and within the EVSE.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from station.core.contract_tasks import Contract
from station.core.costs import FinalCost, PriceText, RunningCost
from station.core.frozen import dataclass
from station.core.smart_charging.profile import ChargingProfile
from station.core.updates import FirmwareRequest, LogRequest
from station.core.values import (
    BootReason,
    Fault,
    IdToken,
    Pilot,
    Reading,
    RegistrationStatus,
    Reservation,
    StopReason,
    TokenInfo,
)
from station.core.variables import Hand


@dataclass(frozen=True, slots=True)
class Together:
    """What happened at one moment, in order: the station draws its conclusions once, from all of it."""

    happened: tuple[Any, ...]


# The world


@dataclass(frozen=True, slots=True)
class PilotChanged:
    """The control pilot went to another state (IEC 61851-1)."""

    evse: int
    pilot: Pilot


@dataclass(frozen=True, slots=True)
class CableChanged:
    """The station's end of the cable was put in or taken out (a fixed cable never moves)."""

    evse: int
    connector: int
    present: bool
    limit_a: float | None = None


@dataclass(frozen=True, slots=True)
class BayChanged:
    """Something stands in the parking bay, or has left it."""

    evse: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class ContactorMoved:
    """The main contacts were seen open or closed."""

    evse: int
    closed: bool


@dataclass(frozen=True, slots=True)
class LockMoved:
    """The connector lock reached a position, or failed to."""

    evse: int
    connector: int
    locked: bool
    failed: bool = False


@dataclass(frozen=True, slots=True)
class MeterRead:
    """The meter was read. ``None`` is a reading that was asked for and did not come."""

    evse: int
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class MeterReplaced:
    """Another meter was fitted, whose register counts from now on. Nothing happens while a transaction runs."""

    evse: int


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """A part reports a fault. Several may stand at once. ``evse`` 0 is the station.

    ``source`` says who reports it, in a word of ``station.core.hardware_faults`` (empty: somebody else); the same fault
    may stand by several sources. Reported again, it only has another text.
    """

    evse: int
    fault: Fault
    info: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A fault is gone; without ``fault`` all of the EVSE are, without ``source`` it is gone whoever reported it."""

    evse: int
    fault: Fault | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class TokenPresented:
    """A card was shown, or stands for a command that acts like one.

    ``reader`` is the provider's name. ``evses`` are those that it serves; empty means all. ``asked`` comes back in the
    effect ``TokenEnded``. ``contract`` is what a vehicle shows with its eMAID. ``technology`` is the reader's word for
    the kind of card. ``prevalidated``: the provider vouches for the token, no validator is asked.
    """

    token: IdToken
    reader: str = ""
    evses: tuple[int, ...] = ()
    asked: int | None = None
    contract: Contract | None = None
    technology: str = ""
    prevalidated: bool = False


@dataclass(frozen=True, slots=True)
class EvseSelected:
    """The user has chosen this EVSE: a key, a command, a button at the station (``drivers.api.Button``), a QR code.

    It goes to the token that has waited longest. With the selection UserInput a choice that no token waits for holds
    for the next one that is shown within ``station.core.choice.CHOICE_S``; with the other rules it does nothing then.
    """

    evse: int


@dataclass(frozen=True, slots=True)
class TokenWithdrawn:
    """The presenter took the token back before it was used."""

    token: IdToken


# The owner's hand (control face)


@dataclass(frozen=True, slots=True)
class StopRequested:
    """End the transaction of an EVSE; with reason Local its own card is shown again."""

    evse: int
    reason: StopReason


# The CSMS


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """Start for a token as if it had been shown at the station. ``evse`` None: the selection decides.

    ``names_group`` False: the request could not say which group the token belongs to (OCPP 1.6). ``profile``, whose
    EVSE is open, becomes a TxProfile of the transaction that it starts.
    """

    reply: int
    token: IdToken
    evse: int | None = None
    remote_start_id: int | None = None
    group: IdToken | None = None
    names_group: bool = True
    profile: ChargingProfile | None = None


@dataclass(frozen=True, slots=True)
class RemoteStop:
    """End the transaction with this id of ours."""

    reply: int
    transaction_id: str


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """Make the station (evse 0), an EVSE (connector 0) or a connector operative or inoperative.

    ``level``: a change of the station is one of all its connectors, which have no other word of their own besides.
    """

    reply: int
    evse: int
    connector: int
    operative: bool
    level: bool = False


@dataclass(frozen=True, slots=True)
class ResetRequested:
    """Reboot the station (evse 0) or an EVSE.

    ``on_idle``: wait until no transaction runs. Otherwise running transactions end with ``reason``.
    """

    reply: int | None
    on_idle: bool
    reason: StopReason
    evse: int = 0
    boot_reason: BootReason = BootReason.REMOTE_RESET
    drain: bool = True


@dataclass(frozen=True, slots=True)
class UnlockRequested:
    """Unlock a connector (the helpdesk frees a stuck cable).

    ``ends_transaction``: a running transaction is ended first (1.6); otherwise it refuses (2.x F05.FR.02).
    """

    reply: int
    evse: int
    connector: int
    ends_transaction: bool


@dataclass(frozen=True, slots=True)
class TriggerMeter:
    """Report the meter of an EVSE (0: all).

    ``in_transaction``: with the measurands of samples, as part of the transaction where one runs; else with those of
    clock-aligned values, as part of none.
    """

    evse: int
    in_transaction: bool


@dataclass(frozen=True, slots=True)
class ProbeMeter:
    """Read the meter now, for nobody in particular: somebody touched it."""

    evse: int


@dataclass(frozen=True, slots=True)
class SampleDue:
    """The periodic sample of an EVSE's transaction is due now, and the next one an interval later.

    For load that is driven by what was answered rather than by time. Nothing happens where nothing is sampled: no
    transaction runs, the interval is 0, or no measurand is wanted.
    """

    evse: int


@dataclass(frozen=True, slots=True)
class TriggerBoot:
    """Send a BootNotification although none is due."""


@dataclass(frozen=True, slots=True)
class TriggerHeartbeat:
    """Send a Heartbeat now. ``asked`` comes back in ``QueryEnded``."""

    asked: int | None = None


@dataclass(frozen=True, slots=True)
class SetVariables:
    """Write variables, in order. ``items`` are (address, attribute, value).

    With ``reply`` the changes are undone where they cannot be recorded.
    """

    reply: int | None
    items: tuple[tuple[Any, str, str], ...]
    hand: Hand = "csms"


@dataclass(frozen=True, slots=True)
class DeleteVariable:
    """Back to the value of profile or catalogue. With ``reply`` the change is undone where it cannot be recorded."""

    address: Any
    reply: int | None = None


@dataclass(frozen=True, slots=True)
class ReserveNow:
    """Keep an EVSE for a token."""

    reply: int
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class CancelReservation:
    """Give up the reservation with this id."""

    reply: int
    id: int


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Forget all tokens of the authorization cache."""

    reply: int


@dataclass(frozen=True, slots=True)
class SendLocalList:
    """Replace the local list (``full``), or change what ``entries`` name; an entry without info is removed.

    ``version`` is the list's afterwards. ``empty_is_zero``: a list without entries counts as version 0.
    """

    reply: int
    version: int
    full: bool
    entries: tuple[tuple[IdToken, TokenInfo | None], ...]
    empty_is_zero: bool = False


@dataclass(frozen=True, slots=True)
class PutToken:
    """Write an entry of the authorization cache (``local_list`` False) or of the local list.

    With ``reply`` the entry is undone where it cannot be recorded.
    """

    token: IdToken
    info: TokenInfo
    local_list: bool
    reply: int | None = None


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """Install other firmware."""

    reply: int
    request: FirmwareRequest


@dataclass(frozen=True, slots=True)
class TriggerFirmwareStatus:
    """Tell how the firmware update stands. ``signed``: of secure updates, of plain ones, None: of any."""

    signed: bool | None = None


@dataclass(frozen=True, slots=True)
class UploadLog:
    """Upload a log."""

    reply: int
    request: LogRequest


@dataclass(frozen=True, slots=True)
class TriggerLogStatus:
    """Tell how the log upload stands. ``numbered``: of those with a request id, of those without, None: of any."""

    numbered: bool | None = None


@dataclass(frozen=True, slots=True)
class AskCsms:
    """Send a question for the owner: ``query`` is handed to the dialect; its answer ends in ``QueryEnded(asked)``."""

    asked: int
    query: Any


@dataclass(frozen=True, slots=True)
class PriceTold:
    """The CSMS tells what a driver pays, in words."""

    reply: int
    token: IdToken
    texts: tuple[PriceText, ...]


@dataclass(frozen=True, slots=True)
class CostTold:
    """The CSMS tells what a transaction costs so far, or in the end. ``wire_id`` is its id on the wire."""

    reply: int
    wire_id: str
    cost: RunningCost | FinalCost


# Answers


@dataclass(frozen=True, slots=True)
class BootAnswered:
    """The CSMS answered BootNotification."""

    status: RegistrationStatus
    interval_s: float
    utc: datetime | None


@dataclass(frozen=True, slots=True)
class HeartbeatAnswered:
    """The CSMS answered a Heartbeat with its time."""

    utc: datetime | None


@dataclass(frozen=True, slots=True)
class TokenAnswered:
    """The CSMS answered an Authorize."""

    token: IdToken
    info: TokenInfo


@dataclass(frozen=True, slots=True)
class QueryFailed:
    """A question was not answered: CallError, Timeout, Disconnected or InvalidAnswer, or an answer says that it is not
    answered, in one word of its own. ``description`` for people."""

    query: Any
    cause: str
    code: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A journalled fact was answered (or given up): its row may go.

    ``info`` is what the answer said of the token; ``wire_id`` an id that the CSMS gave the transaction.
    """

    key: int
    dropped: bool = False
    token: IdToken | None = None
    info: TokenInfo | None = None
    wire_id: str | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """A transaction is known to the CSMS under this id, from whatever source."""

    transaction_id: str
    wire_id: str


@dataclass(frozen=True, slots=True)
class StatusTold:
    """A connector's status was told; kept to know what changed while offline."""

    evse: int
    connector: int
    told: str


# The host


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection to the CSMS stands."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection to the CSMS is gone."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The batch is durable, and all before it."""

    seq: int


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """The batch was not stored."""

    seq: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ClockLearnt:
    """The host says what the time is; ``sure``: its clock is synchronised."""

    utc: datetime
    sure: bool = True


@dataclass(frozen=True, slots=True)
class PowerFailing:
    """Power, or the process, is about to go: what runs ends with ``reason``, or stays open to be resumed."""

    reason: StopReason
    resume: bool = False


@dataclass(frozen=True, slots=True)
class SecurityProfileHeld:
    """A connection stands under the security profile that the variables name now."""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Something of ``security_events.SecurityEventType`` happened. ``info`` holds no secret."""

    type: str
    info: str = ""


@dataclass(frozen=True, slots=True)
class JobReported:
    """How a job (``station.core.jobs``) is going; ``last``: it is over."""

    job: int
    report: Any
    last: bool = True


@dataclass(frozen=True, slots=True)
class HardwareReady:
    """The drivers were read once after the boot: what transactions were open can be decided.

    ``reason`` is why they were interrupted; ``resume`` overrides the plan's policy.
    """

    reason: StopReason = StopReason.POWER_LOSS
    resume: bool | None = None


Event = Any
"""Any of the classes of this module."""
