"""The vocabulary of the core: plain values in the words of OCPP 2.x and IEC 61851.

Nothing here does anything. Enumerations are ``StrEnum`` with the spelling of OCPP 2.0.1 part 2, chapter 3, so that a
dialect may put them on the wire as they are.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from station.core.frozen import dataclass


class Pilot(StrEnum):
    """Control-pilot states of IEC 61851-1, table A.4."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class ContactorState(StrEnum):
    """What the main contacts are doing."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    OPENING = "opening"
    WELDED = "welded"
    STUCK_OPEN = "stuck_open"


class ChargingState(StrEnum):
    """OCPP 2.0.1 ChargingStateEnumType."""

    CHARGING = "Charging"
    EV_CONNECTED = "EVConnected"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    IDLE = "Idle"


class TokenStatus(StrEnum):
    """OCPP 2.0.1 AuthorizationStatusEnumType."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


class TriggerReason(StrEnum):
    """OCPP 2.0.1 TriggerReasonEnumType: why a transaction event is told."""

    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    METER_VALUE_CLOCK = "MeterValueClock"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TRIGGER = "Trigger"
    UNLOCK_COMMAND = "UnlockCommand"
    STOP_AUTHORIZED = "StopAuthorized"
    EV_DEPARTED = "EVDeparted"
    EV_DETECTED = "EVDetected"
    REMOTE_STOP = "RemoteStop"
    REMOTE_START = "RemoteStart"
    ABNORMAL_CONDITION = "AbnormalCondition"
    SIGNED_DATA_RECEIVED = "SignedDataReceived"
    RESET_COMMAND = "ResetCommand"


class StopReason(StrEnum):
    """OCPP 2.0.1 ReasonEnumType, and the two kinds of reset that a requester may tell apart."""

    DEAUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    HARD_RESET = "HardReset"
    SOFT_RESET = "SoftReset"
    LOCAL = "Local"
    LOCAL_OUT_OF_CREDIT = "LocalOutOfCredit"
    MASTER_PASS = "MasterPass"  # noqa: S105 - a card's role, no password
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    POWER_QUALITY = "PowerQuality"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOC_LIMIT_REACHED = "SOCLimitReached"
    STOPPED_BY_EV = "StoppedByEV"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TIMEOUT = "Timeout"
    UNLOCK_COMMAND = "UnlockCommand"


class Context(StrEnum):
    """OCPP 2.0.1 ReadingContextEnumType: why a value was read."""

    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    TRIGGER = "Trigger"
    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"


class BootReason(StrEnum):
    """OCPP 2.0.1 BootReasonEnumType."""

    APPLICATION_RESET = "ApplicationReset"
    FIRMWARE_UPDATE = "FirmwareUpdate"
    LOCAL_RESET = "LocalReset"
    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"
    UNKNOWN = "Unknown"
    WATCHDOG = "Watchdog"


class RegistrationStatus(StrEnum):
    """OCPP RegistrationStatusEnumType."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class TokenResult(StrEnum):
    """How the presentation of a token ended; the names are those of EVerest's Auth module where it has them."""

    ACCEPTED = "ACCEPTED"
    USED_TO_START = "USED_TO_START"
    USED_TO_STOP = "USED_TO_STOP"
    ALREADY_IN_PROCESS = "ALREADY_IN_PROCESS"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    NO_CONNECTOR_AVAILABLE = "NO_CONNECTOR_AVAILABLE"
    WITHDRAWN = "WITHDRAWN"


class Fault(StrEnum):
    """What can be wrong with a connector, its reader or its meter. The names are the error codes of OCPP 1.6 §7.6."""

    CONNECTOR_LOCK_FAILURE = "ConnectorLockFailure"
    EV_COMMUNICATION_ERROR = "EVCommunicationError"
    GROUND_FAILURE = "GroundFailure"
    HIGH_TEMPERATURE = "HighTemperature"
    INTERNAL_ERROR = "InternalError"
    LOCAL_LIST_CONFLICT = "LocalListConflict"
    OTHER_ERROR = "OtherError"
    OVER_CURRENT_FAILURE = "OverCurrentFailure"
    OVER_VOLTAGE = "OverVoltage"
    POWER_METER_FAILURE = "PowerMeterFailure"
    POWER_SWITCH_FAILURE = "PowerSwitchFailure"
    READER_FAILURE = "ReaderFailure"
    RESET_FAILURE = "ResetFailure"
    UNDER_VOLTAGE = "UnderVoltage"
    WEAK_SIGNAL = "WeakSignal"


@dataclass(frozen=True, slots=True)
class IdToken:
    """An identification as it goes to the CSMS.

    Two tokens are the same when value (without regard to case, OCPP identifiers are case-insensitive) and type agree.
    Its representation hides the value: tokens are personal data. ``any_type``: it is the same as a card of its value,
    whatever its own type, because the CSMS's words have no types (OCPP 1.6).
    """

    value: str
    type: str = "ISO14443"
    any_type: bool = False

    @property
    def key(self) -> str:
        """What identifies the token in tables and comparisons."""
        return f"{'ISO14443' if self.any_type else self.type}:{self.value.upper()}"

    def same(self, other: IdToken | None) -> bool:
        """Whether both denote the same card."""
        if self is other or other is None:
            return other is not None
        if self.value.upper() != other.value.upper():
            return False
        return ("ISO14443" if self.any_type else self.type) == ("ISO14443" if other.any_type else other.type)

    @property
    def masked(self) -> str:
        """The value with all but its last two characters hidden; a short one is hidden altogether."""
        return "***" + (self.value[-2:] if len(self.value) > 4 else "")

    def __repr__(self) -> str:
        return f"IdToken({self.masked})"

    __str__ = __repr__


NO_TOKEN = IdToken("", "NoAuthorization")
"""The token of a station that needs none (OCPP 2.0.1 C02)."""


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What a validator says of a token (OCPP 2.0.1 IdTokenInfoType, OCPP 1.6 IdTagInfo)."""

    status: TokenStatus
    group: IdToken | None = None
    expires: datetime | None = None
    evses: tuple[int, ...] = ()
    raw: str = ""
    """The status as the CSMS spelled it, where that differs (1.6 knows fewer)."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation (OCPP 2.0.1 H01; OCPP 1.6 §5.13).

    ``evse`` None: any. ``connector`` 0: any of the EVSE. ``connector_type`` empty: of any type. ``made`` is when it was
    accepted, None where the time was not known then.
    """

    id: int
    token: IdToken
    expires: datetime
    evse: int | None = None
    connector: int = 0
    connector_type: str = ""
    group: IdToken | None = None
    made: datetime | None = None

    def matches(self, token: IdToken, group: IdToken | None) -> bool:
        """Whether it is for this token, or for the group that the token belongs to."""
        return self.token.same(token) or (self.group is not None and self.group.same(group))


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment: monotonic station time in seconds, and the boot it counts from."""

    at_s: float
    boot: int


class Moment(StrEnum):
    """What a meter that signs was asked for, other than a plain reading."""

    BEGIN = "begin"
    UPDATE = "update"
    END = "end"


@dataclass(frozen=True, slots=True)
class SignedData:
    """A signed meter reading (OCPP 2.0.1 SignedMeterValueType)."""

    text: str
    method: str = ""
    encoding: str = "OCMF"
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a meter. What the meter does not offer is None.

    ``energy_wh`` is the register; the tuples hold one value per phase. ``signed`` is what the meter signed for this
    moment, ``signed_begin`` what it signed for the begin of the session, known only now or then. ``moment`` is None for
    a plain reading.
    """

    energy_wh: float
    power_w: float | None = None
    current_a: tuple[float, ...] = ()
    voltage_v: tuple[float, ...] = ()
    soc_percent: float | None = None
    frequency_hz: float | None = None
    export_wh: float | None = None
    temperature_c: float | None = None
    signed: SignedData | None = None
    signed_begin: SignedData | None = None
    moment: Moment | None = None
    offered_a: float | None = None
