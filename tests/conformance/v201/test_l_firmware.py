"""Block L: UpdateFirmware."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.v16.test_firmware import FIRMWARE, PAST, URL, profile, security_events, server
from tests.support.fake_transfers import FakeTransfers
from tests.support.firmware_signing import Manufacturer
from tests.support.rig import CARD, Rig, virtual

SOON, LATER = "2026-01-01T12:05:00Z", "2026-01-01T12:15:00Z"
TWO = [{"id": 1, "max_current": "16A"}, {"id": 2, "max_current": "16A"}]


def steps(rig: Rig, request_id: int = 7) -> list[str]:
    """The statuses that were told of an update."""
    told = rig.heard_all("FirmwareStatusNotification")
    return [one["status"] for one in told if one.get("requestId") == request_id]


def secure(maker: Manufacturer, content: bytes = FIRMWARE, **more: Any) -> dict[str, Any]:
    """The firmware of a secure update."""
    signed = {"signingCertificate": maker.signer(), "signature": maker.signature(content)}
    return {"location": URL, "retrieveDateTime": PAST, "installDateTime": PAST, **signed, **more}


async def update(rig: Rig, firmware: dict[str, Any], request_id: int = 7, **more: Any) -> str:
    """UpdateFirmware; the status of its answer."""
    answer: str = (await rig.call("UpdateFirmware", {"requestId": request_id, "firmware": firmware, **more}))["status"]
    return answer


async def reaches(rig: Rig, status: str, request_id: int = 7) -> None:
    """Wait for a status."""
    await rig.until(lambda: steps(rig, request_id)[-1:] == [status], 3000)


def connector(rig: Rig, evse: int) -> str:
    """The status that was told last."""
    told = [one["connectorStatus"] for one in rig.heard_all("StatusNotification") if one["evseId"] == evse]
    return str(told[-1])


@pytest.mark.case("TC_L_01_CS", "2.0.1")
@pytest.mark.spec(
    "L01.FR.01", "L01.FR.04", "L01.FR.05", "L01.FR.10", "L01.FR.12", "L01.FR.28", "L01.FR.31", "L01.FR.32"
)
@virtual
async def test_tc_l_01_installation_successful(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        assert await update(rig, secure(maker)) == "Accepted"
        await reaches(rig, "Installing")
        assert connector(rig, 1) == "Unavailable"
        await reaches(rig, "Installed")
        assert steps(rig) == [
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "Installing",
            "InstallRebooting",
            "Installed",
        ]
        await rig.quiet()
        boot = rig.heard_all("BootNotification")[-1]
        assert (boot["reason"], boot["chargingStation"]["firmwareVersion"]) == ("FirmwareUpdate", "1.5.0")
        assert connector(rig, 1) == "Available"
        assert "FirmwareUpdated" in security_events(rig)


@pytest.mark.case("TC_L_02_CS", "2.0.1")
@pytest.mark.spec("L01.FR.16")
@virtual
async def test_tc_l_02_install_scheduled(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        assert await update(rig, secure(maker, installDateTime=LATER)) == "Accepted"
        await reaches(rig, "InstallScheduled")
        assert rig.utc().isoformat() < LATER
        await reaches(rig, "Installing")
        assert rig.utc().isoformat() >= LATER[:-1]
        await reaches(rig, "Installed")


@pytest.mark.case("TC_L_03_CS", "2.0.1")
@pytest.mark.spec("L01.FR.13")
@virtual
async def test_tc_l_03_download_scheduled(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        assert await update(rig, secure(maker, retrieveDateTime=SOON)) == "Accepted"
        await reaches(rig, "DownloadScheduled")
        await reaches(rig, "Downloading")
        assert rig.utc().isoformat() >= SOON[:-1]
        await reaches(rig, "Installed")


@pytest.mark.case("TC_L_05_CS", "2.0.1")
@pytest.mark.spec("L01.FR.02", "L01.FR.21", "L01.FR.22")
@virtual
async def test_tc_l_05_invalid_certificate(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        stranger = Manufacturer("Mallory")
        assert await update(rig, secure(stranger)) == "InvalidCertificate"
        assert await update(rig, secure(maker, signingCertificate="none")) == "InvalidCertificate"
        await rig.wait(10)
        assert security_events(rig).count("InvalidFirmwareSigningCertificate") == 2
        assert steps(rig) == []


@pytest.mark.case("TC_L_06_CS", "2.0.1")
@pytest.mark.spec("L01.FR.03", "L01.FR.04")
@virtual
async def test_tc_l_06_invalid_signature(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        assert await update(rig, secure(maker, b"another file")) == "Accepted"
        await reaches(rig, "InvalidSignature")
        assert steps(rig) == ["Downloading", "Downloaded", "InvalidSignature"]
        await rig.quiet()
        assert "InvalidFirmwareSignature" in security_events(rig)


@pytest.mark.case("TC_L_07_CS", "2.0.1")
@pytest.mark.spec("L01.FR.30")
@virtual
async def test_tc_l_07_download_failed(tmp_path: Path) -> None:
    maker = Manufacturer()
    transfers = FakeTransfers()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=transfers) as rig:
        await rig.boot()
        assert await update(rig, secure(maker), retries=1, retryInterval=5) == "Accepted"
        await reaches(rig, "DownloadFailed")
        assert (steps(rig), len(transfers.attempts)) == (["Downloading", "DownloadFailed"], 2)


@pytest.mark.case("TC_L_08_CS", "2.0.1")
@pytest.mark.spec("L01.FR.29")
@pytest.mark.parametrize("status", ["InstallVerificationFailed", "InstallationFailed"])
@virtual
async def test_tc_l_08_installation_failed(status: str, tmp_path: Path) -> None:
    maker, content = Manufacturer(), f"result: {status}\n".encode()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=server(content)) as rig:
        await rig.boot()
        assert await update(rig, secure(maker, content)) == "Accepted"
        await reaches(rig, status)
        await rig.quiet()
        assert connector(rig, 1) == "Available"


@pytest.mark.case("TC_L_10_CS", "2.0.1")
@pytest.mark.not_applicable("TC_L_11_CS", "2.0.1", "a download is cancelled for another")
@pytest.mark.spec("L01.FR.24")
@virtual
async def test_tc_l_10_accepted_canceled(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig("2.0.1", profile=profile(tmp_path, maker), transfers=server(takes_s=20)) as rig:
        await rig.boot()
        assert await update(rig, secure(maker), 1) == "Accepted"
        await reaches(rig, "Downloading", 1)
        assert await update(rig, secure(maker), 2) == "AcceptedCanceled"
        await reaches(rig, "Installed", 2)
        assert steps(rig, 1) == ["Downloading"]


@pytest.mark.case("TC_L_15_CS", "2.0.1")
@pytest.mark.not_applicable("TC_L_13_CS", "2.0.1", "firmware is downloaded while a transaction runs")
@pytest.mark.not_applicable("TC_L_16_CS", "2.0.1", "firmware is not installed while a transaction runs")
@pytest.mark.spec("L01.FR.06", "L01.FR.07", "L01.FR.33", "L01.FR.34")
@virtual
async def test_tc_l_15_waits_for_the_transaction_and_lets_nobody_begin(tmp_path: Path) -> None:
    maker = Manufacturer()
    known = {**profile(tmp_path, maker), "evses": TWO}
    async with Rig("2.0.1", profile=known, transfers=server()) as rig:
        await rig.boot()
        await rig.do("start_transaction", connector=1, tagId=CARD)
        assert await update(rig, secure(maker)) == "Accepted"
        await reaches(rig, "InstallScheduled")
        await rig.quiet()
        assert (connector(rig, 1), connector(rig, 2)) == ("Occupied", "Unavailable")
        await rig.wait(300)
        assert steps(rig)[-1] == "InstallScheduled"
        await rig.do("stop_transaction", connector=1)
        await reaches(rig, "Installed")


@pytest.mark.case("TC_L_14_CS", "2.0.1")
@pytest.mark.not_applicable("TC_L_12_CS", "2.0.1", "firmware is downloaded while a transaction runs")
@pytest.mark.spec("L01.FR.06", "L01.FR.07")
@virtual
async def test_tc_l_14_new_sessions_may_begin_meanwhile(tmp_path: Path) -> None:
    maker = Manufacturer()
    known = {**profile(tmp_path, maker), "evses": TWO}
    allow = {"ChargingStation.AllowNewSessionsPendingFirmwareUpdate": "true"}
    async with Rig("2.0.1", profile=known, variables=allow, transfers=server()) as rig:
        await rig.boot()
        await rig.do("start_transaction", connector=1, tagId=CARD)
        assert await update(rig, secure(maker)) == "Accepted"
        await reaches(rig, "InstallScheduled")
        assert connector(rig, 2) == "Available"
        await rig.do("start_transaction", connector=2, tagId="0499AABBCCDD01")
        await rig.do("stop_transaction", connector=1)
        await rig.wait(60)
        assert steps(rig)[-1] == "InstallScheduled"
        await rig.do("stop_transaction", connector=2)
        await reaches(rig, "Installed")


@pytest.mark.case("TC_L_18_CS", "2.0.1")
@pytest.mark.spec("L01")
@virtual
async def test_tc_l_18_neither_certificate_nor_signature(tmp_path: Path) -> None:
    maker = Manufacturer()
    plain = {"location": URL, "retrieveDateTime": PAST, "installDateTime": PAST}
    async with Rig("2.0.1", profile=profile(tmp_path, maker, signed="required"), transfers=server()) as rig:
        await rig.boot()
        assert await update(rig, plain) == "Rejected"
        assert await update(rig, {**plain, "signature": "bm9uZQ=="}) == "InvalidCertificate"


@pytest.mark.spec("L02.FR.01", "L02.FR.06", "L02.FR.20", "L02.FR.21")
@virtual
async def test_a_plain_update() -> None:
    async with Rig("2.0.1", transfers=server()) as rig:
        await rig.boot()
        assert await update(rig, {"location": URL, "retrieveDateTime": PAST}) == "Accepted"
        await reaches(rig, "Installed")
        assert steps(rig) == ["Downloading", "Downloaded", "Installing", "InstallRebooting", "Installed"]


@pytest.mark.case("TC_F_17_CS", "2.0.1")
@pytest.mark.case("TC_F_18_CS", "2.0.1")
@pytest.mark.case("TC_F_19_CS", "2.0.1")
@pytest.mark.spec("F06.FR.16", "L01.FR.20", "L01.FR.25", "L01.FR.26")
@virtual
async def test_triggered_statuses() -> None:
    async def ask() -> dict[str, Any]:
        request = {"requestedMessage": "FirmwareStatusNotification", "evse": {"id": 1}}  # not relevant
        assert (await rig.call("TriggerMessage", request))["status"] == "Accepted"
        await rig.quiet()
        return dict(rig.heard_all("FirmwareStatusNotification")[-1])

    transfers = server(takes_s=20)
    async with Rig("2.0.1", transfers=transfers) as rig:
        await rig.boot()
        assert await ask() == {"status": "Idle"}
        await update(rig, {"location": URL, "retrieveDateTime": PAST})
        await reaches(rig, "Downloading")
        assert await ask() == {"status": "Downloading", "requestId": 7}
        await reaches(rig, "Installed")
        assert await ask() == {"status": "Idle"}
        transfers.files.clear()
        await update(rig, {"location": URL, "retrieveDateTime": PAST}, 8, retries=0)
        await reaches(rig, "DownloadFailed", 8)
        assert await ask() == {"status": "DownloadFailed", "requestId": 8}
