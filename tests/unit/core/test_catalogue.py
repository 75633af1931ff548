"""The catalogue: what the specification requires is there, plausible, and chosen by feature."""

from __future__ import annotations

import re

import pytest

from station.core.catalogue import (
    FEATURES,
    Address,
    Catalogue,
    DataType,
    Definition,
    Layout,
    Mutability,
    Scope,
    build_catalogue,
)
from station.core.variable_values import Refusal, normalized

ALL = build_catalogue(FEATURES)
LISTS = (DataType.OPTION_LIST, DataType.MEMBER_LIST, DataType.SEQUENCE_LIST)

# Part 2 "Referenced Components and Variables" and part 4 chapter 8, column "Required: yes".
REQUIRED = [
    "ChargingStation.Available",
    "ChargingStation.AvailabilityState",
    "ChargingStation.SupplyPhases",
    "EVSE@1.Available",
    "EVSE@1.AvailabilityState",
    "EVSE@1.SupplyPhases",
    "EVSE@1.Power",
    "Connector@1.1.Available",
    "Connector@1.1.ConnectorType",
    "Connector@1.1.SupplyPhases",
    "OCPPCommCtrlr.ActiveNetworkProfile",
    "OCPPCommCtrlr.FileTransferProtocols",
    "OCPPCommCtrlr.MessageTimeout[Default]",
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    "OCPPCommCtrlr.NetworkConfigurationPriority",
    "OCPPCommCtrlr.NetworkProfileConnectionAttempts",
    "OCPPCommCtrlr.OfflineThreshold",
    "OCPPCommCtrlr.ResetRetries",
    "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "OCPPCommCtrlr.RetryBackOffRandomRange",
    "OCPPCommCtrlr.RetryBackOffRepeatTimes",
    "OCPPCommCtrlr.RetryBackOffWaitMinimum",
    "OCPPCommCtrlr.WebSocketPingInterval",
    "DeviceDataCtrlr.ItemsPerMessage[GetReport]",
    "DeviceDataCtrlr.ItemsPerMessage[GetVariables]",
    "DeviceDataCtrlr.ItemsPerMessage[SetVariables]",
    "DeviceDataCtrlr.BytesPerMessage[GetReport]",
    "DeviceDataCtrlr.BytesPerMessage[GetVariables]",
    "DeviceDataCtrlr.BytesPerMessage[SetVariables]",
    "ClockCtrlr.DateTime",
    "ClockCtrlr.TimeSource",
    "SecurityCtrlr.OrganizationName",
    "SecurityCtrlr.CertificateEntries",
    "SecurityCtrlr.SecurityProfile",
    "AuthCtrlr.AuthorizeRemoteStart",
    "AuthCtrlr.LocalAuthorizeOffline",
    "AuthCtrlr.LocalPreAuthorize",
    "TxCtrlr.EVConnectionTimeOut",
    "TxCtrlr.StopTxOnEVSideDisconnect",
    "TxCtrlr.TxStartPoint",
    "TxCtrlr.TxStopPoint",
    "TxCtrlr.StopTxOnInvalidId",
    "SampledDataCtrlr.TxEndedMeasurands",
    "SampledDataCtrlr.TxEndedInterval",
    "SampledDataCtrlr.TxStartedMeasurands",
    "SampledDataCtrlr.TxUpdatedMeasurands",
    "SampledDataCtrlr.TxUpdatedInterval",
    "AlignedDataCtrlr.Measurands",
    "AlignedDataCtrlr.Interval",
    "AlignedDataCtrlr.TxEndedMeasurands",
    "AlignedDataCtrlr.TxEndedInterval",
]

REQUIRED_BY_FEATURE = {
    "local_list": (
        "LocalAuthListCtrlr.Entries",
        "LocalAuthListCtrlr.ItemsPerMessage",
        "LocalAuthListCtrlr.BytesPerMessage",
    ),
    "smart_charging": (
        "SmartChargingCtrlr.ProfileStackLevel",
        "SmartChargingCtrlr.RateUnit",
        "SmartChargingCtrlr.PeriodsPerSchedule",
        "SmartChargingCtrlr.Entries[ChargingProfiles]",
        "SmartChargingCtrlr.LimitChangeSignificance",
    ),
    "monitoring": (
        "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]",
        "MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]",
    ),
    "display": (
        "DisplayMessageCtrlr.DisplayMessages",
        "DisplayMessageCtrlr.SupportedFormats",
        "DisplayMessageCtrlr.SupportedPriorities",
    ),
    "tariff": (
        "TariffCostCtrlr.Currency",
        "TariffCostCtrlr.TariffFallbackMessage",
        "TariffCostCtrlr.TotalCostFallbackMessage",
    ),
    "plug_and_charge": ("ISO15118Ctrlr.ContractValidationOffline",),
}


def find(catalogue: Catalogue, text: str) -> Definition | None:
    return catalogue.find(Address.parse(text)[0])


@pytest.mark.case("TC_B_53_CS", "2.0.1")
@pytest.mark.parametrize("text", REQUIRED)
def test_required_variables_are_in_every_catalogue(text: str) -> None:
    assert find(build_catalogue(frozenset()), text) is not None


@pytest.mark.parametrize("feature", REQUIRED_BY_FEATURE)
def test_a_feature_brings_its_required_variables_and_takes_them_away(feature: str) -> None:
    with_it, without = build_catalogue(frozenset({feature})), build_catalogue(FEATURES - {feature})
    for text in REQUIRED_BY_FEATURE[feature]:
        assert find(with_it, text) is not None
        assert find(without, text) is None


@pytest.mark.parametrize(
    "definition", list(ALL), ids=lambda row: f"{row.component}.{row.variable}.{row.variable_instance}"
)
def test_every_definition_is_plausible(definition: Definition) -> None:
    if definition.type in LISTS:
        assert definition.values
        assert len(",".join(definition.values)) <= 1000
    if definition.default:
        assert normalized(definition, definition.default) == definition.default
    if definition.pattern is not None:
        re.compile(definition.pattern)
    if definition.mutability is not Mutability.READ_ONLY:
        # Part 2, chapter 2: "All variables that are writable SHALL have persistence = true".
        assert definition.persistent
    assert not definition.constant or definition.mutability is Mutability.READ_ONLY
    assert len(definition.component) <= 50
    assert len(definition.variable) <= 50
    assert len(definition.unit or "") <= 16


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AuthCacheCtrlr.Enabled", "true"),
        ("LocalAuthListCtrlr.Enabled", "true"),
        ("AuthCtrlr.LocalPreAuthorize", "false"),
        ("AuthCtrlr.LocalAuthorizeOffline", "true"),
        ("AuthCtrlr.OfflineTxForUnknownIdEnabled", "false"),
        ("AuthCtrlr.AuthorizeRemoteStart", "false"),
        ("TxCtrlr.StopTxOnEVSideDisconnect", "true"),
        ("OCPPCommCtrlr.UnlockOnEVSideDisconnect", "true"),
        ("TxCtrlr.StopTxOnInvalidId", "true"),
        ("TxCtrlr.EVConnectionTimeOut", "60"),
        ("OCPPCommCtrlr.HeartbeatInterval", "300"),
        ("SampledDataCtrlr.TxUpdatedInterval", "60"),
        ("AlignedDataCtrlr.Interval", "0"),
        ("ChargingStation.MinimumStatusDuration", "0"),
        ("TxCtrlr.TxStartPoint", "EVConnected,Authorized"),
        ("TxCtrlr.TxStopPoint", "EVConnected,Authorized"),
        ("OCPPCommCtrlr.MessageTimeout[Default]", "30"),
        ("OCPPCommCtrlr.RetryBackOffWaitMinimum", "10"),
        ("OCPPCommCtrlr.RetryBackOffRandomRange", "10"),
        ("OCPPCommCtrlr.RetryBackOffRepeatTimes", "5"),
        ("OCPPCommCtrlr.WebSocketPingInterval", "60"),
    ],
)
def test_as_delivered(text: str, value: str) -> None:
    definition = find(ALL, text)
    assert definition is not None
    assert definition.default == value


@pytest.mark.spec("OCPP 2.0.1 errata 2025-09 §2.1", "Security WP §7.2")
def test_a_password_has_the_length_of_a_password_string_and_any_letters() -> None:
    definition = find(ALL, "SecurityCtrlr.BasicAuthPassword")
    assert definition is not None
    for good in ("0123456789abcdef", "a pass phrase; with §, % and /"):
        assert normalized(definition, good) == good
    for bad in ("short", "0" * 65, "0123456789\r\nHost: x", "0123456789abcdef\x7f"):
        refusal = normalized(definition, bad)
        assert isinstance(refusal, Refusal)
        assert bad not in refusal.detail


@pytest.mark.parametrize(
    ("text", "taken"), [("Énergie & Co. (NL)", True), ("Acme\nCharging", False), ("a\x00b", False)]
)
def test_the_organisation_of_certificates_is_text_of_one_line(text: str, taken: bool) -> None:
    definition = find(ALL, "SecurityCtrlr.OrganizationName")
    assert definition is not None
    assert (normalized(definition, text) == text) is taken


def test_the_same_features_give_the_same_catalogue() -> None:
    assert build_catalogue(frozenset({"reservation"})) is build_catalogue(frozenset({"reservation"}))


def test_an_unknown_feature_is_an_error() -> None:
    with pytest.raises(ValueError, match="flying"):
        build_catalogue(frozenset({"flying"}))


@pytest.mark.parametrize(
    ("text", "address", "attribute"),
    [
        ("EVSE@1.Power#MaxSet", Address("EVSE", None, 1, None, "Power"), "MaxSet"),
        ("Connector@1.2.Available", Address("Connector", None, 1, 2, "Available"), "Actual"),
        ("A.B[C]", Address("A", None, None, None, "B", "C"), "Actual"),
        (
            "NetworkConfiguration[2].OcppCsmsUrl",
            Address("NetworkConfiguration", "2", None, None, "OcppCsmsUrl"),
            "Actual",
        ),
        (
            "OCPPCommCtrlr.FieldLength[.A.b]",
            Address("OCPPCommCtrlr", None, None, None, "FieldLength", ".A.b"),
            "Actual",
        ),
    ],
)
def test_addresses_are_read_and_written(text: str, address: Address, attribute: str) -> None:
    assert Address.parse(text) == (address, attribute)
    assert str(address) == text.partition("#")[0]


@pytest.mark.parametrize("text", ["", "Power", "EVSE@x.Power", "EVSE@1", "EVSE.Power#Often", "A B.C", "A.B[C"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not Component"):
        Address.parse(text)


def test_a_layout_knows_its_places() -> None:
    layout = Layout(((1, (1, 2)), (2, (1,))))
    assert layout.connectors == ((1, 1), (1, 2), (2, 1))
    assert list(layout.places(Scope.EVSE)) == [(1, None), (2, None)]
    assert layout.has(1, 2)
    assert not layout.has(2, 2)
    assert not layout.has(3, None)
