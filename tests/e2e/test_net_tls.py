"""TLS towards a CSMS over real sockets: security profiles 2 and 3."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve

from station.net import DialFailed, FailureKind, Target, TlsEvent, dial
from station.net.tls import TlsSettings, Verify, client_context
from tests.support.listeners import Heard
from tests.support.servers import LOOPS, blocking_tls_server, raw_server, run, silence

pytestmark = pytest.mark.parametrize("loop", list(LOOPS))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def root(tmp_path: Path, authority: trustme.CA) -> Path:
    path = tmp_path / "root.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def talk(loop: str, context: ssl.SSLContext, settings: TlsSettings, host: str = "localhost") -> list[str]:
    """Dial a TLS server, send a text, return what comes back."""

    async def main() -> list[str]:
        heard = Heard()
        async with serve(echo, "127.0.0.1", 0, subprotocols=["ocpp1.6"], ssl=context) as server:  # type: ignore[list-item]
            port = next(iter(server.sockets)).getsockname()[1]
            target = Target(f"wss://{host}:{port}/CP-1", ("ocpp1.6",), None, client_context(settings), 5.0)
            connection = await dial(target, heard)
            connection.send("hello")
            await heard.wait(texts=1)
            connection.close()
            await heard.wait(end=True)
        return heard.texts

    return run(loop, main())


def refused(loop: str, context: ssl.SSLContext, settings: TlsSettings, host: str = "localhost") -> DialFailed:
    with blocking_tls_server(context) as port, pytest.raises(DialFailed) as caught:
        target = Target(f"wss://{host}:{port}/CP-1", ("ocpp1.6",), None, client_context(settings), 5.0)
        run(loop, dial(target, Heard()))
    assert caught.value.kind is FailureKind.TLS, caught.value.message
    return caught.value


def test_the_handshake_is_a_stage_of_its_own(loop: str, authority: trustme.CA, root: Path) -> None:
    told: list[tuple[str, float]] = []

    async def main() -> None:
        context = server_context(authority.issue_cert("localhost"))
        async with serve(echo, "127.0.0.1", 0, subprotocols=["ocpp1.6"], ssl=context) as server:  # type: ignore[list-item]
            port = next(iter(server.sockets)).getsockname()[1]
            target = Target(f"wss://localhost:{port}/CP-1", ("ocpp1.6",), None, client_context(TlsSettings((root,))))
            connection = await dial(target, Heard(), stages=lambda *stage: told.append(stage))
            connection.abort()

    run(loop, main())
    assert [stage for stage, _ in told] == ["connect", "tls", "upgrade"]
    assert all(took_s > 0 for _, took_s in told)


@pytest.mark.spec("A00.FR.308", "A00.FR.312")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_profile_2(loop: str, authority: trustme.CA, root: Path, version: ssl.TLSVersion) -> None:
    context = server_context(authority.issue_cert("localhost"))
    context.minimum_version = context.maximum_version = version
    assert talk(loop, context, TlsSettings((root,))) == ["hello"]


@pytest.mark.spec("A00.FR.401", "A00.FR.402")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_profile_3(loop: str, authority: trustme.CA, root: Path, tmp_path: Path, version: ssl.TLSVersion) -> None:
    context = server_context(authority.issue_cert("localhost"))
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    own = authority.issue_cert("CP-1")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    assert talk(loop, context, TlsSettings((root,), tmp_path / "own.pem")) == ["hello"]
    without = refused(loop, context, TlsSettings((root,)))
    assert "client certificate" in without.message
    stranger = trustme.CA().issue_cert("CP-1")
    stranger.private_key_and_cert_chain_pem.write_to_path(tmp_path / "stranger.pem")
    foreign = refused(loop, context, TlsSettings((root,), tmp_path / "stranger.pem"))
    assert "does not accept this station's certificate" in foreign.message


@pytest.mark.spec("A00.FR.308", "A00.FR.310", "A00.FR.311")
def test_an_unknown_issuer(loop: str, root: Path) -> None:
    failure = refused(loop, server_context(trustme.CA().issue_cert("localhost")), TlsSettings((root,)))
    assert failure.tls_event is TlsEvent.INVALID_CERTIFICATE
    assert failure.hint is not None
    assert "--ca" in failure.hint


@pytest.mark.spec("A00.FR.309", "A00.FR.412")
def test_a_wrong_host_name(loop: str, authority: trustme.CA, root: Path) -> None:
    context = server_context(authority.issue_cert("csms.example"))
    failure = refused(loop, context, TlsSettings((root,)))
    assert "another host name" in failure.message
    assert failure.tls_event is TlsEvent.INVALID_CERTIFICATE
    assert talk(loop, context, TlsSettings((root,), verify=Verify.CHAIN)) == ["hello"]
    failure = refused(loop, context, TlsSettings((root,)), host="127.0.0.1")
    assert "another address" in failure.message


def test_insecure_checks_nothing(loop: str) -> None:
    context = server_context(trustme.CA().issue_cert("csms.example"))
    assert talk(loop, context, TlsSettings(verify=Verify.NOTHING)) == ["hello"]


def test_an_expired_certificate(loop: str, authority: trustme.CA, root: Path) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    context = server_context(authority.issue_cert("localhost", not_after=yesterday))
    failure = refused(loop, context, TlsSettings((root,)))
    assert "expired" in failure.message
    assert failure.tls_event is TlsEvent.INVALID_CERTIFICATE


@pytest.mark.spec("A00.FR.316", "A00.FR.419")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_server_with_old_tls_only(loop: str, authority: trustme.CA, root: Path) -> None:
    context = server_context(authority.issue_cert("localhost"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    failure = refused(loop, context, TlsSettings((root,)))
    assert failure.tls_event is TlsEvent.INVALID_VERSION


@pytest.mark.spec("A00.FR.320", "A00.FR.323", "A00.FR.426")
def test_a_server_with_weak_suites_only(loop: str, authority: trustme.CA, root: Path) -> None:
    context = server_context(authority.issue_cert("localhost"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA:AES128-SHA")
    failure = refused(loop, context, TlsSettings((root,)))
    assert failure.tls_event is TlsEvent.INVALID_CIPHER_SUITE


def test_a_server_that_speaks_no_tls(loop: str, root: Path) -> None:
    async def main() -> None:
        async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.close()

        for handle, kind, words in (
            (http, FailureKind.TLS, "speaks no TLS"),
            (hang_up, FailureKind.TLS, "ended the TLS handshake"),
            (silence, FailureKind.TIMEOUT, "TLS handshake"),
        ):
            async with raw_server(handle) as port:
                context = client_context(TlsSettings((root,)))
                with pytest.raises(DialFailed, match=words) as caught:
                    await dial(Target(f"wss://localhost:{port}/CP-1", ("ocpp1.6",), None, context, 0.5), Heard())
                assert caught.value.kind is kind
                assert caught.value.tls_event is None

    run(loop, main())


def test_plain_text_to_a_tls_server(loop: str, authority: trustme.CA) -> None:
    async def main() -> None:
        async with raw_server(silence, server_context(authority.issue_cert("localhost"))) as port:
            with pytest.raises(DialFailed):
                await dial(Target(f"ws://localhost:{port}/CP-1", ("ocpp1.6",)), Heard())

    run(loop, main())
