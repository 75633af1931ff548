"""The work on V2G certificates and on the contracts of vehicles (``core.v2g_tasks``, ``core.contract_tasks``).

As ``work``: each piece is done at once. Called by ``station.host.jobs.plug_and_charge``, and by ``work`` for what lists
and deletes certificates of all uses.

Spec: OCPP 2.0.1 A02, C07, M03, M04; ISO 15118-2 Annex F.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from station.core.certificate_tasks import (
    CertificateUse,
    Deleted,
    DeleteInstalled,
    Installed,
    OwnState,
    Taken,
)
from station.core.contract_tasks import ExamineContract, Examined, OcspName
from station.core.v2g_tasks import DropV2g, InspectV2g, MakeV2gRequest, TakeV2gSigned
from station.host.jobs.bench import Bench
from station.host.vault.checks import chain_problem, lapse
from station.host.vault.folder import Own, VaultFolder
from station.host.vault.names import name_of
from station.host.vault.reading import fingerprint, self_signed, strictly
from station.host.vault.signing import key_of, make_request
from station.host.vault.trust import Trust
from station.host.vault.v2g import chain_names, listed, path_up, v2g_certificates, v2g_folder

_V2G: Final = CertificateUse.V2G_ROOT
_LONGEST_URL: Final = 512
_EMAID_LENGTH: Final = 14
"""Without the check digit, which may be left out (ISO 15118-2 Annex H)."""

_CHAIN_ERROR: Final = "CertChainError"
_EXPIRED: Final = "CertificateExpired"


def _roots(bench: Bench, *uses: CertificateUse) -> tuple[x509.Certificate, ...]:
    trust = Trust(bench.profile, VaultFolder(bench.state), bench.engine.station.certificates.deleted)
    return tuple(one.certificate for one in trust.all(uses))


def _owns(bench: Bench) -> list[Own]:
    deleted = bench.engine.station.certificates.deleted
    return v2g_certificates(bench.profile, bench.state, deleted, now=bench.now_utc())


# For work on certificates of all uses


def list_v2g(bench: Bench) -> tuple[Installed, ...]:
    """The V2G chains that are installed (M03)."""
    return tuple(listed(_owns(bench), _roots(bench, _V2G)))


def delete_v2g(task: DeleteInstalled, bench: Bench) -> Deleted:
    """A V2G certificate, or an authority of its chain and with it the chain (M04.FR.08)."""
    roots, folder = _roots(bench, _V2G), v2g_folder(bench.state)
    signed = {own.fingerprint for own in folder.chains()}
    named = [
        own
        for own in _owns(bench)
        if any(name.names(task.name) for name in chain_names(own, roots, task.name.algorithm))
    ]
    if not named:
        return Deleted("NotFound")
    for own in named:
        if own.fingerprint in signed:
            folder.drop(own)
    return Deleted("Accepted", marks=tuple(own.fingerprint for own in named if own.fingerprint not in signed))


# V2G certificates


def _make_request(task: MakeV2gRequest, bench: Bench) -> str:
    """A02.FR.02-03. The key never leaves the folder."""
    station = bench.profile.station
    common_name = task.name or station.serial or station.id
    return make_request(v2g_folder(bench.state), common_name, task.organization, task.country)


def _take_signed(task: TakeV2gSigned, bench: Bench) -> Taken:
    """A02.FR.06: its time, its key, and that it leads to a V2G root. What is older than the one in use goes."""
    folder, now = v2g_folder(bench.state), bench.now_utc()
    try:
        leaf, *others = strictly(task.chain)
    except ValueError:
        return Taken("it cannot be read")
    key_file = key_of(folder, leaf)
    if key_file is None:
        return Taken("it is not for a key of this station")
    problem = lapse(leaf, now) or chain_problem(leaf, others, _roots(bench, _V2G), now)
    if problem:
        return Taken(problem)
    before = _owns(bench)[:1]
    for own in list(folder.chains()):
        if own.key_file != key_file and own.fingerprint not in {one.fingerprint for one in before}:
            folder.drop(own)
    folder.keep_chain(key_file, [leaf, *(one for one in others if not self_signed(one))])
    return Taken(fingerprint=fingerprint(leaf))


def _drop(task: DropV2g, bench: Bench) -> None:
    folder = v2g_folder(bench.state)
    for own in list(folder.chains()):
        if own.fingerprint == task.fingerprint:
            folder.drop(own)


def _inspect(_task: InspectV2g, bench: Bench) -> OwnState:
    """When the certificate in use ends (A03.FR.02)."""
    owns = _owns(bench)
    return OwnState(owns[0].leaf.not_valid_after_utc) if owns else OwnState()


# Contracts


def _examine(task: ExamineContract, bench: Bench) -> Examined:
    """C07.FR.06, .08: against the roots of mobility operators and of V2G."""
    now = bench.now_utc()
    try:
        leaf, *others = strictly(task.certificate)
    except ValueError:
        return Examined(_CHAIN_ERROR)
    if now > leaf.not_valid_after_utc:
        return Examined(_EXPIRED)
    if lapse(leaf, now) or not _of(leaf, task.emaid):
        return Examined(_CHAIN_ERROR)
    roots = _roots(bench, CertificateUse.MO_ROOT, _V2G)
    steps, rooted = path_up(leaf, others, roots)
    if not rooted:
        return Examined(rooted=False)
    if chain_problem(leaf, others, roots, now):
        return Examined(_CHAIN_ERROR)
    found = ((certificate, issuer, _responder(certificate)) for certificate, issuer in steps)
    return Examined(names=tuple(OcspName(name_of(one, issuer), url) for one, issuer, url in found if url))


def _of(leaf: x509.Certificate, emaid: str) -> bool:
    """Whether a contract certificate is that of an eMAID: its common name, with or without separators."""
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return any(_plain(str(one.value)) == _plain(emaid) for one in names)


def _plain(emaid: str) -> str:
    return emaid.replace("-", "").upper()[:_EMAID_LENGTH]


def _responder(certificate: x509.Certificate) -> str:
    """Where its status can be asked for (RFC 6960 §3.1); empty where it does not say."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    for one in access:
        location = one.access_location
        if one.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            return str(location.value)[:_LONGEST_URL]
    return ""


WORK: Final[dict[type, Callable[[Any, Bench], Any]]] = {
    MakeV2gRequest: _make_request,
    TakeV2gSigned: _take_signed,
    DropV2g: _drop,
    InspectV2g: _inspect,
    ExamineContract: _examine,
}
"""Task -> what carries it out and answers the report."""
