"""The embedded central system over real sockets, with plain `websockets` clients as stations."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from ocpp.exceptions import OCPPError
from websockets.exceptions import InvalidStatus

from station.csms import CallRefusedError, Card, EmbeddedCsms
from tests.support.ws_station import BOOT_16, BOOT_201, WsStation

T0, T1 = "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"


@asynccontextmanager
async def serving(**options):
    csms = EmbeddedCsms(**options)
    await csms.start()
    try:
        yield csms
    finally:
        await csms.stop()


def event(kind, seq_no, wh=None, **more):
    payload = {
        "eventType": kind,
        "timestamp": T0,
        "triggerReason": "Authorized",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "tx-1"},
    }
    if wh is not None:
        payload["meterValue"] = [{"timestamp": T0, "sampledValue": [{"value": wh}]}]
    return payload | more


def test_a_charge_of_a_16_station():
    async def scenario():
        events = []
        async with (
            serving(on_event=lambda *e: events.append(e)) as csms,
            WsStation(f"{csms.base_url}/CP-1", "ocpp1.6") as cp,
        ):
            boot = await cp.call("BootNotification", BOOT_16)
            assert (boot["status"], boot["interval"]) == ("Accepted", 300)
            status = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}
            assert await cp.call("StatusNotification", status) == {}
            assert await cp.call("Authorize", {"idTag": "AA"}) == {"idTagInfo": {"status": "Accepted"}}
            start = {"connectorId": 1, "idTag": "AA", "meterStart": 1000, "timestamp": T0}
            given = (await cp.call("StartTransaction", start))["transactionId"]
            assert (await cp.call("StartTransaction", start))["transactionId"] == given
            sample = {"value": "1.5", "unit": "kWh", "measurand": "Energy.Active.Import.Register"}
            values = {"timestamp": T0, "sampledValue": [{"value": "230", "measurand": "Voltage"}, sample]}
            meter = {"connectorId": 1, "transactionId": given, "meterValue": [values]}
            assert await cp.call("MeterValues", meter) == {}
            handle = csms.stations["CP-1"]
            [transaction] = handle.transactions
            assert transaction.energy_wh == 500.0
            stop = {"transactionId": given, "meterStop": 3000, "timestamp": T1, "reason": "Local", "idTag": "AA"}
            assert await cp.call("StopTransaction", stop) == {"idTagInfo": {"status": "Accepted"}}
            assert transaction.energy_wh == 2000.0
            assert (transaction.token, transaction.reason, transaction.ended) == ("AA", "Local", True)
            assert (transaction.stopped - transaction.started).total_seconds() == 3600
            assert handle.statuses == {(1, 1): "Preparing"}
            assert handle.version == "ocpp1.6"
        kinds = [kind for kind, _, _ in events if kind not in ("wire", "message")]
        assert kinds == [
            "connected", "boot", "status", "authorize", "transaction_started", "transaction_updated",
            "transaction_ended", "disconnected",
        ]  # fmt: skip

    asyncio.run(scenario())


def test_a_charge_of_a_201_station():
    async def scenario():
        async with serving() as csms, WsStation(f"{csms.base_url}/CP%2F1", "ocpp2.0.1") as cp:
            assert (await cp.call("BootNotification", BOOT_201))["status"] == "Accepted"
            status = {"timestamp": T0, "connectorStatus": "Occupied", "evseId": 1, "connectorId": 2}
            assert await cp.call("StatusNotification", status) == {}
            token = {"idToken": "AA12345", "type": "ISO14443"}
            assert await cp.call("Authorize", {"idToken": token}) == {"idTokenInfo": {"status": "Accepted"}}
            assert await cp.call("TransactionEvent", event("Started", 0, 10.0, evse={"id": 1, "connectorId": 2})) == {}
            told = await cp.call("TransactionEvent", event("Updated", 1, idToken=token))
            assert told == {"idTokenInfo": {"status": "Accepted"}}
            end = event("Ended", 2, 510.0, transactionInfo={"transactionId": "tx-1", "stoppedReason": "EVDisconnected"})
            assert await cp.call("TransactionEvent", end) == {}
            handle = csms.stations["CP/1"]
            [transaction] = handle.transactions
            assert (transaction.id, transaction.evse, transaction.connector) == ("tx-1", 1, 2)
            assert (transaction.token, transaction.energy_wh) == ("AA12345", 500.0)
            assert (transaction.ended, transaction.reason) == (True, "EVDisconnected")
            assert handle.statuses == {(1, 2): "Occupied"}

    asyncio.run(scenario())


SENT_16 = {
    "DataTransfer": {"vendorId": "acme", "data": "x"},
    "DiagnosticsStatusNotification": {"status": "Idle"},
    "FirmwareStatusNotification": {"status": "Idle"},
    "Heartbeat": {},
    "LogStatusNotification": {"status": "Idle", "requestId": 1},
    "SecurityEventNotification": {"type": "StartupOfTheDevice", "timestamp": T0},
    "SignCertificate": {"csr": "pem"},
    "SignedFirmwareStatusNotification": {"status": "Idle", "requestId": 1},
}
SENT_201 = {
    "ClearedChargingLimit": {"chargingLimitSource": "EMS"},
    "DataTransfer": {"vendorId": "acme"},
    "FirmwareStatusNotification": {"status": "Idle"},
    "Get15118EVCertificate": {"iso15118SchemaVersion": "v", "action": "Install", "exiRequest": "x"},
    "GetCertificateStatus": {
        "ocspRequestData": {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": "a",
            "issuerKeyHash": "b",
            "serialNumber": "1",
            "responderURL": "http://x",
        }
    },
    "Heartbeat": {},
    "LogStatusNotification": {"status": "Idle"},
    "MeterValues": {"evseId": 1, "meterValue": [{"timestamp": T0, "sampledValue": [{"value": 1}]}]},
    "NotifyChargingLimit": {"chargingLimit": {"chargingLimitSource": "EMS"}},
    "NotifyCustomerInformation": {"data": "", "seqNo": 0, "generatedAt": T0, "requestId": 1},
    "NotifyDisplayMessages": {"requestId": 1},
    "NotifyEVChargingNeeds": {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC"}},
    "NotifyEVChargingSchedule": {
        "timeBase": T0,
        "evseId": 1,
        "chargingSchedule": {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
        },
    },
    "NotifyEvent": {
        "generatedAt": T0,
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": T0,
                "trigger": "Alerting",
                "actualValue": "1",
                "eventNotificationType": "HardWiredNotification",
                "component": {"name": "EVSE"},
                "variable": {"name": "Problem"},
            }
        ],
    },
    "NotifyMonitoringReport": {"requestId": 1, "seqNo": 0, "generatedAt": T0},
    "NotifyReport": {"requestId": 1, "generatedAt": T0, "seqNo": 0},
    "PublishFirmwareStatusNotification": {"status": "Idle"},
    "ReportChargingProfiles": {
        "requestId": 1,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [
            {
                "id": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": [
                    {
                        "id": 1,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}],
                    }
                ],
            }
        ],
    },
    "ReservationStatusUpdate": {"reservationId": 1, "reservationUpdateStatus": "Expired"},
    "SecurityEventNotification": {"type": "StartupOfTheDevice", "timestamp": T0},
    "SignCertificate": {"csr": "pem"},
}


@pytest.mark.parametrize(("version", "messages"), [("ocpp1.6", SENT_16), ("ocpp2.0.1", SENT_201)])
def test_every_message_of_a_station_has_an_answer(version, messages):
    async def scenario():
        async with serving() as csms, WsStation(f"{csms.base_url}/CP-1", version) as cp:
            for action, payload in messages.items():
                assert isinstance(await cp.call(action, payload), dict), action
            assert csms.stations["CP-1"].received == dict.fromkeys(messages, 1)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("version", "boot", "broken"),
    [("ocpp1.6", BOOT_16, "FormationViolation"), ("ocpp2.0.1", BOOT_201, "RpcFrameworkError")],
)
def test_no_frame_ends_the_connection(version, boot, broken):
    async def scenario():
        async with serving() as csms, WsStation(f"{csms.base_url}/CP-1", version) as cp:
            garbage = [
                "{",
                "[]",
                "[2]",
                "null",
                "[" * 50_000,
                '[2,7,"Heartbeat",{}]',
                "[3]",
                '[3,"x",{}]',
                b"\x00",
                '[9,"x"]',
            ]
            for text in garbage:
                await cp.send(text)
            await cp.send('[2,"1",["x"],{}]')
            assert await cp.receive() == [4, "1", broken, "not [2, id, action, object]", {}]
            await cp.send('[2,"2","Heartbeat",[]]')
            assert (await cp.receive())[:3] == [4, "2", broken]
            assert (await cp.call("Reset", {"type": "Soft"}))[2] == "NotSupported"
            assert (await cp.call("Nonsense"))[2] == "NotImplemented"
            refused = await cp.call("BootNotification", boot | {"password": "s3cret"})
            assert refused[0] == 4
            assert "s3cret" not in json.dumps(refused[4])
            assert (await cp.call("BootNotification", boot))["status"] == "Accepted"

    asyncio.run(scenario())


def test_cards_are_looked_up_without_regard_to_case():
    async def scenario():
        cards = {"aa": "Blocked", "BB": Card(group="FLEET"), "CC": "NoCredit"}
        async with serving(cards=cards) as csms:
            async with WsStation(f"{csms.base_url}/CP-1", "ocpp1.6") as cp:
                told = {
                    tag: (await cp.call("Authorize", {"idTag": tag}))["idTagInfo"] for tag in ("AA", "bb", "CC", "DD")
                }
                assert told["AA"] == {"status": "Blocked"}
                assert told["bb"] == {"status": "Accepted", "parentIdTag": "FLEET"}
                assert told["CC"] == told["DD"] == {"status": "Invalid"}
            async with WsStation(f"{csms.base_url}/CP-2", "ocpp2.0.1") as cp:
                told = [
                    (await cp.call("Authorize", {"idToken": {"idToken": tag, "type": "ISO14443"}}))["idTokenInfo"]
                    for tag in ("BB", "CC", "DD")
                ]
                group = {"idToken": "FLEET", "type": "Central"}
                assert told == [
                    {"status": "Accepted", "groupIdToken": group},
                    {"status": "NoCredit"},
                    {"status": "Unknown"},
                ]

    asyncio.run(scenario())


def test_calls_to_a_station():
    async def scenario():
        async with serving() as csms, WsStation(f"{csms.base_url}/CP-1", "ocpp1.6") as cp:
            await cp.call("BootNotification", BOOT_16)
            handle = csms.stations["CP-1"]

            async def answer(reply):
                _, message_id, action, payload = await cp.receive()
                await cp.send([reply[0], message_id, *reply[1:]])
                return action, payload

            accepted, seen = await asyncio.gather(
                handle.call("Reset", {"type": "Soft"}), answer([3, {"status": "Accepted"}])
            )
            assert accepted == {"status": "Accepted"}
            assert seen == ("Reset", {"type": "Soft"})
            with pytest.raises(CallRefusedError, match="NotSupported"):
                await asyncio.gather(handle.call("ClearCache", {}), answer([4, "NotSupported", "", {}]))
            with pytest.raises(OCPPError):
                await asyncio.gather(handle.call("ClearCache", {}), answer([3, {"status": "Maybe"}]))
            with pytest.raises(OCPPError):
                await handle.call("Reset", {"type": "Sideways"})
            with pytest.raises(TimeoutError):
                await handle.call("ClearCache", {}, timeout_s=0.05)
            waiting = asyncio.create_task(handle.call("ClearCache", {}))
            await cp.receive()
            await cp.receive()
            await cp.socket.close()
            with pytest.raises(ConnectionError):
                await waiting
            with pytest.raises(ConnectionError):
                await handle.call("ClearCache", {})
            assert not handle.online

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(("ocpp1.6", "ocpp2.0.1"), "ocpp1.6"), (("ocpp2.1", "ocpp2.0.1", "ocpp1.6"), "ocpp2.0.1")],
)
def test_the_stations_first_known_version_is_taken(offered, chosen):
    async def scenario():
        async with serving() as csms, WsStation(f"{csms.base_url}/CP-1", *offered) as cp:
            assert cp.socket.subprotocol == chosen

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "versions", "password", "status"),
    [
        ("/CP-1", ["ocpp2.1"], "right", 400),
        ("/CP-1", [], "right", 400),
        ("/CP-1", ["ocpp1.6"], "wrong", 401),
        ("/CP-1", ["ocpp1.6"], None, 401),
        ("/CP-9", ["ocpp1.6"], "right", 401),
        ("", ["ocpp1.6"], "right", 404),
    ],
)
def test_upgrades_that_are_refused(path, versions, password, status):
    async def scenario():
        told = []
        async with serving(passwords={"CP-1": "right"}, on_event=lambda *e: told.append(e)) as csms:
            with pytest.raises(InvalidStatus) as refused:
                await WsStation(csms.base_url + path, *versions, password=password).__aenter__()
            assert refused.value.response.status_code == status
            assert [kind for kind, _, _ in told] == ["refused"]
            async with WsStation(f"{csms.base_url}/CP-1", "ocpp1.6", password="right") as cp:
                assert (await cp.call("Heartbeat")).keys() == {"currentTime"}

    asyncio.run(scenario())


def test_a_second_connection_replaces_the_first():
    async def scenario():
        async with (
            serving() as csms,
            WsStation(f"{csms.base_url}/CP-1", "ocpp1.6") as first,
            WsStation(f"{csms.base_url}/CP-1", "ocpp1.6") as second,
        ):
            await asyncio.wait_for(first.socket.wait_closed(), 5)
            assert first.socket.close_code == 1008
            assert (await second.call("Heartbeat")).keys() == {"currentTime"}
            assert csms.stations["CP-1"].online

    asyncio.run(scenario())


def test_boot_status_and_interval_are_told():
    async def scenario():
        async with (
            serving(boot_status="Pending", heartbeat_interval_s=7) as csms,
            WsStation(f"{csms.base_url}/CP-1", "ocpp2.0.1") as cp,
        ):
            boot = await cp.call("BootNotification", BOOT_201)
            assert (boot["status"], boot["interval"]) == ("Pending", 7)
            csms.boot_status = "Rejected"
            assert (await cp.call("BootNotification", BOOT_201))["status"] == "Rejected"

    asyncio.run(scenario())


def test_another_clock_can_be_told():
    async def scenario():
        async with serving() as csms, WsStation(f"{csms.base_url}/CP-1", "ocpp1.6") as cp:
            csms.use_clock(lambda: datetime(2030, 1, 1, tzinfo=UTC))
            assert await cp.call("Heartbeat") == {"currentTime": "2030-01-01T00:00:00.000Z"}
            assert csms.accepts_every_card

    asyncio.run(scenario())


def test_a_failing_callback_harms_nobody():
    def fail(*_):
        raise RuntimeError("the caller's own mistake")

    async def scenario():
        async with serving(on_event=fail) as csms, WsStation(f"{csms.base_url}/CP-1", "ocpp1.6") as cp:
            assert (await cp.call("BootNotification", BOOT_16))["status"] == "Accepted"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "options", [{"versions": ["ocpp3"]}, {"versions": []}, {"boot_status": "Perhaps"}, {"cards": {"A": "Fine"}}]
)
def test_wrong_options_are_refused_at_once(options):
    with pytest.raises(ValueError, match=r"no |unknown"):
        EmbeddedCsms(**options)


def test_it_can_be_stopped_twice_and_a_station_is_closed():
    async def scenario():
        csms = EmbeddedCsms()
        url = await csms.start()
        async with WsStation(f"{url}/CP-1", "ocpp1.6") as cp:
            await csms.stop()
            await csms.stop()
            assert cp.socket.close_code == 1001
        with pytest.raises(OSError):
            await WsStation(f"{url}/CP-1", "ocpp1.6").__aenter__()

    asyncio.run(scenario())
