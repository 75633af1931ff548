"""Dial a central system once as a station would, up to the answer to BootNotification, and say what happened.

`station csms check` calls it. It stores nothing, tries nothing twice and is no station: the connection is closed at
once. What a failed dial means is told by `station.net`; here are only the outcomes after the upgrade.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from station.cli.exit_codes import ExitCode
from station.errors import StationError
from station.net import BasicAuth, CloseReason, Connection, DialFailed, FailureKind, Target, dial
from station.net.explain import plain_url, shown_text
from station.net.tls import TlsSettings, Verify, client_context

VERSIONS: Final = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
_BOOT: Final[dict[str, dict[str, Any]]] = {
    "ocpp1.6": {"chargePointVendor": "ocpp-station", "chargePointModel": "csms-check"},
    "ocpp2.0.1": {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "ocpp-station", "model": "csms-check"},
    },
}
_CLOSING_S: Final = 2.0
_LOG_HINT: Final = "look at the log of the CSMS"


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How to dial.

    Args:
        url: a template with `{id}`, or a base to which the percent-encoded id is appended.
        versions: subprotocols to offer, in this order.
        password: of Basic Auth, sent for `station_id`.
        ca: PEM file of the root to trust in place of the system's.
        cert, key: the station's own, PEM, for security profile 3.
        insecure: verify neither chain nor host name.
        timeout_s: for the upgrade, and again for the answer to BootNotification.
    """

    url: str
    station_id: str = "csms-check"
    versions: tuple[str, ...] = ("ocpp2.0.1", "ocpp1.6")
    password: str | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check.

    Args:
        result: a fixed word for programs: a `FailureKind` of `station.net`, or `closed`, `no_boot_answer`,
            `boot_accepted`, `boot_pending`, `boot_rejected`, `boot_error`, `boot_invalid`, `usage`.
        sentence: for people; begins with the URL, without credentials.
        advice: the next thing to type or to do, if one is known.
        exit_code: 0 accepted or pending, 2 no usable URL, 3 unreachable (TLS and mute servers too), 4 refused.
        details: more for programs: `http_status`, `subprotocol`, `status`, `interval`.
    """

    result: str
    sentence: str
    advice: str | None
    exit_code: int
    details: tuple[tuple[str, Any], ...] = ()


async def check(options: CheckOptions) -> Finding:
    """Dial, send BootNotification, and say what happened.

    Raises:
        StationError: the options contradict each other, or a certificate file cannot be used.
    """
    target = _target(options)
    ear = _Ear()
    try:
        connection = await dial(target, ear)
    except DialFailed as error:
        return _not_dialled(error, target, options)
    try:
        return await _boot(connection, ear, options, plain_url(target.url))
    finally:
        connection.close()
        await ear.wait_closed()


def station_url(url: str, station_id: str) -> str:
    """Where a station dials: the id, percent-encoded, in place of `{id}` or appended to the path."""
    station = quote(station_id, safe="")
    if "{id}" in url:
        return url.replace("{id}", station)
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.removesuffix('/')}/{station}").geturl()


class _Ear:
    """A listener that keeps the texts until they are asked for."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[str | CloseReason] = asyncio.Queue()
        self._ended = asyncio.Event()

    def text(self, data: str) -> None:
        self._heard.put_nowait(data)

    def binary(self, data: bytes) -> None:
        """OCPP-J has none; nothing to learn from it."""

    def pong(self) -> None:
        """No ping was sent."""

    def closed(self, reason: CloseReason) -> None:
        self._heard.put_nowait(reason)
        self._ended.set()

    async def next(self) -> str | CloseReason:
        return await self._heard.get()

    async def wait_closed(self) -> None:
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._ended.wait()
        except TimeoutError:
            return


def _target(options: CheckOptions) -> Target:
    try:
        parts = urlsplit(options.url)
    except ValueError:
        raise StationError("the URL has no valid host", "ws://host:port/path") from None
    if parts.username is not None:
        raise StationError("credentials do not belong into the URL", "write the password to a file: --password-file F")
    if (options.cert is None) != (options.key is None):
        raise StationError("--cert and --key go together", "--cert station.pem --key station.key")
    if parts.scheme == "ws" and (options.ca or options.cert):
        raise StationError("certificates need TLS", "a wss:// URL")
    return Target(
        url=station_url(options.url, options.station_id),
        subprotocols=options.versions,
        basic_auth=None if options.password is None else BasicAuth(options.station_id, options.password),
        ssl_context=_tls_context(options) if parts.scheme == "wss" else None,
        open_timeout_s=options.timeout_s,
    )


def _tls_context(options: CheckOptions) -> ssl.SSLContext:
    return client_context(
        TlsSettings(
            ca_files=() if options.ca is None else (options.ca,),
            cert_file=options.cert,
            key_file=options.key,
            verify=Verify.NOTHING if options.insecure else Verify.FULL,
        )
    )


def _not_dialled(error: DialFailed, target: Target, options: CheckOptions) -> Finding:
    advice = error.hint
    if error.kind is FailureKind.LOST and target.ssl_context is not None and options.cert is None:
        # TLS 1.3 judges our certificate after the handshake, and the alert may be lost on the way up.
        advice = "if the CSMS wants client certificates (security profile 3): --cert station.pem --key station.key"
    details = () if error.http_status is None else (("http_status", error.http_status),)
    code = ExitCode.UNREACHABLE
    if error.kind is FailureKind.URL:
        code = ExitCode.USAGE
    elif error.kind is FailureKind.SUBPROTOCOL or (error.http_status is not None and error.http_status < 500):
        code = ExitCode.REFUSED
    return Finding(error.kind.value, error.message, advice, code, details)


async def _boot(connection: Connection, ear: _Ear, options: CheckOptions, shown: str) -> Finding:
    version = connection.subprotocol
    message_id = str(uuid.uuid4())
    connection.send(json.dumps([2, message_id, "BootNotification", _BOOT[version]]))
    try:
        async with asyncio.timeout(options.timeout_s):
            answer = await _answer_to(ear, message_id)
    except TimeoutError:
        sentence = f"{shown}: {version}, but no answer to BootNotification within {options.timeout_s:g} s."
        return Finding("no_boot_answer", sentence, _LOG_HINT, ExitCode.UNREACHABLE, (("subprotocol", version),))
    if isinstance(answer, CloseReason):
        said = shown_text(f"{answer.code} {answer.reason}".strip())
        sentence = f"{shown}: {version}, but the CSMS closed before it answered BootNotification ({said})."
        return Finding("closed", sentence, "register the station at the CSMS, or look at its log", ExitCode.REFUSED)
    return _outcome(answer, version, options, shown)


async def _answer_to(ear: _Ear, message_id: str) -> list[Any] | CloseReason:
    """The frame that answers our call; what the CSMS asks meanwhile gets no answer, for nobody is there to act."""
    while True:
        heard = await ear.next()
        if isinstance(heard, CloseReason):
            return heard
        try:
            frame = json.loads(heard)
        except (ValueError, RecursionError):
            continue
        match frame:
            case [3 | 4, str(answered), _, *_] if answered == message_id:
                return list(frame)


def _outcome(frame: list[Any], version: str, options: CheckOptions, shown: str) -> Finding:
    details: tuple[tuple[str, Any], ...] = (("subprotocol", version),)
    if frame[0] == 4:
        said = shown_text(": ".join(str(part) for part in frame[2:4] if part))
        sentence = f"{shown}: {version}, but BootNotification was answered with the error {said}."
        return Finding("boot_error", sentence, _LOG_HINT, ExitCode.REFUSED, details)
    payload = frame[2] if isinstance(frame[2], dict) else {}
    status, interval = payload.get("status"), payload.get("interval")
    details += (("status", status), ("interval", interval))
    number = next(name for name, subprotocol in VERSIONS.items() if subprotocol == version)
    run = f"station run --csms {options.url} --id {options.station_id} --ocpp {number}"
    if status == "Accepted":
        sentence = f"{shown}: {version}, BootNotification Accepted; a heartbeat every {interval} s."
        return Finding("boot_accepted", sentence, run, ExitCode.OK, details)
    if status == "Pending":
        sentence = f"{shown}: {version}, BootNotification Pending: the CSMS wants to configure the station first."
        return Finding("boot_pending", sentence, run, ExitCode.OK, details)
    if status == "Rejected":
        sentence = f"{shown}: {version}, BootNotification Rejected: the CSMS does not take this station."
        return Finding(
            "boot_rejected", sentence, "register the id at the CSMS, or check --id", ExitCode.REFUSED, details
        )
    sentence = f"{shown}: {version}, but the answer to BootNotification has no status that OCPP knows."
    return Finding("boot_invalid", sentence, "the CSMS breaks OCPP: tell its makers", ExitCode.REFUSED, details)
