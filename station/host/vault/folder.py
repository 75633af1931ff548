"""The folder ``certificates`` below a station's state folder: installed roots, own keys, own chains.

Files are for their owner alone and written whole or not at all. What cannot be read is as if it were not there; it
keeps nobody from booting or dialling. This only keeps: what may be kept is judged by the callers.

``<use>/<fingerprint>.pem`` is an installed root, with its issuer behind it where it is not its own;
``station/<name>.key`` a key pair, ``station/<name>.pem`` the chain that was signed for it, leaf first; those of V2G
certificates are in ``secc``.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from station.core.certificate_tasks import CertificateUse
from station.host.state_folder import StateFolder
from station.host.vault.reading import fingerprint, in_file, pem

_FOLDER: Final = "certificates"
_OWN: Final = "station"
_USES: Final = {
    CertificateUse.CSMS_ROOT: "csms",
    CertificateUse.MANUFACTURER_ROOT: "manufacturer",
    CertificateUse.V2G_ROOT: "v2g",
    CertificateUse.MO_ROOT: "mo",
}
_PENDING_KEYS: Final = 4
"""Keys whose certificate may still come; older ones are removed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A root that is installed. ``issuer`` is the certificate that signed it, itself mostly."""

    use: CertificateUse
    certificate: x509.Certificate
    issuer: x509.Certificate
    file: Path | None = None

    @property
    def fingerprint(self) -> str:
        """Its name within this program."""
        return fingerprint(self.certificate)


@dataclass(frozen=True, slots=True)
class Own:
    """A certificate of the station with its chain (leaf first) and the file of its key."""

    chain: tuple[x509.Certificate, ...]
    cert_file: Path
    key_file: Path

    @property
    def leaf(self) -> x509.Certificate:
        """The station's certificate itself."""
        return self.chain[0]

    @property
    def fingerprint(self) -> str:
        """Its name within this program."""
        return fingerprint(self.leaf)


class VaultFolder:
    """See the module. Nothing is made before something is kept. ``own``: the subfolder of the keys that are meant."""

    __slots__ = ("_own", "_state")

    def __init__(self, state: StateFolder, own: str = _OWN) -> None:
        self._state = state
        self._own = own

    def _files(self, name: str, pattern: str) -> list[Path]:
        made = self._state.made
        if made is None:
            return []
        with contextlib.suppress(OSError):
            return sorted((made / _FOLDER / name).glob(pattern))
        return []

    # Roots

    def roots(self, use: CertificateUse) -> Iterator[Kept]:
        """The installed roots of a use."""
        for file in self._files(_USES[use], "*.pem"):
            found = in_file(file)
            if found and fingerprint(found[0]) == file.stem:
                yield Kept(use, found[0], found[-1], file)

    def keep_root(self, use: CertificateUse, root: x509.Certificate, issuer: x509.Certificate | None = None) -> None:
        """Install a root, or install it again.

        Raises:
            OSError: it cannot be written.
        """
        text = pem(root) + (pem(issuer) if issuer is not None and issuer != root else "")
        folder = self._state.path(_FOLDER, _USES[use])
        _write(folder / f"{fingerprint(root)}.pem", text.encode("ascii"))

    def remove(self, roots: Iterable[Kept]) -> None:
        """Remove installed roots; one that is gone is no error.

        Raises:
            OSError: one cannot be removed.
        """
        for root in roots:
            if root.file is not None:
                root.file.unlink(missing_ok=True)
                _sync(root.file.parent)

    # The station's own

    def chains(self) -> Iterator[Own]:
        """The certificates that were signed for keys of this station."""
        for file in self._files(self._own, "*.pem"):
            chain = in_file(file)
            key = file.with_suffix(".key")
            if chain and key.exists():
                yield Own(chain, file, key)

    def key_files(self) -> list[Path]:
        """The files of all keys."""
        return self._files(self._own, "*.key")

    def keep_key(self, name: str, key_pem: bytes) -> None:
        """Keep a new key pair; the oldest of those that never got a certificate go.

        Raises:
            OSError: it cannot be written.
        """
        folder = self._state.path(_FOLDER, self._own)
        _write(folder / f"{name}.key", key_pem)
        waiting = [file for file in self.key_files() if not file.with_suffix(".pem").exists() and file.stem != name]
        with contextlib.suppress(OSError):
            waiting.sort(key=lambda file: file.stat().st_mtime_ns)
            for file in waiting[: max(0, len(waiting) + 1 - _PENDING_KEYS)]:
                file.unlink(missing_ok=True)

    def keep_chain(self, key_file: Path, chain: Iterable[x509.Certificate]) -> None:
        """Keep the chain that was signed for a key.

        Raises:
            OSError: it cannot be written.
        """
        _write(key_file.with_suffix(".pem"), "".join(map(pem, chain)).encode("ascii"))

    def drop(self, own: Own) -> None:
        """Remove a certificate of the station and its key.

        Raises:
            OSError: it cannot be removed.
        """
        own.cert_file.unlink(missing_ok=True)
        own.key_file.unlink(missing_ok=True)
        _sync(own.cert_file.parent)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, durably; mkstemp makes it for its owner alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make what changed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
