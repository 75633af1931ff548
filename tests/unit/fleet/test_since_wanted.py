"""From when calls count that wait for earlier calls of their station, where a CSMS stalls and where it is only slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from station.fleet.histogram import Histogram
from station.fleet.plan import Behaviour
from tests.support.fleet_rig import FleetRig
from tests.support.rig import SUBPROTOCOLS, virtual
from tests.support.scripted_csms import SILENCE, CallError, Delay

VERSIONS = ["1.6", "2.0.1"]
OF_A_SESSION = {
    "1.6": ("StatusNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction"),
    "2.0.1": ("StatusNotification", "Authorize", "TransactionEvent"),
}
PACED = Behaviour("paced", session_s=5.0, pause_s=5.0, sample_s=1.0)


def slow(fleet: FleetRig, delay_s: Callable[[], float]) -> None:
    """Every answer comes so much later."""
    for index in range(fleet.plan.count):
        csms = fleet.csms(index)
        for action in (*OF_A_SESSION[fleet.version], "Heartbeat"):
            csms.answer(action, lambda payload: Delay(delay_s()))


def times(fleet: FleetRig, name: str) -> Histogram:
    return fleet.agent.snapshot().times[name]


async def stalled(fleet: FleetRig, stall_s: float) -> None:
    """The CSMS answers nothing for a while, in the middle of the load."""
    await fleet.going()
    await fleet.wait(22.0)
    end_s = fleet.loop.time() + stall_s
    slow(fleet, lambda: max(0.0, end_s - fleet.loop.time()))
    await fleet.wait(stall_s + 10.0)


@pytest.mark.parametrize(("stall_s", "session_s"), [(5.0, 5.0), (12.0, 15.0)])
@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_stall_shows_in_p99_and_max_of_every_call_of_a_session(
    version: str, stall_s: float, session_s: float
) -> None:
    behaviour = Behaviour("paced", session_s=session_s, pause_s=5.0, sample_s=1.0)
    async with FleetRig(version, behaviour, stations=30) as fleet:
        await stalled(fleet, stall_s)
        for action in OF_A_SESSION[version]:
            assert times(fleet, f"call.{action}").percentile_s(99) > 0.8 * stall_s, action
            assert times(fleet, f"call.{action}").max_s == pytest.approx(stall_s, abs=0.6), action
        # Most drivers showed their card while the status before it was not answered: on the wire all was well.
        assert times(fleet, "wire.Authorize").percentile_s(99) < 0.1


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_in_a_closed_loop_a_stall_is_one_slow_call_of_each_evse(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back"), stations=5) as fleet:
        await stalled(fleet, 5.0)
        calls = [each for name, each in fleet.agent.snapshot().times.items() if name.startswith("call.")]
        assert sum(1 for each in calls for at_s, count in each.distribution() for _ in range(count) if at_s > 1.0) == 5


@pytest.mark.parametrize("delay_s", [0.1, 0.3])
@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_csms_that_is_always_as_slow_is_as_slow_as_it_is(version: str, delay_s: float) -> None:
    """A station's calls leave one after the other: that they wait for each other is not the CSMS's."""
    async with FleetRig(version, PACED, stations=10) as fleet:
        await fleet.going()
        slow(fleet, lambda: delay_s)
        await fleet.wait(40.0)
        for action in OF_A_SESSION[version]:
            assert times(fleet, f"call.{action}").percentile_s(50) == pytest.approx(delay_s, abs=0.003), action
        assert times(fleet, "call.Authorize").max_s == pytest.approx(delay_s, abs=0.003)


@virtual
async def test_what_was_said_again_after_a_connection_was_lost_counts_from_its_sending() -> None:
    async with FleetRig("1.6", PACED, stations=1) as fleet:
        await fleet.going()
        await fleet.until(lambda: "MeterValues" in fleet.csms().actions())
        fleet.csms().once("MeterValues", SILENCE)
        await fleet.until(lambda: fleet.csms().actions()[-1] == "MeterValues")
        await fleet.wait(3.0)
        fleet.lose_connection()
        await fleet.until(lambda: fleet.csms().actions().count("StopTransaction") >= 3, timeout_s=200.0)
        for action in ("StopTransaction", "StatusNotification"):
            assert times(fleet, f"call.{action}").max_s < 0.1, action


@virtual
async def test_a_refused_start_that_is_said_again_counts_from_when_it_was_wanted() -> None:
    profile = {"variables": {"TransactionMessageRetryInterval": 2, "TransactionMessageAttempts": 3}}
    async with FleetRig("1.6", Behaviour("paced", session_s=20.0, pause_s=5.0), profile=profile) as fleet:
        await fleet.up()
        fleet.csms().once("StartTransaction", CallError("InternalError"))
        fleet.agent.go(fleet.run_s())
        await fleet.wait(15.0)
        assert times(fleet, "call.StartTransaction").max_s == pytest.approx(2.0, abs=0.1)
        assert times(fleet, "wire.StartTransaction").max_s < 0.1


# What becomes of cards


def told(fleet: FleetRig) -> dict[str, int]:
    counts = fleet.agent.snapshot().counts
    return {name.removeprefix("sessions."): count for name, count in counts.items() if name.startswith("sessions.")}


INVALID: dict[str, dict[str, Any]] = {
    "1.6": {"idTagInfo": {"status": "Invalid"}},
    "2.0.1": {"idTokenInfo": {"status": "Invalid"}},
}
BY_CABLE = {"variables": {"TxCtrlr.TxStartPoint": "EVConnected,Authorized"}}


def by_cable(version: str) -> dict[str, Any] | None:
    return BY_CABLE if version == "2.0.1" else None


@pytest.mark.parametrize("pattern", [PACED, Behaviour("back-to-back")])
@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_card_that_is_refused_is_no_session(version: str, pattern: Behaviour) -> None:
    async with FleetRig(version, pattern, profile=by_cable(version)) as fleet:
        await fleet.up()
        fleet.csms().answer("Authorize", INVALID[version])
        if version == "2.0.1":
            fleet.csms().answer("TransactionEvent", lambda event: INVALID[version] if "idToken" in event else {})
        fleet.agent.go(fleet.run_s())
        await fleet.wait(35.0)
        assert told(fleet) == {"refused": len(fleet.csms().all("Authorize"))}
        assert fleet.count("sessions.refused") >= 3


@pytest.mark.parametrize("pattern", [PACED, Behaviour("back-to-back", samples=3)])
@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_session_is_one_however_its_transaction_begins(version: str, pattern: Behaviour) -> None:
    async with FleetRig(version, pattern, profile=by_cable(version)) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 3)
        await fleet.agent.stop(20.0)
        begun = [event for event in fleet.csms().entries() if event.payload.get("eventType") == "Started"]
        begun += fleet.csms().entries("StartTransaction")
        assert told(fleet) == {"started": len(begun), "finished": len(begun)}


@pytest.mark.parametrize("answer", [SILENCE, CallError("InternalError"), {"nonsense": 1}])
@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_card_of_which_the_csms_says_nothing_was_not_refused(version: str, answer: Any) -> None:
    csms = {"url": "ws://csms.test/ocpp", "versions": [SUBPROTOCOLS[version]], "call_timeout": "5s", "ping": "0s"}
    behaviour = Behaviour("paced", session_s=30.0, pause_s=5.0)
    async with FleetRig(version, behaviour, profile={"csms": csms} | (by_cable(version) or {})) as fleet:
        await fleet.up()
        fleet.csms().once("Authorize", answer)
        fleet.agent.go(fleet.run_s())
        await fleet.wait(20.0)
        assert told(fleet) == {"unanswered": 1}


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_an_unknown_card_while_the_station_is_offline_was_not_refused(version: str) -> None:
    async with FleetRig(version, Behaviour("paced", session_s=30.0, pause_s=5.0)) as fleet:
        await fleet.going()
        await fleet.unit().command("go_offline", {})
        await fleet.wait(20.0)
        assert told(fleet) == {"unanswered": 1}
