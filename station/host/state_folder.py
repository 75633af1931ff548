"""The folder of a station for keys, certificates, logs and downloads: made when first needed, for the owner alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TextIO

_OWNER_ONLY = 0o700


def for_owner(file: Path, buffering: int = -1) -> TextIO:
    """A file to append lines to; where it is made anew, only its owner may look into it.

    Args:
        file: where it is.
        buffering: as ``open`` has it; 1 writes each line at once.

    Raises:
        OSError: it cannot be written.
    """

    def opened(path: str, flags: int) -> int:
        return os.open(path, flags, 0o600)

    return open(file, "a", buffering, encoding="utf-8", opener=opened)


class StateFolder:
    """See the module. Without a path it is a temporary folder, which ``release`` removes."""

    __slots__ = ("_path", "_temporary")

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def path(self, *names: str) -> Path:
        """A subfolder, or the folder itself; it exists and only its owner may look into it.

        Raises:
            OSError: it cannot be made.
        """
        if self._path is None:
            # A thread that still writes a file must not keep the station from stopping.
            self._temporary = tempfile.TemporaryDirectory(prefix="ocpp-station-", ignore_cleanup_errors=True)
            self._path = Path(self._temporary.name)
        folder = self._path
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        for name in names:
            folder = folder / name
            folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        return folder

    @property
    def made(self) -> Path | None:
        """Where it is, if it exists; for those who only look."""
        return self._path if self._path is not None and self._path.is_dir() else None

    def release(self) -> None:
        """Remove a temporary folder; idempotent."""
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = self._path = None
