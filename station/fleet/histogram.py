"""Latencies in a histogram of ``hdrhistogram``: microseconds, 1 µs to 1 h, three significant digits.

Not a summary of a moment: counts only grow, and two histograms are merged by adding them. Recording and reading go
past the library's own methods, which take 1.2 µs a value and milliseconds a percentile; layout, merge and code are its
own, so that its tools read what ``to_text`` writes. Called by ``metrics`` (recording) and by whatever reports.
"""

from __future__ import annotations

import base64
import binascii
import ctypes
import math
import struct
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from operator import sub
from typing import Any, Final

from station.errors import StationError

HIGHEST_US: Final = 3_600_000_000
_DIGITS: Final = 3
_SUB_BITS: Final = 11
"""2,048 linear steps to begin with, each further power of two in 1,024."""
_MASK: Final = (1 << _SUB_BITS) - 1

_WRAP: Final = struct.Struct(">II")
_HEAD: Final = struct.Struct(">IIIIQQd")
_MOST_BYTES: Final = 300_000
"""More than the longest code there is: 23,552 counts of nine bytes each, and the head."""


class BadHistogram(StationError):
    """A text that is no histogram of this kind."""


@cache
def _library() -> Any:
    """The library's class. It is an extra where it has to be compiled (there are wheels for x86-64 only)."""
    try:
        from hdrh.histogram import HdrHistogram
    except ImportError as error:
        what = "a fleet measures with hdrhistogram, which is not installed"
        raise StationError(what, "pip install 'ocpp-station[fleet]'") from error
    return HdrHistogram


def _empty() -> Any:
    return _library()(1, HIGHEST_US, _DIGITS)


class Histogram:
    """Latencies; see the module.

    Attributes:
        count: values recorded.
        sum_us: of all values.
        max_us: the greatest value, exactly; 0 where there is none.
    """

    __slots__ = ("_counts", "_encoder", "count", "max_us", "sum_us")

    def __init__(self, hdr: Any = None) -> None:
        hdr = _empty() if hdr is None else hdr
        self._counts: Any = hdr.counts
        # It and its encoder hold each other: 180 KiB, many times a second, that only a collection would free.
        self._encoder: Any = hdr.encoder
        hdr.encoder = None
        self.count = 0
        self.sum_us = 0
        self.max_us = 0

    def record(self, elapsed_s: float) -> None:
        """One more value, in seconds; what is out of range counts as the nearest value within."""
        value = int(elapsed_s * 1e6)
        if value > HIGHEST_US:
            value = HIGHEST_US
        elif value < 1:
            value = 1
        shift = (value | _MASK).bit_length() - _SUB_BITS
        self._counts[(shift << (_SUB_BITS - 1)) + (value >> shift)] += 1
        self.count += 1
        self.sum_us += value
        if value > self.max_us:
            self.max_us = value

    def add(self, other: Histogram) -> None:
        """Take in all values of another."""
        self._encoder.add(other._encoder)
        self.count += other.count
        self.sum_us += other.sum_us
        self.max_us = max(self.max_us, other.max_us)

    def copy(self) -> Histogram:
        """The same, on its own from now on."""
        new = Histogram()
        # Only what was ever touched: the rest of a fresh histogram is memory that is not there yet.
        ctypes.memmove(new._counts, self._counts, 8 * self._reach)
        new.count, new.sum_us, new.max_us = self.count, self.sum_us, self.max_us
        return new

    @property
    def _reach(self) -> int:
        """How many buckets there are up to the greatest value."""
        return _index(self.max_us) + 1 if self.count else 0

    def _buckets(self) -> list[int]:
        return memoryview(self._counts).cast("B").cast("Q")[: self._reach].tolist() if self.count else []

    # Reading

    @property
    def mean_s(self) -> float:
        """The mean in seconds; 0 where there is nothing."""
        return self.sum_us / self.count / 1e6 if self.count else 0.0

    @property
    def max_s(self) -> float:
        """The greatest value in seconds."""
        return self.max_us / 1e6

    def percentile_s(self, percentile: float) -> float:
        """See ``percentiles_s``."""
        return self.percentiles_s((percentile,))[0]

    def percentiles_s(self, percentiles: Sequence[float]) -> list[float]:
        """The values that these shares (0 to 100) of all values do not exceed, in seconds, rounded up by 0.1 %."""
        return _percentiles(self._buckets(), percentiles, self.max_us)

    def since(self, before: Histogram | None) -> Span:
        """What was recorded after an earlier copy of this one."""
        if before is None or not before.count:
            return Span(self._buckets(), self.max_us)
        now, then = self._buckets(), before._buckets()
        fresh = [*map(sub, now, then), *now[len(then) :]]
        return Span(fresh, self.max_us)

    def distribution(self) -> list[tuple[float, int]]:
        """Every bucket that is not empty: its upper end in seconds, and how many values it holds."""
        return [(min(_highest(i), self.max_us) / 1e6, count) for i, count in enumerate(self._buckets()) if count]

    # Across processes

    def to_text(self) -> str:
        """The library's own code (V2, compressed, base 64)."""
        hdr = self._encoder.histogram
        hdr.total_count, hdr.max_value = self.count, self.max_us
        return str(self._encoder.encode(), "ascii")

    @classmethod
    def from_text(cls, text: str, sum_us: int, max_us: int) -> Histogram:
        """What ``to_text`` wrote.

        Raises:
            BadHistogram: it is none, is one of other digits, or the figures do not fit it.
        """
        _check(text)
        try:
            hdr = _library().decode(text)
        except Exception as error:
            # The library raises whatever its parts raise.
            raise BadHistogram(f"not a histogram: {type(error).__name__}") from error
        new = cls(hdr)
        new.count, new.sum_us, new.max_us = hdr.total_count, sum_us, max_us
        fits = 0 <= max_us <= HIGHEST_US and sum_us >= 0 and sum(new._buckets()) == new.count
        if not fits or (new.count and _index(hdr.max_value) != _index(max_us)):
            raise BadHistogram("a histogram and its figures do not fit each other")
        return new


class Span:
    """What one stretch of time added to a histogram."""

    __slots__ = ("_buckets", "_max_us", "count")

    def __init__(self, buckets: list[int], max_us: int) -> None:
        self._buckets = buckets
        self._max_us = max_us
        self.count = sum(buckets)

    def percentiles_s(self, percentiles: Sequence[float]) -> list[float]:
        """As ``Histogram.percentiles_s``; 100 is the greatest."""
        return _percentiles(self._buckets, percentiles, self._max_us)


def _index(value_us: int) -> int:
    shift = (value_us | _MASK).bit_length() - _SUB_BITS
    return (shift << (_SUB_BITS - 1)) + (value_us >> shift)


def _highest(index: int) -> int:
    """The greatest value of a bucket."""
    shift = max(0, (index >> (_SUB_BITS - 1)) - 1)
    step = index - (shift << (_SUB_BITS - 1))
    return ((step + 1) << shift) - 1


def _percentiles(buckets: list[int], percentiles: Sequence[float], max_us: int) -> list[float]:
    sums = list(accumulate(buckets))
    if not sums or not sums[-1]:
        return [0.0] * len(percentiles)
    ranks = (max(1, math.ceil(sums[-1] * percentile / 100 - 1e-9)) for percentile in percentiles)
    return [min(_highest(bisect_left(sums, rank)), max_us) / 1e6 for rank in ranks]


def _check(text: str) -> None:
    """Refuse what the library would unpack without a limit, and what was recorded in other units."""
    try:
        raw = base64.b64decode(text, validate=True)
        _, length = _WRAP.unpack_from(raw)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(raw[_WRAP.size :], _MOST_BYTES)
        _, payload, _, digits, lowest, highest, _ = _HEAD.unpack_from(data[: _HEAD.size])
    except (binascii.Error, ValueError, zlib.error, struct.error) as error:
        raise BadHistogram("not a histogram") from error
    if not unpacker.eof or unpacker.unused_data or length != len(raw) - _WRAP.size:
        raise BadHistogram("a histogram of the wrong length")
    if payload != len(data) - _HEAD.size or (lowest, highest, digits) != (1, HIGHEST_US, _DIGITS):
        raise BadHistogram("a histogram of another kind")
