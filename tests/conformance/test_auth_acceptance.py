"""Authorization as an operator's acceptance test sees it: what a token may not do, over both wires.

Beside `test_auth_everest`: master passes, remote starts that come twice, card numbers that no message can carry.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from station.host.execution import CommandRefused
from tests.support.rig import Rig
from tests.support.virtual_loop import run_virtual

CARD, OTHER, SERVICE = "04A1B2C3", "04FFEE11", "0455AA55"
VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


def _info(version: str, **about: Any) -> dict[str, Any]:
    return {"idTagInfo" if version == "1.6" else "idTokenInfo": {"status": "Accepted", **about}}


def _group(version: str, group: str) -> dict[str, Any]:
    return {"parentIdTag": group} if version == "1.6" else {"groupIdToken": {"idToken": group, "type": "Central"}}


def _in_groups(rig: Rig, groups: dict[str, str]) -> None:
    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        card = payload["idTag"] if rig.version == "1.6" else payload["idToken"]["idToken"]
        return _info(rig.version, **(_group(rig.version, groups[card]) if card in groups else {}))

    rig.csms.answer("Authorize", answer)


async def _remote(rig: Rig, card: str, evse: int | None = None, **more: Any) -> str:
    if rig.version == "1.6":
        where = {} if evse is None else {"connectorId": evse}
        return str((await rig.call("RemoteStartTransaction", {"idTag": card, **where}))["status"])
    where = {} if evse is None else {"evseId": evse}
    token = {"idToken": card, "type": "ISO14443"}
    payload = {"idToken": token, "remoteStartId": 7, **where, **more}
    return str((await rig.call("RequestStartTransaction", payload))["status"])


def _profile(**auth: Any) -> dict[str, Any]:
    return {"evses": [{"id": 1}, {"id": 2}], "auth": auth}


def _charging(rig: Rig) -> list[int]:
    return [evse["evse"] for evse in rig.host.status()["evses"] if evse["contactor"] == "closed"]


@VERSIONS
@pytest.mark.spec("C16.FR.03")
def test_a_master_pass_that_is_known_is_not_started_remotely(version: str) -> None:
    async def main() -> None:
        async with Rig(version, profile=_profile(master_group="SERVICE")) as rig:
            _in_groups(rig, {SERVICE: "SERVICE"})
            await rig.boot()
            assert (await rig.do("tap", tagId=SERVICE))["reason"] == "MasterPass"
            await rig.do("plug_in", connector=1)
            assert await _remote(rig, SERVICE, 1) == "Rejected"
            await rig.quiet()
            assert _charging(rig) == []

    run_virtual(main())


@VERSIONS
@pytest.mark.spec("C16.FR.03")
def test_a_master_pass_that_the_csms_names_as_such_is_not_started_remotely_and_stops_nothing(version: str) -> None:
    async def main() -> None:
        key = {"AuthorizeRemoteTxRequests" if version == "1.6" else "AuthCtrlr.AuthorizeRemoteStart": "true"}
        async with Rig(version, profile=_profile(master_group="SERVICE"), variables=key) as rig:
            _in_groups(rig, {SERVICE: "SERVICE"})
            await rig.boot()
            await rig.do("plug_in", connector=1)
            await rig.do("tap", tagId=CARD)
            await rig.do("plug_in", connector=2)
            assert await _remote(rig, SERVICE, 2) == "Accepted"
            await rig.quiet()
            assert _charging(rig) == [1]
            told = [one for one in rig.told("token") if one["tagId"] == SERVICE]
            assert [(one["result"], one["reason"]) for one in told] == [("REJECTED", "MasterPass")]

    run_virtual(main())


@pytest.mark.spec("C16.FR.03")
def test_a_remote_start_that_names_the_master_group_is_refused() -> None:
    async def main() -> None:
        async with Rig("2.0.1", profile=_profile(master_group="SERVICE")) as rig:
            await rig.boot()
            group = {"idToken": "service", "type": "Central"}
            assert await _remote(rig, SERVICE, 1, groupIdToken=group) == "Rejected"

    run_virtual(main())


@VERSIONS
def test_a_remote_start_without_a_token_is_refused(version: str) -> None:
    async def main() -> None:
        async with Rig(version, profile=_profile()) as rig:
            await rig.boot()
            assert await _remote(rig, "", 1) == "Rejected"
            if version == "2.0.1":
                nobody = {"idToken": {"idToken": "", "type": "NoAuthorization"}, "remoteStartId": 8, "evseId": 1}
                assert (await rig.call("RequestStartTransaction", nobody))["status"] == "Accepted"

    run_virtual(main())


@VERSIONS
def test_an_allowed_card_is_a_master_pass_where_the_list_says_so(version: str) -> None:
    async def main() -> None:
        async with Rig(version, profile=_profile(master_group="SERVICE", local={"allow": [SERVICE]})) as rig:
            await rig.boot()
            await rig.do("local_list_put", tagId=SERVICE, status="Accepted", group="SERVICE")
            await rig.do("plug_in", connector=1)
            await rig.do("tap", tagId=CARD)
            await rig.do("plug_in", connector=2)
            assert (await rig.do("tap", tagId=SERVICE))["result"] == "USED_TO_STOP"
            await rig.quiet()
            assert _charging(rig) == []

    run_virtual(main())


@VERSIONS
def test_a_token_that_waits_for_its_plug_is_not_started_once_more_anywhere(version: str) -> None:
    async def main() -> None:
        async with Rig(version, profile=_profile()) as rig:
            await rig.boot()
            assert await _remote(rig, CARD, 2) == "Accepted"
            assert await _remote(rig, CARD) == "Rejected"
            assert [evse["state"] for evse in rig.host.status()["evses"]] == ["idle", "awaiting"]
            # Another EVSE by its number is another start.
            assert await _remote(rig, CARD, 1) == "Accepted"

    run_virtual(main())


@VERSIONS
@pytest.mark.parametrize("card", ["A\x00B", "04\n05", "\x1b[2J", "é€", "\u202e04", "A\x7f"])
def test_what_is_no_printable_ascii_is_no_card(version: str, card: str) -> None:
    async def main() -> None:
        async with Rig(version) as rig:
            await rig.boot()
            answer = await rig.do("tap", tagId=card)
            assert (answer["result"], answer["reason"]) == ("REJECTED", "TokenNotPrintable")
            assert rig.heard_all("Authorize") == []

    run_virtual(main())


@VERSIONS
def test_a_card_whose_time_is_over_is_told_as_expired(version: str) -> None:
    async def main() -> None:
        async with Rig(version) as rig:
            over = {"expiryDate" if version == "1.6" else "cacheExpiryDateTime": "2001-01-01T00:00:00Z"}
            rig.csms.answer("Authorize", _info(version, **over))
            await rig.boot()
            await rig.do("plug_in")
            answer = await rig.do("tap", tagId=OTHER)
            assert (answer["result"], answer["reason"]) == ("REJECTED", "Expired")

    run_virtual(main())


@VERSIONS
def test_a_choice_that_is_kept_from_the_card_that_waits_is_refused(version: str) -> None:
    async def main() -> None:
        async with Rig(version, profile=_profile(selection="UserInput")) as rig:
            await rig.boot()
            await rig.do("tap", tagId=OTHER)
            await _reserve(rig, CARD, 1)
            with pytest.raises(CommandRefused, match="cannot be chosen"):
                await rig.do("select_evse", connector=1)
            await rig.do("select_evse", connector=2)
            await rig.do("plug_in", connector=2)
            await rig.quiet()
            assert _charging(rig) == [2]
            # With nobody waiting it is the choice of whoever comes next, the owner of the reservation too.
            await rig.do("select_evse", connector=1)

    run_virtual(main())


async def _reserve(rig: Rig, card: str, evse: int) -> None:
    until = (rig.utc() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    if rig.version == "1.6":
        payload = {"connectorId": evse, "expiryDate": until, "idTag": card, "reservationId": 1}
    else:
        token = {"idToken": card, "type": "ISO14443"}
        payload = {"id": 1, "expiryDateTime": until, "idToken": token, "evseId": evse}
    assert (await rig.call("ReserveNow", payload))["status"] == "Accepted"


@VERSIONS
def test_a_card_is_told_of_a_car_that_has_to_be_plugged_in_anew_when_the_other_evse_is_taken(version: str) -> None:
    async def main() -> None:
        async with Rig(version, profile=_profile(after_plug_timeout="replug")) as rig:
            await rig.boot()
            await rig.do("plug_in", connector=1)
            await rig.wait(61)
            await rig.do("plug_in", connector=2)
            await rig.do("tap", tagId=CARD)
            await rig.quiet()
            assert _charging(rig) == [2]
            answer = await rig.do("tap", tagId=OTHER)
            assert (answer["result"], answer["reason"]) == ("NO_CONNECTOR_AVAILABLE", "Replug")

    run_virtual(main())
