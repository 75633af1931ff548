"""GetDiagnostics and GetLog."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from station.core.updates import Collected, CollectLog
from station.host.jobs.desk import RUNNERS
from station.net.transfer.api import TransferCause, TransferFailed
from tests.conformance.v16.flows import plug_and_tap, rebooted, tap_and_unplug
from tests.support.fake_transfers import FakeTransfers
from tests.support.rig import CARD, Rig, virtual

URL = "https://user:hunter2hunter2@files.test/logs/"
PASSWORD = "correct-horse-battery"


def diagnostics(rig: Rig) -> list[str]:
    """The statuses of uploads without a request id."""
    return [told["status"] for told in rig.heard_all("DiagnosticsStatusNotification")]


def logs(rig: Rig) -> list[tuple[str, int | None]]:
    """The statuses of uploads with one."""
    return [(told["status"], told.get("requestId")) for told in rig.heard_all("LogStatusNotification")]


async def get_log(rig: Rig, kind: str, request_id: int = 11, **more: Any) -> dict[str, Any]:
    """GetLog."""
    log = {"remoteLocation": URL, **more.pop("log", {})}
    return await rig.call("GetLog", {"logType": kind, "requestId": request_id, "log": log, **more})


def members(content: bytes) -> dict[str, str]:
    """The files of an archive."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {name: archive.extractfile(name).read().decode() for name in archive.getnames()}  # type: ignore[union-attr]


@pytest.mark.case("TC_045_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.4, §5.9")
@virtual
async def test_tc_045_1_get_diagnostics() -> None:
    transfers = FakeTransfers()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        name = (await rig.call("GetDiagnostics", {"location": URL}))["fileName"]
        await rig.until(lambda: diagnostics(rig)[-1:] == ["Uploaded"])
        assert diagnostics(rig) == ["Uploading", "Uploaded"]
        ((url, uploaded, content),) = transfers.uploaded
        assert (url, uploaded) == (URL, name)
        assert {"about.json", "profile.json", "variables.json", "station.log"} <= set(members(content))


@pytest.mark.case("TC_045_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.9, §6.25, errata 3.50")
@virtual
async def test_tc_045_2_upload_failed() -> None:
    transfers = FakeTransfers()
    transfers.failures = [TransferFailed("no room")] * 3
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await rig.call("GetDiagnostics", {"location": URL, "retries": 2, "retryInterval": 30})
        await rig.until(lambda: diagnostics(rig)[-1:] == ["UploadFailed"])
        assert diagnostics(rig) == ["Uploading", "UploadFailed"]
        assert len(transfers.attempts) == 3
        transfers.failures = [TransferFailed("no room")]
        await rig.call("GetDiagnostics", {"location": URL, "retries": 1, "retryInterval": 30})
        await rig.until(lambda: diagnostics(rig)[-1:] == ["Uploaded"])


@pytest.mark.case("TC_079_CS", "1.6")
@pytest.mark.spec("Security WP ed.3 N01.FR.01-.03, .05, .07-.09")
@virtual
async def test_tc_079_get_security_log() -> None:
    transfers = FakeTransfers()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        answer = await get_log(rig, "SecurityLog")
        assert answer["status"] == "Accepted"
        await rig.until(lambda: logs(rig)[-1:] == [("Uploaded", 11)])
        assert logs(rig) == [("Uploading", 11), ("Uploaded", 11)]
        ((_, name, content),) = transfers.uploaded
        assert name == answer["filename"]
        entries = [json.loads(line) for line in content.decode().splitlines()]
        assert "StartupOfTheDevice" in {entry["type"] for entry in entries}


@pytest.mark.spec("Security WP ed.3 N01.FR.04")
@virtual
async def test_a_diagnostics_log_may_be_asked_for_with_a_number() -> None:
    transfers = FakeTransfers()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        assert (await get_log(rig, "DiagnosticsLog"))["status"] == "Accepted"
        await rig.until(lambda: logs(rig)[-1:] == [("Uploaded", 11)])
        assert diagnostics(rig) == []


@pytest.mark.spec("OCPP 1.6 §5.9 (no file name), Security WP ed.3 §5.10")
@virtual
async def test_without_a_log_nothing_is_promised() -> None:
    transfers = FakeTransfers()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        future = {"oldestTimestamp": "2030-01-01T00:00:00Z"}
        assert await get_log(rig, "SecurityLog", log=future) == {"status": "Rejected"}
        await rig.wait(10)
        assert (logs(rig), transfers.attempts) == ([], [])


@pytest.mark.spec("OCPP 1.6 §5.9, §6.26 (no file name)")
@virtual
async def test_without_diagnostics_there_is_no_file_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> Collected:
        raise OSError("no space left on device")

    monkeypatch.setitem(RUNNERS, CollectLog, full)
    transfers = FakeTransfers()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        assert await rig.call("GetDiagnostics", {"location": URL}) == {}
        assert await get_log(rig, "DiagnosticsLog") == {"status": "Rejected"}
        await rig.wait(10)
        assert (diagnostics(rig), logs(rig), transfers.attempts) == ([], [], [])


@pytest.mark.spec("Security WP ed.3 N01.FR.10")
@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (TransferCause.DENIED, "PermissionDenied"),
        (TransferCause.UNSUPPORTED, "NotSupportedOperation"),
        (TransferCause.GARBLED, "BadMessage"),
        (TransferCause.OTHER, "UploadFailure"),
    ],
)
@virtual
async def test_why_an_upload_failed_is_told(cause: TransferCause, status: str) -> None:
    transfers = FakeTransfers()
    transfers.failures = [TransferFailed("no", lasting=True, cause=cause)]
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await get_log(rig, "DiagnosticsLog")
        await rig.until(lambda: logs(rig)[-1:] == [(status, 11)])


@pytest.mark.spec("Security WP ed.3 N01.FR.11")
@virtual
async def test_a_new_request_cancels_the_one_before() -> None:
    transfers = FakeTransfers(takes_s=60)
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await get_log(rig, "DiagnosticsLog", 1)
        await rig.until(lambda: logs(rig) == [("Uploading", 1)])
        assert (await get_log(rig, "SecurityLog", 2))["status"] == "AcceptedCanceled"
        await rig.until(lambda: logs(rig)[-1:] == [("Uploaded", 2)])
        assert logs(rig) == [("Uploading", 1), ("Uploading", 2), ("Uploaded", 2)]
        assert len(transfers.uploaded) == 1


@pytest.mark.spec("Security WP ed.3 N01.FR.07, .10")
@virtual
async def test_a_log_that_diagnostics_take_the_place_of_has_failed() -> None:
    transfers = FakeTransfers(takes_s=60)
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await get_log(rig, "SecurityLog", 1)
        await rig.until(lambda: logs(rig) == [("Uploading", 1)])
        name = (await rig.call("GetDiagnostics", {"location": URL}))["fileName"]
        await rig.until(lambda: diagnostics(rig)[-1:] == ["Uploaded"])
        assert logs(rig) == [("Uploading", 1), ("UploadFailure", 1)]
        assert diagnostics(rig) == ["Uploading", "Uploaded"]
        assert [uploaded for _, uploaded, _ in transfers.uploaded] == [name]


@pytest.mark.spec("OCPP 1.6 §4.4, §5.9")
@virtual
async def test_diagnostics_that_others_take_the_place_of_are_not_told_as_failed() -> None:
    async with Rig(transfers=FakeTransfers(takes_s=60)) as rig:
        await rig.boot()
        await rig.call("GetDiagnostics", {"location": URL})
        await rig.until(lambda: diagnostics(rig) == ["Uploading"])
        assert "fileName" in await rig.call("GetDiagnostics", {"location": URL})
        await rig.until(lambda: diagnostics(rig)[-1:] == ["Uploaded"])
        assert diagnostics(rig) == ["Uploading", "Uploading", "Uploaded"]


@pytest.mark.spec("OCPP 1.6 §5.17, Security WP ed.3 N01.FR.12")
@virtual
async def test_triggered_log_statuses() -> None:
    async def ask(action: str, message: str) -> dict[str, Any]:
        assert await rig.call(action, {"requestedMessage": message}) == {"status": "Accepted"}
        await rig.quiet()
        return dict(rig.heard_all(message)[-1])

    plain, numbered = "DiagnosticsStatusNotification", "LogStatusNotification"
    async with Rig(transfers=FakeTransfers(takes_s=60)) as rig:
        await rig.boot()
        assert await ask("TriggerMessage", plain) == {"status": "Idle"}
        assert await ask("ExtendedTriggerMessage", numbered) == {"status": "Idle"}
        await get_log(rig, "DiagnosticsLog", 4)
        await rig.until(lambda: ("Uploading", 4) in logs(rig))
        assert await ask("TriggerMessage", plain) == {"status": "Idle"}
        assert await ask("ExtendedTriggerMessage", numbered) == {"status": "Uploading", "requestId": 4}
        await rig.call("GetDiagnostics", {"location": URL})
        await rig.until(lambda: diagnostics(rig)[-1] == "Uploading")
        assert await ask("TriggerMessage", plain) == {"status": "Uploading"}
        assert await ask("ExtendedTriggerMessage", numbered) == {"status": "Idle"}


@pytest.mark.spec("Security WP ed.3 N01.FR.07-.09 (over a power cut)")
@virtual
async def test_an_upload_goes_on_after_a_power_cut() -> None:
    transfers = FakeTransfers(takes_s=60)
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await get_log(rig, "DiagnosticsLog", 9)
        await rig.until(lambda: logs(rig) == [("Uploading", 9)])
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.until(lambda: logs(rig)[-1:] == [("Uploaded", 9)])
        assert logs(rig) == [("Uploading", 9), ("Uploaded", 9)]


@pytest.mark.spec("RELIABILITY: no secrets in dumps")
@virtual
async def test_diagnostics_say_much_and_give_nothing_away() -> None:
    profile = {
        "csms": {
            "url": "ws://csms.test/ocpp",
            "versions": ["ocpp1.6"],
            "ping": "0s",
            "security": {"profile": 1, "password": PASSWORD},
        },
        "auth": {"local": {"allow": ["04AABBCCDDEEFF"]}, "master_group": "SERVICEGROUP"},
        "control": {"token": "controltoken12345"},
        "car": {"taps": "0411223344556677"},
        "variables": {
            "AcmeSecretText": {"value": "topsecretvalue", "type": "string"},
            "MeterValueSampleInterval": 4321,
        },
    }
    transfers = FakeTransfers()
    async with Rig(profile=profile, transfers=transfers) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.call("GetDiagnostics", {"location": URL})
        await rig.until(lambda: len(transfers.uploaded) == 1)
        await tap_and_unplug(rig)
        await rig.call("GetDiagnostics", {"location": URL})
        await rig.until(lambda: len(transfers.uploaded) == 2)
        for _, _, content in transfers.uploaded:
            found = members(content)
            everything = "\n".join(found.values())
            for secret in (PASSWORD, "04AABBCCDDEEFF", "SERVICEGROUP", "controltoken", "0411223344556677", CARD):
                assert secret.casefold() not in everything.casefold(), secret
            assert "topsecretvalue" not in everything
            assert "hunter2" not in everything
            assert "4321" in found["variables.json"]
            assert "CP-1" in found["about.json"]
            assert "> CALL BootNotification" in found["station.log"]
            assert "transaction_started" in found["station.log"]
            assert "StartupOfTheDevice" in found["security-log.jsonl"]
            assert json.loads(found["status.json"])["id"] == "CP-1"


@pytest.mark.spec("OCPP 1.6 §6.25 (startTime, stopTime)")
@virtual
async def test_diagnostics_are_bounded_by_the_times_asked_for() -> None:
    transfers = FakeTransfers()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await rig.wait(3600)
        bounds = {"startTime": "2026-01-01T12:30:00Z", "stopTime": "2026-01-01T12:40:00Z"}
        await rig.call("GetDiagnostics", {"location": URL, **bounds})
        await rig.until(lambda: len(transfers.uploaded) == 1)
        lines = members(transfers.uploaded[0][2])["station.log"].splitlines()
        assert lines
        assert all("2026-01-01T12:30" <= line < "2026-01-01T12:40:01" for line in lines)


@pytest.mark.spec("RELIABILITY: strings of a message are data; Security WP ed.3 N01.FR.10")
@pytest.mark.parametrize(
    "location", ["file:///etc/", "/etc/passwd", "gopher://files.test/", "http://", "https://[bad/", "", "\x00", "$(id)"]
)
@virtual
async def test_a_location_that_is_none_ends_in_a_status(location: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert (await get_log(rig, "SecurityLog", log={"remoteLocation": location}))["status"] == "Accepted"
        await rig.until(lambda: len(logs(rig)) == 2, 300)
        assert logs(rig)[-1][0] in ("NotSupportedOperation", "UploadFailure", "BadMessage")
        assert (await rig.call("GetConfiguration", {"key": ["HeartbeatInterval"]}))["configurationKey"]
