"""station.core.security_events and station.core.security_trial: the log, and what outlives a power cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.facts import SecurityFact
from station.core.security_events import ENTRIES, ONLY_LOGGED, TABLE, SecurityEventType
from station.core.security_trial import TABLE as TRIAL
from tests.support.core_world import World, of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CRITICAL = {
    "FirmwareUpdated",
    "InvalidChargingStationCertificate",
    "InvalidCsmsCertificate",
    "InvalidFirmwareSignature",
    "InvalidFirmwareSigningCertificate",
    "InvalidTLSCipherSuite",
    "InvalidTLSVersion",
    "MaintenanceLoginAccepted",
    "MaintenanceLoginFailed",
    "MemoryExhaustion",
    "ResetOrReboot",
    "SecurityLogWasCleared",
    "SettingSystemTime",
    "StartupOfTheDevice",
    "TamperDetectionActivated",
}
NOT_CRITICAL = {
    "AttemptedReplayAttacks",
    "CsmsFailedToAuthenticate",
    "FailedToAuthenticateAtCsms",
    "InvalidMessages",
    "ReconfigurationOfSecurityParameters",
}
"""The list of OCPP 2.0.1, appendix 1."""


def types(world: World) -> list[str]:
    """The types in the log, in order."""
    return [entry.type for entry in world.station.security.entries]


def notified(world: World) -> list[str]:
    """The types that the CSMS was told, in order."""
    return [effect.fact.type for effect in of(world.log, ef.Tell) if isinstance(effect.fact, SecurityFact)]


@pytest.mark.spec("A04.FR.01", "A04.FR.04")
def test_the_names_and_what_is_critical_are_those_of_the_appendix() -> None:
    assert {kind.value for kind in SecurityEventType} == CRITICAL | NOT_CRITICAL
    assert {kind.value for kind in ONLY_LOGGED} == NOT_CRITICAL


@pytest.mark.spec("A04.FR.01", "A04.FR.04")
def test_critical_events_are_told_and_all_are_logged() -> None:
    world = World()
    for kind in SecurityEventType:
        world.send(ev.SecurityEvent(kind))
    assert types(world) == ["StartupOfTheDevice", *SecurityEventType]
    assert notified(world) == ["StartupOfTheDevice", *(k for k in SecurityEventType if k not in ONLY_LOGGED)]
    assert [entry.seq for entry in world.station.security.entries] == list(range(1, len(SecurityEventType) + 2))


@pytest.mark.spec("A04.FR.04")
def test_a_name_that_no_list_has_is_critical() -> None:
    world = World()
    world.send(ev.SecurityEvent("AcmeDoorOpened", "x" * 400))
    assert notified(world)[-1] == "AcmeDoorOpened"
    assert world.station.security.entries[-1].info == "x" * 255


@pytest.mark.spec("A04.FR.04")
def test_the_log_rolls() -> None:
    world = World()
    for number in range(ENTRIES + 20):
        world.send(ev.SecurityEvent(SecurityEventType.TAMPER_DETECTION_ACTIVATED, str(number)))
    assert len(world.station.security.entries) == len(world.rows[TABLE]) == ENTRIES
    world.power_cycle()
    assert len(world.station.security.entries) == ENTRIES
    assert world.station.snapshot()[TABLE] == world.rows[TABLE]
    assert types(world)[-1] == "StartupOfTheDevice"
    assert world.station.security.entries[-1].seq == ENTRIES + 22


def test_entries_are_dated_once_the_time_is_known() -> None:
    world = World(start=False)
    world.boot(online=False)
    world.run(100)
    world.power_cycle(online=False)
    world.run(50)
    assert all(entry.utc is None for entry in world.station.security.entries)
    world.send(ev.ClockLearnt(NOON))
    first, second = world.station.security.entries
    assert first.utc is not None
    assert second.utc == NOON - timedelta(seconds=50)
    assert first.utc <= second.utc
    assert world.station.security.between(oldest=second.utc) == [first, second]
    assert world.station.security.between(latest=second.utc - timedelta(seconds=1)) == []
    world.power_cycle(online=False)
    assert world.station.security.between(oldest=first.utc, latest=second.utc) == [first, second]


@pytest.mark.parametrize(("moved_s", "told"), [(19, 0), (21, 1), (-21, 1)])
def test_a_clock_that_moves_by_more_than_the_threshold(moved_s: int, told: int) -> None:
    world = World()
    known = world.station.ctx.timeline.now_utc(world.now)
    world.send(ev.HeartbeatAnswered(known + timedelta(seconds=moved_s)))
    assert notified(world).count("SettingSystemTime") == told


def test_a_series_is_one_event_until_a_connection_stands() -> None:
    world = World()
    for _ in range(3):
        world.send(ev.SecurityEvent(SecurityEventType.INVALID_CSMS_CERTIFICATE))
    assert notified(world).count("InvalidCsmsCertificate") == 1
    world.disconnect()
    world.connect()
    world.send(ev.SecurityEvent(SecurityEventType.INVALID_CSMS_CERTIFICATE))
    assert notified(world).count("InvalidCsmsCertificate") == 2


def test_a_full_store_is_told_when_it_works_again() -> None:
    world = World()
    world.store_works = False
    world.send(ev.SecurityEvent("AcmeDoorOpened"))
    world.run(60)
    failed_at = world.now - 60
    assert "MemoryExhaustion" not in notified(world)
    world.store_works = True
    world.run(60)
    assert notified(world)[1:] == ["AcmeDoorOpened", "MemoryExhaustion"]
    entry = world.station.security.entries[-1]
    assert world.station.security.utc(entry) == world.station.ctx.timeline.now_utc(failed_at)
    assert entry.info == "disk full"


@pytest.mark.parametrize(
    "row", [{}, [], {"seq": 1, "type": 7, "utc": "2026-01-01T12:00:00+00:00"}, {"seq": 1, "type": "X"}]
)
def test_a_log_that_cannot_be_read_is_told_as_lost(row: Any) -> None:
    world = World()
    world.rows[TABLE] = {"000000000001": row}
    world.power_cycle()
    assert world.station.damaged == [f"{TABLE}/000000000001"]
    assert types(world) == ["SecurityLogWasCleared", "StartupOfTheDevice"]


# The trial of a higher security profile


def raised_to(world: World, level: int) -> None:
    """The CSMS raises the security profile."""
    world.send(ev.SetVariables(1, (("SecurityCtrlr.SecurityProfile", "Actual", str(level)),), "csms_key"))


@pytest.mark.spec("Security WP A05.FR.08")
def test_a_trial_outlives_a_power_cut_until_the_profile_holds() -> None:
    world = World()
    assert world.station.trial.previous is None
    raised_to(world, 2)
    world.power_cycle()
    assert world.station.trial.previous == "0"
    assert world.station.snapshot() == world.stored()
    world.send(ev.SecurityProfileHeld())
    world.power_cycle()
    assert world.station.trial.previous is None
    assert not world.rows.get(TRIAL)


@pytest.mark.spec("Security WP A05.FR.08")
def test_a_trial_ends_with_the_way_back() -> None:
    world = World()
    raised_to(world, 1)
    raised_to(world, 3)
    assert world.station.trial.previous == "0", "the last one that has connected"
    world.send(ev.SetVariables(None, (("SecurityCtrlr.SecurityProfile", "Actual", "0"),), "manufacturer"))
    assert world.station.trial.previous is None


@pytest.mark.spec("Security WP A05.FR.05")
def test_a_trial_that_cannot_be_stored_is_none() -> None:
    world = World()
    world.store_works = False
    raised_to(world, 2)
    assert world.replies()[1].status == "Rejected"
    assert world.station.trial.previous is None
    world.store_works = True
    world.run(60)
    assert world.station.snapshot() == world.stored()


@pytest.mark.parametrize("row", [None, 7, "4", "", ["1"]])
def test_a_stored_trial_that_names_no_profile_is_none(row: Any) -> None:
    world = World()
    world.rows[TRIAL] = {"previous": row}
    world.power_cycle()
    assert world.station.trial.previous is None
