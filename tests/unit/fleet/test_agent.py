"""The stations of a process: they dial in time, are measured, leave in order or at once, and never exist twice."""

from __future__ import annotations

import asyncio

import pytest

from station.config import Secret
from station.fleet.plan import Behaviour, Station, Storm
from station.host.execution import CommandRefused
from station.net import DialFailed
from station.net.errors import FailureKind
from tests.support.fleet_rig import FleetRig
from tests.support.rig import virtual
from tests.support.scripted_csms import SILENCE, Delay
from tests.support.virtual_loop import run_virtual

VERSIONS = ["1.6", "2.0.1"]


# Dialling


@virtual
async def test_stations_dial_when_it_is_their_turn() -> None:
    async with FleetRig(stations=20) as fleet:
        fleet.assign(ramp_s=10.0)
        await fleet.wait(11.0)
        assert [identity for identity, _ in fleet.dials] == [f"LT-{number:05d}" for number in range(1, 21)]
        assert all(index * 0.5 <= at_s <= (index + 1) * 0.5 + 0.01 for index, (_, at_s) in enumerate(fleet.dials))
        assert fleet.gauges()["up"] == 20


@virtual
async def test_without_a_ramp_all_dial_at_once() -> None:
    async with FleetRig(stations=100) as fleet:
        fleet.assign()
        await fleet.wait(1.0)
        assert len(fleet.dials) == 100
        assert fleet.dials[-1][1] - fleet.dials[0][1] < 0.01


@virtual
async def test_a_station_that_is_here_already_stays_as_it_is() -> None:
    async with FleetRig(stations=2) as fleet:
        await fleet.up()
        units = dict(fleet.agent.units)
        fleet.assign(attempt=1)
        await fleet.wait(1.0)
        assert fleet.agent.units == units
        assert len(fleet.dials) == 2


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_an_idle_station_boots_tells_its_statuses_and_nothing_more(version: str) -> None:
    async with FleetRig(version) as fleet:
        await fleet.up()
        told = fleet.csms().actions()
        assert told[0] == "BootNotification"
        assert set(told) <= {"BootNotification", "StatusNotification", "SecurityEventNotification"}
        fleet.agent.go(fleet.run_s())
        await fleet.wait(60.0)
        assert fleet.csms().actions() == told


@virtual
async def test_from_the_first_dial_to_the_accepted_boot_is_measured() -> None:
    async with FleetRig(stations=3) as fleet:
        fleet.refuse = DialFailed(FailureKind.HTTP, "HTTP 503", http_status=503)
        fleet.assign()
        await fleet.wait(30.0)
        refused = fleet.count("dial.failed.http.503")
        assert refused >= 6  # they keep trying, as their back-off says
        assert fleet.gauges()["up"] == 0
        fleet.refuse = None
        await fleet.until(lambda: fleet.gauges()["up"] == 3, timeout_s=300.0)
        accepted = fleet.agent.snapshot().times["accepted"]
        assert accepted.count == 3
        assert accepted.max_s > 30.0
        assert fleet.count("booted") == 3


@virtual
async def test_a_station_that_nobody_can_reach_is_counted_by_the_kind_of_failure() -> None:
    async with FleetRig() as fleet:
        fleet.refuse = DialFailed(FailureKind.REFUSED, "connection refused")
        fleet.assign()
        await fleet.wait(1.0)
        assert fleet.count("dial.failed.refused") >= 1


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_each_station_dials_with_its_own_password_address_and_evses(version: str) -> None:
    rows = (
        Station("ONE", password=Secret("first-password-0001")),
        Station("TWO", password=Secret("second-password-002")),
        Station("THREE"),
        Station("FOUR", connectors=2),
        Station("FIVE", url="ws://other.test/cs"),
    )
    async with FleetRig(version, stations=5, rows=rows) as fleet:
        await fleet.up()
        passwords = [target.basic_auth and target.basic_auth.password for target in fleet.targets.values()]
        assert passwords == ["first-password-0001", "second-password-002", None, None, None]
        assert fleet.targets["FIVE"].url == "ws://other.test/cs/FIVE"
        assert [len(fleet.unit(index).drivers) for index in range(5)] == [1, 1, 1, 2, 1]


# Losses


@virtual
async def test_recovery_and_the_draining_of_the_queue_are_measured() -> None:
    behaviour = Behaviour("paced", session_s=60.0, pause_s=1.0, sample_s=1.0)
    async with FleetRig("1.6", behaviour) as fleet:
        await fleet.going()
        await fleet.wait(10.0)
        fleet.refuse = DialFailed(FailureKind.REFUSED, "connection refused")
        fleet.lose_connection()
        await fleet.wait(20.0)
        snapshot = fleet.agent.snapshot()
        assert snapshot.gauges["up"] == 0
        assert snapshot.gauges["queued"] >= 18
        assert snapshot.counts["lost_connections"] == 1
        assert "recovery" not in snapshot.times
        fleet.refuse = None
        await fleet.until(lambda: fleet.gauges()["up"] == 1, timeout_s=200.0)
        await fleet.until(lambda: fleet.gauges()["queued"] == 0)
        snapshot = fleet.agent.snapshot()
        assert snapshot.times["recovery"].max_s > 20.0
        assert snapshot.times["drain"].count == 1
        assert 0.03 < snapshot.times["drain"].max_s < 1.0
        assert snapshot.counts["booted"] == 1


@virtual
async def test_a_power_cut_takes_a_station_down_and_it_boots_again() -> None:
    async with FleetRig() as fleet:
        await fleet.up()
        await fleet.agent.command(0, "power_cycle", {})
        assert fleet.gauges()["up"] == 0
        assert fleet.gauges()["state.down"] == 1
        await fleet.until(lambda: fleet.gauges()["up"] == 1)
        assert fleet.count("booted") == 2
        assert fleet.agent.snapshot().times["accepted"].count == 1


@virtual
async def test_who_is_offline_when_all_begin_takes_part_when_it_is_back() -> None:
    async with FleetRig("1.6", Behaviour("back-to-back"), stations=2) as fleet:
        await fleet.up()
        fleet.lose_connection(1)
        await fleet.wait(0.01)
        fleet.agent.go(fleet.run_s())
        await fleet.until(lambda: len(fleet.csms(1).all("StopTransaction")) >= 2)


# Storms and commands


@virtual
async def test_a_storm_of_the_plan_is_counted_from_when_all_were_up() -> None:
    storm = Storm(at_s=5.0, do="drop_connection")
    async with FleetRig(stations=4, storms=(storm,)) as fleet:
        await fleet.up()
        await fleet.wait(10.0)
        fleet.agent.go(fleet.run_s())
        await fleet.wait(4.9)
        assert fleet.count("lost_connections") == 0
        await fleet.wait(0.2)
        assert fleet.count("lost_connections") == 4


@virtual
async def test_something_is_let_happen_now() -> None:
    async with FleetRig(stations=4) as fleet:
        await fleet.up()
        fleet.agent.inject(Storm(at_s=0.0, do="go_offline", for_s=10.0))
        await fleet.wait(1.0)
        assert fleet.gauges()["up"] == 0
        await fleet.wait(10.0)
        assert fleet.gauges()["up"] == 4


@virtual
async def test_a_command_goes_to_one_station() -> None:
    async with FleetRig(stations=2) as fleet:
        await fleet.up()
        await fleet.agent.command(1, "plug_in", {"connector": 1})
        await fleet.wait(0.1)
        assert fleet.csms(1).last("StatusNotification")["status"] == "Preparing"
        assert fleet.csms(0).last("StatusNotification")["status"] == "Available"
        with pytest.raises(CommandRefused):
            await fleet.agent.command(7, "plug_in", {})
        with pytest.raises(CommandRefused):
            await fleet.agent.command(0, "plug_in", {"connector": 9})


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_calls_of_the_csms_that_reach_no_handler_are_counted_with_their_code(version: str) -> None:
    async with FleetRig(version) as fleet:
        await fleet.up()
        refused = [fleet.call(0, "Reset", {"type": "Perhaps"}), fleet.call(0, "Explode", {})]
        fleet.call(0, "ClearCache", {})
        await fleet.wait(0.1)
        counts = fleet.agent.snapshot().counts
        codes = [fleet.csms().answers[message_id][2] for message_id in refused]
        assert counts[f"asked.Reset.error.{codes[0]}"] == counts["asked.Reset"] == 1
        assert counts[f"asked.unknown.error.{codes[1]}"] == counts["asked.unknown"] == 1
        assert codes[1] == "NotImplemented"
        assert {name: count for name, count in counts.items() if name.startswith("asked.ClearCache")} == {
            "asked.ClearCache": 1
        }


@virtual
async def test_a_command_that_does_not_come_about_in_time_is_refused() -> None:
    async with FleetRig() as fleet:
        await fleet.up()
        fleet.csms().answer("Heartbeat", SILENCE)
        with pytest.raises(CommandRefused, match="2 s"):
            await fleet.agent.command(0, "heartbeat", {"timeout": 2.0})


# Going


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_withdrawn_stations_end_their_sessions_and_close(version: str) -> None:
    async with FleetRig(version, Behaviour("paced", session_s=60.0, pause_s=1.0), stations=3) as fleet:
        await fleet.going()
        await fleet.wait(90.0)
        assert fleet.gauges()["state.charging"] == 3
        fleet.agent.withdraw([1, 2])
        await fleet.wait(1.0)
        assert fleet.gauges()["stations"] == fleet.gauges()["up"] == 1
        assert fleet.connected(0)
        assert not fleet.connected(1)
        assert not fleet.connected(2)
        ended = fleet.csms(1).actions()[-4:]
        assert "StopTransaction" in ended or ended.count("TransactionEvent") >= 1
        assert fleet.count("undelivered") == 0


@virtual
async def test_a_station_that_comes_back_while_it_leaves_exists_once() -> None:
    async with FleetRig(stations=2) as fleet:
        await fleet.up()
        fleet.agent.withdraw([1])
        fleet.assign(first=1, count=1, attempt=1)
        await fleet.wait(2.0)
        assert fleet.unit(1).attempt == 1
        assert fleet.gauges()["up"] == 2
        assert fleet.count("booted") == 3


@virtual
async def test_one_that_was_only_planned_never_comes() -> None:
    async with FleetRig(stations=3) as fleet:
        fleet.assign(ramp_s=30.0)
        await fleet.wait(11.0)
        fleet.agent.withdraw([2])
        await fleet.wait(30.0)
        assert len(fleet.dials) == 2
        assert fleet.gauges()["stations"] == 2


@virtual
async def test_dropped_stations_vanish_without_a_word() -> None:
    behaviour = Behaviour("paced", session_s=60.0, pause_s=1.0, sample_s=1.0)
    async with FleetRig("1.6", behaviour, stations=3) as fleet:
        await fleet.going()
        await fleet.wait(90.0)
        for index in range(3):
            fleet.csms(index).answer("MeterValues", SILENCE)
        await fleet.wait(5.0)
        heard = fleet.csms(1).actions()
        left = fleet.agent.drop([1, 2])
        assert 6 <= left <= 12
        await fleet.wait(10.0)
        assert fleet.csms(1).actions() == heard
        assert not fleet.connected(1)
        assert fleet.gauges()["stations"] == 1
        fleet.csms(1).answer("MeterValues")
        fleet.assign(first=1, count=1, attempt=1)
        await fleet.until(lambda: fleet.gauges()["up"] == 2)


@virtual
async def test_a_moved_station_has_other_message_ids() -> None:
    async with FleetRig(stations=1) as fleet:
        await fleet.up()
        first = {entry.id for entry in fleet.csms().entries()}
        fleet.agent.drop([0])
        await fleet.wait(1.0)
        fleet.csms().clear()
        fleet.assign(attempt=1)
        await fleet.wait(1.0)
        second = {entry.id for entry in fleet.csms().entries()}
        assert first and second
        assert not first & second


# The end


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_the_end_lets_sessions_end_and_tells_everything(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back"), stations=5) as fleet:
        await fleet.going()
        await fleet.wait(1.0)
        began_s = fleet.run_s()
        await fleet.agent.stop(10.0)
        assert fleet.run_s() - began_s < 1.0
        counts = fleet.agent.snapshot().counts
        assert counts["sessions.started"] == counts["sessions.finished"]
        assert "undelivered" not in counts
        assert fleet.agent.snapshot().gauges["stations"] == 0
        await fleet.wait(0.1)
        assert not any(fleet.connected(index) for index in range(5))


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_who_was_never_accepted_is_not_waited_for_at_the_end(version: str) -> None:
    async with FleetRig(version, stations=40) as fleet:
        await fleet.up()
        fleet.agent.withdraw(range(1, 40))
        await fleet.wait(1.0)
        for index in range(1, 20):
            fleet.csms(index).answer("BootNotification", SILENCE)
        fleet.assign(first=1, count=19, attempt=1)
        await fleet.wait(1.0)
        fleet.refuse = DialFailed(FailureKind.REFUSED, "connection refused")
        fleet.assign(first=20, count=20, attempt=1)
        await fleet.wait(1.0)
        assert fleet.gauges()["up"] == 1
        began_s = fleet.run_s()
        await fleet.agent.stop(10.0)
        assert fleet.run_s() - began_s < 0.5
        assert "undelivered" not in fleet.agent.snapshot().counts


@virtual
async def test_who_is_accepted_while_others_are_stopped_tells_what_it_has() -> None:
    async with FleetRig("1.6", stations=200) as fleet:
        fleet.assign()
        await fleet.until(lambda: fleet.count("booted") > 0)
        await fleet.agent.stop(10.0)
        snapshot = fleet.agent.snapshot()
        assert snapshot.gauges["stations"] == 0
        assert "undelivered" not in snapshot.counts
        assert fleet.run_s() < 3.0


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_who_has_lost_the_connection_with_something_to_tell_has_the_patience(version: str) -> None:
    async with FleetRig(version, Behaviour("paced", session_s=60.0, pause_s=1.0, sample_s=1.0)) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.started") == 1)
        await fleet.wait(2.0)
        fleet.refuse = DialFailed(FailureKind.REFUSED, "connection refused")
        fleet.lose_connection()
        await fleet.wait(5.0)
        began_s = fleet.run_s()
        await fleet.agent.stop(10.0)
        assert fleet.run_s() - began_s == pytest.approx(10.0, abs=0.5)
        assert fleet.count("undelivered") > 1


@virtual
async def test_who_has_just_shown_a_card_at_the_end_is_waited_for() -> None:
    profile = {"variables": {"TxCtrlr.TxStartPoint": "Authorized"}}
    async with FleetRig("2.0.1", Behaviour("back-to-back"), profile=profile) as fleet:
        csms = fleet.csms()
        csms.answer("Authorize", Delay(0.5, {"idTokenInfo": {"status": "Accepted"}}))
        await fleet.going()
        await fleet.until(lambda: "Authorize" in csms.actions())
        await fleet.agent.stop(10.0)
        ended = [event for event in csms.all("TransactionEvent") if event["eventType"] == "Ended"]
        assert [event["transactionInfo"]["stoppedReason"] for event in ended] == ["Local"]
        snapshot = fleet.agent.snapshot()
        assert snapshot.counts["sessions.started"] == snapshot.counts["sessions.finished"] == 1
        assert "undelivered" not in snapshot.counts
        assert snapshot.times["call.TransactionEvent"].count == len(csms.all("TransactionEvent"))


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_a_call_that_waits_for_its_answer_at_the_end_is_an_error(version: str) -> None:
    async with FleetRig(version, Behaviour("back-to-back")) as fleet:
        fleet.csms().answer("Authorize", SILENCE)
        await fleet.going()
        await fleet.wait(5.0)
        await fleet.agent.stop(3.0)
        counts = fleet.agent.snapshot().counts
        assert counts["call.Authorize"] == counts["call.Authorize.error.Unanswered"] == 1
        assert "sessions.refused" not in counts
        assert "lost_connections" not in counts


@virtual
async def test_a_session_that_no_driver_began_is_ended_and_told_too() -> None:
    async with FleetRig("1.6", Behaviour("idle")) as fleet:
        await fleet.up()
        csms = fleet.csms()
        csms.answer("StopTransaction", Delay(0.5, {}))
        await fleet.agent.command(0, "start_transaction", {"tagId": "04A1B2C3", "timeout": 5})
        await fleet.until(lambda: fleet.count("sessions.started"))
        await fleet.agent.stop(10.0)
        snapshot = fleet.agent.snapshot()
        assert snapshot.times["call.StopTransaction"].count == len(csms.all("StopTransaction")) == 1
        assert "undelivered" not in snapshot.counts


@virtual
async def test_the_end_does_not_wait_for_a_remote_stop() -> None:
    behaviour = Behaviour("paced", session_s=10.0, pause_s=1.0, stop="remote")
    async with FleetRig("1.6", behaviour) as fleet:
        await fleet.going()
        await fleet.wait(25.0)
        began_s = fleet.run_s()
        await fleet.agent.stop(10.0)
        assert fleet.run_s() - began_s < 1.0
        assert [stop["reason"] for stop in fleet.csms().all("StopTransaction")] == ["Local"]


@virtual
async def test_a_csms_that_does_not_answer_does_not_hold_the_end_up() -> None:
    behaviour = Behaviour("paced", session_s=60.0, pause_s=1.0)
    async with FleetRig("1.6", behaviour, stations=50) as fleet:
        await fleet.going()
        await fleet.wait(90.0)
        for index in range(50):
            fleet.csms(index).answer("StopTransaction", SILENCE)
        charging = fleet.gauges()["state.charging"]
        began_s = fleet.run_s()
        await fleet.agent.stop(3.0)
        assert 3.0 <= fleet.run_s() - began_s < 4.0
        assert fleet.agent.snapshot().counts["undelivered"] >= charging >= 40


@virtual
async def test_the_end_before_anybody_dialled() -> None:
    async with FleetRig(stations=10) as fleet:
        fleet.assign(ramp_s=60.0)
        await fleet.wait(12.5)
        began_s = fleet.run_s()
        await fleet.agent.stop(5.0)
        assert fleet.run_s() - began_s < 1.0
        dialled = len(fleet.dials)
        await fleet.wait(60.0)
        assert len(fleet.dials) == dialled


@virtual
async def test_an_end_that_is_cut_short_leaves_nobody() -> None:
    async with FleetRig("1.6", Behaviour("paced", session_s=60.0, pause_s=1.0), stations=3) as fleet:
        await fleet.going()
        await fleet.wait(90.0)
        for index in range(3):
            fleet.csms(index).answer("StopTransaction", SILENCE)
        charging = fleet.gauges()["state.charging"]
        stopping = asyncio.ensure_future(fleet.agent.stop(60.0))
        await fleet.wait(1.0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        await fleet.wait(0.1)
        assert not any(fleet.connected(index) for index in range(3))
        assert fleet.count("undelivered") >= charging >= 1
        assert fleet.count("call.StopTransaction.error.Unanswered") == charging
        assert fleet.count("call.StopTransaction.error.Disconnected") == 0


@virtual
async def test_a_csms_that_refuses_everyone_does_not_hold_the_end_up() -> None:
    async with FleetRig(stations=5) as fleet:
        fleet.refuse = DialFailed(FailureKind.HTTP, "HTTP 401", http_status=401)
        fleet.assign()
        await fleet.wait(5.0)
        began_s = fleet.run_s()
        await fleet.agent.stop(10.0)
        assert fleet.run_s() - began_s < 11.0
        dialled = len(fleet.dials)
        await fleet.wait(60.0)
        assert len(fleet.dials) == dialled


# Figures


@virtual
async def test_energy_and_states_are_told() -> None:
    async with FleetRig("1.6", Behaviour("paced", session_s=30.0, pause_s=30.0), stations=2) as fleet:
        await fleet.going()
        await fleet.wait(120.0)
        snapshot = fleet.agent.snapshot()
        finished = snapshot.counts["sessions.finished"]
        assert finished >= 2
        assert snapshot.energy_wh == pytest.approx(finished * 11_000 * 30 / 3600, rel=0.01)
        states = {name: count for name, count in snapshot.gauges.items() if name.startswith("state.")}
        assert sum(states.values()) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_seed_gives_the_same_load(version: str) -> None:
    async def told() -> list[tuple[str, str, str]]:
        async with FleetRig(version, Behaviour("highway", session_s=20.0, day_s=600.0), stations=3) as fleet:
            await fleet.going()
            await fleet.wait(300.0)
            return [
                (entry.action, entry.id, str(entry.payload))
                for index in range(3)
                for entry in fleet.csms(index).entries()
            ]

    first = run_virtual(told())
    assert len(first) > 30
    assert run_virtual(told()) == first
