"""UpdateFirmware and SignedUpdateFirmware."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from station.net.transfer.api import TransferFailed
from tests.conformance.v16.flows import charging, plug_and_tap, rebooted, status_is
from tests.support.fake_transfers import FakeTransfers
from tests.support.firmware_signing import FIRST, Manufacturer
from tests.support.rig import Rig, virtual
from tests.support.scripted_csms import CallError

URL = "https://files.test/wallbox-1.5.0.bin"
PAST = "2026-01-01T10:00:00Z"
FIRMWARE = b"\x7fFIRMWARE\n" * 1000


def server(content: bytes = FIRMWARE, takes_s: float = 1.0) -> FakeTransfers:
    """A file server with one file."""
    made = FakeTransfers(takes_s)
    made.files[URL] = content
    return made


def profile(tmp_path: Path, maker: Manufacturer | None = None, **firmware: Any) -> dict[str, Any]:
    """A profile with a manufacturer's root."""
    made: dict[str, Any] = {"firmware": {"takes": "2s", **firmware}}
    if maker is not None:
        root = tmp_path / "fw-root.pem"
        root.write_text(maker.root_pem)
        made["certificates"] = {"manufacturer": [str(root)]}
    return made


def steps(rig: Rig) -> list[str]:
    """The statuses of plain updates."""
    return [told["status"] for told in rig.heard_all("FirmwareStatusNotification")]


def signed_steps(rig: Rig) -> list[tuple[str, int | None]]:
    """The statuses of secure updates, with their request ids."""
    return [(told["status"], told.get("requestId")) for told in rig.heard_all("SignedFirmwareStatusNotification")]


def security_events(rig: Rig) -> list[str]:
    """What was told, without what every boot tells."""
    told = [event["type"] for event in rig.heard_all("SecurityEventNotification")]
    return [kind for kind in told if kind not in ("StartupOfTheDevice", "ResetOrReboot")]


async def update(rig: Rig, **more: Any) -> dict[str, Any]:
    """UpdateFirmware, to be retrieved at once."""
    return await rig.call("UpdateFirmware", {"location": URL, "retrieveDate": PAST, **more})


async def signed_update(
    rig: Rig, maker: Manufacturer, request_id: int = 7, content: bytes = FIRMWARE, **more: Any
) -> str:
    """SignedUpdateFirmware, to be retrieved at once; the status of its answer."""
    firmware = {
        "location": URL,
        "retrieveDateTime": PAST,
        "signingCertificate": maker.signer(),
        "signature": maker.signature(content),
    }
    numbered = {name: more.pop(name) for name in ("retries", "retryInterval") if name in more}
    request = {"requestId": request_id, "firmware": {**firmware, **more}, **numbered}
    answer: str = (await rig.call("SignedUpdateFirmware", request))["status"]
    return answer


@pytest.mark.case("TC_044_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.5, §5.19")
@virtual
async def test_tc_044_1_download_and_install() -> None:
    transfers = server()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        assert await update(rig) == {}
        await rig.until(lambda: steps(rig)[-1:] == ["Installing"])
        assert steps(rig) == ["Downloading", "Downloaded", "Installing"]
        assert rig.statuses()[-1] == "Unavailable"
        await rebooted(rig)
        await status_is(rig, "Available")
        assert steps(rig) == ["Downloading", "Downloaded", "Installing", "Installed"]
        first, second = rig.heard_all("BootNotification")
        assert first["firmwareVersion"] != "1.5.0"
        assert second["firmwareVersion"] == "1.5.0"
        assert transfers.attempts == [URL]


@pytest.mark.case("TC_044_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.19, §6.55")
@virtual
async def test_tc_044_2_download_failed() -> None:
    transfers = FakeTransfers()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        begun = rig.loop.time()
        assert await update(rig, retries=3, retryInterval=20) == {}
        await rig.until(lambda: steps(rig)[-1:] == ["DownloadFailed"])
        assert steps(rig) == ["Downloading", "DownloadFailed"]
        assert len(transfers.attempts) == 4
        assert 60 <= rig.loop.time() - begun < 90, "three pauses; threads take virtual time too"
        assert rig.statuses()[-1] == "Available"


@pytest.mark.case("TC_044_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §7.25")
@pytest.mark.parametrize("content", [b"", b"result: InstallationFailed\n", b"result: InstallVerificationFailed\n"])
@virtual
async def test_tc_044_3_installation_failed(content: bytes) -> None:
    async with Rig(transfers=server(content)) as rig:
        await rig.boot()
        assert await update(rig) == {}
        await rig.until(lambda: steps(rig)[-1:] == ["InstallationFailed"])
        assert steps(rig) == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]
        await status_is(rig, "Available")
        assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.spec("OCPP 1.6 §5.19 (retrieveDate), errata 3.63")
@virtual
async def test_firmware_is_not_retrieved_before_its_date() -> None:
    transfers = server()
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await update(rig, retrieveDate="2026-01-01T12:10:00Z")
        await rig.wait(590)
        assert (steps(rig), transfers.attempts) == ([], [])
        await rebooted(rig)
        assert steps(rig) == ["Downloading", "Downloaded", "Installing", "Installed"]


@pytest.mark.spec("OCPP 1.6 §5.19 (waiting for the session), Security WP L01.FR.06, .07")
@virtual
async def test_an_installation_waits_for_transactions_and_takes_the_others_out_of_service() -> None:
    two = {"evses": [{"id": 1, "max_current": "16A"}, {"id": 2, "max_current": "16A"}]}
    async with Rig(profile=two, transfers=server()) as rig:
        await rig.boot()
        await rig.do("plug_in", connector=1)
        await rig.do("tap", tagId="04A1B2C3D4E5F6", connector=1)
        await charging(rig)
        await update(rig)
        await rig.until(lambda: steps(rig)[-1:] == ["Downloaded"])
        await rig.wait(30)
        assert steps(rig) == ["Downloading", "Downloaded"]
        assert [t["status"] for t in rig.heard_all("StatusNotification") if t["connectorId"] == 2][-1] == "Unavailable"
        await rig.do("tap", tagId="04A1B2C3D4E5F6", connector=1)
        await rebooted(rig)
        assert steps(rig) == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert len(rig.heard_all("StopTransaction")) == 1


@pytest.mark.spec("OCPP 2.0.1 part 2, 2.1.2 (AllowNewSessionsPendingFirmwareUpdate)")
@virtual
async def test_new_sessions_may_be_allowed_while_an_installation_waits() -> None:
    two = {"evses": [{"id": 1, "max_current": "16A"}, {"id": 2, "max_current": "16A"}]}
    allow = {"ChargingStation.AllowNewSessionsPendingFirmwareUpdate": "true"}
    async with Rig(profile=two, variables=allow, transfers=server()) as rig:
        await rig.boot()
        await rig.do("start_transaction", connector=1, tagId="04A1B2C3D4E5F6")
        await update(rig)
        await rig.until(lambda: steps(rig)[-1:] == ["Downloaded"])
        await rig.wait(30)
        await rig.do("start_transaction", connector=2, tagId="0499AABBCCDD01")
        await rig.do("stop_transaction", connector=1)
        await rig.wait(30)
        assert steps(rig) == ["Downloading", "Downloaded"]
        await rig.do("stop_transaction", connector=2)
        await rebooted(rig)
        assert steps(rig)[-1] == "Installed"


@pytest.mark.case("TC_080_CS", "1.6")
@pytest.mark.spec("Security WP ed.3 L01.FR.01, .04, .05, .10, .15")
@pytest.mark.parametrize("kind", ["ec", "rsa"])
@virtual
async def test_tc_080_secure_update(kind: str, tmp_path: Path) -> None:
    maker = Manufacturer(kind=kind)
    async with Rig(profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        assert await signed_update(rig, maker) == "Accepted"
        await rebooted(rig)
        wanted = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed"]
        assert signed_steps(rig) == [(status, 7) for status in wanted]
        assert steps(rig) == []
        assert security_events(rig) == ["FirmwareUpdated"]
        assert rig.heard_all("BootNotification")[-1]["firmwareVersion"] == "1.5.0"
        await status_is(rig, "Available")


@pytest.mark.case("TC_081_CS", "1.6")
@pytest.mark.spec("Security WP ed.3 L01.FR.03, .04")
@pytest.mark.parametrize("signature", [None, "", "bm90IGE=", "no base64 at all"])
@virtual
async def test_tc_081_invalid_signature(signature: str | None, tmp_path: Path) -> None:
    maker = Manufacturer()
    signature = maker.signature(b"another file") if signature is None else signature
    async with Rig(profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        assert await signed_update(rig, maker, signature=signature) == "Accepted"
        await rig.until(lambda: signed_steps(rig)[-1:] == [("InvalidSignature", 7)])
        await rig.wait(30)
        assert [status for status, _ in signed_steps(rig)] == ["Downloading", "Downloaded", "InvalidSignature"]
        assert security_events(rig) == ["InvalidFirmwareSignature"]
        assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.spec("Security WP ed.3 L01.FR.02, .12, .23, .24")
@pytest.mark.parametrize("flaw", ["stranger", "expired", "early", "usage", "no root", "garbage"])
@virtual
async def test_a_certificate_is_checked_before_anything_is_accepted(flaw: str, tmp_path: Path) -> None:
    maker = Manufacturer()
    certificates = {
        "stranger": lambda: Manufacturer("Mallory").signer(),
        "expired": lambda: maker.signer(last=FIRST.replace(year=2026, month=1, day=1)),
        "early": lambda: maker.signer(first=FIRST.replace(year=2030)),
        "usage": lambda: maker.signer(usage="key_encipherment"),
        "no root": maker.signer,
        "garbage": lambda: "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----",
    }
    transfers = server()
    known = profile(tmp_path, None if flaw == "no root" else maker)
    async with Rig(profile=known, transfers=transfers) as rig:
        await rig.boot()
        assert await signed_update(rig, maker, signingCertificate=certificates[flaw]()) == "InvalidCertificate"
        await rig.wait(30)
        assert security_events(rig) == ["InvalidFirmwareSigningCertificate"]
        assert (signed_steps(rig), transfers.attempts) == ([], [])


@pytest.mark.spec("Security WP ed.3 L01.FR.25")
@virtual
async def test_a_revoked_certificate_is_told_as_such(tmp_path: Path) -> None:
    maker = Manufacturer()
    known = profile(tmp_path, maker)
    with (tmp_path / "fw-root.pem").open("a") as file:
        file.write(maker.revocation_list(99))
    async with Rig(profile=known, transfers=server()) as rig:
        await rig.boot()
        assert await signed_update(rig, maker, signingCertificate=maker.signer(serial=99)) == "RevokedCertificate"
        assert await signed_update(rig, maker, signingCertificate=maker.signer(serial=98)) == "Accepted"


@pytest.mark.spec("Security WP ed.3 M05, L01.FR.12")
@virtual
async def test_a_root_that_the_csms_installs_and_deletes_counts(tmp_path: Path) -> None:
    maker = Manufacturer()
    kind = "ManufacturerRootCertificate"
    async with Rig(profile={"state": str(tmp_path / "state")}, transfers=server()) as rig:
        await rig.boot()
        assert await signed_update(rig, maker) == "InvalidCertificate"
        wanted = {"certificateType": kind, "certificate": maker.root_pem}
        assert await rig.call("InstallCertificate", wanted) == {"status": "Accepted"}
        assert await signed_update(rig, maker) == "Accepted"
        await rebooted(rig)
        assert signed_steps(rig)[-1] == ("Installed", 7)
        (found,) = (await rig.call("GetInstalledCertificateIds", {"certificateType": kind}))["certificateHashData"]
        assert await rig.call("DeleteCertificate", {"certificateHashData": found}) == {"status": "Accepted"}
        assert await signed_update(rig, maker) == "InvalidCertificate"


@pytest.mark.spec("Security WP ed.3 L01.FR.20")
@virtual
async def test_a_station_with_signed_firmware_takes_no_other(tmp_path: Path) -> None:
    maker = Manufacturer()
    transfers = server()
    async with Rig(profile=profile(tmp_path, maker, signed="required"), transfers=transfers) as rig:
        await rig.boot()
        code = await rig.call_error("UpdateFirmware", {"location": URL, "retrieveDate": PAST})
        assert (code, transfers.attempts) == ("NotSupported", [])
        assert await signed_update(rig, maker) == "Accepted"


@pytest.mark.spec("Security WP ed.3 L01.FR.16-.19")
@virtual
async def test_an_installation_may_be_scheduled(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig(profile=profile(tmp_path, maker), transfers=server()) as rig:
        await rig.boot()
        later = {"retrieveDateTime": "2026-01-01T12:05:00Z", "installDateTime": "2026-01-01T12:15:00Z"}
        assert await signed_update(rig, maker, **later) == "Accepted"
        await rig.wait(5)
        assert signed_steps(rig) == [("DownloadScheduled", 7)]
        await rig.until(lambda: signed_steps(rig)[-1:] == [("InstallScheduled", 7)], 600)
        assert [status for status, _ in signed_steps(rig)][1:] == [
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "InstallScheduled",
        ]
        assert rig.statuses()[-1] == "Available"
        await plug_and_tap(rig)
        await rig.wait(600)
        assert signed_steps(rig)[-1] == ("InstallScheduled", 7)
        await rig.do("stop_transaction", connector=1)
        await rebooted(rig)
        assert signed_steps(rig)[-1] == ("Installed", 7)
        assert len({status for status, _ in signed_steps(rig)}) == len(signed_steps(rig)), "each is told once"


@pytest.mark.spec("Security WP ed.3 L01.FR.07, .19, .26, .29")
@virtual
async def test_what_becomes_free_stays_out_of_service_until_the_update_is_over(tmp_path: Path) -> None:
    def last(connector: int) -> str:
        told = [one["status"] for one in rig.heard_all("StatusNotification") if one["connectorId"] == connector]
        return str(told[-1])

    maker = Manufacturer()
    three = {"evses": [{"id": number, "max_current": "16A"} for number in (1, 2, 3)]}
    trigger = {"requestedMessage": "FirmwareStatusNotification"}
    async with Rig(profile={**three, **profile(tmp_path, maker)}, transfers=server()) as rig:
        await rig.boot()
        for connector, tag in ((1, "04A1B2C3D4E5F6"), (2, "0499AABBCCDD01")):
            await rig.do("start_transaction", connector=connector, tagId=tag)
        await signed_update(rig, maker, 1)
        await rig.until(lambda: signed_steps(rig)[-1:] == [("InstallScheduled", 1)])
        await rig.until(lambda: last(3) == "Unavailable")
        await rig.do("stop_transaction", connector=2)
        await rig.do("unplug", connector=2)
        await rig.until(lambda: last(2) == "Unavailable")
        assert (await rig.call("RemoteStartTransaction", {"idTag": "A", "connectorId": 2}))["status"] == "Rejected"
        missing = {"location": "https://files.test/none", "retries": 0}
        assert await signed_update(rig, maker, 2, **missing) == "AcceptedCanceled"
        await rig.until(lambda: signed_steps(rig)[-1:] == [("DownloadFailed", 2)])
        await rig.until(lambda: last(2) == last(3) == "Available")
        await rig.do("power_cycle")
        await rebooted(rig)
        mark = len(signed_steps(rig))
        assert await rig.call("ExtendedTriggerMessage", trigger) == {"status": "Accepted"}
        await rig.until(lambda: signed_steps(rig)[mark:] == [("DownloadFailed", 2)])


@pytest.mark.spec("Security WP ed.3 L01.FR.26")
@virtual
async def test_a_new_request_cancels_the_one_before(tmp_path: Path) -> None:
    maker = Manufacturer()
    transfers = server(takes_s=20)
    async with Rig(profile=profile(tmp_path, maker), transfers=transfers) as rig:
        await rig.boot()
        assert await signed_update(rig, maker, 1) == "Accepted"
        await rig.wait(5)
        assert await signed_update(rig, maker, 2) == "AcceptedCanceled"
        mark = len(signed_steps(rig))
        await rebooted(rig)
        assert {identity for _, identity in signed_steps(rig)[mark:]} == {2}
        assert signed_steps(rig)[-1] == ("Installed", 2)


@pytest.mark.spec("Security WP ed.3 L01.FR.27")
@virtual
async def test_an_installation_is_not_cancelled(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig(profile=profile(tmp_path, maker, takes="60s"), transfers=server()) as rig:
        await rig.boot()
        await signed_update(rig, maker, 1)
        await rig.until(lambda: signed_steps(rig)[-1:] == [("Installing", 1)])
        assert await signed_update(rig, maker, 2) == "Rejected"
        assert await rig.call_error("UpdateFirmware", {"location": URL, "retrieveDate": PAST}) == "GenericError"
        await rebooted(rig)
        assert signed_steps(rig)[-1] == ("Installed", 1)


@pytest.mark.spec("OCPP 1.6 §5.17, Security WP ed.3 L01.FR.28, .29")
@virtual
async def test_triggered_firmware_statuses(tmp_path: Path) -> None:
    async def ask(action: str) -> dict[str, Any]:
        mark = len(rig.csms.log)
        answer = await rig.call(action, {"requestedMessage": "FirmwareStatusNotification"})
        assert answer == {"status": "Accepted"}
        await rig.quiet()
        told = [entry for entry in rig.csms.log[mark:] if entry.direction == "in" and entry.kind == "call"]
        return dict(told[-1].payload)

    maker = Manufacturer()
    transfers = server(takes_s=20)
    async with Rig(profile=profile(tmp_path, maker), transfers=transfers) as rig:
        await rig.boot()
        assert await ask("TriggerMessage") == {"status": "Idle"}
        assert await ask("ExtendedTriggerMessage") == {"status": "Idle"}
        await update(rig)
        await rig.until(lambda: steps(rig)[-1:] == ["Downloading"])
        assert await ask("TriggerMessage") == {"status": "Downloading"}
        assert await ask("ExtendedTriggerMessage") == {"status": "Idle"}
        await signed_update(rig, maker, 5, signature="bm9uZQ==")
        await rig.wait(1)
        assert await ask("ExtendedTriggerMessage") == {"status": "Downloading", "requestId": 5}
        await rig.until(lambda: signed_steps(rig)[-1:] == [("InvalidSignature", 5)])
        assert await ask("ExtendedTriggerMessage") == {"status": "InvalidSignature", "requestId": 5}
        assert await ask("TriggerMessage") == {"status": "Idle"}
        await signed_update(rig, maker, 6)
        await rebooted(rig)
        assert await ask("ExtendedTriggerMessage") == {"status": "Idle"}


@pytest.mark.spec("Security WP ed.3 L01.FR.01 (over power cuts)")
@pytest.mark.parametrize(
    ("during", "end"),
    [
        ("Downloading", "Installed"),
        ("DownloadScheduled", "Installed"),
        ("InstallScheduled", "Installed"),
        ("Installing", "InstallationFailed"),
        ("InstallRebooting", "Installed"),
    ],
)
@virtual
async def test_a_power_cut_loses_no_update_and_repeats_no_status(during: str, end: str, tmp_path: Path) -> None:
    maker = Manufacturer()
    later = {"retrieveDateTime": "2026-01-01T12:05:00Z", "installDateTime": "2026-01-01T12:15:00Z"}
    async with Rig(profile=profile(tmp_path, maker, takes="20s"), transfers=server(takes_s=20)) as rig:
        await rig.boot()
        await signed_update(rig, maker, 3, **later)
        await rig.until(lambda: signed_steps(rig)[-1:] == [(during, 3)], 2000)
        await rig.do("power_cycle")
        await rig.until(lambda: signed_steps(rig)[-1:] == [(end, 3)], 2000)
        await rig.wait(60)
        told = [status for status, _ in signed_steps(rig)]
        assert len(set(told)) == len(told), told
        assert told[-1] == end


@pytest.mark.spec("OCPP 1.6 §5.19")
@virtual
async def test_what_cannot_be_helped_is_not_tried_again() -> None:
    transfers = server()
    transfers.failures = [TransferFailed("no such scheme", lasting=True)]
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await update(rig)
        await rig.until(lambda: steps(rig)[-1:] == ["DownloadFailed"])
        assert len(transfers.attempts) == 1


@pytest.mark.spec("OCPP 1.6 §6.55 (retries)")
@virtual
async def test_the_csms_has_its_retries_whatever_is_the_matter() -> None:
    transfers = server()
    transfers.failures = [TransferFailed("no such file", lasting=True)] * 3
    async with Rig(transfers=transfers) as rig:
        await rig.boot()
        await update(rig, retries=2, retryInterval=5)
        await rig.until(lambda: steps(rig)[-1:] == ["DownloadFailed"])
        assert len(transfers.attempts) == 3


@pytest.mark.spec("OCPP 1.6 §4.5 (offline)")
@virtual
async def test_statuses_that_arise_offline_are_told_later() -> None:
    transfers = server(takes_s=20)
    async with Rig(profile={"firmware": {"takes": "2s", "reboot": "no"}}, transfers=transfers) as rig:
        await rig.boot()
        await update(rig)
        await rig.wait(5)
        await rig.do("go_offline")
        await rig.wait(60)
        await rig.do("come_online")
        await rig.until(lambda: steps(rig)[-1:] == ["Installed"])
        assert steps(rig) == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert len(rig.heard_all("BootNotification")) == 1
        await status_is(rig, "Available")


@pytest.mark.spec("OCPP-J 1.6 §4.2.3 (NotImplemented)")
@virtual
async def test_a_csms_without_the_messages_holds_nothing_up(tmp_path: Path) -> None:
    maker = Manufacturer()
    async with Rig(profile=profile(tmp_path, maker), transfers=server()) as rig:
        rig.csms.answer("SignedFirmwareStatusNotification", CallError("NotImplemented"))
        await rig.boot()
        begun = rig.loop.time()
        await signed_update(rig, maker)
        await rebooted(rig)
        await rig.until(lambda: signed_steps(rig)[-1:] == [("Installed", 7)])
        assert len(signed_steps(rig)) == 6
        assert rig.loop.time() - begun < 20


@pytest.mark.spec("OCPP 2.0.1 part 2 appendices, reason code FwUpdateInProgress")
@virtual
async def test_a_reset_does_not_cut_off_an_installer() -> None:
    async with Rig(profile={"firmware": {"takes": "60s"}}, transfers=server()) as rig:
        await rig.boot()
        await update(rig)
        await rig.until(lambda: steps(rig)[-1:] == ["Installing"])
        assert await rig.call("Reset", {"type": "Hard"}) == {"status": "Rejected"}
        await rebooted(rig)
        assert steps(rig)[-1] == "Installed"


@pytest.mark.spec("OCPP 1.6 §5.19 (as soon as it is able to)")
@virtual
async def test_nothing_is_installed_while_the_power_goes() -> None:
    async with Rig(transfers=server()) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await update(rig)
        await rig.until(lambda: steps(rig)[-1:] == ["Downloaded"])
        await rig.host.stop()
        assert steps(rig) == ["Downloading", "Downloaded"]


@pytest.mark.spec("OCPP 1.6 §9.1.28, errata 3.90")
@virtual
async def test_the_function_is_announced() -> None:
    async with Rig() as rig:
        await rig.boot()
        keys = ["SupportedFeatureProfiles", "SupportedFileTransferProtocols"]
        found = {
            row["key"]: row["value"] for row in (await rig.call("GetConfiguration", {"key": keys}))["configurationKey"]
        }
        assert "FirmwareManagement" in found["SupportedFeatureProfiles"].split(",")
        assert {"FTP", "FTPS", "HTTP", "HTTPS"} == set(found["SupportedFileTransferProtocols"].split(","))
