"""Security events: which are told, in which words, when, and what stands in the security log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from station.core.security_events import LogEntry
from station.net import DialFailed, TlsEvent
from station.net.errors import FailureKind
from tests.conformance.v16.flows import offline_for, plug_and_tap, rebooted
from tests.support.rig import START, Rig, virtual
from tests.support.scripted_csms import CallError

BOOTED = ["StartupOfTheDevice"]


def told(rig: Rig) -> list[str]:
    """The types of the notifications, in order."""
    return [event["type"] for event in rig.heard_all("SecurityEventNotification")]


def entries(rig: Rig) -> list[LogEntry]:
    """The security log."""
    return rig.host.runner.engine.station.security.between()


def logged(rig: Rig) -> list[str]:
    """The types in the security log, in order."""
    return [str(entry.type) for entry in entries(rig)]


async def booted(rig: Rig) -> None:
    """Boot and tell everything."""
    await rig.boot()
    await rig.quiet()


def tls_failure(event: TlsEvent) -> DialFailed:
    """A dial that TLS ended."""
    return DialFailed(FailureKind.TLS, "wss://csms.test: TLS: something is wrong.", tls_event=event)


@pytest.mark.spec("Security WP A04.FR.01", "Security WP A04.FR.04")
@virtual
async def test_a_boot_is_told() -> None:
    async with Rig() as rig:
        await booted(rig)
        assert told(rig) == logged(rig) == BOOTED
        (event,) = rig.heard_all("SecurityEventNotification")
        assert datetime.fromisoformat(event["timestamp"]) == START
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.quiet()
        assert told(rig) == logged(rig) == BOOTED * 2


@pytest.mark.spec("Security WP A04.FR.01")
@pytest.mark.parametrize("kind", ["Soft", "Hard"])
@virtual
async def test_a_reset_is_told(kind: str) -> None:
    async with Rig() as rig:
        await booted(rig)
        await rig.call("Reset", {"type": kind})
        await rebooted(rig)
        await rig.quiet()
        assert told(rig) == logged(rig) == [*BOOTED, "ResetOrReboot", *BOOTED]
        assert rig.heard_all("SecurityEventNotification")[1]["techInfo"] == "RemoteReset"


@pytest.mark.case("TC_078_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.309", "Security WP A04.FR.01", "Security WP A04.FR.02")
@pytest.mark.parametrize(
    ("event", "name"),
    [
        (TlsEvent.INVALID_CERTIFICATE, "InvalidCentralSystemCertificate"),
        (TlsEvent.INVALID_VERSION, "InvalidTLSVersion"),
        (TlsEvent.INVALID_CIPHER_SUITE, "InvalidTLSCipherSuite"),
    ],
)
@virtual
async def test_tc_078_a_bad_server_is_told_once_a_series(event: TlsEvent, name: str) -> None:
    async with Rig() as rig:
        await booted(rig)
        for _ in range(2):
            rig.refuse = tls_failure(event)
            dials = len(rig.dials)
            rig.lose_connection()
            await rig.until(lambda before=dials: len(rig.dials) >= before + 3, 600)  # type: ignore[misc]
            rig.refuse = None
            await rig.until(lambda: rig.connected, 600)
            await rig.quiet()
        assert told(rig) == [*BOOTED, name, name]
        first, second = (datetime.fromisoformat(e["timestamp"]) for e in rig.heard_all("SecurityEventNotification")[1:])
        assert first < second < rig.utc()
        assert logged(rig).count("CsmsFailedToAuthenticate") == 2 * (event is TlsEvent.INVALID_CERTIFICATE)


@pytest.mark.spec("Security WP A04.FR.04", "Security WP §8")
@virtual
async def test_a_refused_password_is_logged_only() -> None:
    async with Rig() as rig:
        await booted(rig)
        rig.refuse_with(401)
        rig.lose_connection()
        await rig.until(lambda: len(rig.dials) > 3, 600)
        rig.refuse = None
        await rig.until(lambda: rig.connected, 600)
        await rig.quiet()
        assert told(rig) == BOOTED
        assert logged(rig) == [*BOOTED, "FailedToAuthenticateAtCsms"]


@pytest.mark.spec("Security WP A01.FR.11", "Security WP A01.FR.12")
@virtual
async def test_changed_security_parameters_are_logged_without_their_values() -> None:
    password = "a-secret-of-the-csms"
    async with Rig() as rig:
        await booted(rig)
        for key, value in (("AuthorizationKey", password), ("CpoName", "Acme"), ("HeartbeatInterval", "77")):
            assert (await rig.call("ChangeConfiguration", {"key": key, "value": value}))["status"] == "Accepted"
        await rig.quiet()
        assert told(rig) == BOOTED
        assert logged(rig) == [*BOOTED, *["ReconfigurationOfSecurityParameters"] * 2]
        assert [entry.info for entry in entries(rig)[1:]] == ["BasicAuthPassword", "OrganizationName"]
        assert password not in str(entries(rig))


@pytest.mark.spec("Security WP §8")
@pytest.mark.parametrize(
    "bad",
    ["{", "[]", '[2,"1"]', '[2,"1","Reset",{"type":7}]', '[2,"1","Reset",{"type":"Hard","more":1}]', '[9,"1"]'],
)
@virtual
async def test_invalid_messages_are_logged_once_a_connection(bad: str) -> None:
    async with Rig() as rig:
        await booted(rig)
        for _ in range(50):
            rig.send(bad)
        await rig.quiet()
        assert logged(rig) == [*BOOTED, "InvalidMessages"]
        await offline_for(rig, 1)
        rig.send(bad)
        await rig.quiet()
        assert logged(rig) == [*BOOTED, *["InvalidMessages"] * 2]
        assert told(rig) == BOOTED


@pytest.mark.spec("Security WP §8")
@pytest.mark.parametrize(("moved_s", "expected"), [(3600, 1), (-3600, 1), (10, 0)])
@virtual
async def test_a_clock_that_is_set_is_told(moved_s: int, expected: int) -> None:
    async with Rig() as rig:
        await booted(rig)
        moved = datetime.fromtimestamp(rig.utc().timestamp() + moved_s, UTC).isoformat().replace("+00:00", "Z")
        rig.csms.once("Heartbeat", {"currentTime": moved})
        await rig.do("heartbeat")
        await rig.quiet()
        assert told(rig) == [*BOOTED, *["SettingSystemTime"] * expected]


@pytest.mark.spec("Security WP A04.FR.02")
@virtual
async def test_what_happens_offline_is_told_later_in_order_and_after_a_power_cut() -> None:
    async with Rig() as rig:
        await booted(rig)
        await rig.do("go_offline")
        await rig.do("power_cycle")
        await rig.wait(30)
        await rig.do("power_cycle")
        await rig.wait(30)
        await rig.do("come_online")
        await rig.until(lambda: len(told(rig)) == 3)
        stamps = [event["timestamp"] for event in rig.heard_all("SecurityEventNotification")]
        assert stamps == sorted(stamps)
        assert [entry.seq for entry in entries(rig)] == [1, 2, 3]


@pytest.mark.spec("Security WP A04.FR.01", "OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize("code", ["NotImplemented", "NotSupported"])
@virtual
async def test_a_csms_without_security_events_is_not_asked_twice(code: str) -> None:
    async with Rig() as rig:
        rig.csms.answer("SecurityEventNotification", CallError(code, ""))
        await booted(rig)
        await rig.wait(600)
        assert told(rig) == BOOTED
        await plug_and_tap(rig)
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.wait(600)
        assert told(rig) == BOOTED * 2
        assert rig.host.status()["queue"] == 0
        assert sum("SecurityEvent" in event["message"] for event in rig.told("error")) == 2, "once a boot"
        assert logged(rig) == BOOTED * 2, "the log keeps them"


@pytest.mark.spec("Security WP A04.FR.04")
@virtual
async def test_the_log_rolls_and_outlives_reboots() -> None:
    async with Rig() as rig:
        await booted(rig)
        for number in range(510):
            await rig.do("set_config", key="CpoName", value=f"CPO {number}")
        log = entries(rig)
        assert len(log) == 500
        assert [entry.seq for entry in log] == list(range(12, 512))
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.quiet()
        assert [entry.seq for entry in entries(rig)] == list(range(13, 513))
        assert all(entry.utc is not None for entry in entries(rig))


@pytest.mark.spec("Security WP §5.5", "Security WP §6.16")
@virtual
async def test_extended_trigger_messages() -> None:
    async with Rig() as rig:
        await booted(rig)
        for message in ("Heartbeat", "StatusNotification", "MeterValues"):
            before = len(rig.heard_all(message))
            answer = await rig.call("ExtendedTriggerMessage", {"requestedMessage": message})
            assert answer["status"] == "Accepted"
            await rig.until(lambda m=message, n=before: len(rig.heard_all(m)) > n)  # type: ignore[misc]
