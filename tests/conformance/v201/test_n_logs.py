"""Block N: GetLog."""

from __future__ import annotations

import json
from typing import Any

import pytest

from station.net.transfer.api import TransferCause, TransferFailed
from tests.support.fake_transfers import FakeTransfers
from tests.support.rig import Rig, virtual

URL = "https://files.test/logs/"


def told(rig: Rig) -> list[tuple[str, int | None]]:
    """The statuses of uploads with their request ids."""
    return [(one["status"], one.get("requestId")) for one in rig.heard_all("LogStatusNotification")]


async def get_log(rig: Rig, kind: str, request_id: int = 5, **more: Any) -> dict[str, Any]:
    """GetLog."""
    log = {"remoteLocation": URL, **more.pop("log", {})}
    return await rig.call("GetLog", {"logType": kind, "requestId": request_id, "log": log, **more})


@pytest.mark.case("TC_N_25_CS", "2.0.1")
@pytest.mark.spec("N01.FR.01", "N01.FR.02", "N01.FR.04", "N01.FR.07", "N01.FR.08", "N01.FR.09")
@virtual
async def test_tc_n_25_diagnostics_log() -> None:
    transfers = FakeTransfers()
    async with Rig("2.0.1", transfers=transfers) as rig:
        await rig.boot()
        answer = await get_log(rig, "DiagnosticsLog")
        assert answer["status"] == "Accepted"
        await rig.until(lambda: told(rig)[-1:] == [("Uploaded", 5)])
        assert told(rig) == [("Uploading", 5), ("Uploaded", 5)]
        assert transfers.uploaded[0][:2] == (URL, answer["filename"])


@pytest.mark.case("TC_N_26_CS", "2.0.1")
@pytest.mark.spec("N01.FR.10")
@virtual
async def test_tc_n_26_upload_failed() -> None:
    transfers = FakeTransfers()
    transfers.failures = [TransferFailed("no", lasting=True, cause=TransferCause.DENIED)] * 4
    async with Rig("2.0.1", transfers=transfers) as rig:
        await rig.boot()
        assert (await get_log(rig, "DiagnosticsLog", retries=3, retryInterval=10))["status"] == "Accepted"
        await rig.until(lambda: told(rig)[-1:] == [("Uploading", 5)])
        begun = rig.loop.time()
        await rig.until(lambda: told(rig)[-1:] == [("PermissionDenied", 5)])
        assert 30 <= rig.loop.time() - begun <= 35
        assert (len(transfers.attempts), len(told(rig))) == (4, 2)


@pytest.mark.case("TC_N_35_CS", "2.0.1")
@pytest.mark.spec("N01.FR.03")
@virtual
async def test_tc_n_35_security_log() -> None:
    transfers = FakeTransfers()
    async with Rig("2.0.1", transfers=transfers) as rig:
        await rig.boot()
        assert (await get_log(rig, "SecurityLog"))["status"] == "Accepted"
        await rig.until(lambda: told(rig)[-1:] == [("Uploaded", 5)])
        entries = [json.loads(line) for line in transfers.uploaded[0][2].decode().splitlines()]
        assert "StartupOfTheDevice" in {entry["type"] for entry in entries}


@pytest.mark.case("TC_N_36_CS", "2.0.1")
@pytest.mark.spec("N01.FR.12", "N01.FR.20")
@virtual
async def test_tc_n_36_second_request() -> None:
    transfers = FakeTransfers(takes_s=60)
    async with Rig("2.0.1", transfers=transfers) as rig:
        await rig.boot()
        await get_log(rig, "DiagnosticsLog", 1)
        await rig.until(lambda: told(rig) == [("Uploading", 1)])
        assert (await get_log(rig, "DiagnosticsLog", 2))["status"] == "AcceptedCanceled"
        await rig.until(lambda: told(rig)[-1:] == [("Uploaded", 2)])
        assert told(rig) == [("Uploading", 1), ("AcceptedCanceled", 1), ("Uploading", 2), ("Uploaded", 2)]


@pytest.mark.spec("N01.FR.05")
@virtual
async def test_without_a_log_the_request_is_rejected() -> None:
    async with Rig("2.0.1", transfers=FakeTransfers()) as rig:
        await rig.boot()
        future = {"oldestTimestamp": "2030-01-01T00:00:00Z"}
        assert (await get_log(rig, "SecurityLog", log=future))["status"] == "Rejected"


@pytest.mark.case("TC_F_15_CS", "2.0.1")
@pytest.mark.case("TC_F_16_CS", "2.0.1")
@pytest.mark.spec("F06.FR.15", "N01.FR.13")
@virtual
async def test_triggered_statuses() -> None:
    async def ask() -> dict[str, Any]:
        assert (await rig.call("TriggerMessage", {"requestedMessage": "LogStatusNotification"}))["status"] == "Accepted"
        await rig.quiet()
        return dict(rig.heard_all("LogStatusNotification")[-1])

    async with Rig("2.0.1", transfers=FakeTransfers(takes_s=60)) as rig:
        await rig.boot()
        assert await ask() == {"status": "Idle"}
        await get_log(rig, "DiagnosticsLog", 3)
        await rig.until(lambda: told(rig)[-1] == ("Uploading", 3))
        assert await ask() == {"status": "Uploading", "requestId": 3}
