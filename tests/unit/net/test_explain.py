"""What is said when a dial fails."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from station.net import DialFailed, FailureKind, TlsEvent, explain
from station.net.tls import classify

URL = "ws://my-csms:8080/ocpp/CP-7"


def test_the_screen_of_the_guide() -> None:
    failure = explain.http_answer(URL, 401, None, has_password=False)
    assert failure.message == f"{URL}: HTTP 401. The CSMS wants Basic Auth (security profile 1)."
    assert failure.hint == "station run --csms … --password-file secret.txt"
    assert (failure.kind, failure.http_status) == (FailureKind.HTTP, 401)


def test_a_wrong_password_is_another_matter_than_none() -> None:
    assert "does not accept" in explain.http_answer(URL, 401, None, has_password=True).message


@pytest.mark.parametrize("status", [200, 301, 302, 400, 403, 404, 405, 418, 426, 429, 500, 502, 503])
def test_every_status_is_named(status: int) -> None:
    failure = explain.http_answer(URL, status, None, has_password=False)
    assert f"HTTP {status}. " in failure.message
    assert failure.http_status == status


def test_a_redirect_is_told_without_its_secrets() -> None:
    failure = explain.http_answer(URL, 302, "wss://user:pw@other/x?token=abc\x1b[2J", has_password=False)
    assert "to wss://other/x;" in failure.message
    assert not any(secret in failure.message for secret in ("pw", "abc", "\x1b"))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), FailureKind.DNS, "no such host: my-csms"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), FailureKind.DNS, "no name server"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), FailureKind.REFUSED, "refused"),
        (OSError(errno.ENETUNREACH, "x"), FailureKind.UNREACHABLE, "no route"),
        (OSError(errno.ETIMEDOUT, "x"), FailureKind.TIMEOUT, "does not answer"),
        (OSError(errno.EMFILE, "x"), FailureKind.UNREACHABLE, "open files"),
        (OSError(errno.EPERM, "Operation not permitted"), FailureKind.UNREACHABLE, "not permitted"),
    ],
)
def test_sockets(error: OSError, kind: FailureKind, words: str) -> None:
    failure = explain.not_connected(URL, error)
    assert failure.kind is kind
    assert words in failure.message
    assert failure.message.startswith(URL)


def test_credentials_in_a_url_are_never_shown() -> None:
    for failure in (
        explain.timed_out("ws://id:secret@host/x", "TCP connect", 3),
        explain.bad_url("ws://id:secret@[bad/x", "no valid host or port"),
        explain.wrong_subprotocol("ws://id:secret@host/x", ("ocpp1.6",), None),
    ):
        assert "secret" not in failure.message
        assert "host" in failure.message


def test_subprotocols_are_named() -> None:
    assert (
        "offered ocpp2.0.1, ocpp1.6, the CSMS chose none"
        in explain.wrong_subprotocol(URL, ("ocpp2.0.1", "ocpp1.6"), None).message
    )
    assert "'ocpp2.1' instead" in explain.wrong_subprotocol(URL, ("ocpp1.6",), "ocpp2.1").message


def _ssl_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        ("UNSUPPORTED_PROTOCOL", TlsEvent.INVALID_VERSION),
        ("TLSV1_ALERT_PROTOCOL_VERSION", TlsEvent.INVALID_VERSION),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", TlsEvent.INVALID_CIPHER_SUITE),
        ("WRONG_VERSION_NUMBER", None),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", TlsEvent.REFUSED),
        ("TLSV1_ALERT_UNKNOWN_CA", TlsEvent.REFUSED),
        ("SOMETHING_NEW", None),
    ],
)
def test_tls_failures_call_for_their_security_event(reason: str, event: TlsEvent | None) -> None:
    assert classify(_ssl_error(reason)).event is event
    failure = explain.tls_failed("wss://h/x", _ssl_error(reason))
    assert isinstance(failure, DialFailed)
    assert failure.tls_event is event


@pytest.mark.parametrize(
    ("start", "words"), [(b"\x15\x03\x01", "TLS on this port"), (b"SSH-2.0", "no HTTP"), (b"", "no HTTP")]
)
def test_what_is_no_http(start: bytes, words: str) -> None:
    assert words in explain.not_http(URL, start).message
