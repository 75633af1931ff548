"""TLS towards a CSMS: contexts for security profiles 2 and 3, and what a failed handshake means.

Contexts are shared by all stations with identical settings: one costs some 100 KiB and milliseconds. Not here: keys
and certificate requests (jobs of the host), and the server's side.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from station.errors import StationError
from station.net.errors import TlsEvent

CIPHERS = ":".join(
    (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-GCM-SHA256",
    )
)
"""TLS 1.2: the four suites of OCPP 2.0.1 A00.FR.318 and 1.6 (Security Whitepaper) A00.FR.317, and ECDHE_RSA, which has
the forward secrecy that the notes there ask for. All suites of TLS 1.3 are AEAD."""

_CACHED_CONTEXTS = 64


class Verify(Enum):
    """How much of the server's certificate is checked."""

    FULL = "check"
    """Chain and host name."""
    CHAIN = "any"
    """Chain only (``host_name: any``)."""
    NOTHING = "insecure"
    """Nothing (``--insecure``)."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What a context is made of.

    Attributes:
        ca_files: PEM files of roots; none: the system's. Only self-signed certificates in them count as roots.
        cert_file: PEM, the station's certificate and its chain (security profile 3).
        key_file: PEM, its key; None: in ``cert_file`` too.
        key_password: of the key file.
        verify: how much is checked.
        system_too: trust the system's roots besides those of ``ca_files``.
        ca_pem: more roots, as text; None: none, empty: nobody, not even the system's roots.
        partial_chain: whether what is in ``ca_pem`` counts although it is not self-signed (OCPP 1.6
            AdditionalRootCertificateCheck: a root signed by the one that it replaces).
    """

    ca_files: tuple[Path, ...] = ()
    cert_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    verify: Verify = Verify.FULL
    system_too: bool = False
    ca_pem: str | None = field(default=None, repr=False)
    partial_chain: bool = False


class TlsSettingsError(StationError):
    """A certificate or key file cannot be used."""


_cache: OrderedDict[tuple[object, ...], ssl.SSLContext] = OrderedDict()


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for ``settings``: a shared one while the files are unchanged.

    TLS 1.2 or newer, AEAD suites only, no compression (OCPP 2.0.1 A00.FR.313, .319-321).

    Raises:
        TlsSettingsError: a file is missing, unreadable, no PEM, or certificate and key do not belong together.
    """
    files = [*settings.ca_files, *(file for file in (settings.cert_file, settings.key_file) if file is not None)]
    key = (settings, *(_state_of(file) for file in files))
    context = _cache.get(key)
    if context is None:
        context = _cache[key] = _make(settings)
        if len(_cache) > _CACHED_CONTEXTS:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return context


def _state_of(file: Path) -> tuple[int, int, int]:
    try:
        state = file.stat()
    except OSError as exc:
        raise TlsSettingsError(f"{file}: {exc.strerror}", "name an existing PEM file") from exc
    return state.st_ino, state.st_size, state.st_mtime_ns


def _make(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # A certificate that is not self-signed is no root, even in a file of roots.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if settings.partial_chain:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    # OCPP asks for the name in commonName (A00.FR.309): it counts where the certificate has no alternative names.
    context.hostname_checks_common_name = True
    context.check_hostname = settings.verify is Verify.FULL
    context.verify_mode = ssl.CERT_NONE if settings.verify is Verify.NOTHING else ssl.CERT_REQUIRED
    for file in settings.ca_files:
        _readable(file)
        try:
            context.load_verify_locations(cafile=file)
        except OSError as exc:
            raise TlsSettingsError(
                f"{file}: no certificates in PEM form", "name a PEM file with root certificates"
            ) from exc
    if settings.ca_pem:
        context.load_verify_locations(cadata=settings.ca_pem)
    wanted = settings.system_too or (not settings.ca_files and settings.ca_pem is None)
    # They take 0.8 MB and 50 ms: not where nobody looks at them.
    if wanted and settings.verify is not Verify.NOTHING:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if settings.cert_file is not None:
        _load_own(context, settings.cert_file, settings)
    return context


def _readable(file: Path) -> None:
    """OpenSSL does not say which of its files it could not open."""
    try:
        file.open("rb").close()
    except OSError as exc:
        hint = f"chmod 600 {file}, and make the user that runs the station its owner"
        raise TlsSettingsError(f"{file}: {exc.strerror}", "name a PEM file" if file.is_dir() else hint) from exc


def _load_own(context: ssl.SSLContext, cert_file: Path, settings: TlsSettings) -> None:
    # Without a function OpenSSL would ask for the password on the terminal.
    password = (settings.key_password or "").encode()
    for file in (cert_file, settings.key_file or cert_file):
        _readable(file)
    try:
        context.load_cert_chain(cert_file, settings.key_file, lambda: password)
    except ssl.SSLError as exc:
        reason = {
            "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
            # A key of another kind than the certificate's.
            "NO_CERTIFICATE_ASSIGNED": "the key does not belong to the certificate",
            "BAD_DECRYPT": "the key's password is wrong",
        }.get(exc.reason or "", "certificate or key cannot be read")
        names = f"{cert_file}" if settings.key_file is None else f"{cert_file} with {settings.key_file}"
        raise TlsSettingsError(f"{names}: {reason}", "name the PEM files that belong together") from exc
    except (OSError, ValueError) as exc:
        raise TlsSettingsError(f"{cert_file}: {exc}", "name readable PEM files") from exc


_DER: Final = 2
"""``ENCODING_DER`` of OpenSSL's module in Python."""


def verified_chain(connection: ssl.SSLObject) -> tuple[bytes, ...]:
    """The chain (DER) that verified the peer's certificate, the root last; empty where nothing was verified.

    Python has a public method for that since 3.13; before, OpenSSL's object behind the connection has it.
    """
    if connection.context.verify_mode is ssl.CERT_NONE:
        return ()
    public = getattr(connection, "get_verified_chain", None)
    if public is not None:
        return tuple(public())
    inner = getattr(getattr(connection, "_sslobj", None), "get_verified_chain", None)
    return tuple(one.public_bytes(_DER) for one in inner() or ()) if inner is not None else ()


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """A failed handshake in words.

    Attributes:
        sentence: what is wrong; begins in lower case, without a full stop.
        hint: what to try, or None.
        event: the security event it calls for, or None.
    """

    sentence: str
    hint: str | None = None
    event: TlsEvent | None = None


_CERT = TlsEvent.INVALID_CERTIFICATE
_NO_CLIENT_CERT = TlsFailure(
    "the CSMS wants a client certificate (security profile 3)",
    "station run --csms … --cert station.pem --key station.key",
    TlsEvent.REFUSED,
)
_CLIENT_CERT_REFUSED = TlsFailure(
    "the CSMS does not accept this station's certificate",
    "check that the CSMS trusts its issuer and that it has not expired",
    TlsEvent.REFUSED,
)
_NO_TLS = TlsFailure("the server speaks no TLS on this port", "use ws:// or the port for wss://")
_OLD_TLS = TlsFailure(
    "the server has only TLS older than 1.2", "enable TLS 1.2 or 1.3 at the CSMS", TlsEvent.INVALID_VERSION
)
_NO_SUITE = TlsFailure(
    "no cipher suite in common with the server, or it misses a client certificate",
    "enable ECDHE with AES-GCM at the CSMS; for security profile 3 give --cert and --key",
    TlsEvent.INVALID_CIPHER_SUITE,
)

_BY_VERIFY_CODE: dict[int, TlsFailure] = {
    2: TlsFailure("the root of the server's certificate is unknown here", "give the root: --ca FILE", _CERT),
    9: TlsFailure("the server's certificate is not valid yet", "check this device's clock", _CERT),
    10: TlsFailure("the server's certificate has expired", "renew it at the CSMS; check this device's clock", _CERT),
    18: TlsFailure("the server's certificate is self-signed", "give it as root: --ca FILE", _CERT),
    19: TlsFailure("the root of the server's certificate is not trusted here", "give the root: --ca FILE", _CERT),
    20: TlsFailure("the issuer of the server's certificate is unknown here", "give the root: --ca FILE", _CERT),
    21: TlsFailure("the server's certificate chain is incomplete", "give the root: --ca FILE", _CERT),
    23: TlsFailure("the server's certificate is revoked", "replace it at the CSMS", _CERT),
    62: TlsFailure(
        "the server's certificate is for another host name",
        "use the name in the certificate, or `host_name: any`",
        _CERT,
    ),
    64: TlsFailure(
        "the server's certificate is for another address", "use the name in the certificate, or `host_name: any`", _CERT
    ),
}
"""X509_V_ERR_* of OpenSSL."""

_BY_REASON: dict[str, TlsFailure] = {
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "PACKET_LENGTH_TOO_LONG": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "UNSUPPORTED_PROTOCOL": _OLD_TLS,
    "VERSION_TOO_LOW": _OLD_TLS,
    "TLSV1_ALERT_PROTOCOL_VERSION": _OLD_TLS,
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED": _NO_SUITE,
    "NO_CIPHERS_AVAILABLE": _NO_SUITE,
    "WRONG_CIPHER_RETURNED": _NO_SUITE,
    "UNKNOWN_CIPHER_RETURNED": _NO_SUITE,
    "DH_KEY_TOO_SMALL": _NO_SUITE,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": _NO_SUITE,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _NO_SUITE,
    "SSL/TLS_ALERT_HANDSHAKE_FAILURE": _NO_SUITE,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _NO_CLIENT_CERT,
    "TLSV1_ALERT_UNKNOWN_CA": _CLIENT_CERT_REFUSED,
    "TLSV1_ALERT_ACCESS_DENIED": _CLIENT_CERT_REFUSED,
    "SSLV3_ALERT_BAD_CERTIFICATE": _CLIENT_CERT_REFUSED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _CLIENT_CERT_REFUSED,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": _CLIENT_CERT_REFUSED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _CLIENT_CERT_REFUSED,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _CLIENT_CERT_REFUSED,
    "TLSV1_UNRECOGNIZED_NAME": TlsFailure("the server does not know the host name", "check the host in the URL"),
}
"""Reasons of OpenSSL; the alerts are what the server told us."""


def classify(error: Exception) -> TlsFailure:
    """What a failed handshake means: a sentence, a hint and the security event."""
    if isinstance(error, ssl.SSLCertVerificationError):
        known = _BY_VERIFY_CODE.get(error.verify_code)
        return known or TlsFailure(f"the server's certificate is not valid ({error.verify_message})", None, _CERT)
    reason = getattr(error, "reason", None) or ""
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if isinstance(error, ssl.SSLError) and reason:
        return TlsFailure(f"the TLS handshake failed ({reason.replace('_', ' ').lower()})")
    return TlsFailure(
        "the server ended the TLS handshake without a reason",
        "check that the port speaks TLS 1.2 or newer; security profile 3 needs --cert and --key",
    )
