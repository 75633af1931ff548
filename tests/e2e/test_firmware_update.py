"""Firmware updates and log uploads of the program itself: real servers, a real installer, real reboots."""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.support.file_servers import LOGIN, ftp_server, http_server, sftp_server
from tests.support.firmware_signing import Manufacturer
from tests.support.station_process import StationProcess
from tests.support.strict_csms import StrictCsms

CP = "CP-1"
PAST = "2020-01-01T00:00:00Z"
FIRMWARE = b"new firmware\n" * 100_000

PROFILE = """
station: {{id: CP-1, vendor: Acme, model: Wallbox, firmware: 1.0.0}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s, doubles: 1}}}}
store: {where}/station.db
control: off
reboot: {{takes: 300ms, real: {real}}}
firmware: {{takes: 200ms, installer: {installer}}}
certificates: {{manufacturer: [{where}/fw-root.pem]}}
"""

INSTALLER = """#!/bin/sh
echo "arguments: $#"
cp "$1" {where}/installed.bin
env > {where}/environment
{more}
echo "version: 2.0.0"
"""


class Site:
    """A station's folder: profile, manufacturer, installer, files on a server."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.files = where / "files"
        self.files.mkdir()
        (self.files / "fw.bin").write_bytes(FIRMWARE)
        self.maker = Manufacturer()
        (where / "fw-root.pem").write_text(self.maker.root_pem)

    def installer(self, more: str = "") -> str:
        """A program that installs."""
        program = self.where / "install.sh"
        program.write_text(INSTALLER.format(where=self.where, more=more))
        program.chmod(0o755)
        return f"{{exec: {program}}}"

    def station(self, csms: StrictCsms, version: str = "1.6", **options: str) -> StationProcess:
        """The program."""
        values = {"installer": "simulated", "real": "no", **options}
        path = self.where / "station.yaml"
        path.write_text(PROFILE.format(url=csms.url, version=version, where=self.where, **values))
        return StationProcess(self.where, str(path), "--control", "stdio", CSMS_PASSWORD="secret-of-the-profile")

    def signed(self, url: str, content: bytes = FIRMWARE) -> dict[str, Any]:
        """FirmwareType."""
        return {
            "location": url,
            "retrieveDateTime": PAST,
            "signingCertificate": self.maker.signer(),
            "signature": self.maker.signature(content),
        }


def steps(csms: StrictCsms) -> list[str]:
    """The statuses of the update, in order."""
    names = ("FirmwareStatusNotification", "SignedFirmwareStatusNotification")
    return [told["status"] for name in names for told in csms.requests(name)]


async def until(csms: StrictCsms, action: str, status: str) -> None:
    """Wait for a status."""
    await csms.wait_for(action, lambda told: told["status"] == status, timeout_s=30)


SECURE = "SignedFirmwareStatusNotification"


def test_a_download_that_breaks_off_goes_on_and_a_program_installs_it(tmp_path: Path) -> None:
    site = Site(tmp_path)

    async def scenario() -> None:
        async with (
            StrictCsms() as csms,
            http_server(site.files, cut_after=len(FIRMWARE) // 3) as files,
            site.station(csms, installer=site.installer()) as cp,
        ):
            await cp.do("connect")
            url = f"http://127.0.0.1:{files.port}/fw.bin"
            request = {"requestId": 3, "retries": 3, "retryInterval": 1, "firmware": site.signed(url)}
            assert await csms.call(CP, "SignedUpdateFirmware", request) == {"status": "Accepted"}
            await cp.until(lambda: files.requests)
            files.cut_after = None
            await until(csms, SECURE, "Installed")
            assert (tmp_path / "installed.bin").read_bytes() == FIRMWARE
            assert files.requests[-1].headers["Range"].startswith("bytes=")
            assert "secret-of-the-profile" not in (tmp_path / "environment").read_text()
            assert steps(csms) == [
                "Downloading",
                "Downloaded",
                "SignatureVerified",
                "Installing",
                "InstallRebooting",
                "Installed",
            ]
            assert [boot["firmwareVersion"] for boot in csms.requests("BootNotification")] == ["1.0.0", "2.0.0"]
            await csms.wait_for("SecurityEventNotification", lambda event: event["type"] == "FirmwareUpdated")
            csms.assert_clean()

    asyncio.run(scenario())


def test_a_wrong_signature_installs_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path)

    async def scenario() -> None:
        async with (
            StrictCsms() as csms,
            http_server(site.files) as files,
            site.station(csms, installer=site.installer()) as cp,
        ):
            await cp.do("connect")
            firmware = site.signed(f"http://127.0.0.1:{files.port}/fw.bin", b"another file")
            assert await csms.call(CP, "SignedUpdateFirmware", {"requestId": 3, "firmware": firmware}) == {
                "status": "Accepted"
            }
            await until(csms, SECURE, "InvalidSignature")
            await asyncio.sleep(0.5)
            assert steps(csms) == ["Downloading", "Downloaded", "InvalidSignature"]
            assert not (tmp_path / "installed.bin").exists()
            csms.assert_clean()

    asyncio.run(scenario())


@pytest.mark.parametrize("more", ["exit 3", "kill -9 $$"])
def test_an_installer_that_fails(tmp_path: Path, more: str) -> None:
    site = Site(tmp_path)

    async def scenario() -> None:
        async with (
            StrictCsms() as csms,
            http_server(site.files) as files,
            site.station(csms, installer=site.installer(more)) as cp,
        ):
            await cp.do("connect")
            location = f"http://127.0.0.1:{files.port}/fw.bin"
            await csms.call(CP, "UpdateFirmware", {"location": location, "retrieveDate": PAST})
            await until(csms, "FirmwareStatusNotification", "InstallationFailed")
            assert steps(csms) == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]

    asyncio.run(scenario())


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_real_reboot_tells_the_end_of_the_update(tmp_path: Path, version: str) -> None:
    site = Site(tmp_path)
    (site.files / "wallbox-3.1.0.bin").write_bytes(FIRMWARE)

    async def scenario() -> None:
        async with StrictCsms() as csms, http_server(site.files) as files:
            firmware = site.signed(f"http://127.0.0.1:{files.port}/wallbox-3.1.0.bin")
            action = "SignedUpdateFirmware" if version == "1.6" else "UpdateFirmware"
            told = SECURE if version == "1.6" else "FirmwareStatusNotification"
            async with site.station(csms, version, real="yes") as cp:
                await cp.do("connect")
                answer = await csms.call(CP, action, {"requestId": 8, "firmware": firmware})
                assert answer["status"] == "Accepted"
                await until(csms, told, "InstallRebooting")
                assert await cp.ended() == 0
            async with site.station(csms, version, real="yes") as cp:
                await cp.do("connect")
                await until(csms, told, "Installed")
                assert {one["requestId"] for one in csms.requests(told)} == {8}
                boot = csms.requests("BootNotification")[-1]
                if version == "1.6":
                    assert boot["firmwareVersion"] == "3.1.0"
                else:
                    assert boot["reason"] == "FirmwareUpdate"
                    assert boot["chargingStation"]["firmwareVersion"] == "3.1.0"
            csms.assert_clean()

    asyncio.run(scenario())


def test_a_station_that_is_killed_while_it_installs_says_so_afterwards(tmp_path: Path) -> None:
    site = Site(tmp_path)

    async def scenario() -> None:
        async with StrictCsms() as csms, http_server(site.files) as files:
            location = f"http://127.0.0.1:{files.port}/fw.bin"
            async with site.station(csms, installer=site.installer("sleep 3")) as cp:
                await cp.do("connect")
                await csms.call(CP, "UpdateFirmware", {"location": location, "retrieveDate": PAST})
                await until(csms, "FirmwareStatusNotification", "Installing")
                await asyncio.sleep(0.5)  # what is not known to have arrived is told again
                await cp.kill()
            async with site.station(csms) as cp:
                await cp.do("connect")
                await until(csms, "FirmwareStatusNotification", "InstallationFailed")
                assert steps(csms) == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]

    asyncio.run(scenario())


def test_firmware_by_ftp_and_logs_by_every_way(tmp_path: Path) -> None:
    site = Site(tmp_path)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "fw.bin").write_bytes(FIRMWARE)

    async def scenario() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        with ftp_server(taken) as ftp:
            async with (
                StrictCsms() as csms,
                http_server(taken) as http,
                sftp_server(taken, key) as sftp,
                site.station(csms) as cp,
            ):
                await cp.do("connect")
                names = []
                for number, url in enumerate(
                    (
                        f"http://127.0.0.1:{http.port}/",
                        f"ftp://{LOGIN}@127.0.0.1:{ftp.port}/",
                        f"sftp://{LOGIN}@127.0.0.1:{sftp.port}/",
                    )
                ):
                    log = {"remoteLocation": url}
                    request = {"logType": "DiagnosticsLog", "requestId": number, "log": log, "retries": 0}
                    answer = await csms.call(CP, "GetLog", request)
                    assert answer["status"] == "Accepted"
                    await csms.wait_for(
                        "LogStatusNotification", lambda t, n=number: t == {"status": "Uploaded", "requestId": n}
                    )
                    with tarfile.open(taken / answer["filename"]) as archive:
                        names.append(archive.getnames())
                    (taken / answer["filename"]).unlink()
                assert all("station.log" in found for found in names)
                location = f"ftp://{LOGIN}@127.0.0.1:{ftp.port}/fw.bin"
                await csms.call(CP, "UpdateFirmware", {"location": location, "retrieveDate": PAST})
                await until(csms, "FirmwareStatusNotification", "Installed")
                assert await cp.stop() == 0
                csms.assert_clean()
        assert (tmp_path / "station.d" / "logs" / "station.log").stat().st_size > 0

    asyncio.run(scenario())
