"""Whether the certificates of a plan can be used, before anything is dialled: of groups, of rows, the authority's.

Called by ``plan_file``. A dial would say the same a thousand times over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from station.config import Loaded, Position, Profile, Secret
from station.config.errors import Problem
from station.config.nodes import ScalarNode, find, value_position
from station.fleet import tables
from station.fleet.plan import Issuing, Station
from station.fleet.plan_draft import Draft
from station.fleet.plan_model import AuthorityBlock
from station.net.tls import TlsSettings, TlsSettingsError, client_context

_BY_CERTIFICATE = 3
"""The security profile with client certificates."""

_CERTIFICATE_KEYS = frozenset({"cert", "key"})


def issuing(draft: Draft) -> Issuing | None:
    """The authority of the plan; None: there is none, or there were problems."""
    block = draft.stations.certificates
    if block is None:
        return None
    where = ("stations", "certificates")
    files = [(key, draft.file(text)) for key, text in (("ca", block.ca), ("key", block.key))]
    sound = [(key, file) for key, file in files if draft.sound(*where, key)]
    missing = [(key, file) for key, file in sound if not file.is_file()]
    for key, file in missing:
        draft.fault((*where, key), f"{file} is no file", "the path is relative to the plan")
    whole = len(sound) == len(files) and not missing and draft.sound(*where, "key_password")
    return _authority(draft, block) if whole else None


def _authority(draft: Draft, block: AuthorityBlock) -> Issuing | None:
    from cryptography.hazmat.primitives import serialization

    from station.fleet.certificates import SIGNERS
    from station.host.vault.checks import authority_problem, lapse
    from station.host.vault.reading import certificates, pem, public_bits

    ca, key_file = draft.file(block.ca), draft.file(block.key)
    where = ("stations", "certificates")
    try:
        chain = certificates(ca.read_bytes())
        password = None if block.key_password is None else block.key_password.reveal().encode()
        key = serialization.load_pem_private_key(key_file.read_bytes(), password)
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or "no private key in PEM form, or its password is wrong"
        draft.fault((*where, "key"), f"{getattr(error, 'filename', None) or key_file}: {reason}")
        return None
    if not isinstance(key, SIGNERS):
        draft.fault((*where, "key"), f"{key_file}: a key of this kind signs nothing", "name the authority's")
        return None
    if not chain:
        draft.fault((*where, "ca"), f"{ca}: no certificate in PEM form")
        return None
    problem = lapse(chain[0], datetime.now(UTC)) or authority_problem(chain[0])
    if problem:
        draft.fault((*where, "ca"), f"{ca}: {problem}", "name an authority that may sign certificates")
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if public != public_bits(chain[0]):
        draft.fault((*where, "key"), f"{key_file}: the key does not belong to {ca}")
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder = None if block.folder is None else draft.file(block.folder)
    return Issuing("".join(map(pem, chain)), Secret(plain.decode()), str(block.organization or ""), folder)


def check(draft: Draft, profiles: Sequence[Loaded | None], rows: Sequence[Station], made: Issuing | None) -> None:
    """Problems of every group's files and of every row's."""
    used = [loaded for loaded in profiles if loaded is not None]
    own = draft.stations.certificates is not None or any(row.cert is not None for row in rows)
    for loaded in used:
        draft.take(_of_a_group(draft, loaded, rows_have_their_own=own))
    if rows and (any(_tls(loaded.profile) for loaded in used) or (None in profiles and _dials_tls(draft))):
        draft.take(_of_rows(draft, rows, used))
    if made is not None and used and draft.flags.needs_csms and not any(_tls(loaded.profile) for loaded in used):
        where = draft.position("stations", "certificates")
        draft.warn(where, "no group connects with TLS (wss://): the certificates serve nobody")
    for loaded in used if own else ():
        security = loaded.profile.csms.security
        if _tls(loaded.profile) and security.check_chain and security.ca is None:
            said = "each station would hold all roots of this system, 0.8 MB and 50 ms a station; name the CSMS's: --ca"
            draft.warn(_place(loaded, "ca"), said)


def _tls(profile: Profile) -> bool:
    return (profile.csms.url or "").startswith("wss:")


def _dials_tls(draft: Draft) -> bool:
    """Whether the plan says so, where profiles could not be read."""
    node = find(draft.root, ("csms", "url"))
    url = draft.flags.csms or (node.text if isinstance(node, ScalarNode) else "")
    return url.startswith("wss:")


def _of_a_group(draft: Draft, loaded: Loaded, *, rows_have_their_own: bool) -> Iterator[Problem]:
    from station.host import tls_check

    profile = loaded.profile
    for one in tls_check.unusable(profile):
        if not (rows_have_their_own and one.key in _CERTIFICATE_KEYS):
            yield Problem(_place(loaded, one.key), f"csms.security.{one.key}: {one.message}", one.hint)
    for one in tls_check.doubtful(profile):
        if one.key == "cert" and profile.csms.security.profile >= _BY_CERTIFICATE:
            yield Problem(_place(loaded, one.key), f"csms.security.{one.key}: {one.message}", one.hint)
        else:
            draft.warn(_place(loaded, one.key), f"{one.message}; {one.hint}")


def _place(loaded: Loaded, key: str) -> Position:
    return value_position(loaded.root, ("csms", "security", key))


def _of_rows(draft: Draft, rows: Sequence[Station], used: Sequence[Loaded]) -> Iterator[Problem]:
    path = draft.flags.stations or draft.near(draft.stations.csv or "")
    known: set[tuple[Path, Path | None]] = set()
    found: dict[int, tuple[str, str]] = {}
    wanting = any(
        loaded.profile.csms.security.profile >= _BY_CERTIFICATE and loaded.profile.csms.security.cert is None
        for loaded in used
    )
    for row in rows:
        message, column = "", "cert"
        if row.cert is None:
            if wanting and draft.stations.certificates is None:
                message = "security profile 3 needs cert and key, and the row has none"
        elif (row.cert, row.key) not in known:
            known.add((row.cert, row.key))
            message = _unusable(row.cert, row.key)
            column = "key" if message.startswith(f"{row.key}:") and row.key != row.cert else "cert"
        if message:
            found[row.line] = (column, f"{row.id}: {message}")
            if len(found) >= tables.MOST_PROBLEMS:
                break
    where = tables.places(path, {line: column for line, (column, _) in found.items()}) if found else {}
    for line, (_, message) in found.items():
        yield Problem(where.get(line, Position(str(path), line, 1)), message)
    if len(found) >= tables.MOST_PROBLEMS:
        yield Problem(where[max(found)], f"{len(found)} bad rows are told; more may be wrong")


def _unusable(cert: Path, key: Path | None) -> str:
    """What keeps a certificate and its key from being shown; empty: nothing."""
    from station.host.vault.checks import lapse
    from station.host.vault.reading import certificates

    try:
        client_context(TlsSettings((), cert, key, ca_pem=""))
        leaf = next(iter(certificates(cert.read_bytes())), None)
    except TlsSettingsError as refused:
        return refused.message
    except OSError as error:
        return f"{cert}: {error.strerror}"
    problem = "no certificate in PEM form" if leaf is None else lapse(leaf, datetime.now(UTC))
    return f"{cert}: {problem}" if problem else ""
