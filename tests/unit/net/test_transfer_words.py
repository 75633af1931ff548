"""What is said when a transfer fails, and whether trying again can help."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from station.net.transfer import words
from station.net.transfer.api import TransferCause

SHOWN = "https://files.example/fw.bin"


def verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "no"
    return error


@pytest.mark.parametrize(("code", "lasting"), [(9, False), (10, True), (18, True), (20, True), (62, True), (99, True)])
def test_certificates(code: int, lasting: bool) -> None:
    failure = words.tls(SHOWN, verification(code))
    assert failure.lasting is lasting, "a clock that is not set yet will be"
    assert failure.message.startswith(f"{SHOWN}: TLS: ")
    assert "CSMS" not in failure.message


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "no such host: files.example"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "closed the connection"),
        (BrokenPipeError(errno.EPIPE, "x"), "closed the connection"),
        (OSError(errno.ENETUNREACH, "x"), "no route"),
        (ssl.SSLError(1, "x"), "TLS"),
    ],
)
def test_the_network(error: OSError, text: str) -> None:
    failure = words.network(SHOWN, error)
    assert text in failure.message
    assert not failure.lasting
    assert "CSMS" not in f"{failure.message}{failure.hint}"


@pytest.mark.parametrize("status", [*range(300, 309), *range(400, 430), *range(500, 512), 599])
def test_every_status_has_words(status: int) -> None:
    failure = words.http_status(SHOWN, status, None)
    assert f"HTTP {status}. " in failure.message
    assert failure.lasting is (status < 500 and status not in (408, 425, 429))


def test_a_servers_own_words_are_made_fit_for_a_line() -> None:
    for failure in (words.no_file(SHOWN, "550 \x1b[2J" + "x" * 500), words.not_taken(SHOWN, "a\nb")):
        assert failure.message.isprintable()
        assert len(failure.message) < 300


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (400, TransferCause.GARBLED),
        (401, TransferCause.DENIED),
        (403, TransferCause.DENIED),
        (404, TransferCause.OTHER),
        (405, TransferCause.UNSUPPORTED),
        (500, TransferCause.OTHER),
        (501, TransferCause.UNSUPPORTED),
    ],
)
def test_the_cause_of_a_refusal(status: int, cause: TransferCause) -> None:
    assert words.http_status(SHOWN, status, None).cause is cause
