"""Security events: their names, which of them the CSMS is told, and the security log of a station.

Not the requests that read the log (log upload) nor who notices an event. Parts of the core call ``SecurityLog.raised``;
the host and jobs hand in ``events.SecurityEvent``.

Spec: OCPP 2.0.1 A04, appendix 1; Security WP ed.3 §3 (A04), §8.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from station.core.codec import from_row, to_row
from station.core.device_model import Address
from station.core.facts import SecurityFact
from station.core.frozen import dataclass
from station.core.records import Json
from station.core.values import BootReason, Stamp

if TYPE_CHECKING:
    from station.core.context import Context

TABLE: Final = "security_log"
ENTRIES: Final = 500
"""How many events the log keeps; the oldest goes first (A04.FR.04 recommends a rolling format)."""


class SecurityEventType(StrEnum):
    """The security events of OCPP 2.0.1, appendix 1. A dialect has the words of other versions.

    AttemptedReplayAttacks is in the list and never raised: OCPP messages carry neither signature nor counter, and a
    message id that comes twice is what the list itself excepts, a CSMS that sends again.
    """

    FIRMWARE_UPDATED = "FirmwareUpdated"
    FAILED_TO_AUTHENTICATE_AT_CSMS = "FailedToAuthenticateAtCsms"
    CSMS_FAILED_TO_AUTHENTICATE = "CsmsFailedToAuthenticate"
    SETTING_SYSTEM_TIME = "SettingSystemTime"
    STARTUP_OF_THE_DEVICE = "StartupOfTheDevice"
    RESET_OR_REBOOT = "ResetOrReboot"
    SECURITY_LOG_WAS_CLEARED = "SecurityLogWasCleared"
    RECONFIGURATION_OF_SECURITY_PARAMETERS = "ReconfigurationOfSecurityParameters"
    MEMORY_EXHAUSTION = "MemoryExhaustion"
    INVALID_MESSAGES = "InvalidMessages"
    ATTEMPTED_REPLAY_ATTACKS = "AttemptedReplayAttacks"
    TAMPER_DETECTION_ACTIVATED = "TamperDetectionActivated"
    INVALID_FIRMWARE_SIGNATURE = "InvalidFirmwareSignature"
    INVALID_FIRMWARE_SIGNING_CERTIFICATE = "InvalidFirmwareSigningCertificate"
    INVALID_CSMS_CERTIFICATE = "InvalidCsmsCertificate"
    INVALID_CHARGING_STATION_CERTIFICATE = "InvalidChargingStationCertificate"
    INVALID_TLS_VERSION = "InvalidTLSVersion"
    INVALID_TLS_CIPHER_SUITE = "InvalidTLSCipherSuite"
    MAINTENANCE_LOGIN_ACCEPTED = "MaintenanceLoginAccepted"
    MAINTENANCE_LOGIN_FAILED = "MaintenanceLoginFailed"


_Type = SecurityEventType

ONLY_LOGGED: Final = frozenset(
    {
        _Type.FAILED_TO_AUTHENTICATE_AT_CSMS,
        _Type.CSMS_FAILED_TO_AUTHENTICATE,
        _Type.RECONFIGURATION_OF_SECURITY_PARAMETERS,
        _Type.INVALID_MESSAGES,
        _Type.ATTEMPTED_REPLAY_ATTACKS,
    }
)
"""Those that are not critical: they stand in the log and the CSMS is not told (A04.FR.01, .04).

By the list of OCPP 2.0.1. That of the Security Whitepaper has six more (firmware signatures, certificates, TLS version
and suite), which its requirements have the station send all the same (A00.FR.318, L01.FR.03; certification cases
TC_077, TC_078, TC_081): so every version is told the same. An event that no list names is critical.
"""

SERIES: Final = frozenset(
    {
        _Type.FAILED_TO_AUTHENTICATE_AT_CSMS,
        _Type.CSMS_FAILED_TO_AUTHENTICATE,
        _Type.INVALID_CSMS_CERTIFICATE,
        _Type.INVALID_TLS_VERSION,
        _Type.INVALID_TLS_CIPHER_SUITE,
        _Type.INVALID_MESSAGES,
    }
)
"""What the other side can cause again and again: one event until a connection stands anew, however often it happens."""

_DETAILS_LENGTH: Final = 255
"""TechInfo is at most so long in every version."""

_REPORTED_S: Final = Address("ClockCtrlr", None, None, None, "TimeAdjustmentReportingThreshold")
_DEFAULT_REPORTED_S: Final = 20.0

_PARAMETERS: Final = frozenset(
    {
        ("SecurityCtrlr", "BasicAuthPassword"),
        ("SecurityCtrlr", "Identity"),
        ("SecurityCtrlr", "OrganizationName"),
        ("SecurityCtrlr", "SecurityProfile"),
        ("SecurityCtrlr", "AllowSecurityProfileDowngrade"),
        ("SecurityCtrlr", "AllowCSMSTLSWildcards"),
    }
)
"""Component and variable of what ReconfigurationOfSecurityParameters tells of (A01.FR.11)."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event in the security log.

    ``utc`` is None as long as the time is unknown; ``stamp`` is kept only so long. ``info`` never contains secrets.
    """

    seq: int
    type: str
    info: str = ""
    utc: datetime | None = None
    stamp: Stamp | None = None


class SecurityLog:
    """The security events of one station: logged, and the critical ones told.

    ``entries`` are those still kept, the oldest first; their ``seq`` counts from 1 over all boots, without gaps.
    """

    __slots__ = ("_cleared", "_exhausted", "_series", "ctx", "entries")

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.entries: list[LogEntry] = []
        self._series: set[str] | None = None
        self._cleared = False
        self._exhausted: tuple[Stamp, str] | None = None

    # What happens

    def raised(self, kind: str, info: str = "", stamp: Stamp | None = None) -> None:
        """Something of the list happened, now unless ``stamp`` says when: log it, and tell it where it is critical.

        One of ``SERIES`` is taken once until ``series_over``.
        """
        if kind in SERIES:
            if self._series is not None and kind in self._series:
                return
            self._series = {*(self._series or ()), kind}
        ctx, info = self.ctx, info[:_DETAILS_LENGTH]
        stamp = stamp or ctx.stamp()
        known = ctx.timeline.known
        seq = self.entries[-1].seq + 1 if self.entries else 1
        utc = ctx.timeline.utc(stamp) if known else None
        self._keep(LogEntry(seq, kind, info, utc, None if known else stamp))
        if kind not in ONLY_LOGGED:
            ctx.ledger.tell(SecurityFact(kind, stamp, info, offline=not ctx.online))

    def _keep(self, entry: LogEntry) -> None:
        self.entries.append(entry)
        self.ctx.ledger.put(TABLE, _key(entry.seq), to_row(entry))
        if len(self.entries) > ENTRIES:
            self.ctx.ledger.delete(TABLE, _key(self.entries.pop(0).seq))

    def booted(self, reason: BootReason) -> None:
        """A boot begins: told at every one, and why where it was ordered."""
        if self._cleared:
            self._cleared = False
            self.raised(_Type.SECURITY_LOG_WAS_CLEARED, "entries that could not be read are lost")
        if reason is not BootReason.POWER_UP:
            self.raised(_Type.RESET_OR_REBOOT, reason.value)
        self.raised(_Type.STARTUP_OF_THE_DEVICE)

    def store_failed(self, problem: str) -> None:
        """Nothing can be stored, this neither: it is told once the store works again."""
        self._exhausted = self._exhausted or (self.ctx.stamp(), problem)

    def store_works(self) -> None:
        """Something was stored."""
        if self._exhausted is not None:
            (stamp, problem), self._exhausted = self._exhausted, None
            self.raised(_Type.MEMORY_EXHAUSTION, problem, stamp)

    def series_over(self) -> None:
        """A connection stands: what goes wrong from now on is another series."""
        self._series = None

    def variable_changed(self, address: Address) -> None:
        """A variable has another value; of those that secure the station it is logged which, never the value."""
        if (address.component, address.variable) in _PARAMETERS:
            self.raised(_Type.RECONFIGURATION_OF_SECURITY_PARAMETERS, address.variable)

    def clock_changed(self, before: float | None, after: float) -> None:
        """The offset between station time and UTC, in seconds, is another one; ``before`` None: the first of this boot.

        A first time sets nothing: it dates the entries that have waited for it.
        """
        if before is None:
            self._date()
            return
        moved_s = after - before
        if abs(moved_s) > self.ctx.number(_REPORTED_S, _DEFAULT_REPORTED_S):
            self.raised(_Type.SETTING_SYSTEM_TIME, f"by {moved_s:+.0f} s")

    def _date(self) -> None:
        timeline = self.ctx.timeline
        for place, entry in enumerate(self.entries):
            if entry.stamp is not None:
                dated = LogEntry(entry.seq, entry.type, entry.info, timeline.utc(entry.stamp))
                self.entries[place] = dated
                self.ctx.ledger.put(TABLE, _key(entry.seq), to_row(dated))

    # Looking and storing

    def between(self, oldest: datetime | None = None, latest: datetime | None = None) -> list[LogEntry]:
        """The entries of a time, both ends included, the oldest first."""
        return [
            entry
            for entry in self.entries
            if (oldest is None or self.utc(entry) >= oldest) and (latest is None or self.utc(entry) <= latest)
        ]

    def utc(self, entry: LogEntry) -> datetime:
        """When it happened; counted from 1970 where no boot since has known the time."""
        if entry.utc is not None:
            return entry.utc
        return self.ctx.timeline.utc(entry.stamp or self.ctx.stamp())

    def restore(self, rows: dict[str, Json]) -> list[str]:
        """Begin a boot with the stored rows. Answers the keys of rows that cannot be read."""
        damaged = []
        for key in sorted(rows):
            try:
                entry = from_row(LogEntry, rows[key])
                _check(entry, int(key))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                damaged.append(key)
                continue
            self.entries.append(entry)
            if entry.stamp is not None:
                self.ctx.timeline.remember(entry.stamp)
        self._cleared = bool(damaged)
        return damaged

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        return {_key(entry.seq): to_row(entry) for entry in self.entries}


def _check(entry: LogEntry, seq: int) -> None:
    """Raises ValueError for an entry that cannot be one."""
    stamp = entry.stamp
    dated = entry.utc.tzinfo is not None if entry.utc is not None else stamp is not None
    texts = isinstance(entry.type, str) and isinstance(entry.info, str)
    stamped = stamp is None or (type(stamp.at_s) in (int, float) and type(stamp.boot) is int)
    if entry.seq != seq or not (dated and texts and stamped):
        raise ValueError("no entry of a security log")


def _key(seq: int) -> str:
    """Sorts as it counts."""
    return f"{seq:012d}"
