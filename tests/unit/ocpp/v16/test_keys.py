"""Configuration keys of OCPP 1.6, as GetConfiguration, ChangeConfiguration and a profile see them."""

from __future__ import annotations

from typing import Any

import pytest

from station.core.catalogue import FEATURES, Address, DataType, Layout, Mutability, build_catalogue
from station.core.records import Put
from station.core.variables import Hand, Keeper, Refusal, Setting, Variables
from station.ocpp.v16 import keys
from tests.support.change_key import change_key

CATALOGUE = build_catalogue(FEATURES - {"optional"})
LAYOUT = Layout(((1, (1,)), (2, (1,))))


def fresh(*settings: Setting, features: frozenset[str] | None = None) -> Variables:
    catalogue = CATALOGUE if features is None else build_catalogue(features)
    return Variables(catalogue, (*keys.DEFAULTS, *settings), LAYOUT)


class NoClientCertificate(Keeper):
    def variable_refusal(self, address: Address, value: str, hand: Hand) -> Refusal | None:
        refused = address.variable == "SecurityProfile" and value == "3"
        return Refusal("InvalidValue", "") if refused else None


def value(variables: Variables, name: str) -> str | None:
    rows, unknown = keys.read(variables, [name])
    assert unknown == []
    return rows[0][2]


CORE = [
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
    "WebSocketPingInterval",
    "StopTransactionOnEVSideDisconnect",
    "MinimumStatusDuration",
]

BY_FEATURE = {
    "auth_cache": ("AuthorizationCacheEnabled",),
    "local_list": ("LocalAuthListEnabled", "LocalAuthListMaxLength", "SendLocalListMaxLength"),
    "reservation": ("ReserveConnectorZeroSupported",),
    "smart_charging": (
        "ChargeProfileMaxStackLevel",
        "ChargingScheduleAllowedChargingRateUnit",
        "ChargingScheduleMaxPeriods",
        "MaxChargingProfilesInstalled",
    ),
    "phase_switching": ("ConnectorSwitch3to1PhaseSupported",),
    "signed_meter_values": ("SampledDataSignReadings", "PublicKeyWithSignedMeterValue", "MeterPublicKey2"),
    "security": ("AdditionalRootCertificateCheck", "CertificateSignedMaxChainSize"),
}


@pytest.mark.parametrize("name", CORE)
def test_required_core_keys_are_always_there(name: str) -> None:
    assert name in [row[0] for row in keys.read_all(fresh(features=frozenset()))]


@pytest.mark.parametrize("feature", BY_FEATURE)
def test_a_function_that_is_left_out_has_no_keys(feature: str) -> None:
    with_it, without = fresh(features=frozenset({feature})), fresh(features=FEATURES - {feature})
    for name in BY_FEATURE[feature]:
        assert keys.read(with_it, [name])[1] == []
        assert keys.read(without, [name]) == ([], [name])
        assert change_key(without, name, "true") == ("NotSupported", ())


def test_every_key_has_a_variable_and_fits_into_its_field() -> None:
    assert len(keys.KEYS) == 72
    for key in keys.KEYS.values():
        assert CATALOGUE.find(key.address) is not None, key.name
        assert len(key.name) <= 50
    names = [row[0] for row in keys.read_all(fresh())]
    assert len(set(names)) == len(names) == len(keys.KEYS) + 1  # without AuthorizationKey, with two MeterPublicKeys
    assert all(text is not None and len(text) <= 500 for _, _, text in keys.read_all(fresh()))


LEGAL = {DataType.INTEGER: "2", DataType.BOOLEAN: "true", DataType.MEMBER_LIST: "SoC,Voltage", DataType.STRING: "Acme"}
SPECIAL = {"ConnectorPhaseRotation": "0.RST,1.RTS,2.Unknown", "AuthorizationKey": "0123456789abcdef"}
SPECIAL["SecurityProfile"] = "2"
SPECIAL["PublicKeyWithSignedMeterValue"] = "EveryMeterValue"
SPECIAL["DefaultPrice"] = '{"priceText":"0.15 EUR/kWh","chargingPrice":{"kWhPrice":0.15}}'
SPECIAL["Language"] = "en"
SPECIAL["NextTimeOffsetTransitionDateTime"] = "2026-03-29T01:00:00Z"
SPECIAL["TimeOffset"] = SPECIAL["TimeOffsetNextTransition"] = "-05:00"
ILLEGAL = {
    DataType.INTEGER: "-1",
    DataType.BOOLEAN: "yes",
    DataType.MEMBER_LIST: "SoC,Charm",
    DataType.OPTION_LIST: "Sometimes",
    DataType.STRING: "x" * 501,
    DataType.DATE_TIME: "tomorrow",
}


@pytest.mark.parametrize("key", keys.KEYS.values(), ids=lambda key: key.name)
def test_every_key_is_changed_as_its_access_says(key: keys.Key) -> None:
    variables = fresh()
    definition = variables.definition(key.address)
    assert definition is not None
    legal = SPECIAL.get(key.name) or LEGAL[definition.type]
    assert change_key(variables, key.name, ILLEGAL[definition.type]) == ("Rejected", ())
    status, records = change_key(variables, key.name, legal)
    if key.access == "R":
        assert (status, records) == ("Rejected", ())
        assert keys.read(variables, [key.name])[0][0][1] is True
        return
    assert status == "Accepted"
    assert records
    if key.access == "RW":
        again = fresh()
        again.restore({record.key: record.value for record in records if isinstance(record, Put)})
        assert value(variables, key.name) == value(again, key.name) == legal
        assert keys.read(variables, [key.name])[0][0][1] is False


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WebSocketPingInterval", "-1"),
        ("HeartbeatInterval", "0"),
        ("MeterValueSampleInterval", "-10"),
        ("MeterValueSampleInterval", "sixty"),
        ("ConnectionTimeOut", ""),
        ("TransactionMessageAttempts", "0"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,Nonsense"),
        ("ConnectorPhaseRotation", "1.ABC"),
        ("ConnectorPhaseRotation", "3.RST"),
        ("ConnectorPhaseRotation", "1.RST,1.RTS"),
        ("AuthorizationKey", "short"),
        ("StopTransactionOnEVSideDisconnect", "perhaps"),
    ],
)
def test_values_out_of_place_are_rejected_and_nothing_changes(name: str, text: str) -> None:
    variables = fresh()
    assert change_key(variables, name, text) == ("Rejected", ())
    assert variables.rows() == {}


def test_unknown_keys() -> None:
    variables = fresh()
    assert change_key(variables, "Nonsense", "1") == ("NotSupported", ())
    assert change_key(variables, "OCPPCommCtrlr.OfflineThreshold", "1") == ("NotSupported", ())
    rows, unknown = keys.read(variables, ["Nonsense", "heartbeatINTERVAL", "AuthorizationKey", "HeartbeatInterval"])
    assert rows == [("HeartbeatInterval", False, "300")]
    assert unknown == ["Nonsense", "AuthorizationKey"]


def test_as_delivered() -> None:
    variables = fresh()
    assert variables.text("TxCtrlr.TxStartPoint") == "PowerPathClosed"
    assert variables.text("TxCtrlr.TxStopPoint") == "EVConnected,Authorized"
    assert value(variables, "MeterValuesSampledData") == "Energy.Active.Import.Register"
    assert value(variables, "StopTxnSampledData") == ""
    assert value(variables, "MinimumStatusDuration") == "0"


def test_computed_keys() -> None:
    variables = fresh()
    assert value(variables, "NumberOfConnectors") == "2"
    assert value(variables, "ConnectorPhaseRotation") == "0.Unknown,1.Unknown,2.Unknown"
    assert value(variables, "ChargingScheduleAllowedChargingRateUnit") == "Current,Power"
    assert value(variables, "LocalAuthListMaxLength") == "10000"
    assert value(variables, "MaxChargingProfilesInstalled") == "100"
    profiles = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
    assert value(variables, "SupportedFeatureProfiles") == profiles
    assert value(fresh(features=frozenset()), "SupportedFeatureProfiles") == "Core"


def test_a_transaction_that_outlives_the_plug() -> None:
    variables = fresh()
    assert change_key(variables, "StopTransactionOnEVSideDisconnect", "False")[0] == "Accepted"
    assert not variables.flag("TxCtrlr.StopTxOnEVSideDisconnect")
    assert variables.items("TxCtrlr.TxStopPoint") == ("Authorized",)
    change_key(variables, "StopTransactionOnEVSideDisconnect", "true")
    assert variables.items("TxCtrlr.TxStopPoint") == ("EVConnected", "Authorized")
    variables.set("TxCtrlr.TxStopPoint", "PowerPathClosed")
    change_key(variables, "StopTransactionOnEVSideDisconnect", "false")
    assert variables.items("TxCtrlr.TxStopPoint") == ("Authorized",)


@pytest.mark.spec("A05.FR.01")
def test_the_security_profile_is_only_raised_and_can_be_guarded() -> None:
    variables = fresh(Setting(Address.parse("SecurityCtrlr.SecurityProfile")[0], "1"))
    for text in ("0", "1", "4", "-1", "x"):
        assert change_key(variables, "SecurityProfile", text)[0] == "Rejected"
    variables.keep_with(NoClientCertificate())
    assert change_key(variables, "SecurityProfile", "3")[0] == "Rejected"
    assert change_key(variables, "SecurityProfile", "2")[0] == "Accepted"


def test_a_profile_decides_who_may_write_and_what_needs_a_reboot() -> None:
    def given(name: str, text: str | None, **more: Any) -> tuple[Setting, ...]:
        return keys.settings(name, text, **more)

    variables = fresh(
        *given("UnlockConnectorOnEVSideDisconnect", "false", mutability=Mutability.READ_ONLY),
        *given("HeartbeatInterval", "30", reboot=True),
    )
    assert change_key(variables, "UnlockConnectorOnEVSideDisconnect", "true") == ("Rejected", ())
    assert keys.read(variables, ["UnlockConnectorOnEVSideDisconnect"])[0][0][1] is True
    status, records = change_key(variables, "HeartbeatInterval", "60")
    assert (status, len(records)) == ("RebootRequired", 1)
    assert value(variables, "HeartbeatInterval") == "30"


def test_vendor_settings_are_keys_too() -> None:
    mode = Setting(keys.vendor_address("AcmeLightMode"), "soft", type=DataType.STRING, values=("soft", "bright"))
    far = Setting(Address.parse("AcmeCtrlr@1.Level")[0], "3", type=DataType.INTEGER, mutability=Mutability.READ_ONLY)
    variables = fresh(mode, far)
    assert keys.read_all(variables)[-2:] == [("AcmeLightMode", False, "soft"), ("AcmeCtrlr@1.Level", True, "3")]
    assert change_key(variables, "acmelightmode", "dark") == ("Rejected", ())
    assert change_key(variables, "acmelightmode", "bright")[0] == "Accepted"
    assert change_key(variables, "AcmeCtrlr@1.Level", "4") == ("Rejected", ())
    assert variables.get("CustomizationCtrlr.AcmeLightMode").value == "bright"


def test_names_of_a_profile() -> None:
    assert keys.resolve("heartbeatinterval") == Address.parse("OCPPCommCtrlr.HeartbeatInterval")[0]
    assert keys.resolve("EVSE@1.Power#MaxSet") == Address.parse("EVSE@1.Power")[0]
    assert keys.resolve("AcmeLightMode") is None
    assert keys.suggest("HeartBeatIntervall") == "HeartbeatInterval"
    assert keys.suggest("OCPPCommCtrlr.OfflineTreshold") == "OCPPCommCtrlr.OfflineThreshold"
    assert keys.suggest("Zzz") is None


def test_every_writable_key_can_stand_in_a_profile() -> None:
    for key in keys.KEYS.values():
        if key.access != "R":
            definition = CATALOGUE.find(key.address)
            assert definition is not None
            legal = SPECIAL.get(key.name) or LEGAL[definition.type]
            variables = fresh(*keys.settings(key.name, legal))
            assert key.access == "W" or value(variables, key.name) == legal
    limited = fresh(
        *keys.settings("LocalAuthListMaxLength", "7"),
        *keys.settings("ChargingScheduleAllowedChargingRateUnit", "Current"),
    )
    assert value(limited, "LocalAuthListMaxLength") == "7"
    assert limited.text("SmartChargingCtrlr.RateUnit") == "A"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("NumberOfConnectors", "2"),
        ("LocalAuthListMaxLength", "many"),
        ("ChargingScheduleAllowedChargingRateUnit", "Volts"),
        ("ConnectorPhaseRotation", "RST"),
    ],
)
def test_what_cannot_stand_in_a_profile(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=name):
        keys.settings(name, text)
