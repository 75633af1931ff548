"""The V2G certificates of a station (SECC leafs): those signed for keys of its own, and the one that the profile names.

They are shown to vehicles, never to the CSMS; keys and chains lie in ``secc`` beside those towards the CSMS. Also the
way from a certificate up to a root, which both these and the contracts of vehicles are named and judged by.

Spec: OCPP 2.0.1 A02.FR.15, M03; OCA "Using ISO 15118 Plug & Charge with OCPP 1.6" v1.0, 7.1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from cryptography import x509

from station.config import Profile
from station.core.certificate_tasks import CertificateHash, CertificateUse, HashAlgorithm, Installed
from station.host.state_folder import StateFolder
from station.host.vault.folder import Own, VaultFolder
from station.host.vault.names import name_of
from station.host.vault.own import in_order
from station.host.vault.reading import in_file, issued_by, public_bits
from station.host.vault.signing import public_of

_OWN = "secc"
_DEEPEST = 8


def v2g_folder(state: StateFolder) -> VaultFolder:
    """Where keys and chains of V2G certificates lie."""
    return VaultFolder(state, _OWN)


def v2g_certificates(
    profile: Profile, state: StateFolder, deleted: Collection[str] = (), *, now: datetime
) -> list[Own]:
    """Those that can be read, in the order in which they are to be used; what was deleted over OCPP is left out."""
    signed = [own for own in v2g_folder(state).chains() if public_of(own.key_file) == public_bits(own.leaf)]
    named = [own for own in _of_profile(profile) if own.fingerprint not in deleted]
    return in_order([*signed, *named], now)


def _of_profile(profile: Profile) -> Iterator[Own]:
    leaf = profile.certificates.v2g_leaf
    if leaf is not None and leaf.key.exists():
        chain = tuple(one for file in leaf.chain for one in in_file(file))
        if chain:
            yield Own(chain, leaf.chain[0], leaf.key)


def path_up(
    leaf: x509.Certificate, others: Iterable[x509.Certificate], roots: Iterable[x509.Certificate]
) -> tuple[list[tuple[x509.Certificate, x509.Certificate]], bool]:
    """The way from a certificate to a root: (certificate, its issuer) from the leaf on, and whether it gets there.

    What a certificate is worth is not looked at (``checks.chain_problem``).
    """
    between, anchors = tuple(others), tuple(roots)
    steps: list[tuple[x509.Certificate, x509.Certificate]] = []
    current = leaf
    while len(steps) <= _DEEPEST:
        anchor = next((root for root in anchors if issued_by(current, root)), None)
        issuer = anchor or next((one for one in between if one != current and issued_by(current, one)), None)
        if issuer is None:
            break
        steps.append((current, issuer))
        if anchor is not None:
            return steps, True
        current = issuer
    return steps, False


def chain_names(
    own: Own, roots: Iterable[x509.Certificate], algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> list[CertificateHash]:
    """The hash data of a chain, leaf first, without the root; none for what has no issuer here."""
    steps, _ = path_up(own.leaf, own.chain[1:], roots)
    return [name_of(certificate, issuer, algorithm) for certificate, issuer in steps]


def listed(owns: Iterable[Own], roots: Iterable[x509.Certificate]) -> Iterator[Installed]:
    """As GetInstalledCertificateIds lists them."""
    anchors = tuple(roots)
    for own in owns:
        names = chain_names(own, anchors)
        if names:
            yield Installed(CertificateUse.V2G_CHAIN, names[0], tuple(names[1:]))
