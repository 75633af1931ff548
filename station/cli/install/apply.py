"""Writes the files of a plan and runs its commands. Idempotent; a file that somebody changed is kept.

Each file ends its first comment line with the checksum of the rest: what was not touched since may be brought up to
date, what was is theirs.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from station.cli.install.plan import File

Outcome = Literal["written", "updated", "unchanged", "kept", "replaced"]
Runner = Callable[[tuple[str, ...]], str | None]
_MARK: Final = "# Written by `station install`; checksum "
_TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file; `backup` is where its predecessor went."""

    path: Path
    outcome: Outcome
    backup: Path | None = None


def content(file: File) -> str:
    """A file's text with the line that tells whether it was changed by hand."""
    return file.text if file.theirs else f"{_MARK}{_checksum(file.text)}\n{file.text}"


def write(file: File, prefix: Path, *, force: bool) -> Written:
    """Write a file below a prefix.

    Args:
        force: replace one that was changed by hand, too; it is kept with `.bak` behind its name.

    Raises:
        OSError: it cannot be written.
    """
    path = prefix / file.path.relative_to("/")
    text = content(file)
    try:
        old = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return _put(path, text, file.mode, "written")
    if file.theirs:
        path.chmod(file.mode)
        return Written(path, "kept" if old != text else "unchanged")
    if old == text:
        path.chmod(file.mode)
        return Written(path, "unchanged")
    if _untouched(old):
        return _put(path, text, file.mode, "updated")
    if not force:
        return Written(path, "kept")
    backup = path.with_name(f"{path.name}.bak")
    path.replace(backup)
    return Written(_put(path, text, file.mode, "replaced").path, "replaced", backup)


def run(command: tuple[str, ...]) -> str | None:
    """Run a command; why it failed, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(getattr(error, "strerror", None) or error)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}"


def _put(path: Path, text: str, mode: int, outcome: Outcome) -> Written:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=mode)
    fresh.chmod(mode)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return Written(path, outcome)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _untouched(old: str) -> bool:
    first, _, rest = old.partition("\n")
    return first == f"{_MARK}{_checksum(rest)}"
