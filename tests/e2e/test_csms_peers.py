"""The test peers themselves: a strict central system that sees every fault, a scripted one behind a real socket."""

import asyncio

import pytest
from ocpp.exceptions import OCPPError
from websockets.exceptions import ConnectionClosed, InvalidStatus, NegotiationError

from tests.support.scripted_csms import HOLD, SILENCE, Delay, ScriptedCsms
from tests.support.strict_csms import StrictCsms
from tests.support.ws_peer import Behaviour, WsPeer
from tests.support.ws_station import BOOT_16, BOOT_201, WsStation

T0, T1, T2 = (f"2026-01-01T00:00:0{second}.000Z" for second in range(3))


def start(**more):
    return {"connectorId": 1, "idTag": "AA", "meterStart": 100, "timestamp": T0} | more


def stop(transaction_id=1, **more):
    return {"transactionId": transaction_id, "meterStop": 300, "timestamp": T2} | more


def event(kind, seq_no, wh=None, timestamp=T0, **more):
    payload = {
        "eventType": kind,
        "timestamp": timestamp,
        "triggerReason": "Authorized",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "tx-1"},
        "evse": {"id": 1},
    }
    if wh is not None:
        payload["meterValue"] = [{"timestamp": timestamp, "sampledValue": [{"value": wh}]}]
    return payload | more


def broken_rules(version, boot, calls):
    """What the strict central system says of these requests after a boot."""

    async def scenario():
        async with StrictCsms() as csms, WsStation(f"{csms.url}/CP-1", version) as cp:
            await cp.call("BootNotification", boot)
            for action, payload in calls:
                await cp.call(action, payload)
            return [violation.rule for violation in csms.violations], csms.transactions

    return asyncio.run(scenario())


def test_a_charge_by_the_book_is_clean():
    async def scenario():
        async with StrictCsms(passwords={"CP-1": "pw"}) as csms:
            async with WsStation(f"{csms.url}/CP-1", "ocpp1.6", password="pw") as cp:
                await cp.call("BootNotification", BOOT_16)
                await cp.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
                assert (await cp.call("StartTransaction", start()))["transactionId"] == 1
                values = {"timestamp": T1, "sampledValue": [{"value": "0.2", "unit": "kWh"}]}
                await cp.call("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [values]})
                await cp.call("StopTransaction", stop(reason="EVDisconnected"))
            [transaction] = csms.transactions
            assert (transaction.energy_wh, transaction.reason, transaction.token) == (200.0, "EVDisconnected", "AA")
            assert transaction.readings_wh == [100.0, 200.0, 300.0]
            csms.assert_clean()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("calls", "rules"),
    [
        ([("Heartbeat", {"x": 1})], ["schema"]),
        ([("Reset", {"type": "Soft"})], ["direction"]),
        ([("StartTransaction", start(timestamp="2026-01-01T00:00:00Z"))], ["timestamp"]),
        ([("StartTransaction", start())] * 2, ["retry"]),
        ([("StartTransaction", start()), ("StartTransaction", start(timestamp=T1))], ["one-transaction"]),
        ([("StopTransaction", stop(7))], ["transaction"]),
        ([("StartTransaction", start()), ("StopTransaction", stop(meterStop=99))], ["energy"]),
        ([("StartTransaction", start(timestamp=T2)), ("StopTransaction", stop(timestamp=T1))], ["chronology"]),
        ([("StartTransaction", start()), ("StopTransaction", stop()), ("StopTransaction", stop())], ["retry"]),
        (
            [
                ("StartTransaction", start()),
                ("StopTransaction", stop()),
                ("StartTransaction", start(meterStart=299, timestamp=T2)),
            ],
            ["energy"],
        ),
    ],
)
def test_the_rules_of_16(calls, rules):
    assert broken_rules("ocpp1.6", BOOT_16, calls)[0] == rules


@pytest.mark.parametrize(
    ("events", "rules"),
    [
        ([event("Started", 0, 5), event("Updated", 1, 6), event("Ended", 2, 7)], []),
        ([event("Started", 1)], ["seq-no"]),
        ([event("Started", 0), event("Ended", 2)], ["seq-no"]),
        ([event("Updated", 0)], ["transaction"]),
        ([event("Started", 0), event("Started", 1)], ["transaction"]),
        ([event("Started", 0), event("Ended", 1), event("Ended", 2)], ["transaction"]),
        ([event("Started", 0), event("Started", 0)], ["retry"]),
        ([event("Started", 0, 5), event("Started", 0, 6)], ["retry"]),
        ([event("Started", 0, 5), event("Ended", 1, 4)], ["energy"]),
        ([event("Started", 0, timestamp=T1), event("Ended", 1, timestamp=T0)], ["chronology"]),
    ],
)
def test_the_rules_of_201(events, rules):
    told, transactions = broken_rules("ocpp2.0.1", BOOT_201, [("TransactionEvent", payload) for payload in events])
    assert told == rules
    assert len(transactions) == 1


def test_a_retry_after_a_lost_connection_is_legal_and_gets_the_same_id():
    async def scenario():
        async with StrictCsms() as csms:
            async with WsStation(f"{csms.url}/CP-1", "ocpp1.6") as cp:
                await cp.call("BootNotification", BOOT_16)
                first = await cp.call("StartTransaction", start(), "same")
            async with WsStation(f"{csms.url}/CP-1", "ocpp1.6") as cp:
                assert await cp.call("StartTransaction", start(), "same") == first
                await cp.call("StopTransaction", stop())
            csms.assert_clean()
            assert len(csms.rules["CP-1"].retries) == 1

    asyncio.run(scenario())


def test_requests_before_the_boot_twice_at_once_and_with_used_ids():
    async def scenario():
        async with StrictCsms() as csms, WsStation(f"{csms.url}/CP-1", "ocpp1.6") as cp:
            await cp.call("Heartbeat", {}, "a")
            await cp.call("BootNotification", BOOT_16, "b")
            await cp.call("Heartbeat", {}, "a")
            await cp.call("Heartbeat", {}, "x" * 37)
            await cp.send([2, "c", "Heartbeat", {}])
            await cp.send([2, "d", "Heartbeat", {}])
            await cp.receive()
            await cp.receive()
            await cp.send([3, "nothing", {}])
            await cp.send("garbage")
            await cp.call("Heartbeat", {}, "e")
            csms.rules["CP-1"].restarted()
            await cp.call("Heartbeat", {}, "f")
            rules = [violation.rule for violation in csms.violations]
            assert rules == [
                "boot-first", "message-id", "message-id", "one-call", "answer", "frame", "boot-first",
            ]  # fmt: skip
            with pytest.raises(AssertionError, match="one-call"):
                csms.assert_clean()

    asyncio.run(scenario())


def test_pending_allows_what_was_asked_for_and_a_hasty_boot_is_seen():
    async def scenario():
        async with StrictCsms() as csms, WsStation(f"{csms.url}/CP-1", "ocpp2.0.1") as cp:
            csms.boot_status = "Pending"
            await cp.call("BootNotification", BOOT_201)
            report = {"requestId": 1, "generatedAt": T0, "seqNo": 0}
            asking = asyncio.create_task(
                csms.call("CP-1", "GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
            )
            _, message_id, _, _ = await cp.receive()
            await cp.send([3, message_id, {"status": "Accepted"}])
            assert await asking == {"status": "Accepted"}
            await cp.call("NotifyReport", report)
            assert csms.violations == []
            await cp.call("BootNotification", BOOT_201)
            assert [violation.rule for violation in csms.violations] == ["boot-interval"]

    asyncio.run(scenario())


def test_answers_of_the_station_are_validated():
    async def scenario():
        async with StrictCsms() as csms, WsStation(f"{csms.url}/CP-1", "ocpp1.6") as cp:
            for reply in ([3, {"status": "Perhaps"}], [4, "InternalError", "", {}]):
                calling = asyncio.create_task(csms.call("CP-1", "ClearCache", {}))
                _, message_id, _, _ = await cp.receive()
                await cp.send([reply[0], message_id, *reply[1:]])
                if reply[0] == 3:
                    assert await calling == {"status": "Perhaps"}
                else:
                    with pytest.raises(OCPPError):
                        await calling
            assert [violation.rule for violation in csms.violations] == ["schema"]

    asyncio.run(scenario())


def test_a_wrong_password_and_a_missing_subprotocol_are_violations():
    async def scenario():
        async with StrictCsms(passwords={"CP-1": "pw"}) as csms:
            with pytest.raises(InvalidStatus):
                await WsStation(f"{csms.url}/CP-1", "ocpp1.6", password="no").__aenter__()
            async with WsStation(f"{csms.url}/CP-1", "ocpp9", password="pw") as cp:
                with pytest.raises(ConnectionClosed):
                    await cp.receive()
            assert [violation.rule for violation in csms.violations] == ["basic-auth", "subprotocol"]

    asyncio.run(scenario())


def test_wait_for_waits_filters_and_gives_up():
    async def scenario():
        async with StrictCsms() as csms, WsStation(f"{csms.url}/CP-1", "ocpp1.6") as cp:
            waiting = asyncio.create_task(csms.wait_for("Authorize", lambda payload: payload["idTag"] == "BB"))
            await cp.call("BootNotification", BOOT_16)
            await cp.call("Authorize", {"idTag": "AA"})
            mark = csms.mark()
            await cp.call("Authorize", {"idTag": "BB"})
            assert await waiting == {"idTag": "BB"}
            assert await csms.wait_for("Authorize", since=mark) == {"idTag": "BB"}
            with pytest.raises(AssertionError, match="BootNotification"):
                await csms.wait_for("Heartbeat", timeout_s=0.05)

    asyncio.run(scenario())


def test_a_scripted_peer_talks_over_a_socket():
    async def scenario():
        csms = ScriptedCsms("1.6")
        async with WsPeer(csms) as peer, WsStation(f"{peer.url}/CP-1", "ocpp2.0.1", "ocpp1.6") as cp:
            assert cp.socket.subprotocol == "ocpp1.6"
            assert (peer.upgrades[0].path, peer.upgrades[0].offered) == ("/ocpp/CP-1", ["ocpp2.0.1", "ocpp1.6"])
            assert peer.upgrades[0].header("authorization") is None
            assert (await cp.call("BootNotification", BOOT_16))["status"] == "Accepted"
            assert await peer.wait_for("BootNotification") == BOOT_16
            csms.once("Authorize", SILENCE, HOLD, Delay(0.01))
            for _ in range(3):
                await cp.send([2, "m", "Authorize", {"idTag": "AA"}])
            assert (await cp.receive())[0] == 3
            await peer.release()
            assert (await cp.receive())[0] == 3
            asked = asyncio.create_task(peer.call("Reset", {"type": "Soft"}))
            _, message_id, _, _ = await cp.receive()
            await cp.send([3, message_id, {"status": "Accepted"}])
            assert await asked == {"status": "Accepted"}
            await peer.send(b"\x00\xff")
            assert await cp.socket.recv() == b"\x00\xff"
            await peer.close(3456, "enough")
            with pytest.raises(ConnectionClosed):
                await cp.receive()
            assert (cp.socket.close_code, cp.socket.close_reason) == (3456, "enough")

    asyncio.run(scenario())


def test_a_scripted_peer_can_be_cut_and_dialled_again():
    async def scenario():
        async with WsPeer(ScriptedCsms("1.6")) as peer:
            async with WsStation(f"{peer.url}/CP-1", "ocpp1.6") as cp:
                peer.abort()
                with pytest.raises(ConnectionClosed):
                    await cp.receive()
                assert cp.socket.close_code == 1006
            await peer.until(lambda: not peer.connections)
            async with WsStation(f"{peer.url}/CP-1", "ocpp1.6") as cp:
                await cp.call("Heartbeat")
            assert len(peer.upgrades) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(http_status=503), InvalidStatus),
        (Behaviour(subprotocol="ocpp9"), NegotiationError),
    ],
)
def test_a_scripted_peer_refuses_upgrades(behaviour, error):
    async def scenario():
        async with WsPeer(ScriptedCsms("1.6"), behaviour) as peer:
            with pytest.raises(error):
                await WsStation(f"{peer.url}/CP-1", "ocpp1.6").__aenter__()

    asyncio.run(scenario())


def test_a_silent_peer_and_one_that_closes():
    async def scenario():
        async with WsPeer(ScriptedCsms("1.6"), Behaviour(silent=True)) as peer:
            async with WsStation(f"{peer.url}/CP-1", "ocpp1.6") as cp:
                await cp.send([2, "m", "Heartbeat", {}])
                await peer.wait_for("Heartbeat")
                with pytest.raises(TimeoutError):
                    await cp.receive(0.05)
            peer.behaviour.close_code = 1008
            async with WsStation(f"{peer.url}/CP-1", "ocpp1.6") as cp:
                with pytest.raises(ConnectionClosed):
                    await cp.receive()
                assert cp.socket.close_code == 1008

    asyncio.run(scenario())
