"""What a station knows of cards by itself: where it learns it, what it may decide alone, and whose card may stop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import (
    OTHER_CARD,
    charging,
    configure,
    online,
    plug_and_tap,
    rebooted,
    since,
    status_is,
    stop,
    tap_and_unplug,
    transaction_id,
)
from tests.support.rig import CARD, Rig, virtual

PRE = {"LocalPreAuthorize": "true"}
ALLOW_ALL = {"AllowOfflineTxForUnknownId": "true"}
PARENT = "FLEET-7"
SOCKET = {"evses": [{"id": 1, "connectors": [{"id": 1, "cable": "socket", "lock": True}]}]}


def said(status: str = "Accepted", **more: Any) -> dict[str, Any]:
    """An answer with this idTagInfo."""
    return {"idTagInfo": {"status": status, **more}}


def cache(rig: Rig) -> dict[str, Any]:
    """The stored cache by idTag, without the order of its entries."""
    rows = rig.store.load().get("cache", {})
    return {
        key.removeprefix("ISO14443:"): {name: value for name, value in row.items() if name != "heard"}
        for key, row in rows.items()
    }


# Where the cache learns


@pytest.mark.spec("OCPP 1.6 §3.5.1", "OCPP 1.6 §4.1")
@pytest.mark.parametrize("status", ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"])
@virtual
async def test_an_answer_to_authorize_is_cached_whatever_it_says(status: str) -> None:
    async with Rig() as rig:
        rig.csms.answer("Authorize", said(status, parentIdTag=PARENT))
        await rig.boot()
        await rig.do("tap", tagId=CARD)
        await rig.quiet()
        assert cache(rig)[CARD] == {"status": status, "group": {"value": PARENT}}


@pytest.mark.spec("OCPP 1.6 §3.5.1", "OCPP 1.6 §4.8")
@virtual
async def test_an_answer_to_start_transaction_is_cached() -> None:
    async with Rig(variables=PRE) as rig:
        rig.csms.once("StartTransaction", {"transactionId": 5, **said("Blocked")})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        assert cache(rig)[CARD] == {"status": "Blocked"}
        await rig.do("unplug")
        mark = len(rig.csms.actions())
        await plug_and_tap(rig)
        assert "Authorize" in since(rig, mark), "what is cached as not valid is asked about"


@pytest.mark.spec("OCPP 1.6 §3.5.1", "OCPP 1.6 §4.10")
@virtual
async def test_an_answer_to_stop_transaction_is_cached_for_the_card_that_stopped() -> None:
    async with Rig() as rig:
        rig.csms.answer("Authorize", said(parentIdTag=PARENT))
        rig.csms.answer("StopTransaction", said("Invalid"))
        await rig.boot()
        await plug_and_tap(rig)
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_STOP"
        await rig.quiet()
        assert cache(rig)[OTHER_CARD] == {"status": "Invalid"}
        assert cache(rig)[CARD]["status"] == "Accepted"


@pytest.mark.spec("OCPP 1.6 §4.10", "OCPP 1.6 §6.50")
@virtual
async def test_an_answer_to_a_stop_without_a_card_says_nothing_of_the_one_that_started() -> None:
    async with Rig() as rig:
        rig.csms.answer("StopTransaction", said("Invalid"))
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("unplug")
        await rig.quiet()
        assert "idTag" not in stop(rig)
        assert cache(rig)[CARD] == {"status": "Accepted"}


@pytest.mark.spec("OCPP 1.6 §3.5.1", "OCPP 1.6 §9.1.2")
@virtual
async def test_a_cache_that_is_switched_off_learns_and_says_nothing() -> None:
    async with Rig(variables={**PRE, "AuthorizationCacheEnabled": "false"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        assert cache(rig) == {}
        await plug_and_tap(rig)
        assert len(rig.heard_all("Authorize")) == 2


@pytest.mark.spec("OCPP 1.6 §3.5.1", "OCPP 1.6 §5.4")
@virtual
async def test_a_cleared_cache_stays_empty_over_a_reset() -> None:
    async with Rig(variables=PRE) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        assert (await rig.call("ClearCache"))["status"] == "Accepted"
        assert cache(rig) == {}
        assert (await rig.call("Reset", {"type": "Hard"}))["status"] == "Accepted"
        await rebooted(rig)
        mark = len(rig.csms.actions())
        await plug_and_tap(rig)
        assert "Authorize" in since(rig, mark)


@pytest.mark.spec("OCPP 1.6 §3.5.1", "OCPP 1.6 errata 3.4")
@virtual
async def test_the_cache_survives_a_reset() -> None:
    async with Rig(variables=PRE) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        assert (await rig.call("Reset", {"type": "Soft"}))["status"] == "Accepted"
        await rebooted(rig)
        mark = len(rig.csms.actions())
        await plug_and_tap(rig)
        assert "Authorize" not in since(rig, mark)


@pytest.mark.spec("OCPP 1.6 §7.28", "OCPP 1.6 §3.5.1")
@virtual
async def test_identifiers_are_the_same_in_any_case() -> None:
    async with Rig(variables=PRE) as rig:
        await rig.boot()
        await plug_and_tap(rig, CARD)
        assert (await rig.do("tap", tagId=CARD.lower()))["result"] == "USED_TO_STOP"
        await rig.do("unplug")
        await plug_and_tap(rig, CARD.lower())
        assert len(rig.heard_all("Authorize")) == 1


# What it may decide alone


@pytest.mark.spec("OCPP 1.6 §3.5.4", "OCPP 1.6 §9.1.1", "OCPP 1.6 §9.1.12")
@pytest.mark.parametrize("local", ["true", "false"])
@virtual
async def test_a_cached_refusal_is_no_unknown_id(local: str) -> None:
    async with Rig(variables={**ALLOW_ALL, "LocalAuthorizeOffline": local}) as rig:
        await rig.boot()
        await rig.do("cache_put", tagId=CARD, status="Blocked")
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "REJECTED"
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_START"


@pytest.mark.spec("OCPP 1.6 §3.5.4")
@virtual
async def test_an_unknown_id_that_started_offline_is_cached_only_by_the_csms_s_word() -> None:
    async with Rig(variables=ALLOW_ALL) as rig:
        await rig.boot()
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        await rig.wait(10)
        assert cache(rig) == {}
        await online(rig)
        assert cache(rig) == {CARD: {"status": "Accepted"}}


@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §9.1.3")
@virtual
async def test_a_remote_start_that_need_not_be_authorized_is_not_asked_for() -> None:
    async with Rig(variables={"AuthorizeRemoteTxRequests": "false"}) as rig:
        rig.csms.answer("Authorize", said("Invalid"))
        await rig.boot()
        await rig.do("plug_in")
        assert (await rig.call("RemoteStartTransaction", {"idTag": CARD}))["status"] == "Accepted"
        await charging(rig)
        assert rig.heard_all("Authorize") == []
        assert rig.csms.last("StartTransaction")["idTag"] == CARD


# A refusal that comes late


@pytest.mark.spec("OCPP 1.6 errata 3.17", "OCPP 1.6 §7.2")
@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
@virtual
async def test_every_other_status_ends_a_transaction(status: str) -> None:
    async with Rig() as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, **said(status)})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "DeAuthorized"
        assert "idTag" not in stop(rig)


@pytest.mark.spec("OCPP 1.6 errata 3.17", "OCPP 1.6 §7.27")
@virtual
async def test_an_acceptance_that_has_run_out_is_none() -> None:
    async with Rig() as rig:
        answer = {"transactionId": 5, **said(expiryDate="2026-01-01T11:00:00Z")}
        rig.csms.answer("StartTransaction", answer)
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "DeAuthorized"


@pytest.mark.spec("OCPP 1.6 errata 3.17", "OCPP 1.6 §9.1.14")
@virtual
async def test_a_refused_id_gets_the_energy_it_may_and_no_more() -> None:
    keys = {"StopTransactionOnInvalidId": "false", "MaxEnergyOnInvalidId": "200"}
    async with Rig(variables=keys) as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, **said("Invalid")})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await charging(rig)
        assert rig.status["contactor"] == "closed"
        await status_is(rig, "SuspendedEVSE", 600)
        await rig.do("tap", tagId=CARD)
        await rig.quiet()
        used_wh = stop(rig)["meterStop"] - rig.csms.last("StartTransaction")["meterStart"]
        assert 200 <= used_wh < 260


@pytest.mark.spec("OCPP 1.6 errata 3.17", "OCPP 1.6 §9.1.14")
@virtual
async def test_a_refused_id_stops_whatever_energy_is_allowed() -> None:
    keys = {"StopTransactionOnInvalidId": "true", "MaxEnergyOnInvalidId": "200"}
    async with Rig(variables=keys) as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, **said("Invalid")})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "DeAuthorized"


@pytest.mark.spec("OCPP 1.6 errata 3.5", "OCPP 1.6 errata 3.17")
@pytest.mark.parametrize(
    ("card", "parent", "frees"), [(CARD, "", True), (OTHER_CARD, PARENT, True), (OTHER_CARD, "", False)]
)
@virtual
async def test_after_a_refusal_the_cable_goes_to_the_same_card_or_one_of_its_parent(
    card: str, parent: str, frees: bool
) -> None:
    async with Rig(profile=SOCKET) as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, **said("Blocked", parentIdTag=PARENT)})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        await rig.quiet()
        assert rig.status["locked"]
        rig.csms.answer("Authorize", said(**({"parentIdTag": parent} if parent else {})))
        rig.csms.answer("StartTransaction", {"transactionId": 6, **said()})
        await rig.do("tap", tagId=card)
        await rig.wait(2)
        assert rig.status["locked"] is not frees
        assert len(rig.heard_all("StartTransaction")) == 1


# Whose card may stop


@pytest.mark.spec("OCPP 1.6 §4.1")
@virtual
async def test_the_same_card_stops_without_a_question() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        mark = len(rig.csms.actions())
        await tap_and_unplug(rig)
        assert "Authorize" not in since(rig, mark)
        assert stop(rig)["idTag"] == CARD


@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §4.10")
@pytest.mark.parametrize(("parent", "status", "stops"), [(PARENT, "Accepted", True), ("OTHERS", "Accepted", False)])
@virtual
async def test_another_card_is_asked_for_and_stops_with_the_same_parent(parent: str, status: str, stops: bool) -> None:
    async with Rig() as rig:
        rig.csms.answer("Authorize", said(parentIdTag=PARENT))
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.answer("Authorize", said(status, parentIdTag=parent))
        answer = await rig.do("tap", tagId=OTHER_CARD)
        assert answer["result"] == ("USED_TO_STOP" if stops else "NO_CONNECTOR_AVAILABLE")
        await rig.quiet()
        assert [one["idTag"] for one in rig.heard_all("Authorize")] == [CARD, OTHER_CARD]
        assert [one["idTag"] for one in rig.heard_all("StopTransaction")] == ([OTHER_CARD] if stops else [])


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §4.10", "OCPP 1.6 §5.11")
@virtual
async def test_the_parent_is_learnt_from_the_answer_to_start_transaction() -> None:
    async with Rig() as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, **said(parentIdTag=PARENT)})
        rig.csms.answer("Authorize", said(parentIdTag=PARENT))
        await rig.boot()
        await rig.do("plug_in")
        assert (await rig.call("RemoteStartTransaction", {"idTag": CARD}))["status"] == "Accepted"
        await charging(rig)
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_STOP"
        await rig.quiet()
        assert stop(rig)["idTag"] == OTHER_CARD


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §4.10", "OCPP 1.6 §3.5")
@virtual
async def test_a_parent_that_was_learnt_late_is_known_offline_and_after_a_power_cut() -> None:
    profile = {"transactions": {"after_power_loss": "resume"}}
    async with Rig(profile=profile, variables=ALLOW_ALL) as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, **said(parentIdTag=PARENT)})
        await rig.boot()
        await rig.do("cache_put", tagId=OTHER_CARD, status="Accepted", group=PARENT)
        await rig.do("go_offline")
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        await online(rig)
        assert transaction_id(rig) == 5
        rig.refuse_with(503)
        await rig.do("power_cycle")
        await rig.wait(20)
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_STOP"
        rig.refuse = None
        await rig.until(lambda: rig.heard_all("StopTransaction"), 600)
        assert (stop(rig)["idTag"], stop(rig)["transactionId"]) == (OTHER_CARD, 5)


@pytest.mark.spec("OCPP 1.6 §5.12")
@virtual
async def test_a_remote_stop_needs_no_card() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        assert (await rig.call("RemoteStopTransaction", {"transactionId": number}))["status"] == "Accepted"
        await rig.quiet()
        assert stop(rig)["reason"] == "Remote"
        assert len(rig.heard_all("Authorize")) == 1


@pytest.mark.spec("OCPP 1.6 §9.1.13")
@virtual
async def test_pre_authorization_holds_as_soon_as_it_is_set() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        await configure(rig, LocalPreAuthorize="true")
        await plug_and_tap(rig)
        assert len(rig.heard_all("Authorize")) == 1
