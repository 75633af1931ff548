"""Reset, hard and soft, with and without a transaction."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import order, plug_and_tap, rebooted, since, status_is, stop
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import HOLD

AFTER_BOOT = ["BootNotification", *["StatusNotification"] * 2, *["SecurityEventNotification"] * 2]
"""What a boot after a reset tells: the last are ResetOrReboot and StartupOfTheDevice."""


async def reset(rig: Rig, kind: str) -> int:
    """Reset, which is accepted; where the messages after it begin."""
    mark = len(rig.csms.actions())
    assert (await rig.call("Reset", {"type": kind}))["status"] == "Accepted"
    return mark


@pytest.mark.case("TC_013_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_tc_013_hard_reset_without_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        mark = await reset(rig, "Hard")
        await rebooted(rig)
        await rig.quiet()
        assert since(rig, mark) == AFTER_BOOT
        assert rig.statuses()[-1] == "Available"
        assert len(rig.dials) == 2


@pytest.mark.case("TC_014_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_tc_014_soft_reset_without_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        mark = await reset(rig, "Soft")
        await rebooted(rig)
        await rig.quiet()
        assert since(rig, mark) == AFTER_BOOT
        assert rig.statuses()[-1] == "Available"


@pytest.mark.case("TC_015_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.14", "OCPP 1.6 errata 3.36")
@virtual
async def test_tc_015_hard_reset_with_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await reset(rig, "Hard")
        await rebooted(rig)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "HardReset"
        assert stop(rig)["transactionId"] == number
        await status_is(rig, rig.statuses()[-1])
        assert rig.statuses()[-1] in ("Finishing", "Preparing")
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_016_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.14", "OCPP 1.6 errata 3.36")
@virtual
async def test_tc_016_soft_reset_with_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        mark = await reset(rig, "Soft")
        await rebooted(rig)
        assert stop(rig)["reason"] == "SoftReset"
        assert stop(rig)["transactionId"] == number
        after = since(rig, mark)
        assert after.index("StopTransaction") < after.index("BootNotification")
        assert after.count("StopTransaction") == 1
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_016_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_tc_016_a_csms_that_never_answers_does_not_hold_the_reset_up() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.once("StopTransaction", HOLD)
        await reset(rig, "Soft")
        await rebooted(rig)
        await rig.until(lambda: len(rig.heard_all("StopTransaction")) == 2)
        first, second = rig.heard_all("StopTransaction")
        assert first == second


@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_a_new_transaction_after_a_reset() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(60)
        await reset(rig, "Hard")
        await rebooted(rig)
        await rig.do("unplug")
        await plug_and_tap(rig)
        begun, again = rig.heard_all("StartTransaction")
        assert begun["meterStart"] <= stop(rig)["meterStop"] <= again["meterStart"]
        assert order(rig, "StartTransaction", "StopTransaction", "StartTransaction")


@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_a_kind_of_reset_that_does_not_exist_is_refused() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await rig.call_error("Reset", {"type": "Warm"}) == "PropertyConstraintViolation"
        await rig.wait(10)
        assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_the_power_goes_while_a_soft_reset_waits_for_the_queue() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", HOLD)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        await reset(rig, "Soft")
        await rig.wait(1)
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        await rig.wait(60)
        assert len(rig.heard_all("BootNotification")) == 2
        assert len(rig.dials) == 2
        assert stop(rig)["reason"] == "SoftReset"
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_two_resets_at_once_are_one_reboot() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        first, second = rig.csms.call("Reset", {"type": "Soft"}), rig.csms.call("Reset", {"type": "Hard"})
        rig.send(first.text)
        rig.send(second.text)
        await rebooted(rig)
        assert rig.csms.result(first.id)["status"] == "Accepted"
        assert second.id in rig.csms.answers
        await rig.wait(60)
        assert len(rig.heard_all("BootNotification")) == 2
        assert len(rig.heard_all("StopTransaction")) == 1


@pytest.mark.spec("OCPP 1.6 §5.14", "OCPP 1.6 §5.11")
@virtual
async def test_nothing_starts_while_a_reset_is_under_way() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        out = rig.csms.call("Reset", {"type": "Hard"})
        begin = rig.csms.call("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1})
        rig.send(out.text)
        rig.send(begin.text)
        await rebooted(rig)
        assert rig.csms.answers.get(begin.id, [3, "", {"status": "Rejected"}])[2] == {"status": "Rejected"}
        await rig.wait(60)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.spec("OCPP 1.6 §5.14")
@virtual
async def test_a_reset_is_possible_while_pending() -> None:
    async with Rig() as rig:
        pending = {"status": "Pending", "currentTime": "2026-01-01T12:00:00Z", "interval": 300}
        rig.csms.once("BootNotification", pending)
        rig.host.start()
        await rig.until(lambda: rig.heard_all("BootNotification"))
        await reset(rig, "Soft")
        await rebooted(rig)
        assert rig.host.status()["boot"] == "Accepted"
