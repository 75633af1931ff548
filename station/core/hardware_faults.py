"""What hardware reports, as faults: one word, one row. The table of docs/faults.md.

A word is what a driver or a part of the core says: an ``Alarm`` of ``drivers.api``, or ``<part>_<what is wrong>``. Its
row says which fault that is, what people and central systems read of it, how a transaction ends by it, and which
variable of the device model goes to true with it. Two parts that report the same word are told apart by a suffix:
``reader_lost#2``. Called by the host (``raised``, ``cleared``), the EVSEs, and the dialects by way of
``station.core.problems``.

Spec: OCPP 1.6 §7.6 (error codes); OCPP 2.0.1 part 2 appendices 3.2 (physical components and their variables), G05.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from station.core.device_model import Scope
from station.core.events import FaultCleared, FaultRaised
from station.core.frozen import dataclass
from station.core.values import Fault, StopReason

_EVSE: Final = Scope.EVSE
CODE_LENGTH: Final = 50
"""OCPP 1.6 vendorErrorCode, OCPP 2.0.1 techCode."""


@dataclass(frozen=True, slots=True)
class HardwareFault:
    """A row of the table.

    Attributes:
        fault: what it is called where faults have one of few names.
        code: the manufacturer's own code, at most 50 characters without blanks.
        info: for people, at most 50 characters.
        stop: why a transaction ends with it; None: the fault's own reason (``station.core.faults.STOP_REASONS``).
        component, variable: what of the device model is true while it stands.
        scope: whether that component is one of the EVSE or of the connector; at EVSE 0 it is one of the station.
        changes: it is told as the change of a value, not as an alert (OCPP 2.0.1 part 6, TC_G_20 wants that of locks).
        grave: people may be in danger: of several faults that stand it is named first.
        held: whoever reports it says when it is gone, too; nobody else clears it.
    """

    fault: Fault
    code: str
    info: str
    component: str
    variable: str = "Problem"
    stop: StopReason | None = None
    scope: Scope = _EVSE
    changes: bool = False
    grave: bool = False
    held: bool = True


def _lock(code: str, info: str, *, held: bool = False) -> HardwareFault:
    return HardwareFault(
        Fault.CONNECTOR_LOCK_FAILURE,
        code,
        info,
        "ConnectorPlugRetentionLock",
        scope=Scope.CONNECTOR,
        changes=True,
        held=held,
    )


def _contactor(code: str, info: str, *, held: bool = True, grave: bool = False) -> HardwareFault:
    return HardwareFault(_SWITCH, code, info, "PowerContactor", held=held, grave=grave)


def _meter(code: str, info: str, *, held: bool = False) -> HardwareFault:
    return HardwareFault(_METER, code, info, "FiscalMetering", held=held)


_SWITCH, _METER, _PILOT = Fault.POWER_SWITCH_FAILURE, Fault.POWER_METER_FAILURE, Fault.EV_COMMUNICATION_ERROR

ALARMS: Final[Mapping[str, HardwareFault]] = {
    "emergency_stop": HardwareFault(
        Fault.OTHER_ERROR,
        "EmergencyStop",
        "emergency stop pressed",
        "EmergencyStopSensor",
        "Active",
        StopReason.EMERGENCY_STOP,
        grave=True,
    ),
    "residual_current": HardwareFault(
        Fault.GROUND_FAILURE, "ResidualCurrent", "residual current device tripped", "RCD", "Tripped", grave=True
    ),
    "ground": HardwareFault(Fault.GROUND_FAILURE, "NoGround", "no protective earth", "ElectricalFeed", grave=True),
    "diode": HardwareFault(_PILOT, "DiodeCheck", "diode check failed", "CPPWMController"),
    "relay": _contactor("RelayFault", "relay does not follow", grave=True),
    "ventilation": HardwareFault(
        Fault.OTHER_ERROR, "VentilationMissing", "ventilation asked for and not there", "AreaVentilation"
    ),
    "over_temperature": HardwareFault(
        Fault.HIGH_TEMPERATURE, "OverTemperature", "too hot", "TemperatureSensor", "Active"
    ),
    "over_current": HardwareFault(
        Fault.OVER_CURRENT_FAILURE, "OverCurrent", "over-current", "OverCurrentProtection", "Active"
    ),
    "over_voltage": HardwareFault(Fault.OVER_VOLTAGE, "OverVoltage", "over-voltage", "ElectricalFeed"),
    "under_voltage": HardwareFault(Fault.UNDER_VOLTAGE, "UnderVoltage", "under-voltage", "ElectricalFeed"),
    "self_test": HardwareFault(Fault.INTERNAL_ERROR, "SelfTest", "self-test failed", "Controller"),
    "internal": HardwareFault(Fault.INTERNAL_ERROR, "InternalError", "controller fault", "Controller"),
}
"""What a controller or a supervising input reports beside its state; an opened housing is a security event."""

CONTACTOR_WELDED: Final = "contactor_weld"
CONTACTOR_STUCK: Final = "contactor_stuck_open"
CONTACTOR_LOST: Final = "contactor_lost"
PILOT_ERROR: Final = "pilot_error"
LOCK_NOT_CLOSED: Final = "lock_not_closed"
LOCK_NOT_OPENED: Final = "lock_not_opened"
METER_FELL: Final = "meter_register_fell"
METER_JUMPED: Final = "meter_register_jumped"
METER_NONSENSE: Final = "meter_nonsense"
METER_SILENT: Final = "meter_silent"
METER_DOUBTS: Final = (METER_FELL, METER_JUMPED, METER_NONSENSE, METER_SILENT)
"""Why a reading is not believed, or that none comes."""

PARTS: Final[Mapping[str, HardwareFault]] = {
    CONTACTOR_WELDED: _contactor("ContactorWelded", "welded", held=False, grave=True),
    CONTACTOR_STUCK: _contactor("ContactorStuckOpen", "stuck open", held=False),
    CONTACTOR_LOST: _contactor("ContactorLost", "contactor lost"),
    "contactor_fault": _contactor("ContactorFault", "contactor fault"),
    PILOT_ERROR: HardwareFault(_PILOT, "PilotError", "pilot error", "CPPWMController"),
    "pilot_lost": HardwareFault(Fault.INTERNAL_ERROR, "PilotLost", "pilot lost", "CPPWMController"),
    LOCK_NOT_CLOSED: _lock("LockNotClosed", "the lock did not close"),
    LOCK_NOT_OPENED: _lock("LockNotOpened", "the lock did not open"),
    "lock_lost": _lock("LockLost", "lock lost", held=True),
    "meter_lost": _meter("MeterLost", "meter lost", held=True),
    METER_SILENT: _meter("MeterSilent", "meter silent", held=True),
    METER_FELL: _meter("RegisterFell", "register fell"),
    METER_JUMPED: _meter("RegisterJumped", "register jumped"),
    METER_NONSENSE: _meter("MeterNonsense", "no reading of this world"),
    "reader_lost": HardwareFault(Fault.READER_FAILURE, "ReaderLost", "reader lost", "TokenReader"),
}
"""What parts do, or fail to do."""

_PLAIN: Final[Mapping[Fault, tuple[str, str]]] = {
    Fault.CONNECTOR_LOCK_FAILURE: ("ConnectorPlugRetentionLock", "Problem"),
    Fault.EV_COMMUNICATION_ERROR: ("CPPWMController", "Problem"),
    Fault.GROUND_FAILURE: ("RCD", "Tripped"),
    Fault.HIGH_TEMPERATURE: ("TemperatureSensor", "Active"),
    Fault.INTERNAL_ERROR: ("Controller", "Problem"),
    Fault.OVER_CURRENT_FAILURE: ("OverCurrentProtection", "Active"),
    Fault.OVER_VOLTAGE: ("ElectricalFeed", "Problem"),
    Fault.POWER_METER_FAILURE: ("FiscalMetering", "Problem"),
    Fault.POWER_SWITCH_FAILURE: ("PowerContactor", "Problem"),
    Fault.READER_FAILURE: ("TokenReader", "Problem"),
    Fault.UNDER_VOLTAGE: ("ElectricalFeed", "Problem"),
}


def _plain(fault: Fault) -> HardwareFault:
    component, variable = _PLAIN.get(fault, ("EVSE", "Problem"))
    lock = fault is Fault.CONNECTOR_LOCK_FAILURE
    scope = Scope.CONNECTOR if lock else _EVSE
    return HardwareFault(fault, "", "", component, variable, scope=scope, changes=lock, held=False)


_NAMED: Final = {fault: _plain(fault) for fault in Fault}
"""A fault of which nobody said where it comes from."""

TABLE: Final[Mapping[str, HardwareFault]] = {**ALARMS, **PARTS}


VARIABLES: Final = frozenset((row.component, row.variable) for row in (*TABLE.values(), *_NAMED.values()))
"""Component and variable of everything that goes to true with a fault."""


def _row(source: str) -> HardwareFault | None:
    return TABLE.get(source.partition("#")[0])


def hardware_fault(source: str, fault: Fault) -> HardwareFault:
    """The row of a source; of one that no row names, what is known of its ``fault``, the word itself as its code."""
    row = _row(source)
    if row is not None and row.fault is fault:
        return row
    plain = _NAMED[fault]
    return replace(plain, code=source.partition("#")[0][:CODE_LENGTH], held=True) if source else plain


def raised(evse: int, source: str, info: str = "") -> FaultRaised:
    """The event that hardware reports ``source`` at an EVSE (0: the station).

    A word that no row names is a fault of a part when it begins with the part's name (``contactor_…``), else another
    error. ``info`` goes before the row's text.
    """
    return FaultRaised(evse, _fault_of(source), info, source)


def cleared(evse: int, source: str) -> FaultCleared:
    """The event that hardware does not report ``source`` any more; what others report stays."""
    return FaultCleared(evse, _fault_of(source), source)


_OF_PARTS: Final[Mapping[str, Fault]] = {
    "contactor": _SWITCH,
    "pilot": Fault.INTERNAL_ERROR,
    "lock": Fault.CONNECTOR_LOCK_FAILURE,
    "meter": _METER,
    "reader": Fault.READER_FAILURE,
}


def _fault_of(source: str) -> Fault:
    row = _row(source)
    return row.fault if row is not None else _OF_PARTS.get(source.partition("_")[0], Fault.OTHER_ERROR)
