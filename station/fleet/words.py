"""Figures in words, the same on the screen and in every report: ``22 ms``, ``2.1 s``, ``02:14``, ``121/s``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NOTHING: Final = "-"


def duration(seconds: float) -> str:
    """A time: ``0.4 ms``, ``22 ms``, ``2.1 s``, ``75 s``, ``3.5 m``."""
    if seconds < 0.00095:
        return f"{max(seconds * 1000, 0.001):.2g} ms" if seconds > 0 else "0 ms"
    if seconds < 0.9995:
        milliseconds = seconds * 1000
        return (
            f"{milliseconds:.1f} ms" if milliseconds < 9.95 and milliseconds % 1 >= 0.05 else f"{milliseconds:.0f} ms"
        )
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} m"


def rate(per_second: float) -> str:
    """``121/s``, ``0.4/s``, or ``-`` where nothing happens."""
    if per_second < 0.005:
        return NOTHING
    return f"{per_second:.0f}/s" if per_second >= 9.95 else f"{per_second:.2g}/s"


def clock(seconds: float) -> str:
    """``02:14``, or ``1:02:14`` from an hour on."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def causes(errors: Mapping[str, int]) -> str:
    """``Timeout`` where there is one cause, ``Timeout 3, InternalError 2`` where there are more."""
    named = sorted(errors.items(), key=lambda each: (-each[1], each[0]))
    return named[0][0] if len(named) == 1 else ", ".join(f"{cause} {count}" for cause, count in named)
