"""Who holds a device file: read from ``/proc``, for messages that help. Linux only; elsewhere nobody is known."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
MOST = 5
"""Processes named at most; a device held by more is still held."""


def holders(path: str | Path, proc: Path = _PROC) -> list[str]:
    """The processes that have a device open, such as ``ModemManager (pid 812)``; this one is left out.

    Processes of other users can be seen by root only.

    Args:
        path: of the device; symlinks are followed.
        proc: where processes are listed.
    """
    target = os.path.realpath(path)
    found: list[str] = []
    for pid in _pids(proc):
        if pid != os.getpid() and _has_open(proc / str(pid), target):
            found.append(f"{_name(proc / str(pid))} (pid {pid})")
            if len(found) == MOST:
                break
    return found


def held_by(path: str | Path, proc: Path = _PROC) -> str:
    """``held by ModemManager (pid 812)``, ``already in use by this program``, or ``held by another process``."""
    names = holders(path, proc)
    if not names and _has_open(proc / str(os.getpid()), os.path.realpath(path)):
        return "already in use by this program"
    return f"held by {', '.join(names) or 'another process'}"


def _pids(proc: Path) -> list[int]:
    try:
        names = os.listdir(proc)  # noqa: PTH208 - names only, there may be thousands
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def _has_open(process: Path, target: str) -> bool:
    folder = process / "fd"
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:  # the process has ended, or is another user's
        return False
    return any(_target(folder / name) == target for name in names)


def _target(descriptor: Path) -> str:
    """What the kernel says a descriptor is: the resolved path, or words such as ``socket:[812]``."""
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _name(process: Path) -> str:
    """A process chooses its own name: up to 15 bytes of anything."""
    try:
        name = (process / "comm").read_bytes()[:15].decode("utf-8", "replace")
    except OSError:
        return "a process"
    return "".join(char for char in name if char.isprintable()).strip() or "a process"
