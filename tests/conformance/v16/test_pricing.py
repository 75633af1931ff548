"""Prices and costs by DataTransfer (OCA "OCPP & California Pricing Requirements" v3, chapter 3)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.v16.flows import OTHER_CARD, charging, configure, offline_for, plug_and_tap, rebooted, status_is
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import SILENCE

VENDOR = "org.openchargealliance.costmsg"
TEXT = {"priceText": "0.15 EUR/kWh"}


async def tell(rig: Rig, message: str, **data: Any) -> str:
    """Send a message of the extension; the station's answer."""
    answer = await rig.call("DataTransfer", {"vendorId": VENDOR, "messageId": message, "data": json.dumps(data)})
    return str(answer["status"])


async def running(rig: Rig, transaction: int, **more: Any) -> str:
    """A RunningCost of this moment."""
    data = {
        "transactionId": transaction,
        "timestamp": rig.utc().isoformat(),
        "meterValue": 0,
        "cost": 1,
        "state": "Charging",
        "chargingPrice": {"kWhPrice": 0.5},
        **more,
    }
    return await tell(rig, "RunningCost", **data)


def others(rig: Rig) -> list[dict[str, Any]]:
    """The MeterValues that were sent because a cost wanted them."""
    return [
        message
        for message in rig.heard_all("MeterValues")
        if message["meterValue"][0]["sampledValue"][0]["context"] == "Other"
    ]


# Messages


@virtual
async def test_costs_of_no_transaction_are_rejected() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        assert await running(rig, 1) == "Rejected"
        assert await tell(rig, "FinalCost", transactionId=1, cost=3.31, **TEXT) == "Rejected"
        assert await tell(rig, "SetUserPrice", idToken=CARD, **TEXT) == "Rejected"
        transaction = await plug_and_tap(rig)
        assert await running(rig, transaction + 7) == "Rejected"
        assert await tell(rig, "FinalCost", transactionId=transaction + 7, cost=3.31, **TEXT) == "Rejected"


@virtual
async def test_a_price_for_whoever_is_here_is_shown() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        await rig.do("tap", tagId=CARD)
        extra = [{"format": "UTF8", "language": "de", "content": "0,15 EUR/kWh"}]
        assert await tell(rig, "SetUserPrice", idToken=CARD, priceTextExtra=extra, **TEXT) == "Accepted"
        (shown,) = rig.told("price")
        assert shown["tagId"] == CARD
        assert shown["texts"] == [
            {"text": "0.15 EUR/kWh", "language": ""},
            {"text": "0,15 EUR/kWh", "language": "de"},
        ]


@virtual
async def test_a_running_cost_goes_on_until_the_next() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        register_wh = rig.status["meter_wh"]
        assert await running(rig, transaction, meterValue=int(register_wh)) == "Accepted"
        await rig.wait(600)
        used_kwh = (rig.status["meter_wh"] - register_wh) / 1000
        assert rig.status["transaction"]["cost"] == pytest.approx(1 + 0.5 * used_kwh, abs=0.02)
        assert [told["cost"] for told in rig.told("cost")] == [1.0]


@virtual
async def test_a_final_cost_comes_after_the_stop() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await running(rig, transaction)
        await rig.do("tap", tagId=CARD)
        await rig.quiet()
        url = "https://cpo.example/1"
        assert await tell(rig, "FinalCost", transactionId=transaction, cost=3.31, qrCodeText=url, **TEXT) == "Accepted"
        shown = rig.told("cost")[-1]
        assert (shown["cost"], shown["final"], shown["qr_code"]) == (3.31, True, url)
        assert shown["transactionId"] == transaction or shown["connector"] == 1


@virtual
async def test_a_running_cost_goes_on_though_no_meter_value_comes() -> None:
    async with Rig("1.6", variables={"MeterValueSampleInterval": "0"}) as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await rig.quiet()
        assert await running(rig, transaction, chargingPrice={"hourPrice": 3600}) == "Accepted"
        for seconds in (1, 2, 3):
            await rig.wait(1)
            assert rig.status["transaction"]["cost"] == pytest.approx(1 + seconds, abs=0.1)


@virtual
async def test_a_final_cost_may_come_before_the_stop_is_answered() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        rig.csms.once("StopTransaction", SILENCE)
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert await tell(rig, "FinalCost", transactionId=transaction, cost=3.31, **TEXT) == "Accepted"
        assert (rig.told("cost")[-1]["transactionId"], rig.told("cost")[-1]["connector"]) == (transaction, 1)


@virtual
async def test_costs_after_the_stop_while_the_cable_is_still_there() -> None:
    """OCA "OCPP & California Pricing Requirements" v3, 3.4: the idle fee goes on until the vehicle leaves."""
    async with Rig("1.6", variables={"CustomIdleFeeAfterStop": "true"}) as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        await rig.quiet()
        assert await running(rig, transaction, state="Idle", idlePrice={"hourPrice": 5}) == "Accepted"
        await rig.do("unplug")
        await rig.quiet()
        assert await tell(rig, "FinalCost", transactionId=transaction, cost=3.31, **TEXT) == "Accepted"
        assert [told["transactionId"] for told in rig.told("cost")] == [transaction] * 2


@virtual
async def test_what_cannot_be_read_is_rejected() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        lone = r'{"idToken":"A","priceText":"\ud800","transactionId":1,"cost":1}'
        for data in (
            lone,
            "",
            "{",
            "[]",
            "7",
            '"x"',
            "NaN",
            "[" * 5000,
            '{"transactionId":true}',
            '{"transactionId":"1"}',
        ):
            for message in ("SetUserPrice", "RunningCost", "FinalCost"):
                answer = await rig.call("DataTransfer", {"vendorId": VENDOR, "messageId": message, "data": data})
                assert answer["status"] == "Rejected", (message, data)
        for wrong in (
            {"state": "Sleeping"},
            {"cost": "1"},
            {"cost": 1e300},
            {"timestamp": "yesterday"},
            {"meterValue": None},
            {"chargingPrice": 7},
            {"idlePrice": []},
            {"nextPeriod": {"atTime": "never"}},
            {"triggerMeterValue": {"atPowerkW": True}},
            {"triggerMeterValue": {"atCPStatus": "Charging"}},
        ):
            assert await running(rig, transaction, **wrong) == "Rejected", wrong
        answer = await rig.call("DataTransfer", {"vendorId": VENDOR, "messageId": "RunningCost"})
        assert answer["status"] == "Rejected"
        answer = await rig.call("DataTransfer", {"vendorId": VENDOR, "messageId": "Discount", "data": "{}"})
        assert answer["status"] == "UnknownMessageId"


@virtual
async def test_absurd_prices_can_be_shown() -> None:
    async with Rig("1.6", variables={"NumberOfDecimalsForCostValues": "10"}) as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        prices = {"kWhPrice": 999_999_999_999, "hourPrice": 999_999_999_999}
        absurd = {"timestamp": "0001-01-01T00:00:00Z", "cost": 999_999_999_999.999, "chargingPrice": prices}
        assert await running(rig, transaction, **absurd) == "Accepted"
        assert rig.status["transaction"]["cost"] > 1e12
        period = {"atTime": rig.utc().isoformat(), "chargingPrice": prices}
        assert await running(rig, transaction, **absurd, nextPeriod=period) == "Accepted"
        await rig.wait(30)
        assert rig.status["transaction"]["cost"] > 1e12


@virtual
async def test_switched_off_the_vendor_is_unknown() -> None:
    async with Rig("1.6", variables={"CustomDisplayCostAndPrice": "false"}) as rig:
        await rig.boot()
        assert await running(rig, 1) == "UnknownVendorId"


# Meter values wanted for the cost


@virtual
async def test_a_meter_value_at_an_energy() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await running(rig, transaction, triggerMeterValue={"atEnergykWh": 0.2})
        await rig.wait(5)
        assert not others(rig)
        await rig.until(lambda: others(rig))
        (message,) = others(rig)
        assert message["transactionId"] == transaction
        assert float(message["meterValue"][0]["sampledValue"][0]["value"]) >= 200
        await rig.wait(120)
        assert len(others(rig)) == 1


@virtual
async def test_a_meter_value_at_a_time() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        at = rig.utc() + timedelta(seconds=20)
        await running(rig, transaction, triggerMeterValue={"atTime": at.isoformat()})
        await rig.wait(19)
        assert not others(rig)
        await rig.wait(2)
        assert len(others(rig)) == 1


@virtual
async def test_a_meter_value_when_the_power_crosses_its_threshold() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await rig.wait(10)
        await running(rig, transaction, triggerMeterValue={"atPowerkW": 0.1})
        await rig.do("ev_suspend")
        await rig.wait(10)
        assert len(others(rig)) == 1
        await rig.do("ev_resume")
        await rig.wait(10)
        assert len(others(rig)) == 2


@virtual
async def test_a_meter_value_at_a_status() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await running(rig, transaction, triggerMeterValue={"atCPStatus": ["SuspendedEV", "Finishing"]})
        await rig.do("ev_suspend")
        await status_is(rig, "SuspendedEV")
        assert len(others(rig)) == 1
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        assert len(others(rig)) == 2
        assert "transactionId" not in others(rig)[-1]


# A price before the session begins


@virtual
async def test_a_session_waits_for_its_price() -> None:
    async with Rig("1.6", variables={"WaitForSetUserPriceTimeout": "5000"}) as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.host.execute("tap", {"tagId": CARD})
        await rig.wait(2)
        assert not rig.heard_all("StartTransaction")
        assert await tell(rig, "SetUserPrice", idToken=CARD, **TEXT) == "Accepted"
        await charging(rig)


@virtual
async def test_a_session_begins_without_its_price_when_none_comes() -> None:
    async with Rig("1.6", variables={"WaitForSetUserPriceTimeout": "5000"}) as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.host.execute("tap", {"tagId": CARD})
        await rig.wait(4.5)
        assert not rig.heard_all("StartTransaction")
        await rig.wait(1)
        assert rig.heard_all("StartTransaction")


@virtual
async def test_each_session_waits_its_own_time() -> None:
    two = {"evses": [{"id": 1}, {"id": 2}]}
    async with Rig("1.6", profile=two, variables={"WaitForSetUserPriceTimeout": "5000"}) as rig:
        await rig.boot()
        await rig.do("plug_in", connector=1)
        await rig.do("plug_in", connector=2)
        rig.host.execute("tap", {"tagId": CARD, "connector": 1})
        await rig.wait(3)
        rig.host.execute("tap", {"tagId": OTHER_CARD, "connector": 2})
        await rig.wait(2.5)
        assert [start["idTag"] for start in rig.heard_all("StartTransaction")] == [CARD]
        await rig.wait(3)
        assert [start["idTag"] for start in rig.heard_all("StartTransaction")] == [CARD, OTHER_CARD]


# Unplugging after the stop


@virtual
async def test_unplugging_after_the_stop_is_told() -> None:
    async with Rig("1.6", variables={"CustomIdleFeeAfterStop": "true"}) as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        assert not rig.heard_all("DataTransfer")
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.do("unplug")
        await rig.quiet()
        (message,) = rig.heard_all("DataTransfer")
        assert (message["vendorId"], message["messageId"]) == (VENDOR, "ConnectorUnplugged")
        assert json.loads(message["data"])["transactionId"] == transaction
        assert rig.store.load() == rig.host.runner.engine.station.snapshot()


@virtual
async def test_unplugging_is_told_after_being_offline() -> None:
    async with Rig("1.6", variables={"CustomIdleFeeAfterStop": "true"}) as rig:
        await rig.boot()
        transaction = await plug_and_tap(rig)
        await rig.do("go_offline")
        await rig.do("unplug")
        await offline_for(rig, 30)
        told = [action for action in rig.csms.actions() if action in ("StopTransaction", "DataTransfer")]
        assert told == ["StopTransaction", "DataTransfer"]
        assert json.loads(rig.heard_all("DataTransfer")[0]["data"])["transactionId"] == transaction


# Keys


@virtual
async def test_keys_of_prices() -> None:
    async with Rig("1.6", variables={"SupportedLanguages": "en,de"}) as rig:
        await rig.boot()
        await configure(rig, DefaultPrice=json.dumps({**TEXT, "chargingPrice": {"kWhPrice": 0.15}}))
        await configure(rig, **{"DefaultPriceText,de": json.dumps({"priceText": "0,15"}), "Language": "de"})
        await configure(rig, TimeOffset="-05:00", TimeOffsetNextTransition="-04:00")
        await configure(rig, NumberOfDecimalsForCostValues="2", CustomIdleFeeAfterStop="true")
        for key, value in (
            ("DefaultPriceText,fr", json.dumps(TEXT)),
            ("DefaultPriceText,de", "0,15"),
            ("DefaultPrice", "{}"),
            ("DefaultPrice", json.dumps({**TEXT, "chargingPrice": {"kWhPrice": "much"}})),
            ("Language", "fr"),
            ("TimeOffset", "west"),
            ("CustomDisplayCostAndPrice", "false"),
            ("SupportedLanguages", "fr"),
            ("NumberOfDecimalsForCostValues", "-1"),
        ):
            answer = await rig.call("ChangeConfiguration", {"key": key, "value": value})
            assert answer["status"] == "Rejected", key
        asked = ["DefaultPriceText,de", "CustomDisplayCostAndPrice", "DefaultPriceText,fr", "SupportedLanguages"]
        answer = await rig.call("GetConfiguration", {"key": asked})
        assert [row["key"] for row in answer["configurationKey"]] == [
            "DefaultPriceText,de",
            "CustomDisplayCostAndPrice",
            "SupportedLanguages",
        ]
        assert answer["unknownKey"] == ["DefaultPriceText,fr"]
        assert json.loads(answer["configurationKey"][0]["value"]) == {"priceText": "0,15"}
