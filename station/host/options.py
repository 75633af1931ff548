"""How a station is run, beyond its profile: what the flags of `station run` say. Plain values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The flags of `station run` that are no part of a profile.

    Args:
        offline: do not dial by itself; wait for the command `connect`.
        wire: show every message.
        trace: append every message to this file.
        speed: how fast station time runs, above 0; wire time stays real.
        json: events as JSON lines in place of the screen.
        debug: log everything, and tracebacks.
        lines: control lines on the standard input and output.
        interactive: standard input and output are a terminal.
        insecure: nothing of the CSMS's certificate is verified; the profile says the same, here it is for the screen.
    """

    offline: bool = False
    wire: bool = False
    trace: Path | None = None
    speed: float = 1.0
    json: bool = False
    debug: bool = False
    lines: bool = False
    interactive: bool = False
    insecure: bool = False
