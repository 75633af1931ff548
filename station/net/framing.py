"""The frames of nearly all traffic, built and read without the library: a masked frame out, whole texts in.

A call and its answer are one unfragmented frame each. The library's parser and serialiser take ten times as long for
them as this module; everything else (fragments, control frames from the peer, extensions, faults) is left to it.
Called by ``websocket`` only.

Spec: RFC 6455 §5.2, §5.3.
"""

from __future__ import annotations

import os
import struct
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the extension
    from websockets.utils import apply_mask

FINAL_TEXT: Final = 0x81
"""The first byte of an unfragmented text frame without extensions."""
FINAL_PING: Final = 0x89
"""The first byte of a ping."""

_SHORT: Final = 126
"""From this length on the length has two bytes of its own."""
_MIDDLE: Final = 0x10000
"""From this length on it has eight."""
_MASKED: Final = 0x80
_DRAWN: Final = 4096
"""Bytes of randomness drawn at a time: a system call for a thousand masks instead of one for each."""

_short = struct.Struct("!BB4s").pack
_middle = struct.Struct("!BBH4s").pack
_long = struct.Struct("!BBQ4s").pack


_masks: list[tuple[bytes]] = []
"""Masks nobody can foresee, each used once (RFC 6455 §5.3, §10.3)."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_masks.clear)  # a forked process must not use the masks of its parent


def masked(first: int, payload: bytes) -> bytes:
    """A frame of a client, with a mask of its own.

    Args:
        first: its first byte: FIN bit and opcode.
        payload: what it carries.
    """
    try:
        (mask,) = _masks.pop()
    except IndexError:
        (mask,), *others = struct.iter_unpack("4s", os.urandom(_DRAWN))
        _masks.extend(others)
    size = len(payload)
    if size < _SHORT:
        return _short(first, _MASKED | size, mask) + apply_mask(payload, mask)
    if size < _MIDDLE:
        return _middle(first, _MASKED | 126, size, mask) + apply_mask(payload, mask)
    return _long(first, _MASKED | 127, size, mask) + apply_mask(payload, mask)


def whole_text(data: bytes, at: int, longest: int) -> tuple[str, int] | None:
    """The text of the frame that begins at ``at``, and where the next one begins.

    None where the frame is anything but a whole, unmasked, unfragmented text of at most ``longest`` and less than
    65,536 bytes in valid UTF-8.
    """
    if len(data) < at + 2 or data[at] != FINAL_TEXT:
        return None
    size, start = data[at + 1], at + 2
    if size == 126:
        start += 2
        size = int.from_bytes(data[at + 2 : start], "big")
    elif size > 126:
        return None  # masked, which a server must not do, or very long
    end = start + size
    if end > len(data) or start > len(data) or size > longest:
        return None
    try:
        return data[start:end].decode(), end
    except UnicodeDecodeError:
        return None
