"""Who holds a device file: read from ``/proc``, for messages that help. Linux only; elsewhere nobody is known."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def holders(path: str | Path, proc: Path = _PROC) -> list[str]:
    """The processes that have a device open, such as ``ModemManager (pid 812)``; this one is left out.

    Processes of other users can be seen by root only.

    Args:
        path: of the device; symlinks are followed.
        proc: where processes are listed.
    """
    target = os.path.realpath(path)
    found = []
    for process in sorted(proc.glob("[0-9]*"), key=lambda entry: int(entry.name)):
        if process.name != str(os.getpid()) and _has_open(process, target):
            found.append(f"{_name(process)} (pid {process.name})")
    return found


def held_by(path: str | Path) -> str:
    """``held by ModemManager (pid 812)``, or ``held by another process``."""
    return f"held by {', '.join(holders(path)) or 'another process'}"


def _has_open(process: Path, target: str) -> bool:
    try:
        return any(os.path.realpath(descriptor) == target for descriptor in (process / "fd").iterdir())
    except OSError:  # the process has ended, or is another user's
        return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip() or "a process"
    except OSError:
        return "a process"
