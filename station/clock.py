"""The clocks: real, scaled and virtual time behind one Protocol.

A program has two of them. *Station time* (metering, heartbeats, the car's behaviour, reservations) may run faster than
real time; *wire time* (call time-outs, pings, reconnects) never does. The core is told the time and never reads a
clock; hosts, fleets and tests own these objects. Nothing here sets the host's clock.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_TIMESYNCD_MARK = Path("/run/systemd/timesync/synchronized")
_ASK_AGAIN_S = 10.0


def utc_text(when: datetime) -> str:
    """``when`` (aware) as texts have it: UTC with milliseconds, as ``2026-01-01T00:00:00.000Z``."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock(Protocol):
    """Tells the time of one time base."""

    def now(self) -> float:
        """Seconds since an arbitrary origin; never falls, never jumps."""
        ...

    def utc(self) -> datetime | None:
        """The date and time (aware, UTC), or None while this time base does not know it."""
        ...

    def wall(self) -> datetime | None:
        """What the clock on the wall shows (aware, UTC), right or wrong; None where there is none."""
        ...


class _Timex(ctypes.Structure):
    """The head of ``struct timex`` (adjtimex(2)); the kernel may fill the reserve behind it."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("reserve", ctypes.c_byte * 256),
    ]


def host_clock_synchronised() -> bool:
    """Whether the host says its wall clock is set: by systemd-timesyncd's mark, else by the kernel (adjtimex).

    A Raspberry Pi has no battery clock: until NTP has spoken, its date is that of the last shutdown. Where nobody can
    tell, the answer is no.
    """
    if _TIMESYNCD_MARK.exists():
        return True
    try:
        timex = _Timex()
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return False
    return 0 <= state != _TIME_ERROR and not timex.status & _STA_UNSYNC


class SystemClock:
    """Real time: the monotonic clock, and the wall clock once the host calls it synchronised.

    Args:
        synchronised: asked at most every ten seconds until it says yes; then the wall clock stays known.
    """

    __slots__ = ("_ask_again_at", "_known", "_synchronised")

    def __init__(self, synchronised: Callable[[], bool] = host_clock_synchronised) -> None:
        self._synchronised = synchronised
        self._known = False
        self._ask_again_at = -math.inf

    now = staticmethod(time.monotonic)  # asked several times a turn: no call of Python's
    """Seconds of ``time.monotonic``."""

    def utc(self) -> datetime | None:
        """The host's wall time, or None while it is not synchronised."""
        if not self._known and time.monotonic() >= self._ask_again_at:
            self._ask_again_at = time.monotonic() + _ASK_AGAIN_S
            self._known = self._synchronised()
        return datetime.now(UTC) if self._known else None

    def wall(self) -> datetime:
        """The host's wall time, synchronised or not."""
        return datetime.now(UTC)


class ScaledClock:
    """A time base that begins with its parent's time and runs ``speed`` times as fast.

    The date runs at the same speed: from the moment this clock was made, as the parent's wall clock tells it. A jump of
    the parent's wall clock after it was first known is not followed.

    Args:
        speed: station seconds per parent second, above 0.
        base: the parent; real time by default.

    Raises:
        ValueError: ``speed`` is not a finite number above 0.
    """

    __slots__ = ("_base", "_origin", "_origin_utc", "_speed")

    def __init__(self, speed: float, base: Clock | None = None) -> None:
        if not (math.isfinite(speed) and speed > 0):
            raise ValueError(f"speed must be a finite number above 0, not {speed}")
        self._speed = speed
        self._base: Clock = SystemClock() if base is None else base
        self._origin = self._base.now()
        self._origin_utc: datetime | None = None

    @property
    def speed(self) -> float:
        """Station seconds per parent second."""
        return self._speed

    def now(self) -> float:
        """Seconds of this time base."""
        return self._origin + (self._base.now() - self._origin) * self._speed

    def utc(self) -> datetime | None:
        """The date of this time base, or None while the parent does not know its own."""
        if self._origin_utc is None:
            wall = self._base.utc()
            if wall is None:
                return None
            self._origin_utc = wall - timedelta(seconds=self._base.now() - self._origin)
        return self._origin_utc + timedelta(seconds=self.now() - self._origin)

    def wall(self) -> datetime | None:
        """The date of this time base, else what the parent's clock shows."""
        return self.utc() or self._base.wall()

    def base_delay_s(self, when: float) -> float:
        """Parent seconds from now until this clock shows ``when``; 0 if that has passed."""
        return max(0.0, (when - self.now()) / self._speed)


class VirtualClock:
    """Time that moves only when told to: for tests and virtual fleets.

    Args:
        start: what ``now()`` begins with, in seconds.
        utc: the date at ``start`` (aware), or None for a host that does not know it.
    """

    __slots__ = ("_now", "_utc_at_zero")

    def __init__(self, start: float = 0.0, utc: datetime | None = None) -> None:
        self._now = start
        self._utc_at_zero: datetime | None = None
        self.set_utc(utc)

    def now(self) -> float:
        """Seconds, as advanced so far."""
        return self._now

    def utc(self) -> datetime | None:
        """The date, as advanced so far, or None where none was given."""
        return None if self._utc_at_zero is None else self._utc_at_zero + timedelta(seconds=self._now)

    def wall(self) -> datetime | None:
        """The date, as ``utc``."""
        return self.utc()

    def set_utc(self, utc: datetime | None) -> None:
        """Let the date be ``utc`` now (a wall clock that was set, or jumped); None makes it unknown.

        Raises:
            ValueError: a naive datetime.
        """
        if utc is not None and utc.tzinfo is None:
            raise ValueError("the date must be aware (UTC)")
        self._utc_at_zero = None if utc is None else utc.astimezone(UTC) - timedelta(seconds=self._now)

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds`` (0 or more).

        Raises:
            ValueError: time cannot run backwards.
        """
        self.advance_to(self._now + seconds)

    def advance_to(self, when: float) -> None:
        """Move on until ``now()`` is ``when``.

        Raises:
            ValueError: ``when`` has passed, or is no number.
        """
        if not when >= self._now:
            raise ValueError(f"time cannot run backwards: from {self._now} to {when}")
        self._now = when
