"""Chance that needs no memory: a number in [0, 1) for a key and a count, the same on every worker.

For what is drawn thousands of times for thousands of stations (the fate of a message, who is struck), where a
``random.Random`` for each would take 2.5 kB.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_UNIT: Final = 2.0**-53


def key_of(text: str) -> int:
    """A key (64 bits) of a text such as ``seed/network/17``."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def drawn(key: int, count: int) -> float:
    """The ``count``-th number of a key's series, evenly spread in [0, 1) (SplitMix64, Steele et al. 2014)."""
    mixed = (key + (count + 1) * _GOLDEN) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((mixed ^ (mixed >> 31)) >> 11) * _UNIT
