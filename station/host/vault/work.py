"""The work on certificates: check, keep, list and delete them, make keys and requests (``core.certificate_tasks``).

Each piece takes some milliseconds and is done at once, so that none sees another one's half-done work. What is wrong is
reported in words for people, which hold no secret. Called by ``station.host.jobs.certificates``.

Spec: Security WP ed.3 A02, M03-M05; OCPP 2.0.1 A02, M03-M05.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from station.core.certificate_tasks import (
    ROOTS,
    CertificateUse,
    Deleted,
    DeleteInstalled,
    DropOwn,
    InspectOwn,
    Installed,
    InstallRoot,
    ListInstalled,
    MakeRequest,
    OwnDropped,
    OwnState,
    RemoveRoots,
    RootInstalled,
    Taken,
    TakeSigned,
)
from station.host.jobs.bench import Bench
from station.host.vault.checks import (
    chain_problem,
    lapse,
    owner_problem,
    root_problem,
    usage_problem,
)
from station.host.vault.folder import Kept, Own, VaultFolder
from station.host.vault.names import name_of
from station.host.vault.own import in_order, own_certificates
from station.host.vault.reading import fingerprint, issued_by, self_signed, strictly
from station.host.vault.signing import key_of, make_request
from station.host.vault.trust import Trust
from station.host.vault.v2g_work import delete_v2g, list_v2g

_CSMS: Final = CertificateUse.CSMS_ROOT


def _trust(bench: Bench) -> tuple[VaultFolder, Trust]:
    folder = VaultFolder(bench.state)
    return folder, Trust(bench.profile, folder, bench.engine.station.certificates.deleted)


def _install(task: InstallRoot, bench: Bench) -> RootInstalled:
    """M05. Invalid and incorrect ones, and one too many, are Rejected; Failed is what could not be written."""
    folder, trust = _trust(bench)
    try:
        (root,) = strictly(task.certificate)
    except ValueError:
        return RootInstalled("Rejected", "it is not one certificate in PEM form")
    problem = root_problem(root, bench.now_utc())
    if problem:
        return RootInstalled("Rejected", problem)
    name = fingerprint(root)
    known = trust.all()
    of_use = [one for one in known if one.use is task.use]
    there = any(one.fingerprint == name for one in of_use)
    if task.successor and of_use and not there:
        return _succeed(root, of_use, folder, bench)
    if not there and len(known) >= task.limit:
        return RootInstalled("Rejected", "there is no room for another certificate")
    if self_signed(root):
        folder.keep_root(task.use, root)
    elif not there:
        return RootInstalled("Rejected", "it is no root: not signed with its own key")
    return RootInstalled("Accepted", fingerprint=name)


def _succeed(root: x509.Certificate, roots: list[Kept], folder: VaultFolder, bench: Bench) -> RootInstalled:
    """The new root of the CSMS has to be signed by the one that it replaces (M05.FR.09-11).

    A successor that has not verified a connection yet gives way to the next one; what it was to replace stays.
    """
    tried = bench.engine.station.certificates.successor
    current = [one for one in roots if tried in (None, one.fingerprint)] or roots
    old = next((one for one in current if issued_by(root, one.certificate)), None)
    if old is None:
        return RootInstalled("Rejected", "it is not signed by the root that it replaces")
    folder.keep_root(_CSMS, root, old.certificate)
    if old.fingerprint == tried:
        folder.remove([old])
    kept = tuple(sorted(one.fingerprint for one in roots if one.fingerprint != tried))
    return RootInstalled("Accepted", fingerprint=fingerprint(root), replaces=kept)


def _delete(task: DeleteInstalled, bench: Bench) -> Deleted:
    """M04. A root that verifies the connection stays, and so does the station's own certificate."""
    folder, trust = _trust(bench)
    roots = trust.all(task.uses or ROOTS)
    named = [one for one in roots if name_of(one.certificate, one.issuer, task.name.algorithm).names(task.name)]
    if not named:
        return _not_found(task, bench, folder)
    in_use = bench.verified_by()
    if any(one.use is _CSMS and one.certificate.public_bytes(Encoding.DER) in in_use for one in named):
        return Deleted("Failed", "it verifies the connection to the CSMS")
    return _remove(named, folder, trust)


def _not_found(task: DeleteInstalled, bench: Bench, folder: VaultFolder) -> Deleted:
    if not task.uses or CertificateUse.V2G_CHAIN in task.uses:
        deleted = delete_v2g(task, bench)
        if task.uses or deleted.status != "NotFound":
            return deleted
    for own in own_certificates(bench.profile, folder):
        issuers = (*own.chain[1:], *Trust(bench.profile, folder).certificates(_CSMS))
        issuer = next((one for one in issuers if issued_by(own.leaf, one)), None)
        if issuer is not None and name_of(own.leaf, issuer, task.name.algorithm).names(task.name):
            return Deleted("Failed", "it is the station's own")
    return Deleted("NotFound")


def _remove(roots: list[Kept], folder: VaultFolder, trust: Trust) -> Deleted:
    folder.remove(roots)
    gone = {one.fingerprint for one in roots}
    of_profile = {one.fingerprint for use in {one.use for one in roots} for one in trust.named(use)}
    return Deleted("Accepted", marks=tuple(sorted(gone & of_profile)), roots=tuple(sorted(gone)))


def _remove_roots(task: RemoveRoots, bench: Bench) -> Deleted:
    """M05.FR.12: the predecessors of a root that has verified the CSMS."""
    folder, trust = _trust(bench)
    return _remove([one for one in trust.roots(_CSMS) if one.fingerprint in task.fingerprints], folder, trust)


def _list(task: ListInstalled, bench: Bench) -> tuple[Installed, ...]:
    """M03."""
    _, trust = _trust(bench)
    roots = tuple(Installed(one.use, name_of(one.certificate, one.issuer)) for one in trust.all(task.uses))
    return (*roots, *list_v2g(bench)) if CertificateUse.V2G_CHAIN in task.uses else roots


def _make_request(task: MakeRequest, bench: Bench) -> str:
    """A02.FR.02-03, .13. The common name is the serial number, or the identity of a station without one."""
    station = bench.profile.station
    return make_request(VaultFolder(bench.state), station.serial or station.id, task.organization)


def _take_signed(task: TakeSigned, bench: Bench) -> Taken:
    """A02.FR.06: its time, its owner, its key, and that it is of the operator's hierarchy."""
    folder, trust = _trust(bench)
    now = bench.now_utc()
    try:
        leaf, *others = strictly(task.chain)
    except ValueError:
        return Taken("it cannot be read")
    key_file = key_of(folder, leaf)
    if key_file is None:
        return Taken("it is not for a key of this station")
    early = now < leaf.not_valid_before_utc
    station = bench.profile.station
    identities = [name for name in (station.serial, station.id) if name]
    problem = (
        ("" if early and task.early else lapse(leaf, now))
        or owner_problem(leaf, identities, task.organization)
        or usage_problem(leaf)
        or chain_problem(leaf, others, trust.certificates(_CSMS), now)
    )
    if problem:
        return Taken(problem)
    folder.keep_chain(key_file, [leaf, *(one for one in others if not self_signed(one))])
    return Taken(fingerprint=fingerprint(leaf), begins=leaf.not_valid_before_utc if early else None)


def _drop_own(task: DropOwn, bench: Bench) -> OwnDropped:
    """A02.FR.10. Files of the profile stay, and what the disk does not let go."""

    def meant(own: Own) -> bool:
        return (own.fingerprint == task.fingerprint) is not task.others

    folder = VaultFolder(bench.state)
    for own in list(folder.chains()):
        if meant(own):
            with contextlib.suppress(OSError):
                folder.drop(own)
    return OwnDropped(frozenset(own.fingerprint for own in own_certificates(bench.profile, folder) if meant(own)))


def _inspect_own(task: InspectOwn, bench: Bench) -> OwnState:
    """A03.FR.02; Security WP ed.3 A02.FR.08."""
    now = bench.now_utc()
    owns = own_certificates(bench.profile, VaultFolder(bench.state))
    if not owns:
        return OwnState()
    used = in_order(owns, now, task.lost)[0]
    coming = sorted(
        (own for own in owns if now < own.leaf.not_valid_before_utc), key=lambda own: own.leaf.not_valid_before_utc
    )
    if not coming or coming[0] is used:
        return OwnState(used.leaf.not_valid_after_utc)
    following = coming[0]
    return OwnState(used.leaf.not_valid_after_utc, following.leaf.not_valid_before_utc, following.fingerprint)


WORK: Final[dict[type, Callable[[Any, Bench], Any]]] = {
    InstallRoot: _install,
    DeleteInstalled: _delete,
    RemoveRoots: _remove_roots,
    ListInstalled: _list,
    MakeRequest: _make_request,
    TakeSigned: _take_signed,
    DropOwn: _drop_own,
    InspectOwn: _inspect_own,
}
"""Task -> what carries it out and answers the report."""
