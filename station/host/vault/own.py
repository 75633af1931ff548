"""The station's certificates towards the CSMS: the pair that the profile names, and those signed for keys of its own.

Spec: Security WP ed.3 A02.FR.08-10; OCPP 2.0.1 A02.FR.08-10, A00.FR.430 (errata 2025-01).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from station.config import Profile
from station.host.vault.folder import Own, VaultFolder
from station.host.vault.reading import in_file, public_bits
from station.host.vault.signing import public_of


def own_certificates(profile: Profile, folder: VaultFolder) -> list[Own]:
    """Those that can be read and whose key is theirs; signed ones before the profile's."""
    return [*_signed(folder), *_of_profile(profile)]


def _signed(folder: VaultFolder) -> Iterator[Own]:
    for own in folder.chains():
        if public_of(own.key_file) == public_bits(own.leaf):
            yield own


def _of_profile(profile: Profile) -> Iterator[Own]:
    security = profile.csms.security
    if security.cert is None:
        return
    chain = in_file(security.cert)
    key_file = security.key or security.cert
    if chain and public_of(key_file) == public_bits(chain[0]):
        yield Own(chain, security.cert, key_file)


def in_order(owns: Iterable[Own], now: datetime, lost: frozenset[str] = frozenset()) -> list[Own]:
    """The order in which they are to be used: valid ones, the newest first; then those that have expired, which a CSMS
    may still take; at last those that are not valid yet, for a station whose clock is wrong.

    Among each, ``lost`` (fingerprints) come last: the CSMS has taken another one in place of them, and may have revoked
    them since, however new they are.
    """

    def rank(own: Own) -> tuple[int, bool, float]:
        leaf = own.leaf
        behind = own.fingerprint in lost
        if now < leaf.not_valid_before_utc:
            return 2, behind, leaf.not_valid_before_utc.timestamp()
        return int(now > leaf.not_valid_after_utc), behind, -leaf.not_valid_before_utc.timestamp()

    return sorted(owns, key=rank)
