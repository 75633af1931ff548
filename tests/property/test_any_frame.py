"""Any text as a frame to the whole station: it lives, answers what has to be answered, and charges afterwards."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station.ocpp.schema import known_actions
from tests.support.rig import CARD, Rig, virtual

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VERSIONS = ["1.6", "2.0.1"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    ["connectorId", "idTag", "idToken", "type", "evseId", "evse", "id", "transactionId", "key", "value", "keys",
     "requestedMessage", "setVariableData", "getVariableData", "component", "variable", "name", "reportBase",
     "requestId", "operationalStatus", "remoteStartId", "vendorId", "status", "idTokenInfo", "idTagInfo"]
)  # fmt: skip
PAYLOADS = st.dictionaries(MEMBERS, JSON | st.dictionaries(MEMBERS, JSON, max_size=3), max_size=5)
IDS = st.text(string.ascii_letters, min_size=1, max_size=40) | JSON


def frames(version: str) -> st.SearchStrategy[str]:
    """Texts from no JSON at all to calls that are nearly right."""
    actions = st.sampled_from(sorted(known_actions(version))) | st.text(max_size=12)  # type: ignore[arg-type]
    calls = st.tuples(st.just(2), IDS, actions, PAYLOADS | JSON)
    answers = st.tuples(st.sampled_from([3, 4]), IDS, PAYLOADS | JSON)
    errors = st.tuples(st.just(4), IDS, JSON, JSON, JSON)
    return st.one_of(
        st.text(max_size=60),
        JSON.map(json.dumps),
        st.lists(JSON, max_size=6).map(json.dumps),
        st.one_of(calls, answers, errors).map(json.dumps),
        st.builds(lambda text, cut: text[:cut], calls.map(json.dumps), st.integers(0, 60)),
    )


async def _session(rig: Rig) -> None:
    """A charge from plug to unplug, wherever the frames have led."""
    await rig.do("connect")
    await rig.do("clear_fault")
    await rig.do("unplug")
    await rig.until(lambda: rig.status["transaction"] is None)
    started = len(rig.told("transaction_stopped"))
    await rig.do("start_transaction", tagId=CARD)
    assert rig.status["contactor"] == "closed"
    await rig.do("stop_transaction")
    await rig.until(lambda: rig.host.status()["queue"] == 0)
    assert len(rig.told("transaction_stopped")) == started + 1


@virtual
async def _bombarded(version: str, texts: list[str], charging: bool) -> None:
    async with Rig(version) as rig:
        await rig.boot()
        if charging:
            await rig.do("start_transaction", tagId=CARD)
        for text in texts:
            rig.send(text)
            await rig.wait(0.02)
        await rig.wait(5.0)
        assert not rig.csms.unparsed, "the station sent what is no OCPP"
        # A call may have made it inoperative or rebooted it: that is its right.
        await rig.do("connect")
        for change in _OPERATIVE[version]:
            await rig.call(*change)
        await rig.wait(5.0)
        await _session(rig)


_OPERATIVE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "1.6": [("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
            ("ChangeAvailability", {"connectorId": 1, "type": "Operative"})],
    "2.0.1": [("ChangeAvailability", {"operationalStatus": "Operative"}),
              ("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 1}})],
}  # fmt: skip


@SETTINGS
@given(st.data(), st.sampled_from(VERSIONS), st.booleans())
def test_any_text_leaves_a_station_that_charges(data: st.DataObject, version: str, charging: bool) -> None:
    _bombarded(version, data.draw(st.lists(frames(version), min_size=1, max_size=8)), charging)


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_while_something_is_asked(version: str) -> None:
    """Wrong answers to the boot, to a card and to a transaction, each under the right id."""

    @virtual
    async def scenario() -> None:
        async with Rig(version) as rig:
            await rig.boot()
            rig.csms.once("Authorize", *(_raw(text) for text in _WRONG))
            for _ in _WRONG:
                try:
                    data = await rig.do("tap", tagId=CARD, timeout_s=60.0)
                except Exception as refused:
                    raise AssertionError("a wrong answer is no answer") from refused
                assert data["result"] == "REJECTED"
            await _session(rig)

    scenario()


_WRONG = ['[3,"{id}"]', '[3,"{id}",null]', '[3,"{id}",[]]', '[4,"{id}"]', '[4,"{id}",null,null,null]', '[5,"{id}",{}]']


def _raw(text: str) -> Any:
    from tests.support.scripted_csms import Raw

    return Raw(text)
