"""Block A as far as it stands: Basic authentication, TLS with the server's certificate, and the security profile."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from station.net import DialFailed
from station.net.errors import FailureKind
from station.net.tls import classify
from tests.conformance.v201.flows import get_variable, report, set_variables, station, statuses
from tests.support.rig import Rig, virtual
from tests.support.tls_memory import handshake, serving

OLD = "0123456789abcdef"
NEW = "fedcba9876543210"
BASIC = {
    "csms": {
        "url": "ws://csms.test/ocpp",
        "versions": ["ocpp2.0.1"],
        "ping": "0s",
        "security": {"password": OLD},
    }
}


def credentials(rig: Rig) -> tuple[str, str]:
    """User and password of the last upgrade request."""
    basic = rig.targets[-1].basic_auth
    assert basic is not None
    return basic.user, str(basic.password)


@pytest.mark.case("TC_A_01_CS", "2.0.1")
@pytest.mark.spec("A00.FR.202", "A00.FR.203", "A00.FR.204", "A00.FR.205")
@station(profile=BASIC)
async def test_tc_a_01_basic_authentication(rig: Rig) -> None:
    assert rig.targets[-1].url.endswith("/CP-1")
    assert credentials(rig) == ("CP-1", OLD)
    assert statuses(rig) == [(1, 1, "Available")]


@pytest.mark.case("TC_A_09_CS", "2.0.1")
@pytest.mark.spec("A01.FR.01", "A01.FR.11", "A01.FR.12")
@station(profile=BASIC)
async def test_tc_a_09_new_password_is_used_from_then_on(rig: Rig) -> None:
    results = await set_variables(rig, SecurityCtrlr__BasicAuthPassword=NEW)
    assert results[0]["attributeStatus"] == "Accepted"
    await rig.until(lambda: len(rig.targets) == 2)
    assert credentials(rig) == ("CP-1", NEW)
    await rig.until(lambda: rig.host.status()["online"])
    assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.case("TC_A_10_CS", "2.0.1")
@pytest.mark.spec("A01.FR.01", "A01.FR.11", "A01.FR.12")
@station(profile=BASIC)
async def test_tc_a_10_short_password_is_rejected(rig: Rig) -> None:
    results = await set_variables(rig, SecurityCtrlr__BasicAuthPassword="short")
    assert results[0]["attributeStatus"] == "Rejected"
    rig.lose_connection()
    await rig.until(lambda: len(rig.targets) == 2)
    assert credentials(rig) == ("CP-1", OLD)


@pytest.mark.spec("B06.FR.09", "B08.FR.12")
@station(profile=BASIC)
async def test_the_password_cannot_be_read(rig: Rig) -> None:
    assert (await get_variable(rig, "SecurityCtrlr.BasicAuthPassword"))["attributeStatus"] == "Rejected"
    lines = await report(rig, "GetBaseReport", reportBase="FullInventory")
    mine = next(line for line in lines if line["variable"]["name"] == "BasicAuthPassword")
    assert mine["variableAttribute"][0]["mutability"] == "WriteOnly"
    assert "value" not in mine["variableAttribute"][0]


class TlsRig(Rig):
    """A CSMS whose end shakes hands before it takes an upgrade: with each of ``servers`` once, then with the last."""

    def __init__(self, profile: dict[str, Any], servers: list[ssl.SSLContext]) -> None:
        super().__init__("2.0.1", profile)
        self.servers = servers

    def _accept(self, target: Any, end: Any) -> Any:
        server = self.servers.pop(0) if len(self.servers) > 1 else self.servers[0]
        self.refuse = None
        try:
            handshake(target.ssl_context, server)
        except ssl.SSLError as error:
            failure = classify(error)
            self.refuse = DialFailed(FailureKind.TLS, failure.sentence, "", tls_event=failure.event)
        return super()._accept(target, end)


def secured(tmp_path: Path, authority: trustme.CA, **more: Any) -> dict[str, Any]:
    """A profile with security profile 2 that trusts this authority only."""
    root = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(root))
    security = {"password": OLD, "ca": str(root), **more}
    return {"csms": {**BASIC["csms"], "url": "wss://csms.test/ocpp", "security": security}}


async def level(rig: Rig) -> str:
    """SecurityCtrlr.SecurityProfile."""
    value: str = (await get_variable(rig, "SecurityCtrlr.SecurityProfile"))["attributeValue"]
    return value


@pytest.mark.case("TC_A_04_CS", "2.0.1")
@pytest.mark.spec("A00.FR.309", "A00.FR.312", "A00.FR.313", "A00.FR.319", "A00.FR.321")
@virtual
async def test_tc_a_04_valid_server_certificate(tmp_path: Path) -> None:
    authority = trustme.CA()
    async with TlsRig(secured(tmp_path, authority), [serving(authority, "csms.test")]) as rig:
        await rig.boot()
        assert len(rig.targets) == 1
        assert rig.targets[0].url == "wss://csms.test/ocpp/CP-1"
        assert credentials(rig) == ("CP-1", OLD)
        assert statuses(rig) == [(1, 1, "Available")]
        assert await level(rig) == "2"


YESTERDAY = datetime.now(UTC) - timedelta(days=1)


async def security_events(rig: Rig) -> list[str]:
    """The types of the security events that the CSMS was told, in order."""
    await rig.quiet()
    return [event["type"] for event in rig.heard_all("SecurityEventNotification")]


@pytest.mark.case("TC_A_05_CS", "2.0.1")
@pytest.mark.spec("A00.FR.309", "A00.FR.310", "A00.FR.311", "A00.FR.412", "A00.FR.413", "A04.FR.02")
@pytest.mark.parametrize(
    ("wrong", "said"), [("issuer", "unknown here"), ("name", "another host name"), ("expired", "has expired")]
)
@virtual
async def test_tc_a_05_invalid_server_certificate(tmp_path: Path, wrong: str, said: str) -> None:
    authority = trustme.CA()
    bad = {
        "issuer": lambda: serving(trustme.CA(), "csms.test"),
        "name": lambda: serving(authority, "other.test"),
        "expired": lambda: serving(authority, "csms.test", not_after=YESTERDAY),
    }[wrong]()
    async with TlsRig(secured(tmp_path, authority), [bad, serving(authority, "csms.test")]) as rig:
        await rig.boot()
        assert len(rig.targets) == 2
        (error,) = rig.told("error")
        assert said in error["message"]
        assert statuses(rig) == [(1, 1, "Available")]
        assert await security_events(rig) == ["StartupOfTheDevice", "InvalidCsmsCertificate"]


@pytest.mark.case("TC_A_06_CS", "2.0.1")
@pytest.mark.spec("A00.FR.314", "A00.FR.316", "A00.FR.416", "A00.FR.417", "A00.FR.419")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@virtual
async def test_tc_a_06_tls_version_too_low(tmp_path: Path) -> None:
    authority = trustme.CA()
    old, new = serving(authority, "csms.test"), serving(authority, "csms.test")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    new.minimum_version = new.maximum_version = ssl.TLSVersion.TLSv1_2
    async with TlsRig(secured(tmp_path, authority), [old, new]) as rig:
        await rig.boot()
        assert len(rig.targets) == 2
        (error,) = rig.told("error")
        assert "TLS older than 1.2" in error["message"]
        assert await security_events(rig) == ["StartupOfTheDevice", "InvalidTLSVersion"]


@pytest.mark.case("TC_A_22_CS", "2.0.1")
@pytest.mark.spec("A05.FR.01", "B09.FR.04")
@virtual
async def test_tc_a_22_downgrade_of_the_security_profile_is_rejected(tmp_path: Path) -> None:
    authority = trustme.CA()
    async with TlsRig(secured(tmp_path, authority), [serving(authority, "csms.test")]) as rig:
        await rig.boot()
        data = {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "ws://csms.test/ocpp",
            "messageTimeout": 30,
            "securityProfile": 1,
            "ocppInterface": "Wired0",
        }
        answer = await rig.call("SetNetworkProfile", {"configurationSlot": 2, "connectionData": data})
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "ValueTooLow")
        for other in ("1", "3"):
            (result,) = await set_variables(rig, SecurityCtrlr__SecurityProfile=other)
            assert (result["attributeStatus"], result["attributeStatusInfo"]["reasonCode"]) == ("Rejected", "ReadOnly")
        await rig.wait(60)
        assert len(rig.targets) == 1
        assert await level(rig) == "2"
