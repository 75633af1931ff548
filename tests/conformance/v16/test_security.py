"""Basic authentication and the security profile, by what the station dials with."""

from __future__ import annotations

import ssl
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from station.core.events import SetVariables
from station.net.tls import TlsSettings, client_context
from tests.support.fake_ca import Authority
from tests.support.rig import Rig, virtual
from tests.support.tls_memory import handshake, serving

OLD, NEW = "0123456789abcdef0123", "fedcba9876543210fedc"


def secured(**security: Any) -> dict[str, Any]:
    """A profile with security settings."""
    url = "ws://csms.test/ocpp"
    return {"csms": {"url": url, "versions": ["ocpp1.6"], "ping": "0s", "security": security}}


async def change(rig: Rig, key: str, value: str) -> str:
    """ChangeConfiguration; the status of the answer."""
    status: str = (await rig.call("ChangeConfiguration", {"key": key, "value": value}))["status"]
    return status


@pytest.mark.case("TC_085_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.202", "Security WP A00.FR.203", "Security WP A00.FR.204")
@virtual
async def test_tc_085_basic_authentication() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        auth = rig.targets[0].basic_auth
        assert auth is not None
        assert (auth.user, auth.password) == ("CP-1", OLD)
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        assert rig.targets[1].basic_auth == auth
        shown = await rig.call("GetConfiguration", {"key": ["SecurityProfile", "AuthorizationKey"]})
        assert shown["configurationKey"][0]["value"] == "1"
        assert shown["unknownKey"] == ["AuthorizationKey"]


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A01.FR.02", "Security WP A01.FR.03", "Security WP §7.2")
@pytest.mark.parametrize("password", [NEW, "pass phrase: 100 % §/#?"])
@virtual
async def test_tc_073_update_of_the_password(password: str) -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        assert await change(rig, "AuthorizationKey", password) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        auth = rig.targets[1].basic_auth
        assert auth is not None
        assert auth.password == password
        await rig.wait(5)
        assert len(rig.heard_all("BootNotification")) == 1
        await rig.do("power_cycle")
        await rig.until(lambda: len(rig.targets) == 3)
        assert rig.targets[2].basic_auth == auth


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A01.FR.02")
@pytest.mark.parametrize("password", ["", "short", "x" * 41, "0123456789abcdef\r\nX: y"])
@virtual
async def test_tc_073_a_password_that_cannot_be_one_is_rejected(password: str) -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        assert await change(rig, "AuthorizationKey", password) == "Rejected"
        await rig.wait(5)
        assert len(rig.targets) == 1


@pytest.mark.case("TC_084_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.01")
@virtual
async def test_tc_084_downgrade_of_the_security_profile_is_rejected() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        for same_or_lower in ("1", "0"):
            assert await change(rig, "SecurityProfile", same_or_lower) == "Rejected"
        await rig.wait(5)
        assert len(rig.targets) == 1


@pytest.mark.case("TC_084_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.005")
@pytest.mark.parametrize("key", ["securityprofile", "SecurityCtrlr.SecurityProfile", "AllowSecurityProfileDowngrade"])
@virtual
async def test_tc_084_no_key_lowers_the_security_profile(key: str) -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        for value in ("0", " 0", "00", "-1", "true"):
            assert await change(rig, key, value) in ("Rejected", "NotSupported")
        shown = await rig.call("GetConfiguration", {"key": ["SecurityProfile"]})
        assert shown["configurationKey"][0]["value"] == "1"


@pytest.mark.spec("Security WP A01.FR.06")
@virtual
async def test_the_password_is_never_told() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {})
        assert OLD not in str(answer)
        assert OLD not in str(rig.host.status())
        assert OLD not in str(rig.events)


def tls_profile(tmp_path: Path, authority: trustme.CA, **more: Any) -> dict[str, Any]:
    """A profile that trusts this authority only."""
    root = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(root))
    return {
        "csms": {
            "url": "wss://csms.test/ocpp",
            "versions": ["ocpp1.6"],
            "ping": "0s",
            "security": {"ca": str(root), **more},
        }
    }


@pytest.mark.case("TC_086_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.306", "Security WP A00.FR.309", "Security WP A00.FR.313")
@virtual
async def test_tc_086_tls_with_a_server_side_certificate(tmp_path: Path) -> None:
    authority = trustme.CA()
    async with Rig(profile=tls_profile(tmp_path, authority, password=OLD)) as rig:
        await rig.boot()
        target = rig.targets[0]
        assert target.url.startswith("wss://")
        assert target.basic_auth is not None
        assert target.ssl_context is not None
        assert target.ssl_context.minimum_version >= ssl.TLSVersion.TLSv1_2
        handshake(target.ssl_context, serving(authority, "csms.test"))
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(target.ssl_context, serving(trustme.CA(), "csms.test"))
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(target.ssl_context, serving(authority, "other.test"))


@pytest.mark.case("TC_086_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.308", "Security WP A00.FR.412", "Security WP A00.FR.510")
@pytest.mark.parametrize(("common_name", "taken"), [("csms.test", True), ("other.test", False), ("csms", False)])
def test_tc_086_the_common_name_is_the_name_of_the_csms(tmp_path: Path, common_name: str, taken: bool) -> None:
    root = Authority()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*root.pair(tmp_path, "server", common_name))
    station = client_context(TlsSettings((root.write(tmp_path / "root.pem"),)))
    with nullcontext() if taken else pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(station, server)


@pytest.mark.case("TC_086_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.501", "Security WP A00.FR.502")
def test_tc_086_a_server_with_a_weak_key_is_not_taken(tmp_path: Path) -> None:
    root = Authority()
    key = rsa.generate_private_key(65537, 1024)
    chain = tmp_path / "weak.pem"
    chain.write_bytes(
        root.issue(key.public_key(), "csms.test").public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.load_cert_chain(chain)
    station = client_context(TlsSettings((root.write(tmp_path / "root.pem"),)))
    with pytest.raises(ssl.SSLCertVerificationError, match="key too weak"):
        handshake(station, server)


@pytest.mark.case("TC_087_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.401", "Security WP A00.FR.402")
@virtual
async def test_tc_087_tls_with_a_client_side_certificate(tmp_path: Path) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("CP-1")
    cert, key = tmp_path / "station.pem", tmp_path / "station.key"
    own.cert_chain_pems[0].write_to_path(str(cert))
    own.private_key_pem.write_to_path(str(key))
    async with Rig(profile=tls_profile(tmp_path, authority, cert=str(cert), key=str(key))) as rig:
        await rig.boot()
        context = rig.targets[0].ssl_context
        assert context is not None
        assert rig.targets[0].basic_auth is None
        server = serving(authority, "csms.test")
        server.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(server)
        peer = handshake(context, server)
        shown = peer.getpeercert()
        assert shown is not None
        assert ("DNS", "cp-1") in shown["subjectAltName"]
        answer = await rig.call("GetConfiguration", {"key": ["SecurityProfile"]})
        assert answer["configurationKey"][0]["value"] == "3"


def upgradable(tmp_path: Path, **more: Any) -> dict[str, Any]:
    """A station with security profile 1 that has what profile 2 needs."""
    made = tls_profile(tmp_path, trustme.CA(), password=OLD, profile=1, **more)
    made["csms"]["url"] = "ws://csms.test/ocpp"
    return made


@pytest.mark.case("TC_083_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.05", "Security WP A05.FR.06", "Security WP A05.FR.07")
@virtual
async def test_tc_083_upgrade_of_the_security_profile(tmp_path: Path) -> None:
    async with Rig(profile=upgradable(tmp_path)) as rig:
        await rig.boot()
        assert await change(rig, "SecurityProfile", "2") == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        target = rig.targets[1]
        assert target.url == "wss://csms.test/ocpp/CP-1"
        assert target.ssl_context is not None
        assert target.basic_auth is not None
        await rig.wait(60)
        assert len(rig.targets) == 2
        assert len(rig.heard_all("BootNotification")) == 1
        assert await change(rig, "SecurityProfile", "1") == "Rejected"
        await rig.do("power_cycle")
        await rig.until(lambda: len(rig.targets) == 3)
        assert rig.targets[2].url == target.url


@pytest.mark.case("TC_083_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.08")
@virtual
async def test_tc_083_a_profile_that_does_not_connect_gives_way_to_the_old_one(tmp_path: Path) -> None:
    async with Rig(profile=upgradable(tmp_path)) as rig:
        await rig.boot()
        assert await change(rig, "SecurityProfile", "2") == "Accepted"
        rig.refuse_with(401)
        await rig.until(lambda: rig.targets[-1].url.startswith("wss:"))
        await rig.until(lambda: rig.targets[-1].url.startswith("ws:"))
        rig.refuse = None
        await rig.until(lambda: rig.connected)
        shown = await rig.call("GetConfiguration", {"key": ["SecurityProfile"]})
        assert shown["configurationKey"][0]["value"] == "1"
        await rig.wait(60)
        assert rig.targets[-1].url == "ws://csms.test/ocpp/CP-1"


@pytest.mark.case("TC_083_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.08")
@virtual
async def test_tc_083_a_power_cut_on_the_way_does_not_leave_it_stuck(tmp_path: Path) -> None:
    async with Rig(profile=upgradable(tmp_path)) as rig:
        await rig.boot()
        assert await change(rig, "SecurityProfile", "2") == "Accepted"
        rig.refuse_with(401)
        await rig.until(lambda: rig.targets[-1].url.startswith("wss:"))
        await rig.do("power_cycle")
        await rig.until(lambda: rig.host.runner.boots == 2)
        dials = len(rig.targets)
        await rig.until(lambda: len(rig.targets) > dials)
        assert rig.targets[dials].url.startswith("wss:"), "the new one is tried again first"
        await rig.until(lambda: rig.targets[-1].url.startswith("ws:"))
        rig.refuse = None
        await rig.until(lambda: rig.connected)
        shown = await rig.call("GetConfiguration", {"key": ["SecurityProfile"]})
        assert shown["configurationKey"][0]["value"] == "1"
        await rig.do("power_cycle")
        await rig.until(lambda: rig.connected and rig.host.runner.boots == 3)
        assert rig.targets[-1].url.startswith("ws:")


@pytest.mark.case("TC_083_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.08")
@virtual
async def test_tc_083_a_trial_waits_while_the_owner_keeps_it_offline(tmp_path: Path) -> None:
    async with Rig(profile=upgradable(tmp_path)) as rig:
        await rig.boot()
        assert await change(rig, "SecurityProfile", "2") == "Accepted"
        await rig.do("go_offline")
        await rig.wait(120)
        await rig.do("come_online")
        await rig.until(lambda: rig.connected)
        assert rig.targets[-1].url.startswith("wss:")
        await rig.do("go_offline")
        rig.refuse_with(503)
        await rig.do("come_online")
        await rig.wait(300)
        assert all(target.url.startswith("wss:") for target in rig.targets[1:]), "it has connected once"


class RaisingRig(Rig):
    """The owner raises the security profile while the first dial is under way."""

    def _accept(self, target: Any, end: Any) -> Any:
        if not self.targets:
            change = (("SecurityCtrlr.SecurityProfile", "Actual", "2"),)
            self.host.runner.feed(SetVariables(None, change, "manufacturer"))
        return super()._accept(target, end)


@pytest.mark.spec("Security WP A00.FR.001")
@virtual
async def test_a_profile_raised_during_a_dial_is_dialled_anew(tmp_path: Path) -> None:
    async with RaisingRig(profile=upgradable(tmp_path)) as rig:
        rig.host.start()
        await rig.until(lambda: len(rig.targets) == 2 and rig.connected)
        await rig.wait(60)
        assert [target.url.partition(":")[0] for target in rig.targets] == ["ws", "wss"]
        assert rig.host.runner.engine.station.trial.previous is None


@pytest.mark.case("TC_083_CS", "1.6")
@pytest.mark.spec("Security WP A01", "Security WP A05.FR.05", "Security WP A05.FR.07")
@virtual
async def test_tc_083_from_no_security_to_basic_authentication() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await change(rig, "SecurityProfile", "1") == "Rejected"
        assert await change(rig, "AuthorizationKey", NEW) == "Accepted"
        await rig.wait(30)
        assert len(rig.targets) == 1, "a password that is not used yet ends no connection"
        assert await change(rig, "SecurityProfile", "1") == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2 and rig.connected)
        auth = rig.targets[1].basic_auth
        assert auth is not None
        assert auth.password == NEW


HEXADECIMAL = "4f43415f4f4354545f61646d696e5f74657374"


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.205", "OCPP-J 1.6 errata 3.12")
@virtual
async def test_tc_073_a_key_in_hexadecimal_is_the_password_it_stands_for() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        assert await change(rig, "AuthorizationKey", HEXADECIMAL) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        auth = rig.targets[1].basic_auth
        assert auth is not None
        assert auth.password == b"OCA_OCTT_admin_test"
        assert HEXADECIMAL not in str(rig.events)


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A01.FR.03")
@virtual
async def test_tc_073_a_csms_that_takes_the_key_as_it_is_written_is_served_too() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        rig.refuse_with(401)
        assert await change(rig, "AuthorizationKey", HEXADECIMAL) == "Accepted"
        await rig.until(lambda: len(rig.targets) >= 3)
        used = [target.basic_auth.password for target in rig.targets[1:3] if target.basic_auth]
        assert used == [bytes.fromhex(HEXADECIMAL), HEXADECIMAL]
        rig.refuse = None
        await rig.until(lambda: rig.connected)
        last = rig.targets[-1].basic_auth
        rig.lose_connection()
        await rig.until(lambda: rig.connected)
        assert rig.targets[-1].basic_auth == last, "what has worked is kept"


@pytest.mark.spec("OCPP 2.0.1 A00.FR.205")
@virtual
async def test_in_2_0_1_a_password_is_what_it_is() -> None:
    profile = {"csms": {"url": "ws://csms.test/ocpp", "versions": ["ocpp2.0.1"], "security": {"password": OLD}}}
    async with Rig("2.0.1", profile=profile) as rig:
        await rig.boot()
        await rig.do("set_config", key="SecurityCtrlr.BasicAuthPassword", value=HEXADECIMAL)
        await rig.until(lambda: len(rig.targets) == 2)
        auth = rig.targets[1].basic_auth
        assert auth is not None
        assert auth.password == HEXADECIMAL


@pytest.mark.case("TC_083_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.01", "Security WP A05.FR.08")
@virtual
async def test_tc_083_a_profile_that_has_connected_outlasts_an_outage(tmp_path: Path) -> None:
    async with Rig(profile=upgradable(tmp_path)) as rig:
        await rig.boot()
        assert await change(rig, "SecurityProfile", "2") == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        rig.refuse_with(503)
        rig.lose_connection()
        await rig.wait(60)
        rig.refuse = None
        await rig.until(lambda: rig.connected)
        assert all(target.url.startswith("wss:") for target in rig.targets[1:])
        shown = await rig.call("GetConfiguration", {"key": ["SecurityProfile"]})
        assert shown["configurationKey"][0]["value"] == "2"


@pytest.mark.spec("Security WP A05.FR.02", "Security WP A05.FR.03", "Security WP A05.FR.04")
@pytest.mark.parametrize(("security", "level"), [({}, "1"), ({}, "2"), ({"password": OLD}, "2"), ({}, "3")])
@virtual
async def test_a_security_profile_without_what_it_needs_is_rejected(security: dict[str, Any], level: str) -> None:
    async with Rig(profile=secured(**security)) as rig:
        await rig.boot()
        before = await rig.call("GetConfiguration", {"key": ["SecurityProfile"]})
        assert await change(rig, "SecurityProfile", level) == "Rejected"
        await rig.wait(5)
        assert len(rig.targets) == 1
        assert await rig.call("GetConfiguration", {"key": ["SecurityProfile"]}) == before
