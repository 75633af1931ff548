"""Makes certificates to try TLS with: a small public key infrastructure of throw-away keys, good ones and bad ones.

    python -m scripts.make_certs OUT [--host localhost] [--station CP-1] [--organization NAME]

OUT/README.txt tells which file is what. Everything is as the Security Whitepaper wants it (edition 3, §2.6.1: ECDSA
P-256 or RSA 2048, SHA-256, organisation and common name, key usage), except where a file is bad on purpose. Not for the
field: the keys of the authorities lie beside what they signed.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY: Final = timedelta(days=1)
_YEARS: Final = 3650 * _DAY

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Validity:
    """From when to when a certificate is valid."""

    begins: datetime
    ends: datetime


def _validity(begins_in: timedelta, ends_in: timedelta) -> Validity:
    now = datetime.now(UTC)
    return Validity(now + begins_in, now + ends_in)


def good() -> Validity:
    """Valid since yesterday, for ten years."""
    return _validity(-_DAY, _YEARS)


def expired() -> Validity:
    """Valid until yesterday."""
    return _validity(-30 * _DAY, -_DAY)


def not_yet() -> Validity:
    """Valid from tomorrow on."""
    return _validity(_DAY, _YEARS)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key, and the certificates above it that are shown along with it (no root)."""

    certificate: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    def certificate_pem(self) -> bytes:
        """The certificate and those above it, in the order of TLS."""
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (self.certificate, *self.above))

    def key_pem(self) -> bytes:
        """The key, PKCS #8, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Authority:
    """A certificate authority: a root, or an intermediate one made by ``intermediate``."""

    def __init__(self, identity: Identity, organization: str) -> None:
        self.identity = identity
        self.organization = organization

    @classmethod
    def root(cls, name: str, organization: str, validity: Validity | None = None) -> Authority:
        """A self-signed root."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name, organization)
        made = _builder(subject, subject, key, validity or good())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        made = made.add_extension(_usage(signs_certificates=True), critical=True)
        return cls(Identity(made.sign(key, hashes.SHA256()), key), organization)

    def intermediate(self, name: str) -> Authority:
        """An authority below this one."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._below(_name(name, self.organization), key, good())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(_usage(signs_certificates=True), critical=True)
        return Authority(self._signed(made, key), self.organization)

    def server(self, host: str, validity: Validity | None = None, *, rsa_key: bool = False) -> Identity:
        """A certificate of a CSMS: the host stands in commonName (A00.FR.510) and, for everyone else, as alternative.

        Args:
            host: a name or an IP address.
            validity: left out: good.
            rsa_key: RSA 2048 instead of ECDSA P-256.
        """
        key = _key(rsa_key=rsa_key)
        made = self._leaf(_name(host, self.organization), key, validity or good())
        made = made.add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return self._signed(made, key)

    def station(self, serial: str, validity: Validity | None = None, *, rsa_key: bool = False) -> Identity:
        """A certificate of a station: its serial number is the commonName (A00.FR.511)."""
        key = _key(rsa_key=rsa_key)
        made = self._leaf(_name(serial, self.organization), key, validity or good())
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return self._signed(made, key)

    def firmware_signer(self, name: str, validity: Validity | None = None, *, rsa_key: bool = False) -> Identity:
        """A certificate to sign firmware with."""
        key = _key(rsa_key=rsa_key)
        made = self._leaf(_name(name, self.organization), key, validity or good())
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        return self._signed(made, key)

    def _leaf(self, subject: x509.Name, key: Key, validity: Validity) -> x509.CertificateBuilder:
        made = self._below(subject, key, validity)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        return made.add_extension(_usage(enciphers=isinstance(key, rsa.RSAPrivateKey)), critical=True)

    def _below(self, subject: x509.Name, key: Key, validity: Validity) -> x509.CertificateBuilder:
        made = _builder(subject, self.identity.certificate.subject, key, validity)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.identity.key.public_key())
        return made.add_extension(issuer, critical=False)

    def _signed(self, made: x509.CertificateBuilder, key: Key) -> Identity:
        own = self.identity
        is_root = own.certificate.issuer == own.certificate.subject
        above = () if is_root else (own.certificate, *own.above)
        return Identity(made.sign(own.key, hashes.SHA256()), key, above)


def _key(*, rsa_key: bool) -> Key:
    return rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, validity: Validity) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.begins)
        .not_valid_after(validity.ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool = False, enciphers: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        # TLS_RSA_* of TLS 1.2 encrypt to the server's key.
        key_encipherment=enciphers,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


# The laboratory


@dataclass(frozen=True)
class Made:
    """A pair of files, without their endings (``.pem`` and ``.key``), and what they are."""

    name: str
    what: str
    identity: Identity


def laboratory(host: str, station: str, organization: str) -> tuple[Made, ...]:
    """Every certificate of the laboratory.

    Args:
        host: how the station's URL names the CSMS: a name or an IP address.
        station: the station's identity, or serial number.
        organization: of the operator (CpoName).
    """
    root = Authority.root("CSMS Root", organization)
    issuing = root.intermediate("CSMS Issuing")
    foreign = Authority.root("Foreign Root", "Somebody Else")
    maker = Authority.root("Manufacturer Root", "Example Manufacturer")
    return (
        Made("csms-root", "the operator's root: the station trusts it (security.ca, --ca)", root.identity),
        Made("csms-issuing", "the authority below it, which signed what follows", issuing.identity),
        Made("server", f"the CSMS at {host}, ECDSA P-256", issuing.server(host)),
        Made("server-rsa", f"the CSMS at {host}, RSA 2048", issuing.server(host, rsa_key=True)),
        Made("station", f"the station {station}, ECDSA P-256 (--cert, --key)", issuing.station(station)),
        Made("station-rsa", f"the station {station}, RSA 2048", issuing.station(station, rsa_key=True)),
        Made("manufacturer-root", "the root for firmware (certificates.manufacturer)", maker.identity),
        Made("firmware-signing", "signs firmware, ECDSA P-256", maker.firmware_signer("Firmware Signing")),
        Made("bad-server-expired", "BAD: expired yesterday", issuing.server(host, expired())),
        Made("bad-server-not-yet", "BAD: not valid before tomorrow", issuing.server(host, not_yet())),
        Made("bad-server-wrong-host", "BAD: for another host", issuing.server("wrong-host.invalid")),
        Made("bad-server-unknown-ca", "BAD: signed by a root that nobody trusts", foreign.server(host)),
        Made("bad-station-expired", "BAD: expired yesterday", issuing.station(station, expired())),
        Made("bad-station-unknown-ca", "BAD: signed by a root that nobody trusts", foreign.station(station)),
        Made("bad-station-other", "BAD: of another station", issuing.station(f"not-{station}")),
        Made(
            "bad-firmware-signing",
            "BAD: signed by a root that nobody trusts",
            foreign.firmware_signer("Firmware Thief"),
        ),
    )


def write(folder: Path, made: Sequence[Made], host: str, station: str) -> None:
    """Write all of it with a README. What is there already under these names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        _write(folder / f"{one.name}.pem", one.identity.certificate_pem(), 0o644)
        _write(folder / f"{one.name}.key", one.identity.key_pem(), 0o600)
    _write(folder / "README.txt", _readme(made, host, station).encode(), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    # Never readable for others, not even between writing and chmod.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)


def _readme(made: Sequence[Made], host: str, station: str) -> str:
    width = max(len(one.name) for one in made) + 2
    lines = [
        "Certificates to try TLS with, made by `python -m scripts.make_certs`. Throw-away keys: not for the field.",
        "NAME.pem is the certificate (with its chain), NAME.key its private key (mode 0600).",
        "",
        *(f"{one.name:<{width}}{one.what}" for one in made),
        "",
        "Security profile 2, the CSMS shows server.pem:",
        f"  station run --csms wss://{host}:PORT/PATH --id {station} --ca csms-root.pem --password-file secret.txt",
        "Security profile 3, the CSMS also asks for a certificate below csms-root.pem:",
        f"  station run --csms wss://{host}:PORT/PATH --id {station} --ca csms-root.pem"
        " --cert station.pem --key station.key",
        "What is wrong with a set-up:",
        f"  station csms check wss://{host}:PORT/PATH --id {station} --ca csms-root.pem …",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the laboratory from command-line arguments. Answers the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.make_certs", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write into; made if need be")
    parser.add_argument("--host", default="localhost", help="how URLs name the CSMS (default: localhost)")
    parser.add_argument("--station", default="CP-1", help="the station's identity (default: CP-1)")
    parser.add_argument("--organization", default="Example CPO", help="the operator, as CpoName has it")
    given = parser.parse_args(arguments)
    try:
        write(given.out, laboratory(given.host, given.station, given.organization), given.host, given.station)
    except OSError as problem:
        print(f" x {given.out}: {problem.strerror}", file=sys.stderr)
        return 1
    except ValueError as problem:
        print(f" x {problem}", file=sys.stderr)
        return 2
    print(f"{given.out / 'README.txt'} tells which file is what")
    return 0


if __name__ == "__main__":
    sys.exit(main())
