"""The local authorization list: how it is sent, kept, and what it is good for."""

from __future__ import annotations

from typing import Any

import pytest

from station.core.records import Put
from tests.conformance.v16.flows import (
    OTHER_CARD,
    charging,
    configure,
    connector_statuses,
    offline_for,
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
from tests.support.scripted_csms import SILENCE
from tests.support.stores import write

LIST_FIRST = {"LocalPreAuthorize": "true", "AuthorizationCacheEnabled": "false"}
PARENT = "FLEET-7"


def entry(card: str, status: str = "Accepted", **more: str) -> dict[str, Any]:
    """An AuthorizationData that adds or changes a card."""
    return {"idTag": card, "idTagInfo": {"status": status, **more}}


async def send(rig: Rig, version: int, *entries: dict[str, Any], kind: str = "Full", **more: Any) -> str:
    """SendLocalList; its status."""
    payload = {"listVersion": version, "updateType": kind, "localAuthorizationList": list(entries), **more}
    status: str = (await rig.call("SendLocalList", payload))["status"]
    return status


async def version(rig: Rig) -> int:
    """GetLocalListVersion."""
    number: int = (await rig.call("GetLocalListVersion"))["listVersion"]
    return number


async def listed(rig: Rig, *entries: dict[str, Any], number: int = 1) -> None:
    """Boot with this list."""
    await rig.boot()
    assert await send(rig, number, *entries) == "Accepted"


async def refused_offline(rig: Rig, card: str) -> bool:
    """Whether a card that is shown at the offline station is refused."""
    return str((await rig.do("tap", tagId=card))["result"]) == "REJECTED"


# The list's version


@pytest.mark.case("TC_042_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.10", "OCPP 1.6 §9.2.1")
@virtual
async def test_tc_042_1_a_list_that_is_switched_off_is_not_supported() -> None:
    async with Rig() as rig:
        await listed(rig, entry(CARD), number=4)
        await configure(rig, LocalAuthListEnabled="false")
        assert await version(rig) == -1
        await configure(rig, LocalAuthListEnabled="true")
        assert await version(rig) == 4


@pytest.mark.case("TC_042_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.10")
@virtual
async def test_tc_042_2_an_empty_list_has_version_0() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await version(rig) == 0
        assert await send(rig, 5, entry(CARD)) == "Accepted"
        assert await version(rig) == 5
        assert await send(rig, 6) == "Accepted"
        assert await version(rig) == 0
        assert await send(rig, 1, entry(CARD), kind="Differential") == "Accepted"
        assert await version(rig) == 1


# Sending it


@pytest.mark.case("TC_043_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.15", "OCPP 1.6 §6.41", "OCPP 1.6 §7.1")
@virtual
async def test_tc_043_full_and_differential_updates() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD), entry(OTHER_CARD), number=1)
        changes = (entry("0411"), entry(OTHER_CARD, "Blocked"), {"idTag": CARD})
        assert await send(rig, 2, *changes, kind="Differential") == "Accepted"
        assert await version(rig) == 2
        rig.csms.clear()
        await rig.do("authorize", tagId="0411")
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId="0411"))["result"] == "USED_TO_START"
        assert [asked["idTag"] for asked in rig.heard_all("Authorize")] == ["0411"], "by the command only"
        await tap_and_unplug(rig, "0411")
        rig.csms.answer("Authorize", {"idTagInfo": {"status": "Invalid"}})
        await rig.do("tap", tagId=CARD)
        await rig.do("tap", tagId=OTHER_CARD)
        assert [asked["idTag"] for asked in rig.heard_all("Authorize")][1:] == [CARD, OTHER_CARD]


@pytest.mark.case("TC_043_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §6.41")
@virtual
async def test_tc_043_without_entries_a_full_update_clears_and_a_differential_one_does_nothing() -> None:
    async with Rig() as rig:
        await listed(rig, entry(CARD), number=1)
        answer = await rig.call("SendLocalList", {"listVersion": 2, "updateType": "Differential"})
        assert answer == {"status": "Accepted"}
        assert await version(rig) == 2
        assert (await rig.call("SendLocalList", {"listVersion": 3, "updateType": "Full"}))["status"] == "Accepted"
        assert await version(rig) == 0


@pytest.mark.case("TC_043_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §7.1", "OCPP 1.6 §6.41")
@virtual
async def test_tc_043_a_full_update_may_take_any_version_and_removing_a_stranger_is_no_error() -> None:
    async with Rig() as rig:
        await listed(rig, entry(CARD), number=9)
        assert await send(rig, 3, entry(OTHER_CARD)) == "Accepted"
        assert await version(rig) == 3
        assert await send(rig, 4, {"idTag": "NOBODY"}, kind="Differential") == "Accepted"
        assert await version(rig) == 4


@pytest.mark.case("TC_043_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §7.47", "OCPP 1.6 §9.2.1")
@virtual
async def test_tc_043_1_a_list_is_not_supported_while_switched_off() -> None:
    async with Rig(variables={"LocalAuthListEnabled": "false"}) as rig:
        await rig.boot()
        assert await send(rig, 1, entry(CARD)) == "NotSupported"
        await configure(rig, LocalAuthListEnabled="true")
        assert await version(rig) == 0


@pytest.mark.case("TC_043_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §7.47", "OCPP 1.6 errata 3.52")
@pytest.mark.parametrize("number", [5, 4, 0, -1])
@virtual
async def test_tc_043_2_a_version_that_is_not_above_the_list_s_mismatches(number: int) -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD), number=5)
        assert await send(rig, number, {"idTag": CARD}, kind="Differential") == "VersionMismatch"
        assert await version(rig) == 5
        await plug_and_tap(rig)
        assert rig.heard_all("Authorize") == []


@pytest.mark.case("TC_043_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §6.41", "OCPP 1.6 §7.1", "OCPP 1.6 §9.2.2", "OCPP 1.6 §9.2.3", "OCPP 1.6 errata 3.52")
@pytest.mark.parametrize(
    ("kind", "number", "entries"),
    [
        pytest.param("Full", 6, [entry(OTHER_CARD), entry(OTHER_CARD.lower(), "Blocked")], id="the same card twice"),
        pytest.param("Differential", 6, [entry("A"), entry("a")], id="the same card twice in a change"),
        pytest.param("Full", 6, [entry(OTHER_CARD), {"idTag": "A"}], id="no information in a full list"),
        pytest.param("Full", 6, [entry(str(n)) for n in range(4)], id="more than a message may hold"),
        pytest.param("Differential", 6, [entry(str(n)) for n in range(3)], id="more than the list may hold"),
        pytest.param("Full", 0, [entry(OTHER_CARD)], id="version 0"),
        pytest.param("Full", -1, [entry(OTHER_CARD)], id="version -1"),
    ],
)
@virtual
async def test_tc_043_3_an_update_that_fails_changes_nothing(
    kind: str, number: int, entries: list[dict[str, Any]]
) -> None:
    limits = {"SendLocalListMaxLength": 3, "LocalAuthListMaxLength": 3}
    async with Rig(variables={**LIST_FIRST, **limits}) as rig:
        await listed(rig, entry(CARD), number=5)
        before = rig.store.load()["local_list"]
        assert await send(rig, number, *entries, kind=kind) == "Failed"
        assert await version(rig) == 5
        assert rig.store.load()["local_list"] == before
        await plug_and_tap(rig)
        assert rig.heard_all("Authorize") == []


@pytest.mark.case("TC_043_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §7.47")
@virtual
async def test_tc_043_3_what_cannot_be_stored_is_not_accepted() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD), number=5)
        before = rig.store.load()["local_list"]
        rig.store.fail_next()
        assert await send(rig, 6, entry(OTHER_CARD)) == "Failed"
        assert await version(rig) == 5
        assert await send(rig, 6, entry(OTHER_CARD)) == "Accepted"
        rig.store.fail_next()
        assert await send(rig, 7, entry(CARD), entry("0411"), kind="Differential") == "Failed"
        assert await send(rig, 8, entry(CARD)) == "Accepted"
        after = rig.store.load()["local_list"]
        assert after == {**before, "version": 8}


@pytest.mark.spec("OCPP 1.6 §6.41", "OCPP 1.6 §7.1")
@virtual
async def test_room_that_a_change_makes_may_be_used_by_it() -> None:
    async with Rig(variables={"LocalAuthListMaxLength": 2}) as rig:
        await listed(rig, entry(CARD), entry(OTHER_CARD))
        assert await send(rig, 2, entry("A"), {"idTag": CARD}, kind="Differential") == "Accepted"
        assert await send(rig, 3, entry("A", "Blocked"), entry("B"), kind="Differential") == "Failed"
        assert await send(rig, 3, entry("A", "Blocked"), kind="Differential") == "Accepted"


@pytest.mark.spec("OCPP 1.6 §9.2.1", "OCPP 1.6 §9.2.2", "OCPP 1.6 §9.2.3", "OCPP 1.6 §9.1.29")
@virtual
async def test_the_list_s_keys_are_there() -> None:
    async with Rig() as rig:
        await rig.boot()
        wanted = ["LocalAuthListEnabled", "LocalAuthListMaxLength", "SendLocalListMaxLength"]
        answer = await rig.call("GetConfiguration", {"key": [*wanted, "SupportedFeatureProfiles"]})
        rows = [(row["key"], row["readonly"], row["value"]) for row in answer["configurationKey"]]
        assert rows[:3] == [(wanted[0], False, "true"), (wanted[1], True, "10000"), (wanted[2], True, "1000")]
        assert "LocalAuthListManagement" in rows[3][2].split(",")


@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §9.2.2")
@virtual
async def test_a_large_list_is_taken_in_parts_and_only_what_changes_is_written() -> None:
    async with Rig() as rig:
        await rig.boot()
        cards = [entry(f"CARD{n:05}", parentIdTag=PARENT) for n in range(10_000)]
        for part in range(10):
            kind = "Differential" if part else "Full"
            assert await send(rig, part + 1, *cards[part * 1000 : part * 1000 + 1000], kind=kind) == "Accepted"
        assert await send(rig, 11, entry("ONE MORE"), kind="Differential") == "Failed"
        written: list[Any] = []

        def watch(batch: Any) -> bool:
            written.extend(record for record in batch.records if record.table == "local_list")
            return False

        rig.store.fail_when = watch
        changes = [*cards[:998], entry("CARD00998", "Blocked"), {"idTag": "CARD00999"}]
        assert await send(rig, 12, *changes, kind="Differential") == "Accepted"
        assert {record.key for record in written} == {"ISO14443:CARD00998", "ISO14443:CARD00999", "version"}


# What survives


@pytest.mark.spec("OCPP 1.6 §3.5.2")
@virtual
async def test_the_list_survives_a_power_cut_and_a_reset() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD), entry(OTHER_CARD, "Blocked"), number=7)
        await rig.do("power_cycle")
        await rig.do("connect")
        assert await version(rig) == 7
        assert (await rig.call("Reset", {"type": "Soft"}))["status"] == "Accepted"
        await rebooted(rig, 3)
        assert await version(rig) == 7
        await plug_and_tap(rig)
        assert rig.heard_all("Authorize") == []


@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §5.15")
@virtual
async def test_a_list_that_was_damaged_is_asked_for_anew() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD), entry(OTHER_CARD), number=7)
        write(rig.store, 0, Put("local_list", "ISO14443:" + OTHER_CARD, [1, 2]))
        await rig.do("power_cycle")
        await rig.do("connect")
        assert await version(rig) == 0
        assert await send(rig, 8, entry("0411"), kind="Differential") == "Failed"
        assert await send(rig, 8, entry(CARD)) == "Accepted"
        await rig.do("power_cycle")
        await rig.do("connect")
        assert await version(rig) == 8
        assert set(rig.store.load()["local_list"]) == {"ISO14443:" + CARD, "version"}


# Authorizing with it


@pytest.mark.case("TC_008_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §4.1", "OCPP 1.6 §9.1.13")
@virtual
async def test_tc_008_1_regular_start_with_a_listed_id() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD))
        mark = len(rig.csms.actions())
        await plug_and_tap(rig)
        assert "Authorize" not in since(rig, mark)
        assert rig.csms.last("StartTransaction")["idTag"] == CARD
        await tap_and_unplug(rig)
        assert rig.statuses()[-4:] == ["Preparing", "Charging", "Finishing", "Available"]
        assert "Authorize" not in since(rig, mark)
        assert stop(rig).get("reason", "Local") == "Local"


@pytest.mark.case("TC_008_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §9.1.13")
@virtual
async def test_tc_008_1_without_pre_authorize_the_csms_is_asked() -> None:
    async with Rig(variables={"LocalPreAuthorize": "false"}) as rig:
        await listed(rig, entry(CARD))
        await plug_and_tap(rig)
        assert len(rig.heard_all("Authorize")) == 1


@pytest.mark.case("TC_008_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §9.2.1")
@virtual
async def test_tc_008_1_a_list_that_is_switched_off_authorizes_nobody() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD))
        await configure(rig, LocalAuthListEnabled="false")
        await plug_and_tap(rig)
        assert len(rig.heard_all("Authorize")) == 1


@pytest.mark.case("TC_008_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §9.1.3")
@virtual
async def test_tc_008_2_remote_start_with_a_listed_id() -> None:
    async with Rig(variables={**LIST_FIRST, "AuthorizeRemoteTxRequests": "true"}) as rig:
        await listed(rig, entry(CARD))
        mark = len(rig.csms.actions())
        await rig.do("plug_in")
        answer = await rig.call("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1})
        assert answer["status"] == "Accepted"
        await charging(rig)
        assert "Authorize" not in since(rig, mark)
        answer = await rig.call("RemoteStopTransaction", {"transactionId": transaction_id(rig)})
        assert answer["status"] == "Accepted"
        await rig.quiet()
        assert stop(rig)["reason"] == "Remote"
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_008_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §4.1")
@virtual
async def test_tc_008_2_a_remote_start_with_a_listed_refusal_is_asked_for() -> None:
    async with Rig(variables={**LIST_FIRST, "AuthorizeRemoteTxRequests": "true"}) as rig:
        await listed(rig, entry(CARD, "Blocked"))
        rig.csms.answer("Authorize", {"idTagInfo": {"status": "Blocked"}})
        await rig.do("plug_in")
        assert (await rig.call("RemoteStartTransaction", {"idTag": CARD}))["status"] == "Accepted"
        await rig.wait(5)
        assert len(rig.heard_all("Authorize")) == 1
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §7.27", "OCPP 1.6 §3.5.2")
@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
@virtual
async def test_a_listed_refusal_is_asked_again_online_and_final_offline(status: str) -> None:
    async with Rig(variables={**LIST_FIRST, "AllowOfflineTxForUnknownId": "true"}) as rig:
        await listed(rig, entry(CARD, status))
        await rig.do("go_offline")
        await rig.do("plug_in")
        refused = await rig.do("tap", tagId=CARD)
        assert (refused["result"], refused["reason"]) == ("REJECTED", status)
        await online(rig)
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        assert len(rig.heard_all("Authorize")) == 1


@pytest.mark.spec("OCPP 1.6 §3.5.4", "OCPP 1.6 §9.1.1", "OCPP 1.6 §9.1.12")
@virtual
async def test_a_listed_refusal_is_no_unknown_id_even_where_the_list_starts_nothing_offline() -> None:
    async with Rig(variables={"LocalAuthorizeOffline": "false", "AllowOfflineTxForUnknownId": "true"}) as rig:
        await listed(rig, entry(CARD, "Blocked"), entry("0411"))
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert await refused_offline(rig, CARD)
        assert not await refused_offline(rig, OTHER_CARD)


@pytest.mark.spec("OCPP 1.6 §9.1.12")
@virtual
async def test_a_listed_id_starts_nothing_offline_where_that_is_off() -> None:
    async with Rig(variables={"LocalAuthorizeOffline": "false"}) as rig:
        await listed(rig, entry(CARD))
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert await refused_offline(rig, CARD)


@pytest.mark.spec("OCPP 1.6 §3.5", "OCPP 1.6 §9.1.12", "OCPP 1.6 §4.8")
@virtual
async def test_a_listed_id_starts_offline_after_a_power_cut() -> None:
    async with Rig() as rig:
        await listed(rig, entry(CARD))
        rig.refuse_with(503)
        await rig.do("power_cycle")
        await rig.wait(10)
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        rig.refuse = None
        await rig.until(lambda: rig.heard_all("StartTransaction"), 600)
        assert rig.csms.last("StartTransaction")["idTag"] == CARD


@pytest.mark.spec("OCPP 1.6 §3.5.4", "OCPP 1.6 §7.27")
@virtual
async def test_an_entry_expires() -> None:
    async with Rig(variables={**LIST_FIRST, "AllowOfflineTxForUnknownId": "true"}) as rig:
        await listed(rig, entry(CARD, expiryDate="2026-01-01T12:05:00Z"))
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        assert rig.heard_all("Authorize") == []
        await rig.wait(400)
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert await refused_offline(rig, CARD)
        await online(rig)
        await rig.do("tap", tagId=CARD)
        assert len(rig.heard_all("Authorize")) == 1


# The cache beside it


@pytest.mark.spec("OCPP 1.6 §3.5.3")
@virtual
async def test_the_list_goes_before_the_cache() -> None:
    async with Rig(variables={"LocalPreAuthorize": "true", "AllowOfflineTxForUnknownId": "true"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        assert await send(rig, 1, entry(CARD, "Invalid")) == "Accepted"
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert await refused_offline(rig, CARD)
        assert await refused_offline(rig, CARD.lower())


@pytest.mark.spec("OCPP 1.6 §3.5.3", "OCPP 1.6 §4.1", "OCPP 1.6 §4.8", "OCPP 1.6 §4.10")
@virtual
async def test_a_listed_id_is_not_added_to_the_cache() -> None:
    async with Rig() as rig:
        await listed(rig, entry(CARD))
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        assert "cache" not in rig.store.load()
        assert rig.store.load()["local_list"]["ISO14443:" + CARD] == {"status": "Accepted"}


@pytest.mark.spec("OCPP 1.6 §5.4")
@virtual
async def test_clearing_the_cache_leaves_the_list() -> None:
    async with Rig(variables={"LocalPreAuthorize": "true"}) as rig:
        await listed(rig, entry(CARD), number=3)
        assert (await rig.call("ClearCache"))["status"] == "Accepted"
        assert await version(rig) == 3
        await plug_and_tap(rig)
        assert rig.heard_all("Authorize") == []


# Parents


@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §4.10")
@pytest.mark.parametrize("offline", [False, True])
@virtual
async def test_a_listed_card_of_the_same_parent_stops(offline: bool) -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD, parentIdTag=PARENT), entry(OTHER_CARD, parentIdTag=PARENT.lower()))
        await plug_and_tap(rig)
        if offline:
            await rig.do("go_offline")
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_STOP"
        if offline:
            await online(rig)
        await rig.quiet()
        assert stop(rig)["idTag"] == OTHER_CARD
        assert rig.heard_all("Authorize") == []


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §4.10")
@virtual
async def test_a_listed_refusal_of_the_same_parent_does_not_stop() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        blocked = entry(OTHER_CARD, "Blocked", parentIdTag=PARENT)
        await listed(rig, entry(CARD, parentIdTag=PARENT), blocked)
        await plug_and_tap(rig)
        await rig.do("go_offline")
        assert await refused_offline(rig, OTHER_CARD)
        assert rig.status["contactor"] == "closed"


@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §4.10", "OCPP 1.6 §3.5.2")
@virtual
async def test_a_listed_card_of_the_same_parent_stops_what_was_started_remotely() -> None:
    async with Rig(variables={**LIST_FIRST, "AuthorizeRemoteTxRequests": "false"}) as rig:
        await listed(rig, entry(CARD, parentIdTag=PARENT), entry(OTHER_CARD, parentIdTag=PARENT))
        await rig.do("plug_in")
        assert (await rig.call("RemoteStartTransaction", {"idTag": CARD}))["status"] == "Accepted"
        await charging(rig)
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_STOP"


# Contradictions


@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §7.6")
@virtual
async def test_a_refusal_of_a_listed_id_is_told_as_a_conflict() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD))
        rig.csms.answer("StartTransaction", {"transactionId": 3, "idTagInfo": {"status": "Invalid"}})
        mark = len(rig.heard_all("StatusNotification"))
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        told = [one for one in rig.heard_all("StatusNotification")[mark:] if one["connectorId"] == 0]
        assert [(one["errorCode"], one["status"]) for one in told] == [("LocalListConflict", "Available")]
        assert CARD not in told[0]["info"] and "Invalid" in told[0]["info"]
        assert stop(rig)["reason"] == "DeAuthorized"
        assert rig.store.load()["local_list"]["ISO14443:" + CARD] == {"status": "Accepted"}
        assert rig.status["faults"] == []
        assert await send(rig, 2, entry(CARD, "Invalid")) == "Accepted"
        await rig.quiet()
        assert rig.csms.last("StatusNotification")["errorCode"] == "NoError"
        assert connector_statuses(rig, 0)[-2:] == ["Available", "Available"]


@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §7.6")
@virtual
async def test_a_conflict_ends_when_the_csms_agrees_again() -> None:
    async with Rig(variables={**LIST_FIRST, "StopTransactionOnInvalidId": "true"}) as rig:
        await listed(rig, entry(CARD, "Blocked"))
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        await rig.quiet()
        codes = [one["errorCode"] for one in rig.heard_all("StatusNotification") if one["connectorId"] == 0]
        assert codes[-1] == "LocalListConflict"
        await tap_and_unplug(rig)
        rig.csms.answer("Authorize", {"idTagInfo": {"status": "Invalid"}})
        await rig.do("tap", tagId=CARD)
        await rig.quiet()
        codes = [one["errorCode"] for one in rig.heard_all("StatusNotification") if one["connectorId"] == 0]
        assert codes[-1] == "NoError"


@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §9.2.1")
@virtual
async def test_a_list_that_is_switched_off_contradicts_nobody() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD, "Blocked"))
        await rig.do("authorize", tagId=CARD)
        await rig.quiet()
        assert rig.csms.last("StatusNotification")["errorCode"] == "LocalListConflict"
        await configure(rig, LocalAuthListEnabled="false")
        await rig.quiet()
        assert rig.csms.last("StatusNotification")["errorCode"] == "NoError"


@pytest.mark.spec("OCPP 1.6 §3.5.2", "OCPP 1.6 §7.2")
@virtual
async def test_the_same_word_is_no_conflict() -> None:
    async with Rig(variables=LIST_FIRST) as rig:
        await listed(rig, entry(CARD), entry(OTHER_CARD, "Blocked"))
        rig.csms.answer("StartTransaction", {"transactionId": 3, "idTagInfo": {"status": "ConcurrentTx"}})
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        rig.csms.answer("Authorize", {"idTagInfo": {"status": "Invalid"}})
        await rig.do("tap", tagId=OTHER_CARD)
        await rig.quiet()
        assert "LocalListConflict" not in {one["errorCode"] for one in rig.heard_all("StatusNotification")}


# The owner's hand


@pytest.mark.spec("OCPP 1.6 §3.5.2")
@virtual
async def test_the_owner_writes_an_entry() -> None:
    async with Rig(variables={**LIST_FIRST, "LocalAuthListMaxLength": 2}) as rig:
        await rig.boot()
        assert await rig.do("local_list_put", tagId=CARD, status="Accepted", group=PARENT) == {}
        assert await rig.do("local_list_put", tagId=OTHER_CARD, status="Blocked", group=PARENT) == {}
        with pytest.raises(Exception, match="full"):
            await rig.do("local_list_put", tagId="0411", status="Accepted")
        assert await version(rig) == 0
        await rig.do("power_cycle")
        await rig.do("connect")
        await plug_and_tap(rig)
        assert rig.heard_all("Authorize") == []
        assert await send(rig, 1) == "Accepted"
        assert "local_list" not in rig.store.load() or set(rig.store.load()["local_list"]) == {"version"}


@pytest.mark.spec("OCPP 1.6 §4.1")
@virtual
async def test_silence_is_no_conflict_and_authorizes_nobody() -> None:
    async with Rig() as rig:
        await listed(rig, entry(OTHER_CARD))
        rig.csms.answer("Authorize", SILENCE)
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD, timeout_s=60))["result"] == "REJECTED"
        await offline_for(rig, 5)
        assert "LocalListConflict" not in {one["errorCode"] for one in rig.heard_all("StatusNotification")}
