"""Every standard configuration key: whether it is there, its access, its limits, and that it does something."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from station.host.kind import Kind
from station.net.loopback import LoopbackConnection
from tests.conformance.v16.flows import configure, plug_and_tap, sampled, status_is
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import SILENCE

SECONDS = ("0", "1", "2147483647"), ("-1", "", "1.5", "often", "1e3", " ", "99999999999", "0x10", "1s")
COUNT = ("1", "5"), ("-1", "", "1.5", "often", "99999999999")
FLAG = ("true", "false", "True", "FALSE"), ("", "1", "0", "yes", "maybe", "truefalse")
MEASURANDS = (
    ("", "Voltage", "Current.Import,Voltage", "Current.Import, Voltage", "Voltage.L1", "Current.Import.L2,SoC"),
    ("Colour", "Voltage,Colour", "Voltage,,SoC", "Voltage;SoC", "Voltage.L9", "RPM", ","),
)
ROTATION = ("0.RST,1.RTS", "1.Unknown", "1.NotApplicable", "0.RST, 1.TSR"), ("", "RST", "1.ABC", "2.RST", "1.RST,1.RST")


class Key(NamedTuple):
    """A row of chapter 9.

    ``needs`` is the feature that the key exists for; ``legal`` and ``illegal`` are values.
    """

    section: str
    access: str
    needs: str
    legal: tuple[str, ...] = ()
    illegal: tuple[str, ...] = ()


KEYS = {
    "AllowOfflineTxForUnknownId": Key("9.1.1", "RW", "core", *FLAG),
    "AuthorizationCacheEnabled": Key("9.1.2", "RW", "auth_cache", *FLAG),
    "AuthorizeRemoteTxRequests": Key("9.1.3", "RW", "core", *FLAG),
    "BlinkRepeat": Key("9.1.4", "RW", "lighting", *COUNT),
    "ClockAlignedDataInterval": Key("9.1.5", "RW", "core", *SECONDS),
    "ConnectionTimeOut": Key("9.1.6", "RW", "core", *SECONDS),
    "ConnectorPhaseRotation": Key("9.1.7", "RW", "core", *ROTATION),
    "ConnectorPhaseRotationMaxLength": Key("9.1.8", "R", "core"),
    "GetConfigurationMaxKeys": Key("9.1.9", "R", "core"),
    "HeartbeatInterval": Key("9.1.10", "RW", "core", ("1", "86400"), ("-1", "", "1.5", "often")),
    "LightIntensity": Key("9.1.11", "RW", "lighting", ("0", "100"), ("-1", "101")),
    "LocalAuthorizeOffline": Key("9.1.12", "RW", "core", *FLAG),
    "LocalPreAuthorize": Key("9.1.13", "RW", "core", *FLAG),
    "MaxEnergyOnInvalidId": Key("9.1.14", "RW", "energy_after_invalid_id", *SECONDS),
    "MessageTimeout": Key("errata 3.83", "RW", "core", ("1", "30"), ("-1", "", "1.5")),
    "MeterValuesAlignedData": Key("9.1.15", "RW", "core", *MEASURANDS),
    "MeterValuesAlignedDataMaxLength": Key("9.1.16", "R", "core"),
    "MeterValuesSampledData": Key("9.1.17", "RW", "core", *MEASURANDS),
    "MeterValuesSampledDataMaxLength": Key("9.1.18", "R", "core"),
    "MeterValueSampleInterval": Key("9.1.19", "RW", "core", *SECONDS),
    "MinimumStatusDuration": Key("9.1.20", "RW", "core", *SECONDS),
    "NumberOfConnectors": Key("9.1.21", "R", "core"),
    "ResetRetries": Key("9.1.22", "RW", "core", ("0", "3"), ("-1", "", "often")),
    "StopTransactionMaxMeterValues": Key("errata 3.91", "R", "core"),
    "StopTransactionOnEVSideDisconnect": Key("9.1.23", "RW", "core", *FLAG),
    "StopTransactionOnInvalidId": Key("9.1.24", "RW", "core", *FLAG),
    "StopTxnAlignedData": Key("9.1.25", "RW", "core", *MEASURANDS),
    "StopTxnAlignedDataMaxLength": Key("9.1.26", "R", "core"),
    "StopTxnSampledData": Key("9.1.27", "RW", "core", *MEASURANDS),
    "StopTxnSampledDataMaxLength": Key("9.1.28", "R", "core"),
    "SupportedFeatureProfiles": Key("9.1.29", "R", "core"),
    "TransactionMessageAttempts": Key("9.1.31", "RW", "core", *COUNT),
    "TransactionMessageRetryInterval": Key("9.1.32", "RW", "core", *SECONDS),
    "UnlockConnectorOnEVSideDisconnect": Key("9.1.33", "RW", "core", *FLAG),
    "WebSocketPingInterval": Key("9.1.34", "RW", "core", *SECONDS),
    "LocalAuthListEnabled": Key("9.2.1", "RW", "local_list", *FLAG),
    "LocalAuthListMaxLength": Key("9.2.2", "R", "local_list"),
    "SendLocalListMaxLength": Key("9.2.3", "R", "local_list"),
    "ReserveConnectorZeroSupported": Key("9.3.1", "R", "reservation"),
    "ChargeProfileMaxStackLevel": Key("9.4.1", "R", "smart_charging"),
    "ChargingScheduleAllowedChargingRateUnit": Key("9.4.2", "R", "smart_charging"),
    "ChargingScheduleMaxPeriods": Key("9.4.3", "R", "smart_charging"),
    "ConnectorSwitch3to1PhaseSupported": Key("9.4.4", "R", "phase_switching"),
    "MaxChargingProfilesInstalled": Key("9.4.5", "R", "smart_charging"),
    "SupportedFileTransferProtocols": Key("errata 3.90", "R", "core"),
    "AdditionalRootCertificateCheck": Key("Security WP 7.1", "R", "security"),
    "CertificateSignedMaxChainSize": Key("Security WP 7.3", "R", "security"),
    "CertificateStoreMaxLength": Key("Security WP 7.4", "R", "core"),
    "CpoName": Key("Security WP 7.5", "RW", "core", ("Acme", "Energie & Co. KG, Köln"), ("x" * 65,)),
    "SecurityProfile": Key("Security WP 7.6", "RW", "core", (), ("0", "-1", "4", "", "high")),
}
PROFILES = {
    "FirmwareManagement": "firmware",
    "LocalAuthListManagement": "local_list",
    "Reservation": "reservation",
    "SmartCharging": "smart_charging",
    "RemoteTrigger": "remote_trigger",
}
WRITABLE = {name: key for name, key in KEYS.items() if key.access == "RW"}


def features(rig: Rig) -> frozenset[str]:
    """The functions that the station has."""
    return Kind(rig.profile).features["1.6"]


async def change(rig: Rig, key: str, value: str) -> str:
    """ChangeConfiguration; the status of the answer."""
    status: str = (await rig.call("ChangeConfiguration", {"key": key, "value": value}))["status"]
    return status


async def read(rig: Rig, *names: str) -> dict[str, str]:
    """GetConfiguration; names and values."""
    answer = await rig.call("GetConfiguration", {"key": list(names)})
    return {entry["key"]: entry.get("value", "") for entry in answer.get("configurationKey", [])}


def booted(**variables: Any) -> Rig:
    """A station with these keys in its profile."""
    return Rig(variables=variables)


@pytest.mark.spec("OCPP 1.6 §9", "Security WP ed.3 §7")
@virtual
async def test_a_key_is_there_exactly_where_its_function_is_and_says_its_access() -> None:
    async with Rig() as rig:
        await rig.boot()
        found = {entry["key"]: entry for entry in (await rig.call("GetConfiguration"))["configurationKey"]}
        for name, key in KEYS.items():
            assert (name in found) is (key.needs in features(rig)), (key.section, name)
            if name in found:
                assert found[name]["readonly"] is (key.access == "R"), (key.section, name)


@pytest.mark.spec("OCPP 1.6 §9.1.29", "OCPP 1.6 §3.3")
@virtual
async def test_the_supported_profiles_are_those_that_are_there() -> None:
    async with Rig() as rig:
        await rig.boot()
        told = (await read(rig, "SupportedFeatureProfiles"))["SupportedFeatureProfiles"].split(",")
        assert set(told) == {"Core", *(name for name, feature in PROFILES.items() if feature in features(rig))}


@pytest.mark.spec("OCPP 1.6 §5.3", "OCPP 1.6 §9")
@pytest.mark.parametrize("name", WRITABLE)
@virtual
async def test_legal_values_are_taken_and_read_back_and_illegal_ones_are_not(name: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        key = KEYS[name]
        if key.needs not in features(rig):
            assert await change(rig, name, "1") == "NotSupported"
            return
        for value in key.legal:
            assert await change(rig, name, value) == "Accepted", value
            shown = (await read(rig, name))[name]
            # Flags in any case, lists with blanks; every connector is shown in the phase rotation.
            spelt = (value, value.lower(), value.replace(", ", ","))
            assert shown in spelt or name == "ConnectorPhaseRotation", value
        before = await read(rig, name)
        for value in key.illegal:
            assert await change(rig, name, value) == "Rejected", value
            assert await read(rig, name) == before, "no change at all (§3.16.4)"


@pytest.mark.spec("OCPP 1.6 §5.3")
@virtual
async def test_read_only_keys_are_rejected_and_keep_their_value() -> None:
    async with Rig() as rig:
        await rig.boot()
        for name, key in KEYS.items():
            if key.access == "R" and key.needs in features(rig):
                before = await read(rig, name)
                for value in (before[name], "1", "true", ""):
                    assert await change(rig, name, value) == "Rejected", (name, value)
                assert await read(rig, name) == before


@pytest.mark.spec("OCPP 1.6 §9", "OCPP 1.6 §5.3")
@virtual
async def test_every_change_outlives_reset_and_power_cut() -> None:
    wanted = {name: key.legal[-1].replace(", ", ",").lower() for name, key in WRITABLE.items() if key.legal}
    wanted |= {name: WRITABLE[name].legal[1] for name in wanted if WRITABLE[name].legal == MEASURANDS[0]}
    wanted |= {"ConnectorPhaseRotation": "0.RST,1.TSR", "CpoName": "Acme", "HeartbeatInterval": "86400"}
    async with Rig() as rig:
        rig.csms.interval_s = 86400
        await rig.boot()
        wanted = {name: value for name, value in wanted.items() if KEYS[name].needs in features(rig)}
        await configure(rig, **wanted)
        rig.send('[2,"r","Reset",{"type":"Hard"}]')
        await rig.until(lambda: len(rig.heard_all("BootNotification")) == 2)
        await rig.quiet()
        assert await read(rig, *wanted) == wanted
        await rig.do("power_cycle")
        await rig.do("connect")
        assert await read(rig, *wanted) == wanted


@pytest.mark.spec("OCPP 1.6 §5.8")
@virtual
async def test_what_is_asked_for_is_answered_in_that_order_and_the_rest_is_unknown() -> None:
    async with Rig() as rig:
        await rig.boot()
        asked = ["voltage", "MESSAGETIMEOUT", "HeartbeatInterval", "AuthorizationKey", "", "connectionTimeOut"]
        answer = await rig.call("GetConfiguration", {"key": asked})
        found = [entry["key"] for entry in answer["configurationKey"]]
        assert found == ["MessageTimeout", "HeartbeatInterval", "ConnectionTimeOut"]
        assert answer["unknownKey"] == ["voltage", "AuthorizationKey", ""]
        everything = await rig.call("GetConfiguration", {"key": []})
        assert len(everything["configurationKey"]) > 30
        assert "unknownKey" not in everything
        nothing = await rig.call("GetConfiguration", {"key": ["a", "b"]})
        assert nothing == {"unknownKey": ["a", "b"]}


@pytest.mark.spec("OCPP 1.6 §5.3")
@virtual
async def test_an_unknown_key_is_not_supported_whatever_the_value() -> None:
    async with Rig() as rig:
        await rig.boot()
        for value in ("", "1", "x" * 500):
            assert await change(rig, "NoSuchKey", value) == "NotSupported"
            assert await change(rig, "", value) == "NotSupported"


@pytest.mark.spec("OCPP 1.6 errata 3.85", "OCPP 1.6 errata 3.84")
@virtual
async def test_a_fixed_cable_is_never_unlocked_and_says_so() -> None:
    evse = {"id": 1, "max_current": "16A", "phases": 3, "connectors": [{"id": 1, "type": "cType2", "cable": "fixed"}]}
    async with Rig(profile={"evses": [evse]}) as rig:
        await rig.boot()
        asked = {"key": ["UnlockConnectorOnEVSideDisconnect"]}
        (found,) = (await rig.call("GetConfiguration", asked))["configurationKey"]
        assert (found["value"], found["readonly"]) == ("false", True)
        assert await change(rig, "UnlockConnectorOnEVSideDisconnect", "true") == "Rejected"
        assert (await rig.call("UnlockConnector", {"connectorId": 1}))["status"] == "NotSupported"


# What the keys do


@pytest.mark.spec("OCPP 1.6 §9.1.6", "OCPP 1.6 errata 3.77")
@virtual
async def test_the_connection_time_out_ends_what_was_begun_without_a_cable() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, ConnectionTimeOut="25")
        await rig.do("tap", tagId=CARD)
        await rig.wait(24)
        assert rig.statuses()[-1] == "Preparing"
        await status_is(rig, "Available", 2)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.spec("OCPP 1.6 errata 3.20", "OCPP 1.6 §9.1.6")
@virtual
async def test_the_connection_time_out_ends_what_was_begun_without_a_card() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, ConnectionTimeOut="25")
        await rig.do("plug_in")
        await rig.wait(24)
        assert rig.statuses()[-1] == "Preparing"
        await status_is(rig, "Finishing", 2)
        await rig.do("unplug")
        await status_is(rig, "Available", 2)


@pytest.mark.spec("OCPP 1.6 errata 3.83")
@virtual
async def test_the_message_timeout_is_effective_at_once() -> None:
    async with booted(TransactionMessageRetryInterval=1) as rig:
        await rig.boot()
        await configure(rig, MessageTimeout="7")
        rig.csms.once("StartTransaction", SILENCE)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StartTransaction"))
        await rig.wait(6.5)
        assert len(rig.heard_all("StartTransaction")) == 1
        await rig.call("GetConfiguration", {"key": ["NumberOfConnectors"]})
        await rig.wait(2)
        assert len(rig.heard_all("StartTransaction")) == 2


@pytest.mark.spec("OCPP 1.6 §9.1.10", "OCPP 1.6 §4.6")
@virtual
async def test_a_heartbeat_comes_after_an_interval_of_inactivity_only() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, HeartbeatInterval="30")
        for _ in range(4):
            await rig.wait(20)
            assert (await rig.do("send_ocpp", action="DataTransfer", payload={"vendorId": "x"}))["status"]
        assert rig.heard_all("Heartbeat") == []
        await rig.wait(61)
        assert len(rig.heard_all("Heartbeat")) == 2


@pytest.mark.spec("OCPP 1.6 §4.6")
@virtual
async def test_the_clock_is_set_once_a_day_whatever_else_is_sent() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 7200
        await rig.boot()
        for _ in range(50):
            await rig.wait(3600)
            await rig.do("send_ocpp", action="DataTransfer", payload={"vendorId": "x"})
        assert len(rig.heard_all("Heartbeat")) == 2


@pytest.mark.spec("OCPP 1.6 §9.1.34", "OCPP-J 1.6 errata 3.11")
@virtual
async def test_the_ping_interval_is_effective_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pings: list[float] = []
    answer = LoopbackConnection._answer_ping

    def pinged(connection: LoopbackConnection) -> None:
        pings.append(rig.loop.time())
        if len(pings) < 4:
            answer(connection)

    monkeypatch.setattr(LoopbackConnection, "_answer_ping", pinged)
    async with Rig() as rig:
        await rig.boot()
        await rig.wait(100)
        assert pings == []
        await configure(rig, WebSocketPingInterval="10")
        await rig.wait(35)
        assert [round(later - sooner) for sooner, later in pairwise(pings)] == [10, 10]
        await rig.wait(60)
        assert len(rig.dials) > 1, "an answer that stays out ends the connection"
        assert len(rig.heard_all("BootNotification")) == 1
        await configure(rig, WebSocketPingInterval="0")
        count = len(pings)
        await rig.wait(100)
        assert len(pings) == count


@pytest.mark.spec("OCPP 1.6 §9.1.20", "OCPP 1.6 §4.9")
@virtual
async def test_a_status_that_does_not_last_is_not_told() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, MinimumStatusDuration="10")
        await rig.do("plug_in")
        await rig.wait(5)
        await rig.do("unplug")
        await rig.wait(30)
        assert rig.statuses() == ["Available"]
        await rig.do("plug_in")
        await rig.wait(9)
        assert rig.statuses() == ["Available"]
        await rig.wait(2)
        assert rig.statuses() == ["Available", "Preparing"]
        await configure(rig, MinimumStatusDuration="0")
        await rig.do("unplug")
        await rig.quiet()
        assert rig.statuses()[-1] == "Available"


@pytest.mark.spec("OCPP 1.6 §9.1.17", "OCPP 1.6 §3.16.3")
@virtual
async def test_a_measurand_may_be_combined_with_a_phase() -> None:
    async with booted(MeterValueSampleInterval=10) as rig:
        await rig.boot()
        await configure(rig, MeterValuesSampledData="Current.Import.L2,Voltage.L1,Voltage.L3-N,current.import.l1")
        await plug_and_tap(rig)
        await rig.wait(11)
        told = [(sample["measurand"], sample["phase"]) for sample in sampled(rig.csms.last("MeterValues"))]
        assert told == [
            ("Current.Import", "L2"),
            ("Voltage", "L1-N"),
            ("Voltage", "L3-N"),
            ("Current.Import", "L1"),
        ]


@pytest.mark.spec("OCPP 1.6 §9.1.9", "OCPP 1.6 §5.8")
@virtual
async def test_as_many_keys_as_the_maximum_may_be_asked_for() -> None:
    async with Rig() as rig:
        await rig.boot()
        limit = int((await read(rig, "GetConfigurationMaxKeys"))["GetConfigurationMaxKeys"])
        answer = await rig.call("GetConfiguration", {"key": [f"Unknown{number}" for number in range(limit)]})
        assert len(answer["unknownKey"]) == limit


@pytest.mark.spec("OCPP 1.6 §9.1.16", "OCPP 1.6 §9.1.18", "OCPP 1.6 §5.3")
@virtual
async def test_a_list_of_the_greatest_length_is_taken() -> None:
    async with Rig() as rig:
        await rig.boot()
        for name in ("MeterValuesAlignedData", "MeterValuesSampledData", "StopTxnAlignedData", "StopTxnSampledData"):
            limit = int((await read(rig, f"{name}MaxLength"))[f"{name}MaxLength"])
            items = list(_all_measurands())
            assert len(items) == limit
            assert await change(rig, name, ",".join(items)) == "Accepted"


def _all_measurands() -> tuple[str, ...]:
    plain = (
        *("Energy.Active.Import.Register", "Energy.Active.Import.Interval", "Power.Active.Import", "Power.Offered"),
        *("Current.Import", "Current.Offered", "Voltage", "Frequency", "SoC"),
    )
    phases = ("L1", "L2", "L3")
    voltages = (f"Voltage.{phase}" for phase in (*phases, *(f"{phase}-N" for phase in phases)))
    return (*plain, *(f"Current.Import.{phase}" for phase in phases), *voltages)


@pytest.mark.spec("OCPP 1.6 §5.3", "OCPP 1.6 §5.8")
@virtual
async def test_a_key_of_the_vendor_has_its_access_its_values_and_its_reboot() -> None:
    mode = {"value": "soft", "type": "string", "values": ["soft", "bright"], "reboot": True}
    fixed = {"value": "7", "type": "integer", "mutability": "ReadOnly"}
    async with booted(AcmeLightMode=mode, AcmeRevision=fixed) as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {"key": ["acmelightmode", "AcmeRevision"]})
        assert answer["configurationKey"] == [
            {"key": "AcmeLightMode", "readonly": False, "value": "soft"},
            {"key": "AcmeRevision", "readonly": True, "value": "7"},
        ]
        assert await change(rig, "AcmeLightMode", "dark") == "Rejected"
        assert await change(rig, "AcmeRevision", "8") == "Rejected"
        assert await change(rig, "AcmeLightMode", "bright") == "RebootRequired"
        rig.send('[2,"r","Reset",{"type":"Soft"}]')
        await rig.until(lambda: len(rig.heard_all("BootNotification")) == 2)
        await rig.quiet()
        assert await read(rig, "AcmeLightMode") == {"AcmeLightMode": "bright"}
