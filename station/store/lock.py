"""One process owns a store: an advisory lock on a file beside it, which dies with its process (SIGKILL too).

The file stays where it is when the lock goes: removing it would let two processes lock two files of one name.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from station.errors import StoreBusyError


class FileLock:
    """Holds the lock from creation to ``release``.

    Args:
        path: the lock file; created with mode 0600, holds the owner's pid.
        name: what the lock protects, for the error.

    Raises:
        StoreBusyError: somebody holds it; the message names the pid.
        OSError: the file cannot be opened or locked.
    """

    __slots__ = ("_fd",)

    def __init__(self, path: Path, name: str) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise StoreBusyError(
                f"{name} is in use by process {holder}", "stop that process, or give this station a store of its own"
            ) from None
        except OSError:
            os.close(fd)
            raise
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode("ascii"), 0)
        self._fd = fd

    def release(self) -> None:
        """Let go. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
