"""The variables of the device model as tables: what the specification names, with the values of a delivered station.

Data only. Each block belongs to a *feature*; ``station.core.catalogue.build_catalogue`` takes the blocks of the
features that a station has. Sources: OCPP 2.0.1 part 2, "Referenced Components and Variables" (edition 3, errata
2025-09), part 4 chapter 8, and the appendices' list of components and variables. Where the specification leaves a
choice (mutability, limits, defaults) the choice is ours.
"""

from __future__ import annotations

from typing import Any, Final

from station.core.device_model import ANY_SLOT, DataType, Definition, Mutability, Scope

FEATURES: Final = frozenset(
    {
        "core",
        "auth_cache",
        "local_list",
        "reservation",
        "smart_charging",
        "phase_switching",
        "firmware",
        "security",
        "display",
        "tariff",
        "monitoring",
        "iso15118",
        "plug_and_charge",
        "remote_trigger",
        "signed_meter_values",
        "energy_after_invalid_id",
        "local_time",
        "queue_all_messages",
        "lighting",
        "cost_messages",
        "optional",
    }
)
"""All features. ``optional`` are standard variables without a function behind them; a profile may bring them in.
``plug_and_charge`` is that part of ISO 15118 which every version has words for; ``iso15118`` is the rest of it."""

MEASURANDS: Final = (
    "Energy.Active.Import.Register",
    "Energy.Active.Import.Interval",
    "Power.Active.Import",
    "Power.Offered",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "Frequency",
    "SoC",
)
"""Measurands that may be asked for; a profile narrows them with ``values``."""

TX_POINTS: Final = ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
STATES: Final = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
NO_CONTROLS_PATTERN: Final = r"[^\x00-\x1f\x7f]*"
"""Any text of one line. passwordString is limited to no symbols (OCPP 2.0.1 errata 2025-09 §2.1; 1.6 knows no limit,
Security WP ed.3 §7.2), but Basic authentication takes no control characters (RFC 7617 §2)."""
IDENTITY_PATTERN: Final = r"[A-Za-z0-9*\-_=+|@.]*"
"""identifierString without the colon, which Basic authentication takes for its own."""
OFFSET_PATTERN: Final = r"|[+-]([01]\d|2[0-3]):[0-5]\d"
ENERGY: Final = "Energy.Active.Import.Register"
MAX_SECONDS: Final = 2_147_483_647
"""An OCPP integer has 31 bits."""

_FIXED: Final[dict[str, Any]] = {"mutability": Mutability.READ_ONLY, "persistent": False}
_COMPUTED: Final[dict[str, Any]] = {**_FIXED, "computed": True}
_CONSTANT: Final[dict[str, Any]] = {**_FIXED, "constant": True}
_SECONDS: Final[dict[str, Any]] = {"unit": "s", "minimum": 0, "maximum": MAX_SECONDS}
_MEASURANDS: Final[dict[str, Any]] = {"values": MEASURANDS, "maximum": 500, "default": ENERGY}


def _text(component: str, variable: str, **more: Any) -> Definition:
    return Definition(component, variable, DataType.STRING, **more)


def _integer(component: str, variable: str, **more: Any) -> Definition:
    return Definition(component, variable, DataType.INTEGER, **more)


def _decimal(component: str, variable: str, **more: Any) -> Definition:
    return Definition(component, variable, DataType.DECIMAL, **more)


def _flag(component: str, variable: str, default: bool = False, **more: Any) -> Definition:
    return Definition(component, variable, DataType.BOOLEAN, default="true" if default else "false", **more)


def _time(component: str, variable: str, **more: Any) -> Definition:
    return Definition(component, variable, DataType.DATE_TIME, **more)


def _option(component: str, variable: str, values: tuple[str, ...], **more: Any) -> Definition:
    return Definition(component, variable, DataType.OPTION_LIST, values=values, **more)


def _members(component: str, variable: str, values: tuple[str, ...], **more: Any) -> Definition:
    return Definition(component, variable, DataType.MEMBER_LIST, values=values, **more)


def _sequence(component: str, variable: str, values: tuple[str, ...], **more: Any) -> Definition:
    return Definition(component, variable, DataType.SEQUENCE_LIST, values=values, **more)


def _switch(component: str, feature: str, instance: str | None = None) -> tuple[Definition, Definition]:
    """``Available`` and ``Enabled`` of a controller whose function is there."""
    place: dict[str, Any] = {"feature": feature, "variable_instance": instance}
    return _flag(component, "Available", True, **_CONSTANT, **place), _flag(component, "Enabled", True, **place)


def _limit(component: str, variable: str, instance: str, default: int, **more: Any) -> Definition:
    return _integer(component, variable, variable_instance=instance, default=str(default), **_CONSTANT, **more)


_STATION = (
    _flag("ChargingStation", "Available", True, **_CONSTANT),
    _option("ChargingStation", "AvailabilityState", STATES, default="Available", monitored=True, **_COMPUTED),
    _flag("ChargingStation", "Problem", monitored=True, **_COMPUTED),
    _integer("ChargingStation", "SupplyPhases", default="3", minimum=0, maximum=3, **_CONSTANT),
    _text("ChargingStation", "Model", maximum=20, **_CONSTANT),
    _text("ChargingStation", "VendorName", maximum=50, **_CONSTANT),
    _text("ChargingStation", "SerialNumber", maximum=25, **_CONSTANT),
    _text("ChargingStation", "FirmwareVersion", maximum=50, **_FIXED),
    _integer("ChargingStation", "MinimumStatusDuration", default="0", **_SECONDS),
    _text("ChargingStation", "PhaseRotation", pattern=r"[RSTx]{3}|", maximum=3),
    _flag("ChargingStation", "AllowNewSessionsPendingFirmwareUpdate", False, feature="firmware"),
    _flag("EVSE", "Available", True, scope=Scope.EVSE, **_CONSTANT),
    _option("EVSE", "AvailabilityState", STATES, scope=Scope.EVSE, default="Available", monitored=True, **_COMPUTED),
    _flag("EVSE", "Problem", scope=Scope.EVSE, monitored=True, **_COMPUTED),
    _integer("EVSE", "SupplyPhases", scope=Scope.EVSE, default="3", minimum=0, maximum=3, **_CONSTANT),
    _decimal(
        "EVSE", "Power", scope=Scope.EVSE, unit="W", default="0", minimum=0, maximum=22000, monitored=True, **_COMPUTED
    ),
    _flag("EVSE", "AllowReset", False, scope=Scope.EVSE, **_CONSTANT),
    _flag("Connector", "Available", True, scope=Scope.CONNECTOR, **_CONSTANT),
    _option(
        "Connector",
        "AvailabilityState",
        STATES,
        scope=Scope.CONNECTOR,
        default="Available",
        monitored=True,
        **_COMPUTED,
    ),
    _flag("Connector", "Problem", scope=Scope.CONNECTOR, monitored=True, **_COMPUTED),
    _text("Connector", "ConnectorType", scope=Scope.CONNECTOR, default="cType2", maximum=20, **_CONSTANT),
    _integer("Connector", "SupplyPhases", scope=Scope.CONNECTOR, default="3", minimum=0, maximum=3, **_CONSTANT),
    _text("Connector", "PhaseRotation", scope=Scope.CONNECTOR, pattern=r"[RSTx]{3}|", maximum=3),
)

_PARTS = (
    *(
        _flag(component, variable, scope=Scope.EVSE, **_COMPUTED)
        for component, variable in (
            ("PowerContactor", "Problem"),
            ("FiscalMetering", "Problem"),
            ("CPPWMController", "Problem"),
            ("TokenReader", "Problem"),
            ("Controller", "Problem"),
            ("RCD", "Tripped"),
            ("EmergencyStopSensor", "Active"),
            ("OverCurrentProtection", "Active"),
            ("TemperatureSensor", "Active"),
            ("ElectricalFeed", "Problem"),
            ("AreaVentilation", "Problem"),
        )
    ),
    _flag("ConnectorPlugRetentionLock", "Problem", scope=Scope.CONNECTOR, **_COMPUTED),
)
"""What goes to true with a fault of a part: the variables of the table in ``station.core.hardware_faults``."""

_COMMUNICATION = (
    _text("OCPPCommCtrlr", "ActiveNetworkProfile", default="1", **_COMPUTED),
    _members(
        "OCPPCommCtrlr",
        "FileTransferProtocols",
        ("FTP", "FTPS", "HTTP", "HTTPS", "SFTP"),
        default="HTTP,HTTPS",
        **_CONSTANT,
    ),
    _integer("OCPPCommCtrlr", "HeartbeatInterval", default="300", unit="s", minimum=1, maximum=MAX_SECONDS),
    _integer(
        "OCPPCommCtrlr",
        "MessageTimeout",
        variable_instance="Default",
        default="30",
        unit="s",
        minimum=1,
        maximum=MAX_SECONDS,
        mutability=Mutability.READ_ONLY,
    ),
    _integer(
        "OCPPCommCtrlr",
        "MessageAttempts",
        variable_instance="TransactionEvent",
        default="3",
        minimum=1,
        maximum=1000,
    ),
    _integer("OCPPCommCtrlr", "MessageAttemptInterval", variable_instance="TransactionEvent", default="60", **_SECONDS),
    _sequence("OCPPCommCtrlr", "NetworkConfigurationPriority", ("1", "2"), default="1", minimum=1, maximum=100),
    _integer("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", default="3", minimum=1, maximum=1000),
    _integer("OCPPCommCtrlr", "OfflineThreshold", default="60", **_SECONDS),
    _flag("OCPPCommCtrlr", "QueueAllMessages", False, feature="queue_all_messages"),
    _integer("OCPPCommCtrlr", "ResetRetries", default="0", minimum=0, maximum=100),
    _integer("OCPPCommCtrlr", "RetryBackOffRandomRange", default="10", **_SECONDS),
    _integer("OCPPCommCtrlr", "RetryBackOffRepeatTimes", default="5", minimum=0, maximum=30),
    _integer("OCPPCommCtrlr", "RetryBackOffWaitMinimum", default="10", **_SECONDS),
    _flag("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", True),
    _integer("OCPPCommCtrlr", "WebSocketPingInterval", default="60", **_SECONDS),
    _option(
        "OCPPCommCtrlr",
        "PublicKeyWithSignedMeterValue",
        ("Never", "OncePerTransaction", "EveryMeterValue"),
        default="Never",
        feature="signed_meter_values",
    ),
    _limit("DeviceDataCtrlr", "BytesPerMessage", "GetReport", 65536),
    _limit("DeviceDataCtrlr", "BytesPerMessage", "GetVariables", 65536),
    _limit("DeviceDataCtrlr", "BytesPerMessage", "SetVariables", 65536),
    _limit("DeviceDataCtrlr", "ItemsPerMessage", "GetReport", 100),
    _limit("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", 100),
    _limit("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables", 100),
    _integer("DeviceDataCtrlr", "ConfigurationValueSize", default="1000", maximum=1000, **_CONSTANT),
    _integer("DeviceDataCtrlr", "ReportingValueSize", default="2500", maximum=2500, **_CONSTANT),
    _time("ClockCtrlr", "DateTime", **_COMPUTED),
    _sequence(
        "ClockCtrlr",
        "TimeSource",
        ("Heartbeat", "NTP", "GPS", "RealTimeClock", "MobileNetwork", "RadioTimeTransmitter"),
        default="Heartbeat",
        minimum=1,
    ),
    _text("ClockCtrlr", "TimeOffset", pattern=OFFSET_PATTERN, maximum=6, feature="local_time"),
    _text(
        "ClockCtrlr",
        "TimeOffset",
        variable_instance="NextTransition",
        pattern=OFFSET_PATTERN,
        maximum=6,
        feature="local_time",
    ),
    _time("ClockCtrlr", "NextTimeOffsetTransitionDateTime", feature="local_time"),
    _text("ClockCtrlr", "TimeZone", maximum=50, feature="optional"),
    _text("ClockCtrlr", "NtpServerUri", variable_instance="1", maximum=255, feature="optional"),
    _option("ClockCtrlr", "NtpSource", ("DHCP", "manual"), default="DHCP", feature="optional"),
    _integer("ClockCtrlr", "TimeAdjustmentReportingThreshold", default="20", feature="security", **_SECONDS),
)

_NETWORK_SLOT: Final[dict[str, Any]] = {"component_instance": ANY_SLOT}
_NETWORK = (
    _text("NetworkConfiguration", "OcppCsmsUrl", maximum=512, **_NETWORK_SLOT),
    _option(
        "NetworkConfiguration",
        "OcppInterface",
        ("Wired0", "Wired1", "Wired2", "Wired3", "Wireless0", "Wireless1", "Wireless2", "Wireless3"),
        **_NETWORK_SLOT,
    ),
    _option("NetworkConfiguration", "OcppTransport", ("JSON",), **_NETWORK_SLOT),
    _option("NetworkConfiguration", "OcppVersion", ("OCPP16", "OCPP20"), **_NETWORK_SLOT),
    _integer("NetworkConfiguration", "MessageTimeout", unit="s", minimum=1, maximum=MAX_SECONDS, **_NETWORK_SLOT),
    _integer("NetworkConfiguration", "SecurityProfile", minimum=0, maximum=3, **_NETWORK_SLOT),
    _flag("NetworkConfiguration", "VpnEnabled", False, **_FIXED, **_NETWORK_SLOT),
    _flag("NetworkConfiguration", "ApnEnabled", False, **_FIXED, **_NETWORK_SLOT),
)

_SECURITY = (
    _text(
        "SecurityCtrlr",
        "BasicAuthPassword",
        mutability=Mutability.WRITE_ONLY,
        minimum=16,
        maximum=40,
        pattern=NO_CONTROLS_PATTERN,
        secret=True,
    ),
    _text(
        "SecurityCtrlr",
        "Identity",
        maximum=48,
        pattern=IDENTITY_PATTERN,
        **_COMPUTED,
    ),
    _text("SecurityCtrlr", "OrganizationName", maximum=64, pattern=NO_CONTROLS_PATTERN),
    _integer("SecurityCtrlr", "CertificateEntries", default="0", minimum=0, maximum=30, **_COMPUTED),
    _integer("SecurityCtrlr", "SecurityProfile", mutability=Mutability.READ_ONLY, default="0", minimum=0, maximum=3),
    _flag("SecurityCtrlr", "AdditionalRootCertificateCheck", False, feature="security", **_CONSTANT),
    _flag("SecurityCtrlr", "AllowSecurityProfileDowngrade", False, feature="optional"),
    _flag("SecurityCtrlr", "AllowCSMSTLSWildcards", False, feature="optional"),
    _integer(
        "SecurityCtrlr", "MaxCertificateChainSize", default="10000", maximum=10000, feature="security", **_CONSTANT
    ),
    _integer("SecurityCtrlr", "CertSigningWaitMinimum", default="30", feature="security", **_SECONDS),
    _integer("SecurityCtrlr", "CertSigningRepeatTimes", default="3", minimum=0, maximum=30, feature="security"),
)

_AUTHORIZATION = (
    _flag("AuthCtrlr", "Enabled", True),
    _integer("AuthCtrlr", "AdditionalInfoItemsPerMessage", default="10", feature="optional", **_CONSTANT),
    _flag("AuthCtrlr", "AuthorizeRemoteStart", False),
    _flag("AuthCtrlr", "LocalAuthorizeOffline", True),
    _flag("AuthCtrlr", "LocalPreAuthorize", False),
    _text("AuthCtrlr", "MasterPassGroupId", maximum=36),
    _flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled", False),
    _flag("AuthCtrlr", "DisableRemoteAuthorization", False),
    _members(
        "AuthCtrlr",
        "SupportedIdTokenTypes",
        ("Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization"),
        default="Central,ISO14443,ISO15693,KeyCode,Local,NoAuthorization",
        **_CONSTANT,
    ),
    *_switch("AuthCacheCtrlr", "auth_cache"),
    _integer("AuthCacheCtrlr", "LifeTime", default="0", feature="auth_cache", **_SECONDS),
    _option(
        "AuthCacheCtrlr",
        "Policy",
        ("LRU",),
        default="LRU",
        mutability=Mutability.READ_ONLY,
        feature="auth_cache",
    ),
    _integer("AuthCacheCtrlr", "Storage", unit="B", default="0", maximum=1_000_000, feature="auth_cache", **_COMPUTED),
    _flag("AuthCacheCtrlr", "DisablePostAuthorize", False, feature="auth_cache"),
    *_switch("LocalAuthListCtrlr", "local_list"),
    _integer("LocalAuthListCtrlr", "Entries", default="0", maximum=10_000, feature="local_list", **_COMPUTED),
    _integer("LocalAuthListCtrlr", "ItemsPerMessage", default="1000", feature="local_list", **_CONSTANT),
    _integer("LocalAuthListCtrlr", "BytesPerMessage", default="262144", feature="local_list", **_CONSTANT),
    _integer(
        "LocalAuthListCtrlr", "Storage", unit="B", default="0", maximum=4_000_000, feature="local_list", **_COMPUTED
    ),
    _flag("LocalAuthListCtrlr", "DisablePostAuthorize", False, feature="local_list"),
    _flag("LocalAuthListCtrlr", "SupportsExpiryDateTime", True, feature="local_list", **_CONSTANT),
)

_TRANSACTIONS = (
    _integer("TxCtrlr", "EVConnectionTimeOut", default="60", **_SECONDS),
    _flag("TxCtrlr", "StopTxOnEVSideDisconnect", True),
    _flag("TxCtrlr", "StopTxOnInvalidId", True),
    _flag("TxCtrlr", "TxBeforeAcceptedEnabled", False),
    _members("TxCtrlr", "TxStartPoint", (*TX_POINTS, "DataSigned"), default="EVConnected,Authorized", minimum=1),
    _members("TxCtrlr", "TxStopPoint", TX_POINTS, default="EVConnected,Authorized", minimum=1),
    _integer(
        "TxCtrlr",
        "MaxEnergyOnInvalidId",
        unit="Wh",
        default="0",
        minimum=0,
        maximum=MAX_SECONDS,
        feature="energy_after_invalid_id",
    ),
    *_switch("SampledDataCtrlr", "core"),
    _flag("SampledDataCtrlr", "SignReadings", False, feature="signed_meter_values"),
    _flag("SampledDataCtrlr", "SignStartedReadings", False, feature="signed_meter_values"),
    _flag("SampledDataCtrlr", "SignUpdatedReadings", False, feature="signed_meter_values"),
    _integer("SampledDataCtrlr", "TxEndedInterval", default="0", **_SECONDS),
    _members("SampledDataCtrlr", "TxEndedMeasurands", **_MEASURANDS),
    _members("SampledDataCtrlr", "TxStartedMeasurands", **_MEASURANDS),
    _integer("SampledDataCtrlr", "TxUpdatedInterval", default="60", **_SECONDS),
    _members("SampledDataCtrlr", "TxUpdatedMeasurands", **_MEASURANDS),
    _flag("SampledDataCtrlr", "RegisterValuesWithoutPhases", True, feature="optional"),
    *_switch("AlignedDataCtrlr", "core"),
    _integer("AlignedDataCtrlr", "Interval", default="0", **_SECONDS),
    _members("AlignedDataCtrlr", "Measurands", **_MEASURANDS),
    _flag("AlignedDataCtrlr", "SendDuringIdle", False),
    _flag("AlignedDataCtrlr", "SignReadings", False, feature="signed_meter_values"),
    _flag("AlignedDataCtrlr", "SignUpdatedReadings", False, feature="signed_meter_values"),
    _text("FiscalMetering", "PublicKey", scope=Scope.EVSE, maximum=2500, feature="signed_meter_values", **_COMPUTED),
    _integer("AlignedDataCtrlr", "TxEndedInterval", default="0", **_SECONDS),
    _members("AlignedDataCtrlr", "TxEndedMeasurands", **_MEASURANDS),
    _integer("SampledDataCtrlr", "TxEndedMaxMeterValues", default="1000", minimum=2, reported=False, **_CONSTANT),
)

_COST_VENDOR: Final[dict[str, Any]] = {
    "variable_instance": "org.openchargealliance.costmsg",
    "feature": "cost_messages",
}
_LANGUAGE_VENDOR: Final[dict[str, Any]] = {
    "variable_instance": "org.openchargealliance.multilanguage",
    "feature": "cost_messages",
}
_FUNCTIONS = (
    *_switch("ReservationCtrlr", "reservation"),
    _flag("ReservationCtrlr", "NonEvseSpecific", True, feature="reservation", **_CONSTANT),
    *_switch("SmartChargingCtrlr", "smart_charging"),
    _integer(
        "SmartChargingCtrlr",
        "Entries",
        variable_instance="ChargingProfiles",
        default="0",
        minimum=0,
        maximum=100,
        feature="smart_charging",
        **_COMPUTED,
    ),
    _flag("SmartChargingCtrlr", "ExternalControlSignalsEnabled", False, feature="smart_charging", **_CONSTANT),
    _decimal(
        "SmartChargingCtrlr",
        "LimitChangeSignificance",
        unit="Percent",
        default="1.0",
        minimum=0,
        maximum=100,
        feature="smart_charging",
    ),
    _flag("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules", False, feature="smart_charging"),
    _integer("SmartChargingCtrlr", "PeriodsPerSchedule", default="1024", feature="smart_charging", **_CONSTANT),
    _integer("SmartChargingCtrlr", "ProfileStackLevel", default="100", feature="smart_charging", **_CONSTANT),
    _members("SmartChargingCtrlr", "RateUnit", ("A", "W"), default="A,W", feature="smart_charging", **_CONSTANT),
    _flag("SmartChargingCtrlr", "Phases3to1", True, feature="phase_switching", **_CONSTANT),
    _flag("SmartChargingCtrlr", "ACPhaseSwitchingSupported", False, feature="optional", **_CONSTANT),
    *_switch("MonitoringCtrlr", "monitoring"),
    _limit("MonitoringCtrlr", "BytesPerMessage", "SetVariableMonitoring", 65536, feature="monitoring"),
    _limit("MonitoringCtrlr", "BytesPerMessage", "ClearVariableMonitoring", 65536, feature="monitoring"),
    _limit("MonitoringCtrlr", "ItemsPerMessage", "SetVariableMonitoring", 100, feature="monitoring"),
    _limit("MonitoringCtrlr", "ItemsPerMessage", "ClearVariableMonitoring", 100, feature="monitoring"),
    _integer("MonitoringCtrlr", "OfflineQueuingSeverity", default="5", minimum=0, maximum=9, feature="monitoring"),
    _option(
        "MonitoringCtrlr",
        "ActiveMonitoringBase",
        ("All", "FactoryDefault", "HardWiredOnly"),
        default="All",
        feature="monitoring",
        **_COMPUTED,
    ),
    _integer(
        "MonitoringCtrlr",
        "ActiveMonitoringLevel",
        default="9",
        minimum=0,
        maximum=9,
        feature="monitoring",
        **_COMPUTED,
    ),
    *_switch("DisplayMessageCtrlr", "display"),
    _integer("DisplayMessageCtrlr", "DisplayMessages", default="0", maximum=50, feature="display", **_COMPUTED),
    _integer("DisplayMessageCtrlr", "PersonalMessageSize", default="512", feature="display", **_CONSTANT),
    _members(
        "DisplayMessageCtrlr",
        "SupportedFormats",
        ("ASCII", "HTML", "URI", "UTF8"),
        default="ASCII,UTF8",
        feature="display",
        **_CONSTANT,
    ),
    _members(
        "DisplayMessageCtrlr",
        "SupportedPriorities",
        ("AlwaysFront", "InFront", "NormalCycle"),
        default="AlwaysFront,InFront,NormalCycle",
        feature="display",
        **_CONSTANT,
    ),
    *_switch("TariffCostCtrlr", "tariff", "Tariff"),
    *_switch("TariffCostCtrlr", "tariff", "Cost"),
    _text("TariffCostCtrlr", "Currency", default="EUR", pattern=r"[A-Z]{3}", maximum=3, feature="tariff"),
    _text("TariffCostCtrlr", "TariffFallbackMessage", maximum=255, feature="tariff"),
    _text("TariffCostCtrlr", "TotalCostFallbackMessage", maximum=255, feature="tariff"),
    _flag("CustomizationCtrlr", "CustomImplementationEnabled", True, **_COST_VENDOR, **_FIXED),
    _flag("CustomizationCtrlr", "CustomImplementationEnabled", True, **_LANGUAGE_VENDOR, **_FIXED),
    _integer(
        "TariffCostCtrlr", "NumberOfDecimalsForCostValues", default="3", minimum=0, maximum=10, feature="cost_messages"
    ),
    _text("TariffCostCtrlr", "DefaultPrice", maximum=500, feature="cost_messages"),
    _integer(
        "TariffCostCtrlr",
        "WaitForUserPriceTimeout",
        unit="ms",
        default="0",
        minimum=0,
        maximum=60_000,
        feature="cost_messages",
    ),
    _flag("TariffCostCtrlr", "IdleFeeAfterStop", False, feature="cost_messages"),
    _text("DisplayMessageCtrlr", "SupportedLanguages", default="en", maximum=500, feature="cost_messages", **_FIXED),
    _text("DisplayMessageCtrlr", "Language", default="en", maximum=35, feature="cost_messages"),
    *_switch("ISO15118Ctrlr", "iso15118"),
    _flag("ISO15118Ctrlr", "CentralContractValidationAllowed", False, feature="plug_and_charge"),
    _flag("ISO15118Ctrlr", "ContractValidationOffline", True, feature="plug_and_charge"),
    _text("ISO15118Ctrlr", "SeccId", maximum=255, feature="plug_and_charge"),
    _integer("ISO15118Ctrlr", "MaxScheduleEntries", default="1024", feature="iso15118", **_CONSTANT),
    _flag("ISO15118Ctrlr", "RequestMeteringReceipt", False, feature="iso15118", **_CONSTANT),
    _text("ISO15118Ctrlr", "CountryName", pattern=r"[A-Z]{2}|", maximum=2, feature="plug_and_charge"),
    _text("ISO15118Ctrlr", "OrganizationName", maximum=64, feature="plug_and_charge"),
    _flag("ISO15118Ctrlr", "PnCEnabled", False, feature="plug_and_charge"),
    _flag("ISO15118Ctrlr", "V2GCertificateInstallationEnabled", False, feature="iso15118"),
    _flag("ISO15118Ctrlr", "ContractCertificateInstallationEnabled", False, feature="iso15118"),
    _text("EVSE", "ISO15118EvseId", scope=Scope.EVSE, maximum=38, feature="iso15118"),
    _integer(
        "ChargingStatusIndicator", "Percent", unit="Percent", default="100", minimum=0, maximum=100, feature="lighting"
    ),
    _integer("ChargingStatusIndicator", "BlinkRepeat", default="3", minimum=0, maximum=1000, feature="lighting"),
)

DEFINITIONS: Final[tuple[Definition, ...]] = (
    *_STATION,
    *_PARTS,
    *_COMMUNICATION,
    *_NETWORK,
    *_SECURITY,
    *_AUTHORIZATION,
    *_TRANSACTIONS,
    *_FUNCTIONS,
)
"""Every variable that some station may have, in the order of reports."""

GENERIC: Final[dict[str, tuple[DataType, str | None]]] = {
    "ACCurrent": (DataType.DECIMAL, "A"),
    "Active": (DataType.BOOLEAN, None),
    "ACVoltage": (DataType.DECIMAL, "V"),
    "AllowReset": (DataType.BOOLEAN, None),
    "Angle": (DataType.DECIMAL, "Deg"),
    "Attempts": (DataType.INTEGER, None),
    "Available": (DataType.BOOLEAN, None),
    "Certificate": (DataType.STRING, None),
    "Color": (DataType.STRING, None),
    "Complete": (DataType.BOOLEAN, None),
    "ConnectedTime": (DataType.DECIMAL, "s"),
    "Count": (DataType.INTEGER, None),
    "CurrentImbalance": (DataType.DECIMAL, "Percent"),
    "DataText": (DataType.STRING, None),
    "DateTime": (DataType.DATE_TIME, None),
    "DCCurrent": (DataType.DECIMAL, "A"),
    "DCVoltage": (DataType.DECIMAL, "V"),
    "ECVariant": (DataType.STRING, None),
    "Enabled": (DataType.BOOLEAN, None),
    "Energy": (DataType.DECIMAL, "Wh"),
    "Entries": (DataType.INTEGER, None),
    "Fallback": (DataType.BOOLEAN, None),
    "FanSpeed": (DataType.DECIMAL, "RPM"),
    "FirmwareVersion": (DataType.STRING, None),
    "Force": (DataType.DECIMAL, "N"),
    "Formats": (DataType.STRING, None),
    "Frequency": (DataType.DECIMAL, "Hz"),
    "FuseRating": (DataType.DECIMAL, "A"),
    "Height": (DataType.DECIMAL, "m"),
    "Humidity": (DataType.DECIMAL, "RH"),
    "Hysteresis": (DataType.DECIMAL, "Percent"),
    "ICCID": (DataType.STRING, None),
    "Impedance": (DataType.DECIMAL, "Ohm"),
    "IMSI": (DataType.STRING, None),
    "Interval": (DataType.INTEGER, "s"),
    "Length": (DataType.DECIMAL, "m"),
    "Light": (DataType.DECIMAL, "lx"),
    "Manufacturer": (DataType.STRING, None),
    "Message": (DataType.STRING, None),
    "MinimumStatusDuration": (DataType.INTEGER, "s"),
    "Mode": (DataType.STRING, None),
    "Model": (DataType.STRING, None),
    "NetworkAddress": (DataType.STRING, None),
    "Operated": (DataType.BOOLEAN, None),
    "OperatingTimes": (DataType.STRING, None),
    "Overload": (DataType.BOOLEAN, None),
    "Percent": (DataType.DECIMAL, "Percent"),
    "PhaseRotation": (DataType.STRING, None),
    "PostChargingTime": (DataType.DECIMAL, "s"),
    "Power": (DataType.DECIMAL, "W"),
    "Problem": (DataType.BOOLEAN, None),
    "Protecting": (DataType.BOOLEAN, None),
    "SerialNumber": (DataType.STRING, None),
    "SignalStrength": (DataType.DECIMAL, "dBm"),
    "State": (DataType.STRING, None),
    "StateOfCharge": (DataType.DECIMAL, "Percent"),
    "Storage": (DataType.INTEGER, "B"),
    "SupplyPhases": (DataType.INTEGER, None),
    "Suspending": (DataType.BOOLEAN, None),
    "Suspension": (DataType.BOOLEAN, None),
    "Temperature": (DataType.DECIMAL, "Celsius"),
    "Time": (DataType.DATE_TIME, None),
    "Timeout": (DataType.DECIMAL, "s"),
    "Tries": (DataType.INTEGER, None),
    "Tripped": (DataType.BOOLEAN, None),
    "VendorName": (DataType.STRING, None),
    "VersionDate": (DataType.DATE_TIME, None),
    "VersionNumber": (DataType.STRING, None),
    "VoltageImbalance": (DataType.DECIMAL, "Percent"),
}
"""Variables that any component may have (appendix 3, "generic"): type and default unit."""

COMPONENTS: Final = frozenset(
    {
        "AlignedDataCtrlr",
        "AuthCtrlr",
        "AuthCacheCtrlr",
        "CHAdeMOCtrlr",
        "ClockCtrlr",
        "DeviceDataCtrlr",
        "DisplayMessageCtrlr",
        "ISO15118Ctrlr",
        "LocalAuthListCtrlr",
        "MonitoringCtrlr",
        "OCPPCommCtrlr",
        "ReservationCtrlr",
        "SampledDataCtrlr",
        "SecurityCtrlr",
        "SmartChargingCtrlr",
        "TariffCostCtrlr",
        "TxCtrlr",
        "AccessBarrier",
        "AcDcConverter",
        "AcPhaseSelector",
        "Actuator",
        "AirCoolingSystem",
        "AreaVentilation",
        "BayOccupancySensor",
        "BeaconLighting",
        "CableBreakawaySensor",
        "CaseAccessSensor",
        "ChargingStation",
        "ChargingStatusIndicator",
        "ConnectedEV",
        "Connector",
        "ConnectorHolsterRelease",
        "ConnectorHolsterSensor",
        "ConnectorPlugRetentionLock",
        "ConnectorProtectionRelease",
        "Controller",
        "ControlMetering",
        "CPPWMController",
        "DataLink",
        "Display",
        "DistributionPanel",
        "ElectricalFeed",
        "ELVSupply",
        "EmergencyStopSensor",
        "EnvironmentalLighting",
        "EVRetentionLock",
        "EVSE",
        "ExternalTemperatureSensor",
        "FiscalMetering",
        "FloodSensor",
        "GroundIsolationProtection",
        "Heater",
        "HumiditySensor",
        "LightSensor",
        "LiquidCoolingSystem",
        "LocalAvailabilitySensor",
        "LocalController",
        "LocalEnergyStorage",
        "OverCurrentProtection",
        "OverCurrentProtectionRecloser",
        "PowerContactor",
        "RCD",
        "RCDRecloser",
        "RealTimeClock",
        "ShockSensor",
        "SpacesCountSignage",
        "Switch",
        "TemperatureSensor",
        "TiltSensor",
        "TokenReader",
        "UpstreamProtectionTrigger",
        "UIInput",
        "VehicleIdSensor",
    }
)
"""The standardized components (appendix 3)."""
