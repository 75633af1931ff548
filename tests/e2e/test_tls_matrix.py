"""Security profiles 0 to 3 over real sockets: what connects, what does not, what is told and what `csms check` says."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from station.cli.csms_check import CheckOptions, check
from station.cli.exit_codes import ExitCode
from station.config import from_mapping
from station.host.host import Host
from tests.support.pki import HOST, STATION, lab, station_profile, tls_server
from tests.support.scripted_csms import ScriptedCsms
from tests.support.ws_peer import WsPeer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PASSWORD = "0123456789-abcdefgh"
OLD, TLS12, TLS13 = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
WEAK = "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:AES128-SHA"


class GuardedPeer(WsPeer):
    """A CSMS that wants a password where ``password`` is one, and no credentials else (A00.FR.002)."""

    password: str | None = None

    async def _request(self, connection: Any, request: Any) -> Any:
        given = request.headers.get("Authorization")
        wanted = None
        if self.password is not None:
            wanted = "Basic " + base64.b64encode(f"{STATION}:{self.password}".encode()).decode()
        answer = await super()._request(connection, request)
        return answer if given == wanted else connection.respond(401, "who are you\n")


@dataclass(frozen=True)
class Good:
    """A set-up that connects. ``server`` and ``version`` None: no TLS."""

    profile: int
    server: str | None = None
    version: ssl.TLSVersion | None = None
    suites: str | None = None
    client: str = "station"

    def context(self) -> ssl.SSLContext | None:
        if self.server is None:
            return None
        return lab().server(self.server, version=self.version, suites=self.suites, asks=self.profile == 3)


GOOD = {
    "0": Good(0),
    "1": Good(1),
    "2, TLS 1.2": Good(2, "server", TLS12),
    "2, TLS 1.3": Good(2, "server", TLS13),
    "2, RSA": Good(2, "server-rsa", TLS12),
    "2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": Good(2, "server", TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    "2, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": Good(2, "server", TLS12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    "2, TLS_RSA_WITH_AES_128_GCM_SHA256": Good(2, "server-rsa", TLS12, "AES128-GCM-SHA256"),
    "2, TLS_RSA_WITH_AES_256_GCM_SHA384": Good(2, "server-rsa", TLS12, "AES256-GCM-SHA384"),
    "3, TLS 1.2": Good(3, "server", TLS12),
    "3, TLS 1.3": Good(3, "server", TLS13),
    "3, RSA": Good(3, "server-rsa", TLS12, None, "station-rsa"),
}


@dataclass(frozen=True)
class Bad:
    """A set-up that does not connect.

    Attributes:
        server: the certificate that the CSMS shows.
        client: the station's own, or None.
        told: the security events in the station's log.
        says, hint: what `station csms check` says and what it tells to try.
        verified: whether the station's side of the handshake succeeds, so that a request may follow (TLS 1.3).
    """

    told: tuple[str, ...]
    says: str
    hint: str
    server: str = "server"
    client: str | None = None
    version: ssl.TLSVersion | None = None
    suites: str | None = None
    verified: bool = False


_UNTRUSTED = ("InvalidCsmsCertificate", "CsmsFailedToAuthenticate")
_REFUSED = ("FailedToAuthenticateAtCsms",)
BAD_SERVERS = {
    "expired": Bad(_UNTRUSTED, "has expired", "clock", "bad-server-expired"),
    "not yet valid": Bad(_UNTRUSTED, "not valid yet", "clock", "bad-server-not-yet"),
    "wrong host": Bad(_UNTRUSTED, "another host name", "host_name", "bad-server-wrong-host"),
    "unknown CA": Bad(_UNTRUSTED, "issuer of the server's certificate is unknown", "--ca", "bad-server-unknown-ca"),
    "old TLS": Bad(("InvalidTLSVersion",), "older than 1.2", "TLS 1.2", version=OLD, suites="ALL:@SECLEVEL=0"),
    "weak suites": Bad(("InvalidTLSCipherSuite",), "cipher suite", "AES-GCM", version=TLS12, suites=WEAK),
}
BAD_CLIENTS = {
    "no certificate, TLS 1.3": Bad(_REFUSED, "wants a client certificate", "--cert", version=TLS13, verified=True),
    "unknown CA, TLS 1.2": Bad(_REFUSED, "does not accept", "trusts", "server", "bad-station-unknown-ca", TLS12),
    "unknown CA, TLS 1.3": Bad(
        _REFUSED, "does not accept", "trusts", "server", "bad-station-unknown-ca", TLS13, verified=True
    ),
    "expired, TLS 1.2": Bad(_REFUSED, "does not accept", "expired", "server", "bad-station-expired", TLS12),
}
BAD = {
    **{("2", name): bad for name, bad in BAD_SERVERS.items()},
    **{("3", name): replace(bad, client="station") for name, bad in BAD_SERVERS.items()},
    **{("3", name): bad for name, bad in BAD_CLIENTS.items()},
}


class Running:
    """A station on the running loop."""

    def __init__(self, url: str, **security: Any) -> None:
        profile = from_mapping(station_profile(url, **security), Path("/nonexistent"), env={}).profile
        self.events: list[dict[str, Any]] = []
        self.host = Host(profile, seed="matrix")
        self.host.subscribe(self.events.append, None)

    async def __aenter__(self) -> Running:
        self.host.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.host.stop()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)

    def log(self) -> tuple[str, ...]:
        """The types in the security log, without those of the boot."""
        entries = self.host.runner.engine.station.security.entries
        return tuple(entry.type for entry in entries if entry.type != "StartupOfTheDevice")

    def failures(self) -> list[dict[str, Any]]:
        return [event["data"] for event in self.events if event["event"] == "error"]


def security(profile: int, client: str | None, password: str | None) -> dict[str, Any]:
    """The settings of a station for a security profile."""
    settings: dict[str, Any] = {"profile": profile}
    if password is not None and profile in (1, 2):
        settings["password"] = password
    if profile >= 2:
        settings["ca"] = lab().root
    if client is not None and profile == 3:
        settings |= {"cert": lab().pem(client), "key": lab().key(client)}
    return settings


def options(url: str, settings: dict[str, Any]) -> CheckOptions:
    """The same for `station csms check`."""
    more = {name: settings[name] for name in ("password", "ca", "cert", "key") if name in settings}
    return CheckOptions(url, STATION, ("ocpp1.6",), timeout_s=3.0, **more)


@pytest.mark.spec(
    "Security WP A00.FR.202", "Security WP A00.FR.301", "Security WP A00.FR.318", "Security WP A00.FR.401"
)
@pytest.mark.parametrize("name", GOOD)
def test_what_connects(name: str) -> None:
    good = GOOD[name]
    settings = security(good.profile, good.client, PASSWORD)

    async def main() -> None:
        peer = GuardedPeer(ScriptedCsms("ocpp1.6"), tls=good.context())
        peer.password = settings.get("password")
        async with peer:
            url = peer.url.replace("127.0.0.1", HOST)
            async with Running(url, **settings) as station:
                await peer.wait_for("BootNotification")
                assert not station.failures()
                assert station.log() == ()
                chosen = peer.connection.transport.get_extra_info("ssl_object")
                assert (chosen is not None) == (good.server is not None)
            finding = await check(options(url, settings))
            assert finding.exit_code == ExitCode.OK, finding.sentence

    asyncio.run(main())


@pytest.mark.case("TC_078_CS", "1.6")
@pytest.mark.spec(
    "Security WP A00.FR.309", "Security WP A00.FR.315", "Security WP A00.FR.322", "Security WP A00.FR.413"
)
@pytest.mark.parametrize(("profile", "name"), BAD)
def test_what_does_not_connect(profile: str, name: str) -> None:
    bad = BAD[profile, name]
    settings = security(int(profile), bad.client, PASSWORD)
    context = lab().server(bad.server, version=bad.version, suites=bad.suites, asks=profile == "3")

    async def main(port: int) -> None:
        url = f"wss://{HOST}:{port}/ocpp"
        async with Running(url, **settings) as station:
            await station.until(lambda: len(station.failures()) >= 2)
            assert station.log() == bad.told, "once, however often it is tried"
            assert all(bad.says in failure["message"] for failure in station.failures())
        finding = await check(options(url, settings))
        assert finding.exit_code == ExitCode.UNREACHABLE
        assert finding.result == "tls"
        assert bad.says in finding.sentence
        assert bad.hint in (finding.advice or "")

    with tls_server(context) as (port, received):
        asyncio.run(main(port))
    if not bad.verified:
        assert not any(received), "a server that was not verified gets no request"
    assert not any(b"Authorization" in request for request in received)


@pytest.mark.spec("Security WP A00.FR.203", "Security WP A00.FR.302")
@pytest.mark.parametrize("profile", [1, 2])
@pytest.mark.parametrize("password", ["another-password-0", None])
def test_a_wrong_password(profile: int, password: str | None) -> None:
    settings = security(profile, None, password)

    async def main() -> None:
        peer = GuardedPeer(ScriptedCsms("ocpp1.6"), tls=lab().server() if profile == 2 else None)
        peer.password = PASSWORD
        async with peer:
            url = peer.url.replace("127.0.0.1", HOST)
            async with Running(url, **settings) as station:
                await station.until(lambda: len(station.failures()) >= 2)
                assert station.log() == ("FailedToAuthenticateAtCsms",)
            finding = await check(options(url, settings))
            assert finding.exit_code == ExitCode.REFUSED
            assert "HTTP 401" in finding.sentence
            assert "--password-file" in (finding.advice or "")
            assert PASSWORD not in finding.sentence

    asyncio.run(main())
