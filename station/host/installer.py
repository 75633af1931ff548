"""Installers of firmware: the simulated one, and a program of the owner's.

Called by ``station.host.jobs.firmware`` with a file that is whole and, where it was signed, verified.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LONGEST_S: Final = 1800.0
"""How long an installer may run before it is killed."""

_LINE: Final = re.compile(r"\s*(version|result)\s*[:=]\s*([!-~]{1,50})\s*", re.IGNORECASE)
_IN_NAME: Final = re.compile(r"\d+(?:\.\d+)+")
_HEAD_BYTES: Final = 4096
_OUTPUT_BYTES: Final = 64 * 1024
_LINE_LENGTH: Final = 300
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What an installer sees of our environment: secrets of the profile may stand in the rest."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an installation ended. ``problem`` empty: installed; ``unfit``: the file is no firmware for this station."""

    problem: str = ""
    version: str = ""
    unfit: bool = False


def simulated(file: Path, name: str) -> Ended:
    """What a simulated installation of this file comes to.

    A simulated firmware file is any file that is not empty. Lines of text in its first 4 KiB may say ``version: 1.5.0``
    and ``result: InstallationFailed`` or ``result: InstallVerificationFailed``; without a version it is the one in
    ``name`` (``wallbox-1.5.0.bin``), else that of the station stays.

    Raises:
        OSError: the file cannot be read.
    """
    with file.open("rb") as source:
        head = source.read(_HEAD_BYTES)
    if not head:
        return Ended("the file is empty", unfit=True)
    said = _said(head.decode("utf-8", "replace"))
    result = said.get("result", "Installed").casefold()
    if result == "installverificationfailed":
        return Ended("the file says so", unfit=True)
    if result == "installationfailed":
        return Ended("the file says so")
    in_name = _IN_NAME.findall(name)
    return Ended(version=said.get("version") or (in_name[-1] if in_name else ""))


def _said(text: str) -> dict[str, str]:
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return {match[1].casefold(): match[2] for match in found if match is not None}


async def run(program: Path, file: Path, note: Callable[[str], None], longest_s: float = LONGEST_S) -> Ended:
    """Have a program install the file: its only argument, no shell. Exit 0 is installed.

    A line ``version: 1.5.0`` of its output is the version that was installed. Every line goes to ``note``. It runs in a
    session of its own and is killed with all its children when its time is over or the job is abandoned.

    Raises:
        OSError: the program cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        str(program),
        str(file),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None},
        cwd=file.parent,
        start_new_session=True,
    )
    lines: list[str] = []
    try:
        async with asyncio.timeout(longest_s):
            await _read(process, lines, note)
            code = await process.wait()
    except TimeoutError:
        return Ended(f"{program.name} did not end within {longest_s:g} s")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if code == 0:
        return Ended(version=_said("\n".join(lines)).get("version", ""))
    last = f": {lines[-1]}" if lines else ""
    return Ended(f"{program.name} ended with {code}{last}")


async def _read(process: asyncio.subprocess.Process, lines: list[str], note: Callable[[str], None]) -> None:
    """Take what the program says, to the end; only so much of it is kept."""
    if process.stdout is None:
        return
    kept, rest = 0, b""
    while chunk := await process.stdout.read(_HEAD_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[-_HEAD_BYTES:]
        for raw in whole:
            kept += len(raw) + 1
            if kept <= _OUTPUT_BYTES:
                _take(raw, lines, note)
    if rest:
        _take(rest, lines, note)


def _take(raw: bytes, lines: list[str], note: Callable[[str], None]) -> None:
    # It ends up on terminals.
    text = "".join(letter if letter.isprintable() else " " for letter in raw.decode("utf-8", "replace"))
    line = text.strip()[:_LINE_LENGTH]
    if line:
        lines.append(line)
        note(line)
