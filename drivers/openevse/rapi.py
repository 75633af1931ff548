"""RAPI, the serial protocol of OpenEVSE, as bytes in and lines out. No I/O.

A command is ``$FN parameters :SQ^XK`` and a carriage return: ``XK`` is the XOR of everything before the ``^``, ``SQ`` a
sequence number that the answer repeats (protocol 3 and later). Answers begin with ``$OK`` or ``$NK``, what the
controller tells by itself with ``$A``. Lines of older controllers have an additive checksum after ``*``, or none.

Source: OpenEVSE firmware, RAPI description (rapi_proc.h).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import xor

MAX_LINE = 64
"""Bytes of the longest line that is kept; the firmware's own buffer has 48."""

_SEQUENCE = re.compile(r":([0-9A-Fa-f]{2})")
_CHECKED = re.compile(rb"(.*?)([\^*])([0-9A-Fa-f]{2})\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the controller: its ``word`` (OK, NK, AT, AB, ...), what follows, and the sequence number repeated."""

    word: str
    arguments: tuple[str, ...] = ()
    sequence: int | None = None

    @property
    def answers(self) -> bool:
        """Whether it is an answer to a command."""
        return self.word in ("OK", "NK")


def encode(command: str, sequence: int | None = None) -> bytes:
    """A command, such as ``SC 16 V``, as it goes over the line.

    Args:
        command: function and parameters, without ``$``.
        sequence: 1 to 255; None where the controller does not know them.
    """
    body = f"${command}" if sequence is None else f"${command} :{sequence:02X}"
    return f"{body}^{_xor(body.encode('ascii')):02X}\r".encode("ascii")


def parse(line: bytes) -> Line | None:
    """A line without its end. None: it is damaged, or nothing that a controller says."""
    checked = _CHECKED.fullmatch(line)
    body = line
    if checked is not None:
        body = checked[1]
        total = _xor(body) if checked[2] == b"^" else sum(body) & 0xFF
        if int(checked[3], 16) != total:
            return None
    elif b"^" in line or b"*" in line:
        return None
    try:
        words = body.decode("ascii").split()
    except UnicodeDecodeError:
        return None
    if not words or not re.fullmatch(r"\$[A-Z]{2}", words[0]):
        return None
    sequence = None
    if (found := _SEQUENCE.fullmatch(words[-1])) is not None:
        sequence = int(found[1], 16)
        words = words[:-1]
    return Line(words[0][1:], tuple(words[1:]), sequence)


class Lines:
    """Cuts what arrives into lines. Noise and overlong lines are dropped; a ``$`` begins anew."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[Line]:
        """The lines that are complete with these bytes."""
        *complete, rest = re.split(rb"[\r\n]", self._pending + data)
        self._pending = _from_start(rest)[:MAX_LINE]
        return list(_parsed(complete))


def number(arguments: tuple[str, ...], place: int, base: int = 10) -> int | None:
    """The number at a place; None where there is none."""
    try:
        return int(arguments[place], base)
    except (IndexError, ValueError):
        return None


def _parsed(lines: Iterable[bytes]) -> Iterable[Line]:
    for line in lines:
        start = _from_start(line)
        found = parse(start) if 0 < len(start) <= MAX_LINE else None
        if found is not None:
            yield found


def _from_start(line: bytes) -> bytes:
    """From the last ``$``: what stands before it was cut off."""
    start = line.rfind(b"$")
    return line[start:] if start >= 0 else b""


def _xor(data: bytes) -> int:
    return reduce(xor, data, 0)
