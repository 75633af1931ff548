"""The configuration keys of OCPP 1.6, mapped to the variables of the device model by a table.

Not a store: values live in ``station.core.variables``. Called by the handlers of GetConfiguration and
ChangeConfiguration, and by whoever composes a station, to turn the names in a profile into settings. A key exists
where its variable exists, so a function that is left out has no keys.

Sources: OCPP 1.6 edition 2 chapter 9 with the errata of 2025-04, Security Whitepaper edition 3 chapter 7, and the
application notes on ISO 15118 and on signed meter values.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from station.core.catalogue import (
    VENDOR_COMPONENT,
    Address,
    DataType,
    Definition,
    Mutability,
    Scope,
    build_catalogue,
)
from station.core.catalogue_data import MEASURANDS
from station.core.metering import PHASED
from station.core.variables import Setting, Variables
from station.ocpp.v16 import price_keys
from station.ocpp.v16.key_conversions import (
    RATE_UNITS,
    count_items,
    phase_rotation,
    rotate,
    supported_profiles,
    to_current_power,
)

ChangeStatus = Literal["Accepted", "Rejected", "RebootRequired", "NotSupported"]
Access = Literal["R", "RW", "W"]
Row = tuple[str, bool, str | None]
"""Name, read-only, value; None where the value is not set."""

_LISTS: Final = (DataType.MEMBER_LIST, DataType.SEQUENCE_LIST, DataType.OPTION_LIST)
MAX_VALUE: Final = 500
"""CiString500Type."""


@dataclass(frozen=True, slots=True)
class Key:
    """A configuration key.

    ``address`` names the variable that carries the value, or, for a computed key, the one that has to exist. ``limit``:
    the value is the variable's maximum instead of its value. ``read`` replaces plain reading. ``write`` turns the text
    of a key into the values of variables, or None where the text is illegal.
    """

    name: str
    address: Address
    access: Access = "RW"
    limit: bool = False
    read: Callable[[Variables], str] | None = None
    write: Callable[[Variables | None, str], tuple[tuple[Address, str], ...] | None] | None = None


def _at(text: str) -> Address:
    return Address.parse(text)[0]


_SIDE_STOP: Final = _at("TxCtrlr.StopTxOnEVSideDisconnect")
_STOP_POINT: Final = _at("TxCtrlr.TxStopPoint")
_STATION: Final = _at("ChargingStation.Available")
_ROTATION: Final = _at("ChargingStation.PhaseRotation")
_RATE_UNIT: Final = _at("SmartChargingCtrlr.RateUnit")
_SECURITY_PROFILE: Final = _at("SecurityCtrlr.SecurityProfile")
_SECURITY_PROFILE_NAME: Final = "SecurityProfile"
_METER: Final = ("FiscalMetering", None)
_METER_KEY: Final = "MeterPublicKey"


def _stop_points(variables: Variables | None) -> tuple[str, ...]:
    both = ("EVConnected", "Authorized")
    points = variables.items(_STOP_POINT) if variables is not None else both
    if "PowerPathClosed" in points:
        points = (*both, *points)
    return tuple(dict.fromkeys(point for point in points if point != "PowerPathClosed"))


def _write_side_stop(variables: Variables | None, text: str) -> tuple[tuple[Address, str], ...] | None:
    # A transaction that is to outlive the plug needs a stop point that the plug does not touch.
    if text not in ("true", "false"):
        return None
    points = _stop_points(variables)
    kept = tuple(point for point in points if point != "EVConnected")
    wanted = ("EVConnected", *kept) if text == "true" else (kept or ("Authorized",))
    return (_SIDE_STOP, text), (_STOP_POINT, ",".join(wanted))


def _with_end(shown: str, at_end: str) -> Callable[[Variables | None, str], tuple[tuple[Address, str], ...]]:
    # 1.6 has one interval for what is told at once and for what StopTransaction tells; 2.x has two.
    return lambda _variables, text: ((_at(shown), text), (_at(at_end), text))


def _write_rate_unit(_variables: Variables | None, text: str) -> tuple[tuple[Address, str], ...] | None:
    units = [RATE_UNITS.get(item.strip()) for item in text.split(",")]
    return None if None in units else ((_RATE_UNIT, ",".join(unit for unit in units if unit)),)


def _write_rotation(variables: Variables | None, text: str) -> tuple[tuple[Address, str], ...] | None:
    return rotate(None if variables is None else variables.model.layout, text)


def _list_length(address: str) -> Callable[[Variables], str]:
    return lambda variables: count_items(variables, _at(address))


def _plain(name: str, address: str, access: Access = "RW", **more: Any) -> Key:
    return Key(name, _at(address), access, **more)


_PROTOCOLS: Final = "OCPPCommCtrlr.FileTransferProtocols"


def _file_transfer_protocols(variables: Variables) -> str:
    # SFTP is no value of this key (errata sheet 3.90), though its URLs are taken.
    return ",".join(name for name in variables.items(_at(_PROTOCOLS)) if name != "SFTP")


def _max_length(name: str, address: str) -> Key:
    return Key(f"{name}MaxLength", _at(address), "R", read=_list_length(address))


_KEYS: Final[tuple[Key, ...]] = (
    # Core
    _plain("AllowOfflineTxForUnknownId", "AuthCtrlr.OfflineTxForUnknownIdEnabled"),
    _plain("AuthorizationCacheEnabled", "AuthCacheCtrlr.Enabled"),
    _plain("AuthorizeRemoteTxRequests", "AuthCtrlr.AuthorizeRemoteStart"),
    _plain("BlinkRepeat", "ChargingStatusIndicator.BlinkRepeat"),
    _plain(
        "ClockAlignedDataInterval",
        "AlignedDataCtrlr.Interval",
        write=_with_end("AlignedDataCtrlr.Interval", "AlignedDataCtrlr.TxEndedInterval"),
    ),
    _plain("ConnectionTimeOut", "TxCtrlr.EVConnectionTimeOut"),
    Key("ConnectorPhaseRotation", _ROTATION, read=phase_rotation, write=_write_rotation),
    Key(
        "ConnectorPhaseRotationMaxLength",
        _ROTATION,
        "R",
        read=lambda variables: str(len(variables.model.layout.connectors) + 1),
    ),
    _plain("GetConfigurationMaxKeys", "DeviceDataCtrlr.ItemsPerMessage[GetVariables]", "R"),
    _plain("HeartbeatInterval", "OCPPCommCtrlr.HeartbeatInterval"),
    _plain("LightIntensity", "ChargingStatusIndicator.Percent"),
    _plain("LocalAuthorizeOffline", "AuthCtrlr.LocalAuthorizeOffline"),
    _plain("LocalPreAuthorize", "AuthCtrlr.LocalPreAuthorize"),
    _plain("MaxEnergyOnInvalidId", "TxCtrlr.MaxEnergyOnInvalidId"),
    _plain("MessageTimeout", "OCPPCommCtrlr.MessageTimeout[Default]"),
    _plain("MeterValuesAlignedData", "AlignedDataCtrlr.Measurands"),
    _max_length("MeterValuesAlignedData", "AlignedDataCtrlr.Measurands"),
    _plain("MeterValuesSampledData", "SampledDataCtrlr.TxUpdatedMeasurands"),
    _max_length("MeterValuesSampledData", "SampledDataCtrlr.TxUpdatedMeasurands"),
    _plain(
        "MeterValueSampleInterval",
        "SampledDataCtrlr.TxUpdatedInterval",
        write=_with_end("SampledDataCtrlr.TxUpdatedInterval", "SampledDataCtrlr.TxEndedInterval"),
    ),
    _plain("MinimumStatusDuration", "ChargingStation.MinimumStatusDuration"),
    Key("NumberOfConnectors", _STATION, "R", read=lambda variables: str(len(variables.model.layout.connectors))),
    _plain("ResetRetries", "OCPPCommCtrlr.ResetRetries"),
    _plain("StopTransactionMaxMeterValues", "SampledDataCtrlr.TxEndedMaxMeterValues", "R"),
    Key("StopTransactionOnEVSideDisconnect", _SIDE_STOP, write=_write_side_stop),
    _plain("StopTransactionOnInvalidId", "TxCtrlr.StopTxOnInvalidId"),
    _plain("StopTxnAlignedData", "AlignedDataCtrlr.TxEndedMeasurands"),
    _max_length("StopTxnAlignedData", "AlignedDataCtrlr.TxEndedMeasurands"),
    _plain("StopTxnSampledData", "SampledDataCtrlr.TxEndedMeasurands"),
    _max_length("StopTxnSampledData", "SampledDataCtrlr.TxEndedMeasurands"),
    Key(
        "SupportedFeatureProfiles",
        _STATION,
        "R",
        read=lambda variables: supported_profiles(variables.model.catalogue.features),
    ),
    _plain("TransactionMessageAttempts", "OCPPCommCtrlr.MessageAttempts[TransactionEvent]"),
    _plain("TransactionMessageRetryInterval", "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]"),
    _plain("UnlockConnectorOnEVSideDisconnect", "OCPPCommCtrlr.UnlockOnEVSideDisconnect"),
    _plain("WebSocketPingInterval", "OCPPCommCtrlr.WebSocketPingInterval"),
    # Signed meter values
    _plain("AlignedDataSignReadings", "AlignedDataCtrlr.SignReadings"),
    _plain("AlignedDataSignUpdatedReadings", "AlignedDataCtrlr.SignUpdatedReadings"),
    _plain("PublicKeyWithSignedMeterValue", "OCPPCommCtrlr.PublicKeyWithSignedMeterValue"),
    _plain("SampledDataSignReadings", "SampledDataCtrlr.SignReadings"),
    _plain("SampledDataSignUpdatedReadings", "SampledDataCtrlr.SignUpdatedReadings"),
    # Local Auth List Management
    _plain("LocalAuthListEnabled", "LocalAuthListCtrlr.Enabled"),
    _plain("LocalAuthListMaxLength", "LocalAuthListCtrlr.Entries", "R", limit=True),
    _plain("SendLocalListMaxLength", "LocalAuthListCtrlr.ItemsPerMessage", "R"),
    # Reservation
    _plain("ReserveConnectorZeroSupported", "ReservationCtrlr.NonEvseSpecific", "R"),
    # Smart Charging
    _plain("ChargeProfileMaxStackLevel", "SmartChargingCtrlr.ProfileStackLevel", "R"),
    Key("ChargingScheduleAllowedChargingRateUnit", _RATE_UNIT, "R", read=to_current_power, write=_write_rate_unit),
    _plain("ChargingScheduleMaxPeriods", "SmartChargingCtrlr.PeriodsPerSchedule", "R"),
    _plain("ConnectorSwitch3to1PhaseSupported", "SmartChargingCtrlr.Phases3to1", "R"),
    _plain("MaxChargingProfilesInstalled", "SmartChargingCtrlr.Entries[ChargingProfiles]", "R", limit=True),
    # Firmware Management
    _plain("SupportedFileTransferProtocols", _PROTOCOLS, "R", read=_file_transfer_protocols),
    # Security Whitepaper
    _plain("AdditionalRootCertificateCheck", "SecurityCtrlr.AdditionalRootCertificateCheck", "R"),
    _plain("AuthorizationKey", "SecurityCtrlr.BasicAuthPassword", "W"),
    _plain("CertificateSignedMaxChainSize", "SecurityCtrlr.MaxCertificateChainSize", "R"),
    _plain("CertificateStoreMaxLength", "SecurityCtrlr.CertificateEntries", "R", limit=True),
    _plain("CpoName", "SecurityCtrlr.OrganizationName"),
    Key(_SECURITY_PROFILE_NAME, _SECURITY_PROFILE),
    # Prices and costs (OCA "OCPP & California Pricing Requirements")
    _plain(
        "CustomDisplayCostAndPrice",
        "CustomizationCtrlr.CustomImplementationEnabled[org.openchargealliance.costmsg]",
        "R",
    ),
    _plain("CustomIdleFeeAfterStop", "TariffCostCtrlr.IdleFeeAfterStop"),
    _plain(
        "CustomMultiLanguageMessages",
        "CustomizationCtrlr.CustomImplementationEnabled[org.openchargealliance.multilanguage]",
        "R",
    ),
    Key("DefaultPrice", price_keys.DEFAULT_PRICE, write=price_keys.write_default_price),
    Key("Language", price_keys.LANGUAGE, write=price_keys.write_language),
    _plain("NextTimeOffsetTransitionDateTime", "ClockCtrlr.NextTimeOffsetTransitionDateTime"),
    _plain("NumberOfDecimalsForCostValues", "TariffCostCtrlr.NumberOfDecimalsForCostValues"),
    Key("SupportedLanguages", price_keys.SUPPORTED_LANGUAGES, "R"),
    _plain("TimeOffset", "ClockCtrlr.TimeOffset"),
    _plain("TimeOffsetNextTransition", "ClockCtrlr.TimeOffset[NextTransition]"),
    _plain("WaitForSetUserPriceTimeout", "TariffCostCtrlr.WaitForUserPriceTimeout"),
    # ISO 15118
    _plain("CentralContractValidationAllowed", "ISO15118Ctrlr.CentralContractValidationAllowed"),
    _plain("CertSigningRepeatTimes", "SecurityCtrlr.CertSigningRepeatTimes"),
    _plain("CertSigningWaitMinimum", "SecurityCtrlr.CertSigningWaitMinimum"),
    _plain("ContractValidationOffline", "ISO15118Ctrlr.ContractValidationOffline"),
    _plain("ISO15118PnCEnabled", "ISO15118Ctrlr.PnCEnabled"),
)

KEYS: Final[dict[str, Key]] = {key.name.casefold(): key for key in _KEYS}
"""Every standard key by its name in small letters, in the order of answers."""

DEFAULTS: Final[tuple[Setting, ...]] = (
    Setting(_at("TxCtrlr.TxStartPoint"), "PowerPathClosed", default=True),
    Setting(_STOP_POINT, "EVConnected,Authorized", default=True),
    Setting(_at("SampledDataCtrlr.TxEndedMeasurands"), "", default=True),
    Setting(_at("AlignedDataCtrlr.TxEndedMeasurands"), "", default=True),
)
"""How a station of this version behaves as delivered; a profile's settings come after these.

Spec: OCPP 2.0.1 part 2, E; OCPP 1.6 9.1.25, 9.1.27.
"""


CHOICES: Final[dict[str, tuple[str, ...]]] = dict.fromkeys(
    (
        "AlignedDataCtrlr.Measurands",
        "AlignedDataCtrlr.TxEndedMeasurands",
        "SampledDataCtrlr.TxEndedMeasurands",
        "SampledDataCtrlr.TxUpdatedMeasurands",
    ),
    (*MEASURANDS, *(f"{measurand}.{phase}" for measurand, phases in PHASED.items() for phase in phases)),
)
"""Where a measurand may be combined with a phase, as in ``Voltage.L1`` (OCPP 1.6 §9.1.17)."""


def resolve(name: str) -> Address | None:
    """The variable that a name in a profile means: a key of 1.6 in any case, or an address of 2.x.

    None for a bare name that no standard knows; ``vendor_address`` says where such a variable lives.
    """
    key = KEYS.get(name.casefold())
    if key is not None:
        return key.address
    if price_keys.is_price_text(name):
        return price_keys.price_text_address(name)
    try:
        return Address.parse(name)[0]
    except ValueError:
        return None


def vendor_address(name: str) -> Address:
    """Where a vendor's variable lives that a profile names without a component (``AcmeLightMode``)."""
    return Address(VENDOR_COMPONENT, None, None, None, name)


def suggest(name: str) -> str | None:
    """The key or address that a mistyped name probably means."""
    names = {key.name.casefold(): key.name for key in _KEYS}
    names.update({address.casefold(): address for address in build_catalogue(frozenset()).names})
    near = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return names[near[0]] if near else None


def settings(name: str, value: str | None, **characteristics: Any) -> tuple[Setting, ...]:
    """What a key in a profile sets: mostly one variable, for some keys several or a limit.

    Args:
        name: a key of 1.6, in any case.
        value: its text; None where the profile leaves it out.
        characteristics: further fields of ``Setting``, for the variable that carries the key.

    Raises:
        KeyError: no such key.
        ValueError: the key is computed, or the text is illegal.
    """
    if price_keys.is_price_text(name):
        if not price_keys.legal_price_text(value or ""):
            raise ValueError(f"{name}: {value!r} is not a value of this key")
        return (Setting(price_keys.price_text_address(name), value, **{"type": DataType.STRING, **characteristics}),)
    key = KEYS[name.casefold()]
    if value is None:
        return (Setting(key.address, **characteristics),)
    if key.limit:
        if not value.isascii() or not value.isdigit():
            raise ValueError(f"{key.name}: {value!r} is not a number")
        return (Setting(key.address, **{**characteristics, "maximum": float(value)}),)
    if key.write is not None:
        pairs = key.write(None, value)
        if pairs is None:
            raise ValueError(f"{key.name}: {value!r} is not a value of this key")
        found = [Setting(address, text) for address, text in pairs]
        return (replace(found[0], **characteristics), *found[1:]) if found else ()
    if key.read is not None:
        raise ValueError(f"{key.name} is computed by the station and cannot be given")
    return (Setting(key.address, value, **characteristics),)


def read_all(variables: Variables) -> list[Row]:
    """All keys that the station has, standard ones first, then the vendor's. Write-only keys are not among them.

    Spec: OCPP 1.6 5.8, 9.
    """
    keys = (*(key for key in _KEYS if variables.known(key.address)), *_meter_keys(variables))
    rows = [_row(variables, key) for key in keys]
    rows += [_vendor_row(variables, address, definition) for address, definition in variables.model.vendor]
    return [row for row in rows if row is not None]


def read(variables: Variables, names: Iterable[str]) -> tuple[list[Row], list[str]]:
    """The keys asked for, in that order and each once, and the names that are no keys as they were asked.

    Spec: OCPP 1.6 5.8; whitepaper 7.2: AuthorizationKey cannot be read and counts as unknown.
    """
    known: dict[str, Row] = {}
    unknown: dict[str, None] = {}
    for name in names:
        row = _find_row(variables, name)
        if row is None:
            unknown[name] = None
        else:
            known[row[0]] = row
    return list(known.values()), list(unknown)


def plan(variables: Variables, name: str, value: str) -> ChangeStatus | tuple[tuple[Address, str], ...]:
    """What a change of a key would write: variables and their texts, all of them legal; or why it is refused.

    The key's own access is checked here: a variable that 2.x shows as read-only may be writable in 1.6
    (MessageTimeout). Whoever writes does so with the hand ``csms_key``.

    Spec: OCPP 1.6 5.3; errata 3.14.4; whitepaper A05.FR.01.
    """
    key = _find(variables, name)
    if key is not None:
        pairs = _pairs(variables, key, value) if _writable(variables, key) else None
    else:
        vendor = _vendor(variables, name)
        if vendor is None:
            return "Rejected" if price_keys.is_price_text(name) and _find(variables, "Language") else "NotSupported"
        address, definition = vendor
        writable = definition.mutability is not Mutability.READ_ONLY
        if price_keys.price_text_name(address) is not None and not price_keys.legal_price_text(value):
            writable = False
        pairs = ((address, _plain_text(definition, value)),) if writable else None
    if pairs is None or len(value) > MAX_VALUE:
        return "Rejected"
    present = tuple((address, text) for address, text in pairs if variables.known(address))
    legal = all(variables.check(address, text, hand="csms_key").accepted for address, text in present)
    return present if legal else "Rejected"


def _meter_keys(variables: Variables) -> tuple[Key, ...]:
    """MeterPublicKey1 and so on, one for each connector (Signed Meter Values 3.3.1)."""
    places = enumerate(variables.model.layout.connectors, 1)
    keys = (Key(f"{_METER_KEY}{n}", Address(*_METER, evse, None, "PublicKey"), "R") for n, (evse, _) in places)
    return tuple(key for key in keys if variables.known(key.address))


def _find(variables: Variables, name: str) -> Key | None:
    """The key of this name that the station has."""
    folded = name.casefold()
    key = KEYS.get(folded)
    if key is None and folded.startswith(_METER_KEY.casefold()):
        return next((one for one in _meter_keys(variables) if one.name.casefold() == folded), None)
    return key if key is not None and variables.known(key.address) else None


def _pairs(variables: Variables, key: Key, value: str) -> tuple[tuple[Address, str], ...] | None:
    definition = variables.definition(key.address)
    if definition is None:
        return None
    text = _plain_text(definition, value)
    if key.name == _SECURITY_PROFILE_NAME and not _higher(variables, text):
        return None
    return key.write(variables, text) if key.write is not None else ((key.address, text),)


def _higher(variables: Variables, text: str) -> bool:
    """A security profile is only ever raised (whitepaper A05.FR.01)."""
    return text.isascii() and text.isdigit() and int(text) > variables.integer(_SECURITY_PROFILE)


def _plain_text(definition: Definition, value: str) -> str:
    # A value is a CiString (§7.19): central systems write True and TRUE, and measurands in small letters.
    folded = value.strip().casefold()
    if definition.type is DataType.BOOLEAN and folded in ("true", "false"):
        return folded
    if definition.type in _LISTS and definition.values:
        known = {item.casefold(): item for item in definition.values}
        return ",".join(known.get(item.strip().casefold(), item) for item in value.split(","))
    return value


def _writable(variables: Variables, key: Key) -> bool:
    if key.limit or (key.read is not None and key.write is None):
        return False
    definition = variables.definition(key.address)
    if definition is not None and variables.model.mutability_given(key.address):
        return definition.mutability is not Mutability.READ_ONLY
    return key.access != "R"


def _row(variables: Variables, key: Key) -> Row | None:
    definition = variables.definition(key.address)
    if definition is None or definition.mutability is Mutability.WRITE_ONLY:
        return None
    if key.limit:
        text = "0" if definition.maximum is None else f"{definition.maximum:.0f}"
    elif key.read is not None:
        text = key.read(variables)
    else:
        text = variables.text(key.address) or ""
    return key.name, not _writable(variables, key), text[:MAX_VALUE]


def _vendor_name(address: Address) -> str:
    price_text = price_keys.price_text_name(address)
    if price_text is not None:
        return price_text
    bare = address.component == VENDOR_COMPONENT and address.scope is Scope.STATION
    return address.variable if bare and address == vendor_address(address.variable) else str(address)


def _vendor_row(variables: Variables, address: Address, definition: Definition) -> Row | None:
    if definition.mutability is Mutability.WRITE_ONLY:
        return None
    read_only = definition.mutability is Mutability.READ_ONLY
    return _vendor_name(address), read_only, (variables.text(address) or "")[:MAX_VALUE]


def _vendor(variables: Variables, name: str) -> tuple[Address, Definition] | None:
    wanted = name.casefold()
    for address, definition in variables.model.vendor:
        if _vendor_name(address).casefold() == wanted:
            return address, definition
    return None


def _find_row(variables: Variables, name: str) -> Row | None:
    key = _find(variables, name)
    if key is not None:
        return _row(variables, key)
    vendor = _vendor(variables, name)
    return _vendor_row(variables, *vendor) if vendor is not None else None
