"""Stamps and UTC: which moment a stamp of this or an earlier boot was.

The core counts monotonic seconds. UTC is an offset that the CSMS or a synchronised host tells, sometimes long after a
stamp was taken; so stamps are kept as they are and turned into UTC when they are sent. The host's clock is never set.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from station.core.nothing import NOTHING
from station.core.values import Stamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLED_S = 1.0
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)
"""Between these a clock may be: it keeps every stamp within the calendar."""


class Timeline:
    """The offsets between monotonic time and UTC, one for each boot that stamps may come from.

    ``offsets[boot]`` is the UTC of monotonic zero of an earlier boot in seconds since 1970; ``begins`` and ``ends`` are
    the first and the last moment of those boots that anything restored speaks of. ``assumed`` is an offset that nobody
    vouches for: for what is better guessed than left out while ``offset`` is None. ``told_s`` is the latest moment of
    this boot that was told of.
    """

    __slots__ = ("assumed", "begins", "boot", "ends", "offset", "offsets", "told_s", "zero")

    def __init__(self, boot: int, now: float) -> None:
        self.boot = boot
        self.zero = now
        self.offset: float | None = None
        self.assumed: float | None = None
        self.told_s = now
        self.offsets: Mapping[int, float] = NOTHING
        self.begins: Mapping[int, float] = NOTHING
        self.ends: Mapping[int, float] = NOTHING

    @property
    def known(self) -> bool:
        """Whether UTC is known in this boot."""
        return self.offset is not None

    def learn(self, utc: datetime, now: float) -> bool:
        """Take over what the CSMS or the host says the time is.

        Differences below a second are the travel time of messages and leave the offset alone; a time that cannot be
        leaves everything alone. Answers whether the offset changed.
        """
        if not _FIRST <= utc < _LAST:
            return False
        offset = utc.timestamp() - now
        if self.offset is not None and abs(self.offset - offset) < _SETTLED_S:
            return False
        self.offset = offset
        return True

    def assume(self, utc: datetime, now: float) -> None:
        """Note what a clock shows that may be wrong; a time that cannot be is no guess."""
        if _FIRST <= utc < _LAST:
            self.assumed = utc.timestamp() - now

    def utc(self, stamp: Stamp) -> datetime:
        """UTC of ``stamp``.

        A stamp of an earlier boot whose time was never known is laid before the boot that followed (``settle``), with
        the distances within its boot kept: order and durations are right even where the date is a guess.
        """
        return _EPOCH + timedelta(seconds=self.utc_s(stamp))

    def utc_s(self, stamp: Stamp) -> float:
        """The same in seconds since 1970."""
        if stamp.boot == self.boot:
            offset = self.offset if self.offset is not None else 0.0
        elif stamp.boot in self.offsets:
            offset = self.offsets[stamp.boot]
        else:
            start = (self.offset or 0.0) + self.zero
            offset = start - max(self.ends.get(stamp.boot, stamp.at_s), stamp.at_s)
        return offset + stamp.at_s

    def in_order(self, stamp: Stamp) -> Stamp:
        """``stamp`` as it is told: never before what was told already (OCPP 1.6 §3.7, OCPP 2.0.1 E11.FR.02).

        What waits for a last reading is told after what happened elsewhere meanwhile.
        """
        if stamp.boot != self.boot:
            return stamp
        if stamp.at_s >= self.told_s:
            self.told_s = stamp.at_s
            return stamp
        return Stamp(self.told_s, self.boot)

    def now_utc(self, now: float) -> datetime:
        """UTC of this moment; counted from 1970 while unknown."""
        return _EPOCH + timedelta(seconds=(self.offset if self.offset is not None else 0.0) + now)

    def remember(self, stamp: Stamp) -> None:
        """Note that an earlier boot reached ``stamp``; called for every stamp that is restored."""
        if stamp.boot != self.boot:
            begin_s, end_s = self.begins.get(stamp.boot, stamp.at_s), self.ends.get(stamp.boot, stamp.at_s)
            self.begins = {**self.begins, stamp.boot: min(begin_s, stamp.at_s)}
            self.ends = {**self.ends, stamp.boot: max(end_s, stamp.at_s)}

    def fix(self, boot: int, offset: float) -> None:
        """The offset of an earlier boot."""
        self.offsets = {**self.offsets, boot: offset}

    def forget(self, boot: int) -> None:
        """No stamp is of that boot any more."""
        self.offsets = {other: offset for other, offset in self.offsets.items() if other != boot}

    def settle(self) -> dict[int, float]:
        """Fix where earlier boots whose time was never known lie: each ends where the next one begins.

        Called once UTC is known. From then on the same is told at every repetition, over further boots too. Answers the
        offsets that are new.
        """
        new: dict[int, float] = {}
        limit_s = (self.offset or 0.0) + self.zero
        for boot in sorted(self.ends, reverse=True):
            if boot not in self.offsets:
                new[boot] = limit_s - self.ends[boot]
                self.fix(boot, new[boot])
            limit_s = self.offsets[boot] + self.begins[boot]
        return new
